"""
Searches on one road network against scipy, networkx, igraph, pandana and RoutingKit: seconds, ratios, peak memory.

    python benchmarks/bench_routing.py FILE.osm.pbf|GRAPH.gr[.gz] [--crs EPSG:32629] [--copies 4] [--python PYTHON]

Every engine runs in a process of its own, in turns, ``--rounds`` times (3); medians of processor time (all threads,
which other work on the machine disturbs least) and of wall time. ``--python`` names a Python with the peers, if
this one lacks them; they get the arcs as arrays. A .gr file is a DIMACS graph (arc costs in whole units, taken as
ms). ``--copies`` links that many copies of the network by a road, for the cost of a large one. Sources and targets are
random nodes of the main part from a fixed seed; networkx and igraph run a share of the sources, scaled.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely

from geo_risk.layers.load import load_layer
from geo_risk.routing.network import build_network, close_edges, close_roads
from geo_risk.routing.reach import Starts, nearest_node_times
from geo_risk.routing.snap import Snapped
from geo_risk.routing.speeds import vehicle_speeds

PRELUDE = """
import json, sys, time
import numpy as np
data = np.load(sys.argv[1])
indptr, heads, ms, sources, targets = (data[k] for k in ("indptr", "heads", "ms", "sources", "targets"))
n, out = len(indptr) - 1, {}
tails = np.repeat(np.arange(n), np.diff(indptr))

def clock(label, call, scale=1.0):
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    out[label] = [(time.process_time() - cpu) * scale, (time.perf_counter() - wall) * scale]
    return result
"""
FINISH = """
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
out["peak MB"] = [int(peak[0]) / 1024] * 2
print("RESULT" + json.dumps(out))
"""
OURS = """
from geo_risk.routing.search import Graph, seeds_of, times_from_each, tree, ways_between
graph = clock("build", lambda: Graph(indptr.astype(np.int32), heads.astype(np.int32), ms.astype(np.int32)))
order = np.argsort(heads, kind="stable")
back = clock("reverse", lambda: Graph(
    np.searchsorted(heads[order], np.arange(n + 1)).astype(np.int32), tails[order].astype(np.int32),
    ms[order].astype(np.int32)))
def at(nodes, together=False):
    rows = np.arange(len(nodes))
    return seeds_of(rows * 0 if together else rows, nodes, np.zeros(len(nodes)), rows, 1 if together else len(nodes))
pairs = at(sources[:2]), at(targets[:2])
times_from_each(graph, pairs[0], targets), tree(graph, pairs[0]), ways_between(graph, back, *pairs)  # compiled
clock("one to all", lambda: [tree(graph, at(sources[i:i + 1])) for i in range(10)], 0.1)
clock("nearest of 10", lambda: [tree(graph, at(sources[:10], True)) for _ in range(10)], 0.1)
clock("nearest of 100", lambda: [tree(graph, at(sources[:100], True)) for _ in range(10)], 0.1)
clock("OD 200 x 2,000", lambda: times_from_each(graph, at(sources[:200]), targets))
clock("1,000 routes", lambda: ways_between(graph, back, at(targets[:1000]), at(targets[1000:])))
"""
ENGINES = {
    "geo_risk": OURS,
    "scipy": """
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
graph = clock("build", lambda: csr_array((ms.astype(float), heads, indptr), shape=(n, n)))
clock("one to all", lambda: [dijkstra(graph, indices=s) for s in sources[:10]], 0.1)
clock("nearest of 10", lambda: [dijkstra(graph, indices=sources[:10], min_only=True) for _ in range(10)], 0.1)
clock("nearest of 100", lambda: [dijkstra(graph, indices=sources[:100], min_only=True) for _ in range(10)], 0.1)
clock("OD 200 x 2,000", lambda: dijkstra(graph, indices=sources[:20])[:, targets], 10.0)
clock("1,000 routes", lambda: [dijkstra(graph, indices=s, return_predecessors=True) for s in targets[:20]], 50.0)
""",
    "networkx": """
import networkx as nx
graph = nx.DiGraph()
clock("build", lambda: graph.add_weighted_edges_from(zip(tails.tolist(), heads.tolist(), ms.tolist()), "ms"))
near = [int(s) for s in sources]
clock("one to all", lambda: nx.single_source_dijkstra_path_length(graph, near[0], weight="ms"))
clock("nearest of 10", lambda: nx.multi_source_dijkstra_path_length(graph, set(near[:10]), weight="ms"))
clock("nearest of 100", lambda: nx.multi_source_dijkstra_path_length(graph, set(near[:100]), weight="ms"))
out["OD 200 x 2,000"] = [200 * v for v in out["one to all"]]
clock("1,000 routes", lambda: [nx.bidirectional_dijkstra(graph, int(targets[i]), int(targets[1000 + i]), weight="ms")
                               for i in range(10)], 100.0)
