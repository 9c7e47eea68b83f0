// Builds one classic script (app.js), one style sheet (app.css) and the licence texts of what is inside them.
// A classic script because modules, import.meta and fetch do not work in a page opened from a folder.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build, defineConfig, type Plugin } from "vite";

const here = import.meta.dirname;
const target = "chrome87"; // the oldest browser found in offices; MapLibre needs WebGL2 there
const workerId = "virtual:map-worker";

/** The map library's worker as text, lowered like the page, so that it can start from a Blob. */
function workerAsText(): Plugin {
  return {
    name: "worker-as-text",
    resolveId: (id) => (id === workerId ? `\0${workerId}` : undefined),
    async load(id) {
      if (id !== `\0${workerId}`) return undefined;
      const built = await build({
        configFile: false,
        root: here,
        logLevel: "warn",
        build: {
          target,
          write: false,
          lib: { entry: resolve(here, "src/worker.ts"), formats: ["iife"], name: "mapWorker", fileName: "worker" },
        },
      });
      const [{ output }] = built as { output: { code: string }[] }[];
      return `export default ${JSON.stringify(output[0].code)};`;
    },
  };
}

/** The planners' desk as a script and a style sheet of its own: the server adds them, a site never carries them. */
function desk(): Plugin {
  return {
    name: "desk",
    async generateBundle() {
      const built = await build({
        configFile: false,
        root: here,
        logLevel: "warn",
        build: {
          target,
          write: false,
          lib: { entry: resolve(here, "src/desk/main.ts"), formats: ["iife"], name: "geoRiskDesk", fileName: () => "desk.js", cssFileName: "desk" },
        },
      });
      for (const part of (built as { output: ({ fileName: string } & ({ code: string } | { source: string }))[] }[])[0].output) {
        this.emitFile({ type: "asset", fileName: part.fileName, source: "code" in part ? part.code : part.source });
      }
    },
  };
}

/** A package's licence: its own file, else the one kept in licences/, else the section of its README. */
function licenceText(folder: string, name: string): string {
  const kept = resolve(here, "licences", `${name}.txt`);
  const own = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (own) return readFileSync(resolve(folder, own), "utf8").trim();
  if (existsSync(kept)) return readFileSync(kept, "utf8").trim();
  const section = readFileSync(resolve(folder, "README.md"), "utf8").split(/^#+ Licen[cs]e.*$/im)[1] ?? "";
  if (!section.includes("Copyright")) throw new Error(`${name} carries no licence text: add one as licences/${name}.txt`);
  return section.trim();
}

/** THIRD_PARTY_LICENSES.txt: every package of the lock file that is no build tool. */
function licences(): Plugin {
  return {
    name: "licences",
    generateBundle() {
      const { packages } = JSON.parse(readFileSync(resolve(here, "package-lock.json"), "utf8"));
      const carried = Object.keys(packages).sort().filter((path) => {
        return path && !packages[path].dev && !packages[path].optional && !path.includes("/@types/");
      });
      const parts = carried.map((path) => {
        const name = path.replace(/^.*node_modules\//, "");
        const { version, license } = packages[path];
        return `${name} ${version}, ${license}\n\n${licenceText(resolve(here, path), name)}\n`;
      });
      this.emitFile({ type: "asset", fileName: "THIRD_PARTY_LICENSES.txt", source: parts.join(`\n${"-".repeat(79)}\n\n`) });
    },
  };
}

export default defineConfig({
  plugins: [workerAsText(), desk(), licences()],
  build: {
    target,
    outDir: "dist",
    emptyOutDir: true,
    lib: {
      entry: resolve(here, "src/main.ts"),
      formats: ["iife"],
      name: "geoRiskPage",
      fileName: () => "app.js",
      cssFileName: "app",
    },
    // MapLibre looks at import.meta.url for its worker's address, which we set ourselves; a classic script has none.
    rolldownOptions: { onLog: (level, log, keep) => (log.code === "EMPTY_IMPORT_META" ? undefined : keep(level, log)) },
  },
});
