// The page's own words in both languages, and the language in force.
import type { Lang, Words } from "./manifest";

const UI = {
  layers: { zh: "图层", en: "Layers" },
  list: { zh: "列表", en: "Table" },
  quantified: { zh: "定量风险", en: "Quantified" },
  fnTitle: { zh: "社会风险 F-N 曲线", en: "Societal risk: F-N curve" },
  fnOf: { zh: "对象", en: "Of" },
  fnDeaths: { zh: "死亡人数 N（人）", en: "Deaths N (persons)" },
  fnFrequency: { zh: "N 人及以上死亡的频率（/年）", en: "Frequency of N or more deaths (per year)" },
  fnUpper: { zh: "不可接受线", en: "intolerable above" },
  fnLower: { zh: "可接受线", en: "acceptable below" },
  fnZone: { zh: "所在区域", en: "Zone" },
  pll: { zh: "潜在生命损失", en: "Expected deaths" },
  perYear: { zh: "人/年", en: "per year" },
  causesTitle: { zh: "主要来源（按潜在生命损失）", en: "Main causes, by expected deaths" },
  cause: { zh: "名称", en: "Name" },
  share: { zh: "占比", en: "Share" },
  worst: { zh: "最坏一次死亡（人）", en: "Worst accident (deaths)" },
  targetsTitle: { zh: "未满足或待核实的防护目标", en: "Protection targets above the limit or undecided" },
  targetsCount: { zh: "超限 {fail}，待核实 {undecided}，满足 {pass}", en: "{fail} above the limit, {undecided} undecided, {pass} within" },
  firstTargets: { zh: "按裕度排列，列出前 {n} 处；其余见下载表", en: "By margin, the first {n}; the rest are in the download" },
  legend: { zh: "风险等级", en: "Risk grade" },
  none: { zh: "未分级", en: "Not graded" },
  map: { zh: "风险地图，可用方向键移动、加减键缩放", en: "Risk map; arrow keys move it, plus and minus zoom" },
  print: { zh: "打印", en: "Print" },
  search: { zh: "搜索名称", en: "Search by name" },
  hits: { zh: "找到 {n} 处", en: "{n} found" },
  firstHits: { zh: "找到 {n} 处，显示前 {m} 处", en: "{n} found, the first {m} are shown" },
  noHits: { zh: "没有找到", en: "Nothing found" },
  shown: { zh: "已定位：{name}", en: "On the map: {name}" },
  locate: { zh: "定位", en: "Locate" },
  locateName: { zh: "在地图上定位 {name}", en: "Show {name} on the map" },
  handbook: { zh: "打开企业安全风险手册（一企一手册）", en: "Open the enterprise's safety risk handbook" },
  more: { zh: "此处还有", en: "Also here" },
  furtherHere: { zh: "另有 {n} 处未列出，请放大地图后点击", en: "{n} further features not listed: zoom in and click again" },
  gradeHere: { zh: "此处风险等级", en: "Risk grade of this place" },
  riskHere: { zh: "此处个人风险", en: "Individual risk here" },
  eachYear: { zh: "/年", en: "per year" },
  reading: { zh: "计算中……", en: "working it out…" },
  noRisk: { zh: "没有风险源的致死后果波及此处", en: "No accident computed here reaches this place" },
  outside: { zh: "此处在计算范围之外", en: "Outside the area computed" },
  cellDiffers: { zh: "图上该网格中心为 {value}/年，此处与之相差 {percent} %", en: "the map's cell, at its centre: {value} per year; this place differs by {percent} %" },
  bySource: { zh: "按风险源", en: "By source" },
  byScenario: { zh: "按泄漏情景", en: "By scenario" },
  byOutcome: { zh: "按后果", en: "By outcome" },
  byWeather: { zh: "按天气", en: "By weather" },
  others: { zh: "其余 {n} 项", en: "{n} others" },
  anyWeather: { zh: "与天气无关", en: "in any weather" },
  weatherOf: { zh: "{stability} 类，{speed} m/s，{period}", en: "class {stability}, {speed} m/s, {period}" },
  noDetails: { zh: "没有更多信息", en: "No further details" },
  notDrawn: { zh: "当前比例尺下未绘出该对象", en: "Not drawn at this scale" },
  yes: { zh: "是", en: "yes" },
  no: { zh: "否", en: "no" },
  close: { zh: "关闭", en: "Close" },
  zoomIn: { zh: "放大", en: "Zoom in" },
  zoomOut: { zh: "缩小", en: "Zoom out" },
  attention: { zh: "部分地图数据无法读取，图面不完整：", en: "Some map data could not be read; the map is incomplete: " },
  noWebgl: {
    zh: "此浏览器不支持 WebGL2，无法显示地图；下表内容与地图一致。请更新浏览器或开启硬件加速。",
    en: "This browser has no WebGL2, so there is no map; the table tells the same. Update the browser or switch on hardware acceleration.",
  },
  noData: {
    zh: "找不到数据文件（data/ 文件夹）。请把整个站点文件夹一起复制。",
    en: "The data files (folder data/) are missing. Copy the whole site folder.",
  },
} satisfies Record<string, Words>;

export type Word = keyof typeof UI;

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

function parameters(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

/** Takes the language from the address (#lang=en), else the first of the site's. */
export function startLanguage(languages: Lang[]): void {
  const asked = parameters().get("lang") as Lang | null;
  current = asked && languages.includes(asked) ? asked : (languages[0] ?? "zh");
}

/** Changes the language and keeps it in the address, beside the view. */
export function setLanguage(next: Lang): void {
  current = next;
  const hash = parameters();
  hash.set("lang", next);
  // the view reads better, and is written by the map, with its slashes as they are
  history.replaceState(history.state, "", `#${hash.toString().replace(/%2F/g, "/")}`);
  listeners.forEach((render) => render());
}

// --- sentences of the results ---

let patterns: [RegExp, string][] = [];
let exact = new Map<string, string>();
let translated = new Set<string>();
const JOINTS: [string, string][] = [["; ", "；"], ["|", "、"], [", ", "、"], ["/", "："]];

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
  for (const [pattern, zh] of text.includes("; ") ? [] : patterns) {
    const found = pattern.exec(text);
    let next = 1;
    if (found) return zh.replace(/\{(\d*)\}/g, (_, n: string) => phrase(found[n === "" ? next++ : Number(n) + 1]));
  }
  for (const [joint, chinese] of JOINTS) {
    const parts = text.split(joint);
    const told = parts.length > 1 ? parts.map(phrase) : [];
    if (told.length && (joint === "; " || told.some((part, i) => part !== parts[i]))) return told.join(chinese);
  }
  return text;
}

/** A value of a column of sentences in the language in force. */
export const sentence = (column: string, value: string): string =>
  current === "zh" && translated.has(column) ? phrase(value) : value;
