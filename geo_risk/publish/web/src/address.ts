// The address after #: language, view, layers switched, palette and feature, so that a link shows what its sender saw.

const plain = (hash: URLSearchParams): string =>
  hash.toString().replace(/%2F/g, "/").replace(/%2C/g, ","); // as the map writes them, and shorter

const parameters = (): URLSearchParams => new URLSearchParams(location.hash.slice(1));

/** What the address says of a name; undefined where it says nothing. */
export function asked(name: string): string | undefined {
  return parameters().get(name) ?? undefined;
}

/** Keeps a value in the address, beside the view that the map writes there; undefined takes it out. */
export function keep(name: string, value: string | undefined): void {
  const hash = parameters();
  if (value === undefined) hash.delete(name);
  else hash.set(name, value);
  history.replaceState(history.state, "", `#${plain(hash)}`);
}

/** A feature in a link: its layer, its title, where it is. */
export interface Pointed {
  layer: string;
  title: string;
  at: [number, number];
}

const DECIMALS = 5; // 1 m

/** As it stands in the address: layer/lon/lat/title. */
export function pointer({ layer, title, at }: Pointed): string {
  return [layer, ...at.map((v) => v.toFixed(DECIMALS)), title].join("/");
}

/** What `pointer` wrote; undefined for anything else. */
export function pointed(text: string | undefined): Pointed | undefined {
  const found = /^([^/]+)\/(-?[\d.]+)\/(-?[\d.]+)\/(.*)$/.exec(text ?? "");
  const at: [number, number] = [Number(found?.[2]), Number(found?.[3])];
  const real = Math.abs(at[0]) <= 180 && Math.abs(at[1]) <= 90;
  return found && real ? { layer: found[1], at, title: found[4] } : undefined;
}
