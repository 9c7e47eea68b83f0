// The individual risk at one place, outcome by outcome: the same sum, on the same nodes, as geo_risk/analysis/qra
// (kernels.py, arcs.py, lines.py), so that a click tells what the surface shows and `geo-risk explain` prints.

/** The arrays of a site's spot script (docs/site-format.md); metres count from the corner of the grid. */
export interface Arrays {
  like: Int32Array; // of each source: which kind it is
  first: Int32Array; // of each kind: its first outcome
  frequency: Float32Array;
  footprint: Int32Array;
  weather: Int8Array; // -1: any
  scenario: Int16Array;
  kind: Int8Array;
  nodes: Int32Array; // of each footprint
  slope: Float32Array;
  offset: Float32Array;
  wide: Int8Array; // 1: a plume
  x: Float32Array;
  value: Float32Array;
  width: Float32Array; // of plumes
  segment: Float32Array;
  segments: Int32Array;
  towards: Float32Array;
  east: Float32Array;
  north: Float32Array;
}

export interface Part {
  source: number;
  outcome: number;
  value: number; // per year
}

const [RINGS, FINE, SAMPLES] = [193, 1025, 16]; // arcs.py
const NARROW = 0.1; // [rad]
const NEGLIGIBLE = 1.91; // probit of 0.1 %
const LINE_STEP = 25; // [m], model.py
const PIECES = 1000; // of a reach, for the integral along a line

/** Death probability of a probit; Chebyshev fit of Numerical Recipes (erfcc), within 1.2e-7 of the value. */
function probability(probit: number): number {
  if (probit < NEGLIGIBLE) return 0;
  if (probit >= 13.9) return 1;
  const z = (probit - 5) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * Math.abs(z));
  const fit = [1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  const tail = t * Math.exp(-z * z - 1.26551223 + t * fit.reduceRight((sum, c) => c + t * sum, 0));
  return z >= 0 ? 1 - tail / 2 : tail / 2;
}

