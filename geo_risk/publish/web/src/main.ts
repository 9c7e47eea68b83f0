// Puts the page together from the manifest and the skeleton in index.html.
import "./polyfills";
import "maplibre-gl/dist/maplibre-gl.css";
import "./app.css";
import { openArchives } from "./archive";
import { asked, keep, pointed, pointer } from "./address";
import { addCompare } from "./compare";
import { addDistrict } from "./district";
import { el, say, skeleton, warn } from "./dom";
import { lang, learn, onLanguage, setLanguage, startLanguage, ui, words } from "./i18n";
import { addLayerSwitch, covers, type LayerSwitch } from "./layers";
import { addLegend } from "./legend";
import type { Layer, Manifest } from "./manifest";
import { addMeasure } from "./measure";
import { addOverview } from "./overview";
import { startPalette } from "./palette";
import { plainMap } from "./plainmap";
import type { Leads } from "./popup";
import { addPrint } from "./print";
import { addRisk } from "./risk";
import { addSearch } from "./search";
import { addTable } from "./table";
import { hasWebGL2, openView, type View } from "./view";
import { addWatermark } from "./watermark";

const NARROW = "(max-width: 720px)"; // as in app.css
const NEARER = 1; // zooms from the whole region to where the surface takes over
const ROUTE_ZOOM = 12; // at which a rescue route can be seen as a whole
const PANELS = ["layers", "list", "quantified"] as const; // with a button each
const SECTIONS = [...PANELS, "district"] as const;

function texts(manifest: Manifest): void {
  if (manifest.watermark) addWatermark(manifest.watermark);
  onLanguage(() => {
    document.documentElement.lang = lang() === "zh" ? "zh-CN" : "en";
    document.title = skeleton("title").textContent = words(manifest.title);
    const note = words(manifest.note);
    skeleton("note").textContent = note;
    skeleton("note").hidden = !note;
  });
}

function tools(manifest: Manifest): void {
  const other = manifest.languages.find((l) => l !== lang());
  const language = el("button", { type: "button", id: "language" });
  language.hidden = !other;
  language.addEventListener("click", () => setLanguage(lang() === "zh" ? "en" : "zh"));
  skeleton("tools").append(language);
  onLanguage(() => {
    const [text, code] = lang() === "zh" ? ["English", "en"] : ["中文", "zh-CN"];
    language.textContent = text;
    language.lang = code;
  });
}

/** The buttons that open one panel or none. */
function panels(manifest: Manifest): (open?: string) => void {
  const buttons = PANELS.map((id) => el("button", { type: "button", "aria-controls": id, id: `open-${id}` }));
  const show = (open?: string): void => {
    SECTIONS.forEach((id) => (skeleton(id).hidden = id !== open));
    PANELS.forEach((id, i) => buttons[i].setAttribute("aria-expanded", String(id === open)));
    if (open !== "district") keep("district", undefined);
    skeleton("panel").hidden = !open;
    document.documentElement.classList.toggle("reading", !!open);
    skeleton("panel").dataset.open = open ?? "";
  };
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => show(skeleton(PANELS[i]).hidden ? PANELS[i] : undefined));
  });
  skeleton("panels").append(...buttons);
  skeleton("skip").addEventListener("click", () => show("list")); // before the browser goes to the table
  buttons[1].hidden = !manifest.layers.some((l) => !l.base && l.source_layer);
  buttons[2].hidden = !manifest.risk;
  onLanguage(() => {
    PANELS.forEach((id, i) => (buttons[i].textContent = ui(id)));
    skeleton("layers").setAttribute("aria-label", ui("layers"));
  });
  const district = asked("district");
  show(matchMedia(NARROW).matches ? undefined : "layers");
  keep("district", district); // of a link, not yet shown
  return show;
}

/** Buttons that lead from a feature to its reason, and its link. */
function leads(manifest: Manifest, view: View, layers: LayerSwitch, list: (layer: Layer, word?: string) => void, district: (layer: Layer, id: string) => void): Leads {
  const button = (text: string, act: () => void): HTMLElement => {
    const element = el("button", { type: "button" }, text);
    element.addEventListener("click", act);
    return element;
  };
  const named = (id: string) => manifest.layers.find((l) => l.id === id);
  const [routes, conflicts] = [named("routes"), named("conflicts")];
  return (layer, properties) => {
    const out: HTMLElement[] = [];
    if (routes && layer.id === "hazard_sources" && properties.id) {
      out.push(button(ui("showRoute"), () => {
        layers.show(routes);
        view.only(routes, ["==", ["get", "place_id"], properties.id as string]);
        view.map.zoomTo(Math.min(view.map.getZoom(), ROUTE_ZOOM));
      }));
    }
    if (layer.id.startsWith("districts") && properties.id) out.push(button(ui("page"), () => district(layer, String(properties.id))));
    const n = Number(properties.n_conflicts ?? 0);
    if (conflicts && layer.id === "enterprises" && n > 0) out.push(button(ui("showConflicts", { n }), () => list(conflicts, String(properties.name ?? ""))));
    const copy = async (): Promise<void> => {
      await navigator.clipboard.writeText(location.href).then(() => say(ui("linkCopied")), () => say(ui("linkShown")));
    };
    out.push(button(ui("link"), () => void (navigator.clipboard ? copy() : say(ui("linkShown")))));
    return out;
  };
}

