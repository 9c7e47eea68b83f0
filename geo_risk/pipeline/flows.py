"""The step that puts regular flows of dangerous goods on roads: which way each takes, and what passes each road."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GeoRiskError, InputError
from ..manifest import Step
from ..region import Region
from ..schema import RESULTS
from .files import SHARED_CODE, layer_files, tables, write_tables
from .hazmat import Roads, Trip, lawful, roads_of, trip_of
from .roads import ROAD_LAYERS

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np

    from ..routing.hazmat import Found, Roadway

# Layers in which a flow's ends are named, and those that say who is near.
LAYERS = (*ROAD_LAYERS, "hazmat_bans", "enterprises", "hazard_sources", "emergency_facilities", "crowded_places",
          "parking_lots", "districts", "population")  # fmt: skip
TABLES = ("hazmat_routes", "hazmat_links")
_COLUMNS = {
    "from": ("from", "起点", "装货点"), "to": ("to", "终点", "卸货点"),
    "substance": ("substance", "货物", "物质", "品名"),
    "trips_per_yr": ("trips_per_yr", "年车次", "车次"), "at": ("at", "发车时间", "时间"),
}  # fmt: skip
USED = "best compromise"  # the route a flow is put on; the fastest where there is none between
Row = dict[str, Any]


def flows_step(region: Region) -> Step:
    """The step; its file is ``[hazmat] flows``."""
    build, settings = region.build, region.settings
    reads = (region.folder / settings.hazmat.flows, build / "frame.json", build / "grid.json")
    return Step(
        "hazmat",
        lambda: _flows(region),
        (*reads, *layer_files(region, *LAYERS)),
        tables(region, *TABLES),
        asdict(settings.hazmat) | asdict(settings.rescue) | asdict(settings.risk),
        ("routing", "standards", "layers/own_numbers.py", "analysis/qra/people.py", "analysis/exposure.py",
         "pipeline/flows.py", "pipeline/hazmat.py", "pipeline/roads.py", *SHARED_CODE),
    )  # fmt: skip


def _flows(region: Region) -> None:
    import geopandas as gpd
    import numpy as np

    roads = roads_of(region)
    edges = len(roads.network.ms)
    passing: dict[str, np.ndarray] = {}
    risks = np.zeros(edges)
    people = np.zeros(edges)
    rows: list[Row] = []
    for k, flow in enumerate(read_flows(region.folder / region.settings.hazmat.flows), start=2):
        told = {"flow": f"row {k}", "from_name": flow["from"], "to_name": flow["to"], "substance": flow["substance"]}
        try:
            trips = _trips(flow)
            trip = trip_of(region, flow["from"], flow["to"], flow["substance"] or None, flow["at"] or None)
            way, _, _, found = lawful(roads, trip)
        except GeoRiskError as error:
            rows.append(told | {"problem": str(error), "used": False})
            continue
        shown, used = routes_of(roads, trip, way, found)
        rows += [told | {"trips_per_yr": trips} | row for row in shown]
        edge = np.unique(found.pieces[used].edge)
        passing.setdefault(trip.load.name, np.zeros(edges))[edge] += trips
        risks[edge] += trips * way.risk[edge]
        people[edge] = np.maximum(people[edge], way.people[edge])
    names = [*RESULTS["hazmat_routes"].names, "geometry"]
    frame = gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs=region.crs)
    frame = frame.astype({"route": "Int64", "used": "boolean"})
    write_tables(region, hazmat_routes=frame, hazmat_links=_links(roads, passing, risks, people))


def read_flows(path: Path) -> list[dict[str, str]]:
    """
    The rows of a file of flows: from, to, substance, trips_per_yr and at (departure), all text.

    Raises
    ------
    InputError
        If the file cannot be read or a column is missing.
    """
    from ..layers.own_numbers import read_own

    frame = read_own(path, "[hazmat] flows", "from, to, substance, trips_per_yr")
    chosen = {name: next((c for c in words if c in frame), None) for name, words in _COLUMNS.items()}
    missing = [name for name in ("from", "to", "substance", "trips_per_yr") if chosen[name] is None]
    if missing:
        raise InputError(
            f"{path.name}: no column {', '.join(missing)}. Its first line must name "
            f"{', '.join('/'.join(words[:2]) for words in _COLUMNS.values())}."
        )
    return [{name: row[c] if c else "" for name, c in chosen.items()} for row in frame.to_dict("records")]


def trips_of(flow: Row) -> float | None:
    """Trips a year of a row of `read_flows`; None where it tells none above 0."""
    try:
        value = float(flow["trips_per_yr"])
    except ValueError:
        return None
    return value if 0 < value < 1e8 else None


def _trips(flow: Row) -> float:
    value = trips_of(flow)
    if value is None:
        raise InputError(f"trips_per_yr {flow['trips_per_yr']!r}: write a number above 0.")
    return value


def routes_of(roads: Roads, trip: Trip, way: Roadway, found: Found) -> tuple[list[Row], int]:
    """The fastest, the one that is used, and the one with the least risk, with what they cost in minutes; the used."""
    from ..routing.hazmat import chosen

    picked = [(k, why) for k, why in chosen(way.network, found, 3) if why != "other way"]
    used = next((k for k, why in picked if why == USED), 0)
    rows = [route_row(roads, trip, way, found, k) | {"why": why, "used": k == used} for k, why in picked]
    return [row | {"route": n} for n, row in enumerate(rows, 1)], used


def route_row(roads: Roads, trip: Trip, way: Roadway, found: Found, k: int) -> Row:
    """What is told of one route (schema: hazmat_routes)."""
    import numpy as np

    from ..routing.exposed import people_along
    from ..routing.reach import Pieces, piece_lines

    network, pieces = way.network, found.pieces[k]
    metres = np.abs(pieces.end_m - pieces.begin_m)
    line = piece_lines(network, Pieces(np.zeros(len(metres), np.int64), *pieces[1:]))[0]
    coords, part = np.asarray(line.coords), metres / network.metres[pieces.edge]
    worst = int(np.argmax(way.people[pieces.edge]))
    crowd = roads.crowd(trip.reach.metres, trip.period)
    minutes = float(found.front.first[k]) / 60_000
    return {
        "from_name": trip.names[0], "to_name": trip.names[1], "substance": trip.load.name, "minutes": minutes,
        "extra_min": minutes - float(found.front.first[0]) / 60_000, "distance_km": float(metres.sum()) / 1000,
        "persons": people_along(crowd, coords, np.array([0, len(coords)]), trip.reach.metres),
        "risk": float((way.risk[pieces.edge] * part).sum()),
        "worst_persons": float(way.people[pieces.edge][worst]), "worst_road": _name(roads, int(pieces.edge[worst])),
        "reach_m": trip.reach.metres, "problem": "", "geometry": line,
    }  # fmt: skip


def _name(roads: Roads, edge: int) -> str:
    row = roads.layer.iloc[int(roads.network.road[edge])]
    return str(row["name"]) if isinstance(row.get("name"), str) and row["name"] else str(row["id"])


def _links(roads: Roads, passing: dict[str, np.ndarray], risk: np.ndarray, people: np.ndarray) -> gpd.GeoDataFrame:
    """One row a stretch between junctions and a load that passes it."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    network = roads.network
    # Counted along each road, so that a change elsewhere renames no stretch.
    number = pd.Series(network.road).groupby(network.road).cumcount().to_numpy() + 1
    total = sum(passing.values(), np.zeros(len(network.ms)))
    parts = []
    for load in sorted(passing):
        edge = np.flatnonzero(passing[load])
        road = network.road_id[network.road[edge]]
        trips = passing[load][edge]
        parts.append(pd.DataFrame({
            "id": [f"{r}#{k}" for r, k in zip(road, number[edge], strict=True)],
            "name": [_name(roads, int(e)) for e in edge],
            "road_id": road, "substance": load, "trips_per_yr": trips, "trips_all_per_yr": total[edge],
            "persons": people[edge], "risk_per_yr": risk[edge], "geometry": network.lines[edge],
        }))  # fmt: skip
    names = [*RESULTS["hazmat_links"].names, "geometry"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    return gpd.GeoDataFrame(frame[names], geometry="geometry", crs=network.crs)


def with_flows(roads: gpd.GeoDataFrame | None, links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The roads layer and a row for each stretch and load of the flows; a road that tells its own trips keeps these."""
    import geopandas as gpd
    import pandas as pd

    told = set() if roads is None else set(roads["id"][roads["hazmat_trips_per_yr"] > 0])
    new = links[~links["road_id"].isin(told)].rename(columns={"trips_per_yr": "hazmat_trips_per_yr"})
    rows = new[["id", "name", "substance", "hazmat_trips_per_yr", "geometry"]].copy()
    rows["id"] = rows["id"] + "/" + rows["substance"]
    if roads is None or not len(rows):
        return roads if roads is not None else rows
    return gpd.GeoDataFrame(pd.concat([roads, rows], ignore_index=True), geometry="geometry", crs=roads.crs)
