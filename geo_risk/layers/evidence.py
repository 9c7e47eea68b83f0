"""Which reading of unlabelled places fits the layers whose system is known: their townships, water, roads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.stats import binomtest

from .systems import to_degrees
from .text import key

# A reading is chosen over another by the rows that fit one and not the other: McNemar's exact test (the sign
# test on discordant pairs; Q. McNemar, Psychometrika 12, 1947). One file in a thousand may look so by chance.
P_LIMIT = 1e-3
# Below this many rows a handful of wrong entries decides; with them the test needs eleven rows, all on one side.
MIN_ROWS = 20
# Discordant rows that must speak for the choice: a file pasted together from two systems has many on both sides.
MIN_AGREEING = 2 / 3
# A file of which so few rows are in the region, or in the townships they name, is not judged by its fit.
MIN_FIT = {"township": 0.5, "boundary": 0.95, "water": 0.9, "roads": 0.0, "outlines": 0.0, "carriageways": 0.8}
ROAD_NEAR_M = 200.0  # 98 % of 2,177 mapped places of 40 county seats lie so near a road; read as BD-09, 87 %
_CARRIAGEWAY_M = 3.5  # half of a two-lane carriageway, by which an outline may reach a centre line [m]
_SAMPLE = 20_000  # rows that are judged, evenly spread over the file
_ENDING = re.compile("(街道办事处|街道|办事处|自治县|社区|镇|乡|区|县|市|村|里)$")
# What the rows that fit have in common, for messages; the quality report has the same as 'fits_...'.
KINDS = {
    "township": "rows in the township they name",
    "outlines": "outlines most alike the district of the same name",
    "boundary": "rows inside the districts",
    "water": "rows not in water",
    "roads": f"rows within {ROAD_NEAR_M:.0f} m of a road",
    "carriageways": "outlines clear of carriageways",
}


@dataclass(frozen=True)
class Verdict:
    """
    Which reading fits best, by which kind of evidence, and whether that is beyond chance.

    ``fits`` holds the rows of ``rows`` that fit, by reading, the best first; ``mixed`` whether rows in
    number speak for two readings.
    """

    best: str
    decisive: bool
    kind: str
    fits: Mapping[str, int]
    rows: int
    mixed: bool = False

    @property
    def counts(self) -> str:
        """Rows that fit, by reading, the best first."""
        return "; ".join(f"{name} {count}/{self.rows}" for name, count in self.fits.items())


@dataclass(frozen=True)
class Around:
    """
    What places of a file are judged by: finished layers in ``crs`` whose own system is stated.

    ``owners`` (N,) is the position in districts of the township each row of the file names, -1 for none.
    """

    crs: str
    layers: Mapping[str, gpd.GeoDataFrame]
    owners: NDArray[np.int64] | None = None

    def own(self, lon: NDArray, lat: NDArray, rows: NDArray) -> NDArray[np.bool_]:
        """(n,) whether WGS 84 points lie in the townships that the rows of the file, by position, name."""
        if self.owners is None:
            return np.zeros(len(rows), bool)
        points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs="EPSG:4326").to_crs(self.crs).to_numpy()
        owner = self.owners[rows]
        areas = self.layers["districts"].geometry.to_numpy()
        return (owner >= 0) & shapely.intersects(areas[owner], points)

    def names_at(self, points: NDArray) -> list[str]:
        """(n,) names of the districts points (n,) in ``crs`` lie in, the smallest first; '' outside all."""
        districts = self.layers.get("districts")
        out = [""] * len(points)
        if districts is None:
            return out
        areas = districts.geometry.to_numpy()
        order = np.argsort(-shapely.area(areas), kind="stable")
        area, at = shapely.STRtree(points).query(areas[order], predicate="intersects")
        for j, i in sorted(zip(area, at, strict=True)):
            out[i] = str(districts["name"].iloc[order[j]])  # the last one is the smallest
        return out

    def judge(self, degrees: NDArray, names: Sequence[str]) -> Verdict | None:
        """`judge` of geometries (N,) in degrees, read as each of the systems ``names``; a sample of a long file."""
        rows = np.flatnonzero(~(shapely.is_missing(degrees) | shapely.is_empty(degrees)))
        if not self.layers or len(rows) < MIN_ROWS:
            return None
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(int))]
        some = shapely.force_2d(degrees[rows])
        readings = {}
        for name in names:
            moved = shapely.transform(some, lambda c, name=name: np.column_stack(to_degrees(c[:, 0], c[:, 1], name)))
            readings[name] = gpd.GeoSeries(moved, crs="EPSG:4326").to_crs(self.crs).to_numpy()
        # a row that is nowhere in one of the readings (exchanged, a digit off) speaks for none
        good = np.all([np.isfinite(shapely.bounds(g)).all(axis=1) for g in readings.values()], axis=0)
        owners = None if self.owners is None else self.owners[rows][good]
        return judge({name: g[good] for name, g in readings.items()}, self.layers, owners)


def judge(
    readings: Mapping[str, NDArray], layers: Mapping[str, gpd.GeoDataFrame], owners: NDArray | None = None
) -> Verdict | None:
    """
    The reading that fits the layers best.

    Parameters
    ----------
    readings : name -> geometries (N,) in the CRS of the layers.
    layers : any of districts, water, roads; finished, their own system stated.
    owners : (N,) position in districts of the township each row names, -1 for none; see `townships`.

    Returns
    -------
    The first decisive verdict of the kinds of evidence in the order of their strength, else the
    strongest indecisive one; None without evidence.
    """
    verdicts = []
    for kind, hits in _tests(readings, layers, owners):
        verdict = _weigh(kind, hits)
        if verdict is not None and verdict.decisive:
            return verdict
        if verdict is not None:
            verdicts.append(verdict)
    return verdicts[0] if verdicts else None


def _tests(readings: Mapping[str, NDArray], layers: Mapping[str, gpd.GeoDataFrame], owners: NDArray | None):
    """(Kind of evidence, reading -> (n,) whether each row fits), strongest first."""
    first = next(iter(readings.values()))
    outlines = (shapely.get_dimensions(first) == 2).mean() > 0.5
    districts = layers.get("districts")
    if districts is not None and len(districts):
        areas = districts.geometry.to_numpy()
        if owners is not None and (owners >= 0).sum() >= MIN_ROWS:
            known = owners >= 0
            own = areas[owners[known]]
            if outlines:
                yield "outlines", _most_alike({n: g[known] for n, g in readings.items()}, own)
            else:
                shapely.prepare(areas)
                yield "township", {n: shapely.intersects(own, g[known]) for n, g in readings.items()}
        union = shapely.union_all(areas[shapely.get_dimensions(areas) == 2])
        shapely.prepare(union)
        yield "boundary", {n: shapely.covers(union, g) for n, g in readings.items()}
    water = layers.get("water")
    if water is not None and len(water) and not outlines:
        tree = shapely.STRtree(water.geometry.to_numpy())
        yield "water", {n: ~_touched(tree, g) for n, g in readings.items()}
    roads = layers.get("roads")
    if roads is not None and len(roads):
        tree = shapely.STRtree(roads.geometry.to_numpy())
        if outlines:
            yield "carriageways", {n: ~_touched(tree, g, _CARRIAGEWAY_M) for n, g in readings.items()}
        else:
            middles = {n: shapely.point_on_surface(g) for n, g in readings.items()}
            yield "roads", {n: _touched(tree, g, ROAD_NEAR_M) for n, g in middles.items()}


def _touched(tree: shapely.STRtree, shapes: NDArray, within_m: float = 0.0) -> NDArray[np.bool_]:
    """(n,) whether each shape meets one of the tree's, or lies within ``within_m`` [m] of it."""
    predicate = {"predicate": "dwithin", "distance": within_m} if within_m else {"predicate": "intersects"}
    hit = np.zeros(len(shapes), bool)
    hit[tree.query(shapes, **predicate)[0]] = True
    return hit


