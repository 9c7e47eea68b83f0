// Elements without HTML strings: text only ever enters the page as text.

type Attributes = Record<string, string | boolean | undefined>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** An element of the page's skeleton. */
export function skeleton(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element;
}

/** A link to a file of the site, called by its kind. */
export const fileLink = (file: string): HTMLElement => el("a", { href: file, download: true }, file.split(".").pop()!.toUpperCase());

/** Runs a script that assigns data. */
export function loadScript(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = el("script", { src });
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new Error(`${src} cannot be read`)));
    document.head.append(script);
  });
}

/** Tells everybody, screen readers included, what just happened. */
export function say(text: string): void {
  skeleton("status").textContent = text;
}

/** Shows a message that stays. */
export function warn(text: string): void {
  const notice = skeleton("notice");
  notice.textContent = text;
  notice.hidden = false;
}
