"""Single roads whose closure breaks a promise: so many facilities at people and places within a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .catchments import MS_PER_MIN, Spots
from .cuts import Roots, Tables, broken, used, without
from .network import Network
from .reach import (
    SLACK_MS,
    Starts,
    at_ends,
    entries,
    first_arrival_ms,
    landed,
    leaving_ms,
    nearest_node_times,
    node_times,
)
from .snap import access_ms

COLUMNS = (
    "facility_kind", "limit_min", "promised", "hour", "road_id", "road_name", "road_class", "bridge", "metres",
    "people", "places", "before_min", "after_min", "cut_off", "worst_layer", "worst_id", "worst_place", "worst_min",
)  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Breaks(NamedTuple):
    """Row i: with ``edge`` closed, ``spot`` is reached ``after_ms`` and no more ``before_ms`` after the call."""

    edge: Ints
    spot: Ints
    before_ms: Floats
    after_ms: Floats


def breaks(
    network: Network,
    starts: Starts,
    spots: Spots,
    limits_min: Sequence[float],
    *,
    k: int = 1,
    access_kmh: float | None = None,
) -> Breaks:
    """
    Every closure of one edge by which a spot falls out of one of the limits [min], by edge, then spot.

    A spot is within a limit if the ``k``-th start there is. A closed edge lets nobody through from junction to
    junction, in either direction; who starts on it cannot leave it but at a junction where he stands. Spots on the
    closed edge itself are not counted. Exact: only spots whose fastest way uses an edge can lose by it, and for those
    all junctions behind the edge are searched anew; for k > 1 from each start, which takes as many times longer.

    Raises
    ------
    InputError
        If ``k`` is not positive.
    """
    if k < 1:
        raise InputError(f"k = {k}: ask for at least one facility.")
    leg = np.nan_to_num(access_ms(spots.at, access_kmh))
    limits = np.sort(np.asarray(limits_min, float)) * MS_PER_MIN + SLACK_MS
    if k > 1:
        return _breaks_of_kth(network, starts, spots, limits, leg, k)
    ms = nearest_node_times(network, starts)
    before = first_arrival_ms(network, ms, starts, spots.at) + leg
    rows = np.flatnonzero(before <= limits[-1])
    ways = _ways_in(network, starts, spots, rows, leg, before)
    edge, spot, after = broken(_tables(network), _roots(network, starts), ms, ways, limits)
    order = np.lexsort((spot, edge))
    spot = rows[spot[order]]
    return Breaks(edge[order], spot, before[spot], after[order])


def _breaks_of_kth(network: Network, starts: Starts, spots: Spots, limits: Floats, leg: Floats, k: int) -> Breaks:
    """
    `breaks` of the k-th start.

    A limit that is lost is lost to one of the first k starts of a spot, so the closures that break those are the only
    candidates. Of each candidate the starts whose way does not use the edge keep their times, which bounds how late
    another may be and still count: the search round the edge ends there.
    """
    tables, count = _tables(network), len(leg)
    first = np.full((k, count), np.inf)
    for _, _, t in _each(network, starts, spots, leg, limits[-1]):
        first = np.sort(np.vstack([first, t]), axis=0)[:k]
    before, pairs = first[-1], [np.empty(0, np.int64)]
    for one, ms, t in _each(network, starts, spots, leg, limits[-1]):
        rows = np.flatnonzero((t <= before) & (before <= limits[-1]))
        ways = _ways_in(network, one, spots, rows, leg, t)
        edge, spot, _ = broken(tables, _roots(network, one), ms, ways, limits)
        pairs.append(edge * count + rows[spot])
    edge, spot = np.divmod(np.unique(np.concatenate(pairs)), count)
    later = np.full((k, len(edge)), np.inf)
    for by_edge in (False, True):
        for one, ms, t in _each(network, starts, spots, leg, np.inf):
            asked = np.flatnonzero(t[spot] < later[-1])
            rows, at = np.unique(spot[asked], return_inverse=True)
            ways, roots = _ways_in(network, one, spots, rows, leg, t), _roots(network, one)
            on = used(tables, roots, ms, ways, (edge[asked], at)) == by_edge
            asked, at = asked[on], at[on]
            now = t[spot[asked]]
            if by_edge:
                now = without(tables, roots, ms, ways, (edge[asked], at), later[-1, asked])
            later[:, asked] = np.sort(np.vstack([later[:, asked], now]), axis=0)[:k]
    lost = ((before[spot] <= limits[:, None]) & (later[-1] > limits[:, None])).any(axis=0)
    return Breaks(edge[lost], spot[lost], before[spot[lost]], later[-1, lost])


def _each(
    network: Network, starts: Starts, spots: Spots, leg: Floats, limit_ms: float
) -> Iterator[tuple[Starts, Floats, Floats]]:
    """Each start alone, its times [ms] to all nodes, and from the call to all spots; infinite beyond the limit."""
    for block, times in node_times(network, starts, limit_ms=limit_ms):
        for row, ms in zip(range(*block.indices(len(starts))), times, strict=True):
            one = starts.take(np.array([row]))
            yield one, ms, first_arrival_ms(network, ms, one, spots.at) + leg


def _tables(network: Network) -> Tables:
    """All arcs, parallel ones too: with a road closed the slower one counts."""
    links = network.links
    rows = np.flatnonzero(np.where(links.along, network.forward[links.edge], network.backward[links.edge]))
    edge, tail, head = links.edge[rows], links.start[rows], links.stop[rows]
    ms, n = network.ms[edge].astype(np.float64), len(network.x)
    leaving, entering = np.argsort(tail, kind="stable"), np.argsort(head, kind="stable")
    return Tables(
        np.searchsorted(tail[leaving], np.arange(n + 1)),
        head[leaving],
        ms[leaving],
        edge[leaving],
        np.searchsorted(head[entering], np.arange(n + 1)),
        tail[entering],
        ms[entering],
        edge[entering],
    )


def _roots(network: Network, starts: Starts) -> Roots:
    """Where each start enters the junctions, when, and by which edge (-1 for one that stands on the junction)."""
    end, node = landed(network, starts.at)
    ms = np.concatenate(leaving_ms(network, starts))[end]
    by = np.where(np.concatenate(at_ends(network, starts.at)), -1, np.tile(starts.at.edge, 2))[end]
    there = np.isfinite(ms)
    return Roots(node[there], ms[there], by[there])


class _WaysIn(NamedTuple):
    """Spots that keep the promise: the two junctions, the times from there (infinite: no way), directly, at first."""

    tail: Ints
    head: Ints
    from_tail: Floats
    from_head: Floats
    direct: Floats
    before: Floats
    edge: Ints


def _ways_in(network: Network, starts: Starts, spots: Spots, rows: Ints, leg: Floats, before: Floats) -> _WaysIn:
    at = spots.at.take(rows)
    edge = at.edge
    never = np.full(len(network.x), np.inf)
    along = at.offset_m / network.metres[edge] * network.ms[edge]
    at_tail, at_head = at_ends(network, at)
    from_tail = np.where(network.forward[edge] | at_tail, along, np.inf) + leg[rows]
    from_head = np.where(network.backward[edge] | at_head, network.ms[edge] - along, np.inf) + leg[rows]
    direct = first_arrival_ms(network, never, starts, at) + leg[rows]
    return _WaysIn(*entries(network, at), from_tail, from_head, direct, before[rows], edge)


def weak_links(
    network: Network,
    kind: str,
    hour: str,
    found: Breaks,
    limits_min: Sequence[float],
    spots: Spots,
    roads: pd.DataFrame,
    k: int = 1,
) -> gpd.GeoDataFrame:
    """
    The roads by whom they would make late (``schema.RESULTS["weak_links"]``): by limit, then people, then places.

    ``roads`` is the roads layer of the network (name, bridge), ``k`` that of `breaks`. One row a stretch from junction
    to junction.
    """
    parts = [_of_limit(network, kind, hour, found, limit, spots) for limit in sorted(limits_min)]
    table = pd.concat(parts, ignore_index=True).assign(promised=k)
    road = network.road[table["edge"].to_numpy(np.int64)]
    bridge = roads["bridge"].to_numpy(object) if "bridge" in roads else np.full(len(roads), None, object)
    name = roads["name"].to_numpy(object) if "name" in roads else np.full(len(roads), None, object)
    table["road_id"], table["road_class"] = network.road_id[road], network.road_class[road]
    table["road_name"], table["metres"] = name[road], network.metres[table["edge"].to_numpy(np.int64)]
    table["bridge"] = pd.array(bridge[road], dtype="boolean")
    shapes = network.lines[table["edge"].to_numpy(np.int64)]
    return gpd.GeoDataFrame(table[list(COLUMNS)], geometry=shapes, crs=network.crs)


def _of_limit(network: Network, kind: str, hour: str, found: Breaks, limit: float, spots: Spots) -> pd.DataFrame:
    """One row an edge, with the column ``edge``."""
    most = limit * MS_PER_MIN + SLACK_MS
    lost = (found.before_ms <= most) & (found.after_ms > most)
    rows = spots.table.iloc[found.spot[lost]].reset_index(drop=True)
    rows = rows.assign(
        edge=found.edge[lost],
        is_place=(rows["layer"] != "population").to_numpy(),
        before=found.before_ms[lost] / MS_PER_MIN,
        after=found.after_ms[lost] / MS_PER_MIN,
    )
    rows = rows[rows["is_place"] | (rows["persons"] > 0)]
    people = rows.groupby("edge")["persons"].transform("sum")
    weight = rows["persons"].where(people > 0, 1.0)
    still = np.isfinite(rows["after"])
    rows = rows.assign(
        weight=weight,
        weighted=weight * rows["before"],
        weight_after=weight.where(still, 0.0),
        weighted_after=(weight * rows["after"]).where(still, 0.0),
        gone=rows["persons"].where(~still, 0.0),
    )
    columns = ["persons", "is_place", "weight", "weighted", "weight_after", "weighted_after", "gone"]
    sums = rows.groupby("edge")[columns].sum()
    worst = rows[rows["is_place"]].sort_values(["edge", "after", "layer", "id"], ascending=[True, False, True, True])
    worst = worst.drop_duplicates("edge").set_index("edge").reindex(sums.index)
    after = sums["weighted_after"] / sums["weight_after"].where(sums["weight_after"] > 0)
    table = pd.DataFrame(
        {
            "facility_kind": kind,
            "limit_min": float(limit),
            "hour": hour,
            "people": sums["persons"],
            "places": sums["is_place"].astype(float),
            "before_min": sums["weighted"] / sums["weight"],
            "after_min": after,
            "cut_off": sums["gone"],
            "worst_layer": worst["layer"],
            "worst_id": worst["id"],
            "worst_place": worst["name"],
            "worst_min": worst["after"].where(np.isfinite(worst["after"])),
        }
    ).reset_index()
    return table.sort_values(["people", "places", "edge"], ascending=[False, False, True], ignore_index=True)
