"""Times and routes on real extracts against networkx, with and without their turn restrictions."""

import networkx as nx
import numpy as np
import pytest

from geo_risk.layers.load import load_layer
from geo_risk.routing.network import build_network
from geo_risk.routing.pairs import routes_between, travel_ms
from geo_risk.routing.reach import Starts
from geo_risk.routing.snap import Snapped
from geo_risk.routing.speeds import vehicle_speeds

pytestmark = pytest.mark.real
# (extract, CRS, restrictions kept to at least, starts); networkx takes a second a start in Porto
CITIES = [
    ("porto_portugal", "EPSG:32629", 320, 2),
    ("heidelberg", "EPSG:32632", 440, 8),
    ("helsinki_center", "EPSG:32635", 35, 8),
]
PAIRS = 2000


def middles(network, edges):
    """The middle of each edge, on which no junction lies."""
    return Snapped(np.zeros((len(edges), 2)), edges, network.metres[edges] / 2, np.zeros(len(edges)))


def ends(network):
    """Start, end and openness of directed edges: 2e along edge e, 2e + 1 against it."""
    pairs = (network.tail, network.head), (network.head, network.tail), (network.forward, network.backward)
    return (np.column_stack(pair).ravel() for pair in pairs)


def forbidden(network, turns):
    """(directed edge, next one) that the restrictions rule out; those not clear at their point rule out nothing."""
    start, stop, opened = ends(network)
    of_road = {}
    for d, road in enumerate(np.repeat(network.road_id[network.road], 2).tolist()):
        of_road.setdefault(road, []).append(d)
    xy = np.column_stack([network.x, network.y])
    out, kept = set(), 0
    for kind, one, other, point in zip(turns["kind"], turns["from_id"], turns["to_id"], turns.geometry, strict=True):
        node = int(np.argmin(np.hypot(*(xy - (point.x, point.y)).T)))
        into = [d for d in of_road.get(one, ()) if stop[d] == node and opened[d]]
        onto = [d for d in of_road.get(other, ()) if start[d] == node and opened[d]]
        if len(into) != 1 or len(onto) != 1:
            continue
        kept += 1
        here, there = into[0], onto[0]
        others = set(np.flatnonzero(start == node).tolist()) - {there} if kind.startswith("only") else {there}
        out |= {(here, d) for d in others | ({here ^ 1} if kind == "no_left_turn" else set())}
    return out, kept


def moves(network, banned):
    """Directed edges as nodes, each move to a next one as an arc that costs the edge left."""
    start, stop, opened = ends(network)
    graph, leaving = nx.DiGraph(), {}
    for d in np.flatnonzero(opened).tolist():
        leaving.setdefault(int(start[d]), []).append(d)
    for d in np.flatnonzero(opened).tolist():
        cost = int(network.ms[d // 2])
        graph.add_weighted_edges_from(
            ((d, f, cost) for f in leaving.get(int(stop[d]), ()) if (d, f) not in banned), "ms"
        )
    return graph


def theirs(network, graph, start, places):
    """(P,) time between the middles of edges by networkx [ms]."""
    half = network.ms / 2
    found = nx.multi_source_dijkstra_path_length(
        graph, {d for d in (2 * start, 2 * start + 1) if d in graph}, weight="ms"
    )
    ways = [[found.get(2 * e + back, np.inf) for back in (0, 1)] for e in places.tolist()]
    return np.min(ways, axis=1) - half[start] + half[places]


@pytest.mark.parametrize(("name", "crs", "least", "from_n"), CITIES)
def test_two_thousand_pairs_equal_networkx(real_data, name, crs, least, from_n):
    spec = {"source": str(real_data / "osm" / f"{name}.osm.pbf")}
    roads, turns = (load_layer(n, spec, folder=real_data, crs=crs)[0] for n in ("roads", "turn_restrictions"))
    turns = turns[turns["via_ids"].isna()]
    plain = build_network(roads, speeds=vehicle_speeds())
    kept = build_network(roads, speeds=vehicle_speeds(), turns=turns)
    banned, count = forbidden(plain, turns)
    assert kept.report.turns == count >= least
    assert count + sum(kept.report.turns_left_out.values()) == len(turns)
    edges = np.random.default_rng(7).choice(np.flatnonzero(plain.main), from_n + PAIRS // from_n, replace=False)
    starts, places = Starts(middles(plain, edges[:from_n]), np.zeros(from_n)), middles(plain, edges[from_n:])
    i, j = (rows.ravel() for rows in np.indices((from_n, PAIRS // from_n)))
    found = []
    for network, graph in ((plain, moves(plain, set())), (kept, moves(plain, banned))):
        ms, _ = travel_ms(network, starts, places)
        for s in range(from_n):
            np.testing.assert_allclose(ms[s], theirs(plain, graph, edges[s], edges[from_n:]), atol=1e-6)
        pair_ms, pieces = routes_between(network, starts.take(i), places.take(j))
        np.testing.assert_allclose(pair_ms, ms.ravel(), atol=1e-6)
        reached = np.isfinite(pair_ms)
        assert reached.sum() == pieces.line.max() + 1 > 0.95 * len(pair_ms)
        cost = np.abs(pieces.end_m - pieces.begin_m) / network.metres[pieces.edge] * network.ms[pieces.edge]
        np.testing.assert_allclose(np.bincount(pieces.line, cost), pair_ms[reached], atol=1e-6)
        found.append(ms)
    assert (found[1] >= found[0] - 1e-6).all()
    assert (found[1] > found[0] + 1000).sum() > 10
