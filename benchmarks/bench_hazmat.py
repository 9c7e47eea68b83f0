"""
Best compromises of time and risk: the exact search against a sweep of weighted sums, in one process.

    python benchmarks/bench_hazmat.py ROADS_FILE [PAIRS]

ROADS_FILE is an .osm.pbf file, or any line layer with a class column. The risk of an edge is its length times the
people near it, drawn from a fixed seed around 30 centres. Prints medians and worst cases of random pairs in
milliseconds of one processor, how many routes each finds, and how many of the sweep's the exact search misses (none).
"""

import sys
import time
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo_risk.crs import metric_crs
from geo_risk.layers.osm_roads import read_pbf
from geo_risk.routing.network import build_network
from geo_risk.routing.pareto import Ends, graph_of, pareto
from geo_risk.routing.vehicles import hazmat_speeds, vehicle_of

WEIGHTS = 20
NETWORKX_PAIRS = 3


def roads_of(path):
    if path.endswith(".pbf"):
        read = read_pbf(Path(path))
        roads = gpd.GeoDataFrame(read.frame.assign(id=read.ids.astype(str)), geometry=read.geometry, crs=4326)
    else:
        roads = gpd.read_file(path)
        roads = roads if roads.crs else roads.set_crs(4326)
    centre = roads.to_crs(4326).total_bounds.reshape(2, 2).mean(axis=0)
    return roads.to_crs(metric_crs(*centre))


def risk_of(network, rng):
    """(e,) metres times people per hectare near the middle of each edge, as whole numbers below 2^32 in all."""
    x, y = ((v[network.tail] + v[network.head]) / 2 for v in (network.x, network.y))
    chosen = rng.integers(0, len(network.x), 30)
    density = 1.0 + sum(
        rng.uniform(5, 200) * np.exp(-((x - network.x[c]) ** 2 + (y - network.y[c]) ** 2) / rng.uniform(200, 1500) ** 2)
        for c in chosen
    )
    risk = network.metres * density
    return np.floor(risk / (2 * risk.sum()) * (2**32 - 2)).astype(np.uint32)


def swept(matrix_of, start, end, first, second):
    """The front found by ``WEIGHTS`` weighted sums, each by scipy's Dijkstra."""
    found = set()
    for weight in np.linspace(0, 1, WEIGHTS):
        _, before = dijkstra(matrix_of(weight), indices=start, return_predecessors=True)
        node, a, b = end, 0, 0
        while node != start:
            a, b = a + first[before[node], node], b + second[before[node], node]
            node = before[node]
        found.add((int(a), int(b)))
    best = []
    for cost in sorted(found):
        if not best or cost[1] < best[-1][1]:
            best.append(cost)
    return best


def main(path, pairs=100):
    network = build_network(roads_of(path), speeds=hazmat_speeds(vehicle_of("hazmat_truck")))
    rng = np.random.default_rng(1)
    risk = risk_of(network, rng)
    edge = np.concatenate([np.flatnonzero(network.forward), np.flatnonzero(network.backward)])
    ahead = np.arange(len(edge)) < network.forward.sum()
    tails = np.where(ahead, network.tail[edge], network.head[edge])
    heads = np.where(ahead, network.head[edge], network.tail[edge])
    n = len(network.x)
    order = np.lexsort((network.ms[edge], heads, tails))  # of parallel arcs the fastest, for both methods
    new = np.concatenate([[True], np.diff(tails[order] * n + heads[order]) != 0]) & (tails[order] != heads[order])
    edge, tails, heads = edge[order][new], tails[order][new], heads[order][new]
    first, second = network.ms[edge].astype(np.int64), risk[edge].astype(np.int64)
    graph = graph_of(n, tails, heads, first, second)
    print(f"{n} nodes, {len(edge)} arcs, {pairs} pairs")
    time_of, risk_at = (csr_array((cost, (tails, heads)), shape=(n, n)) for cost in (first, second))
    scale = first.sum() / max(1, second.sum())
    main_part = np.flatnonzero(network.component == 0)

    def matrix_of(weight):
        return csr_array((1 + (1 - weight) * first + weight * scale * second, (tails, heads)), shape=(n, n))

    def one(node):
        return Ends(np.array([node]), np.array([0]), np.array([0]))

    pareto(graph, one(main_part[0]), one(main_part[-1]))
    seconds, sizes, sweep_seconds, sweep_sizes, missed = [], [], [], [], 0
    for k, (a, b) in enumerate(rng.choice(main_part, (pairs, 2))):
        before = time.process_time()
        front = pareto(graph, one(a), one(b))
        seconds.append(time.process_time() - before)
        sizes.append(len(front.first))
        if k % 5 == 0 and a != b:
            before = time.process_time()
            rough = swept(matrix_of, a, b, time_of, risk_at)
            sweep_seconds.append(time.process_time() - before)
            sweep_sizes.append((len(front.first), len(rough)))
            exact = set(zip(front.first.tolist(), front.second.tolist(), strict=True))
            beaten = [any(x <= c[0] and y <= c[1] for x, y in exact) for c in rough]
            missed += beaten.count(False)
    ms = 1000 * np.array(seconds)
    print(f"exact: median {np.median(ms):.1f} ms, 90 % {np.quantile(ms, 0.9):.1f}, worst {ms.max():.1f} ms")
    print(f"       routes a pair: median {np.median(sizes):.0f}, most {max(sizes)}")
    sweep = 1000 * np.array(sweep_seconds)
    ratio = np.mean([e / s for e, s in sweep_sizes])
    print(
        f"{WEIGHTS} weighted sums by scipy: median {np.median(sweep):.0f} ms, {np.median(sweep) / np.median(ms):.0f} x"
    )
    print(f"       the exact front has {ratio:.1f} times their routes; of theirs it misses {missed}")
    near = nx.DiGraph()
    near.add_weighted_edges_from(zip(tails.tolist(), heads.tolist(), first.tolist(), strict=True))
    before = time.process_time()
    for a, b in rng.choice(main_part, (NETWORKX_PAIRS, 2)):
        nx.shortest_path(near, int(a), int(b), weight="weight")
    each = 1000 * (time.process_time() - before) / NETWORKX_PAIRS
    print(f"networkx, one weighted sum: {each:.0f} ms, so {WEIGHTS * each / np.median(ms):.0f} x for {WEIGHTS}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100)
