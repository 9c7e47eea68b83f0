// What the desk asks the server, and what comes back.
import type * as GeoJSON from "geojson";
import type { Words } from "../manifest";
import { ui } from "./words";

export type Shape = "polygon" | "line" | "point";
export type Verdict = "conflict" | "undecided" | "clear" | "told";
export type Position = [number, number];
export type Geometry =
  | { type: "Polygon"; coordinates: Position[][] }
  | { type: "LineString"; coordinates: Position[] }
  | { type: "Point"; coordinates: Position };

export interface Column extends Words {
  name: string;
  unit: Words;
  dtype: string;
  more: boolean;
  options: (Words & { value: string })[];
}

export interface Kind extends Words {
  kind: string;
  columns: string[];
  needs: string[][];
}

export interface Group extends Words {
  layer: string;
  shapes: Shape[];
  columns: Column[];
  kinds: Kind[];
}

export interface Kinds {
  groups: Group[];
  substances: string[];
  words: Record<string, Words>;
}

export type Row = Record<string, string | number | boolean | null>;

export interface Way {
  way: "move" | "stock";
  verdict: Verdict;
  dx_m?: number;
  dy_m?: number;
  distance_m?: number;
  text: Words;
}

export interface Answer {
  verdict: Verdict;
  dates: Record<string, string>;
  project: { name: string; kind: string; area_m2: number; geometry: GeoJSON.Geometry }[];
  checks: { name: string; verdict: Verdict; zh: string; en: string; clause: string }[];
  findings: Row[];
  risk: Row[];
  not_checked: (Words | string)[];
  words: Record<string, Words>;
  layers: Record<string, Words>;
  segments: GeoJSON.FeatureCollection;
}

export interface Question {
  geojson?: Geometry;
  file?: File;
  kind: string;
  values: Record<string, string>;
  crs: string;
  move: [number, number];
}

/** What went wrong, in both languages where the server knows. */
export class Refusal extends Error {
  constructor(
    readonly told: Words | undefined,
    readonly detail = "",
  ) {
    super(told?.en);
  }
}

function body({ file, ...rest }: Question, more: object): RequestInit {
  const text = JSON.stringify({ ...rest, ...more });
  if (!file) return { method: "POST", body: text, headers: { "Content-Type": "application/json" } };
  const form = new FormData();
  form.append("question", text);
  form.append("file", file, file.name);
  return { method: "POST", body: form };
}

async function ask(path: string, init?: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Refusal(undefined, ui("noAnswer"));
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => undefined);
  if (told?.error) throw new Refusal(told.error, told.error.detail);
  throw new Refusal(undefined, ui("failed", { code: answer.status }));
}

export const askKinds = async (): Promise<Kinds> => (await ask("/api/kinds")).json();

export const askVerdict = async (question: Question): Promise<Answer> =>
  (await ask("/api/siting", body(question, {}))).json();

/** What a file holds: its shapes in WGS 84, their sizes, and the coordinate system they were read in. */
export interface Preview {
  shapes: GeoJSON.Geometry[];
  area_m2: number;
  length_m: number;
  system: string;
}

export const askOutline = async (file: File, crs: string): Promise<Preview> =>
  (await ask("/api/siting/outline", body({ file, crs, kind: "", values: {}, move: [0, 0] }, {}))).json();

/** What would make it pass, which takes longer to find than the verdict. */
export const askWays = async (question: Question): Promise<Way[]> =>
  (await (await ask("/api/siting/ways", body(question, {}))).json()).ways;

/** Asks for the letter and hands it to the browser as a download. */
export async function download(question: Question, format: string, lang: string): Promise<void> {
  const answer = await ask("/api/siting/letter", body(question, { format, lang }));
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = `siting-${lang}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
