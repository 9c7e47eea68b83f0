"""Areas and lines that dangerous goods must keep out of, and when a rule becomes milder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .hours import DAY, WEEK, Window, week_of
from .permits import road_rules, road_texts
from .vehicles import UNKNOWN_LOAD, Load, Vehicle

Bools = NDArray[np.bool_]
# Of a road only touched by an area no more than this lies inside [m].
TOUCH_M = 1.0
# A ban drawn as a line holds for the roads that run along it within this [m] for more than half of their length.
ALONG_M = 10.0


def banned(
    lines: NDArray[np.object_], bans: gpd.GeoDataFrame, window: Window, load: Load = UNKNOWN_LOAD
) -> tuple[Bools, NDArray[np.object_]]:
    """
    Which lines (n,) hazmat vehicles may not drive for the areas and lines of ``bans``
    (``schema.LAYERS["hazmat_bans"]``, same CRS), and why.

    A row without hours holds always, one without classes for every load; hours that cannot be read hold always.
    """
    closed, reason = np.zeros(len(lines), bool), np.full(len(lines), "", object)
    tree = shapely.STRtree(lines)
    for row in bans.to_dict("records"):
        if not _meant(str(row.get("classes") or ""), load) or not window.worst(ban_week(row.get("hours"))):
            continue
        hit = _along(tree, lines, row["geometry"])
        new = hit[~closed[hit]]
        closed[hit] = True
        name = _first(row, "name", "id")
        why = " ".join(t for t in (_first(row, "reason"), _first(row, "hours")) if t)
        reason[new] = f"ban area {name}{f' ({why})' if why else ''}"
    return closed, reason


def ban_week(hours: Any) -> Bools:
    """(WEEK,) the minutes of a ban's hours; all of them where there are none, or none that can be read."""
    if not isinstance(hours, str) or not hours.strip():
        return np.ones(WEEK, bool)
    try:
        return week_of(hours)
    except ValueError:
        return np.ones(WEEK, bool)


def _along(tree: shapely.STRtree, lines: NDArray, shape: shapely.Geometry) -> NDArray[np.int64]:
    """The lines inside an area by more than a touch, or along a line."""
    areal = shapely.get_dimensions(shape) == 2
    area = shape if areal else shapely.buffer(shape, ALONG_M)
    near = np.sort(tree.query(area, predicate="intersects"))
    inside = shapely.length(shapely.intersection(lines[near], area))
    return near[inside > (TOUCH_M if areal else shapely.length(lines[near]) / 2)]


def _meant(classes: str, load: Load) -> bool:
    """Whether a list of classes or substances means a load; an empty list and an unknown load always do."""
    words = [w.strip().lower() for w in re.split(r"[|;,，、；]", classes) if w.strip() and w.strip() != "nan"]
    own = {n.lower() for n in (load.name, *load.names)}
    return not words or not load.name or any(w in own or (load.division and _in_class(load.division, w)) for w in words)


def _in_class(division: str, word: str) -> bool:
    number = re.sub(r"^(class|第)\s*|类$|项$", "", word).strip()
    return division == number or division.startswith(f"{number}.")


def relief(
    roads: gpd.GeoDataFrame,
    bans: gpd.GeoDataFrame | None,
    vehicle: Vehicle,
    load: Load,
    weekday: int | None,
    start: float,
    others: Sequence[Bools] = (),
) -> list[float]:
    """
    Waits [min], at most a day, after ``start`` at which a rule of these roads or a ban becomes milder.

    ``others``: (WEEK,) when further rules hold.
    """
    texts = sorted(road_texts(roads).drop_duplicates().itertuples(index=False, name=None))
    weeks = [rule.week for words in texts for rule in road_rules(words, vehicle, load)]
    if bans is not None:
        weeks += [ban_week(hours).astype(np.uint8) for hours in bans["hours"]]
    milder = np.zeros(WEEK, bool)
    for week in (*weeks, *(other.astype(np.uint8) for other in others)):
        milder |= np.roll(week, 1) > week
    days = range(7) if weekday is None else (weekday,)
    now = int(np.floor(start))
    waits = {w for day in days for w in range(1, DAY + 1) if milder[(day * DAY + now + w) % WEEK]}
    return [w - (start - now) for w in sorted(waits)]


def _first(row: dict[str, Any], *columns: str) -> str:
    return next((str(row[c]) for c in columns if isinstance(row.get(c), str) and row[c]), "")
