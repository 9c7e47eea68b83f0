// Search by name: a combobox over the index, usable with the keyboard alone.
import { el, say, skeleton } from "./dom";
import { onLanguage, ui, words } from "./i18n";
import type { Hit, Manifest } from "./manifest";

const SHOWN = 30; // hits listed

interface Index {
  hit: Hit;
  key: string;
}

const fold = (name: string): string => name.normalize("NFKC").toLowerCase().trim();

/** Hits of a substring: equal names first, then beginnings, then the rest; among these in the index's order. */
export function find(index: Index[], asked: string): Hit[] {
  const key = fold(asked);
  if (!key) return [];
  const ranks: Hit[][] = [[], [], []];
  for (const entry of index) {
    const at = entry.key.indexOf(key);
    if (at >= 0) ranks[entry.key === key ? 0 : at === 0 ? 1 : 2].push(entry.hit);
  }
  return ranks.flat();
}

export function addSearch(manifest: Manifest, hits: Hit[], choose: (hit: Hit) => void): void {
  const index = hits.filter(([, layer]) => manifest.layers[layer]).map((hit) => ({ hit, key: fold(hit[0]) }));
  const input = el("input", {
    type: "search",
    id: "search-input",
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "search-hits",
  });
  const list = el("ul", { id: "search-hits", role: "listbox", hidden: true });
  const root = skeleton("search");
  root.append(input, list);
  root.hidden = !index.length;
  let found: Hit[] = [];
  let active = -1;

  const close = (): void => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (to: number): void => {
    active = (to + list.children.length) % list.children.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    input.setAttribute("aria-activedescendant", list.children[active].id);
    list.children[active].scrollIntoView({ block: "nearest" });
  };
  const take = (hit: Hit): void => {
    input.value = hit[0];
    close();
    choose(hit);
  };
  const render = (): void => {
    found = find(index, input.value);
    const shown = found.slice(0, SHOWN);
    list.replaceChildren(
      ...shown.map((hit, i) => {
        const layer = el("span", { class: "quiet" }, words(manifest.layers[hit[1]]));
        const item = el("li", { role: "option", id: `hit-${i}`, "aria-selected": "false" }, el("span", {}, hit[0]), layer);
        item.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the field
        item.addEventListener("click", () => take(hit));
        return item;
      }),
    );
    close();
    if (!fold(input.value)) return;
    const many = found.length > SHOWN;
    const told = ui(many ? "firstHits" : found.length ? "hits" : "noHits", { n: found.length, m: SHOWN });
    say(told);
    list.append(el("li", { class: "quiet told", role: "presentation" }, told));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };

  input.addEventListener("input", render);
  input.addEventListener("focus", () => fold(input.value) && render());
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const options = Math.min(found.length, SHOWN);
    if (event.isComposing || list.hidden) return; // Enter then ends the input of a Chinese word
    if (event.key === "Escape") close();
    else if (!options) return;
    else if (event.key === "ArrowDown") move(active + 1, options, event);
    else if (event.key === "ArrowUp") move(active < 0 ? options - 1 : active - 1, options, event);
    else if (event.key === "Enter") take(found[Math.max(active, 0)]);
  });
  const move = (to: number, options: number, event: KeyboardEvent): void => {
    event.preventDefault();
    mark((to + options) % options);
  };
  onLanguage(() => {
    input.setAttribute("aria-label", ui("search"));
    input.setAttribute("placeholder", ui("search"));
  });
}
