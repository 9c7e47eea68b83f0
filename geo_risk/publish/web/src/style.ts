// The manifest as a MapLibre style: a quiet grey city, so that the only strong colours are the grades.
import type {
  DataDrivenPropertyValueSpecification as Driven,
  ExpressionSpecification as Expression,
  LayerSpecification,
  StyleSpecification,
} from "maplibre-gl";
import { tileUrl } from "./archive";
import { MARKER, NO_GRADE } from "./hatch";
import { words } from "./i18n";
import { gradeOf, type Layer, type Manifest } from "./manifest";

export const FONTS =
  "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei',sans-serif";
const FONT = ["sans-serif"];
export const OPACITY = 0.82; // below .8 the map looks paler than its legend
const ICON_ZOOM = 12; // from here points are few enough to carry their hatch

const ARROW_ZOOM = 15; // from here a one-way street has room for its arrows
const MARK_ZOOM = 10; // from here a circle has room for its character
const NAME_ZOOM = 12; // and for a name beside it
const RING_ZOOM = 14; // from here the line of a finding is long enough to be seen

export const COLOR = {
  background: "#f5f4f0",
  water: "#c8dbe6",
  green: "#dde8d5",
  industrial: "#e6e2ea",
  builtup: "#ebe8e2",
  road: "#cfcbc3",
  boundary: "#8a8496",
  label: "#2f3a46",
  halo: "#ffffff",
  outline: "#39424d",
};

// Roads by OSM class: [classes, from zoom, casing, fill, width in CSS px at zoom 8, 12, 16]
const ROADS: [string[], number, string, string, [number, number, number]][] = [
  [["residential", "living_street", "service", "unclassified", "road"], 13, "#d9d6cf", "#ffffff", [0.2, 0.6, 6]],
  [["tertiary", "tertiary_link"], 11, "#cfcbc3", "#ffffff", [0.3, 1.2, 9]],
  [["secondary", "secondary_link"], 10, "#c5c0b7", "#ffffff", [0.5, 2, 12]],
  [["primary", "primary_link"], 8, "#b9b3a8", "#fffdf6", [0.8, 2.6, 14]],
  [["trunk", "trunk_link"], 6, "#aaa498", "#fbf4e2", [1, 3, 16]],
  [["motorway", "motorway_link"], 5, "#98917f", "#f3e7c6", [1.2, 3.6, 18]],
];

// Bands from the bottom to the top; inside a band the manifest's order holds. Streets lie over surfaces and fills,
// so that a coloured area can still be read as a place.
const enum Band {
  Ground,
  Area,
  Street,
  Boundary,
  Line,
  Point,
  Label,
}

interface Placed {
  band: Band;
  layer: LayerSpecification;
}

const byZoom = (low: number, middle: number, high: number): Expression => [
  "interpolate",
  ["exponential", 1.5],
  ["zoom"],
  8,
  low,
  12,
  middle,
  16,
  high,
];

/** One value a grade, another for features without one. */
function byGrade<T extends string | number>(manifest: Manifest, value: (grade: number) => T, other: T): Driven<T> {
  const pairs = manifest.grades.filter((g) => g.grade > 0).flatMap((g) => [g.grade, value(g.grade)]);
  if (!pairs.length) return other;
  return ["match", ["to-number", ["get", "grade"], 0], ...pairs, other] as unknown as Driven<T>;
}

const gradeColor = (manifest: Manifest): Driven<string> =>
  byGrade(manifest, (grade) => manifest.grades.find((g) => g.grade === grade)!.color, NO_GRADE);
/** The letter of a feature's grade in the language in force. */
export const gradeLetter = (manifest: Manifest): Driven<string> =>
  byGrade(manifest, (grade) => words(manifest.grades.find((g) => g.grade === grade)!.letter), "");
const gradeOrder: Expression = ["to-number", ["get", "grade"], 0]; // the worst is drawn last, on top

function place(layer: Layer, suffix: string, band: Band, rest: object): Placed {
  const spec = {
    id: suffix ? `${layer.id}:${suffix}` : layer.id,
    source: layer.source,
    ...(layer.source_layer ? { "source-layer": layer.source_layer } : {}),
    ...rest,
  } as LayerSpecification;
  spec.layout = { ...spec.layout, visibility: layer.visible ? "visible" : "none" } as LayerSpecification["layout"];
  return { band, layer: spec };
}

