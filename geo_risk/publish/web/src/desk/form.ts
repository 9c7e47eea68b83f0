// What is planned: a kind, and the columns that decide about it.
import { el } from "../dom";
import type { Column, Group, Kind, Kinds, Shape } from "./ask";
import { lang, onLanguage, ui, words } from "./words";

export interface Form {
  root: HTMLElement;
  kind: () => string;
  values: () => Record<string, string>;
  shapes: () => Shape[];
  /** What is missing, as a sentence; empty if nothing is. */
  lacks: () => string;
}

export function form({ groups, substances }: Kinds, changed: () => void): Form {
  const kind = el("select", { id: "desk-kind" });
  const kindName = el("label", { for: "desk-kind" });
  const fields = el("div", { class: "desk-fields" });
  const rest = el("div", { class: "desk-fields" });
  const moreName = el("summary");
  const folded = el("details", {}, moreName, rest);
  const note = el("p", { class: "quiet" });
  const list = el("datalist", { id: "desk-substances" }, ...substances.map((s) => el("option", { value: s })));
  const inputs = new Map<string, HTMLInputElement | HTMLSelectElement>(); // by column: what was written stays when the kind changes
  const root = el("div", {}, kindName, kind, fields, note, folded, list);

  const chosen = (): [Group, Kind] | undefined => {
    for (const group of groups) for (const its of group.kinds) if (its.kind === kind.value) return [group, its];
    return undefined;
  };
  const input = (column: Column): HTMLInputElement | HTMLSelectElement => {
    const id = `desk-${column.name}`;
    let made = inputs.get(column.name);
    if (!made) {
      made = column.options.length
        ? el("select", { id })
        : el("input", { id, type: "text", autocomplete: "off", maxlength: "120", inputmode: column.dtype === "string" ? undefined : "decimal", list: column.name === "substance" ? list.id : undefined });
      made.addEventListener("input", changed);
      inputs.set(column.name, made);
    }
    if (made instanceof HTMLSelectElement) {
      const value = made.value;
      made.replaceChildren(el("option", { value: "" }, ui("optional")), ...column.options.map((o) => el("option", { value: o.value }, words(o))));
      made.value = column.options.some((o) => o.value === value) ? value : "";
    }
    return made;
  };
  const label = (column: Column, needs: string[][]): HTMLElement => {
    const need = needs.find((names) => names.includes(column.name));
    const unit = words(column.unit);
    const name = `${words(column)}${unit ? (lang() === "zh" ? `（${unit}）` : ` (${unit})`) : ""}`;
    return el("label", { for: `desk-${column.name}` }, name, ...(need ? [el("span", { class: "need", "aria-hidden": "true" }, " *")] : []));
  };
  const render = (): void => {
    const [group, its] = chosen() ?? [];
    const columns = its ? its.columns.map((name) => group!.columns.find((c) => c.name === name)!) : [];
    const made = (more: boolean) => columns.filter((c) => c.more === more).map((c) => el("div", {}, label(c, its!.needs), input(c)));
    fields.replaceChildren(...made(false));
    rest.replaceChildren(...made(true));
    folded.hidden = !rest.childElementCount;
    moreName.textContent = ui("more");
    note.textContent = its?.needs.length ? ui("oneOf") : "";
    note.hidden = !its?.needs.length;
  };
  kind.addEventListener("change", () => {
    render();
    changed();
  });
  onLanguage(() => {
    const value = kind.value;
    kindName.textContent = ui("kind");
    kind.replaceChildren(
      el("option", { value: "" }, ui("choose")),
      ...groups.map((g) => el("optgroup", { label: words(g) }, ...g.kinds.map((k) => el("option", { value: k.kind }, words(k))))),
      el("option", { value: "file" }, ui("byFile")),
    );
    kind.value = value;
    render();
  });
  const values = (): Record<string, string> => {
    const given = (chosen()?.[1].columns ?? []).map((name) => [name, inputs.get(name)!.value.trim()]);
    return Object.fromEntries(given.filter(([, value]) => value));
  };
  return {
    root,
    kind: () => kind.value,
    values,
    shapes: () => chosen()?.[0].shapes ?? ["polygon", "line", "point"],
    lacks: () => {
      const [group, its] = chosen() ?? [];
      const missing = (its?.needs ?? []).filter((names) => !names.some((name) => values()[name]));
      if (!missing.length) return "";
      inputs.get(missing[0][0])?.focus();
      const named = missing.map((names) => names.map((name) => words(group!.columns.find((c) => c.name === name))).join(ui("or")));
      return ui("needed", { names: named.join(lang() === "zh" ? "、" : ", ") });
    },
  };
}
