"""Which changed input rows stand behind areas of responsibility, gaps, weak links, and dangerous goods on roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .roads import ROAD_LAYERS
from .work import ON_ROUTE_M, Pairs, Rows, Work, ends, picked, touching

if TYPE_CHECKING:
    from ..analysis.causes import Zones

# Who is counted, and where.
_COUNTED = ("population", "crowded_places", "hazard_sources")
_COUNTS = {"geometry", "state", "persons"}
_PEOPLE = ("population", "crowded_places", "enterprises")
# Layers in which the ends of a flow are named.
_ENDS = ("enterprises", "hazard_sources", "emergency_facilities", "crowded_places", "parking_lots", "districts")
KEY = ("from_name", "to_name", "substance", "why")


def grounds(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Of areas of responsibility: roads and facilities anywhere, and who is counted on the old or new ground."""
    ways = {*work.inputs.of(*ROAD_LAYERS, "emergency_facilities").tolist()}
    # A place counts where its road is: a little beyond the ground it stands on.
    metres = max(state.region.settings.rescue.max_access_m for state in work.both)
    counted = [(n, s, metres) for n in _counted(work) for s in _shapes(work, n)]
    return [sorted(ways | found) for found in touching(work.zones(counted), before, after, pairs)]


def links(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Of gaps and weak links: roads, facilities, who is counted and districts anywhere: a road serves far places."""
    ways = work.inputs.of(*ROAD_LAYERS, "emergency_facilities", "districts").tolist()
    found = sorted({*ways, *_counted(work)})
    return [found for _ in pairs]


def _counted(work: Work) -> list[int]:
    """Changed people and places: those that came, went, moved, opened, closed, or are more or fewer."""
    table = work.inputs.table
    rows = (int(n) for n in work.inputs.of(*_COUNTED))
    return [n for n in rows if table["change"].iloc[n] != "changed" or _COUNTS & {*table["columns"].iloc[n]}]


def flows(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """
    Of a route its ends, changed roads and bans on the old or new way, and changed people within its reach.

    All routes of a flow together: which one is the best compromise depends on the others.
    """
    roads = [
        (int(n), s, ON_ROUTE_M) for n in work.inputs.of(*ROAD_LAYERS, "hazmat_bans") for s in _shapes(work, int(n))
    ]
    on_way = touching(work.zones(roads), before, after, pairs)
    people = _people_near(work, before, after, pairs)
    named = _named(work)
    together: dict[tuple[str, ...], set[int]] = {}
    keys = []
    for pair, found, near in zip(pairs, on_way, people, strict=True):
        rows = ends(before, after, pair)
        found = {*found, *near}
        for end in ("from_name", "to_name"):
            found |= {n for row in rows for n in named.get(str(row[end]), ())}
        if any(row.get("problem") or row.get("geometry") is None for row in rows):
            found |= {n for n, _, _ in roads}  # no way is kept
        keys.append(tuple(str(rows[-1][c]) for c in KEY[:3]))
        together.setdefault(keys[-1], set()).update(found)
    return [sorted(together[key]) for key in keys]


def passing(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Of a stretch what is behind the flows whose old or new way runs over it."""
    return [sorted(found) for found in touching(work.ways, before, after, pairs)]


def changed_ways(work: Work) -> Zones:
    """The old and new ways of every changed flow, with the rows behind it."""
    from ..analysis.causes import differences
    from ..analysis.changes import changed_rows

    tables = work.both.tables("tables", "hazmat_routes")
    if tables is None:
        return work.zones([])
    pairs = differences(*tables, changed_rows(*tables, KEY))
    old, new = picked(tables[0], [i for i, _ in pairs]), picked(tables[1], [j for _, j in pairs])
    causes = flows(work, old, new, pairs)
    items = [
        (n, row["geometry"], ON_ROUTE_M)
        for pair, numbers in zip(pairs, causes, strict=True)
        for row in ends(old, new, pair)
        for n in numbers
    ]
    return work.zones(items)


def _people_near(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[set[int]]:
    """Changed people within the reach of a release on each route."""
    from ..analysis.causes import PRESENCE_M

    people = [(int(n), s) for n in work.inputs.of(*_PEOPLE) for s in _shapes(work, int(n))]
    out: list[set[int]] = [set() for _ in pairs]
    if not people:
        return out
    tree = shapely.STRtree(np.array([s for _, s in people], object))
    for found, pair in zip(out, pairs, strict=True):
        for row in ends(before, after, pair):
            if row.get("geometry") is not None:
                metres = float(row["reach_m"]) + PRESENCE_M
                found.update(people[k][0] for k in tree.query(row["geometry"], "dwithin", metres).tolist())
    return out


def _named(work: Work) -> dict[str, list[int]]:
    """Id or name -> changed rows a flow may begin or end at."""
    out: dict[str, list[int]] = {}
    table = work.inputs.table
    for n in work.inputs.of(*_ENDS).tolist():
        row = table.iloc[n]
        renamed = [v["before"] for v in row["values"] if v["column"] == "name"]
        for name in dict.fromkeys(str(v) for v in (row["id"], row["id_before"], row["name"], *renamed) if v):
            out.setdefault(name, []).append(n)
    return out


def _shapes(work: Work, n: int) -> list[Any]:
    return [s for s in (work.inputs.before[n], work.inputs.after[n]) if s is not None]
