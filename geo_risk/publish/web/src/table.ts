// The table of districts: the map's text alternative, with a button that shows the row on the map.
import { el, skeleton } from "./dom";
import { onLanguage, ui, words } from "./i18n";
import type { Column, Layer, Manifest, Value } from "./manifest";
import { cell, heading, isGrade } from "./values";

const NAME: Column = { name: "name", zh: "名称", en: "Name", unit: "", dtype: "string", domain: {} };

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  const missing = (v: Value) => v === null || v === undefined || v === "";
  if (missing(a) || missing(b)) return missing(a) ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "zh-CN");
}

export function addTable(manifest: Manifest, locate?: (layer: Layer, name: string, at: [number, number]) => void): void {
  const { table } = manifest;
  const layer = table && manifest.layers.find((l) => l.id === table.layer);
  if (!table || !layer) return;
  const columns = table.columns.map((name) => layer.columns.find((c) => c.name === name) ?? { ...NAME, name, zh: name, en: name });
  const title = table.columns.indexOf(layer.title_column ?? "name");
  const element = skeleton("table");
  let order = table.rows.map((_, i) => i);
  let sorted = { column: -1, down: false };

  const sort = (column: number): void => {
    sorted = { column, down: sorted.column === column ? !sorted.down : columns[column].dtype !== "string" };
    const sign = sorted.down ? -1 : 1;
    order = table.rows.map((_, i) => i).sort((a, b) => sign * compare(table.rows[a][column], table.rows[b][column]) || a - b);
    render();
    element.querySelectorAll<HTMLElement>("th button")[column].focus();
  };
  const head = (column: Column, i: number): HTMLElement => {
    const direction = sorted.column === i ? (sorted.down ? "descending" : "ascending") : undefined;
    const button = el("button", { type: "button" }, heading(column));
    button.addEventListener("click", () => sort(i));
    return el("th", { scope: "col", "aria-sort": direction }, button);
  };
  const button = (row: number): HTMLElement => {
    const at = table.lonlat[row];
    const name = String(table.rows[row][title] ?? "");
    const go = el("button", { type: "button", class: "locate", "aria-label": ui("locateName", { name }) }, ui("locate"));
    go.addEventListener("click", () => locate!(layer, name, at));
    return el("td", {}, go);
  };
  const body = (row: number): HTMLElement => {
    const cells: HTMLElement[] = table.rows[row].map((value, i) => {
      const inside = cell(manifest, columns[i], value);
      if (i === title) return el("th", { scope: "row" }, inside);
      const number = typeof value === "number" && !isGrade(columns[i]);
      const long = typeof value === "string" && value.length > 40; // characters that no line of a table holds
      return el("td", { class: number ? "number" : long ? "long" : undefined }, inside);
    });
    if (locate && table.lonlat[row]) cells.splice(Math.max(title, 0) + 1, 0, button(row));
    return el("tr", {}, ...cells);
  };
  const render = (): void => {
    const heads: HTMLElement[] = columns.map(head);
    if (locate) heads.splice(Math.max(title, 0) + 1, 0, el("th", { scope: "col" }, ui("locate")));
    element.querySelector("thead")!.replaceChildren(el("tr", {}, ...heads));
    element.querySelector("tbody")!.replaceChildren(...order.map(body));
  };
  onLanguage(() => {
    skeleton("list-title").textContent = words(layer);
    render();
  });
}
