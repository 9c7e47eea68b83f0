// The map where the browser has no WebGL: the same tiles painted on a plain canvas. Whole zooms, no animation.
import type { VectorTileFeature } from "@mapbox/vector-tile";
import type { Archives } from "./archive";
import { el, say, skeleton } from "./dom";
import { decode, placeOf, tileAt } from "./features";
import { picture } from "./hatch";
import { onLanguage, ui, words } from "./i18n";
import { gradeOf, type Layer, type Manifest, type Value } from "./manifest";
import { content, worstFirst, type Found } from "./popup";
import { COLOR, FONTS, OPACITY, PLAIN } from "./style";

const TILE = 512; // side of a tile at its own zoom [CSS px]
const REACH = 8; // a click this near a point means it [CSS px]
const CLOSE_ZOOM = 13; // where a place found by name is shown
const LAST_ZOOM = 16;
const STEP = 100; // an arrow key moves so far [CSS px]
const ORDER: Record<string, number> = { raster: 0, fill: 0, line: 1, circle: 2 };

/** How a layer is painted: of areas that are boundaries the outline is meant. */
const kind = (layer: Layer): Layer["geometry"] => (layer.style === "boundary" ? "line" : layer.geometry);

type Drawn = ImageBitmap | VectorTileFeature[] | undefined;
type Hit = { path: Path2D; dot: boolean; found: Found };

export interface PlainMap {
  setVisible: (layer: Layer, visible: boolean) => void;
  setOpacity: (layer: Layer, share: number) => void;
  goTo: (layer: Layer, name: string, at: [number, number]) => void;
}