export function riskSum(a: Arrays, weathers: number): (px: number, py: number) => Part[] {
  const angles = a.towards.length / weathers;
  const step = (2 * Math.PI) / angles;
  const half = angles / 2 + 1;
  const low = starts(a.nodes);
  const wideLow = starts(a.nodes.map((n, f) => (a.wide[f] ? n : 0)));
  const segmentLow = starts(a.segments);
  const { far, reachOf } = reaches();
  const kinds = a.first.length - 1;
  const its = (kind: number): number[] => Array.from({ length: a.first[kind + 1] - a.first[kind] }, (_, i) => a.first[kind] + i);
  const still = (o: number): boolean => !a.wide[a.footprint[o]] && a.offset[a.footprint[o]] === 0;
  const reach = Array.from({ length: kinds }, (_, k) => its(k).reduce((most, o) => Math.max(most, reachOf[a.footprint[o]]), 0));
  const turning = Array.from({ length: kinds }, (_, k) => its(k).some((o) => !still(o)));
  const roses = Array.from({ length: weathers + 1 }, (_, w) => rose(w - 1)); // the first: any weather
  const shares = roses.map((r) => r.reduce((sum, v) => sum + v, 0) * step);
  const radials = new Map<number, Float64Array>();

  function starts(counts: Int32Array): Int32Array {
    const out = new Int32Array(counts.length + 1);
    counts.forEach((n, i) => (out[i + 1] = out[i] + n));
    return out;
  }

  /** Of each node how far from the axis of its plume anybody dies up to there, and of each footprint its reach [m]. */
  function reaches(): { far: Float64Array; reachOf: Float64Array } {
    const far = new Float64Array(a.width.length);
    const reachOf = new Float64Array(a.nodes.length);
    for (let f = 0; f < a.nodes.length; f++) {
      let most = 0;
      for (let i = 0; a.wide[f] && i < a.nodes[f]; i++) {
        const w = a.width[wideLow[f] + i];
        const above = Math.max(a.value[low[f] + i] - NEGLIGIBLE, 0);
        most = Math.max(most, Number.isFinite(a.slope[f]) ? w * Math.sqrt((2 * above) / a.slope[f]) : w);
        far[wideLow[f] + i] = most;
      }
      reachOf[f] = Math.hypot(a.x[low[f] + a.nodes[f] - 1] + Math.abs(a.offset[f]), most);
    }
    return { far, reachOf };
  }

  function rose(weather: number): Float64Array {
    const out = new Float64Array(angles);
    a.towards.forEach((v, i) => {
      if (weather < 0 || Math.floor(i / angles) === weather) out[i % angles] += v;
    });
    return out;
  }

  /** Last node of a footprint at or before a distance; -1 before the first. */
  function find(f: number, r: number): number {
    let [from, to] = [low[f], low[f + 1]];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (a.x[middle] <= r) from = middle + 1;
      else to = middle;
    }
    return from - 1 - low[f];
  }

  /** A table of a footprint at a distance: constant before its first node, 0 beyond the last. */
  function linear(f: number, table: Float32Array, start: number, r: number): number {
    const [x, last] = [low[f], a.nodes[f] - 1];
    if (r > a.x[x + last]) return 0;
    const k = find(f, r);
    if (k < 0) return table[start];
    if (k >= last) return table[start + last];
    const span = a.x[x + k + 1] - a.x[x + k];
    return span > 0 ? table[start + k] + (table[start + k + 1] - table[start + k]) * ((r - a.x[x + k]) / span) : table[start + k + 1];
  }

  const ring = (f: number, r: number): number => linear(f, a.value, low[f], r);

  function inPlume(f: number, x: number, y: number): number {
    const last = a.nodes[f] - 1;
    if (x < a.x[low[f]] || x > a.x[low[f] + last]) return 0;
    const w = linear(f, a.width, wideLow[f], x);
    if (!Number.isFinite(a.slope[f])) return y <= w ? 1 : 0;
    return w > 0 ? probability(linear(f, a.value, low[f], x) - (a.slope[f] * y * y) / (2 * w * w)) : 0;
  }

  /** The death probability over the arc of a ring: its half angle, and the probability at an angle. */
  function arc(f: number, r: number): [number, (phi: number) => number] | undefined {
    if (r > reachOf[f]) return undefined;
    if (a.wide[f]) return plumeArc(f, r);
    const [offset, span] = [a.offset[f], a.x[low[f + 1] - 1]];
    if (Math.abs(r - Math.abs(offset)) > span) return undefined;
    const top = Math.abs(offset) > span ? Math.asin(Math.min(1, span / Math.abs(offset))) : Math.PI;
    return [top, (phi) => ring(f, Math.hypot(r * Math.cos(phi) - offset, r * Math.sin(phi)))];
  }

  function plumeArc(f: number, r: number): [number, (phi: number) => number] | undefined {
    const k = find(f, r);
    if (k < 0 || r <= 0) return undefined;
    const top = Math.asin(Math.min(1, far[wideLow[f] + Math.min(k + 1, a.nodes[f] - 1)] / r));
    if (top <= 0) return undefined;
    if (top >= NARROW) return [top, (phi) => inPlume(f, r * Math.cos(phi), r * Math.sin(phi))];
    const [w, middle] = [linear(f, a.width, wideLow[f], r), linear(f, a.value, low[f], r)];
    if (w <= 0) return undefined;
    if (!Number.isFinite(a.slope[f])) return [top, () => 1];
    const fall = (a.slope[f] * r * r) / (2 * w * w);
    return [top, (phi) => probability(middle - fall * phi * phi)];
  }

  /** A turning outcome's kernel on one ring, between the angles k and k + 1, for a frequency of 1. */
  function turned(f: number, r: number, wind: Float64Array, k: number, u: number): number {
    const found = arc(f, r);
    if (!found) return 0;
    const [top, at] = found;
    const blows = (angle: number): number => wind[((angle % angles) + angles) % angles];
    const both = (b: number): number => (1 - u) * (blows(k - b) + blows(k + b)) + u * (blows(k + 1 - b) + blows(k + 1 + b));
    let sum = 0;
    for (let m = 0; m < SAMPLES; m++) {
      const phi = ((m + 0.5) * top) / SAMPLES;
      const p = at(phi);
      if (p <= 0) continue;
      const t = phi / step;
      const b = Math.min(Math.floor(t), half - 2);
      sum += p * ((b + 1 - t) * both(b) + (t - b) * both(b + 1));
    }
    return (sum * top) / SAMPLES;
  }

  /** An outcome's part at an offset from a point where its source stands [m]. */
  function atPoint(o: number, far: number, dx: number, dy: number): number {
    const f = a.footprint[o];
    const root = Math.min(Math.sqrt(Math.hypot(dx, dy) / far), 1);
    const wind = a.weather[o] + 1;
    if (still(o)) return a.frequency[o] * shares[wind] * between(root, FINE, (r) => ring(f, r), far);
    const turn = Math.atan2(dy, dx) / step;
    const angle = turn < 0 ? turn + angles : turn;
    const k = Math.min(Math.floor(angle), angles - 1);
    return a.frequency[o] * between(root, RINGS, (r) => turned(f, r, roses[wind], k, angle - k), far);
  }

  /** Between the two nodes about a root of the distance in reaches. */
  function between(root: number, nodes: number, value: (r: number) => number, far: number): number {
    const t = root * (nodes - 1);
    const j = Math.min(Math.floor(t), nodes - 2);
    const [near, beyond] = [j, j + 1].map((i) => value(far * (i / (nodes - 1)) ** 2));
    return near + (t - j) * (beyond - near);
  }

  /** A still outcome's nodes on its kind's reach, kept. */
  function radial(o: number, far: number): Float64Array {
    let table = radials.get(o);
    if (!table) {
      table = Float64Array.from({ length: FINE }, (_, i) => ring(a.footprint[o], far * (i / (FINE - 1)) ** 2));
      radials.set(o, table);
    }
    return table;
  }

  /** The integral of a still outcome along one segment [m], by trapezoids. */
  function along(o: number, far: number, [along0, along1, d]: number[]): number {
    const table = radial(o, far);
    const end = Math.sqrt(far * far - d * d);
    const [from, to] = [Math.max(along0, -end), Math.min(along1, end)];
    if (to <= from) return 0;
    const count = Math.max(1, Math.ceil(((to - from) / far) * PIECES));
    let sum = 0;
    for (let i = 0; i <= count; i++) {
      const t = Math.sqrt(Math.min(Math.hypot(d, from + ((to - from) * i) / count) / far, 1)) * (FINE - 1);
      const j = Math.min(Math.floor(t), FINE - 2);
      sum += (i % count ? 1 : 0.5) * (table[j] + (t - j) * (table[j + 1] - table[j]));
    }
    return (a.frequency[o] * shares[a.weather[o] + 1] * sum * (to - from)) / count;
  }

  /** The segments of a source: ends [m] and length. */
  function segmentsOf(source: number): number[][] {
    const out = [];
    for (let i = segmentLow[source]; i < segmentLow[source + 1]; i++) {
      const [x0, y0, x1, y1] = a.segment.subarray(4 * i, 4 * i + 4);
      out.push([x0, y0, x1, y1, Math.hypot(x1 - x0, y1 - y0)]);
    }
    return out;
  }

  /** Places where a line stands as points, and the metres of each. */
  function points(lines: number[][], far: number): [number[][], number] {
    const length = lines.reduce((sum, s) => sum + s[4], 0);
    if (length === 0) return [lines, 1];
    const count = Math.max(1, Math.ceil(length / Math.min(LINE_STEP, Math.max(far / 8, 1))));
    const out = [];
    let [i, before] = [0, 0];
    for (let n = 0; n < count; n++) {
      const at = ((n + 0.5) * length) / count;
      while (i < lines.length - 1 && before + lines[i][4] < at) before += lines[i++][4];
      const [x0, y0, x1, y1, its] = lines[i];
      const t = its > 0 ? (at - before) / its : 0;
      out.push([x0 + t * (x1 - x0), y0 + t * (y1 - y0)]);
    }
    return [out, length / count];
  }

  /** What every outcome of a source adds, in the order of its outcomes. */
  function partsOf(source: number, px: number, py: number): number[] {
    const kind = a.like[source];
    const [far, mine] = [reach[kind], its(kind)];
    const lines = segmentsOf(source);
    const near = lines.some(([x0, y0, x1, y1]) => {
      const dx = Math.max(0, Math.min(x0, x1) - px, px - Math.max(x0, x1));
      return dx < far && Math.max(0, Math.min(y0, y1) - py, py - Math.max(y0, y1)) < far;
    });
    if (!near) return [];
    if (!turning[kind] && lines[0][4] > 0) {
      const seen = lines.filter((s) => s[4] > 0).map(([x0, y0, x1, y1, length]) => {
        const [ex, ey] = [(x1 - x0) / length, (y1 - y0) / length];
        const s = (x0 - px) * ex + (y0 - py) * ey;
        return [s, s + length, Math.abs((px - x0) * ey - (py - y0) * ex)];
      });
      const close = seen.filter((s) => s[2] < far);
      return mine.map((o) => close.reduce((sum, s) => sum + along(o, far, s), 0));
    }
    const [places, metres] = points(lines, far);
    const offsets = places.map(([x, y]) => [px - x, py - y]).filter(([dx, dy]) => dx * dx + dy * dy < far * far);
    return mine.map((o) => offsets.reduce((sum, [dx, dy]) => sum + metres * atPoint(o, far, dx, dy), 0));
  }

  return (px, py) => {
    const out: Part[] = [];
    for (let source = 0; source < a.like.length; source++) {
      if (!a.segments[source]) continue;
      partsOf(source, px, py).forEach((value, i) => {
        if (value > 0) out.push({ source, outcome: a.first[a.like[source]] + i, value });
      });
    }
    return out;
  };
}
