import "./polyfills";
// Exported only to be kept: the package says that importing it does nothing, but loading it is what starts the worker.
export { default } from "maplibre-gl/dist/maplibre-gl-worker.mjs";
