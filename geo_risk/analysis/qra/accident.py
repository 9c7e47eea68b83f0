"""One accident: which zones it has in a wind, who is inside, and which wind is the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ...errors import InputError
from .footprint import death
from .model import Model, source_ids
from .outcomes import ANY_WEATHER, INDOORS, Outcome
from .societal import People
from .weather import ANGLES, STEP
from .zones import death_zone

_TOLD = ("id", "name", "kind", "capacity")
DEATH = (0.99, 0.5, 0.01)
_DIRECTIONS = 36  # tried for the worst wind
_PLACE_STEP_M = 100.0  # between places tried along a line: people are known by squares of this side
_BIG = ("toxic", "flash_fire", "explosion", "fireball", "jet_fire", "pool_fire")


@dataclass(frozen=True)
class Wind:
    """
    One wind: direction it blows to [rad, from east over north], speed at 10 m [m/s], Pasquill class.

    ``weather`` is the model's class; ``why`` says how it was chosen.
    """

    towards: float
    speed_mps: float
    stability: str
    weather: int
    why: str

    @property
    def from_deg(self) -> float:
        """Direction it comes from, clockwise from north [deg]."""
        return float((270.0 - np.degrees(self.towards)) % 360)


def find_source(sources: gpd.GeoDataFrame, wanted: str) -> int:
    """
    The row of a source by its id, the id of its layer row or its name.

    Raises
    ------
    InputError
        If none, or more than one, is called so.
    """
    import difflib

    ids = source_ids(sources).astype(str)
    for column in (ids, *(sources[c].fillna("").astype(str).to_numpy() for c in ("id", "name") if c in sources)):
        rows = np.flatnonzero(column == wanted)
        if len(rows) == 1:
            return int(rows[0])
        if len(rows) > 1:
            raise InputError(
                f"{wanted!r}: {len(rows)} risk sources are called so: {', '.join(ids[rows][:8])}. Name one."
            )
    near = difflib.get_close_matches(wanted, [*ids.tolist(), *sources.get("name", pd.Series(dtype=str)).dropna()], 3)
    known = f" Near: {', '.join(near)}." if near else ""
    raise InputError(f"{wanted!r}: no risk source is called so.{known} They are listed in the table risk_sources.")


def outcomes_of(model: Model, source: int, scenario: str | None) -> list[Outcome]:
    """
    The outcomes of one scenario of a source; without ``scenario`` the one that reaches farthest.

    Raises
    ------
    InputError
        If the source has no outcomes, or no such scenario.
    """
    own = [o for o in model.outcomes if o.source == source]
    if not own:
        name = source_ids(model.sources)[source]
        raise InputError(f"{name}: no outcome of this source kills anybody, so there is no accident to show.")
    names = list(dict.fromkeys(o.scenario for o in own))
    if scenario is None:
        reach = {n: max(o.footprint.reach_m for o in own if o.scenario == n) for n in names}
        scenario = max(names, key=lambda n: reach[n])
    if scenario not in names:
        raise InputError(f"scenario {scenario!r}: this source has {', '.join(names)}.")
    return [o for o in own if o.scenario == scenario]


def place_of(
    shape: shapely.Geometry, reach_m: float, people: People, period: str, near: tuple[float, float] | None = None
) -> tuple[float, float, str]:
    """
    Where an accident of a source happens (x, y [m]), and why there.

    A point is its own place. On a line it is the point nearest to ``near``, else of those 100 m apart (an eighth of a
    wide reach) the one with most people of ``period`` within ``reach_m`` [m], the first of equals.

    Raises
    ------
    InputError
        If ``near`` is given and the source is a point.
    """
    if shape.geom_type == "Point":
        if near is not None:
            raise InputError(
                "this source stands at one place: leave out @LON,LAT, which picks a place along a pipeline."
            )
        return shape.x, shape.y, "the place of the source"
    if near is not None:
        spot = shape.interpolate(shape.project(shapely.Point(near)))
        return (
            spot.x,
            spot.y,
            f"the point of the line nearest to the place given, {spot.distance(shapely.Point(near)):.0f} m off",
        )
    count = max(1, int(np.ceil(shape.length / max(_PLACE_STEP_M, reach_m / 8))))
    spots = shapely.line_interpolate_point(shape, (np.arange(count) + 0.5) / count, normalized=True)
    which, squares = shapely.STRtree(shapely.points(people.x, people.y)).query(spots, "dwithin", reach_m)
    persons = np.bincount(which, people.persons[period][squares], count)
    most = int(np.argmax(persons)) if persons.any() else count // 2
    why = (
        f"the point of the line with most people within {reach_m:.0f} m by {period}"
        if persons.any()
        else "nobody within reach of the line: its middle"
    )
    return spots[most].x, spots[most].y, why


def choose_wind(
    model: Model,
    outcomes: Sequence[Outcome],
    at: tuple[float, float],
    people: People,
    period: str,
    given: tuple[float, float] | None = None,
) -> Wind:
    """
    The wind of an accident: the one given (from [deg], speed [m/s]), else the deadliest of the rose by this period.

    A given wind takes the class of the model that is nearest in speed; of equal ones the more frequent.
    Without people in reach the class of the farthest reach and the most frequent direction are taken.
    """
    weather = model.weather
    classes = [w for w, p in enumerate(weather.period) if p in (period, "all")] or list(range(len(weather.period)))
    if given is not None:
        towards = float(np.radians(270.0 - given[0]) % (2 * np.pi))
        gap = [(abs(weather.speed_mps[w] - given[1]), -weather.share[w], w) for w in classes]
        row = min(gap)[2]
        why = f"given: from {given[0]:g} degrees at {given[1]:g} m/s"
        return Wind(towards, float(weather.speed_mps[row]), weather.stability[row], row, why)
    best: tuple[float, float, int, int] = (-1.0, 0.0, classes[0], 0)
    people = _within(people, at, max((o.footprint.reach_m for o in outcomes), default=0.0))
    for w in classes:
        mine = [o for o in outcomes if o.weather in (w, ANY_WEATHER)]
        reach = max((o.footprint.reach_m for o in mine), default=0.0)
        for k in range(_DIRECTIONS):
            angle = k * 2 * np.pi / _DIRECTIONS
            density = float(weather.towards[w][round(angle / STEP) % ANGLES])
            dead = max((float(deaths(o, at, angle, people, period)) for o in mine), default=0.0) if density > 0 else -1
            best = max(best, (dead, reach + density, w, k))
    row, angle = best[2], best[3] * 2 * np.pi / _DIRECTIONS
    why = (
        f"no wind given: the deadliest of the wind rose by {period}"
        if best[0] > 0
        else "no wind given, nobody in reach"
    )
    return Wind(angle, float(weather.speed_mps[row]), weather.stability[row], row, why)


def _within(people: People, at: tuple[float, float], reach_m: float) -> People:
    near = np.hypot(people.x - at[0], people.y - at[1]) < reach_m
    persons = {period: number[near] for period, number in people.persons.items()}
    return replace(people, x=people.x[near], y=people.y[near], persons=persons)


def deaths(
    outcome: Outcome, at: tuple[float, float], towards: float, people: People, period: str
) -> NDArray[np.float64]:
    """Expected deaths of an outcome: people as they live by ``period``, each square at its middle."""
    p = _societal(outcome, people, at, towards, period)
    return np.asarray((p * people.persons[period]).sum())


def _societal(outcome: Outcome, people: People, at: tuple[float, float], towards: float, period: str) -> Any:
    """(N,) death probability of the people by period, those indoors at their own."""
    f, inside = outcome.footprint, INDOORS[period]
    dx, dy = people.x - at[0], people.y - at[1]
    near = np.hypot(dx, dy) < f.reach_m
    c, s = np.cos(towards), np.sin(towards)
    x, y = dx[near] * c + dy[near] * s, -dx[near] * s + dy[near] * c
    out = np.zeros(len(people.x))
    if f.width_m is not None:
        factor = (1 - inside) * float(np.asarray(f.outdoor)) + inside * float(np.asarray(f.indoor))
        out[near] = factor * death(f, x, y)
        return out
    r = np.hypot(x - f.offset_m, y)
    tables = [np.broadcast_to(np.asarray(v, float), f.x_m.shape) for v in (f.outdoor, f.indoor)]
    outdoor, indoor = (np.interp(r, f.x_m, v, right=0.0) for v in tables)
    out[near] = (1 - inside) * outdoor + inside * indoor
    return out


def accident_zones(outcomes: Sequence[Outcome], at: tuple[float, float], wind: Wind, crs: Any) -> gpd.GeoDataFrame:
    """Zones of death of every outcome that the wind allows, the largest first: kind, effect, level, unit, area_km2."""
    rows, shapes = [], []
    for o in _in_wind(outcomes, wind):
        for p in DEATH:
            zone = death_zone(o.footprint, p, at, wind.towards)
            if not zone.is_empty:
                rows.append((o.kind, "death", p, "probability", zone.area / 1e6))
                shapes.append(zone)
    table = gpd.GeoDataFrame(rows, columns=["kind", "effect", "level", "unit", "area_km2"], geometry=shapes, crs=crs)
    return table.sort_values("area_km2", ascending=False, kind="stable").reset_index(drop=True)


def _in_wind(outcomes: Sequence[Outcome], wind: Wind) -> list[Outcome]:
    found = [o for o in outcomes if o.weather in (wind.weather, ANY_WEATHER)]
    return sorted(found, key=lambda o: _BIG.index(o.kind))


def casualties(
    outcomes: Sequence[Outcome], at: tuple[float, float], wind: Wind, people: People, weather_share: float
) -> list[dict[str, Any]]:
    """Each outcome in this wind: kind, frequency per year in any wind of its class, expected deaths by period."""
    return [
        {"kind": o.kind, "frequency_per_yr": o.frequency * (1.0 if o.weather == ANY_WEATHER else weather_share)}
        | {f"deaths_{period}": float(deaths(o, at, wind.towards, people, period)) for period in people.persons}
        for o in _in_wind(outcomes, wind)
    ]


def people_inside(zones: gpd.GeoDataFrame, people: People) -> pd.DataFrame:
    """(Z,) people in each zone by period; a square counts by the share of it inside."""
    half = people.side_m / 2
    squares = shapely.box(people.x - half, people.y - half, people.x + half, people.y + half)
    tree, out = shapely.STRtree(squares), {p: np.zeros(len(zones)) for p in people.persons}
    for i, zone in enumerate(zones.geometry):
        hit, whole = (np.sort(tree.query(zone, predicate=how)) for how in ("intersects", "covers"))
        share = np.ones(len(hit))
        edge = ~np.isin(hit, whole)  # cutting is slow, and most squares of a large zone lie in it as a whole
        share[edge] = shapely.area(shapely.intersection(squares[hit[edge]], zone)) / people.side_m**2
        for period, persons in people.persons.items():
            out[period][i] = float((persons[hit] * share).sum())
    return pd.DataFrame({f"persons_{p}": v for p, v in out.items()})


def inside(zones: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame]) -> list[dict[str, Any]]:
    """Rows of layers that the zones touch, in the layer's order, each with the smallest zone that holds it."""
    found: list[dict[str, Any]] = []
    shapes = zones.geometry.to_numpy()[::-1]  # the smallest, which is the severest, first
    effects = zones[["kind", "effect", "level", "unit"]].to_dict("records")[::-1]
    for name, frame in layers.items():
        which, rows = frame.sindex.query(shapes, predicate="intersects")
        first = np.full(len(frame), len(shapes))
        np.minimum.at(first, rows, which)
        hit = np.flatnonzero(first < len(shapes))
        told = [frame[c].iloc[hit].tolist() if c in frame else [None] * len(hit) for c in _TOLD]
        for i, values in zip(first[hit].tolist(), zip(*told, strict=True), strict=True):
            row = dict(zip(_TOLD, map(_plain, values), strict=True))
            found.append({"layer": name, **row, "zone": effects[i]})
    return found


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
