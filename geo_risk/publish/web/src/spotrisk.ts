// Why a clicked place has its individual risk: by source, scenario, outcome and weather, from the site's spot script.
import type { LngLat } from "maplibre-gl";
import { el, loadScript } from "./dom";
import { lang, phrase, ui, type Word } from "./i18n";
import { riskSum, type Arrays, type Part } from "./risksum";
import { number } from "./values";

const LISTED = 5; // rows of a list; the others are added up
const TYPES = { f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array };

export interface SpotData {
  grid: { cell_m: number; rows: number; cols: number };
  lattice: { west: number; south: number; step: number; columns: number };
  sources: [string, string][]; // id, name
  weathers: [string, number, string][]; // stability, speed [m/s], period
  scenarios: string[];
  kinds: string[];
  arrays: [keyof Arrays, keyof typeof TYPES, number][];
  data: string;
}

/** Shares of one question, the largest first: what, per year. */
export type Shares = [string, number][];

export interface Spot {
  total: number; // per year
  cell: number; // at the centre of the cell that the surface shows there
  lists: Record<"source" | "scenario" | "kind" | "weather", Shares>;
}

type Ask = (at: LngLat) => Spot | undefined;

async function load(file: string): Promise<SpotData> {
  await loadScript(file);
  if (!window.GEO_RISK_SPOT) throw new Error(`${file} holds no data`);
  return window.GEO_RISK_SPOT;
}

async function unpack({ arrays, data }: SpotData): Promise<Arrays> {
  const packed = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  let offset = 0;
  const out: Record<string, unknown> = {};
  for (const [name, type, length] of arrays) {
    out[name] = new TYPES[type](bytes, offset, length);
    offset += (out[name] as Float32Array).byteLength;
  }
  return out as unknown as Arrays;
}

/** Metres east and north of the grid's corner, bilinear between the nodes; undefined outside them. */
function metres({ lattice, grid }: SpotData, { east, north }: Arrays, at: LngLat): [number, number] | undefined {
  const [u, v] = [(at.lng - lattice.west) / lattice.step, (at.lat - lattice.south) / lattice.step];
  const [i, j] = [Math.floor(u), Math.floor(v)];
  if (i < 0 || j < 0 || i + 1 >= lattice.columns || (j + 2) * lattice.columns > east.length) return undefined;
  const read = (nodes: Float32Array): number => {
    const [a, b] = [j, j + 1].map((row) => {
      const k = row * lattice.columns + i;
      return nodes[k] + (u - i) * (nodes[k + 1] - nodes[k]);
    });
    return a + (v - j) * (b - a);
  };
  const [x, y] = [read(east), read(north)];
  const inside = x >= 0 && y <= 0 && x < grid.cols * grid.cell_m && -y < grid.rows * grid.cell_m;
  return inside ? [x, y] : undefined;
}

/** Parts added up by what they are of, told by rows: things of one name stay two. */
function ranked(parts: Part[], of: (part: Part) => number[], name: (...rows: number[]) => string): Shares {
  const sums = new Map<string, [number[], number]>();
  for (const part of parts) {
    const rows = of(part);
    sums.set(rows.join(), [rows, (sums.get(rows.join())?.[1] ?? 0) + part.value]);
  }
  return [...sums.values()].sort((a, b) => b[1] - a[1]).map(([rows, value]) => [name(...rows), value]);
}

const told = (text: string): string => (lang() === "zh" ? phrase(text) : text.replace(/_/g, " "));

