// The panel of quantified risk: F-N diagram, main causes, protection targets that do not meet their limit.
import { el, skeleton } from "./dom";
import { lang, onLanguage, phrase, ui } from "./i18n";
import type { Column, Curve, Layer, Manifest, RiskPanel, Value } from "./manifest";
import { cell, heading, number } from "./values";

type Locate = (layer: Layer, name: string, at: [number, number]) => void;

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 440, height: 320, left: 58, right: 14, top: 12, bottom: 44 };
const ZONES: Record<string, string> = { intolerable: "#a50f15", alarp: "#8a6d00", acceptable: "#1b6e3c" };

function svg(tag: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

const told = (text: string): string => (lang() === "zh" ? phrase(text) : text);
const power = (exponent: number): string => "10" + String(exponent).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]));

/** Both axes logarithmic, whole decades; a step at each number of deaths, as frequencies of N or more are. */
function diagram(curve: Curve, lines: NonNullable<RiskPanel["fn"]>["lines"]): SVGElement {
  const most = Math.max(1000, ...curve.points.map(([n]) => n));
  const [last, low, high] = [Math.ceil(Math.log10(most)), -9, Math.max(-2, Math.ceil(Math.log10(curve.points[0]?.[1] ?? 1e-3)))];
  const x = (n: number) => BOX.left + ((BOX.width - BOX.left - BOX.right) * Math.log10(n)) / last;
  const y = (f: number) => BOX.top + ((BOX.height - BOX.top - BOX.bottom) * (high - Math.log10(f))) / (high - low);
  const label = `${ui("fnTitle")}: ${curve.name}, ${ui("fnZone")} ${told(curve.zone)}`;
  const root = svg("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img", "aria-label": label, class: "fn" });
  const [right, floor] = [x(10 ** last), y(10 ** low)];
  for (let k = 0; k <= last; k++) {
    root.append(svg("line", { x1: x(10 ** k), x2: x(10 ** k), y1: BOX.top, y2: floor, class: "grid" }));
    root.append(svg("text", { x: x(10 ** k), y: floor + 16, "text-anchor": "middle" }, k < 4 ? String(10 ** k) : power(k)));
  }
  for (let k = low; k <= high; k++) {
    root.append(svg("line", { x1: BOX.left, x2: right, y1: y(10 ** k), y2: y(10 ** k), class: "grid" }));
    root.append(svg("text", { x: BOX.left - 6, y: y(10 ** k) + 4, "text-anchor": "end" }, power(k)));
  }
  for (const [name, word, dash] of [["upper", "fnUpper", "none"], ["lower", "fnLower", "7 4"]] as const) {
    const [[n0, f0], [n1, f1]] = [lines[name][0], lines[name][lines[name].length - 1]];
    const slope = (Math.log10(f1) - Math.log10(f0)) / (Math.log10(n1) - Math.log10(n0) || 1);
    const at = (n: number) => 10 ** (Math.log10(f0) + slope * (Math.log10(n) - Math.log10(n0)));
    const until = Math.min(10 ** last, 10 ** (Math.log10(n0) + (low - Math.log10(f0)) / slope));
    root.append(svg("line", { x1: x(1), y1: y(at(1)), x2: x(until), y2: y(at(until)), class: `limit ${name}`, "stroke-dasharray": dash }));
    root.append(svg("text", { x: x(1.3), y: y(at(1.3)) - 5, class: "limit" }, ui(word)));
  }
  const inside = curve.points.filter(([, f]) => f >= 10 ** low);
  const path = inside.map(([n, f], i) => `${i ? "L" : "M"}${x(n).toFixed(1)} ${y(f).toFixed(1)}`).join(" ");
  root.append(svg("path", { d: path, class: "curve" }));
  root.append(svg("text", { x: (BOX.left + right) / 2, y: BOX.height - 6, "text-anchor": "middle" }, ui("fnDeaths")));
  root.append(svg("text", { transform: `translate(12 ${(BOX.top + floor) / 2}) rotate(-90)`, "text-anchor": "middle" }, ui("fnFrequency")));
  return root;
}

