"""The step of rescue: who reaches whom, in which minutes, whose ground it is, and what lies beyond reach."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import store
from ..manifest import Step
from ..region import Region
from .files import SHARED_CODE, layer_files, tables, write_tables
from .roads import ROAD_LAYERS, keep_network, network_file

if TYPE_CHECKING:
    import geopandas as gpd

PLACE_LAYERS = ("hazard_sources", "crowded_places")
_RESULTS = ("travel_times", "service_areas", "coverage", "network", "catchments", "gaps", "weak_links")
_CODE = ("routing", "standards", "parallel.py", "pipeline/roads.py", "pipeline/rescue.py", *SHARED_CODE)


def rescue_step(region: Region) -> Step:
    """For a region with roads and emergency facilities."""
    firms = ("enterprises",) if "enterprises" in region.settings.layers else ()
    reads = layer_files(region, *ROAD_LAYERS, "emergency_facilities", *PLACE_LAYERS, *firms, "population", "districts")
    writes = (network_file(region), *tables(region, *_RESULTS, *(["enterprise_rescue"] if firms else [])))
    reads += (region.build / "boundary.parquet",)
    return Step("rescue", lambda: _rescue(region), reads, writes, asdict(region.settings.rescue), _CODE)


def _rescue(region: Region) -> None:
    import pandas as pd

    from ..analysis.rows import working
    from ..routing.closest import closest_facilities
    from ..routing.condition import network_condition
    from ..routing.coverage import coverage
    from ..routing.service import service_areas
    from ..routing.traffic import at_hour

    rescue, usual, facilities = region.settings.rescue, keep_network(region), facilities_of(region)
    hour = rescue.hours[0]
    roads = at_hour(usual, hour)
    places = {name: layer[working(layer)] for name, layer in region.layers(*PLACE_LAYERS).items()}
    common: dict[str, Any] = dict(kinds=rescue.kinds, turnout_s=rescue.turnout_s, access_max_m=rescue.max_access_m)
    others = region.layers("population", "districts")
    times = closest_facilities(roads, places, facilities, k=rescue.nearest, max_min=rescue.max_min, hour=hour, **common)
    areas = service_areas(roads, facilities, limits_min=rescue.limits_min, off_road_m=rescue.off_road_m, **common)
    people, districts = others.get("population"), others.get("districts")
    shares = pd.concat(
        [
            coverage(
                at_hour(usual, one),
                facilities,
                places,
                people,
                districts,
                limits_min=rescue.limits_min,
                hour=one,
                **common,
            )
            for one in dict.fromkeys(rescue.hours)
        ],
        ignore_index=True,
    )
    condition = network_condition(
        usual,
        places,
        facilities,
        kinds=rescue.kinds,
        access_max_m=rescue.max_access_m,
        promised=rescue.promised,
    )
    write_tables(region, travel_times=times, service_areas=areas, coverage=shares, network=condition)
    _areas(region, roads, facilities, places, shares[shares["hour"] == hour])
    for name, firms in region.layers("enterprises").items():
        # No routes: nine thousand of them would be the bulk of everything published.
        first = closest_facilities(
            roads, {name: firms[working(firms)]}, facilities, k=1, max_min=rescue.max_min, hour=hour, **common
        )
        write_tables(region, enterprise_rescue=pd.DataFrame(first.drop(columns="geometry")))


def _areas(region: Region, roads: Any, facilities: gpd.GeoDataFrame, places: dict[str, Any], shares: Any) -> None:
    """Areas of responsibility, gaps by district, and weak links."""
    import pandas as pd

    from ..routing.catchments import catchments, served, spots_of
    from ..routing.gaps import districts_of, gaps
    from ..routing.ground import ground_of
    from ..routing.resilience import breaks, weak_links

    rescue, layers = region.settings.rescue, region.layers("population", "districts")
    boundary = store.read_table(region.build / "boundary.parquet").geometry.iloc[0]
    spots = spots_of(roads, places, layers.get("population"), access_max_m=rescue.max_access_m)
    ground, units = ground_of(roads, boundary), districts_of(layers.get("districts"), boundary)
    own, late, weak, layer = [], [], [], region.layer("roads")
    for kind in rescue.kinds:
        found = served(
            roads, facilities, kind, spots, ground, turnout_s=rescue.turnout_s, access_max_m=rescue.max_access_m
        )
        own.append(catchments(roads, kind, rescue.hours[0], found, boundary, spots, ground))
        of_kind = shares[shares["facility_kind"] == kind]
        late.append(gaps(found, kind, rescue.hours[0], rescue.limits_min, of_kind, units, spots, ground, roads.crs))
        cuts = breaks(roads, found.starts, spots, rescue.limits_min, k=rescue.promised)
        weak.append(weak_links(roads, kind, rescue.hours[0], cuts, rescue.limits_min, spots, layer, rescue.promised))
    write_tables(
        region,
        weak_links=pd.concat(weak, ignore_index=True),
        catchments=pd.concat(own, ignore_index=True),
        gaps=pd.concat(late, ignore_index=True),
    )


def facilities_of(region: Region) -> gpd.GeoDataFrame:
    """
    The emergency facilities; hospitals come from the crowded places where the layer itself has none.

    Offices keep hospitals in the list of crowded places more often than in that of the rescue forces.
    """
    import pandas as pd

    facilities = region.layer("emergency_facilities")
    if "crowded_places" not in region.settings.layers or (facilities["kind"] == "hospital").any():
        return facilities
    places = region.layer("crowded_places")
    hospitals = places.loc[places["kind"] == "hospital", ["id", "name", "kind", "beds", "state", "geometry"]]
    hospitals = hospitals.assign(id="crowded_places/" + hospitals["id"])
    return pd.concat([facilities, hospitals], ignore_index=True) if len(hospitals) else facilities
