// The layer switch: groups in the site's order, each layer with its sign and the number of its features.
import { el, skeleton } from "./dom";
import { lang, onLanguage, words } from "./i18n";
import type { Layer, Manifest } from "./manifest";
import { PLAIN } from "./style";

export interface LayerSwitch {
  /** Makes a layer visible and ticks its box. */
  show: (layer: Layer) => void;
}

function sign(manifest: Manifest, layer: Layer): HTMLElement {
  const element = el("span", { class: `sign ${layer.style === "finding" ? "ring" : layer.geometry}`, "aria-hidden": "true" });
  const colors = manifest.grades.filter((g) => g.grade > 0).sort((a, b) => b.grade - a.grade);
  const stops = colors.map((g, i) => `${g.color} 0 ${(100 * (i + 1)) / colors.length}%`).join(",");
  const ramp = layer.legend?.map(({ color }) => color);
  const many = layer.style === "graded" || layer.geometry === "raster";
  if (layer.style === "finding") element.style.borderColor = layer.color ?? PLAIN;
  else if (ramp) element.style.background = `linear-gradient(90deg,${ramp.join(",")})`;
  else element.style.background = many && colors.length > 1 ? `linear-gradient(90deg,${stops})` : (layer.color ?? PLAIN);
  return element;
}

/** Whether a layer paints areas in the grades' colours; two of these on top of each other give colours without meaning. */
const covers = (layer: Layer): boolean =>
  layer.geometry === "raster" || (layer.geometry === "fill" && layer.style === "graded");

export function addLayerSwitch(manifest: Manifest, setVisible: (layer: Layer, visible: boolean) => void): LayerSwitch {
  const boxes = new Map<Layer, HTMLInputElement>();
  const root = skeleton("layers");
  const change = (layer: Layer, visible: boolean): void => {
    boxes.get(layer)!.checked = visible;
    setVisible(layer, visible);
    if (!visible || !covers(layer)) return;
    for (const [other, box] of boxes) if (other !== layer && covers(other) && box.checked) change(other, false);
  };
  for (const layer of manifest.layers.filter((l) => !l.base)) {
    const box = el("input", { type: "checkbox", "data-layer": layer.id });
    box.checked = layer.visible;
    box.addEventListener("change", () => change(layer, box.checked));
    boxes.set(layer, box);
  }
  const named = new Set(manifest.groups.map((g) => g.id));
  onLanguage(() => {
    const count = new Intl.NumberFormat(lang() === "zh" ? "zh-CN" : "en");
    const groups = [...manifest.groups, { id: "", zh: "其他", en: "Other" }].map((group) => {
      // the topmost layer of the map comes first, as in any desktop GIS
      const its = [...boxes].filter(([l]) => (named.has(l.group ?? "") ? l.group : "") === group.id).reverse();
      const rows = its.map(([layer, box]) => {
        const number = layer.count === undefined ? "" : count.format(layer.count);
        const name = el("span", { class: "name" }, words(layer));
        return el("label", { class: "layer" }, box, sign(manifest, layer), name, el("span", { class: "count" }, number));
      });
      return rows.length ? [el("fieldset", {}, el("legend", {}, words(group)), ...rows)] : [];
    });
    root.replaceChildren(...groups.flat());
  });
  return {
    show(layer) {
      if (boxes.get(layer)?.checked === false) change(layer, true);
    },
  };
}
