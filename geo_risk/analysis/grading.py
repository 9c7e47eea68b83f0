"""Four colours: grades of cells and of enterprises."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..sections import RiskSettings
from ..standards import table
from .exposure import located, require_same_crs
from .index import IndexSurface
from .rows import GRADE_WORDS, working


def grade(
    index: NDArray[np.floating], cuts: Sequence[float] = RiskSettings.cuts, mask: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """
    Grade of each index: 4 red, 3 orange, 2 yellow, 1 blue; 0 where the index is 0 or NaN.

    A value that equals a cut belongs to the worse side.

    Parameters
    ----------
    index
        0-100, any shape.
    cuts
        Lowest index of blue, yellow, orange and red, rising.
    mask
        Same shape; outside (False) the grade is 0.

    Raises
    ------
    InputError
        If there are not four rising cuts, or the mask has another shape.
    """
    if len(cuts) != 4 or not all(a < b for a, b in itertools.pairwise(cuts)):
        raise InputError(f"cuts = {tuple(cuts)}: four rising numbers are needed (blue, yellow, orange, red).")
    index = np.asarray(index)
    # Cuts in the index's own precision: 30.000001 stored as float32 is 30 and must be graded as 30.
    out = np.digitize(index, np.asarray(cuts, dtype=index.dtype)).astype(np.uint8)
    out[~(index > 0)] = 0
    if mask is None:
        return out
    if mask.shape != index.shape:
        raise InputError(f"mask has shape {mask.shape}, the index {index.shape}; they must be the same.")
    return np.where(mask, out, np.uint8(0))


def enterprise_grades(
    enterprises: gpd.GeoDataFrame,
    surface: IndexSurface,
    sources: gpd.GeoDataFrame,
    *,
    hazard_sources: gpd.GeoDataFrame | None = None,
    risk_points: gpd.GeoDataFrame | None = None,
    major_hazards: gpd.GeoDataFrame | None = None,
    findings: gpd.GeoDataFrame | None = None,
    districts: gpd.GeoDataFrame | None = None,
    settings: RiskSettings | None = None,
) -> gpd.GeoDataFrame:
    """
    Grade of every enterprise (``schema.RESULTS["enterprises"]``), its self-reported one kept apart.

    The grade is the worst of two: the own index (own source score x exposure factor at the site)
    against the enterprise cuts, and the direct rule for its worst major-hazard level
    (``standards/index_grades.csv``). Neighbours' hazards do not raise it; ``index_max``, the highest
    index of the surface at the site, shows them. Closed and planned firms get grade 0.

    Parameters
    ----------
    surface, sources
        From `index_surface` and `index_sources`.
    hazard_sources, risk_points, major_hazards, findings, districts
        For the units and risk points of a firm, its worst level, its conflicts and its township; what is missing
        leaves the column empty.

    Raises
    ------
    CRSError
        If ``enterprises`` is not in the surface's CRS.
    """
    settings = settings or RiskSettings()
    require_same_crs(enterprises, surface.grid, "enterprises")
    frame = enterprises.reset_index(drop=True)
    ids = frame["id"].astype(str)
    index_max, factor = _at_sites(frame, surface)
    own = _own_scores(frame, sources, {"hazard_sources": hazard_sources, "risk_points": risk_points})
    level = ids.map(worst_levels(frame, hazard_sources, major_hazards)).astype(float)
    # Beside the grid nothing is known of who is exposed: the largest factor is taken.
    factor = np.where(np.isnan(factor), settings.largest_factor, factor)
    own_index = np.minimum(own["score"].to_numpy(float) * factor, 100)
    by_index = grade(own_index.astype(np.float32), settings.enterprise_cuts)
    direct = table("index_grades").set_index("major_level")["grade"]
    by_level = level.map(direct).fillna(0).to_numpy(np.uint8)
    counts = working(frame)
    out = np.where(counts, np.maximum(by_index, by_level), 0).astype(np.uint8)
    self_grade = (
        frame["self_grade"].astype("Int64") if "self_grade" in frame else pd.Series(pd.NA, frame.index, "Int64")
    )
    reason = [
        _reason(*row)
        for row in zip(own["reason"], own_index, by_index, level, by_level, self_grade, out, counts, strict=True)
    ]
    columns = {
        "id": frame["id"],
        "name": frame["name"],
        "district_id": townships_of(frame, districts),
        "grade": pd.array(out, dtype="Int64"),
        "self_grade": self_grade,
        "index_max": index_max,
        "major_level": level.astype("Int64"),
        "n_conflicts": _conflicts(frame, hazard_sources, findings),
        "sector": frame.get("sector", None),
        "reason": reason,
        "geometry": frame.geometry,
    }
    return gpd.GeoDataFrame(columns, crs=frame.crs)


def worst_levels(
    enterprises: gpd.GeoDataFrame, hazard_sources: gpd.GeoDataFrame | None, major_hazards: gpd.GeoDataFrame | None
) -> pd.Series:
    """
    Enterprise id -> worst (lowest) major-hazard level of its units, computed or declared; others left out.

    Undecided units have no level and do not count here; their source score shows them.
    """
    found = []
    if major_hazards is not None:
        major = major_hazards[major_hazards["verdict"] == "major"]
        found.append(pd.DataFrame({"firm": owners(major, enterprises), "level": major["level"].astype(float)}))
    if hazard_sources is not None and "declared_level" in hazard_sources:
        level = pd.to_numeric(hazard_sources["declared_level"], errors="coerce").astype(float)
        level = level.where(working(hazard_sources))
        found.append(pd.DataFrame({"firm": owners(hazard_sources, enterprises), "level": level}))
    if not found:
        return pd.Series(dtype=float)
    known = pd.concat(found).dropna()
    return known["level"].groupby(known["firm"]).min()


def owners(table: gpd.GeoDataFrame, enterprises: gpd.GeoDataFrame) -> pd.Series:
    """(N,) enterprise id of each row: as written, else that of the only enterprise of its name; None if unknown."""
    firm = table["enterprise_id"].astype(object) if "enterprise_id" in table else pd.Series(None, table.index, object)
    firm = firm.where(firm.notna(), None)
    if "enterprise_name" in table:
        unique = enterprises.drop_duplicates("name", keep=False)
        by_name = pd.Series(unique["id"].astype(str).to_numpy(), index=unique["name"])
        firm = firm.where(firm.notna(), table["enterprise_name"].map(by_name))
    return firm.where(firm.isna(), firm.astype(str)).astype(object)


def townships_of(frame: gpd.GeoDataFrame, districts: gpd.GeoDataFrame | None) -> pd.Series:
    """(N,) id of the township each row lies in, else of the smallest district around it; None where there is none."""
    out = np.full(len(frame), None, dtype=object)
    if districts is None or not len(districts):
        return pd.Series(out, index=frame.index)
    level = districts["level"] if "level" in districts else pd.Series(None, index=districts.index)
    # Written in this order, so the last, a township or else the smallest district, stays.
    order = districts.assign(_town=(level == "township").to_numpy(), _area=-districts.area)
    order = order.sort_values(["_town", "_area", "id"], kind="stable").reset_index(drop=True)
    row, where = rows_in(frame, order)
    last_wins = np.argsort(where, kind="stable")
    out[row[last_wins]] = order["id"].to_numpy(object)[where[last_wins]]
    return pd.Series(out, index=frame.index)


def rows_in(frame: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(frame row, polygon row) of the rows whose point on surface lies in a polygon; rows without a place left out."""
    geometry = np.asarray(frame.geometry.array)
    here = np.flatnonzero(located(geometry))
    points = shapely.point_on_surface(geometry[here])
    row, polygon = shapely.STRtree(np.asarray(polygons.geometry.array)).query(points, predicate="intersects")
    return here[row], polygon


