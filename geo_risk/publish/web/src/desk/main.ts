// The planners' desk beside the map. The server adds this script to the map page; a published site has none of it.
import "./desk.css";
import type { Map as MapLibre } from "maplibre-gl";
import type { Words } from "../manifest";
import { el, say, skeleton } from "../dom";
import { askKinds, askOutline, askVerdict, askWays, download, Refusal, type Answer, type Geometry, type Kinds, type Position, type Preview, type Question, type Shape, type Way } from "./ask";
import { chart, geometryOf, showAnswer, sizeOf, type Chart } from "./chart";
import { board, type Board } from "./draw";
import { form } from "./form";
import { result, waysOf } from "./result";
import { lang, number, onLanguage, ui } from "./words";

const LARGEST = 5 * 1024 * 1024; // of a file [bytes], as the server has it
const CRS = [["", "crsFile"], ["wgs84", "crsWgs"], ["gcj02", "crsGcj"], ["bd09", "crsBd"], ["epsg", "crsEpsg"]] as const;
const SYSTEMS: Record<string, Words> = { wgs84: { zh: "WGS 84 经纬度", en: "WGS 84, degrees" }, cgcs2000: { zh: "CGCS2000 经纬度", en: "CGCS2000, degrees" }, gcj02: { zh: "GCJ-02", en: "GCJ-02" }, bd09: { zh: "BD-09", en: "BD-09" } };
const ALL: Shape[] = ["polygon", "line", "point"];

/** What of a file was read, and how large it is. */
function fileWords({ file, read, failed }: { file: File; read?: Preview; failed?: boolean }): string {
  const { name } = file;
  if (!read) return ui(failed ? "fileUnread" : "fileReading", { name });
  const { area_m2, length_m } = read;
  const sizes = [...(area_m2 ? [ui("sizeArea", { size: number(area_m2, 0) })] : []), ...(length_m ? [ui("sizeLine", { size: number(length_m, 0) })] : [])];
  const size = sizes.join(lang() === "zh" ? "，" : ", ") || ui("sizePoint");
  return ui("fileRead", { name, n: read.shapes.length, size, system: SYSTEMS[read.system]?.[lang()] ?? read.system });
}

interface Tools {
  board: Board;
  chart: Chart;
}

type Outline = { shape: Shape; points: Position[]; geojson: Geometry } | { file: File; read?: Preview; failed?: boolean };

/** The map of the page, once it can be drawn on; undefined in a browser without one. */
async function theMap(): Promise<MapLibre | undefined> {
  const page = document.documentElement.classList;
  if (!page.contains("has-map") || page.contains("plain")) return undefined;
  while (!window.__geoRisk) await new Promise((later) => setTimeout(later, 30));
  const map = window.__geoRisk.map as MapLibre;
  if (!map.isStyleLoaded()) await Promise.race([map.once("load"), window.__geoRisk.ready]);
  return map;
}

/** The panel and the button that opens it; one panel of the page is open at a time. */
function panel(): HTMLElement {
  const root = el("section", { id: "desk", "aria-labelledby": "desk-title" });
  const button = el("button", { type: "button", id: "open-desk", "aria-controls": "desk" });
  const others = skeleton("panel");
  const show = (open: boolean): void => {
    root.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) skeleton("panels").querySelector<HTMLElement>('[aria-expanded="true"]:not(#open-desk)')?.click();
  };
  button.addEventListener("click", () => show(root.hidden !== false));
  new MutationObserver(() => !others.hidden && show(false)).observe(others, { attributes: true, attributeFilter: ["hidden"] });
  skeleton("panels").prepend(button);
  others.before(root);
  onLanguage(() => (button.textContent = ui("desk")));
  if (document.documentElement.classList.contains("has-map")) show(true);
  return root;
}

