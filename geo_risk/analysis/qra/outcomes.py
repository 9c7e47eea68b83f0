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
    indoors; for plumes all three hold the probit and ``factors`` (3, O) the share of it.
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

    def take(self, rows: NDArray[np.int64], source: NDArray[np.int64]) -> Stack:
        """The outcomes ``rows``, belonging to the sources ``source`` (rising) from now on."""
        return Stack(
            source, self.weather[rows], self.frequency[rows], self.plume[rows], self.slope[rows], self.offset[rows],
            self.factors[:, rows], self.low[rows], self.high[rows], self.x, self.values, self.width, self.reach[rows],
            self.far,
        )  # fmt: skip


def stack(outcomes: Sequence[Outcome]) -> Stack:
    """The outcomes in the order of their sources (stable); see `Stack`."""
    ordered = sorted(outcomes, key=lambda o: o.source)
    prints = [o.footprint for o in ordered]
    sizes = np.array([len(p.x_m) for p in prints], np.int64)
    count = len(ordered)
    factors = np.ones((3, count))
    values = [np.concatenate([_table(p, which) for p in prints]) if prints else np.empty(0) for which in range(3)]
    for i, p in enumerate(prints):
        if p.width_m is not None:
            factors[1, i], factors[2, i] = float(np.asarray(p.outdoor)), float(np.asarray(p.indoor))
    widths = [np.zeros(len(p.x_m)) if p.width_m is None else p.width_m for p in prints]
    far = [np.zeros(len(p.x_m)) if p.width_m is None else np.maximum.accumulate(crosswind_m(p)) for p in prints]
    return Stack(
        source=np.array([o.source for o in ordered], np.int64),
        weather=np.array([o.weather for o in ordered], np.int64),
        frequency=np.array([o.frequency for o in ordered], float),
        plume=np.array([p.width_m is not None for p in prints], bool),
        slope=np.array([p.slope for p in prints], float),
        offset=np.array([p.offset_m for p in prints], float),
        factors=factors,
        low=(np.cumsum(sizes) - sizes).astype(np.int64),
        high=np.cumsum(sizes).astype(np.int64),
        x=np.concatenate([p.x_m for p in prints]) if prints else np.empty(0),
        values=np.ascontiguousarray(values),
        width=np.concatenate(widths) if prints else np.empty(0),
        reach=np.array([p.reach_m for p in prints], float),
        far=np.concatenate(far) if prints else np.empty(0),
    )


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
