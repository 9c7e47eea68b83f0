// The map itself: created, moved, shown and hidden.
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl, type FilterSpecification, type RasterTileSource } from "maplibre-gl";
import workerCode from "virtual:map-worker";
import { openArchives, tileUrl, type Archives } from "./archive";
import { say, skeleton, warn } from "./dom";
import { dimmer } from "./dim";
import { addHatches } from "./hatch";
import { onLanguage, ui } from "./i18n";
import type { Layer, Manifest } from "./manifest";
import { recoloured, type Palette } from "./palette";
import { addPopups, type Popups } from "./popup";
import { FONTS, gradeLetter, labelText, makeStyle, markText } from "./style";
import { addWhereabouts } from "./whereabouts";

const CLOSE_ZOOM = 14; // where a place found by name is shown

export interface View {
  map: MapLibre;
  /** First moment at which everything asked for is drawn. */
  ready: Promise<void>;
  archives: Archives;
  popups: Popups;
  setVisible: (layer: Layer, visible: boolean) => void;
  setOpacity: (layer: Layer, share: number) => void;
  /** Draws the grades in the colours that are in force now. */
  recolour: () => void;
  /** Shows of a layer what fits, everything without a filter. */
  only: (layer: Layer, filter?: FilterSpecification) => void;
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

/** Exchanges the colours of the grades on a map that is there. */
function recolour(map: MapLibre, manifest: Manifest): void {
  addHatches(map, manifest.grades);
  for (const layer of makeStyle(manifest).style.layers) {
    for (const [name, value] of Object.entries(layer.paint ?? {})) {
      if (name.endsWith("-color") && Array.isArray(value)) map.setPaintProperty(layer.id, name as "circle-color", value as never);
    }
  }
  const surfaces = manifest.layers.filter((l) => l.geometry === "raster" && l.style === "graded");
  for (const { source } of surfaces) map.getSource<RasterTileSource>(source)?.setTiles([tileUrl(source)]);
}

export async function openView(manifest: Manifest, palette: Palette): Promise<View> {
  const graded = new Set(manifest.layers.filter((l) => l.geometry === "raster" && l.style === "graded").map((l) => l.source));
  const archives = await openArchives(manifest, (source, tile) => {
    const other = graded.has(source) ? palette.other() : undefined;
    return other ? recoloured(tile, other) : tile;
  });
  // ".cjs" makes the library start a classic worker, which also a page opened from a folder may do
  setWorkerUrl(`${URL.createObjectURL(new Blob([workerCode], { type: "text/javascript" }))}#.cjs`);
  const { style, parts } = makeStyle(manifest);
  const map = new MapLibre({
    container: "map",
    fadeDuration: 0, // labels stand at once: a fade draws the whole map twenty times more
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
  addWhereabouts(map);
  onLanguage(() => {
    for (const part of map.isStyleLoaded() ? [...parts.values()].flat() : []) {
      if (part.endsWith(":letter")) map.setLayoutProperty(part, "text-field", gradeLetter(manifest));
    }
    for (const layer of map.isStyleLoaded() ? manifest.layers.filter((l) => l.mark) : []) {
      map.setLayoutProperty(`${layer.id}:mark`, "text-field", markText(layer));
    }
    for (const { id } of map.isStyleLoaded() ? manifest.layers.filter((l) => l.style === "label") : []) {
      map.setLayoutProperty(id, "text-field", labelText(manifest));
    }
  });
  const ready = new Promise<void>((resolve) => {
    map.once("idle", () => resolve());
  });
  await new Promise((resolve) => map.once("style.load", resolve)); // earlier nothing can be switched
  const popups = addPopups(map, manifest, parts, archives.read);
  const setVisible = (layer: Layer, visible: boolean): void => {
    for (const part of parts.get(layer.id)!) map.setLayoutProperty(part, "visibility", visible ? "visible" : "none");
  };
  let latest = 0;
  const dim = dimmer(map);
  return {
    map,
    ready,
    archives,
    popups,
    setVisible,
    setOpacity: (layer, share) => dim(parts.get(layer.id)!, share),
    recolour: () => recolour(map, manifest),
    only: (layer, filter) => parts.get(layer.id)!.forEach((part) => map.setFilter(part, filter)),
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
