"""Where hidden dangers cluster: Getis-Ord Gi* on cells or villages, with a test of significance.

A. Getis, J. K. Ord, "The analysis of spatial association by use of distance statistics", Geographical
Analysis 24 (1992) 189-206; rates are standardised as R. M. Assunção, E. A. Reis, "A new proposal to adjust
Moran's I for population density", Statistics in Medicine 18 (1999) 2147-2162; many tests at once are judged by the
false discovery rate of Y. Benjamini, Y. Hochberg, J. R. Statist. Soc. B 57 (1995) 289-300.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..sections import DangerSettings
from .grading import rows_in

if TYPE_CHECKING:
    from libpysal.weights import W

SEED = 1
_TOUCH_M = 5.0  # outlines of neighbouring villages may lie this far apart
_FEWEST = 5  # lattice pieces; permuting fewer tells nothing


def cells(bounds: tuple[float, float, float, float], cell_m: float, crs: str) -> gpd.GeoDataFrame:
    """Squares of side ``cell_m`` [m] over (left, bottom, right, top), on whole multiples of it; id is "column/row"."""
    left, bottom = (int(np.floor(v / cell_m)) for v in bounds[:2])
    right, top = (int(np.floor(v / cell_m)) + 1 for v in bounds[2:])
    if (right - left) * (top - bottom) > 1_000_000:
        raise InputError(f"[dangers] cell_m = {cell_m:g} m gives more than a million cells here. Take larger ones.")
    col, row = (a.ravel() for a in np.meshgrid(np.arange(left, right), np.arange(bottom, top)))
    boxes = shapely.box(col * cell_m, row * cell_m, (col + 1) * cell_m, (row + 1) * cell_m)
    ids = [f"{c}/{r}" for c, r in zip(col.tolist(), row.tolist(), strict=True)]
    return gpd.GeoDataFrame({"id": ids, "name": ids}, geometry=boxes, crs=crs)


def danger_spots(
    places: gpd.GeoDataFrame,
    lattice: gpd.GeoDataFrame,
    *,
    enterprises: gpd.GeoDataFrame | None = None,
    boundary: gpd.GeoDataFrame | None = None,
    settings: DangerSettings | None = None,
) -> gpd.GeoDataFrame:
    """
    Pieces of a lattice with the dangers in them that are not closed, and whether they are a hot spot
    (``schema.RESULTS["danger_spots"]``).

    A place is tested with its neighbours. As a rate, over places with an enterprise or a danger: were the
    enterprises that have dangers drawn from all of them at random, how often would so many lie there? That is
    random labelling of enterprises and exact (hypergeometric); several dangers of one enterprise come from one
    visit and count once. As a count, over all places of the region: the share of conditional permutations of the
    numbers of dangers (with a fixed seed) whose Gi* is as high. ``q`` is p adjusted for the false discovery rate
    over all places tested. Every danger with a place in the lattice is in one piece.

    Parameters
    ----------
    places : table `danger_places`
    lattice : id, name, areas
        From `cells`, or villages.
    enterprises
        Those that count for the rate: where they are not given, counts are compared.
    boundary
        Areas of the region, for counts.

    Returns
    -------
    GeoDataFrame
        ``attrs["note"]`` says in words what was found, also that nothing was.
    """
    settings = settings or DangerSettings()
    unclosed = places[places["state"] != "closed"].reset_index(drop=True)
    row, piece = _in_piece(unclosed, lattice)
    table = pd.DataFrame({"n": np.bincount(piece, minlength=len(lattice))})
    table["affected"] = _firms_in(unclosed, row, piece, len(lattice))
    table["enterprises"] = pd.array([pd.NA] * len(table), "Int64")
    rate = settings.measure == "rate" and enterprises is not None
    if enterprises is not None:
        there = np.bincount(_in_piece(enterprises, lattice)[1], minlength=len(lattice))
        table["enterprises"] = pd.array(np.maximum(there, table["affected"]), "Int64")
    used = table["enterprises"] > 0 if rate else (table["n"] > 0) | _within(lattice, boundary)
    frame, table = lattice[used.to_numpy(bool)].reset_index(drop=True), table[used].reset_index(drop=True)
    gi, p, why = _by_enterprise(table, frame, settings) if rate else _by_number(table["n"], frame, settings)
    share = table["enterprises"] / table["enterprises"].sum() if rate else 1.0 / max(len(table), 1)
    q = _adjusted(p)
    out = frame[["id", "name"]].assign(measure="rate" if rate else "count", **table)
    out["expected"] = table["n"].sum() * share
    out = out.assign(gi=gi, p=p, q=q, significance=_words(p, q, settings.alpha), reason=why)
    spots = gpd.GeoDataFrame(out.astype({"expected": float}), geometry=frame.geometry.array, crs=lattice.crs)
    spots.attrs["note"] = _note(spots, len(unclosed) - len(row), settings.alpha)
    return spots


def _in_piece(points: gpd.GeoDataFrame, lattice: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(row, piece) of the rows within the lattice; what lies on an edge belongs to the first piece."""
    row, piece = rows_in(points, lattice)
    order = np.lexsort((piece, row))
    row, piece = row[order], piece[order]
    first = np.concatenate([[True], np.diff(row) > 0])[: len(row)]
    return row[first], piece[first]


