"""Tours of several teams over several days: who visits what, when, in which order, by PyVRP's iterated local search."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import GeoRiskError, InputError
from .network import Network
from .pairs import travel_ms
from .reach import Starts
from .snap import Snapped, access_ms

MS_PER_MIN = 60_000.0
# A visit with the least weight left out costs as much as this drive [s]: visits come before short ways.
_PRIZE_S = 36_000
_FAR_S = 10_000_000  # stands for "no way": longer than any day


class Stop(NamedTuple):
    """One visit of a tour: ``visit`` (its row), team and day from 0, order from 1, arrival and travel before it."""

    visit: int
    team: int
    day: int
    order: int
    arrival_min: float
    travel_min: float


def travel_minutes(network: Network, at: Snapped, *, access_kmh: float | None = None) -> NDArray[np.float64]:
    """
    (N, N) minutes from each point to each, both straight legs included; infinite where there is no way, 0 to itself.

    Parameters
    ----------
    at : Snapped
        N points; those without an edge are reached from nowhere.
    access_kmh : float
        Speed on the straight legs; default 5 km/h.
    """
    on = np.flatnonzero(at.edge >= 0)
    out = np.full((len(at), len(at)), np.inf)
    legs = np.nan_to_num(access_ms(at, access_kmh))
    starts = Starts(at.take(on), legs[on])
    out[on] = (travel_ms(network, starts, at)[0] + legs) / MS_PER_MIN
    np.fill_diagonal(out, 0.0)
    return out


def why_not(minutes: NDArray[np.float64], bases: int, visit_min: NDArray[np.float64], day_min: float) -> NDArray:
    """
    (V,) why no tour can hold a visit; "" where one can.

    Parameters
    ----------
    minutes : (bases + V, bases + V)
        `travel_minutes` of the bases, then the visits.
    visit_min : (V,)
        Time of each visit [min]; ``day_min`` is a day's [min].
    """
    there, back = minutes[:bases, bases:], minutes[bases:, :bases].T
    alone = (there + back).min(axis=0) + visit_min
    reason = np.where(alone > day_min, "there, the visit and back take longer than a day", "")
    return np.where(np.isinf((there + back).min(axis=0)), "no way by road from a base and back", reason).astype(object)


def tours(
    minutes: NDArray[np.float64],
    bases: NDArray[np.int64],
    visit_min: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    days: int,
    day_min: float,
    iterations: int = 1000,
    seed: int = 1,
) -> list[Stop]:
    """
    Tours that hold as much weight as they can, then take as little time; visits that do not fit are left out.

    Days and teams of one base are alike for the search; then the tours with more weight come on earlier days. The
    search ends after a number of steps, never by the clock, so that equal input gives equal tours.

    Parameters
    ----------
    minutes : (B + V, B + V)
        `travel_minutes` of B bases, then V visits.
    bases : (teams,)
        Base of each team, 0 to B - 1; its tours start and end there.
    visit_min, weight : (V,)
        Time [min] and weight (above 0) of each visit.
    day_min : float
        Longest tour [min].

    Raises
    ------
    InputError
        If the sizes do not fit each other, or days or day_min are not positive.
    GeoRiskError
        If PyVRP is not installed.
    """
    count = len(minutes) - len(visit_min)
    if count < 1 or len(weight) != len(visit_min) or (len(bases) and not 0 <= bases.min() <= bases.max() < count):
        raise InputError(f"tours: {len(minutes)} places, {len(visit_min)} visits, {len(weight)} weights do not fit.")
    if days < 1 or day_min <= 0:
        raise InputError(f"tours: {days} days of {day_min:g} min: both must be positive.")
    if not len(visit_min) or not len(bases):
        return []
    routes = _solved(minutes, bases, visit_min, weight, days, day_min, iterations, seed)
    return _stops(routes, minutes, bases, visit_min, weight, days)


def _solved(
    minutes: NDArray,
    bases: NDArray,
    visit_min: NDArray,
    weight: NDArray,
    days: int,
    day_min: float,
    iterations: int,
    seed: int,
) -> list[tuple[int, list[int]]]:
    """(base, visits in order) of every tour."""
    try:
        import pyvrp
        from pyvrp.stop import MaxIterations
    except ImportError:
        raise GeoRiskError("tours need PyVRP. Install it: python -m pip install 'geo_risk[tours]'") from None

    count = len(minutes) - len(visit_min)
    seconds: Any = np.where(np.isfinite(minutes), np.ceil(minutes * 60), _FAR_S).astype(np.int64)
    # Teams of one base are as many vehicles of one type, one a day each.
    used, teams = np.unique(bases, return_counts=True)
    prizes = np.rint(weight / weight.min() * _PRIZE_S).astype(int)
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(len(minutes))],
        [
            pyvrp.Client(
                count + v, service_duration=int(np.ceil(visit_min[v] * 60)), prize=int(prizes[v]), required=False
            )
            for v in range(len(visit_min))
        ],
        [pyvrp.Depot(b) for b in range(count)],
        [
            pyvrp.VehicleType(
                num_available=int(n) * days,
                start_depot=int(b),
                end_depot=int(b),
                shift_duration=int(day_min * 60),
                unit_distance_cost=0,
                unit_duration_cost=1,
            )
            for b, n in zip(used, teams, strict=True)
        ],
        [seconds * 0],
        [seconds],
    )
    best = pyvrp.solve(data, MaxIterations(iterations), seed=seed, collect_stats=False, display=False).best
    if not best.is_feasible():
        raise GeoRiskError("no tours were found that keep to the hours of a day. Give more iterations or more hours.")
    return [(route.start_depot(), [a.idx for a in route.schedule() if a.is_client()]) for route in best.routes()]


def _stops(
    routes: list[tuple[int, list[int]]],
    minutes: NDArray,
    bases: NDArray,
    visit_min: NDArray,
    weight: NDArray,
    days: int,
) -> list[Stop]:
    """Tours dealt to the teams of their base, the weightiest on the first day."""
    count, out = len(minutes) - len(visit_min), []
    for base in sorted(set(bases.tolist())):
        teams = np.flatnonzero(bases == base)
        own = [visits for b, visits in routes if b == base and visits]
        own.sort(key=lambda visits: (-float(weight[visits].sum()), visits))
        for n, visits in enumerate(own):
            clock, here = 0.0, base
            for order, visit in enumerate(visits, start=1):
                travel = float(minutes[here, count + visit])
                clock += travel
                out.append(Stop(visit, int(teams[n % len(teams)]), n // len(teams), order, clock, travel))
                clock, here = clock + float(visit_min[visit]), count + visit
    return sorted(out, key=lambda s: (s.day, s.team, s.order))
