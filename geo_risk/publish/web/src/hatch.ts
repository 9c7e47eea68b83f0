// The four hatches. One drawing serves map, legend and table, so that they cannot differ.
import type { Map as MapLibre } from "maplibre-gl";
import type { Grade, Hatch } from "./manifest";

const SCALE = 2; // image pixels a CSS pixel
const TILE = 12; // side of the repeating square [CSS px]
export const MARKER = 20; // side of a point's picture [CSS px]
export const NO_GRADE = "#d5d9dd";

/** Ink that shows on a colour: white on dark colours, near black on light ones. */
function ink(color: string): string {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b < 110 ? "rgba(255,255,255,.55)" : "rgba(60,30,0,.42)";
}

function draw(pen: CanvasRenderingContext2D, hatch: Hatch, side: number, step: number): void {
  pen.lineWidth = 1.1;
  pen.beginPath();
  for (let x = -side; x <= 2 * side; x += step) {
    if (hatch === "cross" || hatch === "diagonal") {
      pen.moveTo(x, side);
      pen.lineTo(x + side, 0);
    }
    if (hatch === "cross") {
      pen.moveTo(x, 0);
      pen.lineTo(x + side, side);
    }
  }
  pen.stroke();
  if (hatch !== "dots") return;
  for (let y = 0; y <= side; y += step) {
    for (let x = 0; x <= side; x += step) {
      pen.beginPath();
      pen.arc(x + step / 2, y + step / 2, 1.2, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}

function canvas(side: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const element = document.createElement("canvas");
  element.width = element.height = side * SCALE;
  const pen = element.getContext("2d")!;
  pen.scale(SCALE, SCALE);
  return [element, pen];
}

function square(color: string, hatch: Hatch): HTMLCanvasElement {
  const [element, pen] = canvas(TILE);
  pen.fillStyle = color;
  pen.fillRect(0, 0, TILE, TILE);
  pen.strokeStyle = pen.fillStyle = ink(color);
  draw(pen, hatch, TILE, TILE / 2);
  return element;
}

function marker(color: string, hatch: Hatch): HTMLCanvasElement {
  const [element, pen] = canvas(MARKER);
  const middle = MARKER / 2;
  pen.arc(middle, middle, middle - 2, 0, 2 * Math.PI);
  pen.fillStyle = color;
  pen.fill();
  pen.save();
  pen.clip();
  pen.strokeStyle = pen.fillStyle = ink(color);
  draw(pen, hatch, MARKER, 5);
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

/** Gives the map `fill-<grade>` and `mark-<grade>`; grade 0 stands for no grade. */
export function addHatches(map: MapLibre, grades: Grade[]): void {
  const all = [...grades.filter((g) => g.grade > 0), { grade: 0, color: NO_GRADE, hatch: "plain" as Hatch }];
  for (const { grade, color, hatch } of all) {
    for (const [name, picture] of [
      [`fill-${grade}`, square(color, hatch)],
      [`mark-${grade}`, marker(color, hatch)],
    ] as const) {
      const pen = picture.getContext("2d")!;
      map.addImage(name, pen.getImageData(0, 0, picture.width, picture.height), { pixelRatio: SCALE });
    }
  }
}

/** A swatch as the map paints it. */
export function swatch(grade: Grade | undefined): HTMLElement {
  const element = document.createElement("span");
  element.className = "swatch";
  element.setAttribute("aria-hidden", "true");
  const { color, hatch } = grade ?? { color: NO_GRADE, hatch: "plain" as Hatch };
  element.style.background = `url(${square(color, hatch).toDataURL()}) 0 0 / ${TILE}px`;
  return element;
}
