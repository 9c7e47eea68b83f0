"""Turn restrictions of OpenStreetMap: relations of type restriction with a node as via."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
Turn = tuple[int, int, dict[str, str | None]]


def read_turns(path: Path, log: Log) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.object_]]:
    """
    Rows (id, kind, from_id, to_id, exempt), relation numbers and via points (WGS 84).

    Left out and told: restrictions whose via is a way, for some vehicles only (restriction:hgv), at some hours
    only (restriction:conditional), of no known kind, or without all their members. A no_entry with several
    from ways, or a no_exit with several to ways, gives a row for each.
    """
    turns: list[Turn] = []
    left: dict[str, list[int]] = {}
    found = osmium.FileProcessor(str(path), osmium.osm.RELATION).with_filter(TagFilter(("type", "restriction")))
    for relation in found:
        read = _turn(relation)
        if isinstance(read, str):
            left.setdefault(read, []).append(relation.id)
        else:
            turns += read
    places = _places(path, sorted({node for node, _, _ in turns}))
    left["turn_incomplete"] = left.get("turn_incomplete", []) + [n for v, n, _ in turns if v not in places]
    turns = [t for t in turns if t[0] in places]
    for code, ids in sorted(left.items()):
        if ids:
            log.note(code, value=", ".join(map(str, ids[:5])), count=len(ids))
            log.left_out += len(ids)
    points = shapely.points(np.array([places[node] for node, _, _ in turns], float).reshape(-1, 2))
    frame = pd.DataFrame(
        [row for _, _, row in turns], columns=["id", "kind", "from_id", "to_id", "exempt"], dtype=object
    )
    return frame, np.array([number for _, number, _ in turns], np.int64), points


def _turn(relation: Any) -> str | list[Turn]:
    """Its rows, or the code of the reason why it has none."""
    tags = dict(relation.tags)
    kind = tags.get("restriction")
    if kind is None:
        return "turn_partial" if any(k.startswith("restriction:") for k in tags) else "turn_unknown"
    if kind not in KINDS:
        return "turn_unknown"
    members: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
    for member in relation.members:
        if member.role in members:
            members[member.role].append((member.type, member.ref))
    if any(kind_ == "w" for kind_, _ in members["via"]):
        return "turn_via_way"
    ways = [(a, b) for ta, a in members["from"] for tb, b in members["to"] if ta == tb == "w"]
    several = (kind == "no_entry" and len(members["to"]) == 1) or (kind == "no_exit" and len(members["from"]) == 1)
    if len(members["via"]) != 1 or not ways or (len(ways) > 1 and not several):
        return "turn_incomplete"
    exempt = tags.get("except")
    rows = []
    for i, (start, end) in enumerate(ways):
        name = f"relation/{relation.id}" + (f"#{i + 1}" if len(ways) > 1 else "")
        row = {"id": name, "kind": kind, "from_id": f"way/{start}", "to_id": f"way/{end}", "exempt": exempt}
        rows.append((members["via"][0][1], relation.id, row))
    return rows


def _places(path: Path, nodes: list[int]) -> dict[int, tuple[float, float]]:
    if not nodes:
        return {}
    found: Any = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(IdFilter(nodes))
    return {n.id: (n.lon, n.lat) for n in found if n.location.valid()}
