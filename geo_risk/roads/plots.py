"""Plots beside roads: where a station or a parking lot could be built, and what stands against each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .. import standards
from ..errors import InputError
from ..pipeline import SETBACK_LAYERS
from ..routing.roads import CLOSED_ACCESS
from ..siting.ground import Ground

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
STEP_M = 250.0  # between plots along a road
# Roads nobody may build a gate on, and ways that are no roads.
NO_FRONTAGE = frozenset(
    ("motorway", "motorway_link", "trunk", "trunk_link", "track", "path", "footway", "cycleway", "steps", "pedestrian")
)
_OF_CELL = 6  # plots of a fine cell that are looked at
_EDGE_M = 0.5  # a plot may touch what it stands beside: outlines are drawn to a step or so


@dataclass(frozen=True)
class Plots:
    """
    Candidate plots (N,).

    ``front`` (N, 2) where each meets its road [m], NaN where it is not known; ``shape`` (N,) outlines or points;
    ``name`` (N,) of the road, or of the row it comes from; ``verdict`` (N,) clear, undecided or conflict; ``why``
    (N,) what keeps it from clear.
    """

    front: Floats
    shape: NDArray[np.object_]
    name: NDArray[np.object_]
    verdict: NDArray[np.object_]
    why: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.shape)

    @property
    def middle(self) -> Floats:
        """(N, 2) their middles [m]."""
        return shapely.get_coordinates(shapely.centroid(self.shape))

    @property
    def gate(self) -> Floats:
        """(N, 2) where each meets its road, its middle where that is not known [m]."""
        return np.where(np.isnan(self.front), self.middle, self.front)

    def take(self, rows: NDArray) -> Plots:
        """Some of them."""
        return Plots(*(getattr(self, name)[rows] for name in ("front", "shape", "name", "verdict", "why")))


@dataclass(frozen=True)
class Barrier:
    """Shapes (K,) to keep ``required`` [m] from, for sure where ``sure`` (K,) [m] is kept; see `rule_barriers`."""

    shape: NDArray[np.object_]
    name: NDArray[np.object_]
    required: float
    sure: Floats
    verdict: str  # where it is surely not kept
    text: str


def parameter(facility: str, key: str) -> float:
    """One number of standards/site_parameters.csv."""
    rows = standards.table("site_parameters")
    return float(rows.loc[(rows["facility"] == facility) & (rows["key"] == key), "value"].iloc[0])


def side_plots(ground: Ground, side_m: float, setback_m: float) -> Plots:
    """Square plots of ``side_m`` to both sides of every road that may have a gate, ``setback_m`` off its edge [m]."""
    network, roads = ground.network, ground.layers["roads"]
    edge = np.flatnonzero(_frontage(ground))
    metres = network.metres[edge]
    count = np.maximum(1, (metres / STEP_M).astype(np.int64))
    which = np.repeat(np.arange(len(edge)), count)
    along = (np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + 0.5) * (metres / count)[which]
    lines = network.lines[edge[which]]
    front = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    ahead = [shapely.get_coordinates(shapely.line_interpolate_point(lines, along + d)) for d in (-1.0, 1.0)]
    way = ahead[1] - ahead[0]
    size = np.hypot(*way.T)
    kept = size > 0
    way, front, row = way[kept] / size[kept, None], front[kept], network.road[edge[which]][kept]
    width = roads["width_m"].to_numpy(float)[row] if "width_m" in roads else np.full(len(row), np.nan)
    half = np.where(np.isfinite(width), width / 2, _half_width())
    names = roads["name"].astype(object).where(roads["name"].notna(), "").to_numpy(object)[row]
    left = np.column_stack([-way[:, 1], way[:, 0]])
    way, out = np.vstack([way, way]), np.vstack([left, -left])
    front, half, names = np.vstack([front, front]), np.tile(half, 2), np.tile(names, 2)
    near = front + out * (half + setback_m)[:, None]
    far = near + out * side_m
    across = way * side_m / 2
    corners = np.stack([near - across, near + across, far + across, far - across], axis=1)
    return _unjudged(front, shapely.polygons(corners), names)


def _frontage(ground: Ground) -> NDArray[np.bool_]:
    """(E,) edges of the network beside which a gate may be."""
    network, roads = ground.network, ground.layers["roads"]
    closed = roads["class"].isin(NO_FRONTAGE).to_numpy(bool)
    if "access" in roads:
        closed = closed | roads["access"].isin(CLOSED_ACCESS).to_numpy(bool)
    for name in ("bridge", "tunnel"):
        if name in roads:
            closed = closed | roads[name].fillna(False).to_numpy(bool)
    return ~closed[network.road] & network.main


def _half_width() -> float:
    from ..analysis.setbacks import ROAD_HALF_WIDTH_M

    return ROAD_HALF_WIDTH_M / 2


def given_plots(ground: Ground, path: str | Path) -> Plots:
    """Points or outlines of a file, cleaned as the layer parking_lots is; InputError if a row cannot be used."""
    from ..layers.load import load_layer

    region = ground.region
    if not Path(path).exists() and "#" not in str(path):
        raise InputError(f"--candidates {path}: there is no such file.")
    spec = {"source": str(Path(path).resolve())}
    frame, reports = load_layer(
        "parking_lots", spec, folder=Path.cwd(), crs=region.crs, anchor=tuple(region.frame["anchor"])
    )
    if sum(report.rows_rejected for report in reports):
        first = next(i for report in reports for i in report.issues if i.action == "rejected")
        raise InputError(f"{path}, row {first.row}: {first.problem}. {first.suggestion[0]}")
    names = frame["name"].astype(object).where(frame["name"].notna(), frame["id"]).to_numpy(object)
    return _unjudged(np.full((len(frame), 2), np.nan), frame.geometry.to_numpy(), names)


def _unjudged(front: Floats, shape: NDArray, names: NDArray) -> Plots:
    n = len(shape)
    return Plots(front, shape, names, np.full(n, "clear", object), np.full(n, "", object))


def judged(ground: Ground, plots: Plots, barriers: Sequence[Barrier], *, built: bool = False) -> Plots:
    """
    The plots with verdicts: "conflict" where something is nearer than required whatever the position errors,
    "undecided" where that is not sure, the rule is unverified, or the ground is taken by buildings or roads; what is
    ``built`` is judged by the barriers alone.
    """
    verdict, why = plots.verdict.copy(), [[w] if w else [] for w in plots.why]
    order = {"clear": 0, "undecided": 1, "conflict": 2}

    def found(rows: NDArray, word: str, texts: Sequence[str]) -> None:
        for row, text in zip(rows.tolist(), texts, strict=True):
            if order[word] > order[verdict[row]]:
                verdict[row] = word
            why[row].append(text)

    outside = np.flatnonzero(~shapely.covers(ground.boundary, plots.shape))
    found(outside, "conflict", ["outside the region"] * len(outside))
    inner = np.where(shapely.get_dimensions(plots.shape) == 2, shapely.buffer(plots.shape, -_EDGE_M), plots.shape)
    for layer, word, text in () if built else _TAKEN:
        frame = ground.layers.get(layer)
        if frame is not None:
            hit = np.unique(shapely.STRtree(inner).query(_areas(frame, layer), predicate="intersects")[1])
            found(hit, word, [text] * len(hit))
    tree = shapely.STRtree(plots.shape)
    for barrier in barriers:
        row, breach, sure = _nearest_breach(tree, plots.shape, barrier)
        for word, rows in ((barrier.verdict, sure), ("undecided", ~sure)):
            found(row[rows], word, [t for t, s in zip(breach, rows, strict=True) if s])
    return replace(plots, verdict=verdict, why=np.array(["; ".join(w) for w in why] + [None], object)[:-1])


_TAKEN = (
    ("water", "conflict", "on water"),
    ("buildings", "undecided", "on ground taken by buildings"),
    ("roads", "undecided", "on ground taken by roads"),
)


def _areas(frame: gpd.GeoDataFrame, layer: str) -> NDArray[np.object_]:
    """The shapes that take ground: areas of water and buildings, roads as lines."""
    shapes = frame.geometry.to_numpy()
    return shapes if layer == "roads" else shapes[shapely.get_dimensions(shapes) == 2]


def _nearest_breach(
    tree: shapely.STRtree, plots: NDArray, barrier: Barrier
) -> tuple[NDArray[np.int64], list[str], NDArray[np.bool_]]:
    """(plots too near, what the nearest is, whether it is so for sure)."""
    if not len(barrier.shape):
        return np.empty(0, np.int64), [], np.empty(0, bool)
    which, plot = tree.query(barrier.shape, predicate="dwithin", distance=barrier.sure)
    metres = shapely.distance(barrier.shape[which], plots[plot])
    order = np.lexsort((which, metres, plot))
    first = order[np.concatenate([[True], np.diff(plot[order]) > 0])[: len(order)]]
    which, plot, metres = which[first], plot[first], metres[first]
    margin = barrier.sure[which] - barrier.required
    text = [_said(barrier, w, m) for w, m in zip(which.tolist(), metres.tolist(), strict=True)]
    return plot, text, metres + margin < barrier.required


def _said(barrier: Barrier, row: int, metres: float) -> str:
    """A rule and how far from one of its shapes a plot is; a rule without a distance forbids the ground itself."""
    text = f"{barrier.text}: {barrier.name[row]}" if barrier.name[row] else barrier.text
    need = barrier.required or float(barrier.sure[row])
    return f"{text}, {metres:.0f} m of {need:g} m" if need else f"{text}, inside"


def rule_barriers(ground: Ground, facility: str) -> list[Barrier]:
    """What the rows of standards/site_rules.csv make a facility keep clear of."""
    from ..analysis.rows import working
    from ..analysis.setbacks import POSITION_ERROR_M, SIGMAS

    out = []
    rules = standards.table("site_rules")
    for rule in rules[rules["facility"] == facility].itertuples():
        frame = ground.layers.get(rule.layer)
        if frame is None or rule.column not in frame:
            continue
        values = frame[rule.column].astype(object).where(frame[rule.column].notna(), "").astype(str)
        frame = frame[values.isin(rule.values.split("|")).to_numpy(bool) & working(frame)]
        error = np.full(len(frame), POSITION_ERROR_M.get(rule.layer, 0.0))
        if "position_error_m" in frame:
            own = frame["position_error_m"].to_numpy(float)
            error = np.where(np.isfinite(own), own, error)
        margin = SIGMAS * error if rule.distance_m else np.zeros(len(frame))
        verdict = "undecided" if rule.confidence == "MU" else "conflict"
        text = f"{rule.rule_id} {rule.standard} {rule.clause} {rule.en}".replace(" - ", " ")
        shapes = _outside(ground, frame.geometry.to_numpy(), rule.outside)
        out.append(Barrier(shapes, _names(frame), rule.distance_m, rule.distance_m + margin, verdict, text))
    return out


def _outside(ground: Ground, shapes: NDArray[np.object_], kinds: Any) -> NDArray[np.object_]:
    """What of each shape lies on no land use of the ``kinds``; all of it where there are none, or no such layer."""
    land = ground.layers.get("landuse")
    if not isinstance(kinds, str) or land is None or not len(shapes):
        return shapes
    within = land.geometry.to_numpy()[land["kind"].isin(kinds.split("|")).to_numpy(bool)]
    within = within[shapely.get_dimensions(within) == 2]
    which, _ = shapely.STRtree(within).query(shapes, predicate="intersects")
    out, touched = shapes.copy(), np.unique(which)
    out[touched] = shapely.difference(shapes[touched], shapely.union_all(within))
    return out


def missing_layers(ground: Ground, facility: str) -> list[str]:
    """Rules of standards/site_rules.csv that nothing in the region can be held against."""
    rules = standards.table("site_rules")
    own = rules[rules["facility"] == facility]
    return [
        f"{r.rule_id} {r.en}: the region has no layer {r.layer}"
        for r in own.itertuples()
        if r.layer not in ground.layers
    ]


def setback_barriers(ground: Ground, project: dict[str, gpd.GeoDataFrame]) -> list[Barrier]:
    """What the setback rules of the region and the ranges of pipelines make a project keep clear of, to be sure."""
    from ..analysis.siting.room import blocks
    from ..siting.ways import pipe_ranges

    out = []
    used, rules = {n: f for n, f in ground.layers.items() if n in SETBACK_LAYERS}, ground.rules.frame
    required = dict(zip(rules["rule_id"], rules["distance_m"], strict=True))
    by_rule: dict[str, list[Any]] = {}
    for block in blocks(used, project, ground.rules):
        by_rule.setdefault(block.rule, []).append(block)
    for name, found in sorted(by_rule.items()):
        names, sure = _objects([b.name or b.id for b in found]), np.array([b.distance_m for b in found])
        text = f"{name} {_clause(ground, name)}"
        out.append(Barrier(_objects([b.shape for b in found]), names, float(required[name]), sure, "undecided", text))
    pipes = pipe_ranges(ground, project)
    metres, names = np.array([m for _, m in pipes]), np.full(len(pipes), "", object)
    out.append(Barrier(_objects([line for line, _ in pipes]), names, 0.0, metres, "undecided", "range of a pipeline"))
    return out


def nearest_limits(plots: Plots, barriers: Sequence[Barrier], most: int = 3) -> list[str]:
    """(N,) the rules that each plot keeps by the least, with what is nearest."""
    rows: list[list[tuple[float, str]]] = [[] for _ in range(len(plots))]
    for barrier in (b for b in barriers if len(b.shape) and b.required):
        tree = shapely.STRtree(barrier.shape)
        plot, which = tree.query_nearest(plots.shape, all_matches=False)
        metres = shapely.distance(plots.shape[plot], barrier.shape[which])
        for row, w, m in zip(plot.tolist(), which.tolist(), metres.tolist(), strict=True):
            rows[row].append((m - float(barrier.sure[w]), _said(barrier, w, m)))
    return ["; ".join(text for _, text in sorted(row)[:most]) for row in rows]


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    return np.array([*values, None], object)[:-1]


def _clause(ground: Ground, rule: str) -> str:
    rules = ground.rules.frame
    row = rules[rules["rule_id"] == rule].iloc[0]
    return f"{row['standard']}-{row['edition']} {row['clause']}"


def _names(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return frame["name"].astype(object).where(frame["name"].notna(), frame["id"]).to_numpy(object)


def spread(plots: Plots, worth: Floats, most: int) -> NDArray[np.int64]:
    """
    At most ``most`` of the plots: of each cell of a coarse square grid the one of most ``worth``, the rest by worth.

    Of a fine grid's cell (`STEP_M` x 2) never more than one. Ascending.
    """
    best = np.argsort(-worth, kind="stable")
    at = plots.middle
    fine = best[_first_of_cell(at[best], 2 * STEP_M)]
    if len(fine) <= most:
        return np.sort(fine)
    cell = 4 * STEP_M
    while True:
        coarse = fine[_first_of_cell(at[fine], cell)]
        if len(coarse) <= most // 2:
            break
        cell *= 1.5
    rest = fine[~np.isin(fine, coarse)]
    return np.sort(np.concatenate([coarse, rest[: most - len(coarse)]]))


def in_cells(plots: Plots, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Plots that share a fine cell with one of the ``chosen``, the first few of each cell; ascending."""
    cells = np.floor(plots.middle / (2 * STEP_M)).astype(np.int64)
    _, number = np.unique(cells, axis=0, return_inverse=True)
    number = number.ravel()
    wanted = np.zeros(number.max(initial=-1) + 1, bool)
    wanted[number[chosen]] = True
    rows = np.flatnonzero(wanted[number])
    order = rows[np.argsort(number[rows], kind="stable")]
    group = number[order]
    place = np.arange(len(order)) - np.searchsorted(group, group)
    return np.sort(order[place < _OF_CELL])


def _first_of_cell(at: Floats, side: float) -> NDArray[np.int64]:
    cells = np.floor(at / side).astype(np.int64)
    return np.sort(np.unique(cells, axis=0, return_index=True)[1])
