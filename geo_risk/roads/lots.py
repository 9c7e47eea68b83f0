"""What a hazmat parking lot is judged by: who is around, who comes, the lots in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..siting.ground import Ground
from .carriers import FACILITY
from .demand import in_service
from .plots import Plots, parameter

if TYPE_CHECKING:
    import geopandas as gpd

_MAIN = ("motorway", "trunk", "primary", "secondary")
Floats = NDArray[np.float64]


def in_use(ground: Ground) -> tuple[Plots, gpd.GeoDataFrame]:
    """The hazmat lots in use, as plots, and their rows."""
    frame = ground.layers.get("parking_lots")
    if frame is None:
        frame = ground.layers["enterprises"].iloc[:0].assign(bays=np.empty(0))
    frame = frame[(frame["kind"] == "hazmat").to_numpy(bool)] if len(frame) else frame
    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].reset_index(drop=True)
    n = len(frame)
    text = np.full(n, "", object)
    names = frame["name"].astype(object).where(frame["name"].notna(), frame["id"]).to_numpy(object)
    front = np.full((n, 2), np.nan)
    return Plots(front, frame.geometry.to_numpy(), names, np.full(n, "clear", object), text), frame


def people_around(ground: Ground, at: Floats) -> Floats:
    """(N,) residents within ``around_m`` of places (N, 2)."""
    from scipy.spatial import cKDTree

    from ..routing.snap import frame_points

    people = ground.layers.get("population")
    if people is None or not len(at):
        return np.zeros(len(at))
    xy, persons = frame_points(people), np.nan_to_num(people["persons"].to_numpy(float))
    known = np.isfinite(xy).all(axis=1)
    xy, persons = xy[known], persons[known]
    near = cKDTree(xy).query_ball_point(at, parameter(FACILITY, "around_m"), return_sorted=True)
    return np.array([float(persons[rows].sum()) for rows in near])


def found_at(ground: Ground, rows: gpd.GeoDataFrame, old: Plots) -> tuple[list[str], list[str]]:
    """Verdicts of lots in use: the worse of their setback findings of the last run and of the rules for sites."""
    from ..siting.answer import WORST

    table = ground.table("findings")
    verdicts, whys = [], []
    for key, own, why in zip(rows["id"], old.verdict, old.why, strict=True):
        found = [own]
        told = [why] if why else []
        if table is not None:
            mine = table[(table["source_layer"] == "parking_lots") & (table["source_id"] == key)]
            bad = mine[mine["verdict"] != "clear"].sort_values("clearance_m", kind="stable")
            found += bad["verdict"].tolist()
            told += [
                f"{r.rule_id} {r.standard}-{r.edition} {r.clause}: {r.target_name or r.target_id}, "
                f"{r.clearance_m:.1f} m of {r.required_m:g} m"
                for r in bad.itertuples()
            ]
        verdicts.append(min(found, key=WORST.index))
        whys.append("; ".join(told))
    return verdicts, whys


def rescue_min(ground: Ground, at: Floats) -> Floats:
    """(N,) minutes from the call until the first fire engine; NaN where no station is known, infinite: none comes."""
    from ..routing.closest import nearest_minutes
    from ..routing.snap import snap_points

    if "emergency_facilities" not in ground.region.settings.layers:
        return np.full(len(at), np.nan)
    starts, _ = in_service(ground, "fire_station")
    places = snap_points(ground.network, at, max_m=ground.region.settings.rescue.max_access_m)
    return np.where(places.edge < 0, np.inf, nearest_minutes(ground.network, starts, places))


def main_road(ground: Ground, at: Floats) -> Floats:
    """(N,) metres to the nearest main road without any restriction for hazardous goods; NaN where there is none."""
    import shapely

    roads = ground.layers["roads"]
    free = roads["class"].isin(_MAIN).to_numpy(bool)
    if "hazmat" in roads:
        written = roads["hazmat"].astype(object)
        free = free & (written.isna() | written.isin(("yes", "designated", "permissive"))).to_numpy(bool)
    lines = roads.geometry.to_numpy()[free]
    if not len(lines):
        return np.full(len(at), np.nan)
    points = shapely.points(at)
    return shapely.distance(points, lines[shapely.STRtree(lines).nearest(points)])
