// The site's data as docs/site-format.md describes it.
import type { SpotData } from "./spotrisk";

export type Lang = "zh" | "en";
export type Words = Record<Lang, string>;
export type Value = string | number | boolean | null | undefined;

export interface Grade extends Words {
  grade: number;
  letter: Words;
  color: string;
  ink: string; // the darker tone in which the hatch is drawn
  hatch: string;
  safe?: { color: string; ink: string }; // of the colour-blind palette
  tile?: { color: string; ink: string }; // as the tiles have it, whatever palette is in force
  pattern: string[]; // the hatch, a line a row of pixels, # where the ink is; repeats without a seam
}

export interface Source {
  type: "vector" | "raster";
  file: string;
  bytes: number;
  chunks?: { dir: string; count: number; bytes: number };
  minzoom: number;
  maxzoom: number;
  tile_size?: number;
}

export interface Column extends Words {
  name: string;
  unit: string;
  dtype: "string" | "float" | "int" | "bool" | "date" | "json";
  domain: Record<string, Words | string>;
}

export interface Layer extends Words {
  id: string;
  source: string;
  source_layer?: string;
  group?: string;
  geometry: "fill" | "line" | "circle" | "raster";
  style: "graded" | "plain" | "finding" | "glyph" | "water" | "green" | "industrial" | "builtup" | "road" | "boundary" | "label";
  color?: string;
  dash?: string; // of a line: drawn, left out [px]
  arrows?: boolean; // along a line, the way it is driven
  mark?: Words; // the character in a circle; {column} stands for the value of one
  label?: string; // the column written beside it
  visible: boolean;
  base: boolean;
  title_column?: string;
  columns: Column[];
  count?: number;
  downloads?: string[];
  legend?: { color: string; label: string }[]; // rasters: a ramp, lowest first
  unit?: string;
  listed?: boolean; // rasters: the script of the bands has rows of it
}

/** Area and residents of each grade or band of the surfaces. */
export interface Bands {
  columns: Column[];
  rows: Record<string, Value[][]>; // by id of the surface
  all: Record<string, number>; // rows that the download has
}

export interface Table {
  layer?: string;
  columns: string[];
  rows: Value[][];
  lonlat: [number, number][];
}

export interface Manifest {
  version: number;
  profile: string;
  languages: Lang[];
  title: Words;
  note: Words;
  watermark?: string; // over the whole page
  bounds: [number, number, number, number];
  grades: Grade[];
  groups: (Words & { id: string })[];
  sources: Record<string, Source>;
  layers: Layer[];
  table?: Table;
  phrases?: [string, string][]; // sentences of the results: English with {} for values, Chinese
  translated?: string[]; // columns made of them
  risk?: RiskPanel;
  handbooks?: { folder: string; region: string }; // where handbooks of the region lie, if there are any
  compare?: { before: string; now: string; labels: { before: string; now: string } }; // ids of two surfaces, their dates
  search?: string; // the script of the search index
  bands?: string; // the script of the surfaces' lists
  spot?: string; // the script that takes the risk of a clicked place apart
}

export interface Curve {
  scope: string;
  name: string;
  zone: string;
  pll: number;
  points: [number, number][]; // deaths, frequency of so many or more [per year]
}

export interface RiskPanel {
  fn?: { curves: Curve[]; lines: Record<"upper" | "lower", [number, number][]> };
  causes?: { scope: string; name: string; pll: number; share: number; deaths: number }[];
  verdicts?: Record<"fail" | "undecided" | "pass", number>;
  targets?: Table;
}

/** [name, index in layers, longitude, latitude, id, initials of its pinyin]; the last two may be missing. */
export type Hit = [string, number, number, number, string?, string?];

declare global {
  interface Window {
    GEO_RISK?: Manifest;
    GEO_RISK_SEARCH?: Hit[];
    GEO_RISK_SPOT?: SpotData;
    GEO_RISK_BANDS?: Bands;
    GEO_RISK_HANDBOOKS?: { region: string; files: Record<string, string> };
    GEO_RISK_CHUNK?: (source: string, n: number, base64: string) => void;
    __geoRisk?: { map: unknown; ready: Promise<void> };
  }
}

/** The grade of a feature or a row; undefined for 0, for a missing value and for a grade without a legend entry. */
export function gradeOf(manifest: Manifest, value: Value): Grade | undefined {
  return manifest.grades.find((g) => g.grade > 0 && g.grade === Number(value));
}
