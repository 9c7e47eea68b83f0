// Drawing on the map: clicks, taps or keys set the corners.
import type { Map as MapLibre } from "maplibre-gl";
import { el, say } from "../dom";
import type { Position, Shape } from "./ask";
import { onLanguage, ui } from "./words";

const STILL = 4; // a press that moves less is a click [CSS px]
const CLOSE = 10; // a click this near the first corner closes the area [CSS px]
export const LEAST: Record<Shape, number> = { polygon: 3, line: 2, point: 1 };

interface Pen {
  shape: Shape;
  points: Position[];
  end: (points?: Position[]) => void;
}

export interface Board {
  /** Lets a person draw; undefined if they cancel. */
  draw: (shape: Shape) => Promise<Position[] | undefined>;
  /** Ends drawing without a shape. */
  cancel: () => void;
}

/** `sketch` shows what is drawn so far, with where the pointer is. */
export function board(map: MapLibre, sketch: (shape: Shape, points: Position[]) => void): Board {
  const container = map.getContainer();
  const canvas = map.getCanvas();
  let pen: Pen | undefined;
  let pressed = { x: 0, y: 0 };

  const hint = el("p");
  const count = el("strong");
  const keys = el("p", { class: "quiet keys" });
  const [finish, undo, cancel] = [1, 2, 3].map(() => el("button", { type: "button" }));
  const bar = el("div", { id: "desk-bar", role: "group" }, hint, keys, el("div", { class: "buttons" }, count, finish, undo, cancel));
  const cross = el("div", { id: "desk-cross", "aria-hidden": "true" });
  bar.hidden = cross.hidden = true;
  container.append(bar, cross);

  const at = (event: MouseEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const place = (pixel: { x: number; y: number }): Position => {
    const { lng, lat } = map.unproject([pixel.x, pixel.y]);
    return [Number(lng.toFixed(7)), Number(lat.toFixed(7))];
  };
  const near = (pixel: { x: number; y: number }, corner: Position, reach: number): boolean => {
    const other = map.project(corner);
    return Math.hypot(other.x - pixel.x, other.y - pixel.y) <= reach;
  };
  const show = (hover?: Position): void => {
    if (!pen) return;
    sketch(pen.shape, hover ? [...pen.points, hover] : pen.points);
    const ready = pen.points.length >= LEAST[pen.shape];
    (finish as HTMLButtonElement).disabled = !ready;
    (undo as HTMLButtonElement).disabled = !pen.points.length;
    count.textContent = ui("corners", { n: pen.points.length });
  };
  const label = (): void => {
    finish.textContent = ui("finish");
    undo.textContent = ui("undo");
    cancel.textContent = ui("cancel");
    keys.textContent = ui("hintKeys");
    hint.textContent = ui(pen?.shape === "point" ? "hintPoint" : "hintPolygon");
    bar.setAttribute("aria-label", hint.textContent);
    show();
  };
  const end = (points?: Position[]): void => {
    const its = pen;
    if (!its) return;
    pen = undefined;
    bar.hidden = cross.hidden = true;
    document.documentElement.classList.remove("desk-drawing");
    map.doubleClickZoom.enable();
    sketch(its.shape, []);
    its.end(points);
  };
  const finished = (): void => {
    if (!pen) return;
    if (pen.points.length < LEAST[pen.shape]) return say(ui("fewPoints", { n: LEAST[pen.shape] }));
    end(pen.points);
  };
  const add = (corner: Position): void => {
    pen!.points.push(corner);
    if (pen!.shape === "point") return end(pen!.points);
    show();
    say(ui("corners", { n: pen!.points.length }));
  };
  const back = (): void => {
    pen?.points.pop();
    show();
  };

  // The map must not see what the pen does, or it would open popups: caught on the way down, before its own listeners.
  container.addEventListener("mousedown", (event) => (pressed = at(event)), true);
  container.addEventListener(
    "click",
    (event) => {
      if (!pen || bar.contains(event.target as Node) || (event.target as Element).closest(".maplibregl-ctrl")) return;
      event.stopPropagation();
      const pixel = at(event);
      if (Math.hypot(pixel.x - pressed.x, pixel.y - pressed.y) > STILL) return; // the map was dragged
      const { points, shape } = pen;
      if (shape === "polygon" && points.length >= LEAST.polygon && near(pixel, points[0], CLOSE)) return finished();
      if (points.length && near(pixel, points[points.length - 1], STILL)) return; // the second click of a double one
      cross.hidden = true;
      add(place(pixel));
    },
    true,
  );
  container.addEventListener(
    "dblclick",
    (event) => {
      if (!pen || bar.contains(event.target as Node)) return;
      event.stopPropagation();
      finished();
    },
    true,
  );
  map.on("mousemove", ({ lngLat }) => pen?.points.length && show([lngLat.lng, lngLat.lat]));
  const keyed: Record<string, () => void> = {
    Enter: finished,
    Escape: () => end(),
    Backspace: back,
    " ": () => {
      cross.hidden = false;
      const { lng, lat } = map.getCenter();
      add([Number(lng.toFixed(7)), Number(lat.toFixed(7))]);
    },
  };
  document.addEventListener(
    "keydown",
    (event) => {
      const target = event.target as Element;
      if (!pen || target.closest("input, select, textarea")) return;
      if (event.key.startsWith("Arrow")) cross.hidden = false;
      const does = keyed[event.key];
      if (!does || (event.key !== "Escape" && target.closest("button, a, summary"))) return;
      event.preventDefault();
      event.stopPropagation();
      does();
    },
    true,
  );
  finish.addEventListener("click", finished);
  undo.addEventListener("click", back);
  cancel.addEventListener("click", () => end());
  onLanguage(label);

  return {
    draw: (shape) => {
      end();
      return new Promise((resolve) => {
        pen = { shape, points: [], end: resolve };
        map.doubleClickZoom.disable();
        document.documentElement.classList.add("desk-drawing");
        bar.hidden = false;
        label();
        say(hint.textContent!);
        map.resize();
        canvas.focus();
      });
    },
    cancel: () => end(),
  };
}
