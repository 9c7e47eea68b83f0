// Search by name: a combobox over the index, usable with the keyboard alone.
import { el, loadScript, say, skeleton, warn } from "./dom";
import { onLanguage, ui, words } from "./i18n";
import type { Hit, Manifest } from "./manifest";

const SHOWN = 30; // hits listed

interface Index {
  hit: Hit;
  keys: string[]; // name, id, initials
}

const fold = (name: string): string => name.normalize("NFKC").toLowerCase().trim();

/** Hits of a substring of name, id or initials: equal ones first, then beginnings, then the rest; each in the index's order. */
export function find(index: Index[], asked: string): Hit[] {
  const key = fold(asked);
  if (!key) return [];
  const ranks: Hit[][] = [[], [], []];
  for (const entry of index) {
    const found = entry.keys.map((its) => (its === key ? 0 : its.startsWith(key) ? 1 : its.includes(key) ? 2 : 3));
    const rank = Math.min(...found);
    if (rank < 3) ranks[rank].push(entry.hit);
  }
  return ranks.flat();
}

/** The index, read when somebody is about to search: it weighs more than all the rest of the first view. */
async function load(manifest: Manifest): Promise<Index[]> {
  if (manifest.search) await loadScript(manifest.search);
  const hits = (window.GEO_RISK_SEARCH ?? []).filter(([, layer]) => manifest.layers[layer]);
  return hits.map((hit) => ({ hit, keys: [hit[0], hit[4] ?? "", hit[5] ?? ""].map(fold).filter(Boolean) }));
}

export function addSearch(manifest: Manifest, choose: (hit: Hit) => void): void {
  let index: Index[] = [];
  let loading: Promise<void> | undefined;
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
  root.hidden = false;
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
        const byId = hit[4] && !fold(hit[0]).includes(fold(input.value)) && fold(hit[4]).includes(fold(input.value));
        const layer = el("span", { class: "quiet" }, words(manifest.layers[hit[1]]) + (byId ? ` ${hit[4]}` : ""));
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

  const ask = (): void => {
    loading ??= load(manifest).then(
      (all) => {
        index = all;
        if (fold(input.value)) render();
      },
      (error: Error) => {
        loading = undefined; // the next letter tries again
        warn(ui("attention") + error.message);
      },
    );
    if (index.length) render();
  };
  input.addEventListener("input", ask);
  input.addEventListener("focus", ask);
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
