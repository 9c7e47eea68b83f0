// Values as people read them.
import { el } from "./dom";
import { swatch } from "./hatch";
import { lang, sentence, ui, words } from "./i18n";
import { gradeOf, type Column, type Grade, type Manifest, type Value, type Words } from "./manifest";

// The units of schema.py as each language writes them; any other is written as it comes.
const UNITS: Record<string, Words> = {
  persons: { zh: "人", en: "persons" },
  "persons/yr": { zh: "人/年", en: "persons per year" },
  households: { zh: "户", en: "households" },
  beds: { zh: "张", en: "beds" },
  m2: { zh: "m²", en: "m²" },
  m3: { zh: "m³", en: "m³" },
  km2: { zh: "km²", en: "km²" },
  degC: { zh: "°C", en: "°C" },
  min: { zh: "分钟", en: "min" },
  s: { zh: "秒", en: "s" },
  "1/yr": { zh: "/年", en: "per year" },
  "1/yr/km2": { zh: "/年/km²", en: "per year and km²" },
  "0-100": { zh: "（0–100）", en: "(0–100)" },
};

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number with as many digits as it deserves; small ones as powers of ten. */
export function number(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) {
    const [digits, power] = value.toExponential(1).split("e");
    const raised = String(Math.abs(Number(power))).replace(/\d/g, (d) => SUPERSCRIPT[Number(d)]);
    return `${digits}×10${Number(power) < 0 ? "⁻" : ""}${raised}`;
  }
  const options = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString(lang() === "zh" ? "zh-CN" : "en", options);
}

/** The unit of a column; empty if it has none. */
export function unit({ unit }: Column): string {
  return UNITS[unit] ? words(UNITS[unit]) : unit;
}

/** A unit that stands by itself, as in a legend. */
export function bareUnit(unit: string): string {
  return (UNITS[unit] ? words(UNITS[unit]) : unit).replace(/^[（(](.*)[)）]$/, "$1");
}

interface Part {
  name?: string;
  value?: Value;
  unit?: string;
  share_percent?: number;
}

/** A list of parts with their shares, or values by name with their units, as one line. */
function parts(json: string): string {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return json;
  }
  const joint = lang() === "zh" ? "；" : "; ";
  if (Array.isArray(read)) {
    const told = (read as Part[]).map((p) => (p.share_percent === undefined ? JSON.stringify(p) : `${sentence("reason", p.name ?? "")} ${number(p.share_percent)} %`));
    return told.join(joint);
  }
  if (read === null || typeof read !== "object") return json;
  const told = Object.entries(read as Record<string, Part | null>).map(([name, p]) => {
    const value = typeof p?.value === "number" ? number(p.value) : String(p?.value ?? p);
    return `${sentence("reason", name)} ${value}${p?.unit && p.unit !== "-" ? ` ${p.unit}` : ""}`;
  });
  return told.join(joint);
}

/** The heading of a column with its unit. */
export function heading(column: Column): string {
  const its = bareUnit(column.unit);
  return its ? `${words(column)} (${its})` : words(column);
}

/** A value without its unit; empty where it is missing. Columns named share… are fractions, shown as per cent. */
export function text(column: Column, value: Value): string {
  if (value === null || value === undefined || value === "") return "";
  const word = column.domain?.[String(value)];
  if (word !== undefined) return typeof word === "string" ? word : words(word);
  if (column.dtype === "json") return parts(String(value));
  if (column.dtype === "bool") return ui(value === true || value === 1 || value === "true" ? "yes" : "no");
  const numeric = typeof value === "number" ? value : Number.NaN;
  if (!Number.isFinite(numeric)) return sentence(column.name, String(value));
  if (column.dtype === "float" && column.name.startsWith("share")) return `${number(100 * numeric)} %`;
  if (column.dtype === "int") return column.name === "year" ? String(value) : numeric.toLocaleString(lang() === "zh" ? "zh-CN" : "en");
  return number(numeric);
}

/** The words of a grade: name and letter. */
export function gradeWords(grade: Grade | undefined): string {
  if (!grade) return ui("none");
  return `${words(grade)} ${words(grade.letter)}`;
}

/** Whether a column holds grades, 0 to 4: inherent, current, declared, of an earlier state. */
export const isGrade = ({ name, dtype }: Column): boolean => dtype === "int" && /(^|_)grade(_|$)/.test(name);

/** A grade with swatch and words; any other value as text. */
export function cell(manifest: Manifest, column: Column, value: Value): Node {
  if (isGrade(column)) {
    const grade = gradeOf(manifest, value);
    return el("span", { class: "grade" }, swatch(grade), gradeWords(grade));
  }
  return document.createTextNode(text(column, value));
}
