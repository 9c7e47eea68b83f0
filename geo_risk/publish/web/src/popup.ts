// What a click on the map tells: every feature there, the worst first.
import { LngLat, Popup, type LngLatLike, type Map as MapLibre, type MapGeoJSONFeature, type PointLike } from "maplibre-gl";
import { el } from "./dom";
import { linkHandbook } from "./handbooks";
import { onLanguage, ui, words } from "./i18n";
import type { ReadTile } from "./archive";
import { swatch } from "./hatch";
import type { Column, Grade, Layer, Manifest, Value } from "./manifest";
import type { Pointed } from "./address";
import { gradeAt } from "./spot";
import { explainer } from "./spotrisk";
import { cell, gradeWords, text, unit } from "./values";

const SHOWN = 6; // features in one popup
const EDGE = 8; // a popup keeps this far from the edge of the map [CSS px]
const LONG = 40; // characters of a value that gets a line of its own
const REACH = 6; // half side of the square a click covers [CSS px]

export interface Found {
  layer: Layer;
  properties: Record<string, Value>;
}

/** What a feature leads to besides its facts: buttons under its title. */
export type Leads = (layer: Layer, properties: Record<string, Value>) => HTMLElement[];

export interface Popups {
  /** While this holds a click means something else. */
  quiet: () => boolean;
  leads: Leads;
  /** Told what the popup shows; nothing when it is closed. */
  shows: (pointed?: Pointed) => void;
  /** Opens the popup at a place for the feature of a layer with this title; false if it is not drawn there. */
  open: (at: [number, number], layer: Layer, title: string) => boolean;
}

function titleOf({ layer, properties }: Found): string {
  const column = layer.columns.find(({ name }) => name === layer.title_column);
  const value = layer.title_column ? properties[layer.title_column] : undefined;
  return value === undefined || value === "" ? words(layer) : column?.domain ? text(column, value) : String(value);
}

/** Columns that name a thing for machines; a reader wants them last. */
const isKey = ({ name }: Column): boolean => name === "id" || name.endsWith("_id") || name.endsWith("_code");

export function details(manifest: Manifest, found: Found): HTMLElement {
  const box = el("div", {}, facts(manifest, found));
  linkHandbook(manifest, box, found.layer, found.properties);
  return box;
}

function facts(manifest: Manifest, { layer, properties }: Found): HTMLElement {
  const filled = layer.columns.filter(({ name }) => name !== layer.title_column && (properties[name] ?? "") !== "");
  const long = (c: Column) => text(c, properties[c.name]).length > LONG;
  const told = filled.filter((c) => !isKey(c));
  const rows = [...told.filter((c) => !long(c)), ...told.filter(long), ...filled.filter(isKey)];
  if (!rows.length) return el("p", { class: "quiet" }, ui("noDetails"));
  const list = el("dl");
  for (const column of rows) {
    const value = el("dd", {}, cell(manifest, column, properties[column.name]));
    if (column.unit) value.append(` ${unit(column)}`);
    const name = el("dt", {}, words(column));
    for (const part of long(column) ? [name, value] : []) part.className = "long"; // gets the whole width
    list.append(name, value);
  }
  return list;
}

export function content(manifest: Manifest, all: Found[], grade?: Grade): HTMLElement {
  if (!all.length && !grade) return el("div", { class: "facts" });
  if (!all.length) {
    const words = el("p", {}, el("span", { class: "grade" }, swatch(grade), gradeWords(grade)));
    return el("div", { class: "facts" }, el("p", { class: "quiet" }, ui("gradeHere")), words);
  }
  const [first, ...rest] = all.slice(0, SHOWN);
  const box = el("div", { class: "facts" }, el("p", { class: "quiet" }, words(first.layer)), el("h2", {}, titleOf(first)));
  box.append(details(manifest, first));
  if (rest.length) box.append(el("p", { class: "quiet more" }, ui("more")));
  for (const other of rest) {
    const summary = el("summary", {}, titleOf(other), el("span", { class: "quiet" }, ` ${words(other.layer)}`));
    box.append(el("details", {}, summary, details(manifest, other)));
  }
  if (all.length > SHOWN) box.append(el("p", { class: "quiet" }, ui("furtherHere", { n: all.length - SHOWN })));
  return box;
}

