// Lists that need no map: the districts at first, any other layer by choice, read from its tiles. Sorted by a click on a
// heading, filtered by words; of long lists only the rows in sight are in the page.
import type { Archives } from "./archive";
import { el, fileLink, loadScript, say, skeleton, warn } from "./dom";
import { allRows } from "./features";
import { onLanguage, ui, words } from "./i18n";
import type { Column, Layer, Manifest, Value } from "./manifest";
import { cell, gradeWords, heading, isGrade, text } from "./values";
import { gradeOf } from "./manifest";

const NAME: Column = { name: "name", zh: "名称", en: "Name", unit: "", dtype: "string", domain: {} };
const WHOLE = 300; // a list of so many rows is in the page as a whole
const ROW = 45; // height of a row of a longer one [CSS px], as in app.css
const SPARE = 15; // rows above and below those in sight

type Place = [number, number];
type Locate = (layer: Layer, name: string, at: Place) => void;

interface Sheet {
  layer: Layer;
  columns: Column[];
  rows: Value[][];
  at: (Place | undefined)[];
  all?: number; // rows there are, where the list has not all of them
}

export interface Listing {
  /** Lists a layer, of it only rows with a word if there is one. */
  open: (layer: Layer, word?: string) => void;
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  const missing = (v: Value) => v === null || v === undefined || v === "";
  if (missing(a) || missing(b)) return missing(a) ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "zh-CN");
}

/** The rows that come with the page. */
function given(manifest: Manifest): Sheet | undefined {
  const { table } = manifest;
  const layer = table && manifest.layers.find((l) => l.id === table.layer);
  if (!table || !layer) return undefined;
  const columns = table.columns.map((name) => layer.columns.find((c) => c.name === name) ?? { ...NAME, name, zh: name, en: name });
  return { layer, columns, rows: table.rows, at: table.lonlat };
}

/** The rows of a layer out of its tiles: its title first, columns without a value left out, the worst grade first. */
async function fetched(archives: Archives, manifest: Manifest, layer: Layer): Promise<Sheet> {
  const rows = await allRows(archives, manifest, layer);
  const filled = new Set(rows.flatMap((row) => Object.keys(row.properties)));
  const title = layer.title_column ?? "name";
  const columns = layer.columns.filter(({ name }) => filled.has(name));
  columns.sort((a, b) => Number(b.name === title) - Number(a.name === title));
  const grade = (row: (typeof rows)[number]) => Number(row.properties.grade ?? 0);
  rows.sort((a, b) => grade(b) - grade(a) || a.id - b.id);
  return { layer, columns, rows: rows.map((r) => columns.map(({ name }) => r.properties[name])), at: rows.map((r) => r.at) };
}

/** The rows of a surface: each grade or band, of the region and its districts. */
async function banded(manifest: Manifest, layer: Layer): Promise<Sheet> {
  if (!window.GEO_RISK_BANDS) await loadScript(manifest.bands!);
  const { columns, rows, all } = window.GEO_RISK_BANDS!;
  const its = rows[layer.id];
  const filled = columns.map((_, i) => i).filter((i) => its.some((row) => row[i] !== null));
  const ofSurface = (c: Column): Column => (/^value_/.test(c.name) ? { ...c, unit: layer.unit ?? "" } : c);
  return { layer, columns: filled.map((i) => ofSurface(columns[i])), rows: its.map((row) => filled.map((i) => row[i])), at: [], all: all[layer.id] };
}

const readable = (manifest: Manifest): Layer[] =>
  manifest.layers.filter((l) => !l.base && (l.listed || (l.source_layer && l.columns.length && !l.id.endsWith("_outline"))));