function roads(layer: Layer): Placed[] {
  const named = ROADS.flatMap(([classes]) => classes);
  const parts = ROADS.map(([classes, minzoom, casing, fill, width], i) => {
    const known: Expression = ["match", ["get", "class"], classes, true, false];
    // a class nobody foresaw is drawn as the smallest road rather than left out
    const filter: Expression = i ? known : ["any", known, ["!", ["match", ["get", "class"], named, true, false]]];
    const layout = { "line-cap": "round", "line-join": "round" };
    const line = (suffix: string, paint: object) =>
      place(layer, `${classes[0]}${suffix}`, Band.Street, { type: "line", minzoom, filter, layout, paint });
    const [low, middle, high] = width;
    return [
      line("-casing", { "line-color": casing, "line-width": byZoom(low + 0.8, middle + 1.4, high + 2.4) }),
      line("", { "line-color": fill, "line-width": byZoom(low, middle, high) }),
    ];
  });
  const arrows = place(layer, "oneway", Band.Street, {
    type: "symbol",
    minzoom: ARROW_ZOOM,
    filter: ["==", ["to-number", ["get", "oneway"], 0], 1],
    layout: { "symbol-placement": "line", "symbol-spacing": 120, "text-field": "→", "text-font": FONT, "text-size": 15, "text-keep-upright": false },
    paint: { "text-color": "#6b6455", "text-halo-color": COLOR.halo, "text-halo-width": 1 },
  });
  return [...parts.map(([casing]) => casing), ...parts.map(([, fill]) => fill), arrows]; // all casings below: open junctions
}

/** The name of a place; of the areas in the table with the words of their grade below. */
export function labelText(manifest: Manifest): Expression {
  const { table } = manifest;
  const [name, grade] = ["name", "grade"].map((column) => table?.columns.indexOf(column) ?? -1);
  const told = new Map<string, string>();
  const twice = new Set<string>();
  for (const row of name < 0 || grade < 0 ? [] : table!.rows) {
    const its = gradeOf(manifest, row[grade]);
    const called = String(row[name] ?? "");
    if (told.has(called)) twice.add(called);
    if (its) told.set(called, `${called}\n${words(its)} ${words(its.letter)}`);
  }
  twice.forEach((called) => told.delete(called)); // which of the two is meant the label does not tell
  if (!told.size) return ["get", "name"];
  return ["match", ["get", "name"], ...[...told].flat(), ["get", "name"]] as unknown as Expression;
}

function label(manifest: Manifest, layer: Layer): Placed[] {
  const size = (base: number): Driven<number> => ["match", ["get", "level"], "city", base + 4, "county", base + 2, "village", base - 1.5, base];
  return [
    place(layer, "", Band.Label, {
      type: "symbol",
      layout: {
        "text-field": labelText(manifest),
        "text-font": FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 8, size(12), 14, size(16)],
        "text-max-width": 8,
        "text-padding": 4,
      },
      paint: { "text-color": COLOR.label, "text-halo-color": COLOR.halo, "text-halo-width": 1.8 },
    }),
  ];
}

/** Without the line that smooths the edge of every area, which costs as much to draw as the area itself. */
const PLAIN_EDGE = { "fill-antialias": false };

function ground(layer: Layer, color: string): Placed[] {
  if (layer.geometry === "line") {
    const paint = { "line-color": color, "line-width": byZoom(0.6, 1.4, 6) };
    return [place(layer, "", Band.Ground, { type: "line", paint })];
  }
  return [place(layer, "", Band.Ground, { type: "fill", paint: { "fill-color": color, ...PLAIN_EDGE } })];
}

function boundary(layer: Layer): Placed[] {
  const wide: Driven<number> = ["match", ["get", "level"], "city", 2.6, "county", 2, "village", 0.7, 1.2];
  return [
    place(layer, "halo", Band.Boundary, { type: "line", paint: { "line-color": "#fff", "line-width": ["match", ["get", "level"], "city", 5, 3.4], "line-opacity": 0.55 } }),
    place(layer, "", Band.Boundary, {
      type: "line",
      paint: { "line-color": COLOR.boundary, "line-width": wide }, // no dashes: neighbours would fill each other's gaps
    }),
  ];
}

