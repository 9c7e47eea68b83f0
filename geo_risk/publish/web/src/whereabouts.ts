// Longitude and latitude of the pointer, of the map's centre where there is none.
import type { LngLat, Map as MapLibre } from "maplibre-gl";
import { el } from "./dom";
import { lang, onLanguage, ui } from "./i18n";

const DECIMALS = 5; // 1 m

/** A place as people write it. */
export function coordinates({ lng, lat }: { lng: number; lat: number }): string {
  const [x, y] = [lng, lat].map((value) => `${Math.abs(value).toFixed(DECIMALS)}°`);
  if (lang() === "zh") return `${lng < 0 ? "西经" : "东经"} ${x}，${lat < 0 ? "南纬" : "北纬"} ${y}`;
  return `${y} ${lat < 0 ? "S" : "N"}, ${x} ${lng < 0 ? "W" : "E"}`;
}

export function addWhereabouts(map: MapLibre): void {
  const box = el("div", { id: "whereabouts" });
  map.getContainer().append(box);
  let at: LngLat | undefined;
  const render = (): void => {
    box.textContent = coordinates(at ?? map.getCenter());
    box.title = ui("position");
  };
  map.on("mousemove", (event) => ((at = event.lngLat), render()));
  map.on("mouseout", () => ((at = undefined), render()));
  map.on("move", () => at || render());
  onLanguage(render);
}
