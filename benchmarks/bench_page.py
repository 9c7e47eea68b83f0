"""
The page of a large site in a browser, beside the same features by Leaflet and by folium: seconds, heap, bytes.

    npm install leaflet@1.9.4
    python benchmarks/bench_portal.py --what portal --folder DIR
    python benchmarks/bench_page.py DIR/site --layers districts_village risk_points
        [--leaflet node_modules/leaflet/dist] [--rows 1000000] [--parcels DIR/parcels.parquet DIR/points.parquet]

Headless Chromium draws with the processor alone. *start*: from the address to a finished view (nothing more to load or
draw); *with the layers*: until it is finished again after they were switched on, from the address on. Every load is of
a fresh context; medians of --rounds. Leaflet draws the site's own GeoJSON downloads on canvas, folium the tables given
by --parcels, each from its first ``--rows`` rows; both are asked for their files from this machine.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import logging
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

_BROWSER = [
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist", "--disable-dev-shm-usage", "--enable-precise-memory-info",
]  # fmt: skip
_SWITCH = """async (names) => {
  const map = __geoRisk.map;
  const parts = map.getStyle().layers.filter((l) => names.some((n) => l.id === n || l.id.startsWith(n + ":")));
  if (!parts.length) return 0;
  for (const part of parts) map.setLayoutProperty(part.id, "visibility", "visible");
  await new Promise((done) => map.once("idle", done));
  return parts.length;
}"""
_LEAFLET = """<!doctype html><link rel=stylesheet href=leaflet.css><script src=leaflet.js></script>
<body style="margin:0"><div id=map style="height:100vh"></div><script>
const map = L.map("map", {preferCanvas: true}).setView([31.9, 119.9], 9);
const colors = ["#d5d9dd", "#4a90d9", "#ffe14d", "#f5821f", "#b5121b"];
const style = (f) => ({color: colors[f.properties.grade] || colors[0], weight: 1, fillOpacity: 0.7, radius: 4});
window.done = (async () => {
  for (const name of NAMES) {
    const data = await (await fetch("downloads/" + name + ".geojson")).json();
    data.features = data.features.slice(0, ROWS);
    L.geoJSON(data, {style, pointToLayer: (f, at) => L.circleMarker(at, style(f))}).addTo(map);
  }
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
})();
</script>"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def served(folder: Path) -> tuple[str, http.server.ThreadingHTTPServer]:
    """The address of a folder on this machine, and its server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}", server


def ours(browser: Any, site: Path, layers: list[str]) -> dict[str, float]:
    """A load of the map by the product's own server."""
    from werkzeug.serving import make_server

    from geo_risk.publish.server import create_app

    server = make_server("127.0.0.1", 0, create_app(site.parent), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context, page, bytes_ = _page(browser)
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{server.server_port}/{site.name}/")
    page.wait_for_function("() => window.__geoRisk")
    page.evaluate("__geoRisk.ready.then(() => 1)")
    start, first = time.perf_counter() - began, bytes_[0] / 1e6
    switched = page.evaluate(_SWITCH, layers)
    out = {"start s": start, "first view MB": first, "with the layers s": time.perf_counter() - began}
    out |= {"parts": switched, "heap MB": _heap(page), "MB": bytes_[0] / 1e6}
    context.close()
    server.shutdown()
    return out


def leaflet(browser: Any, site: Path, layers: list[str], dist: Path, rows: int) -> dict[str, float]:
    """A load of the same features as GeoJSON."""
    text = _LEAFLET.replace("NAMES", str(layers)).replace("ROWS", str(rows))
    return _drawn(browser, site, text, dist)


def folium_page(browser: Any, site: Path, tables: list[Path], dist: Path, rows: int) -> dict[str, float]:
    """A load of folium's page."""
    import folium
    import geopandas as gpd

    shown = folium.Map(location=(31.9, 119.9), zoom_start=9, tiles=None, prefer_canvas=True)
    for path in tables:
        frame = gpd.read_parquet(path)[["grade", "geometry"]].head(rows).to_crs(4326)
        folium.GeoJson(frame, marker=folium.CircleMarker(radius=4)).add_to(shown)
    text = shown.get_root().render()
    drawn = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
    return _drawn(browser, site, text.replace("</html>", f"<script>window.done = {drawn};</script></html>"), dist)


def _drawn(browser: Any, site: Path, text: str, dist: Path) -> dict[str, float]:
    """A load of a page that tells by ``done`` when it is drawn; the library comes from ``dist``."""
    with tempfile.TemporaryDirectory() as place:
        Path(place, "index.html").write_text(text, encoding="utf-8")
        Path(place, "downloads").symlink_to(site.resolve() / "downloads")
        address, server = served(Path(place))
        context, page, bytes_ = _page(browser)
        page.set_default_timeout(300_000)
        page.route("**/*", lambda route: _answer(route, address, dist))
        began = time.perf_counter()
        page.goto(f"{address}/index.html", timeout=300_000)
        page.wait_for_function("() => window.done")
        page.evaluate("done.then(() => 1)")
        out = {"with the layers s": time.perf_counter() - began, "heap MB": _heap(page), "MB": bytes_[0] / 1e6}
        context.close()
        server.shutdown()
    return out


def _answer(route: Any, address: str, dist: Path) -> None:
    name = route.request.url.rsplit("/", 1)[-1]
    if name in ("leaflet.js", "leaflet.css"):
        route.fulfill(path=str(dist / name))
    elif route.request.url.startswith(address):
        route.continue_()
    else:
        route.fulfill(body="")


def _page(browser: Any) -> tuple[Any, Any, list[int]]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, bytes_ = context.new_page(), [0]
    told = context.new_cdp_session(page)
    told.send("Network.enable")
    told.on("Network.loadingFinished", lambda e: bytes_.__setitem__(0, bytes_[0] + int(e["encodedDataLength"])))
    return context, page, bytes_


def _heap(page: Any) -> float:
    return page.evaluate("performance.memory.usedJSHeapSize") / 1e6


def main() -> None:
    from playwright.sync_api import sync_playwright

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("--layers", nargs="+", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--leaflet", type=Path, metavar="DIST")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parcels", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    pages = {"geo_risk": lambda: ours(browser, asked.site, asked.layers)}
    if asked.leaflet:
        pages["Leaflet"] = lambda: leaflet(browser, asked.site, asked.layers, asked.leaflet, asked.rows)
        if asked.parcels:
            pages["folium"] = lambda: folium_page(browser, asked.site, asked.parcels, asked.leaflet, asked.rows)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=asked.chromium, args=_BROWSER)
        for name, load in pages.items():
            try:
                found = [load() for _ in range(asked.rounds)]
            except Exception as error:
                print(f"{name}: not drawn: {str(error).splitlines()[0][:150]}")
                browser = play.chromium.launch(executable_path=asked.chromium, args=_BROWSER)
                continue
            told = {key: statistics.median(one[key] for one in found) for key in found[0]}
            print(f"{name}: {', '.join(f'{key} {value:.2f}' for key, value in told.items())}")


if __name__ == "__main__":
    main()
