// Links to the handbooks of enterprises (一企一手册), where these lie beside the site: a list of them is asked for once,
// when the first enterprise is looked at, and where it is not there nothing is linked.
import { el } from "./dom";
import { ui } from "./i18n";
import type { Layer, Manifest, Value } from "./manifest";

let list: Promise<Map<string, string>> | undefined;

/** Id of an enterprise -> file of its handbook; nothing where there are none, or only those of another region. */
function files({ folder, region }: NonNullable<Manifest["handbooks"]>): Promise<Map<string, string>> {
  return new Promise((resolve) => {
    const script = el("script", { src: `${folder}/handbooks.js` });
    script.onload = () => {
      const found = window.GEO_RISK_HANDBOOKS;
      resolve(new Map(found?.region === region ? Object.entries(found.files) : []));
    };
    script.onerror = () => resolve(new Map());
    document.head.append(script);
  });
}

/** The enterprise that a feature is or belongs to. */
function firmOf(layer: Layer, properties: Record<string, Value>): string | undefined {
  const id = /^enterprises(_outline)?$/.test(layer.id) ? properties.id : properties.enterprise_id;
  return id === undefined || id === null || id === "" ? undefined : String(id);
}

/** Puts a link to the handbook of a feature's enterprise at the end of a box, once it is known to exist. */
export function linkHandbook(manifest: Manifest, box: HTMLElement, layer: Layer, properties: Record<string, Value>): void {
  const { handbooks } = manifest;
  const firm = firmOf(layer, properties);
  if (!handbooks || firm === undefined) return;
  list ??= files(handbooks);
  void list.then((known) => {
    const file = known.get(firm);
    if (file === undefined) return;
    const href = `${handbooks.folder}/${encodeURIComponent(file)}`;
    box.append(el("p", { class: "handbook" }, el("a", { href, target: "_blank", rel: "noopener" }, ui("handbook"))));
  });
}
