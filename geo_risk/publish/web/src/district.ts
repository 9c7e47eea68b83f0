// The page of one district: its facts, the shares of the grades, the worst that lies in it, the files to take along.
import type { Archives } from "./archive";
import { asked, keep } from "./address";
import { el, fileLink, skeleton, warn } from "./dom";
import { allRows, type Row } from "./features";
import { hatched, swatch } from "./hatch";
import { onLanguage, ui, words } from "./i18n";
import { gradeOf, type Layer, type Manifest } from "./manifest";
import { details } from "./popup";
import { cell, gradeWords, heading, number } from "./values";

const NAME = "district"; // in the address: layer/id
const TOP = 10; // rows of a list
const SHOWN = 5; // columns of a list
const SHARES: [number, string][] = [[4, "share_red"], [3, "share_orange"], [2, "share_yellow"], [1, "share_blue"], [0, "share_none"]];

type Locate = (layer: Layer, name: string, at: [number, number]) => void;

/** One bar, as long as the grades' shares of the area, and the same in words. */
function shares(manifest: Manifest, { properties }: Row): Node[] {
  const parts = SHARES.filter(([, name]) => Number(properties[name] ?? 0) > 0).map(([grade, name]) => [gradeOf(manifest, grade), Number(properties[name])] as const);
  if (!parts.length) return [];
  const bar = el("div", { class: "shares-bar", "aria-hidden": "true" });
  for (const [grade, share] of parts) {
    const piece = el("span");
    piece.style.flexGrow = String(share);
    piece.style.background = hatched(grade);
    bar.append(piece);
  }
  const told = parts.map(([grade, share]) => el("li", {}, swatch(grade), ` ${gradeWords(grade)} ${number(100 * share)} %`));
  return [el("h3", {}, ui("sharesOfArea")), bar, el("ul", { class: "told-shares" }, ...told)];
}

/** The worst rows of a layer in the district. */
function worst(manifest: Manifest, layer: Layer, rows: Row[], locate: Locate): Node[] {
  const title = layer.title_column ?? "name";
  const filled = layer.columns.filter((c) => !/(^|_)id$/.test(c.name) && c.name !== title && rows.some((r) => (r.properties[c.name] ?? "") !== ""));
  const columns = [...filled.filter((c) => c.name === "grade"), ...filled.filter((c) => c.name !== "grade")].slice(0, SHOWN - 1);
  const grade = (row: Row) => Number(row.properties.grade ?? 0);
  const top = [...rows].sort((a, b) => grade(b) - grade(a) || a.id - b.id).slice(0, TOP);
  const body = top.map((row) => {
    const name = String(row.properties[title] ?? "");
    const go = el("button", { type: "button", class: "locate", "aria-label": ui("locateName", { name }) }, ui("locate"));
    go.addEventListener("click", () => locate(layer, name, row.at));
    return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, go), ...columns.map((c) => el("td", { class: "long" }, cell(manifest, c, row.properties[c.name]))));
  });
  const heads = [words(layer), ui("locate"), ...columns.map(heading)].map((text) => el("th", { scope: "col" }, text));
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...body));
  const files = (layer.downloads ?? []).map(fileLink);
  const count = `${words(layer)}: ${ui("rows", { n: top.length, all: rows.length })}`;
  return [el("h3", {}, count), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words(layer) }, table), el("p", { class: "files" }, ...files)];
}

/** A function that shows the page of a district; a link to one shows it at once. */
export function addDistrict(manifest: Manifest, archives: Archives, open: (panel: string) => void, locate: Locate): (layer: Layer, id: string) => void {
  const root = skeleton("district");
  const lists = manifest.layers.filter((l) => !l.base && l.columns.some((c) => c.name === "district_id"));
  let shown: [Layer, string] | undefined;
  const render = async (): Promise<void> => {
    if (!shown) return;
    const [layer, id] = shown;
    root.replaceChildren(el("p", { class: "quiet" }, ui("loading")));
    const [areas, ...others] = await Promise.all([layer, ...lists].map((l) => allRows(archives, manifest, l)));
    const area = areas.find((row) => String(row.properties.id) === id);
    if (!area || shown?.[1] !== id) return;
    const grade = gradeOf(manifest, area.properties.grade);
    const inside = lists.flatMap((l, i) => {
      const rows = others[i].filter((row) => String(row.properties.district_id) === id);
      return rows.length ? worst(manifest, l, rows, locate) : [];
    });
    const name = String(area.properties[layer.title_column ?? "name"] ?? id);
    const head = el("h2", {}, `${name} `, el("span", { class: "grade" }, swatch(grade), gradeWords(grade)));
    const facts = details(manifest, { layer, properties: area.properties });
    root.replaceChildren(head, ...shares(manifest, area), el("div", { class: "facts whole" }, facts), ...inside);
  };
  const show = (layer: Layer, id: string): void => {
    shown = [layer, id];
    keep(NAME, `${layer.id}/${id}`);
    open("district");
    render().catch((error: Error) => warn(ui("attention") + error.message));
  };
  onLanguage(() => {
    root.setAttribute("aria-label", ui("page"));
    void render();
  });
  const [, layer, id] = /^([^/]+)\/(.+)$/.exec(asked(NAME) ?? "") ?? [];
  const wanted = manifest.layers.find((l) => l.id === layer && !l.base);
  if (wanted) show(wanted, id);
  return show;
}
