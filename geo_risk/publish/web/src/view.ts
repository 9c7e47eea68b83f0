// The map itself: created, moved, shown and hidden.
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerCode from "virtual:map-worker";
import { openArchives } from "./archive";
import { say, skeleton, warn } from "./dom";
import { addHatches } from "./hatch";
import { onLanguage, ui } from "./i18n";
import type { Layer, Manifest } from "./manifest";
import { addPopups } from "./popup";
import { FONTS, gradeLetter, makeStyle } from "./style";

const CLOSE_ZOOM = 14; // where a place found by name is shown

export interface View {
  map: MapLibre;
  /** First moment at which everything asked for is drawn. */
  ready: Promise<void>;
  setVisible: (layer: Layer, visible: boolean) => void;
  /** Moves to a feature and opens its popup. */
  goTo: (layer: Layer, name: string, at: [number, number]) => void;
}

export const hasWebGL2 = (): boolean => !!document.createElement("canvas").getContext("webgl2");

function controls(map: MapLibre): void {
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  onLanguage(() => {
    const box = map.getContainer();
    map.getCanvas().setAttribute("aria-label", ui("map"));
    for (const [button, word] of [["zoom-in", "zoomIn"], ["zoom-out", "zoomOut"]] as const) {
      const element = box.querySelector(`.maplibregl-ctrl-${button}`)!;
      element.setAttribute("aria-label", ui(word));
      element.setAttribute("title", ui(word));
    }
  });
}

/** A drawing surface of the graphics card prints blank, so paper gets a picture of it. */
function printable(map: MapLibre): void {
  const picture = skeleton("paper") as HTMLImageElement;
  window.addEventListener("beforeprint", () => {
    map.redraw(); // the picture can be read only right after drawing
    picture.src = map.getCanvas().toDataURL();
  });
  window.addEventListener("afterprint", () => picture.removeAttribute("src"));
}

function failures(map: MapLibre): void {
  const told = new Set<string>();
  map.on("error", ({ error }) => {
    told.add(error.message);
    warn(ui("attention") + [...told].slice(0, 3).join("; "));
  });
}

export async function openView(manifest: Manifest): Promise<View> {
  const read = await openArchives(manifest);
  // ".cjs" makes the library start a classic worker, which also a page opened from a folder may do
  setWorkerUrl(`${URL.createObjectURL(new Blob([workerCode], { type: "text/javascript" }))}#.cjs`);
  const { style, parts } = makeStyle(manifest);
  const map = new MapLibre({
    container: "map",
    style,
    bounds: manifest.bounds,
    fitBoundsOptions: { padding: 24 },
    hash: "map",
    maxZoom: 18,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    localIdeographFontFamily: FONTS,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  addHatches(map, manifest.grades);
  failures(map);
  controls(map);
  printable(map);
  onLanguage(() => {
    for (const part of map.isStyleLoaded() ? [...parts.values()].flat() : []) {
      if (part.endsWith(":letter")) map.setLayoutProperty(part, "text-field", gradeLetter(manifest));
    }
  });
  const popups = addPopups(map, manifest, parts, read);
  const setVisible = (layer: Layer, visible: boolean): void => {
    for (const part of parts.get(layer.id)!) map.setLayoutProperty(part, "visibility", visible ? "visible" : "none");
  };
  const ready = new Promise<void>((resolve) => {
    map.once("idle", () => resolve());
  });
  let latest = 0;
  return {
    map,
    ready,
    setVisible,
    goTo(layer, name, at) {
      const mine = ++latest;
      const zoom = layer.geometry === "fill" ? Math.max(map.getZoom(), 11) : Math.max(map.getZoom(), CLOSE_ZOOM);
      map.flyTo({ center: at, zoom, maxDuration: 1500 });
      map.once("idle", () => {
        if (mine !== latest) return; // somebody has gone on to another place
        const drawn = popups.open(at, layer, name);
        say(ui("shown", { name }) + (drawn ? "" : ` (${ui("notDrawn")})`));
      });
    },
  };
}
