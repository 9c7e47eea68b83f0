// The desk's own words in both languages; those of verdicts and checks come from the server, as the letter has them.
import type { Lang, Words } from "../manifest";

const UI = {
  desk: { zh: "选址审查", en: "Siting check" },
  title: { zh: "拟建项目选址审查", en: "May it stand here?" },
  intro: { zh: "绘制或上传拟建范围，选择类型，即得审查结论和意见书。所绘内容只在本机内存中处理，不保存、不发布。", en: "Draw or upload the outline, choose what is planned, and get a verdict and a letter. What you draw stays in this machine's memory: nothing is kept or published." },
  what: { zh: "1 拟建什么", en: "1 What is planned" },
  where: { zh: "2 在哪里", en: "2 Where" },
  kind: { zh: "拟建类型", en: "Kind" },
  choose: { zh: "请选择", en: "choose" },
  byFile: { zh: "以上传文件所写为准", en: "as the uploaded file says" },
  more: { zh: "更多（可不填）", en: "More, if known" },
  optional: { zh: "不填", en: "not given" },
  oneOf: { zh: "* 必填；存量与容积填一项即可", en: "* required; of quantity and volume one is enough" },
  polygon: { zh: "画面", en: "Draw an area" },
  line: { zh: "画线", en: "Draw a line" },
  point: { zh: "点位", en: "Set a point" },
  upload: { zh: "上传文件", en: "Upload a file" },
  formats: { zh: "GeoJSON、SHP（ZIP 打包）、DXF、KML，不超过 5 MB", en: "GeoJSON, SHP (zipped), DXF or KML, 5 MB at most" },
  crs: { zh: "坐标系", en: "Coordinate system" },
  crsFile: { zh: "以文件所写为准", en: "as the file states" },
  crsWgs: { zh: "WGS 84 / CGCS2000 经纬度", en: "WGS 84 / CGCS2000, degrees" },
  crsGcj: { zh: "GCJ-02（高德、腾讯）", en: "GCJ-02 (Amap, Tencent)" },
  crsBd: { zh: "BD-09（百度）", en: "BD-09 (Baidu)" },
  crsEpsg: { zh: "EPSG 代码", en: "EPSG code" },
  remove: { zh: "清除", en: "Remove" },
  drawnArea: { zh: "已画面：{n} 个顶点，约 {size}", en: "Area drawn: {n} corners, about {size}" },
  drawnLine: { zh: "已画线：{n} 个顶点，约 {size}", en: "Line drawn: {n} points, about {size}" },
  drawnPoint: { zh: "已定点：{lon}，{lat}", en: "Point set: {lon}, {lat}" },
  fileReading: { zh: "文件：{name}，读取中……", en: "File: {name}, reading…" },
  fileUnread: { zh: "文件：{name}，未能读取，见下方提示", en: "File: {name}: it could not be read, see below" },
  fileRead: { zh: "文件：{name}。读取到 {n} 个图形，{size}，坐标系 {system}。请在地图上核对位置", en: "File: {name}. {n} shapes read, {size}, in {system}. See on the map whether they lie where they should" },
  sizeArea: { zh: "面积 {size} m²", en: "area {size} m²" },
  sizeLine: { zh: "长度 {size} m", en: "length {size} m" },
  sizePoint: { zh: "点位", en: "points" },
  hintPolygon: { zh: "在地图上逐点单击，双击或回车结束", en: "Click or tap corner by corner; double-click or Enter ends" },
  hintPoint: { zh: "在地图上单击", en: "Click on the map" },
  hintKeys: { zh: "键盘：方向键移动地图，空格在中心加点，退格删点，Esc 取消", en: "Keys: arrows move the map, Space sets a point in its middle, Backspace takes one back, Esc cancels" },
  finish: { zh: "完成", en: "Finish" },
  undo: { zh: "删去一点", en: "Take one back" },
  cancel: { zh: "取消", en: "Cancel" },
  fewPoints: { zh: "至少需要 {n} 个点", en: "it takes at least {n} points" },
  corners: { zh: "{n} 点", en: "{n} points" },
  check: { zh: "开始审查", en: "Check" },
  checking: { zh: "审查中……", en: "Checking…" },
  noKind: { zh: "请选择拟建类型。", en: "Choose what is planned." },
  noOutline: { zh: "请在地图上绘制范围，或上传文件。", en: "Draw the outline on the map, or upload a file." },
  needed: { zh: "请填写：{names}。", en: "Fill in: {names}." },
  or: { zh: "或", en: " or " },
  tooLarge: { zh: "文件超过 5 MB。请只上传拟建项目的范围。", en: "The file is larger than 5 MB. Upload the outline of the project alone." },
  noAnswer: { zh: "服务器没有应答。请确认 geo-risk serve 仍在运行，然后重试。", en: "The server does not answer. See whether geo-risk serve is still running, then try again." },
  failed: { zh: "服务器出错（{code}）。请查看运行 geo-risk serve 的窗口。", en: "The server failed ({code}). Look at the window in which geo-risk serve runs." },
  detail: { zh: "程序的原始提示", en: "In the program's own words" },
  result: { zh: "审查结论", en: "Verdict" },
  stale: { zh: "项目内容已修改，以下结论仍针对修改前的项目，请重新审查。", en: "The project was changed. This verdict is on what it was before: check again." },
  dates: { zh: "数据日期 {data}", en: "data of {data}" },
  movedBy: { zh: "范围已移动：东 {dx} m，北 {dy} m", en: "outline moved: east {dx} m, north {dy} m" },
  letter: { zh: "下载意见书", en: "Download the letter" },
  writing: { zh: "正在生成……", en: "Writing…" },
  searching: { zh: "正在寻找可行的位置和存量……", en: "Looking for a place or a stock that would pass…" },
  moveThere: { zh: "移到该处并复核", en: "Move it there and check" },
  clearRows: { zh: "满足要求的 {n} 项", en: "{n} that are kept" },
  passRows: { zh: "满足限值的 {n} 处", en: "{n} within the limit" },
  unnamed: { zh: "未命名{layer}", en: "unnamed: {layer}" },
  showRow: { zh: "在地图上显示", en: "Show on the map" },
  allClear: { zh: "没有不满足或待定的间距。", en: "No distance is broken or undecided." },
  noPairs: { zh: "附近没有任何间距要求适用的对象。", en: "Nothing near by has a distance to keep." },
  mapOff: { zh: "此浏览器无法显示地图，请上传文件。", en: "This browser shows no map: upload a file." },
  done: { zh: "审查完成：{verdict}", en: "Checked: {verdict}" },
  saved: { zh: "意见书已下载", en: "The letter is downloaded" },
} satisfies Record<string, Words>;

export type Word = keyof typeof UI;

/** The language in force, as the page around the desk has it. */
export const lang = (): Lang => (document.documentElement.lang.startsWith("zh") ? "zh" : "en");

export function ui(word: Word, fill: Record<string, string | number> = {}): string {
  return UI[word][lang()].replace(/\{(\w+)\}/g, (_, key: string) => String(fill[key]));
}

/** The text in force of a thing told in both languages; a text in one is taken as it is. */
export function words(both: Words | string | undefined): string {
  if (both === undefined || typeof both === "string") return both ?? "";
  return both[lang()] || both.en || both.zh;
}

const listeners: (() => void)[] = [];
let last = lang();

/** Runs now and after every change of language. */
export function onLanguage(render: () => void): void {
  listeners.push(render);
  render();
}

new MutationObserver(() => {
  if (lang() === last) return;
  last = lang();
  listeners.forEach((render) => render());
}).observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });

/** A number as the language writes it. */
export const number = (value: number, digits: number): string =>
  value.toLocaleString(lang() === "zh" ? "zh-CN" : "en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
