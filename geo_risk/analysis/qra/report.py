"""The whole of one accident: its wind, zones, people, places, neighbours and pipelines, as one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ...sections import RiskSettings
from ..rows import records
from .accident import Wind, accident_zones, casualties, choose_wind, inside, outcomes_of, people_inside
from .effects import effect_zones, erg_distances
from .explosives import material
from .losses import Loss, losses
from .model import Model, source_ids
from .outcomes import Outcome
from .scenarios import scenario_branches
from .societal import People
from .weather import uniform
from .zones import downwind_square

LARGE_SPILL_KG = 208.0  # ERG 2024: a small spill is up to 208 l, of water's density here
_STABLE_BELOW_MPS = 3.0  # at night; F below, D above (the screening choice of standards for nights without a station)
_NO_ENTRY = {"heat": 12_500.0, "overpressure": 10_000.0}  # W/m2, Pa
ZONE_COLUMNS = ("kind", "effect", "level", "unit", "meaning", "distance_m", "area_km2", "warning")


class Accident(NamedTuple):
    """``told``: what happened and to whom (JSON); ``zones``: the areas, the largest first (`ZONE_COLUMNS`)."""

    told: dict[str, Any]
    zones: gpd.GeoDataFrame


def accident(
    model: Model,
    people: People,
    layers: Mapping[str, gpd.GeoDataFrame],
    settings: RiskSettings,
    *,
    scenario: str | None = None,
    wind: tuple[float, float] | None = None,
    period: str = "day",
    sources: gpd.GeoDataFrame | None = None,
) -> Accident:
    """
    One accident of the only source of ``model``.

    Parameters
    ----------
    layers
        Whose rows inside the zones are listed, each with the severest: crowded places, roads, pipelines.
    scenario
        Its name; the one that reaches farthest where not given.
    wind
        (direction it comes from [deg], speed at 10 m [m/s]); the deadliest of the rose where not given.
    period
        "day" or "night".
    sources
        All risk sources, among which neighbours that heat or blast reaches are sought.

    Raises
    ------
    InputError
        If there is no such scenario, or nothing that kills.
    """
    row = records(model.sources)[0]
    shape = row["geometry"]
    place = shape if shape.geom_type == "Point" else shape.interpolate(0.5, normalized=True)
    at = (place.x, place.y)
    if wind is not None:
        model = _in_wind(model, wind, period, settings)
    chosen = outcomes_of(model, 0, scenario)
    name = chosen[0].scenario
    blowing = choose_wind(model, chosen, at, people, period, wind)
    zones = _zones(chosen, _loss(row, name, settings), at, blowing, model, settings)
    erg = _erg(row, period, blowing, name, settings)
    zones = _beside(zones, erg, at, blowing)
    zones = zones.join(people_inside(zones, people))
    length = float(shape.length) or 1.0
    told = {
        "source": {"id": str(source_ids(model.sources)[0]), "name": row.get("name"), "substance": row.get("substance")},
        "scenario": name,
        "scenarios": list(dict.fromkeys(o.scenario for o in model.outcomes)),
        "at": {"x": at[0], "y": at[1]},
        "wind": {"from_deg": blowing.from_deg, "speed_mps": blowing.speed_mps, "stability": blowing.stability}
        | {"why": blowing.why},
        "period": period,
        "outcomes": [
            {**c, "frequency_per_yr": c["frequency_per_yr"] * length}
            for c in casualties(chosen, at, blowing, people, float(model.weather.share[blowing.weather]))
        ],
        "inside": inside(zones[~zones["effect"].map(_beside_the_point)], layers),
        "domino": _domino(zones, sources, str(source_ids(model.sources)[0])),
        "erg": erg,
        "warnings": sorted({str(w) for w in zones["warning"] if w}),
    }
    return Accident(told, zones)


def _in_wind(model: Model, wind: tuple[float, float], period: str, settings: RiskSettings) -> Model:
    """The source's outcomes computed anew in the one weather given, its frequencies as they are."""
    letter = "F" if period == "night" and wind[1] < _STABLE_BELOW_MPS else "D"
    weather = uniform(letter, max(wind[1], 1.0))
    branches, _ = scenario_branches(model.sources, weather, settings)
    outcomes = [
        Outcome(0, b.loss.scenario, b.end.outcome, b.weather, b.frequency, b.footprint)
        for b in branches
        if b.footprint is not None and b.frequency > 0
    ]
    return replace(model, outcomes=outcomes, weather=weather)


def _loss(row: dict[str, Any], scenario: str, settings: RiskSettings) -> Loss | None:
    """The release behind a scenario; None where the source's own values no longer give it."""
    found = losses(row, 0, material(row["substance"]), frequencies=settings.frequencies, isolation=settings.isolation)
    return next((loss for loss in found if loss.scenario == scenario), None)


