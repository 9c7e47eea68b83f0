"""
The API and the tiles of a published site, over HTTP, against plain ways of answering the same.

    python benchmarks/bench_api.py [--rows 100000] [--asks 300] [--ranges 3000]

Publishes a seeded layer of points, serves it by `geo-risk serve` in a process of its own, and prints JSON: seconds of
the first answer (the layer is read), then milliseconds of one answer of about 100 features by bbox, median and 95 %:
over HTTP on one kept connection, inside the process, and by the peers, each of which makes the same GeoJSON: geopandas
(``.cx`` and ``to_json``), pyogrio from GeoPackage with its index. Every answer of ours is compared with geopandas'.
Then ranges of 16 KiB of the layer's tiles: answers a second of the one process, four connections at once, and by second
of its processor time, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import psutil
import pyogrio
import shapely

from geo_risk.publish.server import create_app
from geo_risk.publish.site import SiteMeta, build_site

CRS = "EPSG:4549"
SIDE_M = 40_000.0
FOUND = 100
PIECE = 16 * 1024
CONNECTIONS = 4


def layer(rows: int) -> gpd.GeoDataFrame:
    """Enterprises with grades."""
    rng = np.random.default_rng(1)
    at = shapely.points(480_000 + rng.uniform(0, SIDE_M, rows), 3_500_000 + rng.uniform(0, SIDE_M, rows))
    columns = {
        "id": [f"E{k:07d}" for k in range(rows)],
        "name": [f"临澜市第{k}化工有限公司" for k in range(rows)],
        "grade": rng.choice([1, 2, 3, 4], rows, p=[0.6, 0.3, 0.08, 0.02]),
        "index_max": rng.uniform(0, 100, rows).round(3),
        "reason": [f"own index {k % 97}: score {k % 40}, reach 100 m" for k in range(rows)],
    }
    return gpd.GeoDataFrame(columns, geometry=at, crs=CRS)


def publish(folder: Path, rows: int) -> gpd.GeoDataFrame:
    """A region folder with a site of that layer; what the site offers for download."""
    table = layer(rows)
    bounds = tuple(table.to_crs(4326).total_bounds.tolist())
    meta = SiteMeta({"zh": "测试", "en": "Test"}, bounds)
    (folder / "region.toml").write_text('[region]\nname = "x"\n[layers.districts]\nsource = "d.geojson"\n')
    build_site(folder / "site" / "public", {"enterprises": table}, {}, meta, "internal")
    return gpd.read_file(folder / "site" / "public" / "downloads" / "enterprises.geojson")


def boxes(rows: int, asks: int) -> list[tuple[float, float, float, float]]:
    """Boxes [degrees] with about 100 of the features each."""
    rng = np.random.default_rng(2)
    side = SIDE_M * np.sqrt(FOUND / rows)
    corner = np.column_stack(
        [480_000 + rng.uniform(0, SIDE_M - side, asks), 3_500_000 + rng.uniform(0, SIDE_M - side, asks)]
    )
    squares = gpd.GeoSeries(shapely.box(*corner.T, *(corner + side).T), crs=CRS).to_crs(4326)
    return [tuple(b) for b in squares.bounds.round(6).to_numpy().tolist()]


def timed(ask: Callable[[tuple], object], asked: list[tuple]) -> dict[str, float]:
    """Milliseconds an answer, median and 95 %."""
    spent = []
    for box in asked:
        start = time.perf_counter()
        ask(box)
        spent.append(1000 * (time.perf_counter() - start))
    return {"median_ms": round(statistics.median(spent), 2), "p95_ms": round(float(np.percentile(spent, 95)), 2)}


def address_of(box: tuple) -> str:
    return f"/public/api/collections/enterprises/items?limit=1000&bbox={','.join(map(str, box))}"


def ranges(port: int, path: str, size: int, count: int) -> float:
    """Answers a second for ``count`` pieces of a file."""
    starts = np.random.default_rng(3).integers(0, max(1, size - PIECE), count)

    def fetch(own: np.ndarray) -> None:
        there = http.client.HTTPConnection("127.0.0.1", port)
        for first in own:
            there.request("GET", path, headers={"Range": f"bytes={first}-{first + PIECE - 1}"})
            answer = there.getresponse()
            assert answer.status == 206
            assert len(answer.read()) == min(PIECE, size - first)

    threads = [threading.Thread(target=fetch, args=(part,)) for part in np.array_split(starts, CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return round(count / (time.perf_counter() - begun), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--asks", type=int, default=300)
    parser.add_argument("--ranges", type=int, default=3000)
    given = parser.parse_args()
    told: dict[str, object] = {"rows": given.rows}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        offered = publish(folder, given.rows)
        pyogrio.write_dataframe(offered, folder / "peer.gpkg")
        asked = boxes(given.rows, given.asks)
        # The folder is called public, but its site is internal: without a token for this machine alone.
        command = [sys.executable, "-m", "geo_risk", "serve", name, "--port", "0", "--profile", "internal"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                port = int(re.search(r"127\.0\.0\.1:(\d+)", server.stdout.readline())[1])  # type: ignore[index]
                there = http.client.HTTPConnection("127.0.0.1", port)

                def over_http(box: tuple) -> dict:
                    there.request("GET", address_of(box))
                    return json.loads(there.getresponse().read())

                begun = time.perf_counter()
                over_http(asked[0])
                told["first_answer_s"] = round(time.perf_counter() - begun, 2)
                for box in asked[:20]:
                    page = over_http(box)
                    same = offered[offered.intersects(shapely.box(*box))]
                    assert [f["properties"]["id"] for f in page["features"]] == same["id"].tolist()
                told["features_an_answer"] = page["numberReturned"]
                told["http"] = timed(over_http, asked)
                tiles = next((folder / "site/public/tiles").glob("*.pmtiles"))
                path = f"/public/tiles/{tiles.name}"
                before = sum(psutil.Process(server.pid).cpu_times()[:2])
                told["ranges_per_s"] = ranges(port, path, tiles.stat().st_size, given.ranges)
                spent = sum(psutil.Process(server.pid).cpu_times()[:2]) - before
                told["ranges_per_processor_s"] = round(given.ranges / spent, 1)
            finally:
                server.kill()
        client = create_app(folder / "site").test_client()
        client.get(address_of(asked[0]))
        told["in_process"] = timed(lambda box: client.get(address_of(box)).data, asked)
        offered.sindex  # noqa: B018 made before, as ours is
        told["geopandas"] = timed(lambda b: offered.cx[b[0] : b[2], b[1] : b[3]].to_json(), asked)
        told["gpkg"] = timed(lambda b: pyogrio.read_dataframe(folder / "peer.gpkg", bbox=b).to_json(), asked)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
