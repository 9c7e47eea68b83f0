"""The window of a given length along a line that holds most households: an exact sweep, no fixed cuts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chainage import union

# Windows looked at together; bounds the memory, not the result.
_BAND = 512
# Windows begin where a unit ends or comes in: the last bits of that sum must not shut it out [m].
_SAME_M = 1e-6


class Events(NamedTuple):
    """Stretches beside which the units of one source stand; a unit may have several (a line that doubles back)."""

    unit: NDArray[np.int64]
    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]
    weight: NDArray[np.float64]


class Windows(NamedTuple):
    """
    Windows that hold a largest set of units: every other window's units are among those of one of these.

    ``start`` [m]; ``held`` the weight inside (the largest of the sources), ``source`` which source that was (-1:
    none has any), ``low`` and ``high`` the outermost edges of all units inside [m] (NaN where there is none).
    """

    start: NDArray[np.float64]
    held: NDArray[np.float64]
    source: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def sliding_windows(sources: Sequence[Events], length_m: float, total_m: float) -> Windows:
    """
    All windows [s, s + length] on a line of ``total_m`` that matter, and the most each source has in them.

    A unit is inside if any of its stretches touches the window, edges included; it counts once. The set of
    units inside changes only where a unit comes in or goes out, and is largest where one has come in, so that
    the windows that start or end there are enough. A line shorter than the window is one window.
    """
    last = max(total_m - length_m, 0.0)
    spans = [_spans(events, length_m, last) for events in sources]
    come = (np.clip(e.from_m - length_m, 0.0, last) for e in sources)  # of every stretch, joined ones too
    start = np.unique(np.concatenate([[0.0], *come]))
    counts = np.stack([_weight_at(start, *span) for span in spans]) if spans else np.zeros((1, len(start)))
    count = counts.max(axis=0)
    source = np.where(count > 0, counts.argmax(axis=0), -1)
    low, high = np.full(len(start), np.inf), np.full(len(start), -np.inf)
    for events in sources:
        counting = events.weight > 0
        a, b = events.from_m[counting], events.to_m[counting]
        for at in range(0, len(start), _BAND):
            s = start[at : at + _BAND, None]
            inside = (a <= s + length_m + _SAME_M) & (b >= s - _SAME_M)
            low[at : at + _BAND] = np.minimum(low[at : at + _BAND], np.where(inside, a, np.inf).min(1, initial=np.inf))
            high[at : at + _BAND] = np.maximum(
                high[at : at + _BAND], np.where(inside, b, -np.inf).max(1, initial=-np.inf)
            )
    some = count > 0
    return Windows(start, count, source, np.where(some, low, np.nan), np.where(some, high, np.nan))


def weight_in(events: Events, start: NDArray[np.float64], length_m: float, total_m: float) -> NDArray[np.float64]:
    """(N,) the weight of the units inside the windows that begin at ``start``."""
    return _weight_at(start, *_spans(events, length_m, max(total_m - length_m, 0.0)))


def _spans(events: Events, length_m: float, last: float) -> tuple[NDArray, NDArray, NDArray]:
    """First and last start of the windows that hold a unit, those that overlap joined so that it counts once."""
    low = np.clip(events.from_m - length_m, 0.0, last)
    high = np.clip(events.to_m, 0.0, last)
    if len(np.unique(events.unit)) == len(events.unit):
        return low, high, events.weight
    rows = [
        (a, b, events.weight[members[0]])
        for members in np.split(np.argsort(events.unit, kind="stable"), np.cumsum(_sizes(events.unit))[:-1])
        for a, b in union(zip(low[members].tolist(), high[members].tolist(), strict=True))
    ]
    table = np.array(rows, float).reshape(-1, 3).T
    return table[0], table[1], table[2]


def _sizes(unit: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(unit, return_counts=True)[1]


def _weight_at(start: NDArray, low: NDArray, high: NDArray, weight: NDArray) -> NDArray[np.float64]:
    """Weight of the spans [low, high] that hold each start."""
    a, b = np.argsort(low, kind="stable"), np.argsort(high, kind="stable")
    come = np.concatenate([[0.0], np.cumsum(weight[a])])[np.searchsorted(low[a], start, side="right")]
    gone = np.concatenate([[0.0], np.cumsum(weight[b])])[np.searchsorted(high[b], start, side="left")]
    return np.round(come - gone, 6)  # fractions of households: sums differ in the last bits