async function asker(file: string): Promise<Ask> {
  const data = await load(file);
  const arrays = await unpack(data);
  const sum = riskSum(arrays, data.weathers.length);
  const named = (source: number): string => data.sources[source][1] || data.sources[source][0];
  const total = (parts: Part[]): number => parts.reduce((all, p) => all + p.value, 0);
  return (at) => {
    const here = metres(data, arrays, at);
    if (!here) return undefined;
    const parts = sum(...here);
    const { cell_m } = data.grid;
    const [x, y] = here.map((v) => (Math.floor(v / cell_m) + 0.5) * cell_m);
    return {
      total: total(parts),
      cell: total(sum(x, y)),
      lists: {
        source: ranked(parts, (p) => [p.source], named),
        scenario: ranked(parts, (p) => [arrays.scenario[p.outcome], p.source], (scenario, source) => `${told(data.scenarios[scenario])} · ${named(source)}`),
        kind: ranked(parts, (p) => [arrays.kind[p.outcome]], (kind) => told(data.kinds[kind])),
        weather: ranked(parts, (p) => [arrays.weather[p.outcome]], (row) => {
          const [stability, speed, period] = data.weathers[row] ?? [];
          return period === undefined ? ui("anyWeather") : ui("weatherOf", { stability: stability!, speed: speed!.toFixed(1), period: told(period) });
        }),
      },
    };
  };
}

const HEADS: Record<keyof Spot["lists"], Word> = { source: "bySource", scenario: "byScenario", kind: "byOutcome", weather: "byWeather" };

/** Shares to a tenth of a per cent that still add up to 100: what rounding lost goes to those that lost most. */
export function percents(values: number[]): string[] {
  const all = values.reduce((sum, v) => sum + v, 0);
  const exact = values.map((v) => (1000 * v) / all);
  const whole = exact.map(Math.floor);
  const lost = exact.map((v, i) => [v - whole[i], i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  const missing = Math.round(1000 - whole.reduce((sum, v) => sum + v, 0));
  for (const [, i] of lost.slice(0, missing)) whole[i] += 1;
  return whole.map((v) => (v / 10).toFixed(1));
}

function list(which: keyof Spot["lists"], shares: Shares): HTMLElement[] {
  const rest = shares.slice(LISTED);
  const rows: Shares = [...shares.slice(0, LISTED)];
  if (rest.length) rows.push([ui("others", { n: rest.length }), rest.reduce((sum, [, v]) => sum + v, 0)]);
  const parts = percents(rows.map(([, v]) => v));
  const items = rows.map(([name], i) => [el("dt", { class: "wide" }, name), el("dd", { class: "number" }, `${parts[i]} %`)]);
  return [el("h3", {}, ui(HEADS[which])), el("dl", { class: "shares", "data-by": which }, ...items.flat())];
}

function answer(spot: Spot | undefined): (Node | string)[] {
  if (!spot) return [el("p", { class: "quiet" }, ui("outside"))];
  if (spot.total <= 0) return [el("p", {}, ui("noRisk"))];
  const difference = spot.cell > 0 ? ui("cellDiffers", { value: number(spot.cell), percent: (100 * (spot.total / spot.cell - 1)).toFixed(1) }) : "";
  const lists = (["source", "scenario", "kind", "weather"] as const).flatMap((which) => list(which, spot.lists[which]));
  return [el("p", { class: "quiet" }, difference), ...lists];
}

/** A block that fills itself with the risk of a place; ``open`` from the start or folded below its figure. */
export type Explain = (at: LngLat, open: boolean, filled: () => void) => HTMLElement;

export function explainer(file: string): Explain {
  let loaded: Promise<Ask> | undefined;
  return (at, open, filled) => {
    const summary = el("summary", {}, ui("riskHere"), el("span", { class: "quiet" }, ` ${ui("reading")}`));
    const block = el("details", { class: "spot", open }, summary);
    loaded ??= asker(file);
    loaded
      .then((ask) => {
        const spot = ask(at);
        if (spot) Object.assign(block.dataset, { total: spot.total, cell: spot.cell });
        const figure = spot && spot.total > 0 ? `${number(spot.total)} ${ui("eachYear")}` : "";
        summary.replaceChildren(ui("riskHere"), el("strong", {}, ` ${figure}`));
        block.append(...answer(spot));
      })
      .catch((error: Error) => {
        loaded = undefined; // the next click tries again
        summary.replaceChildren(ui("attention") + error.message);
      })
      .finally(filled);
    return block;
  };
}
