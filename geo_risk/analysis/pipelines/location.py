"""Location classes along a pipeline: GB 50251-2015 (2 km windows) and GB 50028 for town gas (1.6 km)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...standards import parameter
from ..rows import table_rows
from .chainage import Interval, stretches, union
from .households import Units, counted
from .windows import Events, Windows, sliding_windows, weight_in

# Classes from the least to the severest, by their place in the table of a scheme.
_TALL_FLOORS = 4
# Bands shorter than this [m] are where two windows' edges nearly agree.
_SLIVER_M = 1.0


class Raise(NamedTuple):
    """A stretch that is of at least class 3 for another reason than households; ``sure`` if nothing is open."""

    from_m: float
    to_m: float
    reason: str
    sure: bool
    needs: str = ""


class Band(NamedTuple):
    """
    A stretch of one class. ``rank`` 0 to 3 is the class taken (the severest possible), ``sure_rank`` the one that
    needs no assumption; ``households`` the most in a window that reaches it, ``window`` where that one begins and
    ends, ``layer`` who told them.
    """

    from_m: float
    to_m: float
    rank: int
    sure_rank: int
    households: float
    layer: str
    window: Interval
    reason: str
    needs: tuple[str, ...]


class Scheme(NamedTuple):
    """The rows of ``pipeline_classes.csv`` of one standard, from the least class to the severest."""

    rows: list[dict[str, Any]]
    window_m: float
    strip_m: float


def scheme(name: str) -> Scheme:
    """The classes of a standard, GB 50251 or GB 50028."""
    rows = [r for r in table_rows("pipeline_classes") if r["scheme"] == name]
    return Scheme(rows, float(rows[0]["window_m"]), float(rows[0]["strip_m"]))


def household_rank(count: NDArray[np.float64], of: Scheme) -> NDArray[np.int64]:
    """(N,) 0 to 2 for class 1 to 3 by the number of households in the window; -1 for none."""
    _, two, three, _ = of.rows
    return np.where(
        count >= three["households_from"], 2, np.where(count > two["households_over"], 1, np.where(count > 0, 0, -1))
    )


def location_bands(line: Any, units: Sequence[Units], of: Scheme, raises: Sequence[Raise] = ()) -> list[Band]:
    """
    The classes along a line, from 0 to its length, without gaps.

    Every window that reaches a class gives it to the stretch from 200 m before the first to 200 m beyond the
    last building inside. Of assumed households, of storeys that are not told and of ``raises`` that are not sure the
    severest class is taken and the sure one kept beside it.
    """
    total = float(line.length)
    events = [_events(line, u, of.strip_m) for u in units]
    found = sliding_windows(events, of.window_m, total)
    rank = household_rank(found.held, of)
    sure_events = [
        e._replace(weight=np.where(u.given[e.unit], e.weight, 0.0)) for e, u in zip(events, units, strict=True)
    ]
    sure_counts = [weight_in(e, found.start, of.window_m, total) for e in sure_events]
    sure_rank = household_rank(np.max(sure_counts, axis=0) if sure_counts else found.held, of)
    tall, untold = _storeys(events, units, found.start, of.window_m, total)
    rank = np.where((rank == 2) & tall, 3, rank)
    edge = parameter("hca_boundary_m")
    low, high = np.clip(found.low - edge, 0.0, total), np.clip(found.high + edge, 0.0, total)
    cuts = {0.0, total, *(x for r in raises for x in (r.from_m, r.to_m))}
    for ranks, least in ((rank, 0), (sure_rank, 1)):
        for r in range(least, 4):
            cuts |= {x for span in _spans(low, high, ranks >= r) for x in span}
    ends = sorted(cuts)
    names = [u.layer for u in units]
    bands = [
        _band(a, b, found, (rank, sure_rank, untold), (low, high), raises, names, of)
        for a, b in itertools.pairwise(ends)
        if b > a
    ]
    # A line shorter than the window is one window.
    return [b._replace(window=(b.window[0], min(b.window[1], total))) for b in _merged(bands)]


def _events(line: Any, units: Units, reach: float) -> Events:
    near = stretches(line, units.shape, np.asarray(reach))
    return Events(near.shape, near.near_from, near.near_to, units.households[near.shape])


def _storeys(
    events: Sequence[Events], units: Sequence[Units], start: NDArray, window_m: float, total: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether buildings of four storeys and more prevail in each window; whether floors not told may."""
    tall, other, untold = (np.zeros(len(start)) for _ in range(3))
    for event, of in zip(events, units, strict=True):
        if of.layer != "buildings":
            continue
        floors = of.floors[event.unit]
        for total_of, which in (
            (tall, floors >= _TALL_FLOORS),
            (other, floors < _TALL_FLOORS),
            (untold, np.isnan(floors)),
        ):
            total_of += weight_in(event._replace(weight=which.astype(float)), start, window_m, total)
    return tall > other + untold, tall + untold >= other


