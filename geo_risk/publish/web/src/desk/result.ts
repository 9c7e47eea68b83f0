// The verdict as a person reads it: the word first, then what decided, what would help, and what nobody looked at.
import type { Words } from "../manifest";
import { el } from "../dom";
import type { Answer, Row, Verdict, Way } from "./ask";
import { number, ui, words } from "./words";

const SIGN: Record<Verdict, string> = { conflict: "✕", undecided: "?", clear: "✓", told: "i" };
const ORDER: Verdict[] = ["conflict", "undecided", "clear", "told"];
const LAWFUL: Record<string, Verdict> = { fail: "conflict", pass: "clear", undecided: "undecided" };
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A small risk as a power of ten. */
function power(value: Row[string]): string {
  if (typeof value !== "number") return "–";
  if (value === 0) return "0";
  const [digits, exponent] = value.toExponential(1).split("e");
  const raised = String(Math.abs(Number(exponent))).replace(/\d/g, (d) => SUPERSCRIPT[Number(d)]);
  return `${digits}×10${Number(exponent) < 0 ? "⁻" : ""}${raised}`;
}

/** What would make it pass; `move` is called with a way whose place should be taken. */
export function waysOf(ways: Way[], move: (way: Way) => void): HTMLElement {
  const told = ways.map((way) => {
    const item = el("li", {}, words(way.text));
    if (way.way === "move" && way.distance_m) {
      const go = el("button", { type: "button", class: "move" }, ui("moveThere"));
      go.addEventListener("click", () => move(way));
      item.append(go);
    }
    return item;
  });
  return el("ul", {}, ...told);
}

