"""Rows of degrees that lie elsewhere: the one change that brings each back, taken only with a yes; error by digits."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grids import Box, inside

DEGREE_M = 111_320.0  # one degree of latitude at most (WGS 84 equator: 111,319.5 m of longitude)
_FINE = 1e-4  # one unit of the last place [degrees], 11 m, up to which the zeros dropped at an end do not matter
SURVEY_ERROR_M = 1.0  # no written coordinate is taken for better than a survey [m]
# What may be done to a row outside, and the word in 'accept' that allows it. A wrong digit is a wrong
# power of ten in one place, so it goes with the scale.
CHANGES = {"swapped": "swapped", "scaled": "scaled", "sign": "sign", "digit": "scaled"}
_DIGITS = (1.0, 10.0)  # a digit off: whole degrees, tens of degrees
Own = Callable[[NDArray, NDArray, NDArray], NDArray[np.bool_]]


@dataclass(frozen=True)
class Changed:
    """
    Rows of degrees after the changes.

    ``lon``, ``lat`` (N,) with the change made, allowed or not; ``done`` (N,) its name in `CHANGES`,
    'ambiguous' where several fit (numbers as written), or ''; ``allowed`` (N,) whether 'accept' has it.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    done: NDArray[np.object_]
    allowed: NDArray[np.bool_]


def change_rows(
    lon: NDArray, lat: NDArray, anchor: Box, units: list[NDArray], accept: Collection[str], own: Own | None = None
) -> Changed:
    """
    Rows (N,) outside the anchor with the one change that brings them inside.

    ``units``, one unit of the last place of each, are scaled with their numbers, in place. ``own`` tells
    of points, given with their row numbers, whether they lie in the township their row names; without
    it no digit is changed.
    """
    done = np.full(len(lon), "", object)
    bad = np.flatnonzero(~inside(lon, lat, anchor) & np.isfinite(lon) & np.isfinite(lat))
    new_lon, new_lat = lon.copy(), lat.copy()
    if len(bad):
        tries = _tries(lon[bad], lat[bad], anchor)
        hits = sum(fit.astype(int) for _, _, fit in tries.values())
        if own is not None:
            none = np.flatnonzero(hits == 0)
            x, y, fit = _digit(lon[bad], lat[bad], none, lambda u, v, at: own(u, v, bad[at]) & inside(u, v, anchor))
            tries["digit"] = (x, y, fit)
            hits = hits + fit
        for name, (x, y, fit) in tries.items():
            mend = fit & (hits == 1) & (name != "minutes")
            at = bad[mend]
            new_lon[at], new_lat[at], done[at] = x[mend], y[mend], name
            if name == "scaled":
                for unit, before, after in ((units[0], lon[at], x[mend]), (units[1], lat[at], y[mend])):
                    unit[at] *= after / before
        done[bad[hits > 1]] = "ambiguous"
    allowed = np.array([CHANGES.get(name, "") in accept for name in done], bool)
    return Changed(new_lon, new_lat, done, allowed)


def _tries(a: NDArray, b: NDArray, anchor: Box) -> dict[str, tuple[NDArray, NDArray, NDArray[np.bool_]]]:
    """Change -> (lon, lat, whether it brings the row into the anchor)."""
    big_a, big_b = unscale(a, anchor[0], anchor[2]), unscale(b, anchor[1], anchor[3])
    sign_a, sign_b = np.where(a * anchor[0] < 0, -a, a), np.where(b * anchor[1] < 0, -b, b)
    minutes = _minutes(a, anchor[0], anchor[2]), _minutes(b, anchor[1], anchor[3])
    out = {"swapped": (b, a), "sign": (sign_a, sign_b), "scaled": (big_a, big_b), "minutes": minutes}
    return {name: (x, y, inside(x, y, anchor)) for name, (x, y) in out.items()}


def unscale(values: NDArray, low: float, high: float) -> NDArray[np.float64]:
    """(N,) numbers divided by the power of ten (10 to 1e8) that puts them between; those of no such power as given."""
    out = np.where((values >= low) & (values <= high), values, np.nan)
    for power in range(1, 9):
        small = values / 10.0**power
        out = np.where(np.isnan(out) & (small >= low) & (small <= high), small, out)
    return np.where(np.isnan(out), values, out)


def _minutes(values: NDArray, low: float, high: float) -> NDArray[np.float64]:
    """
    (N,) dddmm.mmm or dddmmss read as minutes and seconds, where that is between; else as given.

    Only to know that 12035.4687 is not surely a lost point: 120.354687, or 120 degrees 35.4687 minutes.
    """
    whole, minutes = np.divmod(values, 100)
    out = np.where(minutes < 60, whole + minutes / 60, np.nan)
    rest, seconds = np.divmod(values, 100)
    whole, minutes = np.divmod(rest, 100)
    packed = (values == np.round(values)) & (seconds < 60) & (minutes < 60)
    out = np.where((out >= low) & (out <= high), out, np.where(packed, whole + minutes / 60 + seconds / 3600, np.nan))
    return np.where((out >= low) & (out <= high), out, values)


def _digit(a: NDArray, b: NDArray, rows: NDArray, own: Own) -> tuple[NDArray, NDArray, NDArray[np.bool_]]:
    """Rows with one degree or ten more or less in one number, where just one such place is in the row's township."""
    lon, lat, hits = a.copy(), b.copy(), np.zeros(len(a), int)
    for step in (s * d for d in _DIGITS for s in (1, -1)):
        for dx, dy in ((step, 0.0), (0.0, step)):
            x, y = a[rows] + dx, b[rows] + dy
            good = rows[own(x, y, rows)]
            lon[good], lat[good] = a[good] + dx, b[good] + dy
            hits[good] += 1
    return lon, lat, hits == 1


def digit_errors(units: list[NDArray], ok: NDArray[np.bool_]) -> NDArray[np.float64]:
    """
    (N,) error radius [m]: one unit of the last place of the finer of both columns.

    Writers drop zeros at the end: both numbers of one row in a hundred end in a zero. So a row one digit
    short of the column's usual number is taken to have it, if that is fine; a row coarser than that really is coarse.
    """
    finest = np.fmin(*units)
    usual = float(np.median(finest[ok])) if ok.any() else np.nan
    short = (usual <= _FINE) & (finest > usual) & (finest <= usual * 10 * 1.001)
    return np.maximum(np.where(short, usual, finest) * DEGREE_M, SURVEY_ERROR_M)