def _most_alike(readings: Mapping[str, NDArray], own: NDArray) -> dict[str, NDArray[np.bool_]]:
    """Each outline's vote: the reading whose symmetric difference to its namesake is least."""
    valid = {n: shapely.make_valid(g) for n, g in readings.items()}
    other = shapely.make_valid(own)
    off = np.array([shapely.area(shapely.symmetric_difference(g, other)) for g in valid.values()])
    least = off.argmin(axis=0)
    return {name: least == i for i, name in enumerate(readings)}


def _weigh(kind: str, hits: Mapping[str, NDArray[np.bool_]]) -> Verdict | None:
    """The verdict of one kind of evidence; None with too few rows."""
    rows = len(next(iter(hits.values())))
    if rows < MIN_ROWS:
        return None
    order = sorted(hits, key=lambda name: -int(hits[name].sum()))  # stable: ties keep the order given
    best, fits = order[0], {name: int(hits[name].sum()) for name in order}
    decisive, mixed = fits[best] >= MIN_FIT[kind] * rows, False
    for other in order[1:]:
        more, less = int((hits[best] & ~hits[other]).sum()), int((hits[other] & ~hits[best]).sum())
        p = binomtest(more, more + less).pvalue if more + less else 1.0
        clear = p < P_LIMIT and more >= MIN_AGREEING * (more + less)
        decisive &= clear
        mixed |= kind == "township" and not clear and less >= MIN_ROWS
    return Verdict(best, bool(decisive), kind, fits, rows, mixed)


def townships(written: pd.Series, districts: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """(N,) position in ``districts`` of the township a text names, by full or bare name; -1 for none or several."""
    table: dict[str, int] = {}
    for bare in (False, True):
        names = districts["name"].map(partial(_name, bare=bare))
        once = ~names.duplicated(keep=False) & (names != "")
        table |= {n: i for i, n in enumerate(names) if once.iloc[i] and n not in table}
    texts = written.map(key)
    return texts.map(lambda t: table.get(t, table.get(_name(t, True), -1))).to_numpy(np.int64)


def _name(text: object, bare: bool) -> str:
    word = key(text)
    short = _ENDING.sub("", word) if bare else word
    return short if len(short) > 1 else word


def flags(
    points: NDArray, layers: Mapping[str, gpd.GeoDataFrame], owners: NDArray | None
) -> dict[str, NDArray[np.bool_]]:
    """
    What is strange about placed points (N,): 'other_township' than the row names, 'in_water', 'beyond_boundary'.

    Nothing is moved for it. A point on the line between two townships is in both.
    """
    out = {}
    districts, water = layers.get("districts"), layers.get("water")
    if districts is not None and len(districts):
        areas = districts.geometry.to_numpy()
        if owners is not None:
            shapely.prepare(areas)
            out["other_township"] = (owners >= 0) & ~shapely.intersects(areas[owners], points)
        out["beyond_boundary"] = ~_inside_any(points, areas)
    if water is not None and len(water):
        areas = water.geometry.to_numpy()
        out["in_water"] = _inside_any(points, areas[shapely.get_dimensions(areas) == 2])
    return out


def _inside_any(points: NDArray, areas: NDArray) -> NDArray[np.bool_]:
    """(N,) whether each point lies in one of the areas."""
    hit = np.zeros(len(points), bool)
    hit[shapely.STRtree(points).query(areas, predicate="intersects")[1]] = True
    return hit
