"""Who is to be reached, and how long it takes from where: the table every choice of sites is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..siting.ground import Ground

if TYPE_CHECKING:
    import pandas as pd

    from ..routing.network import Network
    from ..routing.reach import Starts
    from ..routing.snap import Snapped
    from .plots import Plots

Floats = NDArray[np.float64]
MS_PER_MIN = 60_000.0


@dataclass(frozen=True)
class Demand:
    """
    Points to be reached (D,).

    ``what`` (D,) the target each belongs to (people, crowded_places, hazard_sources); ``count`` (D,) persons, or 1 a
    place; ``weight`` (D,) in the choice of sites; ``at`` their places on the network; ``district`` (D,) the id of the
    township or other smallest district, "" where there is none.
    """

    what: NDArray[np.object_]
    count: Floats
    weight: Floats
    at: Snapped
    district: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.what)

    def take(self, rows: NDArray) -> Demand:
        """Some of them."""
        return Demand(self.what[rows], self.count[rows], self.weight[rows], self.at.take(rows), self.district[rows])

    @property
    def targets(self) -> list[str]:
        """What there is to be reached, in order."""
        return [name for name in ("people", "crowded_places", "hazard_sources") if (self.what == name).any()]


def demand_of(ground: Ground, hazard_weight: float) -> Demand:
    """
    Residents, people in crowded places and hazard sources of a region.

    A resident weighs 1; a place the weighted persons of the risk index (capacity times the weight of its kind); a
    hazard source ``hazard_weight``. Closed and planned rows count nothing.
    """
    from ..analysis.exposure import weighted_persons
    from ..analysis.rows import working
    from ..routing.snap import frame_points, snap_points

    parts: list[tuple[str, Floats, Floats, Floats]] = []
    for name in ("population", "crowded_places", "hazard_sources"):
        frame = ground.layers.get(name)
        if frame is None:
            continue
        frame = frame[working(frame)]
        if name == "population":
            count = np.nan_to_num(frame["persons"].to_numpy(float))
            parts.append(("people", frame_points(frame), count, count))
        else:
            weight = weighted_persons(frame) if name == "crowded_places" else np.full(len(frame), hazard_weight)
            parts.append((name, frame_points(frame), np.ones(len(frame)), weight))
    xy = np.vstack([np.empty((0, 2)), *(p[1] for p in parts)])
    what = np.repeat(np.array([p[0] for p in parts], object), [len(p[1]) for p in parts])
    count, weight = (np.concatenate([np.empty(0), *(p[i] for p in parts)]) for i in (2, 3))
    at = snap_points(ground.network, xy, max_m=ground.region.settings.rescue.max_access_m)
    return Demand(what, count, weight, at, districts_at(ground, xy))


def districts_at(ground: Ground, xy: Floats) -> NDArray[np.object_]:
    """(N,) id of the smallest district each point (N, 2) lies in; the lower id on a border, "" outside all."""
    import shapely

    out = np.full(len(xy), "", object)
    frame = ground.region.layers("districts").get("districts")
    if frame is None:
        return out
    order = {"village": 0, "township": 1, "county": 2, "city": 3}
    rank = frame["level"].map(order).fillna(1).to_numpy(float)
    smallest = frame[rank == rank.min()].sort_values("id", ascending=False)
    point, hit = shapely.STRtree(smallest.geometry.to_numpy()).query(shapely.points(xy), predicate="intersects")
    out[point] = smallest["id"].to_numpy(object)[hit]
    return out


def minutes_from(network: Network, starts: Starts, demand: Demand, limit_min: float = np.inf) -> Floats:
    """(S, D) minutes from each start to each demand, both straight legs in; infinite beyond the limit."""
    from ..routing.pairs import travel_ms
    from ..routing.snap import access_ms

    ms, _ = travel_ms(network, starts, demand.at, limit_ms=limit_min * MS_PER_MIN)
    return (ms + np.nan_to_num(access_ms(demand.at))) / MS_PER_MIN


def in_service(ground: Ground, kind: str) -> tuple[Starts, pd.DataFrame]:
    """The facilities of a kind that can serve, as starts of journeys, and those that cannot."""
    from .. import pipeline
    from ..routing.facilities import facility_starts

    rescue = ground.region.settings.rescue
    _, starts, idle = facility_starts(
        ground.network,
        pipeline.facilities_of(ground.region),
        (kind,),
        turnout_s=rescue.turnout_s,
        access_max_m=rescue.max_access_m,
    )
    return starts, idle


def turnout(ground: Ground, kind: str) -> float:
    """Seconds from the call until a facility of a kind is on the road."""
    from ..routing.speeds import turnout_seconds

    seconds = turnout_seconds(ground.region.settings.rescue.turnout_s)
    return float(seconds.get(kind, seconds["other"]))


def starts_of(ground: Ground, plots: Plots, seconds: float) -> Starts:
    """
    Plots as starts of journeys ``seconds`` [s] after a call: at their gate on the road, without one by a straight leg.

    Raises
    ------
    InputError
        If no road is near one.
    """
    from ..routing.reach import Starts
    from ..routing.snap import access_ms, snap_points

    max_m = ground.region.settings.rescue.max_access_m
    at = snap_points(ground.network, plots.gate, max_m=max_m)
    far = np.flatnonzero(at.edge < 0)
    if len(far):
        raise InputError(
            f"{plots.name[far[0]]}: no road within {max_m:g} m. Move the plot, or raise [rescue] max_access_m."
        )
    return Starts(at, 1000.0 * seconds + access_ms(at))
