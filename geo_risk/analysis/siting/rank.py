"""Candidate sites compared: which no other beats, and in which order they are shown."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray


def pareto(costs: ArrayLike) -> NDArray[np.bool_]:
    """
    (N,) candidates that no other is at least as good as in every criterion and better in one.

    ``costs`` (N, K): less is better; NaN is worse than any number. Equal candidates stay together.
    """
    c = np.nan_to_num(np.asarray(costs, float), nan=np.inf)
    better = (c[:, None, :] <= c[None, :, :]).all(axis=2) & (c[:, None, :] < c[None, :, :]).any(axis=2)
    return ~better.any(axis=0)


def mean_rank(costs: ArrayLike) -> NDArray[np.float64]:
    """(N,) mean over the criteria (N, K) of each candidate's rank, 0 the best; equal costs share the lowest rank."""
    c = np.nan_to_num(np.asarray(costs, float), nan=np.inf)
    ranks = [np.searchsorted(np.sort(column), column, side="left") for column in c.T]
    return np.mean(ranks, axis=0) if len(ranks) else np.zeros(len(c))


def spots(free: shapely.Geometry, wanted: int) -> NDArray[np.float64]:
    """
    (N, 2) places spread over a free area, about ``wanted`` of them: at least one in each of its largest parts.

    The middle of the largest circle in each part, and the crossings of a square grid that lie in it.
    """
    parts = shapely.get_parts(free)
    parts = parts[shapely.area(parts) > 0]
    if not len(parts):
        return np.empty((0, 2))
    largest = parts[np.argsort(-shapely.area(parts), kind="stable")][: max(1, wanted // 4)]
    middles = [shapely.get_coordinates(shapely.maximum_inscribed_circle(p, tolerance=1.0))[0] for p in largest]
    side = float(np.sqrt(shapely.area(free) / wanted))
    left, bottom, right, top = shapely.bounds(free)
    x, y = np.meshgrid(np.arange(left + side / 2, right, side), np.arange(bottom + side / 2, top, side))
    shapely.prepare(free)
    inside = shapely.contains_xy(free, x, y)
    return np.vstack([middles, np.column_stack([x[inside], y[inside]])])