export function addTable(manifest: Manifest, archives?: Archives, locate?: Locate): Listing {
  const first = given(manifest);
  const known = new Map<Layer, Promise<Sheet>>(first ? [[first.layer, Promise.resolve(first)]] : []);
  const table = skeleton("table");
  const scroll = table.parentElement!;
  const choice = el("select", { id: "list-layer" });
  const filter = el("input", { type: "search", id: "list-filter", autocomplete: "off" });
  const count = el("p", { class: "quiet", id: "list-count" });
  const files = el("p", { class: "files" });
  if (archives) scroll.before(el("div", { class: "choose" }, choice, filter), count, files);
  let sheet = first;
  let order: number[] = first?.rows.map((_, i) => i) ?? [];
  let sorted = { column: -1, down: false };
  let wanted: Layer | undefined = first?.layer;
  let searchable: string[] = []; // a row in lower case, made when first filtered

  const title = (): number => Math.max(0, sheet!.columns.findIndex((c) => c.name === (sheet!.layer.title_column ?? "name")));
  const rowText = (row: Value[]): string =>
    row.map((value, i) => (isGrade(sheet!.columns[i]) ? gradeWords(gradeOf(manifest, value)) : text(sheet!.columns[i], value))).join("\n").toLowerCase();
  const arrange = (): void => {
    const word = filter.value.trim().toLowerCase();
    if (word && !searchable.length) searchable = sheet!.rows.map(rowText);
    order = sheet!.rows.map((_, i) => i).filter((i) => !word || searchable[i].includes(word));
    const { column, down } = sorted;
    if (column >= 0) order.sort((a, b) => (down ? -1 : 1) * compare(sheet!.rows[a][column], sheet!.rows[b][column]) || a - b);
    render();
    const told = ui("rows", { n: order.length.toLocaleString("en"), all: (sheet!.all ?? sheet!.layer.count ?? sheet!.rows.length).toLocaleString("en") });
    count.textContent = told;
    if (word) say(told);
  };
  const sort = (column: number): void => {
    sorted = { column, down: sorted.column === column ? !sorted.down : sheet!.columns[column].dtype !== "string" };
    scroll.scrollTop = 0;
    arrange();
    table.querySelectorAll<HTMLElement>("th button")[column].focus();
  };
  const head = (column: Column, i: number): HTMLElement => {
    const direction = sorted.column === i ? (sorted.down ? "descending" : "ascending") : undefined;
    const button = el("button", { type: "button" }, heading(column));
    button.addEventListener("click", () => sort(i));
    return el("th", { scope: "col", "aria-sort": direction }, button);
  };
  const finds = (): boolean => !!locate && sheet!.at.some(Boolean);
  const finder = (row: number): HTMLElement => {
    const name = String(sheet!.rows[row][title()] ?? "");
    const go = el("button", { type: "button", class: "locate", "aria-label": ui("locateName", { name }) }, ui("locate"));
    const { layer, at } = sheet!;
    go.addEventListener("click", () => locate!(layer, name, at[row]!));
    return el("td", {}, go);
  };
  const line = (row: number, index: number): HTMLElement => {
    const cells: HTMLElement[] = sheet!.rows[row].map((value, i) => {
      const inside = cell(manifest, sheet!.columns[i], value);
      if (i === title()) return el("th", { scope: "row" }, inside);
      const number = typeof value === "number" && !isGrade(sheet!.columns[i]);
      const long = typeof value === "string" && value.length > 40; // characters that no line of a table holds
      return el("td", { class: number ? "number" : long ? "long" : undefined, title: long ? text(sheet!.columns[i], value) : undefined }, inside);
    });
    if (finds()) cells.splice(title() + 1, 0, sheet!.at[row] ? finder(row) : el("td"));
    return el("tr", { "aria-rowindex": String(index + 2) }, ...cells);
  };
  const spacer = (rows: number): HTMLElement => {
    const space = el("tr", { class: "spacer", "aria-hidden": "true" }, el("td"));
    space.style.height = `${rows * ROW}px`;
    return space;
  };
  const tall = (): boolean => order.length > WHOLE;
  const body = (): void => {
    const from = tall() ? Math.max(0, Math.floor(scroll.scrollTop / ROW) - SPARE) : 0;
    const to = tall() ? Math.min(order.length, from + Math.ceil(scroll.clientHeight / ROW) + 2 * SPARE) : order.length;
    const rows = order.slice(from, to).map((row, i) => line(row, from + i));
    const [above, below] = [from, order.length - to].map((n) => (n ? [spacer(n)] : []));
    table.querySelector("tbody")!.replaceChildren(...above, ...rows, ...below);
  };
  const render = (): void => {
    const heads: HTMLElement[] = sheet!.columns.map(head);
    if (finds()) heads.splice(title() + 1, 0, el("th", { scope: "col" }, ui("locate")));
    table.querySelector("thead")!.replaceChildren(el("tr", { "aria-rowindex": "1" }, ...heads));
    table.setAttribute("aria-rowcount", String(order.length + 1));
    scroll.classList.toggle("tall", tall());
    body();
  };
  let asked = 0;
  scroll.addEventListener("scroll", () => {
    if (!tall()) return;
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => table.contains(document.activeElement) && document.activeElement !== table ? undefined : body());
  });
  /** No row of the layer before stands under the name of the one being read. */
  const clear = (): void => {
    [sheet, order] = [undefined, []];
    table.querySelector("thead")!.replaceChildren();
    table.querySelector("tbody")!.replaceChildren();
    titles();
  };
  const show = async (layer: Layer, word = ""): Promise<void> => {
    if (!archives) return;
    wanted = layer;
    choice.value = layer.id;
    clear();
    count.textContent = ui("loading");
    if (!known.has(layer)) known.set(layer, layer.listed ? banded(manifest, layer) : fetched(archives, manifest, layer));
    try {
      const read = await known.get(layer)!;
      if (wanted !== layer) return; // somebody has gone on to another
      [sheet, sorted, searchable] = [read, { column: -1, down: false }, []];
      filter.value = word;
      scroll.scrollTop = 0;
      titles();
      arrange();
    } catch (error) {
      known.delete(layer);
      if (wanted === layer) count.textContent = "";
      warn(ui("attention") + (error as Error).message);
    }
  };
  const titles = (): void => {
    skeleton("list-title").textContent = sheet ? words(sheet.layer) : ui("list");
    const links = (sheet?.layer.downloads ?? []).map(fileLink);
    files.replaceChildren(...(links.length ? [`${ui("download")}: `, ...links.flatMap((link) => [link, " "])] : []));
  };
  choice.addEventListener("change", () => show(manifest.layers.find((l) => l.id === choice.value)!));
  filter.addEventListener("input", () => {
    scroll.scrollTop = 0;
    if (sheet) arrange();
  });
  onLanguage(() => {
    choice.setAttribute("aria-label", ui("listOf"));
    filter.setAttribute("aria-label", ui("filter"));
    filter.setAttribute("placeholder", ui("filter"));
    const layers = [...(first ? [first.layer] : []), ...readable(manifest).reverse().filter((l) => l !== first?.layer)];
    choice.replaceChildren(...layers.map((l) => el("option", { value: l.id }, l.count === undefined ? words(l) : `${words(l)} (${l.count})`)));
    choice.value = wanted?.id ?? "";
    searchable = [];
    titles();
    if (sheet) arrange();
  });
  if (!sheet && archives && choice.value) void show(manifest.layers.find((l) => l.id === choice.value)!);
  return { open: (layer, word) => void show(layer, word) };
}