def _spans(low: NDArray, high: NDArray, which: NDArray) -> list[Interval]:
    some = which & np.isfinite(low)
    return union(zip(low[some].tolist(), high[some].tolist(), strict=True))


def _band(
    a: float,
    b: float,
    found: Windows,
    ranks: tuple[NDArray, NDArray, NDArray],
    extent: tuple[NDArray, NDArray],
    raises: Sequence[Raise],
    names: Sequence[str],
    of: Scheme,
) -> Band:
    """The class between two neighbouring edges: the severest of the windows that reach it, else what raises it."""
    middle = (a + b) / 2
    here = (extent[0] <= middle) & (extent[1] >= middle)
    if here.any():
        band = _told(a, b, found, ranks, here, names, of)
    else:
        empty, needs = "no household on record in any window here", ("whether anybody is regularly there",)
        band = Band(a, b, 0, 0, 0.0, "", (np.nan, np.nan), empty, needs)
    for r in raises:
        if r.from_m <= middle <= r.to_m and (band.rank < 2 or (r.sure and band.sure_rank < 2)):
            band = band._replace(
                rank=max(band.rank, 2),
                sure_rank=max(band.sure_rank, 2 if r.sure else 0),
                reason=f"{band.reason}; {r.reason}",
                needs=tuple(dict.fromkeys((*band.needs, *([r.needs] if r.needs else [])))),
            )
    return band


def _told(
    a: float,
    b: float,
    found: Windows,
    ranks: tuple[NDArray, NDArray, NDArray],
    here: NDArray[np.bool_],
    names: Sequence[str],
    of: Scheme,
) -> Band:
    """The band of the fullest of the severest windows ``here``."""
    rank, sure_rank, untold = ranks
    best, sure = int(rank[here].max()), max(int(sure_rank[here].max()), 0)
    at = np.flatnonzero(here & (rank == best))
    i = int(at[found.held[at].argmax()])
    layer = names[found.source[i]]
    reason, needs = f"{counted(found.held[i])} in the fullest {of.window_m / 1000:g} km ({layer})", []
    if best == 3:
        reason += "; buildings of 4 storeys or more prevail, heavy traffic and underground works taken for granted"
        needs.append("traffic and underground facilities")
    elif best == 2 and untold[i]:
        reason += "; class 4 is not excluded: the floors of the buildings are not told"
        needs.append("floors of buildings")
    if sure < min(best, 2):
        needs.append("households of buildings")
    window = (float(found.start[i]), float(found.start[i] + of.window_m))
    return Band(a, b, best, sure, float(found.held[i]), layer, window, reason, tuple(needs))


def _merged(bands: list[Band]) -> list[Band]:
    """Neighbours alike in class and needs as one, told by the one with more households; slivers go to the severer."""
    found: list[Band] = []
    for band in bands:
        last = found[-1] if found else None
        sliver = last is not None and min(band.to_m - band.from_m, last.to_m - last.from_m) < _SLIVER_M
        if last and (sliver or (last.rank, last.sure_rank, last.needs) == (band.rank, band.sure_rank, band.needs)):
            more = max(last, band, key=lambda b: (b.rank, b.sure_rank, b.households))
            found[-1] = more._replace(from_m=last.from_m, to_m=band.to_m)
        else:
            found.append(band)
    return found


def strip_of(lines: Sequence[Any], reach_m: float) -> Any:
    """The area within ``reach_m`` [m] of any of the lines."""
    strip = shapely.union_all(shapely.buffer(np.array([*lines, None], object)[:-1], reach_m, quad_segs=16))
    shapely.prepare(strip)  # thousands of rows are asked for
    return strip
