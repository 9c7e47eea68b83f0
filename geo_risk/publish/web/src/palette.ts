// The second palette of the grades, for eyes that tell red from green badly: other colours, same words and hatches.
import { asked, keep } from "./address";
import { el, skeleton } from "./dom";
import { onLanguage, redraw, ui } from "./i18n";
import type { Grade, Manifest } from "./manifest";

const NAME = "palette"; // in the address
const SAFE = "safe";
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let k = 0; k < 8; k++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

const channels = (color: string): number[] => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

/** The PNG with other colours in its palette; pixels stay packed. A picture without palette stays as it is. */
export function recoloured(png: Uint8Array, other: Map<string, string>): Uint8Array {
  const out = png.slice();
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length; at += 12 + view.getUint32(at)) {
    const [size, kind] = [view.getUint32(at), String.fromCharCode(...out.subarray(at + 4, at + 8))];
    if (kind !== "PLTE") continue;
    for (let i = at + 8; i < at + 8 + size; i += 3) {
      const color = `#${[...out.subarray(i, i + 3)].map((v) => v.toString(16).padStart(2, "0")).join("")}`;
      out.set(channels(other.get(color) ?? color), i);
    }
    view.setUint32(at + 8 + size, crc(out.subarray(at + 4, at + 8 + size)));
    break;
  }
  return out;
}

export interface Palette {
  /** Colours of the tiles and what they are to become; undefined while the tiles' own are wanted. */
  other: () => Map<string, string> | undefined;
}

/** The colours in force stand in ``manifest.grades``; ``changed`` runs when they have been exchanged. */
export function startPalette(manifest: Manifest): Palette & { addSwitch: (changed: () => void) => void } {
  const own = manifest.grades.map(({ color, ink }) => ({ color, ink }));
  const pairs = manifest.grades.flatMap((g): [string, string][] => (g.safe ? [[g.color, g.safe.color], [g.ink, g.safe.ink]] : []));
  const other = new Map(pairs);
  manifest.grades.forEach((grade, i) => (grade.tile = own[i]));
  let safe = false;
  const use = (wanted: boolean): void => {
    safe = wanted && other.size > 0;
    manifest.grades.forEach((grade: Grade, i) => Object.assign(grade, safe ? grade.safe : own[i]));
  };
  use(asked(NAME) === SAFE);
  return {
    other: () => (safe ? other : undefined),
    addSwitch(changed) {
      if (!other.size) return;
      const box = el("input", { type: "checkbox", id: "safe-colours" });
      box.checked = safe;
      const name = el("span", { class: "name" });
      skeleton("layers").prepend(el("label", { class: "layer" }, box, name));
      onLanguage(() => (name.textContent = ui("safeColours")));
      box.addEventListener("change", () => {
        use(box.checked);
        keep(NAME, safe ? SAFE : undefined);
        changed();
        redraw();
      });
    },
  };
}
