// Measuring: clicks, or the map's centre for who uses the keyboard, set the corners of a line or an area.
import type { GeoJSONSource, Map as MapLibre, MapMouseEvent } from "maplibre-gl";
import { el, skeleton } from "./dom";
import { area, length, type Position } from "./geodesy";
import { onLanguage, ui } from "./i18n";
import { number } from "./values";

type Kind = "distance" | "area";
const SOURCE = ":measure";
const INK = "#0b3d91";

const far = (metres: number): string => (metres < 1000 ? `${number(Math.round(metres * 10) / 10)} m` : `${number(metres / 1000)} km`);
const wide = (square: number): string => (square < 1e5 ? `${number(Math.round(square))} m²` : `${number(square / 1e6)} km²`);

/** What is measured so far, in words. */
function told(kind: Kind, places: Position[]): string {
  if (kind === "distance") return far(length(places));
  const found = area(places);
  return `${wide(found.area)}, ${ui("around")} ${far(found.around)}`;
}

function sketch(map: MapLibre, kind: Kind, places: Position[]): void {
  const ring = kind === "area" && places.length > 2 ? [...places, places[0]] : places;
  const shapes: GeoJSON.Geometry[] = places.map((coordinates) => ({ type: "Point", coordinates }));
  if (ring.length > 1) shapes.push({ type: "LineString", coordinates: ring });
  if (ring.length > places.length) shapes.push({ type: "Polygon", coordinates: [ring] });
  const features = shapes.map((geometry): GeoJSON.Feature => ({ type: "Feature", properties: {}, geometry }));
  const data: GeoJSON.FeatureCollection = { type: "FeatureCollection", features };
  const source = map.getSource<GeoJSONSource>(SOURCE);
  if (source) return void source.setData(data);
  map.addSource(SOURCE, { type: "geojson", data });
  const is = (type: string) => ["==", ["geometry-type"], type] as ["==", ...never];
  map.addLayer({ id: `${SOURCE}-area`, source: SOURCE, type: "fill", filter: is("Polygon"), paint: { "fill-color": INK, "fill-opacity": 0.15 } });
  map.addLayer({ id: `${SOURCE}-halo`, source: SOURCE, type: "line", filter: is("LineString"), paint: { "line-color": "#fff", "line-width": 5 } });
  map.addLayer({ id: `${SOURCE}-line`, source: SOURCE, type: "line", filter: is("LineString"), paint: { "line-color": INK, "line-width": 2.5 } });
  map.addLayer({ id: `${SOURCE}-end`, source: SOURCE, type: "circle", filter: is("Point"), paint: { "circle-color": INK, "circle-radius": 4.5, "circle-stroke-color": "#fff", "circle-stroke-width": 2 } });
}

/** The button and its bar; true from the function it gives while a click means a corner. */
export function addMeasure(map: MapLibre): () => boolean {
  const open = el("button", { type: "button", id: "measure", "aria-expanded": "false", "aria-controls": "measure-bar" });
  const hint = el("p", { class: "quiet" });
  const answer = el("output", { id: "measured", "aria-live": "polite" });
  const kinds = (["distance", "area"] as const).map((kind) => el("button", { type: "button", "data-kind": kind }));
  const [add, undo, clear, close] = [1, 2, 3, 4].map(() => el("button", { type: "button" }));
  const buttons = el("div", { class: "buttons" }, ...kinds, add, undo, clear, close);
  const bar = el("div", { id: "measure-bar", class: "card", role: "group", hidden: true }, answer, hint, buttons);
  const cross = el("div", { class: "cross", "aria-hidden": "true", hidden: true });
  map.getContainer().append(bar, cross);
  skeleton("tools").prepend(open);
  let kind: Kind = "distance";
  let places: Position[] = [];

  const draw = (): void => {
    sketch(map, kind, places);
    kinds.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.kind === kind)));
    answer.textContent = places.length > 1 ? told(kind, places) : "";
  };
  const put = ({ lng, lat }: { lng: number; lat: number }): void => {
    places.push([lng, lat]);
    draw();
  };
  const on = (): boolean => !bar.hidden;
  const toggle = (): void => {
    bar.hidden = cross.hidden = on();
    open.setAttribute("aria-expanded", String(on()));
    map.getCanvas().style.cursor = on() ? "crosshair" : "";
    if (on()) return draw();
    places = [];
    draw();
    open.focus();
  };
  open.addEventListener("click", toggle);
  close.addEventListener("click", toggle);
  add.addEventListener("click", () => put(map.getCenter()));
  undo.addEventListener("click", () => (places.pop(), draw()));
  clear.addEventListener("click", () => ((places = []), draw()));
  kinds.forEach((button) => button.addEventListener("click", () => ((kind = button.dataset.kind as Kind), draw())));
  bar.addEventListener("keydown", (event) => event.key === "Escape" && toggle());
  map.on("click", (event: MapMouseEvent) => on() && put(event.lngLat));
  onLanguage(() => {
    open.textContent = ui("measure");
    bar.setAttribute("aria-label", ui("measure"));
    hint.textContent = ui("measureHint");
    kinds.forEach((button) => (button.textContent = ui(button.dataset.kind as Kind)));
    [add, undo, clear, close].forEach((button, i) => (button.textContent = ui((["addPoint", "undo", "clear", "close"] as const)[i])));
    if (places.length > 1) answer.textContent = told(kind, places);
  });
  return on;
}
