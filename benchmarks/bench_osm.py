"""
Roads of an OpenStreetMap extract to a layer that is ready for the network, timed against other readers.

    python benchmarks/bench_osm.py FILE.osm.pbf [--crs EPSG:32629] [--runs 3] [--pyrosm PYTHON] [--osmnx]

Each reader runs in a process of its own, in turns, imports outside the clock; the best of ``--runs`` counts,
in seconds of processor time (all threads), which other work on the machine disturbs least.
GDAL's driver and pyrosm give their own columns, osmnx a graph (from XML, converted outside the clock).
``--pyrosm`` names a Python that has pyrosm, if this one has not. The last lines are all layers in
one pass against one pass a layer.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

CLOCK = """
import resource, sys, time, warnings
warnings.simplefilter("ignore")
path, crs = sys.argv[1:3]
{imports}
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
begun = time.process_time()
{work}
seconds = time.process_time() - begun
print("RESULT", seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - base, rows)
"""
LOAD = "layer, _ = load_layer('{}', dict(source=path), folder=Path('.'), crs=crs)\n"
READERS = {
    "geo_risk roads, as read": (
        "from pathlib import Path\nfrom geo_risk.layers.osm import read_osm\n"
        "import geo_risk.layers.osm_pbf as p\nimport google.protobuf.message_factory",
        "rows = len(read_osm(path, 'roads').to_crs(crs))",
    ),
    "geo_risk roads, clean layer": (
        "from pathlib import Path\nfrom geo_risk.layers.load import load_layer\nimport google.protobuf.message_factory",
        LOAD.format("roads") + "rows = len(layer)",
    ),
    "pyrosm driving": ("import pyrosm", "rows = len(pyrosm.OSM(path).get_network('driving').to_crs(crs))"),
    "pyrosm driving, nodes and edges": (
        "import pyrosm",
        "nodes, edges = pyrosm.OSM(path).get_network('driving', nodes=True)\nrows = len(edges.to_crs(crs))",
    ),
    "GDAL lines through pyogrio": (
        "import pyogrio",
        "f = pyogrio.read_dataframe(path, layer='lines', where='highway is not null', use_arrow=True)\n"
        "rows = len(f.to_crs(crs))",
    ),
    "osmnx graph_from_xml": (
        "import osmnx",
        "g = osmnx.graph_from_xml(path, simplify=False)\nrows = g.number_of_edges()",
    ),
    "all layers, one pass": (
        "from pathlib import Path\nfrom geo_risk.layers import osm",
        "rows = sum(len(r.frame) for r in osm.read_layers(Path(path), osm.LAYER_NAMES).values())",
    ),
    "all layers, one pass a layer": (
        "from pathlib import Path\nfrom geo_risk.layers import osm",
        "rows = sum(len(osm.read_raw(Path(path), n).frame) for n in osm.LAYER_NAMES)",
    ),
}


def measure(name: str, python: str, path: Path, crs: str) -> tuple[float, float, int] | None:
    """(seconds, peak memory above the imports [MB], rows), or None where the reader is not installed."""
    imports, work = READERS[name]
    script = CLOCK.format(imports=imports, work=work)
    done = subprocess.run([python, "-c", script, str(path), crs], capture_output=True, text=True, check=False)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        print(f"{name:<34} not measured: {(done.stderr.strip().splitlines() or ['no output'])[-1][:90]}")
        return None
    _, seconds, memory, rows = lines[0]
    return float(seconds), float(memory), int(rows)


def to_xml(path: Path, folder: Path) -> Path:
    """The extract's nodes and roads as XML, the only kind osmnx reads."""
    import osmium

    target = folder / "extract.osm"
    with osmium.SimpleWriter(str(target)) as writer:
        for item in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
            if item.is_node() or "highway" in item.tags:
                writer.add(item)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--crs", default="EPSG:32629")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pyrosm", default=sys.executable)
    parser.add_argument("--osmnx", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = [n for n in READERS if args.osmnx or "osmnx" not in n]
        xml = to_xml(args.file, Path(folder)) if args.osmnx else args.file
        best: dict[str, tuple[float, float, int]] = {}
        for _ in range(args.runs):
            for name in list(names):
                python = args.pyrosm if "pyrosm" in name else sys.executable
                found = measure(name, python, xml if "osmnx" in name else args.file, args.crs)
                if found is None:
                    names.remove(name)
                elif name not in best or found[0] < best[name][0]:
                    best[name] = found
    own = best["geo_risk roads, clean layer"][0]
    print(f"{args.file.name}, {args.file.stat().st_size / 1e6:.1f} MB, best of {args.runs}")
    for name, (seconds, memory, rows) in best.items():
        print(f"{name:<34}{seconds:7.2f} s {memory:7.0f} MB {rows:9,} rows  {seconds / own:5.1f} x the clean layer")


if __name__ == "__main__":
    main()
