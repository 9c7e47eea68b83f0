// Two dates side by side: an earlier surface on a second map that lies over the left part of the first.
import { Map as MapLibre } from "maplibre-gl";
import { el, skeleton } from "./dom";
import { addHatches } from "./hatch";
import { onLanguage, ui } from "./i18n";
import type { Layer, Manifest } from "./manifest";
import { FONTS, makeStyle } from "./style";

/** The earlier map, moved with the first one. */
function earlier(map: MapLibre, manifest: Manifest, box: HTMLElement, shown: string): MapLibre {
  const layers = manifest.layers.map((l) => ({ ...l, visible: l.base || l.id === shown }));
  const other = new MapLibre({
    container: box,
    style: makeStyle({ ...manifest, layers }).style,
    center: map.getCenter(),
    zoom: map.getZoom(),
    interactive: false,
    attributionControl: false,
    localIdeographFontFamily: FONTS,
  });
  addHatches(other, manifest.grades);
  return other;
}

/** The button and the divider; a site without an earlier state has neither. */
export function addCompare(map: MapLibre, manifest: Manifest, show: (layer: Layer) => void): void {
  const now = manifest.layers.find((l) => l.id === manifest.compare?.now);
  if (!manifest.compare || !now) return;
  const { before, labels } = manifest.compare;
  const open = el("button", { type: "button", id: "compare", "aria-expanded": "false" });
  const box = el("div", { id: "earlier", "aria-hidden": "true" });
  const divider = el("input", { type: "range", min: "0", max: "100", value: "50", id: "divider" });
  const told = el("p", { class: "card", id: "compared", role: "status" });
  const whole = el("div", { id: "comparison", hidden: true }, box, el("div", { class: "line" }), divider, told);
  map.getContainer().append(whole);
  skeleton("tools").prepend(open);
  let other: MapLibre | undefined;
  const follow = (): void => void other?.jumpTo({ center: map.getCenter(), zoom: map.getZoom() });
  const divide = (): void => whole.style.setProperty("--at", `${divider.value}%`);
  divider.addEventListener("input", divide);
  map.on("move", follow);
  map.on("resize", () => other?.resize());
  open.addEventListener("click", () => {
    whole.hidden = !whole.hidden;
    open.setAttribute("aria-expanded", String(!whole.hidden));
    if (whole.hidden) {
      other?.remove(); // two maps weigh twice
      other = undefined;
      return;
    }
    show(now);
    other = earlier(map, manifest, box, before);
    divide();
    divider.focus();
  });
  onLanguage(() => {
    open.textContent = ui("compare");
    divider.setAttribute("aria-label", ui("divider"));
    told.textContent = ui("compareWith", labels);
  });
}