/** The two ways to show the grades: areas for the region as a whole, the surface from nearer. */
interface Pair {
  areas: Layer;
  surface: Layer;
}

/** Sets what is visible at first: what a link asks for, else districts in the place of the surface. */
function atFirst(manifest: Manifest): Pair | undefined {
  const wanted = asked("layers")?.split(",");
  const areas = manifest.layers.find((l) => l.id === manifest.table?.layer && covers(l));
  const surface = manifest.layers.find((l) => l.visible && l.geometry === "raster" && l.style === "graded");
  if (wanted) for (const layer of manifest.layers) if (!layer.base) layer.visible = wanted.includes(layer.id);
  if (wanted || !areas || !surface) return undefined;
  [areas.visible, surface.visible] = [true, false];
  return { areas, surface };
}

/** Exchanges districts and surface as the map comes nearer, until somebody chooses; the function it gives ends it. */
function exchange(manifest: Manifest, view: View, layers: LayerSwitch, { areas, surface }: Pair): () => void {
  const near = (view.map.cameraForBounds(manifest.bounds)?.zoom ?? 0) + NEARER;
  let last = areas;
  const follow = (): void => {
    const next = view.map.getZoom() < near ? areas : surface;
    if (next === last) return;
    if (asked("layers") !== undefined || !layers.shown().includes(last.id)) return void view.map.off("zoomend", follow); // chosen
    layers.change(next, true);
    last = next;
  };
  follow();
  view.map.on("zoomend", follow);
  return () => void view.map.off("zoomend", follow);
}

async function withMap(manifest: Manifest): Promise<void> {
  document.documentElement.classList.add("has-map");
  const palette = startPalette(manifest);
  const pair = atFirst(manifest);
  const open = panels(manifest);
  texts(manifest);
  const legend = addLegend(manifest);
  const view = await openView(manifest, palette);
  window.__geoRisk = { map: view.map, ready: view.ready };
  const layers = addLayerSwitch(manifest, {
    setVisible(layer, visible) {
      view.setVisible(layer, visible);
      if (!visible) view.only(layer);
      legend(layer, visible);
    },
    setOpacity: view.setOpacity,
  });
  palette.addSwitch(view.recolour);
  const settle = pair ? exchange(manifest, view, layers, pair) : () => undefined;
  const goTo = (layer: Layer, name: string, at: [number, number]): void => {
    if (matchMedia(NARROW).matches) open(); // the panel takes most of a small screen
    if (covers(layer)) settle(); // else coming nearer would hide what was asked for
    layers.show(layer);
    view.goTo(layer, name, at);
  };
  const table = addTable(manifest, view.archives, goTo);
  const list = (layer: Layer, word?: string): void => {
    open("list");
    table.open(layer, word);
  };
  addOverview(manifest, skeleton("layers"), list);
  addRisk(manifest, goTo);
  addSearch(manifest, ([name, layer, lon, lat]) => goTo(manifest.layers[layer], name, [lon, lat]));
  addPrint(view.map, manifest, settle);
  view.popups.quiet = addMeasure(view.map);
  addCompare(view.map, manifest, layers.show);
  tools(manifest);
  view.popups.leads = leads(manifest, view, layers, list, addDistrict(manifest, view.archives, open, goTo));
  view.popups.shows = (shown) => keep("at", shown && pointer(shown));
  const at = pointed(asked("at"));
  const layer = at && manifest.layers.find((l) => l.id === at.layer && !l.base);
  if (at && layer) void view.ready.then(() => goTo(layer, at.title, at.at));
}

/** Without WebGL: the same page around a map painted on a canvas. */
async function withPlainMap(manifest: Manifest): Promise<void> {
  document.documentElement.classList.add("has-map", "plain");
  startPalette(manifest);
  atFirst(manifest);
  const open = panels(manifest);
  texts(manifest);
  const archives = await openArchives(manifest);
  const map = plainMap(manifest, archives);
  const legend = addLegend(manifest);
  const layers = addLayerSwitch(manifest, {
    setVisible(layer, visible) {
      map.setVisible(layer, visible);
      legend(layer, visible);
    },
    setOpacity: map.setOpacity,
  });
  const goTo = (layer: Layer, name: string, at: [number, number]): void => {
    layers.show(layer);
    map.goTo(layer, name, at);
  };
  const table = addTable(manifest, archives, goTo);
  addOverview(manifest, skeleton("layers"), (layer, word) => {
    open("list");
    table.open(layer, word);
  });
  addRisk(manifest, goTo);
  addSearch(manifest, ([name, layer, lon, lat]) => goTo(manifest.layers[layer], name, [lon, lat]));
  tools(manifest);
  onLanguage(() => warn(ui("plainMap")));
}

async function start(): Promise<void> {
  const manifest = window.GEO_RISK;
  if (!manifest) {
    warn(ui("noData"));
    return;
  }
  startLanguage(manifest.languages);
  learn(manifest.phrases ?? [], manifest.translated ?? []);
  return hasWebGL2() ? withMap(manifest) : withPlainMap(manifest);
}

start().catch((error: Error) => warn(ui("attention") + error.message));
