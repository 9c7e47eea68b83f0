// Features out of tiles: all of a layer for its list, those of one tile for the plain map.
import { VectorTile, type VectorTileFeature } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import type { Archives } from "./archive";
import type { Layer, Manifest, Value } from "./manifest";

export interface Row {
  id: number; // of the row, from 1
  properties: Record<string, Value>;
  at: [number, number]; // a place of the feature: longitude, latitude
}

type Place = { x: number; y: number };

/** Where a place lies among the tiles of a zoom. */
export function tileAt([lon, lat]: [number, number], zoom: number): Place {
  const radians = (Math.max(-85, Math.min(85, lat)) * Math.PI) / 180;
  return { x: ((lon + 180) / 360) * 2 ** zoom, y: ((1 - Math.asinh(Math.tan(radians)) / Math.PI) / 2) * 2 ** zoom };
}

/** The way back. */
export function placeOf(x: number, y: number, zoom: number): [number, number] {
  return [(x / 2 ** zoom) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 2 ** zoom))) * 180) / Math.PI];
}

/** The features of a layer in a tile. */
export function decode(tile: ArrayBuffer, layer: Layer): VectorTileFeature[] {
  const found = new VectorTile(new PbfReader(new Uint8Array(tile))).layers[layer.source_layer ?? ""];
  return found ? Array.from({ length: found.length }, (_, i) => found.feature(i)) : [];
}

/** The middle of the widest stretch of a horizontal line through an area: a point inside it. */
function inside(rings: Place[][]): Place {
  const ys = rings.flat().map(({ y }) => y);
  const y = (Math.min(...ys) + Math.max(...ys)) / 2 + 0.5; // corners lie on whole numbers
  const cuts = rings.flatMap((ring) =>
    ring.flatMap((a, i) => {
      const b = ring[(i + 1) % ring.length];
      return a.y > y === b.y > y ? [] : [a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)];
    }),
  );
  cuts.sort((a, b) => a - b);
  let best = { x: rings[0][0].x, y: rings[0][0].y };
  for (let i = 0, width = 0; i + 1 < cuts.length; i += 2) {
    if (cuts[i + 1] - cuts[i] > width) [width, best] = [cuts[i + 1] - cuts[i], { x: (cuts[i] + cuts[i + 1]) / 2, y }];
  }
  return best;
}

function middle(feature: VectorTileFeature): Place {
  const parts = feature.loadGeometry();
  if (feature.type === 3) return inside(parts);
  return parts[0][Math.floor(parts[0].length / 2)];
}

const size = (feature: VectorTileFeature): number => {
  const [left, top, right, bottom] = feature.bbox();
  return right - left + bottom - top;
};

/** Every feature of a vector layer from its most detailed tiles, in the order of its rows. */
export async function allRows(archives: Archives, manifest: Manifest, layer: Layer): Promise<Row[]> {
  const archive = archives.whole(layer.source);
  const { minLon, minLat, maxLon, maxLat } = await archive.getHeader();
  const zoom = manifest.sources[layer.source].maxzoom;
  const [from, to] = [tileAt([minLon, maxLat], zoom), tileAt([maxLon, minLat], zoom)];
  const best = new Map<number | string, [number, Row]>(); // a tile border cuts a feature: its largest piece counts
  for (let x = Math.floor(from.x); x <= to.x; x++) {
    const column = [];
    for (let y = Math.floor(from.y); y <= to.y; y++) column.push(archive.getZxy(zoom, x, y).then((tile) => [y, tile] as const));
    for (const [y, tile] of await Promise.all(column)) {
      for (const feature of tile ? decode(tile.data, layer) : []) {
        const key = feature.id ?? JSON.stringify(feature.properties);
        const extent = size(feature);
        if ((best.get(key)?.[0] ?? -1) >= extent) continue;
        const at = middle(feature);
        const place = placeOf(x + at.x / feature.extent, y + at.y / feature.extent, zoom);
        best.set(key, [extent, { id: feature.id ?? 0, properties: feature.properties, at: place }]);
      }
    }
  }
  return [...best.values()].map(([, row]) => row).sort((a, b) => a.id - b.id);
}
