"""Zones of one accident as areas on the ground: circles and plumes laid in the wind."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from .footprint import Footprint

_QUAD = 32  # segments of a quarter circle
_FINE = 8  # nodes between two nodes of a table


def death_zone(footprint: Footprint, probability: float, at: tuple[float, float], towards: float) -> Any:
    """
    Area where an unprotected person outdoors dies with at least ``probability`` (above 0).

    ``at`` (x, y) [m] is the source, ``towards`` the direction the wind blows to, counted from east over
    north [rad]. Empty where nowhere so many die.
    """
    if footprint.width_m is None:
        return ring(footprint.x_m, footprint.value, probability, at, towards, footprint.offset_m)
    x, width = _refined(footprint.x_m, footprint.width_m)
    if np.isinf(footprint.slope):
        return strip(x, width, at, towards)
    _, axis = _refined(footprint.x_m, footprint.value)
    above = axis - (5 + ndtri(min(probability, 1 - 1e-12)))
    return strip(*lobe(x, above / footprint.slope, width), at, towards)


def ring(
    r_m: ArrayLike, value: ArrayLike, level: float, at: tuple[float, float], towards: float = 0.0, offset_m: float = 0.0
) -> Any:
    """Disc out to the last distance where a radial table reaches ``level``; empty where it never does."""
    r, v = np.asarray(r_m, float), np.asarray(value, float)
    reached = np.flatnonzero(v >= level)
    if not len(reached):
        return shapely.Polygon()
    k = int(reached[-1])
    radius = r[k]
    if k + 1 < len(r) and v[k] > v[k + 1]:
        radius += (v[k] - level) / (v[k] - v[k + 1]) * (r[k + 1] - r[k])
    centre = shapely.Point(at[0] + offset_m * np.cos(towards), at[1] + offset_m * np.sin(towards))
    return shapely.buffer(centre, radius, quad_segs=_QUAD) if radius > 0 else shapely.Polygon()


def lobe(x_m: ArrayLike, above: ArrayLike, sigma_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Distances [m] and half widths [m] of a Gaussian cloud, NaN outside.

    ``above`` (K,) is how far the logarithm on the axis lies above the level, negative where it does not
    reach it; where it crosses 0, between two nodes, the cloud comes to a point.
    """
    x, a, sigma = (np.asarray(v, float) for v in (x_m, above, sigma_m))
    k = np.flatnonzero((a[:-1] >= 0) != (a[1:] >= 0))
    with np.errstate(invalid="ignore"):
        t = np.where(np.isfinite(a[k] - a[k + 1]), a[k] / (a[k] - a[k + 1]), 0.5)
    half = np.where(a >= 0, sigma * np.sqrt(2 * np.maximum(a, 0)), np.nan)
    return np.insert(x, k + 1, x[k] + t * (x[k + 1] - x[k])), np.insert(half, k + 1, 0.0)


def strip(x_m: ArrayLike, half_width_m: ArrayLike, at: tuple[float, float], towards: float) -> Any:
    """Area within ``half_width_m`` [m] of the axis at the distances ``x_m`` [m]; NaN where nothing is reached."""
    x, half = np.asarray(x_m, float), np.asarray(half_width_m, float)
    inside, parts = np.isfinite(half), []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        along, across = x[low:high], half[low:high]
        if high - low < 2 or not (across > 0).any():
            continue
        outline = np.column_stack([np.append(along, along[::-1]), np.append(across, -across[::-1])])
        parts.append(shapely.make_valid(shapely.Polygon(outline)))
    if not parts:
        return shapely.Polygon()
    c, s = np.cos(towards), np.sin(towards)
    turn = np.array([[c, s], [-s, c]])
    return shapely.transform(shapely.union_all(parts), lambda xy: xy @ turn + np.asarray(at, float))


def downwind_square(side_m: float, at: tuple[float, float], towards: float) -> Any:
    """A square of ``side_m`` [m] downwind of ``at``, which is the middle of its side: how ERG lays out protection."""
    return strip([0.0, side_m], [side_m / 2, side_m / 2], at, towards)


def _refined(x: NDArray[np.float64], value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A table with more nodes, linear between the old ones."""
    if len(x) < 2:
        return x, value
    t = np.arange((len(x) - 1) * _FINE + 1) / _FINE
    fine = np.interp(t, np.arange(len(x)), x)
    return fine, np.interp(fine, x, value)
