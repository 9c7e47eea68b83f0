// The legend: swatch, word and letter of each grade, worst first.
import { el, skeleton } from "./dom";
import { swatch } from "./hatch";
import { onLanguage, ui } from "./i18n";
import type { Manifest } from "./manifest";
import { gradeWords } from "./values";

export function addLegend(manifest: Manifest): void {
  const box = skeleton("legend");
  const grades = manifest.grades.filter((g) => g.grade > 0).sort((a, b) => b.grade - a.grade);
  box.hidden = !grades.length;
  onLanguage(() => {
    box.setAttribute("aria-label", ui("legend"));
    const rows = [...grades, undefined].map((grade) =>
      el("li", { class: grade ? undefined : "ungraded" }, swatch(grade), gradeWords(grade)),
    );
    box.replaceChildren(el("h2", {}, ui("legend")), el("ul", {}, ...rows));
  });
}
