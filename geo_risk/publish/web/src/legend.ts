// The legend of what is on: grades (swatch, word and letter, worst first), the ramp of a surface, signs of other layers.
import { el, skeleton } from "./dom";
import { swatch } from "./hatch";
import { onLanguage, ui, words } from "./i18n";
import { sign } from "./layers";
import type { Layer, Manifest } from "./manifest";
import { bareUnit, gradeWords } from "./values";

function ramp(layer: Layer): Node[] {
  const rows = [...layer.legend!].reverse().map(({ color, label }) => {
    const box = el("span", { class: "swatch", "aria-hidden": "true" });
    box.style.background = color;
    return el("li", {}, box, label);
  });
  const unit = layer.unit ? ` (${bareUnit(layer.unit)})` : "";
  return [el("h2", {}, words(layer) + unit), el("ul", {}, ...rows)];
}

/** Draws the legend; the function it returns tells it that a layer has been switched. */
export function addLegend(manifest: Manifest): (layer: Layer, visible: boolean) => void {
  const box = skeleton("legend");
  const shown = new Set(manifest.layers.filter((layer) => layer.visible));
  const grades = manifest.grades.filter((g) => g.grade > 0).sort((a, b) => b.grade - a.grade);
  const render = (): void => {
    box.setAttribute("aria-label", ui("legend"));
    const ramps = manifest.layers.filter((layer) => layer.legend && shown.has(layer));
    const graded = manifest.layers.some((layer) => layer.style === "graded" && shown.has(layer));
    const rows = [...grades, undefined].map((grade) =>
      el("li", { class: grade ? undefined : "ungraded" }, swatch(grade), gradeWords(grade)),
    );
    const ofGrades = graded && grades.length ? [el("h2", {}, ui("legend")), el("ul", {}, ...rows)] : [];
    const plain = [...shown].filter((l) => !l.base && l.style !== "graded" && !l.legend);
    const signs = manifest.layers.filter((l) => plain.includes(l)).map((l) => el("li", {}, sign(manifest, l), words(l)));
    const others = signs.length ? [el("ul", { class: "signs" }, ...signs.reverse())] : [];
    box.replaceChildren(...ramps.flatMap(ramp), ...ofGrades, ...others);
    box.hidden = !box.children.length;
  };
  onLanguage(render);
  return (layer, visible) => {
    if (visible) shown.add(layer);
    else shown.delete(layer);
    render();
  };
}
