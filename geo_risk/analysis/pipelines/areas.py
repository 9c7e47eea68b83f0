"""High-consequence areas and location classes of all pipelines of a region."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ...standards import parameter, weakest
from ..exposure import located
from ..rows import records, text, working
from .causes import Cause, causes_of, settlements
from .chainage import Interval, Route, on_features, routes, stretches, union
from .hca import SIGMAS, hca_rows
from .households import Units, household_units
from .location import Band, Raise, location_bands, scheme, strip_of
from .pipes import Pipe, pipes_of, site_reach
from .tables import result_table

# Kinds of crowded places in the open, for the 90 m of GB 50028.
_OUTDOOR = frozenset({"scenic", "market", "sports"})
_ERROR = "position_error_m"
_MARGIN_M = 100.0  # beyond the largest reach, for position errors; more where a row states more


class PipelineAreas(NamedTuple):
    """schema.RESULTS ``hca`` and ``location_classes``, and rows that were left out: (layer, why) -> count."""

    hca: gpd.GeoDataFrame
    classes: gpd.GeoDataFrame
    skipped: Counter[tuple[str, str]]


def pipeline_areas(layers: Mapping[str, gpd.GeoDataFrame]) -> PipelineAreas:
    """
    High-consequence areas (GB 32167-2015) of long-distance pipelines, and location classes.

    Location classes are those of GB 50251-2015 for long-distance gas, and of GB 50028 for town gas above 1.6 MPa.
    Pipelines of the same kind and medium that meet end to end are looked at as one, so that no window ends
    where a file happens to cut them; results are told in the chainage of each feature.

    Parameters
    ----------
    layers
        Layers of schema.LAYERS by name in one metric CRS: gas_pipelines; used where present are buildings,
        population, crowded_places, roads, water, hazard_sources, landuse, emergency_facilities.

    Raises
    ------
    CRSError, InputError
        As `pipes_of`.
    """
    skipped: Counter[tuple[str, str]] = Counter()
    pipes = pipes_of(layers["gas_pipelines"], skipped)
    _note(pipes, skipped)
    chosen = [p for p in pipes if p.fluids or p.scheme]
    hca: list[dict[str, Any]] = []
    classes: list[dict[str, Any]] = []
    if chosen:
        margin = _margin(chosen, layers)
        strip = strip_of([p.geometry for p in chosen], _reach(chosen) + margin)
        units, causes = household_units(layers, strip, skipped), causes_of(layers, strip, skipped)
        zones = _zones(layers, strip)
        trees = [shapely.STRtree(u.shape) for u in units]
        standing = shapely.STRtree([c.shape for c in causes])
        keys = [(p.fluids, p.scheme, p.kind, p.medium) for p in chosen]
        for route in routes([p.geometry for p in chosen], keys, [(p.diameter_mm, p.name) for p in chosen]):
            strip_m = scheme(chosen[int(route.row[0])].scheme or "GB 50251").strip_m
            mine = [u.among(_near(tree, route, strip_m)) for u, tree in zip(units, trees, strict=True)]
            around = [causes[i] for i in _near(standing, route, _reach([chosen[r] for r in route.row]) + margin)]
            _survey(route, chosen, mine, around, zones, hca, classes)
    crs = layers["gas_pipelines"].crs
    found = result_table("hca", hca, chosen, crs), result_table("location_classes", classes, chosen, crs)
    return PipelineAreas(found[0], found[1], skipped)


def _note(pipes: Sequence[Pipe], skipped: Counter[tuple[str, str]]) -> None:
    for pipe in pipes:
        if pipe.kind == "hazmat":
            skipped["gas_pipelines", "chemical pipelines: GB 32167 has no table for them"] += 1
        elif pipe.kind == "town_gas" and not pipe.scheme:
            skipped["gas_pipelines", "town gas up to 1.6 MPa: no location class and no high-consequence area"] += 1
        elif not pipe.fluids and not pipe.scheme:
            skipped["gas_pipelines", f"long-distance pipelines of {pipe.medium}: GB 32167 has no table for them"] += 1


def _reach(pipes: Sequence[Pipe]) -> float:
    """The largest distance [m] at which anything may count."""
    far = [site_reach(p)[1][0] for p in pipes if "gas" in p.fluids]
    return max([scheme("GB 50251").strip_m, *far])


def _margin(pipes: Sequence[Pipe], layers: Mapping[str, gpd.GeoDataFrame]) -> float:
    """How far beyond its stated place [m] anything may lie."""
    stated = [pd.to_numeric(f[_ERROR], errors="coerce").max() for f in layers.values() if _ERROR in f]
    worst = max((float(e) for e in stated if np.isfinite(e)), default=0.0)
    return max(_MARGIN_M, SIGMAS * float(np.hypot(worst, max(p.error_m for p in pipes))))


def _near(tree: shapely.STRtree, route: Route, reach: float) -> list[int]:
    """Which shapes lie within reach of the route, in their order."""
    return sorted(tree.query(route.line, "dwithin", reach).tolist())


def _survey(
    route: Route,
    pipes: Sequence[Pipe],
    units: Sequence[Units],
    causes: Sequence[Cause],
    zones: Sequence[tuple[Any, str]],
    hca: list[dict[str, Any]],
    classes: list[dict[str, Any]],
) -> None:
    first = pipes[int(route.row[0])]
    of = scheme(first.scheme or "GB 50251")
    town = first.scheme == "GB 50028"
    bands = location_bands(route.line, units, of, _raises(route, causes, zones, town=town))
    if first.scheme:
        sensitive = _sensitive(route, causes, of.strip_m)
        classes += [row for band in bands for row in _class_rows(route, pipes, band, first.scheme, sensitive)]
    if first.fluids:
        near = list(causes)
        if "oil" in first.fluids:
            near += settlements(units, strip_of([route.line], of.strip_m))
        hca += hca_rows(route, pipes, bands, near)


def _zones(layers: Mapping[str, gpd.GeoDataFrame], strip: Any) -> list[tuple[Any, str]]:
    """Industrial and residential land near the pipelines, with its id."""
    if "landuse" not in layers:
        return []
    frame = layers["landuse"]
    shapes = np.asarray(frame.geometry.array)
    near = working(frame) & located(shapes)
    near[near] = shapely.intersects(strip, shapes[near])
    rows = zip(records(frame[near]), shapes[near], strict=True)
    return [
        (s, f"{text(r, 'kind')} area '{text(r, 'name') or r['id']}'") for r, s in rows if text(r, "kind") in _PLANNED
    ]


_PLANNED = ("industrial", "residential")


def _raises(route: Route, causes: Sequence[Cause], zones: Sequence[tuple[Any, str]], *, town: bool) -> list[Raise]:
    """What makes class 3 besides households: industrial and planned areas, outdoor gathering places of town gas."""
    needs = "" if town else "whether planning counts the area as class 3 whatever its households"
    found = []
    wanted = [z for z in zones if not town or z[1].startswith("industrial")]
    for name, a, b in _stretches(route, wanted, scheme("GB 50251").strip_m):
        found.append(Raise(a, b, f"in or beside {name}", town, needs))
    if town:
        open_air = [(c.shape, c.name or c.id) for c in causes if c.what == "site" and c.kind in _OUTDOOR]
        for name, a, b in _stretches(route, open_air, parameter("outdoor_gathering_m")):
            found.append(Raise(a, b, f"within 90 m of the gathering place '{name}'", True))
    return found


def _stretches(route: Route, places: Sequence[tuple[Any, str]], reach: float) -> list[tuple[str, float, float]]:
    if not places:
        return []
    near = stretches(route.line, np.array([*(s for s, _ in places), None], object)[:-1], np.asarray(reach))
    return [
        (places[i][1], float(a), float(b)) for i, a, b in zip(near.shape, near.from_m, near.to_m, strict=True) if b > a
    ]


def _sensitive(route: Route, causes: Sequence[Cause], reach: float) -> list[Interval]:
    """Where schools, hospitals and the like stand within the strip: to 200 m beyond their edge."""
    shapes = [c.shape for c in causes if c.what == "site" and c.kind in _HARD]
    if not shapes:
        return []
    near = stretches(route.line, np.array([*shapes, None], object)[:-1], np.asarray(reach))
    edge = parameter("hca_boundary_m")
    return union(zip((near.near_from - edge).tolist(), (near.near_to + edge).tolist(), strict=True))


_HARD = frozenset(
    {
        "hospital",
        "kindergarten",
        "primary_school",
        "middle_school",
        "college",
        "elderly_home",
        "mall",
        "clinic",
        "training",
    }
)


def _class_rows(
    route: Route, pipes: Sequence[Pipe], band: Band, name: str, sensitive: Sequence[Interval]
) -> list[dict[str, Any]]:
    rule, three = scheme(name).rows[band.rank], scheme(name).rows[2]
    rows = []
    hard_at = sensitive if band.rank < 2 else ()
    cuts = sorted({band.from_m, band.to_m, *(x for s in hard_at for x in s if band.from_m < x < band.to_m)})
    for a, b in itertools.pairwise(cuts):
        hard = any(x < b and a < y for x, y in hard_at)
        design = three if hard else rule
        reason = band.reason + ("; a place hard to evacuate within 200 m: designed as class 3" if hard else "")
        told = {
            "class": str(rule["class"]),
            "class_sure": str(scheme(name).rows[min(band.sure_rank, band.rank)]["class"]),
            "design_class": str(design["class"]),
            "design_factor": design["design_factor"],
            "households": band.households,
            "households_from": band.layer,
            "window_from_m": band.window[0],
            "window_to_m": band.window[1],
            "reason": reason,
            "confidence": weakest([rule["confidence"], "MU" if "households of buildings" in band.needs else "V"]),
            **{c: rule[c] for c in ("standard", "edition", "clause")},
        }
        for row, x, y in on_features(route, a, b):
            needs = "; ".join(dict.fromkeys((*pipes[row].needs, *band.needs, *_pressure(pipes[row]))))
            rows.append({"row": row, "from_m": x, "to_m": y, **told, "needs": needs})
    return rows


def _pressure(pipe: Pipe) -> tuple[str, ...]:
    town = pipe.scheme == "GB 50028" and not np.isfinite(pipe.pressure_mpa)
    return ("pressure: up to 1.6 MPa no class applies",) if town else ()