function distinct(layerOf: Map<string, Layer>, features: MapGeoJSONFeature[]): Found[] {
  const seen = new Map<string, Found>();
  for (const feature of features) {
    const layer = layerOf.get(feature.layer.id)!;
    const properties = feature.properties as Record<string, Value>;
    const key = `${layer.id}\n${properties.id ?? JSON.stringify(properties)}`; // a tile border cuts a feature in two
    if (!seen.has(key)) seen.set(key, { layer, properties });
  }
  return [...seen.values()];
}

/** Points before lines before areas, as a person aims; among equals the worst grade first. */
export function worstFirst(found: Found[]): Found[] {
  const kind = { circle: 0, line: 1, fill: 2, raster: 3 };
  const rank = (f: Found) => kind[f.layer.geometry] * 10 - Number(f.properties.grade ?? 0);
  return found.map((f, i) => ({ f, i })).sort((a, b) => rank(a.f) - rank(b.f) || a.i - b.i).map(({ f }) => f);
}

/** Popups of every layer that is no base layer. */
export function addPopups(map: MapLibre, manifest: Manifest, parts: Map<string, string[]>, read: ReadTile): Popups {
  const layerOf = new Map<string, Layer>();
  for (const layer of manifest.layers) {
    if (layer.base || layer.geometry === "raster" || layer.style === "label") continue;
    for (const part of parts.get(layer.id)!) layerOf.set(part, layer);
  }
  const asked = [...layerOf.keys()];
  const popup = new Popup({ maxWidth: "320px", focusAfterOpen: true });
  const surfaces = manifest.layers.filter((l) => l.geometry === "raster" && l.style === "graded");
  const explain = manifest.spot ? explainer(manifest.spot) : undefined;
  let shown: [Found[], Grade?] = [[]];
  let clicks = 0;

  const around = (point: { x: number; y: number }): Found[] => {
    const box: [PointLike, PointLike] = [
      [point.x - REACH, point.y - REACH],
      [point.x + REACH, point.y + REACH],
    ];
    return distinct(layerOf, map.queryRenderedFeatures(box, { layers: asked }));
  };
  const show = (place: LngLatLike, found: Found[], grade?: Grade): void => {
    const at = LngLat.convert(place);
    shown = [found, grade];
    const box = content(manifest, found, grade);
    const leads = found.length ? popups.leads(found[0].layer, found[0].properties) : [];
    if (leads.length) box.querySelector("h2")!.after(el("div", { class: "buttons" }, ...leads)); // focused: the head stays in sight
    if (explain) box.append(explain(at, !found.length, () => box.isConnected && intoView()));
    popup.setLngLat(at).setDOMContent(box).addTo(map); // closes the one before
    popups.shows(found.length ? { layer: found[0].layer.id, title: titleOf(found[0]), at: [at.lng, at.lat] } : undefined);
    popup.getElement().querySelector(".maplibregl-popup-close-button")?.setAttribute("aria-label", ui("close"));
    intoView();
  };
  const intoView = (): void => {
    popup.setLngLat(popup.getLngLat()); // its side of the place depends on its size
    const [its, whole] = [popup.getElement(), map.getContainer()].map((e) => e.getBoundingClientRect());
    const aside = Math.max(0, its.right - whole.right + EDGE) || Math.min(0, its.left - whole.left - EDGE);
    const below = Math.max(0, its.bottom - whole.bottom + EDGE) || Math.min(0, its.top - whole.top - EDGE);
    if (aside || below) map.panBy([aside, below]);
  };

  map.on("click", async (event) => {
    if (popups.quiet()) return;
    const mine = ++clicks;
    const found = worstFirst(around(event.point));
    if (found.length) return show(event.lngLat, found);
    const surface = surfaces.find((l) => map.getLayoutProperty(parts.get(l.id)![0], "visibility") !== "none");
    const grade = surface && (await gradeAt(read, manifest, surface, event.lngLat));
    if ((grade || explain) && mine === clicks) show(event.lngLat, [], grade);
  });
  map.on("mousemove", (event) => {
    if (!popups.quiet()) map.getCanvas().style.cursor = around(event.point).length ? "pointer" : "";
  });
  popup.on("close", () => popups.shows());
  const popups: Popups = {
    quiet: () => false,
    leads: () => [],
    shows: () => undefined,
    open(at, layer, title) {
      const here = worstFirst(around(map.project(at)));
      const wanted = here.filter((f) => f.layer === layer && titleOf(f) === title);
      show(at, wanted.length ? wanted : [{ layer, properties: layer.title_column ? { [layer.title_column]: title } : {} }]);
      return wanted.length > 0;
    },
  };
  onLanguage(() => {
    if (popup.isOpen()) show(popup.getLngLat(), ...shown);
  });
  return popups;
}