function gradedCircles(manifest: Manifest, layer: Layer): Placed[] {
  const radius = (scale: number) => byGrade(manifest, (grade) => scale * (2 + 0.6 * grade), scale * 2);
  return [
    place(layer, "", Band.Point, {
      type: "circle",
      maxzoom: ICON_ZOOM,
      layout: { "circle-sort-key": gradeOrder },
      paint: {
        "circle-color": gradeColor(manifest),
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 7, radius(0.7), ICON_ZOOM, radius(1.6)],
        "circle-stroke-color": COLOR.outline,
        "circle-stroke-width": 0.8,
      },
    }),
    place(layer, "mark", Band.Point, {
      type: "symbol",
      minzoom: ICON_ZOOM,
      layout: {
        "symbol-sort-key": gradeOrder,
        "icon-image": byGrade(manifest, (grade) => `mark-${grade}`, "mark-0"),
        "icon-size": ["interpolate", ["linear"], ["zoom"], ICON_ZOOM, 14 / MARKER, 16, 24 / MARKER],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    }),
  ];
}

function gradedLines(manifest: Manifest, layer: Layer): Placed[] {
  const width = (extra: number) => byGrade(manifest, (grade) => 1.2 + grade + extra, 1.2 + extra);
  const layout = { "line-cap": "round", "line-join": "round", "line-sort-key": gradeOrder };
  return [
    place(layer, "casing", Band.Line, { type: "line", layout, paint: { "line-color": COLOR.outline, "line-width": width(1.6) } }),
    place(layer, "", Band.Line, { type: "line", layout, paint: { "line-color": gradeColor(manifest), "line-width": width(0) } }),
    place(layer, "letter", Band.Label, {
      type: "symbol",
      minzoom: ICON_ZOOM,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 160,
        "text-field": gradeLetter(manifest),
        "text-font": FONT,
        "text-size": 12,
        "text-rotation-alignment": "viewport",
      },
      paint: { "text-color": COLOR.label, "text-halo-color": COLOR.halo, "text-halo-width": 2 },
    }),
  ];
}

function graded(manifest: Manifest, layer: Layer): Placed[] {
  if (layer.geometry === "circle") return gradedCircles(manifest, layer);
  if (layer.geometry === "line") return gradedLines(manifest, layer);
  return [
    place(layer, "", Band.Area, {
      type: "fill",
      layout: { "fill-sort-key": gradeOrder },
      paint: { "fill-pattern": byGrade(manifest, (grade) => `fill-${grade}`, "fill-0"), "fill-opacity": OPACITY, ...PLAIN_EDGE },
    }),
    place(layer, "outline", Band.Boundary, {
      type: "line",
      paint: { "line-color": COLOR.outline, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.6, 14, 1.4], "line-opacity": 0.8 },
    }),
  ];
}

export const PLAIN = "#555f6b";

/** A dash in pixels as multiples of the width of a line. */
const dashes = (layer: Layer): object =>
  layer.dash ? { "line-dasharray": layer.dash.split(" ").map((px) => Number(px) / 2.4) } : {};

function lines(layer: Layer, color: string): Placed[] {
  const layout = { "line-cap": layer.dash ? "butt" : "round", "line-join": "round" };
  const casing = place(layer, "casing", Band.Line, { type: "line", layout, paint: { "line-color": "#fff", "line-width": byZoom(2.4, 4.4, 8) } });
  const line = place(layer, "", Band.Line, { type: "line", layout, paint: { "line-color": color, "line-width": byZoom(1.2, 2.4, 5), ...dashes(layer) } });
  const arrows = place(layer, "arrows", Band.Line, {
    type: "symbol",
    minzoom: MARK_ZOOM,
    layout: { "symbol-placement": "line", "symbol-spacing": 110, "text-field": "➤", "text-font": FONT, "text-size": 13, "text-keep-upright": false, "text-allow-overlap": true },
    paint: { "text-color": color, "text-halo-color": COLOR.halo, "text-halo-width": 1.4 },
  });
  return [casing, line, ...(layer.arrows ? [arrows] : [])];
}

/** The character of a layer in the language in force; of a column the value of each feature. */
export function markText(layer: Layer): string | Expression {
  const mark = layer.mark ? words(layer.mark) : "";
  const column = /^\{(\w+)\}$/.exec(mark)?.[1];
  return column ? ["to-string", ["get", column]] : mark;
}

function marks(layer: Layer, color: string): Placed[] {
  if (!layer.mark) return [];
  const glyph = layer.style === "glyph";
  const size = glyph ? { "text-size": ["interpolate", ["linear"], ["zoom"], MARK_ZOOM, 9, 16, 17] } : { "text-size": 11 };
  const layout = { "text-field": markText(layer), "text-font": FONT, ...size, "text-allow-overlap": true, "text-ignore-placement": true };
  const paint = glyph ? { "text-color": color, "text-halo-color": COLOR.halo, "text-halo-width": 1.2 } : { "text-color": "#fff" };
  return [place(layer, "mark", Band.Point, { type: "symbol", ...(glyph ? {} : { minzoom: MARK_ZOOM }), layout, paint })];
}

