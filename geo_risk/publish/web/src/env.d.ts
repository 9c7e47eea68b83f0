declare module "virtual:map-worker" {
  const code: string;
  export default code;
}
declare module "maplibre-gl/dist/maplibre-gl-worker.mjs";
