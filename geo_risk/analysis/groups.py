"""Grades of a whole trade, park, pipeline, road and of the region, from those of its members."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..sections import RiskSettings
from .grading import GRADE_WORDS
from .rollup import area_table, escalated, persons_table, worst_grades
from .rows import working
from .zones import GRADES, Zones, zone_sums

WORST_FIRST = range(GRADES - 1, -1, -1)
COLUMNS = (
    *("scope", "scope_id", "name", "n", "grade", "rule", "grade_now", "rule_now"),
    *(f"share_{GRADE_WORDS[g]}" for g in WORST_FIRST),
    *(f"n_{GRADE_WORDS[g]}" for g in WORST_FIRST),
    "persons",
    *(f"persons_{GRADE_WORDS[g]}" for g in WORST_FIRST[:4]),
    *("index_max", "index_mean", "index_persons", "area_km2", "length_km"),
)
NO_NOW = "no current grades in this region"


def enterprise_groups(
    graded: gpd.GeoDataFrame, enterprises: gpd.GeoDataFrame, scope: str, column: str, settings: RiskSettings
) -> pd.DataFrame:
    """
    One row a trade (``column`` sector) or park of working enterprises.

    The grade is the worst one that the minimum share of the members has (or a worse one), or for red
    and orange the minimum number of them; with ``escalate_orange`` so many orange members make it red.
    ``persons`` are the staff of members whose number is known.

    Parameters
    ----------
    graded
        ``schema.RESULTS["enterprises"]``, with ``grade_now`` where current grades are computed.
    enterprises
        The layer, in the same order.
    """
    layer = enterprises.reset_index(drop=True)
    key = layer[column] if column in layer else pd.Series(None, layer.index, object)
    here = working(layer) & key.notna().to_numpy()
    names, number = np.unique(key[here].to_numpy(str), return_inverse=True)
    members, layer = graded.reset_index(drop=True)[here], layer[here]
    staff = pd.to_numeric(layer["staff"], errors="coerce") if "staff" in layer else pd.Series(np.nan, layer.index)
    n = len(names)
    found = {"grade": _grades(members["grade"])}
    if "grade_now" in members:
        found["grade_now"] = _grades(members["grade_now"])
    counts = {k: _table(number, g, n) for k, g in found.items()}
    out = pd.DataFrame({"scope": scope, "scope_id": names, "name": names, "n": np.bincount(number, minlength=n)})
    for k, table in counts.items():
        share = table / np.maximum(table.sum(axis=1), 1)[:, None]
        grades, why = worst_grades(share, None, table, settings, what="of the enterprises are")
        out[k], out[k.replace("grade", "rule")] = escalated(grades, why, table, settings.escalate_orange)
    shares = counts["grade"] / np.maximum(out["n"].to_numpy(), 1)[:, None]
    people = _table(number, found["grade"], n, staff.fillna(0).to_numpy(float))
    known = np.bincount(number, staff.notna(), n) > 0
    people = np.where(known[:, None], people, np.nan)
    highest = members["index_max"].groupby(number).max() if n else pd.Series(dtype=float)
    return _filled(out, shares, counts["grade"]).assign(
        persons=people.sum(axis=1),
        **{f"persons_{GRADE_WORDS[g]}": people[:, g] for g in WORST_FIRST[:4]},
        index_max=highest.to_numpy(float),
    )


def line_groups(
    cut: gpd.GeoDataFrame, scope: str, settings: RiskSettings, key: pd.Series | None = None
) -> pd.DataFrame:
    """
    One row a pipeline or road from its segments: ``n`` and ``n_*`` count segments, shares are of its length.

    Parameters
    ----------
    cut
        From `segments.segments`.
    key
        What belongs together, row by row; by default the id. Its first name names it.
    """
    key = cut["id"] if key is None else key
    number, ids = pd.factorize(key.to_numpy(object), sort=True)
    n, metres = len(ids), (cut["to_m"] - cut["from_m"]).to_numpy(float)
    shares = cut[[f"share_{GRADE_WORDS[g]}" for g in range(GRADES)]].to_numpy(float)
    length = np.bincount(number, metres, n)
    by_grade = np.stack([np.bincount(number, metres * shares[:, g], n) for g in range(GRADES)], axis=1)
    share = by_grade / np.where(length > 0, length, 1.0)[:, None]
    grades, why = worst_grades(share, None, None, settings, what="of the length is")
    names = cut["name"].groupby(number).first().reindex(range(n))
    out = pd.DataFrame({"scope": scope, "scope_id": ids, "name": names.where(names.notna(), ids), "grade": grades})
    out["rule"], out["n"], out["length_km"] = why, np.bincount(number, minlength=n), length / 1e3
    if cut["grade_now"].notna().any():
        now = _table(number, _grades(cut["grade_now"]), n, metres) / np.where(length > 0, length, 1.0)[:, None]
        out["grade_now"], out["rule_now"] = worst_grades(now, None, None, settings, what="of the length has segments")
    out["index_max"] = cut["index_max"].groupby(number).max().reindex(range(n))
    there = np.where(cut["index_mean"].notna(), metres, 0.0)
    weight = np.bincount(number, there, n)
    mean = np.bincount(number, there * cut["index_mean"].fillna(0), n)
    out["index_mean"] = mean / np.where(weight > 0, weight, np.nan)
    return _filled(out, share, _table(number, _grades(cut["grade"]), n))


def region_group(
    name: str,
    region: Zones,
    surfaces: dict[str, NDArray],
    cell_m: float,
    settings: RiskSettings,
    *,
    persons: NDArray[np.float64] | None = None,
    graded: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """
    The whole region as one row: shares of its area, its residents, and its enterprises by grade.

    Parameters
    ----------
    surfaces
        ``grade`` and ``index``; ``residual_grade`` where current grades are computed.
    graded
        Working enterprises with ``grade``, and ``grade_now`` where there are current grades.
    """
    sums = zone_sums(region, surfaces["grade"], surfaces["index"], persons)
    firms = None if graded is None else _table(np.zeros(len(graded), np.int64), _grades(graded["grade"]), 1)
    out = pd.DataFrame({"scope": ["region"], "scope_id": name, "name": name})
    cells = region.cells()
    found = {"grade": (sums, firms)}
    if "residual_grade" in surfaces:
        now = None
        if graded is not None and "grade_now" in graded:
            now = _table(np.zeros(len(graded), np.int64), _grades(graded["grade_now"]), 1)
        found["grade_now"] = (zone_sums(region, surfaces["residual_grade"], surfaces["index"], persons), now)
    for column, (of, number) in found.items():
        people = None if persons is None else of["persons"]
        grades, why = worst_grades(of["cells"] / cells[:, None], people, number, settings)
        out[column], out[column.replace("grade", "rule")] = escalated(grades, why, number, settings.escalate_orange)
    out["area_km2"] = cells * cell_m**2 / 1e6
    out["n"] = pd.array([pd.NA if firms is None else int(firms.sum())], dtype="Int64")
    more = pd.DataFrame(area_table(sums, cells) | persons_table(sums, persons is not None))
    return _filled(pd.concat([out, more], axis=1), None, firms)


def _filled(out: pd.DataFrame, shares: NDArray | None, counts: NDArray | None) -> pd.DataFrame:
    """All columns of the table, those not known empty."""
    for g in WORST_FIRST:
        if shares is not None:
            out[f"share_{GRADE_WORDS[g]}"] = shares[:, g]
        if counts is not None:
            out[f"n_{GRADE_WORDS[g]}"] = counts[:, g].astype(np.int64)
    if "grade_now" not in out:
        out["rule_now"] = NO_NOW
    out = out.reindex(columns=list(COLUMNS))
    whole = ["n", "grade", "grade_now", *(f"n_{GRADE_WORDS[g]}" for g in WORST_FIRST)]
    return out.astype(dict.fromkeys(whole, "Int64"))


def _grades(column: pd.Series) -> NDArray[np.int64]:
    return column.fillna(0).to_numpy(np.int64)


def _table(group: NDArray[np.int64], grade: NDArray[np.int64], n: int, weight: NDArray | None = None) -> NDArray:
    """(n, 5) number, or weight, of members by group and grade."""
    return np.bincount(group * GRADES + grade, weight, n * GRADES).reshape(n, GRADES).astype(float)
