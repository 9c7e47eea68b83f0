// A sheet of paper: title, map in a frame, north arrow, scale, legend, source and date, at the size of A4 or A3.
import type { LngLatBoundsLike, Map as MapLibre } from "maplibre-gl";
import { el, skeleton } from "./dom";
import { onLanguage, ui, words } from "./i18n";
import type { Manifest } from "./manifest";

const PAPERS = { A4: [297, 210], A3: [420, 297] } as const; // landscape [mm]
const MARGIN = 10; // [mm]
const BORDER = 3; // of the frame, both sides [mm]
const PX_PER_MM = 96 / 25.4; // of CSS
const SHARPNESS = 2; // pixels of the picture a CSS pixel
const BAR = 50; // longest scale bar [mm]

const mm = (value: number): string => `${value}mm`;

/** The largest 1, 2 or 5 times a power of ten that is not above ``most``. */
export function round125(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([5, 2].find((step) => step * power <= most) ?? 1);
}

/** Metres on the ground of a millimetre on paper, in the middle of the map. */
function perMillimetre(map: MapLibre): number {
  const { lat, lng } = map.getCenter();
  const { x, y } = map.project([lng, lat]);
  const side = 100;
  const [west, east] = [map.unproject([x - side, y]), map.unproject([x + side, y])];
  return (west.distanceTo(east) / (2 * side)) * PX_PER_MM;
}

function scaleBar(metres: number): HTMLElement {
  const ground = round125(metres * BAR);
  const text = ground >= 1000 ? `${ground / 1000} km` : `${ground} m`;
  const bar = el("span", { class: "bar-of-scale" });
  bar.style.width = mm(ground / metres);
  const denominator = Number((metres * 1000).toPrecision(3)).toLocaleString("en");
  return el("div", { class: "scale" }, bar, el("span", {}, text), el("span", {}, ui("scaleOf", { n: denominator })));
}

/** North is up: the map cannot be turned. */
function northArrow(): HTMLElement {
  return el("div", { class: "north" }, el("span", { "aria-hidden": "true" }, "▲"), ui("north"));
}

const still = (map: MapLibre): Promise<void> =>
  new Promise((resolve) => {
    map.once("idle", () => resolve());
    map.triggerRepaint();
  });

/** What is seen of the region; all that is seen where none of it is. */
function seen(map: MapLibre, manifest: Manifest): LngLatBoundsLike {
  const bounds = map.getBounds();
  const [west, south, east, north] = manifest.bounds;
  const left = Math.max(west, bounds.getWest()), right = Math.min(east, bounds.getEast());
  const below = Math.max(south, bounds.getSouth()), above = Math.min(north, bounds.getNorth());
  return left < right && below < above ? [left, below, right, above] : bounds;
}

/** The map as a picture of that size [mm], showing at least what it shows of the region now; and `perMillimetre` of it. */
async function picture(map: MapLibre, manifest: Manifest, width: number, height: number): Promise<[string, number]> {
  const box = map.getContainer();
  const [bounds, ratio] = [seen(map, manifest), map.getPixelRatio()];
  const [center, zoom] = [map.getCenter(), map.getZoom()];
  Object.assign(box.style, { position: "fixed", inset: "0 auto auto 0", width: mm(width), height: mm(height), flex: "none" });
  try {
    map.setPixelRatio(SHARPNESS);
    map.resize();
    map.fitBounds(bounds, { animate: false, padding: 4 * PX_PER_MM });
    await still(map);
    map.redraw(); // the picture can be read only right after drawing
    return [map.getCanvas().toDataURL("image/png"), perMillimetre(map)];
  } finally {
    box.removeAttribute("style");
    map.setPixelRatio(ratio);
    map.resize();
    map.jumpTo({ center, zoom });
  }
}

/** Puts the sheet together; the function it gives takes it away again. */
export async function makeSheet(map: MapLibre, manifest: Manifest, paper: keyof typeof PAPERS, upright: boolean): Promise<() => void> {
  const [width, height] = upright ? [PAPERS[paper][1], PAPERS[paper][0]] : PAPERS[paper];
  const inner = width - 2 * MARGIN;
  const head = el("h1", {}, words(manifest.title));
  const foot = el("div", { class: "foot" }, el("span", {}, words(manifest.note)), el("span", {}, ui("datum")));
  const sheet = el("div", { id: "sheet" }, head, foot);
  Object.assign(sheet.style, { display: "block", position: "fixed", visibility: "hidden", width: mm(inner) });
  document.body.append(sheet);
  const tall = height - 2 * MARGIN - BORDER - Math.ceil((head.offsetHeight + foot.offsetHeight) / PX_PER_MM);
  sheet.removeAttribute("style");
  const [url, metres] = await picture(map, manifest, inner - BORDER, tall).catch((error: Error) => {
    sheet.remove();
    throw error;
  });
  const image = el("img", { src: url, alt: ui("map") });
  Object.assign(image.style, { width: mm(inner - BORDER), height: mm(tall) });
  const legend = skeleton("legend").cloneNode(true) as HTMLElement;
  legend.removeAttribute("id");
  legend.className = "legend";
  head.after(el("div", { class: "frame" }, image, northArrow(), legend, scaleBar(metres)));
  const page = el("style", {}, `@page { size: ${mm(width)} ${mm(height)}; margin: ${mm(MARGIN)}; }`);
  document.head.append(page);
  document.documentElement.classList.add("sheet");
  await image.decode();
  return () => {
    document.documentElement.classList.remove("sheet");
    sheet.remove();
    page.remove();
  };
}

/** The button, and the card where paper and direction are chosen; ``settle`` is called before the map takes their size. */
export function addPrint(map: MapLibre, manifest: Manifest, settle: () => void): void {
  const open = el("button", { type: "button", id: "print", "aria-expanded": "false", "aria-controls": "print-card" });
  const paper = el("select", { id: "print-paper" });
  const label = el("label", { for: "print-paper" });
  const [go, close] = [1, 2].map(() => el("button", { type: "button" }));
  const waiting = el("p", { class: "quiet", role: "status" });
  const card = el("div", { id: "print-card", class: "card", role: "group", hidden: true }, label, paper, el("div", { class: "buttons" }, go, close), waiting);
  skeleton("tools").append(open);
  skeleton("map").after(card);
  const show = (shown: boolean): void => {
    card.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
    (shown ? paper : open).focus();
  };
  open.addEventListener("click", () => show(card.hidden !== false));
  close.addEventListener("click", () => show(false));
  card.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  go.addEventListener("click", async () => {
    const [size, way] = paper.value.split(" ");
    waiting.textContent = ui("preparing");
    go.disabled = true;
    settle(); // what is printed is what is seen, however large the paper
    try {
      const away = await makeSheet(map, manifest, size as keyof typeof PAPERS, way === "portrait");
      window.addEventListener("afterprint", away, { once: true });
      window.print();
    } finally {
      go.disabled = false;
      waiting.textContent = "";
      show(false);
    }
  });
  onLanguage(() => {
    open.textContent = go.textContent = ui("print");
    close.textContent = ui("close");
    label.textContent = ui("paper");
    card.setAttribute("aria-label", ui("print"));
    const chosen = paper.value || "A4 landscape";
    const options = (["A4", "A3"] as const).flatMap((size) => (["landscape", "portrait"] as const).map((way) => el("option", { value: `${size} ${way}` }, `${size} ${ui(way)}`)));
    paper.replaceChildren(...options);
    paper.value = chosen;
  });
}
