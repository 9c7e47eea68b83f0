// What the first look is for: districts by grade, and the figures people ask for.
import { el } from "./dom";
import { swatch } from "./hatch";
import { lang, onLanguage, ui, words } from "./i18n";
import { gradeOf, type Layer, type Manifest } from "./manifest";
import { gradeWords } from "./values";

// Layers whose number of features is a figure of its own, as far as the site has them.
const COUNTED = ["enterprises", "hazard_sources", "major_hazards", "conflicts", "undecided", "dangers_overdue", "targets_fail"];

/** A block of figures; a click on one leads to its list. */
export function addOverview(manifest: Manifest, into: HTMLElement, list: (layer: Layer, word?: string) => void): void {
  const box = el("section", { id: "overview" });
  into.prepend(box);
  const { table } = manifest;
  const areas = manifest.layers.find((l) => l.id === table?.layer);
  const column = table?.columns.indexOf("grade") ?? -1;
  const figure = (value: string, name: (Node | string)[], lead: () => void): HTMLElement => {
    const button = el("button", { type: "button", class: "figure" }, el("strong", {}, value), el("span", {}, ...name));
    button.addEventListener("click", lead);
    return button;
  };
  onLanguage(() => {
    const count = new Intl.NumberFormat(lang() === "zh" ? "zh-CN" : "en");
    const grades = manifest.grades.filter((g) => g.grade > 0).sort((a, b) => b.grade - a.grade);
    const its = areas && column >= 0 ? grades : [];
    const byGrade = its.map((grade) => {
      const n = table!.rows.filter((row) => gradeOf(manifest, row[column]) === grade).length;
      return figure(count.format(n), [swatch(grade), ` ${gradeWords(grade)}`], () => list(areas!, gradeWords(grade)));
    });
    const counted = COUNTED.flatMap((id) => manifest.layers.filter((l) => l.id === id && l.count));
    const counts = counted.map((l) => figure(count.format(l.count!), [words(l)], () => list(l)));
    box.setAttribute("aria-label", ui("figures"));
    box.replaceChildren(
      ...(byGrade.length ? [el("h2", {}, ui("districtsBy", { level: words(areas!).replace(/风险等级$| grades$/, "") })), el("div", { class: "figures" }, ...byGrade)] : []),
      ...(counts.length ? [el("h2", {}, ui("figures")), el("div", { class: "figures" }, ...counts)] : []),
    );
    box.hidden = !box.children.length;
  });
}
