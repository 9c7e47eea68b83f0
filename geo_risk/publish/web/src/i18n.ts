// The language in force: the page's own words (messages.ts) and the sentences of the results in it.
import { asked, keep } from "./address";
import type { Lang, Words } from "./manifest";
import { UI, type Word } from "./messages";

export type { Word };

let current: Lang = "zh";
const listeners: (() => void)[] = [];

export const lang = (): Lang => current;

/** One of the page's own words, with {placeholders} filled. */
export function ui(word: Word, fill: Record<string, string | number> = {}): string {
  return UI[word][current].replace(/\{(\w+)\}/g, (_, key: string) => String(fill[key]));
}

/** The text in force of a thing named in both languages; the other language where one is empty. */
export function words(both: Words): string {
  return both[current] || both[current === "zh" ? "en" : "zh"] || "";
}

/** Runs now and after every change of language. */
export function onLanguage(render: () => void): void {
  listeners.push(render);
  render();
}

/** Takes the language from the address (#lang=en), else the first of the site's. */
export function startLanguage(languages: Lang[]): void {
  const wanted = asked("lang") as Lang | undefined;
  current = wanted && languages.includes(wanted) ? wanted : (languages[0] ?? "zh");
}

/** Draws everything again that `onLanguage` drew: after a change of colours, say. */
export function redraw(): void {
  listeners.forEach((render) => render());
}

/** Changes the language and keeps it in the address, beside the view. */
export function setLanguage(next: Lang): void {
  current = next;
  keep("lang", next);
  redraw();
}

// --- sentences of the results ---

let patterns: [RegExp, string][] = [];
let exact = new Map<string, string>();
let translated = new Set<string>();
const PIECES = /; (?![^[]*\])/; // what stands in brackets is of one piece
const JOINTS: [string, string][] = [["|", "、"], [", ", "、"], ["/", "："]];

/** Takes the site's table of sentences: (English, Chinese), {} where a value stands; names of columns made of them. */
export function learn(phrases: [string, string][], columns: string[]): void {
  exact = new Map([...phrases].reverse());
  translated = new Set(columns);
  const open = phrases.filter(([en]) => en.includes("{}"));
  patterns = open.map(([en, zh]) => {
    const pieces = en.split("{}").map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return [new RegExp(`^${pieces.join("([^]+?)")}$`), zh];
  });
}

/** The Chinese of a reason; what no pattern fits stays as it is. The same order as geo_risk/publish/words.py. */
export function phrase(text: string): string {
  const known = exact.get(text);
  if (known !== undefined) return known;
  const pieces = text.split(PIECES);
  if (pieces.length > 1) return pieces.map(phrase).join("；");
  for (const [pattern, zh] of patterns) {
    const found = pattern.exec(text);
    let next = 1;
    if (found) return zh.replace(/\{(\d*)\}/g, (_, n: string) => phrase(found[n === "" ? next++ : Number(n) + 1]));
  }
  for (const [joint, chinese] of JOINTS) {
    const parts = text.split(joint);
    const told = parts.length > 1 ? parts.map(phrase) : [];
    if (told.some((part, i) => part !== parts[i])) return told.join(chinese);
  }
  return text;
}

/** A value of a column of sentences in the language in force. */
export const sentence = (column: string, value: string): string =>
  current === "zh" && translated.has(column) ? phrase(value) : value;
