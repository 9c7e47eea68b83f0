"""Where rescuers gather: the nearest road upwind of an incident and outside its forbidden ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from ..routing.speeds import rescue_default

if TYPE_CHECKING:
    from ..routing.network import Network

_STEP_M = 25.0  # between places tried along a road
_SECTOR = np.pi / 4  # to both sides of the direction into the wind


class Staging(NamedTuple):
    """A place beside a road [m], its distance from the incident [m], whether it lies upwind, and its road."""

    x: float
    y: float
    distance_m: float
    upwind: bool
    edge: int


def staging_point(network: Network, at: tuple[float, float], forbidden: Any, upwind: float | None) -> Staging | None:
    """
    The place on the main part of the network nearest to ``at`` and outside ``forbidden``; None if there is none.

    Places within 45 degrees of the direction into the wind count before any others. ``network`` is the one with the
    forbidden ground closed already, so that vehicles can reach the place.
    """
    margin, search = rescue_default("staging_margin_m"), rescue_default("staging_search_m")
    edges = network.main_tree[1][network.main_tree[0].query(forbidden.buffer(search + margin))]
    edges = np.sort(edges)
    if not len(edges):
        return None
    count = np.ceil(network.metres[edges] / _STEP_M).astype(np.int64)
    edge = np.repeat(edges, count)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    offset = (rank + 0.5) / np.repeat(count, count) * network.metres[edge]
    points = shapely.line_interpolate_point(network.lines[edge], offset)
    keep_off = forbidden.buffer(margin)
    shapely.prepare(keep_off)
    outside = np.flatnonzero(~shapely.intersects(keep_off, points))
    if not len(outside):
        return None
    dx, dy = shapely.get_x(points[outside]) - at[0], shapely.get_y(points[outside]) - at[1]
    far = np.hypot(dx, dy)
    into = np.ones(len(outside), bool)
    if upwind is not None:
        into = np.cos(np.arctan2(dy, dx) - upwind) >= np.cos(_SECTOR)
    best = np.lexsort((outside, far, ~into))[0]
    x, y = at[0] + dx[best], at[1] + dy[best]
    return Staging(
        float(x), float(y), float(far[best]), bool(into[best]) and upwind is not None, int(edge[outside[best]])
    )
