// Values as people read them.
import { el } from "./dom";
import { swatch } from "./hatch";
import { lang, ui, words } from "./i18n";
import { gradeOf, type Column, type Grade, type Manifest, type Value } from "./manifest";

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function number(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) {
    const [digits, power] = value.toExponential(1).split("e");
    const raised = String(Math.abs(Number(power))).replace(/\d/g, (d) => SUPERSCRIPT[Number(d)]);
    return `${digits}×10${Number(power) < 0 ? "⁻" : ""}${raised}`;
  }
  const options = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString(lang() === "zh" ? "zh-CN" : "en", options);
}

/** The heading of a column with its unit. */
export function heading(column: Column): string {
  return column.unit ? `${words(column)} (${column.unit})` : words(column);
}

/** A value without its unit; empty where it is missing. Columns named share… are fractions, shown as per cent. */
export function text(column: Column, value: Value): string {
  if (value === null || value === undefined || value === "") return "";
  const word = column.domain?.[String(value)];
  if (word !== undefined) return typeof word === "string" ? word : words(word);
  if (column.dtype === "bool") return ui(value === true || value === 1 || value === "true" ? "yes" : "no");
  const numeric = typeof value === "number" ? value : Number.NaN;
  if (!Number.isFinite(numeric)) return String(value);
  if (column.dtype === "float" && column.name.startsWith("share")) return `${number(100 * numeric)} %`;
  if (column.dtype === "int") return column.name === "year" ? String(value) : numeric.toLocaleString(lang() === "zh" ? "zh-CN" : "en");
  return number(numeric);
}

/** The words of a grade: name and letter. */
export function gradeWords(grade: Grade | undefined): string {
  if (!grade) return ui("none");
  return grade.letter === words(grade) ? grade.letter : `${words(grade)} ${grade.letter}`;
}

/** A grade with swatch and words; any other value as text. */
export function cell(manifest: Manifest, column: Column, value: Value): Node {
  if (column.name === "grade") {
    const grade = gradeOf(manifest, value);
    return el("span", { class: "grade" }, swatch(grade), gradeWords(grade));
  }
  return document.createTextNode(text(column, value));
}