def _zones(
    outcomes: list[Outcome],
    loss: Loss | None,
    at: tuple[float, float],
    wind: Wind,
    model: Model,
    settings: RiskSettings,
) -> gpd.GeoDataFrame:
    """Zones of death from the footprints and of effects from the models, the largest first."""
    dead = accident_zones(outcomes, at, wind, model.sources.crs)
    dead = dead.assign(meaning="death in the open", distance_m=np.nan, warning="")
    parts = [dead[[*ZONE_COLUMNS, "geometry"]]]
    kinds = list(dict.fromkeys(o.kind for o in outcomes))
    found = [z for kind in kinds for z in effect_zones(kind, loss.release, at, wind, settings)] if loss else []
    if found:
        table = {name: [getattr(z, name) for z in found] for name in ZONE_COLUMNS if name != "area_km2"}
        shapes = [z.geometry for z in found]
        frame = gpd.GeoDataFrame(table, geometry=shapes, crs=model.sources.crs)
        parts.append(frame.assign(area_km2=frame.area / 1e6)[[*ZONE_COLUMNS, "geometry"]])
    parts = [p for p in parts if len(p)]
    zones = pd.concat(parts, ignore_index=True) if parts else dead[[*ZONE_COLUMNS, "geometry"]]
    far = [
        z.hausdorff_distance(gpd.points_from_xy([at[0]], [at[1]])[0]) if np.isnan(d) else d
        for z, d in zip(zones.geometry, zones["distance_m"], strict=True)
    ]
    zones = zones.assign(distance_m=far)
    return zones.sort_values("area_km2", ascending=False, kind="stable").reset_index(drop=True)


def _beside(
    zones: gpd.GeoDataFrame, erg: dict[str, Any] | None, at: tuple[float, float], wind: Wind
) -> gpd.GeoDataFrame:
    """The zones with the distances of ERG 2024 as areas, and the ground nobody without protection may enter."""
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    if erg is not None:
        meaning = f"ERG 2024, UN {erg['un']}, {erg['container']}"
        isolate, protect = float(erg["isolate_m"]), float(erg["protect_m"])
        areas = (
            ("ERG isolation", isolate, shapely.Point(at).buffer(isolate, quad_segs=32)),
            ("ERG protection", protect, downwind_square(protect, at, wind.towards)),
        )
        rows += [{"effect": name, "level": d, "unit": "m", "meaning": meaning, "distance_m": d} for name, d, _ in areas]
        shapes += [area for _, _, area in areas]
    closed = keep_out(zones)
    isolated = shapely.union_all([closed, *shapes[:1]])
    if not isolated.is_empty:
        far = float(shapely.hausdorff_distance(isolated, shapely.Point(at)))
        meaning = "death, 12.5 kW/m2, 10 kPa, AEGL-3 or isolation: for routes of rescue to avoid"
        rows.append({"effect": "keep out", "level": 0.0, "unit": "", "meaning": meaning, "distance_m": far})
        shapes.append(isolated)
    if not rows:
        return zones
    more = gpd.GeoDataFrame(rows, geometry=shapes, crs=zones.crs).assign(kind="", warning="")
    more = more.assign(area_km2=more.area / 1e6)[[*ZONE_COLUMNS, "geometry"]]
    both = pd.concat([zones, more], ignore_index=True) if len(zones) else more
    return both.sort_values("area_km2", ascending=False, kind="stable").reset_index(drop=True)


def keep_out(zones: gpd.GeoDataFrame) -> Any:
    """
    The ground of an accident that nobody without protection may enter: forbidden for the routes of rescue.

    Where 1 % die, heat of 12.5 kW/m2, overpressure of 10 kPa, and AEGL-3 (else ERPG-3, else IDLH) are reached.
    """
    limits = [name for name in ("AEGL-3", "ERPG-3", "IDLH") if (zones["effect"] == name).any()][:1]
    wanted = zones["effect"].isin(["death", *limits])
    for effect, least in _NO_ENTRY.items():
        wanted |= (zones["effect"] == effect) & (zones["level"] >= least)
    return shapely.union_all(zones.geometry[wanted].to_numpy())


def _beside_the_point(effect: str) -> bool:
    """Whether a zone harms nobody by itself: fronts, distances of ERG, closed ground."""
    return effect.startswith("ERG ") or effect.endswith("front") or effect == "keep out"


def _domino(zones: gpd.GeoDataFrame, sources: gpd.GeoDataFrame | None, own: str) -> list[dict[str, Any]]:
    """Other sources within the heat or blast at which equipment fails (``zone_thresholds.csv``, domino)."""
    from ..rows import table_rows

    if sources is None:
        return []
    levels = {(r["effect"], float(r["level"])) for r in table_rows("zone_thresholds") if r["domino"] == "yes"}
    ids = source_ids(sources)
    found: dict[int, tuple[str, str, float, str]] = {}
    for zone in zones.sort_values("level", ascending=False, kind="stable").itertuples(index=False):
        if (zone.effect, float(zone.level)) not in levels:
            continue
        for i in sorted(sources.sindex.query(zone.geometry, predicate="intersects").tolist()):
            if str(ids[i]) != own:
                found.setdefault(i, (zone.kind, zone.effect, float(zone.level), zone.unit))
    return [
        {"id": str(ids[i]), "name": sources["name"].iloc[i], "substance": sources["substance"].iloc[i]}
        | dict(zip(("kind", "effect", "level", "unit"), why, strict=True))
        for i, why in sorted(found.items())
    ]


def _erg(row: dict[str, Any], period: str, wind: Wind, scenario: str, settings: RiskSettings) -> dict[str, Any] | None:
    loss = _loss(row, scenario, settings)
    large = loss is None or loss.release.mass_kg > LARGE_SPILL_KG
    return erg_distances(str(row["substance"]), period, wind.speed_mps, large=large)
