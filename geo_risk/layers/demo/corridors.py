"""Least-cost lines across the city for motorways and trunk pipelines: round towns, hill and lake."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from shapely.geometry import LineString

from .land import Land
from .plan import Plan
from .towns import Park, Towns

_CELL = 300.0
_MARGIN = 12  # cells around the frame


class Corridors:
    """A cost grid over the frame; `line` finds a smooth cheap line between two places."""

    def __init__(self, plan: Plan, land: Land, towns: Towns, parks: list[Park]) -> None:
        width, height = plan.extent
        self.nx, self.ny = int(width / _CELL) + 2 * _MARGIN, int(height / _CELL) + 2 * _MARGIN
        gx, gy = np.meshgrid((np.arange(self.nx) - _MARGIN + 0.5) * _CELL, (np.arange(self.ny) - _MARGIN + 0.5) * _CELL)
        self.xy = np.column_stack([gx.ravel(), gy.ravel()])
        cost = np.ones(len(self.xy))
        for (x, y), radius in zip(towns.xy, towns.radius, strict=True):
            away = np.hypot(self.xy[:, 0] - x, self.xy[:, 1] - y) / radius
            cost += 14 * np.exp(-((away / 0.75) ** 2))
        works = shapely.union_all([p.area for p in parks]).buffer(100)
        for area, extra in (
            (works, 6.0),
            (land.hill.buffer(200), 5.0),
            (land.lake.buffer(200), 40.0),
            (land.river, 8.0),
        ):
            shapely.prepare(area)
            cost += extra * shapely.contains_xy(area, self.xy)
        shapely.prepare(land.limit)
        cost += 4.0 * ~shapely.contains_xy(land.limit, self.xy)
        self.cost = cost

    def line(self, start: NDArray, end: NDArray, smooth_m: float, apart: list[LineString] | None = None) -> LineString:
        """A line from start to end [m]; ``apart`` lists lines it should not run along (within 1.5 km)."""
        cost = self.cost.copy()
        for other in apart or []:
            near = cKDTree(shapely.get_coordinates(shapely.segmentize(other, 150.0))).query(
                self.xy, distance_upper_bound=4_000.0
            )[0]
            cost += 5.0 * np.exp(-((near / 900.0) ** 2))
        path = self._path(cost, self._index(start), self._index(end))
        points = np.vstack([start, self.xy[path][1:-1], end])
        return LineString(np.round(smoothed(points, smooth_m), 2))

    def _index(self, xy: NDArray) -> int:
        col = int(np.clip(xy[0] // _CELL + _MARGIN, 0, self.nx - 1))
        row = int(np.clip(xy[1] // _CELL + _MARGIN, 0, self.ny - 1))
        return row * self.nx + col

    def _path(self, cost: NDArray, start: int, end: int) -> NDArray[np.int64]:
        index = np.arange(self.nx * self.ny).reshape(self.ny, self.nx)
        pairs = [
            (index[:, :-1], index[:, 1:], 1.0),
            (index[:-1], index[1:], 1.0),
            (index[:-1, :-1], index[1:, 1:], 2**0.5),
            (index[1:, :-1], index[:-1, 1:], 2**0.5),
            (index[:-2, :-1], index[2:, 1:], 5**0.5),
            (index[2:, :-1], index[:-2, 1:], 5**0.5),
            (index[:-1, :-2], index[1:, 2:], 5**0.5),
            (index[1:, :-2], index[:-1, 2:], 5**0.5),
        ]
        a = np.concatenate([p[0].ravel() for p in pairs])
        b = np.concatenate([p[1].ravel() for p in pairs])
        step = np.concatenate([np.full(p[0].size, p[2]) for p in pairs])
        weight = np.round(step * (cost[a] + cost[b]) / 2, 6)
        graph = csr_matrix((weight, (a, b)), shape=(len(cost), len(cost)))
        before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)[1]
        path = [end]
        while path[-1] != start:
            path.append(int(before[path[-1]]))
        return np.array(path[::-1])


def smoothed(points: NDArray, smooth_m: float) -> NDArray[np.float64]:
    """Resample every 120 m and take a moving normal mean of ``smooth_m``; the ends stay."""
    line = LineString(points)
    n = max(int(line.length / 120), 4)
    along = np.linspace(0, line.length, n + 1)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    reach = max(int(2.5 * smooth_m / 120), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * 120 / smooth_m) ** 2)
    kernel /= kernel.sum()
    padded = np.vstack(
        [
            2 * xy[0] - xy[reach:0:-1] if n > reach else np.repeat(xy[:1], reach, 0),
            xy,
            2 * xy[-1] - xy[-2 : -reach - 2 : -1] if n > reach else np.repeat(xy[-1:], reach, 0),
        ]
    )
    out = np.column_stack([np.convolve(padded[:, k], kernel, "valid") for k in (0, 1)])
    out[0], out[-1] = xy[0], xy[-1]
    return out