def _at_sites(frame: gpd.GeoDataFrame, surface: IndexSurface) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) highest index and highest exposure factor over the cells a site's bounding box touches; NaN off the grid."""
    index_max = np.full(len(frame), np.nan)
    factor = np.full(len(frame), np.nan)
    geometry = np.asarray(frame.geometry.array)
    here = np.flatnonzero(located(geometry))
    left, bottom, right, top = shapely.bounds(geometry[here]).T
    row0, col0 = surface.grid.rowcol(left, top)
    row1, col1 = surface.grid.rowcol(right, bottom)
    for i, r0, r1, c0, c1 in zip(here, row0.clip(0), row1 + 1, col0.clip(0), col1 + 1, strict=True):
        cells = (slice(r0, max(r1, r0)), slice(c0, max(c1, c0)))
        if surface.index[cells].size:
            index_max[i], factor[i] = surface.index[cells].max(), surface.exposure[cells].max()
    return index_max, factor


def _own_scores(
    frame: gpd.GeoDataFrame, sources: gpd.GeoDataFrame, owned: Mapping[str, gpd.GeoDataFrame | None]
) -> pd.DataFrame:
    """(N,) the highest score among a firm's own row, its hazard sources and risk points, and the reason given there."""
    firm = pd.Series(None, index=sources.index, dtype=object)
    mine = sources["layer"] == "enterprises"
    firm[mine] = sources.loc[mine, "id"].astype(str)
    for name, rows in owned.items():
        if rows is not None:
            mine = sources["layer"] == name
            owner = pd.Series(owners(rows, frame).to_numpy(), index=rows["id"].astype(str))
            firm[mine] = sources.loc[mine, "id"].astype(str).map(owner[~owner.index.duplicated()])
    own = pd.DataFrame({"firm": firm, "score": sources["score"].astype(float), "reason": sources["reason"]})
    own = own[own["firm"].notna()].sort_values("score", ascending=False, kind="stable").drop_duplicates("firm")
    own = own.set_index("firm").reindex(frame["id"].astype(str))
    return own.assign(score=own["score"].fillna(0.0), reason=own["reason"].fillna("not among the sources"))


