"""Weather as the risk sum needs it: a few classes of stability and speed, each with its wind rose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import InputError
from ...standards import parameter

ANGLES = 144  # directions of the polar kernels: 2.5 degrees
STEP = 2 * np.pi / ANGLES
PERIODS = ("day", "night")
_TOLERANCE = 0.01  # of the sum of the shares: roses are printed in rounded per cents


@dataclass(frozen=True)
class Weather:
    """
    Weather classes.

    Parameters
    ----------
    stability : (W,) Pasquill class A to F.
    speed_mps : (W,) wind speed at 10 m [m/s].
    period : (W,) "day", "night" or "all".
    towards : (W, ANGLES)
        Probability per radian that the class occurs and the wind blows towards the angle
        ``k * STEP``, counted from east over north; integrates over angles and classes to 1.
    """

    stability: tuple[str, ...]
    speed_mps: NDArray[np.float64]
    period: tuple[str, ...]
    towards: NDArray[np.float64]

    @property
    def share(self) -> NDArray[np.float64]:
        """(W,) probability of each class."""
        return self.towards.sum(axis=1) * STEP

    def weight(self, period: str) -> NDArray[np.float64]:
        """(W,) share of each class's time that falls into ``period``: 1, 0, or the day's part of the year."""
        part = period_share(period)
        return np.array([part if own == "all" else float(own == period) for own in self.period])


def period_of(hour: float) -> str:
    """ "day" or "night" at an hour of the day, 0 to below 24 (``standards/parameters.csv``)."""
    return "day" if parameter("day_begins_h") <= hour < parameter("day_ends_h") else "night"


def period_share(period: str) -> float:
    """Share of the year that is day or night, where a rose does not tell them apart."""
    day = (parameter("day_ends_h") - parameter("day_begins_h")) / 24
    return day if period == "day" else 1 - day


def uniform(stability: str, speed_mps: float) -> Weather:
    """One class that blows equally in every direction."""
    return Weather((stability,), np.array([speed_mps]), ("all",), np.full((1, ANGLES), 1 / (2 * np.pi)))


def weather_of(rose: pd.DataFrame) -> Weather:
    """
    Classes of a wind rose (``schema.RESULTS["wind_rose"]``), one for each period, stability and speed.

    Between the centres of the sectors the density is linear, so that a footprint leaves no star.
    Calms (no direction) blow equally everywhere. A row without stability counts as D, the neutral class.

    Raises
    ------
    InputError
        If the rose is empty, has a negative share, or its shares do not sum to 1 within 1 %.
    """
    if rose.empty:
        raise InputError("the wind rose has no rows. Correct [weather] wind.")
    share = rose["share"].to_numpy(float)
    if (share < 0).any() or not np.isfinite(share).all():
        raise InputError(f"the wind rose has an impossible share ({share[(share < 0) | ~np.isfinite(share)][0]:g}).")
    if abs(share.sum() - 1) > _TOLERANCE:
        raise InputError(f"the shares of the wind rose sum to {share.sum():.4f}, not to 1. Correct [weather] wind.")
    frame = rose.assign(share=share / share.sum(), stability=rose["stability"].fillna("D"))
    sectors = _sectors(frame["direction_deg"].to_numpy(float))
    # Speeds vary with the sector in many roses; a class is a speed rounded to 0.5 m/s, of its weighted mean.
    frame = frame.assign(bin=np.maximum(1, np.round(frame["speed_mps"] / _SPEED_STEP)))
    classes, stability, speed, period = [], [], [], []
    for (when, letter, _), rows in frame.groupby(["period", "stability", "bin"], sort=True):
        total = rows["share"].sum()
        if total <= 0:
            continue
        classes.append(_density(rows, sectors))
        stability.append(str(letter))
        period.append(str(when))
        speed.append(max(_LEAST_SPEED, float((rows["speed_mps"] * rows["share"]).sum() / total)))
    return Weather(tuple(stability), np.array(speed), tuple(period), np.array(classes))


_SPEED_STEP = 1.0  # width of a speed class [m/s]
_LEAST_SPEED = 1.0  # below it the plume formulas mean nothing [m/s]; calms count as this


def _sectors(direction: NDArray[np.float64]) -> int:
    """How many sectors the rose has: the finest step between its directions."""
    known = np.unique(np.round(direction[np.isfinite(direction)] % 360, 3))
    if len(known) < 2:
        return 16
    gaps = np.diff(np.append(known, known[0] + 360))
    return max(4, min(36, round(360 / gaps.min())))


def _density(rows: pd.DataFrame, sectors: int) -> NDArray[np.float64]:
    """(ANGLES,) probability per radian towards each angle."""
    from_deg, share = rows["direction_deg"].to_numpy(float), rows["share"].to_numpy(float)
    calm = ~np.isfinite(from_deg)
    width = 2 * np.pi / sectors
    towards = np.radians(270.0 - from_deg[~calm]) % (2 * np.pi)  # from north = towards south = angle 270
    out = np.full(ANGLES, share[calm].sum() / (2 * np.pi))
    for angle, part in zip(towards, share[~calm], strict=True):
        gap = np.abs((np.arange(ANGLES) * STEP - angle + np.pi) % (2 * np.pi) - np.pi)
        hat = np.maximum(0.0, 1 - gap / width)
        out += part * hat / (hat.sum() * STEP)
    return out