export function plainMap(manifest: Manifest, archives: Archives): PlainMap {
  const canvas = el("canvas", { tabindex: "0", role: "img" });
  const facts = el("div", { class: "card below", hidden: true });
  const [nearer, farther] = [1, 2].map(() => el("button", { type: "button" }));
  const box = skeleton("map");
  box.append(canvas, el("div", { class: "zooms" }, nearer, farther), facts);
  const pen = canvas.getContext("2d")!;
  const layers = manifest.layers.map((layer, i) => ({ layer, i, rank: layer.style === "label" ? 3 : ORDER[kind(layer)] }));
  layers.sort((a, b) => a.rank - b.rank || a.i - b.i);
  const visible = new Set(manifest.layers.filter((l) => l.visible));
  const share = new Map<Layer, number>();
  const tiles = new Map<string, Promise<Drawn>>();
  let hits: Hit[] = [];
  const [west, south, east, north] = manifest.bounds;
  let center: [number, number] = [(west + east) / 2, (south + north) / 2];
  let zoom = 0;
  let turn = 0;

  const fit = (): number => {
    const [a, b] = [tileAt([west, north], 0), tileAt([east, south], 0)];
    return Math.floor(Math.log2(Math.min(canvas.width / (b.x - a.x), canvas.height / (b.y - a.y)) / TILE));
  };
  const read = (layer: Layer, z: number, x: number, y: number): Promise<Drawn> => {
    const key = `${layer.id} ${z} ${x} ${y}`;
    if (!tiles.has(key)) {
      const tile = archives.read(layer.source, z, x, y).then((data): Drawn | Promise<Drawn> => {
        if (!data) return undefined;
        return layer.geometry === "raster" ? createImageBitmap(new Blob([data], { type: "image/png" })) : decode(data, layer);
      });
      tiles.set(key, tile);
    }
    return tiles.get(key)!;
  };
  const color = (layer: Layer, properties: Record<string, Value>): string | CanvasPattern => {
    if (layer.style === "graded") {
      const grade = gradeOf(manifest, properties.grade);
      return layer.geometry === "fill" ? pen.createPattern(picture(grade), "repeat")! : (grade?.color ?? COLOR.background);
    }
    return layer.base ? (COLOR[layer.style as keyof typeof COLOR] ?? COLOR.road) : (layer.color ?? PLAIN);
  };
  const path = (feature: VectorTileFeature, left: number, top: number, scale: number, radius: number): Path2D => {
    const out = new Path2D();
    for (const part of feature.loadGeometry()) {
      part.forEach(({ x, y }, i) => (i ? out.lineTo(left + x * scale, top + y * scale) : out.moveTo(left + x * scale, top + y * scale)));
      if (feature.type === 3) out.closePath();
      if (feature.type === 1) out.arc(left + part[0].x * scale, top + part[0].y * scale, radius, 0, 2 * Math.PI);
    }
    return out;
  };
  const label = (feature: VectorTileFeature, left: number, top: number, scale: number): void => {
    const [[{ x, y }]] = feature.loadGeometry();
    pen.font = `14px ${FONTS}`;
    pen.textAlign = "center";
    [pen.lineWidth, pen.strokeStyle, pen.fillStyle] = [3, COLOR.halo, COLOR.label];
    pen.strokeText(String(feature.properties.name), left + x * scale, top + y * scale);
    pen.fillText(String(feature.properties.name), left + x * scale, top + y * scale);
  };
  /** The character of a layer, in its circle or in the circle's place. */
  const mark = (layer: Layer, feature: VectorTileFeature, left: number, top: number, scale: number): void => {
    const [[{ x, y }]] = feature.loadGeometry();
    const glyph = layer.style === "glyph";
    pen.font = `${glyph ? 14 : 10}px ${FONTS}`;
    [pen.textAlign, pen.textBaseline] = ["center", "middle"];
    pen.fillStyle = glyph ? (layer.color ?? PLAIN) : "#fff";
    pen.fillText(words(layer.mark!).replace(/\{(\w+)\}/, (_, name: string) => String(feature.properties[name] ?? "")), left + x * scale, top + y * scale);
    pen.textBaseline = "alphabetic";
  };
  const paint = (layer: Layer, feature: VectorTileFeature, left: number, top: number, side: number): void => {
    const scale = side / feature.extent;
    if (layer.style === "label") return label(feature, left, top, scale);
    const shape = path(feature, left, top, scale, layer.mark && layer.style !== "glyph" ? 8 : 4);
    pen.fillStyle = pen.strokeStyle = color(layer, feature.properties);
    pen.lineWidth = kind(layer) === "line" ? 2 : 0.8;
    pen.setLineDash(layer.dash ? layer.dash.split(" ").map(Number) : []);
    const glyph = layer.style === "glyph";
    if (kind(layer) !== "line" && !glyph) pen.fill(shape);
    if (layer.geometry === "circle") pen.strokeStyle = "#fff";
    else if (layer.style === "graded" && layer.geometry === "fill") pen.strokeStyle = COLOR.outline;
    if ((kind(layer) !== "fill" || !layer.base) && !glyph) pen.stroke(shape);
    pen.setLineDash([]);
    if (layer.mark) mark(layer, feature, left, top, scale);
    if (!layer.base) hits.push({ path: shape, dot: layer.geometry === "circle", found: { layer, properties: feature.properties } });
  };
  const draw = (layer: Layer, tile: Drawn, left: number, top: number, side: number): void => {
    pen.save();
    if (layer.geometry !== "circle") {
      pen.beginPath();
      pen.rect(left, top, side, side);
      pen.clip(); // a tile tells a little of its neighbours
    }
    const own = layer.geometry === "fill" && !layer.base && layer.style !== "graded" ? 0.3 : layer.style === "graded" ? OPACITY : 1;
    pen.globalAlpha = own * (share.get(layer) ?? 1);
    pen.imageSmoothingEnabled = false;
    if (Array.isArray(tile)) for (const feature of tile) paint(layer, feature, left, top, side);
    else if (tile) pen.drawImage(tile, left, top, side, side);
    pen.restore();
  };
  /** Tiles of a layer in sight: what is in them and where they go. */
  const needed = (layer: Layer): Promise<[Drawn, number, number, number]>[] => {
    const { minzoom, maxzoom } = manifest.sources[layer.source];
    const z = Math.min(maxzoom, zoom);
    if (z < minzoom) return [];
    const side = TILE * 2 ** (zoom - z);
    const middle = tileAt(center, z);
    const [across, down] = [canvas.width / 2 / side, canvas.height / 2 / side];
    const out = [];
    for (let x = Math.floor(middle.x - across); x < middle.x + across; x++) {
      for (let y = Math.floor(middle.y - down); y < middle.y + down; y++) {
        const [left, top] = [canvas.width / 2 + (x - middle.x) * side, canvas.height / 2 + (y - middle.y) * side].map(Math.round); // no seams
        out.push(read(layer, z, x, y).then((tile): [Drawn, number, number, number] => [tile, left, top, side]));
      }
    }
    return out;
  };
  const render = async (): Promise<void> => {
    const mine = ++turn;
    const shown = layers.filter(({ layer }) => visible.has(layer) || (layer.base && layer.style !== "road") || (layer.style === "road" && zoom > 10));
    const ready = await Promise.all(shown.map(async ({ layer }) => [layer, await Promise.all(needed(layer))] as const));
    if (mine !== turn) return; // moved on meanwhile
    hits = [];
    pen.fillStyle = COLOR.background;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    for (const [layer, its] of ready) for (const [tile, left, top, side] of its) draw(layer, tile, left, top, side);
    canvas.dataset.drawn = String(mine);
  };
  const move = (x: number, y: number): void => {
    const at = tileAt(center, zoom);
    center = placeOf(at.x + x / TILE, at.y + y / TILE, zoom);
    void render();
  };
  const zoomTo = (to: number): void => {
    zoom = Math.max(0, Math.min(LAST_ZOOM, to));
    void render();
  };
  const tell = (found: Found[]): void => {
    facts.hidden = !found.length;
    const close = el("button", { type: "button" }, ui("close"));
    close.addEventListener("click", () => tell([]));
    facts.replaceChildren(...(found.length ? [content(manifest, found), el("div", { class: "buttons" }, close)] : []));
  };
  const at = (x: number, y: number): Found[] => {
    const near = hits.filter(({ path, dot }) => {
      pen.lineWidth = 2 * REACH;
      return pen.isPointInPath(path, x, y) || (dot && pen.isPointInStroke(path, x, y));
    });
    const keys = new Map(near.map(({ found }) => [`${found.layer.id} ${found.properties.id ?? JSON.stringify(found.properties)}`, found]));
    return worstFirst([...keys.values()]);
  };
  const size = (): void => {
    [canvas.width, canvas.height] = [box.clientWidth, box.clientHeight];
    void render();
  };
  let pressed: { x: number; y: number } | undefined;
  canvas.addEventListener("pointerdown", ({ offsetX: x, offsetY: y }) => (pressed = { x, y }));
  canvas.addEventListener("pointerup", ({ offsetX: x, offsetY: y }) => {
    const from = pressed ?? { x, y };
    if (Math.hypot(x - from.x, y - from.y) > 4) move(from.x - x, from.y - y);
    else tell(at(x, y));
  });
  canvas.addEventListener("keydown", (event) => {
    const ways: Record<string, [number, number]> = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    if (ways[event.key]) move(...ways[event.key]);
    else if (event.key === "+" || event.key === "=") zoomTo(zoom + 1);
    else if (event.key === "-") zoomTo(zoom - 1);
    else return;
    event.preventDefault();
  });
  nearer.addEventListener("click", () => zoomTo(zoom + 1));
  farther.addEventListener("click", () => zoomTo(zoom - 1));
  new ResizeObserver(size).observe(box);
  [canvas.width, canvas.height] = [box.clientWidth, box.clientHeight];
  zoom = fit();
  onLanguage(() => {
    canvas.setAttribute("aria-label", ui("map"));
    [nearer.textContent, farther.textContent] = ["+", "−"];
    nearer.setAttribute("aria-label", ui("zoomIn"));
    farther.setAttribute("aria-label", ui("zoomOut"));
    void render();
  });
  return {
    setVisible(layer, shown) {
      if (shown) visible.add(layer);
      else visible.delete(layer);
      void render();
    },
    setOpacity(layer, its) {
      share.set(layer, its);
      void render();
    },
    goTo(_, name, place) {
      center = place;
      zoomTo(Math.max(zoom, CLOSE_ZOOM));
      say(ui("shown", { name }));
    },
  };
}