def _within(lattice: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame | None) -> NDArray[np.bool_]:
    """(N,) whether a point inside the piece lies in the boundary; all where there is none."""
    inside = np.ones(len(lattice), bool)
    if boundary is not None:
        inside[:] = False
        inside[rows_in(lattice, boundary)[0]] = True
    return inside


def _firms_in(dangers: gpd.GeoDataFrame, row: NDArray, piece: NDArray, pieces: int) -> NDArray[np.int64]:
    """(pieces,) enterprises that have a danger there; dangers that name none are of one more."""
    firm = dangers["enterprise_id"].astype(object)
    firm = firm.where(firm.notna(), dangers["enterprise_name"]).fillna("").to_numpy(object)[row]
    named = pd.DataFrame({"piece": piece, "firm": firm}).groupby("piece")["firm"].nunique()
    return named.reindex(range(pieces), fill_value=0).to_numpy()


_Tested = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]


def _by_enterprise(table: pd.DataFrame, frame: gpd.GeoDataFrame, settings: DangerSettings) -> _Tested:
    """Gi* of standardised rates, exact p of random labelling, and why a piece was not tested ("" where it was)."""
    from esda.smoothing import assuncao_rate
    from scipy.stats import hypergeom

    firms, affected = table["enterprises"].to_numpy(int), table["affected"].to_numpy(int)
    if len(frame) < _FEWEST or not 0 < affected.sum() < firms.sum():
        return _untested(len(frame))
    near, weights = _neighbours(frame, settings)
    rates = np.asarray(assuncao_rate(affected.astype(float), firms.astype(float)), float)
    there, hit = (v + np.array([v[n].sum() for n in near]) for v in (firms, affected))
    p = hypergeom.sf(hit - 1, firms.sum(), affected.sum(), there)
    return _gi(rates, weights), p, np.full(len(frame), "", object)


def _by_number(counts: pd.Series, frame: gpd.GeoDataFrame, settings: DangerSettings) -> _Tested:
    """Gi* of numbers, p of conditional permutation, and why a piece was not tested ("" where it was)."""
    values = counts.to_numpy(float)
    if len(frame) < _FEWEST or np.ptp(values) == 0:
        return _untested(len(frame))
    near, weights = _neighbours(frame, settings)
    alone = np.array([len(n) == 0 for n in near])
    p = np.where(alone, np.nan, chance(counts.to_numpy(np.int64), near, settings.permutations))
    return _gi(values, weights), p, np.where(alone, "no neighbouring place", "").astype(object)