""",
    "igraph": """
import igraph
graph = clock("build", lambda: igraph.Graph(n, np.column_stack([tails, heads]), directed=True))
weights = ms.tolist()
clock("one to all", lambda: graph.distances([sources[0]], weights=weights))
clock("nearest of 10", lambda: graph.distances(sources[:10].tolist(), weights=weights))
out["nearest of 100"] = [10 * v for v in out["nearest of 10"]]
clock("OD 200 x 2,000", lambda: graph.distances(sources[:4].tolist(), np.unique(targets).tolist(), weights=weights), 50)
clock("1,000 routes", lambda: [graph.get_shortest_paths(int(targets[i]), int(targets[1000 + i]), weights=weights)
                               for i in range(10)], 100.0)
""",
    "pandana": """
import pandana, pandas as pd
xy = data["xy"]
columns = [pd.Series(values) for values in (xy[:, 0], xy[:, 1], tails, heads)]
net = clock("build", lambda: pandana.Network(*columns, pd.DataFrame({"s": ms / 1000}), twoway=False))
net.shortest_path_lengths(sources[:2], targets[:2])
a, b = np.repeat(sources[:200], len(targets)), np.tile(targets, 200)
clock("OD 200 x 2,000", lambda: net.shortest_path_lengths(a, b))
clock("1,000 routes", lambda: net.shortest_paths(targets[:1000], targets[1000:]))
""",
    "pyroutingkit": """
import pyroutingkit as rk
xy = data["xy"]
topology = rk.CCHTopology()
clock("build", lambda: topology.build(tails.astype(np.uint32), heads.astype(np.uint32), xy[:, 1].astype(np.float32),
                                      xy[:, 0].astype(np.float32), n))
metric = rk.CCHMetric(topology)
clock("new metric", lambda: metric.customize(ms.astype(np.uint32)))
clock("one to all", lambda: metric.distances_many_to_many(sources[:1].astype(np.uint32), np.arange(n, dtype=np.uint32)))
clock("OD 200 x 2,000",
      lambda: metric.distances_many_to_many(sources[:200].astype(np.uint32), targets.astype(np.uint32)))
