"""
Setbacks: every pair of a hazard and something to protect that is, or may be, too close.

Candidates come from a spatial index, clearances from exact geometry (edge to edge, geodesic), required
distances from the rule tables. A verdict is "conflict" or "clear" only if the position errors and
whatever is unknown about the two allow no other answer, else "undecided".
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..crs import require_metric
from ..errors import CRSError
from ..parallel import in_threads
from ..schema import RESULTS
from .clearance import grid_scale, lengths, nearest_ends, overlap_depth
from .conditions import Rules, demands, outside_tables, prepare, settled
from .limits import Limits, limits
from .needs import needs as attributes_needed
from .pairs import End, Reach, near_pairs
from .sides import POLYGONS, SOURCE_LAYERS, TARGET_LAYERS, Side, source_side, target_side

# Position error (68 %) [m] where a row states none: registers and digitised plans are worse than surveys.
# Engineering defaults, meant to be replaced by the region's own position_error_m.
POSITION_ERROR_M: Mapping[str, float] = {
    "hazard_sources": 10.0,
    "gas_pipelines": 2.0,
    "parking_lots": 10.0,
    "enterprises": 10.0,
    "crowded_places": 10.0,
    "buildings": 1.0,
    "roads": 5.0,
}
# Road edge where the width is not given: somewhere within this of the centreline [m].
ROAD_HALF_WIDTH_M = 20.0
# A pair that keeps its distance is reported if it does so by less than this [m].
NEAR_MISS_M = 50.0
SIGMAS = 2.0  # position errors are 68 %; verdicts are given at 95 %

_HEAVY = 64  # points of an outline
_ROUNDING_M = 0.001  # clearances are to the millimetre
VERDICTS = ("conflict", "undecided", "clear")
_CONFLICT, _UNDECIDED, _CLEAR = range(3)


def check_setbacks(
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    rules: pd.DataFrame | Rules | None = None,
    near_miss_m: float = NEAR_MISS_M,
    road_half_width_m: float = ROAD_HALF_WIDTH_M,
    position_error_m: Mapping[str, float] = POSITION_ERROR_M,
    only: Collection[tuple[str, str]] | None = None,
    needs: bool = True,
) -> gpd.GeoDataFrame:
    """
    Check every rule between every hazard and everything near it.

    One row a pair: of all applicable rules the one with the largest distance governs. Let c be the
    clearance, u = 2 sqrt(e1^2 + e2^2) its uncertainty from the 68 % position errors. "conflict": c + u
    is below the distance required whatever is unknown; for shapes that overlap c counts negative, by how
    deep they do. "clear": c - u reaches the largest distance that
    may be required, and that row is not unverified (MU). Else "undecided". Clear pairs are returned only
    if they keep the distance by less than max(near_miss_m, 2u). Of many road pieces of the same class
    only the nearest to a source is returned for each verdict.

    Parameters
    ----------
    layers
        Layers of schema.LAYERS by name, all in one metric CRS. Used where present: hazard_sources,
        gas_pipelines, parking_lots, enterprises as sources; crowded_places, buildings, roads,
        enterprises with an outline and hazard_sources as targets. Closed ones are left out.
    rules
        The rules to check, columns as in setbacks.csv, or ``conditions.prepare`` of them, which many checks may share;
        ``conditions.builtin_rules()`` if None.
    near_miss_m
        How far beyond the required distance a pair is still worth reporting [m].
    road_half_width_m
        Half width of a road without width_m, as an upper bound [m].
    position_error_m
        Position error (68 %) of rows without one, by layer [m].
    only
        (layer, id) of rows: pairs of which neither is one of these are left out. None: every pair. What a
        row is, and what is not checked, still follows from all rows.
    needs
        Whether to work out what undecided findings need; most of the time of a large check, so a search that only
        asks for verdicts does without.

    Returns
    -------
    GeoDataFrame
        schema.RESULTS["findings"]; geometry is the nearest segment, from source to target. Sorted by
        verdict (conflict, undecided, clear), then finding_id. ``.attrs["not_checked"]`` lists what no
        rule could be applied to: dicts of layer, count, why.

    Raises
    ------
    CRSError
        If a layer is not in metres, or the layers' CRS differ.
    InputError
        If a row has no id, an id is repeated within a layer, or a position error is negative.
    StandardsError
        If ``rules`` is malformed.
    """
    used = {k: layers[k] for k in dict.fromkeys((*SOURCE_LAYERS, *TARGET_LAYERS)) if k in layers}
    crs = _common_crs(used)
    prepared = prepare(rules)
    sources, targets, skipped = _sides(used, prepared, position_error_m, road_half_width_m)
    table = limits([demands(options, prepared) for options in sources.kinds], targets.kinds, prepared)
    judged = judge(
        sources, targets, table, prepared, crs, enterprises=used.get("enterprises"), near_miss_m=near_miss_m, only=only
    )
    findings = _findings(judged, sources, targets, prepared, crs)
    if needs:
        said = attributes_needed(findings, used, prepared, road_half_width_m)
        findings["needs"] = pd.array(said, dtype=object)
    findings.attrs["not_checked"] = [
        *({"layer": layer, "count": n, "why": why} for (layer, why), n in sorted(skipped.items())),
        *_unreachable(prepared, targets),
    ]
    return findings


def uncovered(layers: Mapping[str, gpd.GeoDataFrame], rules: Rules) -> Counter[tuple[str, str]]:
    """How many rows no rule could be applied to, by layer and why; as `check_setbacks` tells, without its pairs."""
    return _sides(layers, rules, POSITION_ERROR_M, ROAD_HALF_WIDTH_M)[2]


def _sides(
    layers: Mapping[str, gpd.GeoDataFrame], rules: Rules, position_error_m: Mapping[str, float], half_width_m: float
) -> tuple[Side, Side, Counter[tuple[str, str]]]:
    """Sources and targets among the layers, and how many rows are neither, by layer and why."""
    skipped: Counter[tuple[str, str]] = Counter()
    sources = source_side(layers, position_error_m, skipped)
    targets = target_side(layers, position_error_m, half_width_m, skipped)
    recoded, kinds = settled(sources.kinds, rules)
    sources = sources._replace(code=recoded[sources.code], kinds=kinds)
    _note_gaps(sources, rules, skipped)
    return sources, targets, skipped


def _common_crs(layers: Mapping[str, gpd.GeoDataFrame]) -> Any:
    for name, frame in layers.items():
        require_metric(frame, name)
    systems = {frame.crs.to_string(): name for name, frame in layers.items()}
    if len(systems) > 1:
        raise CRSError(f"layers differ in CRS: {systems}. Bring all into the region's CRS: frame.to_crs(region.crs).")
    return next(iter(layers.values())).crs if layers else None


def _note_gaps(sources: Side, rules: Rules, skipped: Counter) -> None:
    """Count the sources whose volume lies outside the table of their class."""
    outside = [outside_tables(options, rules) for options in sources.kinds]
    for layer in SOURCE_LAYERS:
        counts = np.bincount(sources.code[sources.rows["layer"] == layer], minlength=len(outside))
        for code in np.flatnonzero(counts):
            if outside[code]:
                skipped[layer, outside[code]] += int(counts[code])


def _unreachable(rules: Rules, targets: Side) -> list[dict[str, Any]]:
    """The target classes of rules that no layer given could show."""
    shown = {c for target in targets.kinds for question in target for answer in question for c in answer}
    wanted = Counter(c for classes in rules.frame["target_classes"] for c in classes.split("|") if c not in shown)
    if not wanted:
        return []
    return [
        {"layer": "", "count": wanted.total(), "why": f"rules towards {', '.join(sorted(wanted))}: no row given is one"}
    ]


def _one_site(s: NDArray, t: NDArray, sources: Side, targets: Side) -> NDArray[np.bool_]:
    """Which pairs are one row twice, or rows of the same enterprise."""
    a, b = sources.rows, targets.rows
    same = a["layer"][s] == b["layer"][t]
    same[same] = a["id"][s[same]] == b["id"][t[same]]
    for column in ("enterprise_id", "enterprise_name"):
        named = (b[column] != "")[t]
        same[named] |= a[column][s[named]] == b[column][t[named]]
    return same


def _among(side: Side, wanted: Collection[tuple[str, str]] | None) -> NDArray[np.bool_]:
    if wanted is None:
        return np.ones(len(side.code), bool)
    return np.array([key in wanted for key in zip(side.rows["layer"], side.rows["id"], strict=True)], dtype=bool)


def judge(
    sources: Side,
    targets: Side,
    table: Limits,
    rules: Rules,
    crs: Any,
    *,
    enterprises: gpd.GeoDataFrame | None = None,
    near_miss_m: float = NEAR_MISS_M,
    only: Collection[tuple[str, str]] | None = None,
) -> pd.DataFrame:
    """
    Pairs, clearances and verdicts of rows whose kinds are known: ``check_setbacks`` without names and reasons.

    Returns
    -------
    DataFrame
        One row a finding: s, t (places in the sides), u, slack, low, high, clearance [m], own (one may be part of the
        other's site), verdict (place in ``VERDICTS``), unsure, rule (row of the rules), and the ends of the nearest
        segment x0, y0, x1, y1 [m].
    """
    boxes = [in_threads(shapely.bounds, side.shapes).reshape(-1, 4) for side in (sources, targets)]
    scale = grid_scale(np.concatenate(boxes), crs)
    wanted = None if only is None else set(only)
    one, two = (
        End(side.shapes, box, side.code, side.error, side.slack, side.inset, _among(side, wanted))
        for side, box in zip((sources, targets), boxes, strict=True)
    )
    s, t = near_pairs(one, two, Reach(table.high, near_miss_m, SIGMAS, scale))
    furthest = _furthest(s, t, table, sources, targets, near_miss_m)
    within, ends = _measured(s, t, (furthest + _ROUNDING_M) * scale, sources, targets, boxes)
    apart = ~_one_site(s[within], t[within], sources, targets)
    within, ends = within[apart], ends[apart]
    s, t, furthest = s[within], t[within], furthest[within]
    u, slack = _uncertainty(s, t, sources, targets)
    low, low_rule, high, high_rule = table.at(sources.code[s], targets.code[t])
    clearance = lengths(ends, crs).round(3)  # a distance equal to the rule's to the millimetre keeps it
    unsure = rules.frame["strength"].to_numpy()[high_rule] == 1
    signed = clearance.copy()
    over = (clearance == 0) & (u >= low) & (low > 0)  # where u < low the depth decides nothing
    signed[over] = -overlap_depth(sources.shapes[s[over]], targets.shapes[t[over]])
    conflict = signed + u < low
    clear = (clearance - u - slack >= high) & ~unsure
    own = np.zeros(len(s), bool)
    own[conflict] = _own_site(s[conflict], t[conflict], sources, targets, enterprises)
    conflict &= ~own
    verdict = np.where(conflict, _CONFLICT, np.where(clear, _CLEAR, _UNDECIDED))
    columns = {"s": s, "t": t, "u": u, "slack": slack, "low": low, "high": high, "clearance": clearance, "own": own}
    columns |= {"unsure": unsure, "rule": np.where(conflict, low_rule, high_rule), "verdict": verdict}
    columns |= dict(zip(("x0", "y0", "x1", "y1"), ends.reshape(-1, 4).T, strict=True))
    return pd.DataFrame(columns)[_nearest_roads(s, t, verdict, clearance, targets) & (clearance <= furthest)]


def _uncertainty(s: NDArray, t: NDArray, sources: Side, targets: Side) -> tuple[NDArray, NDArray]:
    """Of each pair: how far off its distance may be by the position errors, and by widths not given [m]."""
    return SIGMAS * np.hypot(sources.error[s], targets.error[t]), sources.slack[s] + targets.slack[t]


def _furthest(s: NDArray, t: NDArray, table: Limits, sources: Side, targets: Side, near_miss_m: float) -> NDArray:
    """The clearance [m] beyond which a pair is no finding."""
    u, slack = _uncertainty(s, t, sources, targets)
    return table.high[sources.code[s], targets.code[t]] + np.maximum(np.maximum(near_miss_m, 2 * u), u + slack)


def _measured(
    s: NDArray, t: NDArray, limit: NDArray, sources: Side, targets: Side, boxes: list[NDArray]
) -> tuple[NDArray, NDArray]:
    """Which pairs are within ``limit`` [m of the grid], and the ends of the nearest segments of those."""
    box, other, inset = boxes[0][s], boxes[1][t], targets.inset[t]
    ends = np.stack([box[:, :2], other[:, :2]], axis=1)  # of points these are all
    wide = np.flatnonzero((box[:, :2] < box[:, 2:]).any(1) | (other[:, :2] < other[:, 2:]).any(1) | (inset > 0))
    a, b, inset = sources.shapes[s[wide]], targets.shapes[t[wide]], inset[wide]
    near = np.ones(len(wide), bool)
    heavy = np.flatnonzero(shapely.get_num_coordinates(a) > _HEAVY)
    shapely.prepare(a[heavy])  # outlines of many points are asked often: by an index of their own
    near[heavy] = shapely.dwithin(a[heavy], b[heavy], limit[wide[heavy]] + inset[heavy])
    shapely.destroy_prepared(a[heavy])
    ends[wide[near]] = nearest_ends(a[near], b[near], inset[near])
    close = np.hypot(*(ends[:, 1] - ends[:, 0]).T) <= limit
    close[wide[~near]] = False
    within = np.flatnonzero(close)
    return within, ends[within]


def _own_site(
    s: NDArray, t: NDArray, sources: Side, targets: Side, enterprises: gpd.GeoDataFrame | None
) -> NDArray[np.bool_]:
    """Whether the target may belong to the source's own site: inside it, or a building or plant around the source."""
    a, b = sources.shapes[s], targets.shapes[t]
    around = np.isin(targets.rows["layer"][t], ("enterprises", "buildings"))
    own = ((shapely.get_dimensions(a) == 2) & shapely.covers(a, b)) | (around & shapely.covers(b, a))
    if enterprises is None or not len(s):
        return own
    outlines: dict[str, Any] = {}
    for column in ("id", "name"):
        for key, shape in zip(enterprises.get(column, []), enterprises.geometry, strict=False):
            if isinstance(key, str) and key and shape is not None and shape.geom_type in POLYGONS:
                outlines.setdefault(key, shape)
    for column in ("enterprise_id", "enterprise_name"):
        site = np.array([*(outlines.get(k) for k in sources.rows[column][s]), None], dtype=object)[:-1]
        own |= shapely.covers(site, b)
    return own


def _nearest_roads(s: NDArray, t: NDArray, verdict: NDArray, clearance: NDArray, targets: Side) -> NDArray[np.bool_]:
    """A road network is cut in many pieces: for a source, a kind of road and a verdict the nearest is enough."""
    road = targets.rows["layer"][t] == "roads"
    if not road.any():
        return ~road
    table = pd.DataFrame(
        {"s": s, "kind": targets.code[t], "verdict": verdict, "d": clearance, "id": targets.rows["id"][t]}
    )
    first = table[road].sort_values(["d", "id"], kind="stable").drop_duplicates(["s", "kind", "verdict"])
    keep = ~road
    keep[first.index] = True
    return keep


def _findings(table: pd.DataFrame, sources: Side, targets: Side, rules: Rules, crs: Any) -> gpd.GeoDataFrame:
    """The finished table, in its order."""
    s, t, rule, verdict = (table[name].to_numpy() for name in ("s", "t", "rule", "verdict"))
    said = ("rule_id", "standard", "edition", "clause", "confidence")
    columns: dict[str, Any] = {c: rules.frame[c].to_numpy(object)[rule] for c in said}
    for prefix, side, at in (("source", sources, s), ("target", targets, t)):
        columns |= {f"{prefix}_{column}": side.rows[column][at] for column in ("layer", "id", "name")}
    columns["required_m"] = np.where(verdict == _CONFLICT, table["low"], table["high"])
    columns["clearance_m"] = table["clearance"].to_numpy()
    columns["uncertainty_m"] = table["u"].to_numpy()
    columns["verdict"] = np.array(VERDICTS, dtype=object)[verdict]
    clauses = [f"{standard}-{edition} {clause}" for standard, edition, clause in rules.frame[[*said[1:4]]].to_numpy()]
    why = (clauses, sources.rows["reason"].tolist(), targets.rows["reason"].tolist())
    columns["reason"] = np.array([_reason(row, *why) for row in table.itertuples()], dtype=object)
    key = (columns[c] for c in ("rule_id", "source_layer", "source_id", "target_layer", "target_id"))
    columns["finding_id"] = np.array([_finding_id(*k) for k in zip(*key, strict=True)], dtype=object)
    columns["needs"] = np.full(len(table), "", dtype=object)  # filled when the verdicts of all are known
    order = np.lexsort((columns["finding_id"].astype("S16"), verdict))
    ends = table[["x0", "y0", "x1", "y1"]].to_numpy()[order].reshape(-1, 2, 2)
    frame = {name: columns[name][order] for name in RESULTS["findings"].names}
    return gpd.GeoDataFrame(frame, geometry=shapely.linestrings(ends), crs=crs)


def _finding_id(*key: str) -> str:
    """The same rule, source and target always give the same id."""
    return hashlib.sha256("\x1f".join(key).encode()).hexdigest()[:16]


def _reason(row: Any, clauses: list[str], source_reasons: list[str], target_reasons: list[str]) -> str:
    """Why this verdict, in one line: numbers, what is open, and what made source and target what they are."""
    clause = clauses[row.rule]
    distance = f"{row.clearance:.1f} m (± {row.u:.1f} m)"
    if row.verdict == _CONFLICT:
        head = [f"{distance} is less than the {row.low:g} m of {clause}"]
    elif row.verdict == _CLEAR:
        head = [f"{distance} keeps the {row.high:g} m of {clause}"]
    else:
        head = [f"{distance}, {row.high:g} m may be required by {clause}", *_doubts(row)]
    if row.verdict == _CONFLICT and row.high > row.low:
        head.append(f"up to {row.high:g} m may be required, depending on what is not known")
    return "; ".join([*head, f"source: {source_reasons[row.s]}", f"target: {target_reasons[row.t]}"])


def _doubts(row: Any) -> list[str]:
    doubts = []
    if row.unsure:
        doubts.append("unverified rule: it settles nothing alone")
    if row.own:
        doubts.append("one lies inside the other's site and may be part of it")
    if row.low < row.high:
        doubts.append(f"only {row.low:g} m is certain: it depends on attributes that are missing or on measures taken")
    if row.clearance - row.u < row.high <= row.clearance + row.u:
        doubts.append("the position errors allow both answers")
    if row.slack and row.clearance - row.u >= row.high > row.clearance - row.u - row.slack:
        doubts.append(f"the edge may be {row.slack:g} m nearer: the width is not given")
    return doubts
