"""The bounds of the distance for every pair of kinds at once: what ``conditions.bounds`` says of one pair."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .conditions import Answer, Demand, Question, Rules, Target

Ids = NDArray[np.int64]


class Limits(NamedTuple):
    """Bounds of the required distance [m] and their rules' rows (-1 none): (sources, targets), or one a pair."""

    low: NDArray[np.float64]
    low_rule: NDArray[np.int64]
    high: NDArray[np.float64]
    high_rule: NDArray[np.int64]

    def at(self, i: NDArray, j: NDArray) -> Limits:
        """Those of the pairs (i, j)."""
        return Limits(*(table[i, j] for table in self))

    def where(self, kept: NDArray) -> Limits:
        """Some of the pairs."""
        return Limits(*(table[kept] for table in self))


class _Known(NamedTuple):
    """
    The demands of all cases, (D, C), as places in two sorted lists.

    ``low_id`` sorts by (distance, row), ``high_id`` by (distance, strength, earlier row), 0 where no rule applies.
    """

    low: NDArray[np.float64]
    low_id: Ids
    low_values: NDArray[np.float64]
    low_rows: Ids
    nothing: int
    high_id: Ids
    high_values: NDArray[np.float64]
    high_rows: Ids


def limits(cases: list[list[Demand]], targets: list[Target], rules: Rules) -> Limits:
    """
    Bounds between every kind of source (its ``cases``, one or more) and every kind of target.

    Returns
    -------
    Limits
        (len(cases), len(targets)) arrays, equal to ``conditions.bounds`` of each pair.
    """
    shape = (len(cases), len(targets))
    out = Limits(np.zeros(shape), np.full(shape, -1), np.zeros(shape), np.full(shape, -1))
    if not cases or not targets:
        return out
    unique: dict[tuple[bytes, ...], int] = {}
    different: list[Demand] = []
    members: list[int] = []
    for demand in (d for kind in cases for d in kind):
        place = unique.setdefault(tuple(a.tobytes() for a in demand), len(unique))
        different += [demand] if place == len(different) else []
        members.append(place)
    starts = np.cumsum([0, *(len(kind) for kind in cases[:-1])])
    known = _known(different, rules)
    greatest: dict[Answer, Ids] = {}
    least: dict[Question, Ids] = {}
    for j, target in enumerate(targets):
        for question in target:
            for answer in question:
                if answer not in greatest:
                    greatest[answer] = _greatest(_places([answer], rules), known)
            if question not in least:
                least[question] = _least([greatest[answer] for answer in question], known)
        low = np.full(len(different), known.nothing)
        for question in target:  # the answers are independent: the largest over questions of the least over answers
            low = np.where(known.low_values[least[question]] > known.low_values[low], least[question], low)
        anything = _places([answer for question in target for answer in question], rules)
        high = known.high_id[:, anything].max(axis=1, initial=0)
        at_least, at_most = np.minimum.reduceat(low[members], starts), np.maximum.reduceat(high[members], starts)
        out.low[:, j], out.low_rule[:, j] = known.low_values[at_least], known.low_rows[at_least]
        out.high[:, j], out.high_rule[:, j] = known.high_values[at_most], known.high_rows[at_most]
    return out


def _known(different: list[Demand], rules: Rules) -> _Known:
    low, low_rule, high, high_rule = (np.stack(tables) for tables in zip(*different, strict=True))
    strength = rules.frame["strength"].to_numpy()[high_rule]
    pairs = np.stack([np.append(low, 0.0), np.append(low_rule, -1).astype(float)], axis=1)
    lows, low_id = np.unique(pairs, axis=0, return_inverse=True)
    ruled = high_rule >= 0
    triples = np.where(ruled[..., None], np.stack([high, strength, -high_rule], axis=-1), -np.inf)
    highs, high_id = np.unique(
        np.vstack([np.full((1, 3), -np.inf), triples.reshape(-1, 3)]), axis=0, return_inverse=True
    )
    none = np.isinf(highs[:, 0])
    return _Known(
        low,
        low_id[:-1].reshape(low.shape),
        lows[:, 0],
        lows[:, 1].astype(np.int64),
        int(low_id[-1]),
        high_id.ravel()[1:].reshape(high.shape),
        np.where(none, 0.0, highs[:, 0]),
        np.where(none, -1, -np.where(none, 0.0, highs[:, 2])).astype(np.int64),
    )


def _places(answers: list[Answer], rules: Rules) -> Ids:
    return np.array(sorted({rules.positions[c] for a in answers for c in a if c in rules.positions}), dtype=np.int64)


def _greatest(places: Ids, known: _Known) -> Ids:
    """The largest lower bound towards an answer, for each case."""
    if not len(places):
        return np.full(len(known.low), known.nothing)
    at = places[known.low[:, places].argmax(axis=1)]
    return known.low_id[np.arange(len(at)), at]


def _least(answers: list[Ids], known: _Known) -> Ids:
    best = answers[0]
    for other in answers[1:]:
        best = np.where(known.low_values[other] < known.low_values[best], other, best)
    return best
