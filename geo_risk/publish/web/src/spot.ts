// The grade of a place on a surface, read back from the tile that shows it.
import type { LngLat } from "maplibre-gl";
import type { ReadTile } from "./archive";
import type { Grade, Layer, Manifest } from "./manifest";

const NEAR = 3; // levels of a colour channel a browser may round by

const channels = (color: string): number[] => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

async function pixels(data: ArrayBuffer): Promise<ImageData> {
  const picture = await createImageBitmap(new Blob([data], { type: "image/png" }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const pen = canvas.getContext("2d", { willReadFrequently: true })!;
  pen.drawImage(picture, 0, 0);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * The grade of a surface at a place, from its most detailed tile; undefined where it shows none, or where the colour is
 * none of the grades.
 */
export async function gradeAt(read: ReadTile, manifest: Manifest, layer: Layer, at: LngLat): Promise<Grade | undefined> {
  const zoom = manifest.sources[layer.source].maxzoom;
  const radians = (at.lat * Math.PI) / 180;
  const x = ((at.lng + 180) / 360) * 2 ** zoom;
  const y = ((1 - Math.asinh(Math.tan(radians)) / Math.PI) / 2) * 2 ** zoom;
  const data = await read(layer.source, zoom, Math.floor(x), Math.floor(y));
  if (!data) return undefined;
  const image = await pixels(data);
  const [column, row] = [Math.floor((x % 1) * image.width), Math.floor((y % 1) * image.height)];
  const seen = image.data.slice(4 * (row * image.width + column), 4 * (row * image.width + column) + 4);
  if (seen[3] < 255) return undefined;
  const same = (color: string): boolean => channels(color).every((value, i) => Math.abs(value - seen[i]) <= NEAR);
  return manifest.grades.find((grade) => grade.grade > 0 && [grade.tile ?? grade].some(({ color, ink }) => same(color) || same(ink)));
}