function circles(layer: Layer, color: string): Placed[] {
  const radius = layer.mark ? ["interpolate", ["linear"], ["zoom"], 7, 3, MARK_ZOOM, 8, 16, 10] : byZoom(2.2, 4.5, 8);
  const paint = { "circle-color": color, "circle-radius": radius, "circle-stroke-color": "#fff", "circle-stroke-width": 1.4 };
  const named = place(layer, "name", Band.Label, {
    type: "symbol",
    minzoom: NAME_ZOOM,
    layout: { "text-field": ["get", layer.label ?? ""], "text-font": FONT, "text-size": 12, "text-anchor": "left", "text-offset": [1, 0], "text-optional": true },
    paint: { "text-color": COLOR.label, "text-halo-color": COLOR.halo, "text-halo-width": 1.6 },
  });
  const circle = layer.style === "glyph" ? [] : [place(layer, "", Band.Point, { type: "circle", paint })];
  return [...circle, ...marks(layer, color), ...(layer.label ? [named] : [])];
}

function plain(layer: Layer): Placed[] {
  const color = layer.color ?? PLAIN;
  if (layer.geometry === "line") return lines(layer, color);
  if (layer.geometry === "circle") return circles(layer, color);
  return [
    place(layer, "", Band.Area, { type: "fill", paint: { "fill-color": color, "fill-opacity": 0.22, ...PLAIN_EDGE } }),
    place(layer, "outline", Band.Line, { type: "line", paint: { "line-color": color, "line-width": byZoom(0.3, 0.9, 1.6), ...dashes(layer) } }),
  ];
}

/** Short lines that must be found on the map of a whole city: rings at their ends where the line itself is too small. */
function finding(layer: Layer): Placed[] {
  const ring = (suffix: string, color: string, width: number) => {
    const paint = {
      "circle-opacity": 0,
      "circle-radius": byZoom(5, 8, 12),
      "circle-stroke-color": color,
      "circle-stroke-width": width,
    };
    return place(layer, suffix, Band.Point, { type: "circle", maxzoom: RING_ZOOM, paint });
  };
  return [...plain(layer), ring("ring-halo", "#fff", 3.6), ring("ring", layer.color ?? PLAIN, 2)];
}

function drawn(manifest: Manifest, layer: Layer): Placed[] {
  if (layer.geometry === "raster") {
    const paint = { "raster-opacity": OPACITY, "raster-resampling": "nearest", "raster-fade-duration": 0 };
    return [place(layer, "", Band.Area, { type: "raster", paint })];
  }
  switch (layer.style) {
    case "graded":
      return graded(manifest, layer);
    case "finding":
      return finding(layer);
    case "road":
      return roads(layer);
    case "boundary":
      return boundary(layer);
    case "label":
      return label(manifest, layer);
    case "water":
    case "green":
    case "industrial":
    case "builtup":
      return ground(layer, COLOR[layer.style]);
    default:
      return plain(layer);
  }
}

/** The style, and for each manifest layer the style layers that draw it. */
export function makeStyle(manifest: Manifest): { style: StyleSpecification; parts: Map<string, string[]> } {
  const parts = new Map<string, string[]>();
  const placed: Placed[] = [];
  for (const layer of manifest.layers) {
    const its = drawn(manifest, layer);
    parts.set(layer.id, its.map((p) => p.layer.id));
    placed.push(...its);
  }
  placed.sort((a, b) => a.band - b.band); // a stable sort keeps the manifest's order
  const sources: StyleSpecification["sources"] = {};
  for (const [name, source] of Object.entries(manifest.sources)) {
    const { minzoom, maxzoom } = source;
    const shared = { tiles: [tileUrl(name)], minzoom, maxzoom };
    sources[name] =
      source.type === "vector"
        ? { type: "vector", ...shared }
        : { type: "raster", tileSize: source.tile_size ?? 256, ...shared };
  }
  const background: LayerSpecification = { id: ":background", type: "background", paint: { "background-color": COLOR.background } };
  return { style: { version: 8, sources, layers: [background, ...placed.map((p) => p.layer)] }, parts };
}
