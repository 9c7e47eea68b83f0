// Where tile bytes come from: HTTP ranges of a .pmtiles file, or base64 script pieces of the same archive where
// ranges do not work (a page opened from a folder, a plain server, a proxy that compresses what it passes on).
import { addProtocol } from "maplibre-gl";
import { FetchSource, PMTiles, Protocol, type RangeResponse, type Source as ByteSource } from "pmtiles";
import type { Manifest, Source } from "./manifest";

const PROBE_BYTES = 127; // the fixed header of a PMTiles archive

/** Reads an archive from its script pieces; each piece is loaded once and kept. */
class ScriptSource implements ByteSource {
  private pieces = new Map<number, Promise<Uint8Array>>();
  private arrived = new Map<number, string>();

  constructor(
    private name: string,
    private source: Source,
  ) {}

  getKey(): string {
    return this.name;
  }

  receive(n: number, base64: string): void {
    this.arrived.set(n, base64);
  }

  async getBytes(offset: number, length: number): Promise<RangeResponse> {
    const { bytes } = this.source.chunks!;
    const end = Math.min(offset + length, this.source.bytes); // the first read asks for more than a small file holds
    const out = new Uint8Array(Math.max(0, end - offset));
    const numbers = [];
    for (let n = Math.floor(offset / bytes); n * bytes < end; n++) numbers.push(n);
    await Promise.all(
      numbers.map(async (n) => {
        const piece = await this.piece(n);
        const from = Math.max(offset, n * bytes);
        out.set(piece.subarray(from - n * bytes, end - n * bytes), from - offset);
      }),
    );
    return { data: out.buffer };
  }

  private piece(n: number): Promise<Uint8Array> {
    let piece = this.pieces.get(n);
    if (!piece) {
      piece = this.load(n);
      this.pieces.set(n, piece);
      piece.catch(() => this.pieces.delete(n)); // so that the next look at the same place tries again
    }
    return piece;
  }

  private load(n: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const url = `${this.source.chunks!.dir}/${n}.js`;
      script.onload = () => {
        const text = this.arrived.get(n);
        this.arrived.delete(n);
        script.remove();
        if (text === undefined) reject(new Error(`${url} holds no piece ${n} of ${this.name}`));
        else resolve(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
      };
      script.onerror = () => {
        script.remove();
        reject(new Error(`${url} cannot be read`));
      };
      script.src = url;
      document.head.append(script);
    });
  }
}

/** Whether the server answers byte ranges; asked once, with the header of the first archive. */
async function rangesWork(file: string): Promise<boolean> {
  if (location.protocol === "file:") return false;
  const abort = new AbortController();
  try {
    const answer = await fetch(file, { headers: { Range: `bytes=0-${PROBE_BYTES - 1}` }, signal: abort.signal });
    return answer.status === 206 && !answer.headers.get("Content-Encoding");
  } catch {
    return false;
  } finally {
    abort.abort(); // a server without ranges is sending the whole file
  }
}

/** The tile address of an archive, for a style's source. */
export function tileUrl(name: string): string {
  return `pmtiles://${name}/{z}/{x}/{y}`;
}

export type ReadTile = (source: string, z: number, x: number, y: number) => Promise<ArrayBuffer | undefined>;

export interface Archives {
  /** One tile as the map reads it. */
  read: ReadTile;
  /** The archive in its script pieces: few large requests, for who wants all of it. */
  whole: (source: string) => PMTiles;
}

/** Opens every archive of the site; ``repaint`` may change the bytes of a tile on its way to the map. */
export async function openArchives(manifest: Manifest, repaint?: (source: string, tile: Uint8Array) => Uint8Array): Promise<Archives> {
  const protocol = new Protocol();
  const scripts = new Map<string, ScriptSource>();
  const pieces = (name: string): ScriptSource => {
    if (!scripts.has(name)) scripts.set(name, new ScriptSource(name, manifest.sources[name]));
    return scripts.get(name)!;
  };
  window.GEO_RISK_CHUNK = (source, n, base64) => scripts.get(source)?.receive(n, base64);
  const [first] = Object.values(manifest.sources);
  const ranges = first !== undefined && (await rangesWork(first.file));
  for (const [name, source] of Object.entries(manifest.sources)) {
    if (ranges || !source.chunks) {
      const byRange = new FetchSource(new URL(source.file, document.baseURI).href);
      byRange.getKey = () => name;
      protocol.add(new PMTiles(byRange));
    } else protocol.add(new PMTiles(pieces(name)));
  }
  addProtocol("pmtiles", async (asked, abort) => {
    const answer = await protocol.tile(asked, abort);
    const name = /^pmtiles:\/\/(.+)\/\d+\/\d+\/\d+/.exec(asked.url)?.[1] ?? "";
    const data = answer.data as Uint8Array | null;
    return { ...answer, data: (repaint && data?.length ? repaint(name, data) : data) as Uint8Array };
  });
  return {
    read: async (source, z, x, y) => (await protocol.get(source)?.getZxy(z, x, y))?.data,
    whole: (source) => (manifest.sources[source].chunks ? new PMTiles(pieces(source)) : protocol.get(source)!),
  };
}
