// The layer switch: groups in the site's order, each layer with its sign and the number of its features.
import { asked, keep } from "./address";
import { el, skeleton } from "./dom";
import { lang, onLanguage, ui, words } from "./i18n";
import type { Layer, Manifest } from "./manifest";
import { PLAIN } from "./style";

export interface LayerSwitch {
  /** Makes a layer visible and ticks its box. */
  show: (layer: Layer) => void;
  change: (layer: Layer, visible: boolean) => void;
  /** Ids of the layers that are on. */
  shown: () => string[];
}

export function sign(manifest: Manifest, layer: Layer): HTMLElement {
  const form = layer.style === "finding" ? "ring" : layer.style === "glyph" ? "glyph" : layer.geometry;
  const element = el("span", { class: `sign ${form}${layer.dash ? " dashed" : ""}`, "aria-hidden": "true" });
  const mark = layer.mark ? words(layer.mark) : "";
  if (!mark.startsWith("{")) element.textContent = mark;
  const colors = manifest.grades.filter((g) => g.grade > 0).sort((a, b) => b.grade - a.grade);
  const stops = colors.map((g, i) => `${g.color} 0 ${(100 * (i + 1)) / colors.length}%`).join(",");
  const ramp = layer.legend?.map(({ color }) => color);
  const many = layer.style === "graded" || layer.geometry === "raster";
  if (layer.style === "finding" || layer.dash) element.style.borderColor = layer.color ?? PLAIN;
  else if (layer.style === "glyph") element.style.color = layer.color ?? PLAIN;
  else if (ramp) element.style.background = `linear-gradient(90deg,${ramp.join(",")})`;
  else element.style.background = many && colors.length > 1 ? `linear-gradient(90deg,${stops})` : (layer.color ?? PLAIN);
  return element;
}

/** Whether a layer paints areas in the grades' colours; two of these on top of each other give colours without meaning. */
export const covers = (layer: Layer): boolean =>
  layer.geometry === "raster" || (layer.geometry === "fill" && layer.style === "graded");

/** What the switch sets in motion. */
export interface Drawing {
  setVisible: (layer: Layer, visible: boolean) => void;
  /** 0 to 1, of what the layer's own style has. */
  setOpacity: (layer: Layer, share: number) => void;
}

const NAME = "layers"; // in the address
const NEAR_ZOOM = 11; // a layer that begins here or later says so

function slider(layer: Layer, drawing: Drawing): HTMLInputElement {
  const input = el("input", { type: "range", min: "10", max: "100", step: "10", value: "100", "data-opacity": layer.id });
  input.addEventListener("input", () => drawing.setOpacity(layer, Number(input.value) / 100));
  return input;
}

export function addLayerSwitch(manifest: Manifest, drawing: Drawing): LayerSwitch {
  const boxes = new Map<Layer, HTMLInputElement>();
  const sliders = new Map<Layer, HTMLInputElement>();
  const root = skeleton("layers");
  const mine = el("div");
  root.append(mine);
  const shown = (): string[] => [...boxes].filter(([, box]) => box.checked).map(([layer]) => layer.id);
  const change = (layer: Layer, visible: boolean): void => {
    const box = boxes.get(layer)!;
    if (box.checked !== visible) box.checked = visible;
    sliders.get(layer)!.hidden = !visible;
    drawing.setVisible(layer, visible);
    if (!visible || !covers(layer)) return;
    for (const [other, its] of boxes) if (other !== layer && covers(other) && its.checked) change(other, false);
  };
  for (const layer of manifest.layers.filter((l) => !l.base)) {
    const box = el("input", { type: "checkbox", "data-layer": layer.id });
    box.checked = layer.visible;
    box.addEventListener("change", () => {
      change(layer, box.checked);
      keep(NAME, shown().join(","));
    });
    boxes.set(layer, box);
    sliders.set(layer, slider(layer, drawing));
    sliders.get(layer)!.hidden = !layer.visible;
  }
  /** The layers of a link, if there is one. */
  const follow = (): void => {
    const wanted = asked(NAME)?.split(",");
    if (wanted === undefined) return;
    for (const [layer, box] of boxes) if (box.checked !== wanted.includes(layer.id)) change(layer, !box.checked);
  };
  window.addEventListener("hashchange", follow);
  const named = new Set(manifest.groups.map((g) => g.id));
  onLanguage(() => {
    const count = new Intl.NumberFormat(lang() === "zh" ? "zh-CN" : "en");
    const groups = [...manifest.groups, { id: "", zh: "其他", en: "Other" }].map((group) => {
      // the topmost layer of the map comes first, as in any desktop GIS
      const its = [...boxes].filter(([l]) => (named.has(l.group ?? "") ? l.group : "") === group.id).reverse();
      const rows = its.flatMap(([layer, box]) => {
        const number = layer.count === undefined ? "" : count.format(layer.count);
        const near = manifest.sources[layer.source].minzoom >= NEAR_ZOOM;
        const name = el("span", { class: "name" }, words(layer), ...(near ? [" ", el("span", { class: "quiet" }, ui("fromNear"))] : []));
        sliders.get(layer)!.setAttribute("aria-label", ui("opacity", { name: words(layer) }));
        const label = el("label", { class: "layer" }, box, sign(manifest, layer), name, el("span", { class: "count" }, number));
        return [label, sliders.get(layer)!];
      });
      const open = its.some(([, box]) => box.checked) || group === manifest.groups[0];
      return rows.length ? [el("details", { class: "group", open }, el("summary", {}, words(group)), ...rows)] : [];
    });
    mine.replaceChildren(...groups.flat());
  });
  return {
    shown,
    change,
    show(layer) {
      if (boxes.get(layer)?.checked === false) change(layer, true);
    },
  };
}
