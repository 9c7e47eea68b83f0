// Lengths and areas on the ellipsoid of WGS 84 (Karney 2013, by his GeographicLib).
import { Geodesic, PolygonArea } from "geographiclib-geodesic";

export type Position = [number, number]; // longitude, latitude [degrees]

/** Length of the geodesics from place to place [m]. */
export function length(places: Position[]): number {
  let metres = 0;
  for (let i = 1; i < places.length; i++) {
    const [[lon1, lat1], [lon2, lat2]] = [places[i - 1], places[i]];
    metres += Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2).s12!;
  }
  return metres;
}

/** Area inside geodesics from corner to corner [m²], whichever way round they go, and their length [m]. */
export function area(corners: Position[]): { area: number; around: number } {
  const polygon = new PolygonArea.PolygonArea(Geodesic.WGS84, false);
  for (const [lon, lat] of corners) polygon.AddPoint(lat, lon);
  const found = polygon.Compute(false, true);
  return { area: Math.abs(found.area ?? 0), around: found.perimeter };
}