/** Everything of an answer; `show` is called with the finding whose segment should be shown, `ways` gets its place. */
export function result(
  answer: Answer,
  fixed: Record<string, Words>,
  moved: [number, number],
  ways: HTMLElement,
  show: (row: number) => void,
): HTMLElement {
  const word = (key: string): string => words(answer.words[key] ?? fixed[key] ?? key);
  const heading = (key: string): HTMLElement => el("h3", {}, word(key));
  const chip = (verdict: Verdict): HTMLElement =>
    el("span", { class: `verdict ${verdict}` }, el("b", { "aria-hidden": "true" }, SIGN[verdict]), word(verdict));

  const head = (): HTMLElement => {
    const big = el("p", { class: `big verdict ${answer.verdict}`, id: "desk-verdict" }, el("b", { "aria-hidden": "true" }, SIGN[answer.verdict]), word(answer.verdict));
    const about = answer.project.map((p) => `${p.name}${p.area_m2 > 0 ? ` ${number(p.area_m2, 0)} m²` : ""}`);
    if (answer.dates.data) about.push(ui("dates", { data: answer.dates.data }));
    if (moved.some((v) => v)) about.push(ui("movedBy", { dx: number(moved[0], 1), dy: number(moved[1], 1) }));
    return el("div", {}, big, el("p", {}, word(`means_${answer.verdict}`)), el("p", { class: "quiet" }, about.join(" · ")));
  };

  const checks = (): HTMLElement[] => {
    const rows = answer.checks.map((c) => {
      const name = el("span", { class: "subject" }, word(c.name));
      const clause = c.clause && el("span", { class: "quiet" }, word(c.clause));
      return el("li", {}, el("div", {}, name, chip(c.verdict)), el("div", {}, words(c)), ...(clause ? [clause] : []));
    });
    return [heading("checks"), el("ul", { class: "checks" }, ...rows)];
  };

  const table = (heads: string[], rows: HTMLElement[]): HTMLElement =>
    el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((h) => el("th", { scope: "col" }, word(h))))), el("tbody", {}, ...rows)));

  const nameOf = (name: Row[string], layer: Row[string], id: Row[string]): string =>
    String(name || "") || `${ui("unnamed", { layer: words(answer.layers[String(layer)]) })} ${id}`;
  const other = (f: Row): string => {
    const side = String(f.source_id).startsWith("project:") ? "target" : "source";
    return nameOf(f[`${side}_name`], f[`${side}_layer`], f[`${side}_id`]);
  };
  const finding = (f: Row, row: number): HTMLElement => {
    const button = el("button", { type: "button", class: "link", title: ui("showRow") }, other(f));
    const clause = el("span", { class: "quiet" }, `${f.standard}-${f.edition} ${word(String(f.clause))} (${f.confidence})`);
    const line = el(
      "tr",
      { class: "finding", "data-row": String(row) },
      el("th", { scope: "row" }, button, clause),
      el("td", { class: "number" }, number(Number(f.required_m), 0)),
      el("td", { class: "number" }, `${number(Number(f.clearance_m), 1)} ± ${number(Number(f.uncertainty_m), 1)}`),
      el("td", {}, chip(f.verdict as Verdict)),
    );
    line.addEventListener("click", () => {
      for (const old of document.querySelectorAll("#desk tr.chosen, #desk tr.reason")) {
        if (old.classList.contains("reason")) old.remove();
        else old.classList.remove("chosen");
      }
      line.classList.add("chosen");
      line.after(el("tr", { class: "reason" }, el("td", { colspan: "4" }, word(String(f.reason)))));
      show(row);
    });
    return line;
  };
  const distances = (): HTMLElement[] => {
    const all = answer.findings.map((f, row) => ({ f, row })).sort((a, b) => ORDER.indexOf(a.f.verdict as Verdict) - ORDER.indexOf(b.f.verdict as Verdict) || a.row - b.row);
    const heads = ["who", "required", "actual", "verdict"];
    const [open, kept] = [all.filter(({ f }) => f.verdict !== "clear"), all.filter(({ f }) => f.verdict === "clear")].map((rows) => rows.map(({ f, row }) => finding(f, row)));
    const parts: HTMLElement[] = [heading("distances")];
    if (open.length) parts.push(table(heads, open), el("p", { class: "quiet" }, word("uncertain")));
    else parts.push(el("p", {}, ui(kept.length ? "allClear" : "noPairs")));
    if (kept.length) parts.push(el("details", {}, el("summary", {}, ui("clearRows", { n: kept.length })), table(heads, kept)));
    return parts;
  };

  const target = (r: Row): HTMLElement => {
    const added = r.role === "endangered";
    const verdict = LAWFUL[String(added ? r.verdict_new : r.verdict)] ?? "undecided";
    const name = el("th", { scope: "row" }, nameOf(r.name, r.layer, r.id), el("span", { class: "quiet" }, word(String(r.group))));
    const limit = added ? r.limit_new_per_yr : r.limit_per_yr;
    return el("tr", {}, name, el("td", { class: "number" }, power(r.lsir_per_yr)), el("td", { class: "number" }, power(limit)), el("td", {}, chip(verdict)));
  };
  const risks = (): HTMLElement[] => {
    if (!answer.risk.length) return [];
    const heads = ["target", "value", "limit", "verdict"];
    const passes = (r: Row): boolean => (r.role === "endangered" ? r.verdict_new : r.verdict) === "pass";
    const [open, kept] = [answer.risk.filter((r) => !passes(r)), answer.risk.filter(passes)];
    const parts: HTMLElement[] = [heading("risk")];
    if (open.length) parts.push(table(heads, open.map(target)));
    if (kept.length) parts.push(el("details", {}, el("summary", {}, ui("passRows", { n: kept.length })), table(heads, kept.map(target))));
    return parts;
  };

  const missing = (): HTMLElement[] =>
    answer.not_checked.length ? [heading("not_checked"), el("ul", { class: "quiet" }, ...answer.not_checked.map((n) => el("li", {}, words(n))))] : [];

  return el("div", {}, head(), ...(answer.verdict === "clear" ? [] : [heading("ways"), ways]), ...checks(), ...distances(), ...risks(), ...missing());
}