function desk(root: HTMLElement, kinds: Kinds, tools?: Tools): void {
  let outline: Outline | undefined;
  let checked: { question: Question; answer: Answer; ways?: Way[] } | undefined;
  let refused: Refusal | undefined;
  let wish = ""; // what the form lacks

  const [title, intro, what, where] = [el("h2", { id: "desk-title" }), el("p", { class: "quiet" }), el("h3"), el("h3")];
  const stale = el("p", { class: "stale" });
  stale.hidden = true;
  const changed = (): void => {
    stale.hidden = !checked;
  };
  const planned = form(kinds, () => {
    changed();
    offer();
  });
  const pens = ALL.map((shape) => el("button", { type: "button", "data-shape": shape }));
  const upload = el("input", { type: "file", id: "desk-file", accept: ".geojson,.json,.zip,.dxf,.kml,.kmz,.gpkg" });
  const uploadName = el("label", { for: "desk-file", class: "button" });
  const formats = el("p", { class: "quiet" });
  const crs = el("select", { id: "desk-crs" });
  const crsName = el("label", { for: "desk-crs" });
  const epsg = el("input", { type: "text", id: "desk-epsg", placeholder: "EPSG:4528", maxlength: "12", autocomplete: "off" });
  const systems = el("div", { class: "desk-fields" }, el("div", {}, crsName, crs, epsg));
  const chosen = el("span");
  const remove = el("button", { type: "button", class: "link" });
  const given = el("p", { class: "given" }, chosen, " ", remove);
  const error = el("div", { class: "error", role: "alert" });
  const check = el("button", { type: "button", id: "desk-check", class: "main" });
  const answerBox = el("div", { id: "desk-result", tabindex: "-1" });
  const letters = ["pdf", "docx", "html"].map((format) => el("button", { type: "button", "data-format": format }, format === "docx" ? "Word" : format.toUpperCase()));
  const lettersName = el("span");
  const letterBox = el("div", { class: "letters", role: "group" }, lettersName, ...letters);
  const after = el("div", {}, stale, letterBox, answerBox);
  const waysBox = el("div", { id: "desk-ways", role: "status" });
  const off = el("p", { class: "quiet" });
  root.append(title, intro, what, planned.root, where, el("div", { class: "pens" }, ...pens, upload, uploadName), off, formats, given, systems, check, error, after);

  const tell = (): void => {
    const text = refused?.told ? (lang() === "zh" ? refused.told.zh : refused.told.en) : refused?.detail || wish;
    const detail = refused?.told && refused.detail && refused.detail !== text ? refused.detail : "";
    error.replaceChildren(...(text ? text.split("\n").map((t) => el("p", {}, t)) : []));
    if (detail) error.append(el("details", {}, el("summary", {}, ui("detail")), el("p", { class: "quiet" }, detail)));
    error.hidden = !text;
    if (!text) return;
    const [its, whole] = [error.getBoundingClientRect(), root.getBoundingClientRect()];
    root.scrollTop += Math.min(0, its.top - whole.top - 8) || Math.max(0, its.bottom - whole.bottom + 8);
  };
  const refuse = (why: unknown): void => {
    refused = why instanceof Refusal ? why : new Refusal(undefined, (why as Error).message);
    wish = "";
    tell();
  };
  const ask = (text: string): void => {
    refused = undefined;
    wish = text;
    tell();
  };
  const offer = (): void => {
    pens.forEach((pen, i) => (pen.hidden = !tools || !planned.shapes().includes(ALL[i])));
    off.hidden = !!tools;
    systems.hidden = !outline || !("file" in outline);
    epsg.hidden = crs.value !== "epsg";
    given.hidden = !outline;
    if (outline && "file" in outline) {
      chosen.textContent = fileWords(outline);
    } else if (outline?.shape === "point") {
      chosen.textContent = ui("drawnPoint", { lon: outline.points[0][0].toFixed(5), lat: outline.points[0][1].toFixed(5) });
    } else if (outline) {
      const size = number(sizeOf(outline.shape, outline.points), 0);
      const area = outline.shape === "polygon";
      chosen.textContent = ui(area ? "drawnArea" : "drawnLine", { n: outline.points.length, size: `${size} ${area ? "m²" : "m"}` });
    }
  };
  const take = (next?: Outline): void => {
    outline = next;
    if (!next || !("file" in next)) upload.value = "";
    tools?.chart.outline(next && "geojson" in next ? [next.geojson] : []);
    tools?.chart.segments({ type: "FeatureCollection", features: [] });
    ask("");
    changed();
    offer();
  };
  const system = (): string => {
    const code = epsg.value.trim();
    return crs.value === "epsg" ? (/^\d+$/.test(code) ? `EPSG:${code}` : code) : crs.value;
  };
  /** Draws what a file holds before anybody asks about it, or tells why it cannot be read. */
  const preview = async (): Promise<void> => {
    if (!outline || !("file" in outline) || (crs.value === "epsg" && !epsg.value.trim())) return;
    const mine: Outline = { file: outline.file };
    take(mine);
    try {
      const read = await askOutline(mine.file, system());
      if (outline !== mine) return; // another was chosen meanwhile
      mine.read = read;
      tools?.chart.outline(read.shapes);
      tools?.chart.zoomTo(read.shapes);
    } catch (why) {
      if (outline !== mine) return;
      mine.failed = true;
      refuse(why);
    }
    offer();
    say(chosen.textContent!);
  };
  const render = (): void => {
    after.hidden = !checked;
    if (!checked) return;
    const { question, answer } = checked;
    const show = (row: number): void => {
      tools?.chart.segments(answer.segments, row);
      tools?.chart.zoomTo(answer.segments.features.filter((f) => f.properties!.row === row).map((f) => f.geometry));
    };
    answerBox.replaceChildren(result(answer, kinds.words, question.move, waysBox, show));
    answerBox.querySelector("#desk-verdict")!.after(letterBox);
    renderWays();
  };
  const renderWays = (): void => {
    const { question, ways } = checked!;
    const move = (way: Way): Promise<void> => judge({ ...question, move: [question.move[0] + way.dx_m!, question.move[1] + way.dy_m!] });
    waysBox.replaceChildren(ways ? waysOf(ways, move) : ui("searching"));
  };
  const search = async (of: NonNullable<typeof checked>): Promise<void> => {
    if (of.answer.verdict === "clear") return;
    try {
      of.ways = await askWays(of.question);
    } catch (why) {
      return of === checked ? refuse(why) : undefined;
    }
    if (of === checked) renderWays();
  };
  const judge = async (question: Question): Promise<void> => {
    check.disabled = true;
    check.textContent = ui("checking");
    say(ui("checking"));
    ask("");
    try {
      checked = { question, answer: await askVerdict(question) };
      stale.hidden = true;
      render();
      if (tools) showAnswer(tools.chart, checked.answer);
      root.scrollTop += answerBox.getBoundingClientRect().top - root.getBoundingClientRect().top - 8;
      answerBox.focus({ preventScroll: true });
      say(ui("done", { verdict: answerBox.querySelector("#desk-verdict")!.lastChild!.textContent! }));
      void search(checked);
    } catch (why) {
      stale.hidden = !checked;
      refuse(why);
    }
    check.disabled = false;
    check.textContent = ui("check");
  };

  pens.forEach((pen, i) =>
    pen.addEventListener("click", async () => {
      const points = await tools!.board.draw(ALL[i]);
      pen.focus();
      const geojson = points && geometryOf(ALL[i], points);
      if (geojson) take({ shape: ALL[i], points: points!, geojson });
    }),
  );
  upload.addEventListener("change", () => {
    const file = upload.files?.[0];
    if (!file) return;
    if (file.size > LARGEST) {
      take();
      return ask(ui("tooLarge"));
    }
    take({ file });
    void preview();
  });
  remove.addEventListener("click", () => take());
  crs.addEventListener("change", () => {
    changed();
    offer();
    void preview();
  });
  epsg.addEventListener("change", () => void preview());
  epsg.addEventListener("input", changed);
  check.addEventListener("click", () => {
    tools?.board.cancel();
    if (!planned.kind()) return ask(ui("noKind"));
    if (!outline) return ask(ui("noOutline"));
    const lacks = planned.lacks();
    if (lacks) return ask(lacks);
    const file = "file" in outline ? outline.file : undefined;
    const kind = planned.kind() === "file" ? "" : planned.kind();
    const geojson = "geojson" in outline ? outline.geojson : undefined;
    void judge({ file, geojson, kind, values: planned.values(), crs: file ? system() : "wgs84", move: [0, 0] });
  });
  letters.forEach((button) =>
    button.addEventListener("click", async () => {
      const name = button.textContent!;
      button.disabled = true;
      button.textContent = ui("writing");
      try {
        await download(checked!.question, button.dataset.format!, lang());
        say(ui("saved"));
      } catch (why) {
        refuse(why);
      }
      button.disabled = false;
      button.textContent = name;
    }),
  );

  onLanguage(() => {
    title.textContent = ui("title");
    intro.textContent = ui("intro");
    what.textContent = ui("what");
    where.textContent = ui("where");
    pens.forEach((pen, i) => (pen.textContent = ui(ALL[i])));
    uploadName.textContent = ui("upload");
    formats.textContent = ui("formats");
    crsName.textContent = ui("crs");
    const selected = crs.value;
    crs.replaceChildren(...CRS.map(([value, word]) => el("option", { value }, ui(word))));
    crs.value = selected;
    epsg.setAttribute("aria-label", ui("crsEpsg"));
    remove.textContent = ui("remove");
    check.textContent = ui(check.disabled ? "checking" : "check");
    stale.textContent = ui("stale");
    lettersName.textContent = ui("letter");
    letterBox.setAttribute("aria-label", ui("letter"));
    off.textContent = ui("mapOff");
    wish = ""; // it was told in the other language
    tell();
    offer();
    render();
  });
}

async function start(): Promise<void> {
  const root = panel();
  const [kinds, map] = await Promise.all([askKinds(), theMap()]);
  const on = map && chart(map);
  desk(root, kinds, map && on ? { chart: on, board: board(map, on.sketch) } : undefined);
  if (map) window.__geoDesk = true;
}

declare global {
  interface Window {
    __geoDesk?: boolean; // for tests: the desk can be drawn on
  }
}

start().catch((why: Error) => {
  skeleton("desk").append(el("p", { class: "error", role: "alert" }, why instanceof Refusal ? why.detail || why.message : why.message));
});
