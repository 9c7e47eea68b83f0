// What the desk adds to the map: the outline, what is being drawn, and the nearest segments.
import type * as GeoJSON from "geojson";
import type { GeoJSONSource, LngLatBoundsLike, Map as MapLibre } from "maplibre-gl";
import type { Answer, Geometry, Position, Shape, Verdict } from "./ask";

export const COLOR: Record<Verdict, string> = { conflict: "#a50f15", undecided: "#8a5a00", clear: "#1b6e3c", told: "#4a545f" };
const DRAWN = "#1d4e79";
const NONE: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export interface Chart {
  sketch: (shape: Shape, points: Position[]) => void;
  outline: (shapes: GeoJSON.Geometry[], verdict?: Verdict) => void;
  segments: (lines: GeoJSON.FeatureCollection, row?: number) => void;
  zoomTo: (shapes: GeoJSON.Geometry[]) => void;
}

const feature = (geometry: GeoJSON.Geometry, properties = {}): GeoJSON.Feature => ({ type: "Feature", properties, geometry });
const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });

/** A shape from its corners; undefined while there are too few. */
export function geometryOf(shape: Shape, points: Position[]): Geometry | undefined {
  if (shape === "point") return points.length ? { type: "Point", coordinates: points[0] } : undefined;
  if (shape === "line") return points.length > 1 ? { type: "LineString", coordinates: points } : undefined;
  return points.length > 2 ? { type: "Polygon", coordinates: [[...points, points[0]]] } : undefined;
}

/** A shape and the edges of its areas as lines: an area that crosses itself may be drawn as nothing, its edges never. */
function withEdges(shape: GeoJSON.Geometry): GeoJSON.Geometry[] {
  if (shape.type === "Polygon") return [shape, { type: "MultiLineString", coordinates: shape.coordinates }];
  if (shape.type === "MultiPolygon") return [shape, { type: "MultiLineString", coordinates: shape.coordinates.flat() }];
  return [shape];
}

function positions(value: unknown): Position[] {
  if (!Array.isArray(value)) return [];
  return typeof value[0] === "number" ? [value as Position] : value.flatMap(positions);
}

function bounds(shapes: GeoJSON.Geometry[]): LngLatBoundsLike | undefined {
  const all = shapes.flatMap((s) => ("coordinates" in s ? positions(s.coordinates) : []));
  if (!all.length) return undefined;
  const [lon, lat] = [0, 1].map((i) => all.map((p) => p[i]));
  return [Math.min(...lon), Math.min(...lat), Math.max(...lon), Math.max(...lat)];
}

/** Size of a shape drawn in degrees: square metres of an area, metres of a line; near enough to be read while drawing. */
export function sizeOf(shape: Shape, points: Position[]): number {
  const metre = 111_320; // of a degree of latitude
  const wide = metre * Math.cos((points[0][1] * Math.PI) / 180);
  const [x, y] = [points.map((p) => p[0] * wide), points.map((p) => p[1] * metre)];
  if (shape === "line") return points.slice(1).reduce((sum, _, i) => sum + Math.hypot(x[i + 1] - x[i], y[i + 1] - y[i]), 0);
  const twice = points.reduce((sum, _, i) => {
    const j = (i + 1) % points.length;
    return sum + (x[i] - x[0]) * (y[j] - y[0]) - (x[j] - x[0]) * (y[i] - y[0]);
  }, 0);
  return Math.abs(twice) / 2;
}

export function chart(map: MapLibre): Chart {
  for (const id of ["desk-outline", "desk-segments", "desk-sketch"]) map.addSource(id, { type: "geojson", data: NONE });
  const verdict = ["match", ["get", "verdict"], ...Object.entries(COLOR).flat(), DRAWN] as unknown as string;
  // "in", since a shape of several parts is called MultiPolygon and the like
  const [polygon, line, point] = ["Polygon", "LineString", "Point"].map((type) => ["in", type, ["geometry-type"]] as never);
  const chosen = ["case", ["get", "chosen"], 5, 2.5] as never;
  const halo = ["case", ["get", "chosen"], 9, 5] as never;
  map.addLayer({ id: "desk-fill", type: "fill", source: "desk-outline", filter: polygon, paint: { "fill-color": "#fff", "fill-opacity": 0.55 } }); // red on a red surface must stand out
  map.addLayer({ id: "desk-halo", type: "line", source: "desk-outline", filter: line, paint: { "line-color": "#fff", "line-width": 9 } });
  map.addLayer({ id: "desk-line", type: "line", source: "desk-outline", filter: line, paint: { "line-color": verdict, "line-width": 4 } });
  map.addLayer({ id: "desk-point", type: "circle", source: "desk-outline", filter: point, paint: { "circle-color": verdict, "circle-radius": 8, "circle-stroke-color": "#fff", "circle-stroke-width": 3 } });
  map.addLayer({ id: "desk-segment-halo", type: "line", source: "desk-segments", layout: { "line-cap": "round" }, paint: { "line-color": "#fff", "line-width": halo } });
  map.addLayer({ id: "desk-segment", type: "line", source: "desk-segments", layout: { "line-cap": "round" }, paint: { "line-color": verdict, "line-width": chosen } });
  map.addLayer({ id: "desk-sketch-fill", type: "fill", source: "desk-sketch", filter: polygon, paint: { "fill-color": DRAWN, "fill-opacity": 0.15 } });
  map.addLayer({ id: "desk-sketch-halo", type: "line", source: "desk-sketch", filter: line, paint: { "line-color": "#fff", "line-width": 6 } });
  map.addLayer({ id: "desk-sketch-line", type: "line", source: "desk-sketch", filter: line, paint: { "line-color": DRAWN, "line-width": 2.5, "line-dasharray": [2, 1.5] } });
  map.addLayer({ id: "desk-sketch-point", type: "circle", source: "desk-sketch", filter: point, paint: { "circle-color": "#fff", "circle-radius": 5, "circle-stroke-color": DRAWN, "circle-stroke-width": 2.5 } });

  const set = (id: string, data: GeoJSON.FeatureCollection): void => void (map.getSource(id) as GeoJSONSource).setData(data);
  return {
    sketch: (shape, points) => {
      const whole = geometryOf(shape, points) ?? geometryOf("line", points);
      const corners = points.map((p) => feature({ type: "Point", coordinates: p }));
      set("desk-sketch", collection([...(whole ? withEdges(whole).map((g) => feature(g)) : []), ...corners]));
    },
    outline: (shapes, its) => set("desk-outline", collection(shapes.flatMap(withEdges).map((s) => feature(s, its ? { verdict: its } : {})))),
    segments: (lines, row) => {
      const shown = lines.features.filter((f) => f.properties!.verdict !== "clear" || f.properties!.row === row);
      set("desk-segments", collection(shown.map((f) => ({ ...f, properties: { ...f.properties, chosen: f.properties!.row === row } }))));
    },
    zoomTo: (shapes) => {
      const box = bounds(shapes);
      if (box) map.fitBounds(box, { padding: 70, maxZoom: 17, duration: 600 });
    },
  };
}

/** Everything of an answer on the map. */
export function showAnswer(on: Chart, answer: Answer): void {
  const shapes = answer.project.map((p) => p.geometry);
  on.outline(shapes, answer.verdict);
  on.segments(answer.segments);
  const against = answer.segments.features.filter((f) => f.properties!.verdict !== "clear").slice(0, 40);
  on.zoomTo([...shapes, ...against.map((f) => f.geometry)]);
}
