// How opaque a layer is: a share of what its own style has.
import type { Map as MapLibre } from "maplibre-gl";

const OPACITIES: Record<string, string[]> = {
  fill: ["fill-opacity"],
  line: ["line-opacity"],
  circle: ["circle-opacity", "circle-stroke-opacity"],
  symbol: ["icon-opacity", "text-opacity"],
  raster: ["raster-opacity"],
};

/** A function that makes parts of the style more or less opaque. */
export function dimmer(map: MapLibre): (parts: string[], share: number) => void {
  const own = new Map<string, number>(); // what the style says by itself
  return (parts, share) => {
    for (const part of parts) {
      for (const name of OPACITIES[map.getLayer(part)!.type] ?? []) {
        const key = `${part} ${name}`;
        if (!own.has(key)) own.set(key, Number(map.getPaintProperty(part, name as "fill-opacity") ?? 1));
        map.setPaintProperty(part, name as "fill-opacity", own.get(key)! * share);
      }
    }
  };
}
