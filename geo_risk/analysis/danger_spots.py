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
from ..settings import DangerSettings
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
    return gpd.GeoDataFrame({"id": ids, "name": None}, geometry=boxes, crs=crs)


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

    As a rate, pieces with an enterprise or a danger are compared: dangers per enterprise, standardised for
    their number. As a count, all pieces in the boundary are, by their number of dangers. The p-value is the share of
    conditional permutations (with a fixed seed) whose Gi* is as high; ``q`` is p adjusted for the false
    discovery rate over all pieces tested. Every danger with a place in the lattice is in one piece.

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
    n = np.bincount(piece, minlength=len(lattice))
    rate = settings.measure == "rate" and enterprises is not None
    base = _enterprises_in(lattice, enterprises, unclosed, row, piece) if enterprises is not None else None
    if rate and base is not None:
        used = np.flatnonzero(base > 0)
    else:
        inside = _within(lattice, boundary)
        used = np.flatnonzero(inside | (n > 0))
    frame = lattice.iloc[used].reset_index(drop=True)
    counts = n[used]
    of = base[used].astype(float) if base is not None else np.full(len(used), np.nan)
    share = of / of.sum() if rate else np.full(len(used), 1.0 / max(len(used), 1))
    gi, p, why = _tested(counts, of if rate else None, frame, settings)
    q = _adjusted(p)
    columns = {
        "n": counts,
        "enterprises": pd.array(np.where(np.isnan(of), 0, of).astype(int), "Int64") if base is not None else None,
        "expected": counts.sum() * share,
        "gi": gi,
        "p": p,
        "q": q,
        "significance": _words(p, q, settings.alpha),
        "reason": why,
    }
    out = frame[["id", "name"]].assign(measure="rate" if rate else "count", **columns)
    spots = gpd.GeoDataFrame(out, geometry=frame.geometry.array, crs=lattice.crs)
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


def _enterprises_in(
    lattice: gpd.GeoDataFrame, enterprises: gpd.GeoDataFrame, dangers: gpd.GeoDataFrame, row: NDArray, piece: NDArray
) -> NDArray[np.int64]:
    """(N,) enterprises in each piece; at least those that its dangers name, of which one without a name is one more."""
    count = np.bincount(_in_piece(enterprises, lattice)[1], minlength=len(lattice))
    firm = dangers["enterprise_id"].astype(object)
    firm = firm.where(firm.notna(), dangers["enterprise_name"]).fillna("").to_numpy(object)[row]
    named = pd.DataFrame({"piece": piece, "firm": firm}).groupby("piece")["firm"].nunique()
    least = named.reindex(range(len(lattice)), fill_value=0).to_numpy()
    return np.maximum(count, least)


def _tested(
    counts: NDArray, of: NDArray | None, frame: gpd.GeoDataFrame, settings: DangerSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]:
    """Gi* as a standard score, p of as high a value by chance, and why a piece was not tested ("" where it was)."""
    gi, p = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    values = _standardised(counts, of) if of is not None else counts.astype(float)
    if len(frame) < _FEWEST or np.ptp(values) == 0:
        return gi, p, np.full(len(frame), "all pieces are alike or there are too few to compare", object)
    from esda.getisord import G_Local

    with warnings.catch_warnings():  # of pieces without neighbours, which are told in the table
        warnings.simplefilter("ignore")
        weights = _weights(frame, settings)
        found = G_Local(
            values - values.min() + 1.0,  # G is for positive values; neither its score nor its p change with a shift
            weights,
            transform="B",
            star=True,
            permutations=settings.permutations,
            keep_simulations=False,
            n_jobs=1,
            seed=SEED,
        )
    alone = np.array([weights.cardinalities[i] == 0 for i in range(len(frame))])
    # The library gives the smaller tail.
    high = np.where(found.Zs > 0, found.p_sim, 1.0 - found.p_sim)
    gi[~alone], p[~alone] = found.Zs[~alone], high[~alone]
    return gi, p, np.where(alone, "no neighbouring piece", "").astype(object)


def _standardised(counts: NDArray, of: NDArray) -> NDArray[np.float64]:
    """Rates in standard deviations of a rate of so many enterprises (empirical Bayes)."""
    from esda.smoothing import assuncao_rate

    return np.asarray(assuncao_rate(counts.astype(float), of.astype(float)), float)


def _weights(frame: gpd.GeoDataFrame, settings: DangerSettings) -> W:
    """Neighbours: cells whose centres are near, villages that touch."""
    from libpysal.weights import DistanceBand, fuzzy_contiguity

    if settings.lattice == "villages":
        return fuzzy_contiguity(frame[["geometry"]], buffering=True, buffer=_TOUCH_M, silence_warnings=True)
    middle = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    return DistanceBand(middle, settings.neighbour_m, binary=True, silence_warnings=True)


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