clock("1,000 routes", lambda: [metric.query(int(targets[i]), int(targets[1000 + i])) for i in range(1000)])
""",
}


def graph_of(path: Path, crs: str) -> dict[str, np.ndarray]:
    """The arcs and nodes of an extract or a DIMACS file."""
    if ".gr" in path.name:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            tail, head, ms = np.array([line.split()[1:] for line in lines if line.startswith("a")], np.int64).T
        n = int(max(tail.max(), head.max()))
        order = np.lexsort((head, tail))
        indptr = np.searchsorted(tail[order] - 1, np.arange(n + 1))
        return {
            "indptr": indptr,
            "heads": head[order] - 1,
            "ms": ms[order],
            "xy": np.zeros((n, 2)),
            "main": np.arange(n),
        }
    network = network_of(path, crs)
    report_closures(network)
    arcs = network.arcs
    xy = np.column_stack([network.x, network.y]) / 1e5
    return {"indptr": arcs.indptr, "heads": arcs.heads, "ms": arcs.ms, "xy": xy,
            "main": np.flatnonzero(network.component == 0)}  # fmt: skip


def network_of(path: Path, crs: str):
    """The network of an extract, with its turn restrictions; prints what each step took."""
    spec, before = {"source": str(path)}, time.process_time()
    roads, turns = (load_layer(n, spec, folder=path.parent, crs=crs)[0] for n in ("roads", "turn_restrictions"))
    read = time.process_time()
    network = build_network(roads, speeds=vehicle_speeds(), turns=turns)
    built = time.process_time()
    report = network.report
    print(
        f"{path.name}: layers {read - before:.2f} s, network {built - read:.2f} s; {report.nodes:,} junctions, "
        f"{len(network.x) - report.nodes:,} copies, {report.turns} turn restrictions, left out {report.turns_left_out}"
    )
    links, arcs, graph = network.links, network.arcs, network.graph
    bytes_ = {"search": sum(a.nbytes for a in (*graph, *network.reverse)), "all": 0}
    bytes_["all"] = bytes_["search"] + sum(a.nbytes for a in (*arcs, *links))
    print(
        f"{len(graph.heads):,} arcs: {bytes_['search'] / len(graph.heads):.0f} bytes each to search both ways, "
        f"{bytes_['all'] / len(graph.heads):.0f} with their edges and those of closed roads"
    )
    return network


def report_closures(network) -> None:
    """What it takes to close roads and ask again who is first."""
    rng = np.random.default_rng(2)
    edges = rng.choice(np.flatnonzero(network.main), 100, replace=False)
    at = Snapped(np.zeros((100, 2)), edges, network.metres[edges] / 2, np.zeros(100))
    starts = Starts(at, np.zeros(100))
    plume = shapely.Point(network.x[network.tail[edges[0]]], network.y[network.tail[edges[0]]]).buffer(1500)
    shut = np.zeros(len(network.metres), bool)
    shut[rng.choice(len(shut), 100, replace=False)] = True
    network.tree, network.links, network.landings  # noqa: B018 - made once a network
    for label, close in (("100 closures", lambda: close_edges(network, shut)),
                         ("a plume of 1.5 km", lambda: close_roads(network, plume))):  # fmt: skip
        seconds = []
        for _ in range(5):
            before = time.process_time()
            nearest_node_times(close(), starts)
            seconds.append(time.process_time() - before)
        print(f"{label}, times from the nearest of 100 to everywhere: {1000 * statistics.median(seconds):.1f} ms")


def copied(graph: dict[str, np.ndarray], copies: int) -> dict[str, np.ndarray]:
    """``copies`` of a graph, each joined to the next by one road both ways."""
    n, m = len(graph["indptr"]) - 1, len(graph["heads"])
    tails = np.repeat(np.arange(n), np.diff(graph["indptr"]))
    links = np.arange(copies - 1) * n + graph["main"][0]
    tail = np.concatenate([np.tile(tails, copies) + np.repeat(np.arange(copies) * n, m), links, links + n])
    head = np.concatenate([np.tile(graph["heads"], copies) + np.repeat(np.arange(copies) * n, m), links + n, links])
    ms = np.concatenate([np.tile(graph["ms"], copies), np.full(2 * len(links), 60_000)])
    order = np.lexsort((head, tail))
    width = np.ptp(graph["xy"][:, 0]) + 0.01
    xy = np.concatenate([graph["xy"] + (k * width, 0.0) for k in range(copies)])
    main = np.concatenate([graph["main"] + k * n for k in range(copies)])
    return {"indptr": np.searchsorted(tail[order], np.arange(copies * n + 1)), "heads": head[order], "ms": ms[order],
            "xy": xy, "main": main}  # fmt: skip


def run(name: str, python: str, file: Path) -> dict[str, list[float]] | None:
    """Seconds (processor, wall) by question, or None where the engine is not installed."""
    python = sys.executable if name == "geo_risk" else python
    done = subprocess.run([python, "-c", PRELUDE + ENGINES[name] + FINISH, str(file)], capture_output=True, text=True,
                          check=False)  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        print(f"{name}: not measured: {(done.stderr.strip().splitlines() or ['no output'])[-1][:100]}")
        return None
    return json.loads(lines[0].removeprefix("RESULT"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--crs", default="EPSG:32629")
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--engines", default=",".join(ENGINES))
    args = parser.parse_args()
    graph = graph_of(args.file, args.crs)
    graph = copied(graph, args.copies) if args.copies > 1 else graph
    rng = np.random.default_rng(1)
    graph |= {"sources": rng.choice(graph["main"], 200), "targets": rng.choice(graph["main"], 2000)}
    names, found = args.engines.split(","), {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.npz"
        np.savez(file, **graph)
        for _ in range(args.rounds):
            for name in list(names):
                result = run(name, args.python, file)
                if result is None:
                    names.remove(name)
                    continue
                for label, pair in result.items():
                    found.setdefault(label, {}).setdefault(name, []).append(pair)
    print(f"{len(graph['indptr']) - 1:,} nodes, {len(graph['heads']):,} arcs; processor s (wall s) and x geo_risk")
    for label, engines in found.items():
        own = statistics.median(p[0] for p in engines["geo_risk"]) if "geo_risk" in engines else None
        for name, pairs in engines.items():
            cpu, wall = (statistics.median(values) for values in zip(*pairs, strict=True))
            print(f"{label:<16}{name:<14}{cpu:10.4f} ({wall:9.4f}){f'{cpu / own:9.1f} x' if own else ''}")


if __name__ == "__main__":
    main()