function fn(panel: NonNullable<RiskPanel["fn"]>, chosen: { curve: number }): HTMLElement {
  const scopes: Record<string, [string, string]> = { region: ["全域", "Region"], park: ["园区", "Park"], enterprise: ["企业", "Enterprise"], source: ["风险源", "Source"] };
  const name = (c: Curve) => (c.scope === "region" ? scopes.region[lang() === "zh" ? 0 : 1] : `${scopes[c.scope]?.[lang() === "zh" ? 0 : 1] ?? ""} ${c.name}`);
  const choice = el("select", { id: "fn-of", "aria-label": ui("fnOf") }, ...panel.curves.map((c, i) => el("option", { value: String(i) }, name(c))));
  choice.value = String(chosen.curve);
  const drawing = el("div");
  const facts = el("p");
  const draw = (): void => {
    chosen.curve = Number(choice.value);
    const curve = panel.curves[chosen.curve];
    drawing.replaceChildren(diagram(curve, panel.lines));
    const zone = el("strong", {}, told(curve.zone));
    zone.style.color = ZONES[curve.zone] ?? "";
    facts.replaceChildren(`${ui("fnZone")}: `, zone, `  ·  ${ui("pll")}: ${number(curve.pll)} ${ui("perYear")}`);
  };
  choice.addEventListener("change", draw);
  draw();
  return el("section", {}, el("h2", {}, ui("fnTitle")), choice, drawing, facts);
}

function causes(rows: NonNullable<RiskPanel["causes"]>): HTMLElement {
  const head = el("tr", {}, ...[ui("cause"), `${ui("pll")} (${ui("perYear")})`, ui("share"), ui("worst")].map((text) => el("th", { scope: "col" }, text)));
  const its = rows.filter((r) => r.scope === "enterprise");
  const body = (its.length ? its : rows).map((r) =>
    el("tr", {}, el("th", { scope: "row" }, r.name), ...[number(r.pll), `${number(r.share)} %`, number(Math.round(r.deaths))].map((t) => el("td", { class: "number" }, t))),
  );
  const table = el("table", {}, el("thead", {}, head), el("tbody", {}, ...body));
  return el("section", {}, el("h2", {}, ui("causesTitle")), el("div", { class: "scroll", tabindex: "0" }, table));
}

function targets(manifest: Manifest, panel: RiskPanel, locate?: Locate): HTMLElement {
  const { columns, rows, lonlat } = panel.targets!;
  const layers = manifest.layers.filter((l) => l.id.startsWith("targets_") && !l.id.endsWith("outline"));
  const known = layers.flatMap((l) => l.columns);
  const its = columns.map((name) => known.find((c) => c.name === name) ?? ({ name, zh: name, en: name, unit: "", dtype: "string", domain: {} } as Column));
  const verdict = columns.indexOf("verdict");
  const title = columns.indexOf("name");
  const body = rows.map((row: Value[], i) => {
    const cells = row.map((value, k) => el(k === title ? "th" : "td", { class: typeof value === "number" ? "number" : "long" }, cell(manifest, its[k], value)));
    const layer = layers.find((l) => l.id === `targets_${String(row[verdict])}`);
    const called = String(row[title] ?? "");
    if (locate && layer) {
      const go = el("button", { type: "button", class: "locate", "aria-label": ui("locateName", { name: called }) }, ui("locate"));
      go.addEventListener("click", () => locate(layer, called, lonlat[i]));
      cells.splice(title + 1, 0, el("td", {}, go));
    }
    return el("tr", {}, ...cells);
  });
  const heads = its.map((c) => el("th", { scope: "col" }, heading(c)));
  if (locate) heads.splice(title + 1, 0, el("th", { scope: "col" }, ui("locate")));
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...body));
  const count = el("p", {}, ui("targetsCount", panel.verdicts!));
  const first = el("p", { class: "quiet" }, ui("firstTargets", { n: rows.length }));
  return el("section", {}, el("h2", {}, ui("targetsTitle")), count, first, el("div", { class: "scroll", tabindex: "0" }, table));
}

export function addRisk(manifest: Manifest, locate?: Locate): void {
  const panel = manifest.risk;
  if (!panel) return;
  const root = skeleton("quantified");
  const chosen = { curve: 0 };
  onLanguage(() => {
    root.setAttribute("aria-label", ui("quantified"));
    root.replaceChildren(
      ...(panel.fn?.curves.length ? [fn(panel.fn, chosen)] : []),
      ...(panel.causes?.length ? [causes(panel.causes)] : []),
      ...(panel.targets?.rows.length ? [targets(manifest, panel, locate)] : []),
    );
  });
}
