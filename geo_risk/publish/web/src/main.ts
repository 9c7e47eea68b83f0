// Puts the page together from the manifest and the skeleton in index.html.
import "./polyfills";
import "maplibre-gl/dist/maplibre-gl.css";
import "./app.css";
import { el, skeleton, warn } from "./dom";
import { lang, learn, onLanguage, setLanguage, startLanguage, ui, words } from "./i18n";
import { addLayerSwitch } from "./layers";
import { addLegend } from "./legend";
import type { Layer, Manifest } from "./manifest";
import { addRisk } from "./risk";
import { addSearch } from "./search";
import { addTable } from "./table";
import { hasWebGL2, openView } from "./view";

const NARROW = "(max-width: 720px)"; // as in app.css
const PANELS = ["layers", "list", "quantified"] as const;

function texts(manifest: Manifest): void {
  onLanguage(() => {
    document.documentElement.lang = lang() === "zh" ? "zh-CN" : "en";
    document.title = skeleton("title").textContent = words(manifest.title);
    const note = words(manifest.note);
    skeleton("note").textContent = note;
    skeleton("note").hidden = !note;
  });
}

function tools(manifest: Manifest, withMap: boolean): void {
  const other = manifest.languages.find((l) => l !== lang());
  const language = el("button", { type: "button", id: "language" });
  language.hidden = !other;
  language.addEventListener("click", () => setLanguage(lang() === "zh" ? "en" : "zh"));
  const print = el("button", { type: "button", id: "print" });
  print.addEventListener("click", () => window.print());
  skeleton("tools").append(...(withMap ? [print] : []), language);
  onLanguage(() => {
    const [text, code] = lang() === "zh" ? ["English", "en"] : ["中文", "zh-CN"];
    language.textContent = text;
    language.lang = code;
    print.textContent = ui("print");
  });
}

/** The buttons that open one panel or none. */
function panels(manifest: Manifest): (open?: string) => void {
  const buttons = PANELS.map((id) => el("button", { type: "button", "aria-controls": id, id: `open-${id}` }));
  const show = (open?: string): void => {
    PANELS.forEach((id, i) => {
      skeleton(id).hidden = id !== open;
      buttons[i].setAttribute("aria-expanded", String(id === open));
    });
    skeleton("panel").hidden = !open;
    skeleton("panel").dataset.open = open ?? "";
  };
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => show(skeleton(PANELS[i]).hidden ? PANELS[i] : undefined));
  });
  skeleton("panels").append(...buttons);
  skeleton("skip").addEventListener("click", () => show("list")); // before the browser goes to the table
  buttons[1].hidden = !manifest.table?.rows.length;
  buttons[2].hidden = !manifest.risk;
  onLanguage(() => {
    PANELS.forEach((id, i) => (buttons[i].textContent = ui(id)));
    skeleton("layers").setAttribute("aria-label", ui("layers"));
  });
  show(matchMedia(NARROW).matches ? undefined : "layers");
  return show;
}

async function withMap(manifest: Manifest): Promise<void> {
  document.documentElement.classList.add("has-map");
  const open = panels(manifest);
  texts(manifest);
  tools(manifest, true);
  const legend = addLegend(manifest);
  const view = await openView(manifest);
  window.__geoRisk = { map: view.map, ready: view.ready };
  const layers = addLayerSwitch(manifest, (layer, visible) => {
    view.setVisible(layer, visible);
    legend(layer, visible);
  });
  const goTo = (layer: Layer, name: string, at: [number, number]): void => {
    if (matchMedia(NARROW).matches) open(); // the panel takes most of a small screen
    layers.show(layer);
    view.goTo(layer, name, at);
  };
  addTable(manifest, goTo);
  addRisk(manifest, goTo);
  addSearch(manifest, window.GEO_RISK_SEARCH ?? [], ([name, layer, lon, lat]) => goTo(manifest.layers[layer], name, [lon, lat]));
}

async function start(): Promise<void> {
  const manifest = window.GEO_RISK;
  if (!manifest) {
    warn(ui("noData"));
    return;
  }
  startLanguage(manifest.languages);
  learn(manifest.phrases ?? [], manifest.translated ?? []);
  if (hasWebGL2()) return withMap(manifest);
  texts(manifest);
  tools(manifest, false);
  addTable(manifest);
  addRisk(manifest);
  onLanguage(() => warn(ui("noWebgl")));
}

start().catch((error: Error) => warn(ui("attention") + error.message));
