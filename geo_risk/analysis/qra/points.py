"""Individual risk at many places, taken apart by source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from .kernels import Kernels, _at, threads
from .lines import _piece, along, own_tables
from .model import Model, batches, kernels_of
from .outcomes import individual

_PLACES = 2000  # whose items near by are listed at once


@dataclass(frozen=True)
class PointRisk:
    """
    Individual risk at places (T,).

    Parameters
    ----------
    total : (T,) LSIR [per year], the same sum as `model.lsir_surface`.
    doubtful : (T,) the part of it from doubtful sources [per year].
    source : (T, K) rows of the sources that add most, the largest first; -1 where there are fewer.
    part : (T, K) what they add [per year].
    """

    total: NDArray[np.float64]
    doubtful: NDArray[np.float64]
    source: NDArray[np.int64]
    part: NDArray[np.float64]


@dataclass(frozen=True)
class _Items:
    """
    Points and pieces (N,) of a batch of sources, in the order of the sources.

    ``ends`` of a point are twice the point; ``table`` is the table of a piece, -1 of a point.
    """

    ends: NDArray[np.float64]
    weight: NDArray[np.float64]
    source: NDArray[np.int64]
    kernel: NDArray[np.int64]
    table: NDArray[np.int64]


@njit(cache=True)
def _value(px, py, ends, weight, table, reach, radial, polar, tables) -> float:
    x0, y0, x1, y1 = ends
    if table < 0:
        return weight * _at(px - x0, py - y0, reach, radial, polar)
    return weight * _piece(px, py, x0, y0, x1, y1, reach, tables[table])


@njit(cache=True)
def _rank(source, part, s, value) -> None:
    """Put a source among the largest (K,) so far; ties to the earlier."""
    k = len(part)
    while k > 0 and value > part[k - 1]:
        k -= 1
        if k + 1 < len(part):
            source[k + 1], part[k + 1] = source[k], part[k]
    if k < len(part):
        source[k], part[k] = s, value


@njit(cache=True, parallel=True)
def _sum(px, py, first, item, ends, weight, source, kernel, table, reach, radial, polar, tables, doubtful,
         total, unsure, top_source, top_part) -> None:  # fmt: skip
    """Add the items near each place, listed in item[first[i]:first[i + 1]] by source."""
    for i in prange(len(px)):
        part = 0.0
        for n in range(first[i], first[i + 1]):
            k = item[n]
            s = kernel[k]
            part += _value(px[i], py[i], ends[k], weight[k], table[k], reach[s], radial[s], polar[s], tables)
            if n + 1 == first[i + 1] or source[item[n + 1]] != source[k]:
                if part > 0.0:
                    total[i] += part
                    if doubtful[source[k]]:
                        unsure[i] += part
                    _rank(top_source[i], top_part[i], source[k], part)
                part = 0.0


def lsir_points(
    model: Model,
    x: ArrayLike,
    y: ArrayLike,
    *,
    top: int = 3,
    doubtful: NDArray[np.bool_] | None = None,
    workers: int = 1,
) -> PointRisk:
    """
    LSIR at places (T,) [m] and who adds most to it.

    ``doubtful`` (S,) marks sources whose part is summed apart. The same for any number of workers.
    """
    px, py = np.asarray(x, float), np.asarray(y, float)
    count, doubt = len(px), np.zeros(len(model.sources), bool) if doubtful is None else doubtful
    found = PointRisk(np.zeros(count), np.zeros(count), np.full((count, top), -1), np.zeros((count, top)))
    places = shapely.points(px, py)
    threads(workers)
    for batch in batches(model.reach > 0):
        kernels, place = kernels_of(model, individual(model.weather), batch)
        items, tables = _items(model, kernels, place)
        # STRtree over the items' boxes, each as wide as its source reaches.
        tree = shapely.STRtree(_boxes(items.ends, kernels.reach_m[items.kernel]))
        for low in range(0, count, _PLACES):
            rows = slice(low, low + _PLACES)
            near, item = tree.query(places[rows])
            order = np.lexsort([item, near])
            first = np.searchsorted(near[order], np.arange(len(places[rows]) + 1))
            _sum(px[rows], py[rows], first, item[order], items.ends, items.weight, items.source, items.kernel,
                 items.table, kernels.reach_m, kernels.radial, kernels.polar, tables, doubt, found.total[rows],
                 found.doubtful[rows], found.source[rows], found.part[rows])  # fmt: skip
    return found


def _items(model: Model, kernels: Kernels, place: NDArray[np.int64]) -> tuple[_Items, NDArray[np.float64]]:
    """What a batch of sources is made of, and the tables of its lines; ``place`` as of `model.kernels_of`."""
    parts = model.parts
    point, line = place[parts.source] >= 0, place[parts.line] >= 0
    at = np.column_stack([parts.x[point], parts.y[point]])
    own, table = own_tables(kernels, place[parts.line[line]])
    source = np.concatenate([parts.source[point], parts.line[line]])
    order = np.argsort(source, kind="stable")
    items = _Items(
        np.concatenate([np.hstack([at, at]), parts.ends[line]])[order],
        np.concatenate([parts.weight[point], np.ones(len(table))])[order],
        source[order],
        place[source[order]],
        np.concatenate([np.full(len(at), -1), table])[order],
    )
    return items, along(own)


def _boxes(ends: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.object_]:
    low, high = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    return shapely.box(low[:, 0] - reach, low[:, 1] - reach, high[:, 0] + reach, high[:, 1] + reach)