def _conflicts(
    frame: gpd.GeoDataFrame, hazard_sources: gpd.GeoDataFrame | None, findings: gpd.GeoDataFrame | None
) -> pd.Series:
    """(N,) findings in conflict in which the firm or one of its hazard sources is either end; <NA> without findings."""
    if findings is None:
        return pd.Series(pd.NA, index=frame.index, dtype="Int64")
    owner: dict[tuple[str, str], str] = {("enterprises", i): i for i in frame["id"].astype(str)}
    if hazard_sources is not None:
        pairs = zip(hazard_sources["id"].astype(str), owners(hazard_sources, frame), strict=True)
        owner |= {("hazard_sources", unit): firm for unit, firm in pairs if firm is not None}
    conflicts = findings[findings["verdict"] == "conflict"]
    ends = [
        pd.Series(
            [
                owner.get((layer, str(i)))
                for layer, i in zip(conflicts[f"{end}_layer"], conflicts[f"{end}_id"], strict=True)
            ]
        )
        for end in ("source", "target")
    ]
    touched = pd.concat([ends[0], ends[1].mask(ends[0] == ends[1])]).dropna()
    return frame["id"].astype(str).map(touched.value_counts()).fillna(0).astype("Int64")


def _reason(
    source: str, own_index: float, by_index: int, level: float, by_level: int, self_grade, out: int, counts: bool
) -> str:
    if not counts:
        return "closed or planned: not graded"
    text = f"own index {own_index:.1f} ({GRADE_WORDS[by_index]}); {source}"
    if by_level:
        text += f"; major hazard level {level:.0f}: at least {GRADE_WORDS[by_level]}"
    if pd.notna(self_grade) and int(self_grade) != out:
        better = "better" if int(self_grade) < out else "worse"
        text += f"; self-reported {GRADE_WORDS[int(self_grade)]} is {better} than this grade"
    return text
