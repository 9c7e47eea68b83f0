// The hatches. One pattern of pixels, which comes with the site's data, serves the raster tiles, the areas and points of
// the map, the legend and the table, so that they cannot differ.
import type { Map as MapLibre } from "maplibre-gl";
import type { Grade } from "./manifest";

const SCALE = 2; // image pixels a CSS pixel
export const MARKER = 20; // side of a point's picture [CSS px]
export const NO_GRADE = "#d5d9dd";

type Look = Pick<Grade, "color" | "ink" | "pattern">;
const UNGRADED: Look = { color: NO_GRADE, ink: NO_GRADE, pattern: ["."] };

function canvas(side: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const element = document.createElement("canvas");
  element.width = element.height = side * SCALE;
  const pen = element.getContext("2d", { willReadFrequently: true })!; // its pixels are asked for: kept off the GPU
  pen.scale(SCALE, SCALE);
  return [element, pen];
}

function fill(pen: CanvasRenderingContext2D, { color, ink, pattern }: Look, side: number): void {
  pen.fillStyle = color;
  pen.fillRect(0, 0, side, side);
  pen.fillStyle = ink;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const row = pattern[y % pattern.length];
      if (row[x % row.length] === "#") pen.fillRect(x, y, 1, 1);
    }
  }
}

function square(look: Look): HTMLCanvasElement {
  const side = look.pattern.length;
  const [element, pen] = canvas(side);
  fill(pen, look, side);
  return element;
}

function marker(look: Look): HTMLCanvasElement {
  const [element, pen] = canvas(MARKER);
  const middle = MARKER / 2;
  pen.save();
  pen.beginPath();
  pen.arc(middle, middle, middle - 2, 0, 2 * Math.PI);
  pen.clip();
  fill(pen, look, MARKER);
  pen.restore();
  pen.beginPath();
  pen.arc(middle, middle, middle - 1.6, 0, 2 * Math.PI);
  pen.lineWidth = 2.4;
  pen.strokeStyle = "#fff";
  pen.stroke();
  pen.beginPath();
  pen.arc(middle, middle, middle - 2.6, 0, 2 * Math.PI);
  pen.lineWidth = 0.8;
  pen.strokeStyle = "#2b3440";
  pen.stroke();
  return element;
}

/** Gives the map `fill-<grade>` and `mark-<grade>`, new ones for old; grade 0 stands for no grade. */
export function addHatches(map: MapLibre, grades: Grade[]): void {
  const all: [number, Look][] = [[0, UNGRADED], ...grades.filter((g) => g.grade > 0).map((g): [number, Look] => [g.grade, g])];
  for (const [grade, look] of all) {
    for (const [name, picture] of [
      [`fill-${grade}`, square(look)],
      [`mark-${grade}`, marker(look)],
    ] as const) {
      const pen = picture.getContext("2d")!;
      const pixels = pen.getImageData(0, 0, picture.width, picture.height);
      if (map.hasImage(name)) map.updateImage(name, pixels);
      else map.addImage(name, pixels, { pixelRatio: SCALE });
    }
  }
}

/** The hatch of a grade as a picture that repeats without a seam. */
export const picture = (grade: Grade | undefined): HTMLCanvasElement => square(grade ?? UNGRADED);

const drawn = new Map<string, string>();

/** A hatch as the background of an element; drawn once. */
export function hatched(grade: Grade | undefined): string {
  const look = grade ?? UNGRADED;
  const key = [look.color, look.ink, ...look.pattern].join();
  const address = drawn.get(key) ?? square(look).toDataURL();
  drawn.set(key, address);
  return `url(${address}) 0 0 / ${look.pattern.length}px`;
}

/** A swatch as the map paints it. */
export function swatch(grade: Grade | undefined): HTMLElement {
  const element = document.createElement("span");
  element.className = "swatch";
  element.setAttribute("aria-hidden", "true");
  element.style.background = hatched(grade);
  return element;
}
