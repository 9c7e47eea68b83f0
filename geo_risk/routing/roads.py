"""What the columns of the roads layer mean for a vehicle: speed, direction, which roads are out."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..errors import InputError
from ..standards import table as standard
from .topology import Lines, undirected_keys
from .vehicles import Vehicle

CLOSED_ACCESS = ("no", "private")
# Posted limits outside this range are typing or unit mistakes: the highest limit in China is
# 120 km/h (Road Traffic Safety Law implementing regulation art. 78), elsewhere 140 or less.
LIMITS_KMH = (3.0, 160.0)
_EXAMPLES = 3  # roads named where several are counted


def road_table(roads: gpd.GeoDataFrame, speeds: Mapping[str, float]) -> tuple[pd.DataFrame, dict[str, int]]:
    """
    One row a road: id, class, oneway (1, 0, -1), limit_kmh (NaN: none), kmh used, access, emergency, barrier,
    max_height_m, max_weight_t and width_m (NaN: no limit known), deck.

    Also counts what was not taken as written. Absent columns count as missing values.

    Raises
    ------
    InputError
        If a one-way value is none of 1, 0, -1 or missing.
    """
    n = len(roads)
    road_class = _text(roads, "class")
    limit, oneway = _number(roads, "speed_kmh"), _number(roads, "oneway")
    bad = ~(np.isnan(oneway) | np.isin(oneway, (-1, 0, 1)))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"roads: column 'oneway' has {oneway[row]:g} in row {row} ({int(bad.sum())} rows in all): "
            "write 1 along the line, -1 against it, 0 both ways."
        )
    mistaken = ~np.isnan(limit) & ~((limit >= LIMITS_KMH[0]) & (limit <= LIMITS_KMH[1]))
    limit = np.where(mistaken, np.nan, limit)
    decks = pd.DataFrame(
        {
            "level": np.nan_to_num(_number(roads, "level")),
            "bridge": _flag(roads, "bridge"),
            "tunnel": _flag(roads, "tunnel"),
        }
    )
    table = pd.DataFrame(
        {
            "id": _text(roads, "id") if "id" in roads else np.arange(n).astype(str).astype(object),
            "class": road_class,
            "oneway": np.nan_to_num(oneway).astype(np.int8),
            "limit_kmh": limit,
            "kmh": road_speed(road_class, limit, speeds),
            "access": _text(roads, "access"),
            "emergency": _text(roads, "emergency"),
            "barrier": _text(roads, "barrier"),
            "max_height_m": _number(roads, "max_height_m"),
            "max_weight_t": _number(roads, "max_weight_t"),
            "width_m": _number(roads, "width_m"),
            "deck": decks.groupby(["level", "bridge", "tunnel"]).ngroup().to_numpy(),
        }
    )
    unknown = ~pd.Series(road_class).isin(list(speeds)).to_numpy()
    wrong = _such(mistaken, table["id"], _number(roads, "speed_kmh"))
    corrected = {
        f"class unknown, speed of 'road' used ({_such(unknown, table['id'], road_class)}): "
        "correct it, or give its km/h in speeds_kmh under [rescue]": int(unknown.sum()),
        f"limit outside {LIMITS_KMH[0]:g} to {LIMITS_KMH[1]:g} km/h ignored ({wrong})": int(mistaken.sum()),
        "no one-way value, taken as both ways": int(np.isnan(oneway).sum()),
    }
    return table, corrected


def _such(rows: NDArray[np.bool_], names: pd.Series, values: NDArray) -> str:
    """The first of some roads with what they hold, for a person to find them."""
    first = np.flatnonzero(rows)[:_EXAMPLES]
    told = [f"{name}: {'none' if pd.isna(v) else v}" for name, v in zip(names.iloc[first], values[first], strict=True)]
    return ", ".join(told) + (", ..." if rows.sum() > len(first) else "")


def road_speed(road_class: NDArray, limit_kmh: NDArray, speeds: Mapping[str, float]) -> NDArray[np.float64]:
    """(r,) speed [km/h]: that of the class ("road" where unknown), capped by the limit; 0 where the class is closed."""
    by_class = pd.Series(road_class, dtype=object).map(dict(speeds)).fillna(speeds["road"]).to_numpy(float)
    return np.fmin(by_class, limit_kmh)


def emergency_ways(table: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """
    The `road_table` of an emergency vehicle, and (r,) what it may pass though the access says no or private.

    It may pass these unless the column emergency says no, or something that is no gate stands there
    (standards/hazmat_road_rules.csv), and may drive ways without motor traffic where the column says yes.
    """
    rules = standard("hazmat_road_rules")
    gates = set(rules.loc[rules["rule"] == "barrier", "key"])
    ways = rules[rules["rule"] == "emergency_way"].set_index("key")["value"].astype(float)
    said, closed = table["emergency"], table["access"].isin(CLOSED_ACCESS)
    stands = table["barrier"].fillna("").map(lambda text: bool({w.strip() for w in text.split(";")} - {""} - gates))
    own = said.isin(("yes", "designated", "official")) & ~stands & table["class"].isin(ways.index)
    slow = np.fmin(table["class"].map(ways).to_numpy(float), table["limit_kmh"])
    passes = closed & (said != "no") & ~stands
    access = table["access"].mask(passes | own).mask(said == "no", "no")
    kmh = table["kmh"].mask(own & (table["kmh"] <= 0), slow)
    return table.assign(access=access, kmh=kmh), passes.to_numpy(bool)


def vehicle_table(table: pd.DataFrame, vehicle: Vehicle | None) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """A `road_table` as a vehicle meets it, and (r,) the roads that none but emergency vehicles may pass."""
    if vehicle is None or not vehicle.emergency:
        return table, np.zeros(len(table), bool)
    return emergency_ways(table)


def sizes(vehicle: Vehicle | None) -> tuple[float | None, float | None, float | None]:
    """Height [m], weight [t] and width [m] by which roads are left out; only of emergency vehicles (see `permits`)."""
    if vehicle is None or not vehicle.emergency:
        return None, None, None
    return vehicle.height_m, vehicle.weight_t, vehicle.width_m


def usable_by(roads: gpd.GeoDataFrame, speeds: Mapping[str, float], vehicle: Vehicle | None) -> NDArray[np.bool_]:
    """(r,) which roads a network of that vehicle holds."""
    table, _ = vehicle_table(road_table(roads, speeds)[0], vehicle)
    return usable_roads(roads, table, *sizes(vehicle))[0]


def usable_roads(
    roads: gpd.GeoDataFrame,
    table: pd.DataFrame,
    height_m: float | None = None,
    weight_t: float | None = None,
    width_m: float | None = None,
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """
    (r,) whether a vehicle may use the road, and how many may not, by the first reason that holds.

    A road without a limit of height, weight or width is open to all of them.

    Raises
    ------
    InputError
        If a geometry is neither a line nor missing.
    """
    geometry = roads.geometry.to_numpy()
    types = shapely.get_type_id(geometry)
    lines = np.isin(types, (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING))
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    if not (lines | missing).all():
        row = int(np.flatnonzero(~(lines | missing))[0])
        kind = geometry[row].geom_type
        raise InputError(f"roads: row {row} is a {kind}, not a line. Remove such rows or draw them as lines.")
    skipped: dict[str, int] = {}
    usable = np.ones(len(roads), bool)
    for reason, out in (
        ("without geometry", missing),
        ("access no or private", table["access"].isin(CLOSED_ACCESS).to_numpy()),
        ("of a class closed to vehicles", table["kmh"].to_numpy() <= 0),
        ("lower than the vehicle", table["max_height_m"].to_numpy() < (height_m or 0.0)),
        ("too weak for the vehicle", table["max_weight_t"].to_numpy() < (weight_t or 0.0)),
        ("narrower than the vehicle", table["width_m"].to_numpy() < (width_m or 0.0)),
    ):
        skipped[reason] = int((usable & out).sum())
        usable &= ~out
    return usable, skipped


def without_repeats(lines: Lines, table: pd.DataFrame) -> tuple[Lines, int]:
    """
    Drop two-way lines that repeat an earlier two-way line of the same speed and deck, in either direction.

    Layers exported from directed graphs draw each two-way street twice; every vertex would become
    a junction. Returns the lines and the number of roads that vanished whole.
    """
    if not len(lines.road):
        return lines, 0
    rows = table.iloc[lines.road]
    key = pd.DataFrame(
        {
            "wkb": undirected_keys(lines.shapes)[0],
            "kmh": rows["kmh"].to_numpy(),
            "deck": rows["deck"].to_numpy(),
            "oneway": rows["oneway"].to_numpy(),
        }
    )
    keep = ~(key.duplicated() & (key["oneway"] == 0)).to_numpy()
    vertex = keep[lines.line]
    kept = Lines(lines.xy[vertex], (np.cumsum(keep) - 1)[lines.line[vertex]], lines.road[keep])
    return kept, len(np.unique(lines.road)) - len(np.unique(kept.road))


def _text(frame: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in frame:
        return np.full(len(frame), None, object)
    return frame[name].astype(object).where(frame[name].notna(), None).to_numpy()


def _number(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name]).to_numpy(dtype=float, na_value=np.nan)


def _flag(frame: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    if name not in frame:
        return np.zeros(len(frame), bool)
    return frame[name].fillna(False).to_numpy(dtype=bool)
