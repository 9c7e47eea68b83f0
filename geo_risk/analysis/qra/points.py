"""Individual risk at many places, taken apart by source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from .kernels import _at, threads
from .lines import _piece, along
from .model import Model, _reach, kernels_of
from .outcomes import individual

_SOURCES, _PLACES = 500, 4000  # whose parts are held at once: 16 MB


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


@njit(cache=True, parallel=True)
def _point_parts(out, px, py, kernel, x, y, weight, reach, radial, polar) -> None:
    for i in prange(len(px)):
        for k in range(len(kernel)):
            s = kernel[k]
            dx, dy = px[i] - x[k], py[i] - y[k]
            if abs(dx) < reach[s] and abs(dy) < reach[s]:
                out[i, s] += weight[k] * _at(dx, dy, reach[s], radial[s], polar[s])


@njit(cache=True, parallel=True)
def _line_parts(out, px, py, ends, kernel, table_of, reach, tables) -> None:
    for i in prange(len(px)):
        for k in range(len(kernel)):
            x0, y0, x1, y1 = ends[k]
            s = kernel[k]
            out[i, s] += _piece(px[i], py[i], x0, y0, x1, y1, reach[s], tables[table_of[s]])


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
    total, unsure = np.zeros(count), np.zeros(count)
    source, part = np.full((count, top), -1), np.zeros((count, top))
    threads(workers)
    wanted = np.flatnonzero(_reach(model) > 0)
    for first in range(0, len(wanted), _SOURCES):
        batch = wanted[first : first + _SOURCES]
        parts_at = _batch(model, batch)
        for low in range(0, count, _PLACES):
            rows = slice(low, low + _PLACES)
            out = parts_at(px[rows], py[rows])
            total[rows] += out.sum(axis=1)
            unsure[rows] += out[:, doubt[batch]].sum(axis=1)
            source[rows], part[rows] = _most(source[rows], part[rows], batch, out)
    return PointRisk(total, unsure, source, part)


def _batch(model: Model, batch: NDArray[np.int64]):
    """What a batch of sources adds at places: a function of (x, y) -> (places, batch)."""
    parts, kernels = model.parts, kernels_of(model, individual(model.weather), batch)
    place = np.full(len(model.sources), -1)
    place[batch] = np.arange(len(batch))
    mine, lines = place[parts.source] >= 0, place[parts.line] >= 0
    kernel, line = place[parts.source[mine]], place[parts.line[lines]]
    used = np.unique(line)
    table_of = np.zeros(len(batch), np.int64)
    table_of[used] = np.arange(len(used))
    tables = along(type(kernels)(kernels.reach_m[used], kernels.radial[used], kernels.polar[:0]))
    x, y, weight, ends = parts.x[mine], parts.y[mine], parts.weight[mine], parts.ends[lines]

    def parts_at(px: NDArray[np.float64], py: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.zeros((len(px), len(batch)))
        _point_parts(out, px, py, kernel, x, y, weight, kernels.reach_m, kernels.radial, kernels.polar)
        if len(line):
            _line_parts(out, px, py, ends, line, table_of, kernels.reach_m, tables)
        return out

    return parts_at


def _most(
    source: NDArray[np.int64], part: NDArray[np.float64], batch: NDArray[np.int64], out: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The largest of those so far and of a batch, ties to the earlier source."""
    who = np.hstack([source, np.broadcast_to(batch, out.shape)])
    what = np.hstack([part, out])
    order = np.argsort(-what, axis=1, kind="stable")[:, : source.shape[1]]
    who, what = np.take_along_axis(who, order, 1), np.take_along_axis(what, order, 1)
    return np.where(what > 0, who, -1), what
