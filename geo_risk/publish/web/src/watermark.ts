// A text over the whole page, on the screen and on paper (where backgrounds are left out, so it is drawn).
const SVG = "http://www.w3.org/2000/svg";
const TURN = -30; // degrees
const EM = 20; // px
const APART = { x: 120, y: 140 }; // px between the texts

function part(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** Lays `text` over the page; every click goes through it. */
export function addWatermark(text: string): void {
  const width = APART.x + EM * [...text].length;
  const pattern = part("pattern", { id: "watermark-text", patternUnits: "userSpaceOnUse", width, height: APART.y, patternTransform: `rotate(${TURN})` });
  const words = part("text", { x: APART.x / 2, y: APART.y / 2, "font-size": EM });
  words.textContent = text;
  pattern.append(words);
  const sheet = part("svg", { id: "watermark", "aria-hidden": "true", width: "100%", height: "100%" });
  sheet.append(pattern, part("rect", { width: "100%", height: "100%", fill: "url(#watermark-text)" }));
  document.body.append(sheet);
}
