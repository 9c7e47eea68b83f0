"""
A second opinion on setback findings: every clearance and verdict again, by other code.

The distances come from ``plain``, the bounds of each pair of kinds from their plain definition
(``conditions.bounds``), the pairs from an own search. Shared with ``setbacks`` is only what a row is to the rules
(``sides``) and the constants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..crs import to_lonlat
from ..errors import InputError
from ..schema import RESULTS
from . import plain
from .conditions import Rules, bounds, demands, prepare, settled
from .setbacks import NEAR_MISS_M, POSITION_ERROR_M, ROAD_HALF_WIDTH_M, SIGMAS
from .sides import SOURCE_LAYERS, TARGET_LAYERS, Side, source_side, target_side

TOLERANCE_M = 0.01  # two ways to the same distance may differ by this
DIFFERENCES = ("finding_id", "source_layer", "source_id", "target_layer", "target_id", "what", "file", "here")
_KEY = ["source_layer", "source_id", "target_layer", "target_id"]
_CONFLICT, _UNDECIDED, _CLEAR = _VERDICTS = ("conflict", "undecided", "clear")
_PROBES = 25  # a side: places at which an overlap is probed
_PROBED_M = 2.0  # how much deeper than at these places it may be, and the first way's probes are


def verify(
    findings: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    rules: pd.DataFrame | None = None,
    near_miss_m: float = NEAR_MISS_M,
    road_half_width_m: float = ROAD_HALF_WIDTH_M,
    position_error_m: Mapping[str, float] = POSITION_ERROR_M,
) -> pd.DataFrame:
    """
    Where findings do not follow from the layers; the options are those of ``check_setbacks``.

    Rule, required distance, clearance (within 1 cm), uncertainty, verdict, clause and length of the nearest segment of
    every finding are worked out again, and pairs are sought that should be findings and are not. Of the pieces
    of a road one finding for each kind and verdict, as near as the nearest, is enough. Where a verdict hangs on less
    than 1 cm, either is accepted.

    Returns
    -------
    DataFrame
        One row a difference, columns ``DIFFERENCES``: the finding (no id if it is missing), what differs, what the file
        says and what was found here, as text. Empty if all agree.

    Raises
    ------
    InputError
        If ``findings`` lacks a column.
    """
    lacking = [c for c in (*RESULTS["findings"].names, "geometry") if c not in findings]
    if lacking:
        raise InputError(
            f"findings: no column '{lacking[0]}', so they cannot be verified. Run geo-risk setbacks again."
        )
    used = {k: layers[k] for k in dict.fromkeys((*SOURCE_LAYERS, *TARGET_LAYERS)) if k in layers}
    prepared = prepare(rules)
    sources = source_side(used, position_error_m, Counter())
    targets = target_side(used, position_error_m, road_half_width_m, Counter())
    pairs = _pairs(sources, targets, used, prepared, near_miss_m)
    told = pd.DataFrame(findings.drop(columns="geometry")).assign(length=_lengths(findings))
    both = told.merge(pairs, on=_KEY, how="left", indicator=True)
    differences = [
        *_unfounded(both),
        *_changed(both[both["_merge"] == "both"], prepared),
        *_missing(told, pairs),
    ]
    table = pd.DataFrame(differences, columns=DIFFERENCES)
    return table.sort_values([*_KEY, "what"], kind="stable").reset_index(drop=True)


def _pairs(
    sources: Side, targets: Side, layers: Mapping[str, gpd.GeoDataFrame], rules: Rules, near_miss_m: float
) -> pd.DataFrame:
    """Every pair with a rule and near enough: keys, bounds, clearance, uncertainty and the verdicts it may have."""
    bare = [*_KEY, "low", "low_rule", "high", "high_rule", "kind", "u", "clearance", "furthest", *_VERDICTS]
    if not len(sources.code) or not len(targets.code):
        return pd.DataFrame(columns=bare)
    crs = next(iter(layers.values())).crs
    a, b = plain.edges(_raw(sources, layers)), plain.edges(_raw(targets, layers))
    code, kinds = settled(sources.kinds, rules)
    cases = [demands(options, rules) for options in kinds]
    most = np.array([max(float(d.high.max(initial=0.0)) for d in kind) for kind in cases])[code[sources.code]]
    u = SIGMAS * np.hypot(sources.error, targets.error.max())
    reach = most + np.maximum(near_miss_m, 2 * u) + u + sources.slack + (targets.slack + targets.inset).max()
    i, j = plain.near_pairs(a, b, reach * 1.05)
    apart = ~_same(sources, i, targets, j)
    i, j = i[apart], j[apart]
    table = _required(code[sources.code[i]], targets.code[j], cases, targets, rules)
    ruled = table["high_rule"].to_numpy() >= 0
    i, j, table = i[ruled], j[ruled], table[ruled].reset_index(drop=True)
    for side, at, prefix in ((sources, i, "source"), (targets, j, "target")):
        for column in ("layer", "id"):
            table[f"{prefix}_{column}"] = side.rows[column][at]
    d, p, q = plain.distances(a, b, i, j)
    back = np.where(d > 0, targets.inset[j] / np.where(d > 0, d, 1.0), 1.0)  # from the line to the edge of the road
    q = q + (p - q) * np.minimum(back, 1.0)[:, None]
    c = np.where((d > 0) & (back < 1), plain.true_length(_lonlat(p, crs), _lonlat(q, crs)), 0.0)
    u, slack = SIGMAS * np.hypot(sources.error[i], targets.error[j]), sources.slack[i] + targets.slack[j]
    furthest = table["high"] + np.maximum(np.maximum(near_miss_m, 2 * u), u + slack)
    table = table.assign(kind=targets.code[j], u=u, clearance=c, furthest=furthest, i=i, j=j)
    near = (c <= furthest + TOLERANCE_M).to_numpy()
    table, slack = table[near].reset_index(drop=True), slack[near]
    return _verdicts(table, slack, a, b, sources, targets, layers.get("enterprises"), rules)


def _raw(side: Side, layers: Mapping[str, gpd.GeoDataFrame]) -> NDArray[np.object_]:
    """The shapes as the layers have them."""
    places = {
        (name, str(i)): shape
        for name, frame in layers.items()
        for i, shape in zip(frame["id"], frame.geometry.to_numpy(), strict=True)
    }
    return np.array([*(places[key] for key in zip(side.rows["layer"], side.rows["id"], strict=True)), None], object)[
        :-1
    ]


def _same(sources: Side, i: NDArray, targets: Side, j: NDArray) -> NDArray[np.bool_]:
    """Whether a pair is one row twice, or of one enterprise."""
    a, b = (side.rows for side in (sources, targets))
    same = (a["layer"][i] == b["layer"][j]) & (a["id"][i] == b["id"][j])
    for column in ("enterprise_id", "enterprise_name"):
        same |= (a[column][i] == b[column][j]) & (a[column][i] != "")
    return same.astype(bool)


def _required(i: NDArray, j: NDArray, cases: list[Any], targets: Side, rules: Rules) -> pd.DataFrame:
    """Bounds of every pair by kinds (i, j), each worked out by its definition."""
    size = len(targets.kinds)
    pairs, at = np.unique(i * size + j, return_inverse=True)
    found = [bounds(cases[k // size], targets.kinds[k % size], rules) for k in pairs.tolist()]
    return pd.DataFrame(found, columns=["low", "low_rule", "high", "high_rule"]).iloc[at].reset_index(drop=True)


def _verdicts(
    table: pd.DataFrame,
    slack: NDArray,
    a: plain.Edges,
    b: plain.Edges,
    sources: Side,
    targets: Side,
    enterprises: gpd.GeoDataFrame | None,
    rules: Rules,
) -> pd.DataFrame:
    """Which verdicts each pair may have: one, or more where it hangs on a centimetre."""
    u, low, high, c = (table[name].to_numpy(float) for name in ("u", "low", "high", "clearance"))
    unverified = rules.frame["confidence"].eq("MU").to_numpy()[table["high_rule"]]
    allowed = {v: np.zeros(len(table), bool) for v in _VERDICTS}
    for off in (-TOLERANCE_M, 0.0, TOLERANCE_M) if len(table) else ():
        at = np.maximum(c + off, 0.0)
        conflict, clear = at + u < low, (at - u - slack >= high) & ~unverified
        for verdict, those in zip(_VERDICTS, (conflict, ~conflict & ~clear, clear & ~conflict), strict=True):
            allowed[verdict] |= those
    over = np.flatnonzero((c <= TOLERANCE_M) & (u >= low) & (low > 0))  # only the depth of the overlap may decide
    for row in over:
        deep = _depth(a, table["i"].iat[row], b, table["j"].iat[row]) + _PROBED_M
        allowed[_CONFLICT][row] = deep > u[row] - low[row]
    sites = _sites(enterprises)
    for row in np.flatnonzero(allowed[_CONFLICT]):
        if _may_be_own(table["i"].iat[row], table["j"].iat[row], a, b, sources, targets, sites):
            allowed[_CONFLICT][row], allowed[_UNDECIDED][row] = False, True
    return table.assign(**allowed)


def _sites(enterprises: gpd.GeoDataFrame | None) -> dict[str, plain.Edges]:
    """Outlines of enterprises by id and name, the first of each."""
    found: dict[str, Any] = {}
    if enterprises is not None:
        for column in ("id", "name"):
            for key, shape in zip(enterprises.get(column, []), enterprises.geometry, strict=False):
                if isinstance(key, str) and key and shape is not None and shape.geom_type.endswith("Polygon"):
                    found.setdefault(key, shape)
    return {key: plain.edges(np.array([shape, None], object)[:1]) for key, shape in found.items()}


def _may_be_own(
    i: int, j: int, a: plain.Edges, b: plain.Edges, sources: Side, targets: Side, sites: dict[str, plain.Edges]
) -> bool:
    around = targets.rows["layer"][j] in ("enterprises", "buildings")
    if plain.covers(a, i, b, j) or (around and plain.covers(b, j, a, i)):
        return True
    keys = [sources.rows[column][i] for column in ("enterprise_id", "enterprise_name")]
    return any(key in sites and plain.covers(sites[key], 0, b, j) for key in keys)


def _depth(a: plain.Edges, i: int, b: plain.Edges, j: int) -> float:
    """How deep two shapes overlap, at points of a grid and of their edges that lie in both [m]."""
    ends = [np.concatenate([side.a[s], side.b[s]]) for side, s in ((a, _of(a, i)), (b, _of(b, j)))]
    low = np.maximum(*(e.min(axis=0) for e in ends))
    high = np.minimum(*(e.max(axis=0) for e in ends))
    steps = np.linspace(0, 1, _PROBES)
    grid = low + (high - low) * np.stack([x.ravel() for x in np.meshgrid(steps, steps)], axis=1)
    along = [
        (side.a[s][:, None] + (side.b[s] - side.a[s])[:, None] * steps[None, :, None]).reshape(-1, 2)
        for side, s in ((a, _of(a, i)), (b, _of(b, j)))
    ]
    points = np.concatenate([grid, *along])
    to_a, to_b = plain.depths(a, i, points), plain.depths(b, j, points)
    inside = (to_a >= 0) & (to_b >= 0)  # of a line only what lies on it
    return float(np.maximum(to_a, to_b)[inside].max(initial=0.0))


def _of(side: plain.Edges, at: int) -> slice:
    return slice(int(side.first[at]), int(side.first[at + 1]))


def _lonlat(xy: NDArray[np.float64], crs: Any) -> NDArray[np.float64]:
    return np.stack(to_lonlat(crs).transform(*xy.T), axis=1)


def _lengths(findings: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """True lengths of the segments; NaN where there is none."""
    shapes = findings.geometry.to_numpy()
    whole = shapely.get_num_coordinates(shapes) == 2
    length = np.full(len(shapes), np.nan)
    if whole.any():
        ends = _lonlat(shapely.get_coordinates(shapes[whole]), findings.crs).reshape(-1, 2, 2)
        length[whole] = plain.true_length(ends[:, 0], ends[:, 1])
    return length


def _unfounded(both: pd.DataFrame) -> list[tuple[str, ...]]:
    """Findings of pairs that are none, or given twice."""
    out = []
    for row in both[both["_merge"] != "both"].itertuples():
        out.append(_row(row, "pair", row.verdict, "no rule, too far apart, of one enterprise, or no such row"))
    for row in both[both.duplicated(_KEY)].itertuples():
        out.append(_row(row, "repeated", row.finding_id, "a finding of the pair before it"))
    return out


def _changed(both: pd.DataFrame, rules: Rules) -> list[tuple[str, ...]]:
    """What of a finding is not as found here."""
    both = both.reset_index(drop=True)
    conflict = both["verdict"] == _CONFLICT
    here = rules.frame.iloc[both["high_rule"].where(~conflict, both["low_rule"]).astype(int)].reset_index(drop=True)
    required = both["high"].where(~conflict, both["low"])
    allowed = np.stack([both[v].to_numpy(bool) for v in _VERDICTS], axis=1)
    fits = np.array([v in _VERDICTS and allowed[n][_VERDICTS.index(v)] for n, v in enumerate(both["verdict"])], bool)
    checks: list[tuple[str, pd.Series, Any, Any]] = [
        ("verdict", both["verdict"], [" or ".join(np.array(_VERDICTS)[a]) for a in allowed], ~fits),
        ("clearance_m", both["clearance_m"], both["clearance"], _off(both["clearance_m"], both["clearance"])),
        ("segment", both["length"], both["clearance"], _off(both["length"], both["clearance"])),
        ("uncertainty_m", both["uncertainty_m"], both["u"], _off(both["uncertainty_m"], both["u"])),
        ("required_m", both["required_m"], required, _off(both["required_m"], required)),
        *(
            (c, both[c], here[c], both[c] != here[c])
            for c in ("rule_id", "standard", "edition", "clause", "confidence")
        ),
    ]
    out = []
    for what, told, found, wrong in checks:
        for n in np.flatnonzero(wrong):
            out.append(_row(both.loc[n], what, told[n], found[n]))
    return out


def _off(told: pd.Series, found: pd.Series) -> NDArray[np.bool_]:
    return ~(np.abs(told.to_numpy(float) - found.to_numpy(float)) <= TOLERANCE_M)


def _missing(told: pd.DataFrame, pairs: pd.DataFrame) -> list[tuple[str, ...]]:
    """Pairs that should be findings and are none."""
    sure = pairs[pairs["clearance"] <= pairs["furthest"] - TOLERANCE_M]
    lost = sure.merge(told[[*_KEY]].drop_duplicates(), on=_KEY, how="left", indicator="_told")
    lost = lost[lost["_told"] == "left_only"]
    roads = told[told["target_layer"] == "roads"].merge(pairs[[*_KEY, "kind"]], on=_KEY)
    nearest = roads.groupby(["source_layer", "source_id", "kind", "verdict"])["clearance_m"].min().to_dict()
    out = []
    for row in lost.itertuples():
        verdicts = [v for v in _VERDICTS if getattr(row, v)]
        group = (row.source_layer, row.source_id, row.kind)
        stands_in = [nearest.get((*group, v), np.inf) <= row.clearance + TOLERANCE_M for v in verdicts]
        if not any(stands_in):
            said = f"{' or '.join(verdicts)}, {row.clearance:.3f} m, {row.high:g} m may be required"
            out.append(_row(row, "missing", "", said, finding_id=""))
    return out


def _row(row: Any, what: str, told: Any, found: Any, finding_id: str | None = None) -> tuple[str, ...]:
    named = finding_id if finding_id is not None else row.finding_id
    said = tuple(f"{v:.3f}" if isinstance(v, (float, np.floating)) else str(v) for v in (told, found))
    return (named, *(getattr(row, c) for c in _KEY), what, *said)
