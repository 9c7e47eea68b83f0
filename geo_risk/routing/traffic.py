"""The same roads at another hour: free at night, as usual, at the peak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import SettingsError
from .network import Network
from .speeds import rescue_default

HOURS = ("free", "typical", "peak")
USUAL = "typical"  # the hour that the speeds of standards/road_speeds.csv stand for


def hour_factor(hour: str) -> float:
    """
    Speed at an hour over the usual speed (``hour_factor`` of standards/rescue_defaults.csv).

    Raises
    ------
    SettingsError
        If the hour is none of `HOURS`.
    """
    if hour not in HOURS:
        raise SettingsError(f"hour {hour!r} is unknown; use one of {', '.join(HOURS)}.")
    return rescue_default("hour_factor", hour)


def at_hour(network: Network, hour: str) -> Network:
    """
    The network with the driving times of an hour; turnout and straight legs stay as they are.

    A slower hour slows every road. A faster one never exceeds a posted limit that is obeyed otherwise.
    """
    factor = hour_factor(hour)
    if factor == 1:
        return network
    kmh = network.kmh * factor
    if factor > 1:
        ceiling = np.where(network.limit_kmh > 0, np.maximum(network.limit_kmh, network.kmh), np.inf)
        kmh = np.minimum(kmh, ceiling)
    speed = kmh[network.road]
    ms = np.maximum(1, np.rint(network.metres / np.where(speed > 0, speed, 1.0) * 3600.0)).astype(np.uint32)
    return replace(network, kmh=kmh, ms=ms)
