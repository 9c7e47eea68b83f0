"""Turn restrictions of OpenStreetMap: relations of type restriction, over a node or over ways."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray
from osmium.filter import IdFilter, TagFilter

from .quality import Log

# OSM wiki, Relation:restriction.
KINDS = frozenset(
    ("no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit", "only_left_turn",
     "only_right_turn", "only_straight_on", "only_u_turn")
)  # fmt: skip
COLUMNS = ("id", "kind", "from_id", "to_id", "via_ids", "exempt", "vehicles", "conditional")
_TAG, _HOURS = "restriction", ":conditional"


class Turn(NamedTuple):
    """A row and where it is: a node, or (0) the node that the way left shares with the ways ``via``."""

    node: int
    start: int
    via: tuple[int, ...]
    number: int
    row: dict[str, str | None]


def read_turns(path: Path, log: Log) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.object_]]:
    """
    Rows (`COLUMNS`), relation numbers and points (WGS 84) where the first road is left.

    A restriction for some vehicles (restriction:hgv) names them, one for some hours (restriction:conditional) has
    them as written. Left out and told: those of no known kind, and without all their members. A no_entry with
    several from ways, or a no_exit with several to ways, gives a row for each.
    """
    turns: list[Turn] = []
    left: dict[str, list[int]] = {"turn_incomplete": []}
    found = osmium.FileProcessor(str(path), osmium.osm.RELATION).with_filter(TagFilter(("type", "restriction")))
    for relation in found:
        read = _turns(relation)
        if isinstance(read, str):
            left.setdefault(read, []).append(relation.id)
        else:
            turns += read
    ways = _way_nodes(path, {way for t in turns if t.via for way in (t.start, *t.via)})
    turns = [t._replace(node=_shared(ways, t)) if t.via else t for t in turns]
    places = _places(path, sorted({t.node for t in turns}))
    left["turn_incomplete"] += [t.number for t in turns if t.node not in places]
    turns = [t for t in turns if t.node in places]
    for code, ids in sorted(left.items()):
        if ids:
            log.note(code, value=", ".join(map(str, ids[:5])), count=len(ids))
            log.left_out += len(ids)
    points = shapely.points(np.array([places[t.node] for t in turns], float).reshape(-1, 2))
    frame = pd.DataFrame([t.row for t in turns], columns=list(COLUMNS), dtype=object)
    return frame, np.array([t.number for t in turns], np.int64), points


def _turns(relation: Any) -> str | list[Turn]:
    """Its rows, or the code of the reason why it has none."""
    tags = dict(relation.tags)
    orders = [order for key in sorted(tags) for order in _order(key, tags[key])]
    if not orders:
        return "turn_unknown"
    members: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
    for member in relation.members:
        if member.role in members:
            members[member.role].append((member.type, member.ref))
    pairs = [(a, b) for ta, a in members["from"] for tb, b in members["to"] if ta == tb == "w"]
    kinds, via = {t for t, _ in members["via"]}, tuple(ref for _, ref in members["via"])
    if not pairs or not (kinds == {"w"} or (kinds == {"n"} and len(via) == 1)):
        return "turn_incomplete"
    over = via if kinds == {"w"} else ()
    rows = []
    for kind, vehicles, conditional in orders:
        single = {"no_entry": members["to"], "no_exit": members["from"]}.get(kind, members["from"] + members["to"][1:])
        if len(single) != 1:
            return "turn_incomplete"
        said = {"via_ids": ";".join(f"way/{n}" for n in over) or None, "exempt": tags.get("except")}
        said |= {"kind": kind, "vehicles": vehicles, "conditional": conditional}
        rows += [said | {"from_id": f"way/{a}", "to_id": f"way/{b}"} for a, b in pairs]
    names = [f"relation/{relation.id}" + (f"#{i}" if len(rows) > 1 else "") for i in range(1, len(rows) + 1)]
    starts = [a for _ in orders for a, _ in pairs]
    node = 0 if over else via[0]
    return [
        Turn(node, start, over, relation.id, row | {"id": name})
        for name, start, row in zip(names, starts, rows, strict=True)
    ]


def _order(key: str, value: str) -> Iterable[tuple[str, str | None, str | None]]:
    """Kind, vehicles and hours of one tag, if it is a restriction of a known kind."""
    if key != _TAG and not key.startswith(_TAG + ":"):
        return
    hours = key.endswith(_HOURS)
    vehicles = key.removesuffix(_HOURS).removeprefix(_TAG).removeprefix(":") or None
    kind = value.partition("@")[0].strip() if hours else value
    if kind in KINDS:
        yield kind, vehicles, value if hours else None


def _way_nodes(path: Path, ways: set[int]) -> dict[int, list[int]]:
    """Nodes of each of the ways that the file has."""
    if not ways:
        return {}
    found: Any = osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(IdFilter(sorted(ways)))
    return {w.id: [n.ref for n in w.nodes] for w in found}


def _shared(ways: dict[int, list[int]], turn: Turn) -> int:
    """The end of the way left that lies on a way of the via; 0 if there is none, or both ends do."""
    if any(n not in ways or not ways[n] for n in (turn.start, *turn.via)):
        return 0
    own = ways[turn.start]
    ends = {own[0], own[-1]} & {node for n in turn.via for node in ways[n]}
    return ends.pop() if len(ends) == 1 else 0


def _places(path: Path, nodes: list[int]) -> dict[int, tuple[float, float]]:
    if not nodes:
        return {}
    found: Any = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(IdFilter(nodes))
    return {n.id: (n.lon, n.lat) for n in found if n.location.valid()}
