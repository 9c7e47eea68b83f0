"""Outcomes of releases, and the flat arrays in which the risk sum reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .footprint import Footprint, crosswind_m
from .weather import PERIODS, Weather

KINDS = ("toxic", "flash_fire", "pool_fire", "jet_fire", "fireball", "explosion")
ANY_WEATHER = -1


@dataclass(frozen=True)
class Outcome:
    """
    One way in which a release can end.

    ``source`` is the row of the source table, ``scenario`` the loss of containment, ``kind`` one of
    `KINDS`, ``weather`` the row of the weather classes or `ANY_WEATHER`, ``frequency`` per year with
    every branch (ignition, isolation) but the weather in it.
    """

    source: int
    scenario: str
    kind: str
    weather: int
    frequency: float
    footprint: Footprint


class Stack(NamedTuple):
    """
    Outcomes (O,) as flat arrays, sorted by source; the tables of outcome i are [low[i], high[i]), and may be shared.

    ``values`` (3, N) are the tables for a person always outdoors, and for societal risk outdoors and
    indoors; for plumes all three hold the probit and ``factors`` (3, O) the share of it. ``key`` (O, 2)
    is `Footprint.key`.
    """

    source: NDArray[np.int64]
    weather: NDArray[np.int64]
    frequency: NDArray[np.float64]
    plume: NDArray[np.bool_]
    slope: NDArray[np.float64]
    offset: NDArray[np.float64]
    factors: NDArray[np.float64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    x: NDArray[np.float64]
    values: NDArray[np.float64]
    width: NDArray[np.float64]
    reach: NDArray[np.float64]
    far: NDArray[np.float64]
    key: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64], source: NDArray[np.int64]) -> Stack:
        """The outcomes ``rows``, belonging to the sources ``source`` (rising) from now on."""
        return Stack(
            source, self.weather[rows], self.frequency[rows], self.plume[rows], self.slope[rows], self.offset[rows],
            self.factors[:, rows], self.low[rows], self.high[rows], self.x, self.values, self.width, self.reach[rows],
            self.far, self.key[rows],
        )  # fmt: skip


def stack(outcomes: Sequence[Outcome]) -> Stack:
    """The outcomes in the order of their sources (stable); see `Stack`."""
    ordered = sorted(outcomes, key=lambda o: o.source)
    number: dict[tuple[int, int], int] = {}
    which = np.array([number.setdefault(o.footprint.key, len(number)) for o in ordered], np.int64)
    each = list({o.footprint.key: o.footprint for o in ordered}.values())
    sizes = np.array([len(p.x_m) for p in each], np.int64)
    wide = [(np.zeros(len(p.x_m)),) * 2 if p.width_m is None else _widths(p) for p in each]
    return Stack(
        source=np.array([o.source for o in ordered], np.int64),
        weather=np.array([o.weather for o in ordered], np.int64),
        frequency=np.array([o.frequency for o in ordered], float),
        plume=np.array([p.width_m is not None for p in each], bool)[which],
        slope=np.array([p.slope for p in each], float)[which],
        offset=np.array([p.offset_m for p in each], float)[which],
        factors=np.array([_factors(p) for p in each], float).reshape(-1, 3).T[:, which],
        low=(np.cumsum(sizes) - sizes).astype(np.int64)[which],
        high=np.cumsum(sizes).astype(np.int64)[which],
        x=_joined([p.x_m for p in each]),
        values=np.ascontiguousarray([_joined([_table(p, k) for p in each]) for k in range(3)]),
        width=_joined([w for w, _ in wide]),
        reach=np.array([p.reach_m for p in each], float)[which],
        far=_joined([far for _, far in wide]),
        key=np.array(list(number), np.int64).reshape(-1, 2)[which],
    )


def _joined(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate(parts) if parts else np.empty(0)


def _widths(plume: Footprint) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Crosswind spread of a plume, and how far from its axis anybody dies up to there [m]."""
    assert plume.width_m is not None
    return plume.width_m, np.maximum.accumulate(crosswind_m(plume))


def _factors(footprint: Footprint) -> tuple[float, float, float]:
    """What multiplies the probability of an individual, and of people outdoors and indoors: of plumes only."""
    if footprint.width_m is None:
        return 1.0, 1.0, 1.0
    return 1.0, float(np.asarray(footprint.outdoor)), float(np.asarray(footprint.indoor))


def _table(footprint: Footprint, which: int) -> NDArray[np.float64]:
    """The table of a footprint for an individual (0), societal outdoors (1) or indoors (2)."""
    if footprint.width_m is not None or which == 0:
        return footprint.value
    return np.asarray(footprint.outdoor if which == 1 else footprint.indoor, float)


# Share of people indoors by day and by night (Purple Book 5.4).
INDOORS = {"day": 0.93, "night": 0.99}


@dataclass(frozen=True)
class View:
    """
    Whose risk is summed.

    ``mix`` (3,): weights of the individual, societal outdoor and societal indoor probability;
    ``weight`` (W,): share of each weather class's time that counts.
    """

    mix: NDArray[np.float64]
    weight: NDArray[np.float64]


def individual(weather: Weather) -> View:
    """A person always present, outdoors and unprotected: LSIR."""
    return View(np.array([1.0, 0.0, 0.0]), np.ones(len(weather.stability)))


def societal(weather: Weather, period: str) -> View:
    """People as they live by day or by night, each period with its share of the year."""
    if period not in PERIODS:
        raise ValueError(f"period {period!r}: one of {PERIODS}")
    inside = INDOORS[period]
    return View(np.array([0.0, 1 - inside, inside]), weather.weight(period))