def _untested(count: int) -> _Tested:
    why = "too few places, or all of them alike"
    return np.full(count, np.nan), np.full(count, np.nan), np.full(count, why, object)


def _gi(values: NDArray[np.float64], weights: W) -> NDArray[np.float64]:
    """Gi* as a standard score, of each piece with its neighbours; NaN where all values are alike."""
    from esda.getisord import G_Local

    if np.ptp(values) == 0:
        return np.full(len(values), np.nan)
    with warnings.catch_warnings():  # of pieces without neighbours
        warnings.simplefilter("ignore")
        # G is for positive values; its score does not change with a shift.
        return np.asarray(G_Local(values - values.min() + 1.0, weights, transform="B", star=True, permutations=0).Zs)


def chance(counts: NDArray[np.int64], near: list[NDArray[np.int64]], permutations: int) -> NDArray[np.float64]:
    """
    (N,) one-sided p of Gi* by conditional permutation: a piece keeps its own value, its neighbours get any others'.

    Not left to esda, whose compiled loop takes 20 s to build in every process and adds in floating point, so that
    rounding decides ties, of which counts have many.

    Parameters
    ----------
    counts : (N,)
        Whole numbers.
    near : N arrays
        Neighbours of each piece, itself not among them; a piece without any has p = 1.
    """
    drawn = _draws(np.random.default_rng(SEED), len(counts) - 1, max(map(len, near)), permutations)
    p = np.ones(len(counts))
    for i, n in enumerate(near):
        other = drawn[:, : len(n)]
        sums = counts[other + (other >= i)].sum(axis=1)  # its own row is left out
        p[i] = (1 + np.count_nonzero(sums >= counts[n].sum())) / (permutations + 1)
    return p


def _draws(rng: np.random.Generator, n: int, k: int, count: int) -> NDArray[np.int64]:
    """(count, k) of 0 to n - 1, none twice in a row."""
    out = np.empty((count, k), np.int64)
    for j in range(k):
        pick = rng.integers(0, n - j, count)
        for earlier in np.sort(out[:, :j], axis=1).T:
            pick += pick >= earlier
        out[:, j] = pick
    return out


def _neighbours(frame: gpd.GeoDataFrame, settings: DangerSettings) -> tuple[list[NDArray[np.int64]], W]:
    """Cells whose centres are near, villages that touch: rows of each one's neighbours, and the library's weights."""
    from libpysal.weights import DistanceBand, fuzzy_contiguity

    with warnings.catch_warnings():  # of pieces without neighbours
        warnings.simplefilter("ignore")
        if settings.lattice == "villages":
            weights = fuzzy_contiguity(frame[["geometry"]], buffering=True, buffer=_TOUCH_M, silence_warnings=True)
        else:
            middle = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
            weights = DistanceBand(middle, settings.neighbour_m, binary=True, silence_warnings=True)
    return [np.array(weights.neighbors[i], np.int64) for i in range(len(frame))], weights


def _adjusted(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """p adjusted for the false discovery rate over the pieces tested; NaN where not tested."""
    from scipy.stats import false_discovery_control

    q, tested = np.full(len(p), np.nan), ~np.isnan(p)
    if tested.any():
        q[tested] = false_discovery_control(p[tested])
    return q


def _words(p: NDArray, q: NDArray, alpha: float) -> NDArray[np.object_]:
    return np.select([np.isnan(p), q <= alpha, p <= alpha], ["not_tested", "hot", "possible"], "none").astype(object)


def _note(spots: gpd.GeoDataFrame, outside: int, alpha: float) -> str:
    tested, hot = int(spots["p"].notna().sum()), int((spots["significance"] == "hot").sum())
    if not tested:
        found = "no hot spot could be tested: too few places, or all alike"
    elif hot:
        found = f"hot spots: {hot} of {tested} places tested, false discovery rate {alpha:g}"
    else:
        found = f"no significant hot spot: {tested} places tested, smallest q {spots['q'].min():.2g}"
    return found + (f"; {outside} dangers lie outside them" if outside else "")
