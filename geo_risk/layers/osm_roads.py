"""Roads of OpenStreetMap: tags to columns for whole arrays of ways, and a fast reader of PBF files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray
from osmium.filter import KeyFilter

from . import osm_pbf
from .osm_tags import yes
from .osm_values import metres, number, signed, speed, tonnes

Texts = NDArray[np.object_]

# Ways a fire engine can drive (OSM wiki, Key:highway); tracks, paths and foot ways are not roads here.
DRIVABLE = frozenset(
    ("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
     "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service", "road")
)  # fmt: skip
KEYS = ("highway", "area", "name", "ref", "oneway", "junction", "maxspeed", "lanes", "width", "maxwidth", "bridge",
        "tunnel", "layer", "maxheight", "maxweight", "hgv", "motor_vehicle", "vehicle", "access", "emergency",
        "barrier")  # fmt: skip
_ONEWAY = {"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0}
_ROUND = ("roundabout", "circular")


def gathered(key: str) -> str | None:
    """The column that keeps a tag as text beside others: hazmat (with its tunnel codes) or conditional."""
    if key.endswith(":conditional"):
        return "conditional"
    return "hazmat" if key == "hazmat" or key.startswith("hazmat:") else None


def road_columns(tags: Mapping[str, Texts]) -> pd.DataFrame:
    """
    Columns of the roads layer from tag values (n,), None where a way lacks the tag.

    ``tags`` has `KEYS`, and "hazmat" and "conditional" as ``key=value;key=value`` text; its "barrier" is that of the
    way's nodes (`barriers_on`). Roundabouts and
    motorways are one-way unless tagged otherwise (OSM wiki, Key:oneway); the most particular of
    motor_vehicle, vehicle and access holds; of a width and a limit of width the lesser.
    """
    stated = _mapped(tags["oneway"], lambda v: float(_ONEWAY.get(v or "", np.nan)))
    implied = np.isin(_text(tags["junction"]), _ROUND) | (_text(tags["highway"]) == "motorway")
    access = _or(tags["motor_vehicle"], tags["vehicle"], tags["access"])
    return pd.DataFrame(
        {
            "name": _or(tags["name"], tags["ref"]),
            "class": tags["highway"],
            "oneway": np.where(np.isnan(stated), implied, stated).astype(np.int64),
            "speed_kmh": _mapped(tags["maxspeed"], speed),
            "lanes": _mapped(tags["lanes"], number),
            "width_m": np.fmin(_mapped(tags["width"], metres), _mapped(tags["maxwidth"], metres)),
            "bridge": _mapped(tags["bridge"], yes).astype(bool),
            "tunnel": _mapped(tags["tunnel"], yes).astype(bool),
            "level": _mapped(tags["layer"], signed),
            "max_height_m": _mapped(tags["maxheight"], metres),
            "max_weight_t": _mapped(tags["maxweight"], tonnes),
            "hazmat": tags["hazmat"],
            "access": access,
            "hgv": tags["hgv"],
            "conditional": tags["conditional"],
            "emergency": tags["emergency"],
            "barrier": tags["barrier"],
        }
    )


def barriers(path: Path) -> dict[int, str]:
    """Nodes with a barrier, and its kind."""
    found: Any = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(KeyFilter("barrier"))
    return {node.id: node.tags["barrier"] for node in found}


def barriers_on(nodes: Iterable[int], known: Mapping[int, str]) -> str | None:
    """The kinds of barrier on a way, split by ;; None without any."""
    return ";".join(sorted({known[n] for n in nodes if n in known})) or None


def _mapped(values: Texts, convert: Callable[[str | None], float]) -> NDArray[np.float64]:
    """``convert`` of each value, called once for each different one."""
    codes, different = pd.factorize(values)
    table = np.array([*(convert(v) for v in different), convert(None)], float)
    return table[codes]


def _text(values: Texts) -> NDArray[np.object_]:
    return np.where(pd.isna(values), "", values).astype(object)


def _or(*choices: Texts) -> Texts:
    """The first value that is there (an empty text is none)."""
    out = np.full(len(choices[0]), None, object)
    for values in reversed(choices):
        there = _text(values) != ""
        out[there] = values[there]
    return out


def plain_tags(rows: Iterable[Mapping[str, str]]) -> dict[str, Texts]:
    """The tags of some ways as `road_columns` wants them."""
    listed = [_with_gathered(tags) for tags in rows]
    out = {}
    for key in (*KEYS, "hazmat", "conditional"):
        out[key] = np.empty(len(listed), object)
        out[key][:] = [tags.get(key) for tags in listed]
    return out


def _with_gathered(tags: Mapping[str, str]) -> dict[str, str]:
    out = {k: v for k, v in tags.items() if k in KEYS}
    for key in sorted(tags):
        column = gathered(key)
        if column:
            out[column] = ";".join(filter(None, (out.get(column), f"{key}={tags[key]}")))
    return out


def is_road(tags: Any) -> bool:
    """Whether a way with these tags is a road of the layer."""
    return tags.get("highway") in DRIVABLE and tags.get("area") != "yes"


@dataclass
class Roads:
    """Roads as read: way ids (n,), columns, shapes; ``cut`` and ``lost`` are ids of ways with missing nodes."""

    ids: NDArray[np.int64]
    frame: pd.DataFrame
    geometry: NDArray[np.object_]
    cut: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    outside: int = 0


@dataclass(frozen=True)
class _Drawn:
    """The ways of the whole file before they have places and columns; of the tags only those that count."""

    ids: NDArray[np.int64]
    refs: NDArray[np.int64]
    offsets: NDArray[np.int64]
    way: NDArray[np.int64]
    key: NDArray[np.object_]
    value: NDArray[np.object_]


def read_pbf(path: Path, box: tuple[float, float, float, float] | None = None) -> Roads:
    """
    Roads of a PBF file, two passes: the ways, then the places of their nodes only.

    ``box`` (west, south, east, north, degrees): ways whose bounds do not touch it are only counted.

    Raises
    ------
    osm_pbf.Unsupported
        If the file needs the general reader.
    RuntimeError
        If it is broken.
    """
    drawn = _ways(path)
    xy = _places(path, drawn.refs)
    first, count = drawn.offsets[:-1], np.diff(drawn.offsets)
    bounds = _bounds(xy, drawn.offsets)
    gaps = np.add.reduceat(np.append(np.isnan(xy[:, 0]), False), first) * (count > 0) if len(first) else count
    sized = ((bounds[:, 2] > bounds[:, 0]) | (bounds[:, 3] > bounds[:, 1])) & (count > 1)
    near = np.ones(len(count), bool)
    if box is not None:
        west, south, east, north = bounds.T
        near = ~((west > box[2]) | (east < box[0]) | (south > box[3]) | (north < box[1]))
    geometry = np.full(len(count), None, object)
    whole = sized & near & (gaps == 0)
    geometry[whole] = shapely.linestrings(
        xy[np.repeat(whole, count)], indices=np.repeat(np.arange(whole.sum()), count[whole])
    )
    for i in np.flatnonzero(sized & near & (gaps > 0)):
        geometry[i] = line_of(xy[drawn.offsets[i] : drawn.offsets[i + 1]])
    keep = near & ~shapely.is_missing(geometry)
    frame = road_columns(_columns(drawn, keep) | {"barrier": _barriers(drawn, barriers(path))[keep]})
    lost = drawn.ids[near & ~keep]
    return Roads(drawn.ids[keep], frame, geometry[keep], drawn.ids[keep & (gaps > 0)].tolist(), lost.tolist(),
                 int((~near).sum()))  # fmt: skip


def _barriers(drawn: _Drawn, known: Mapping[int, str]) -> Texts:
    """(n,) `barriers_on` each way."""
    out = np.full(len(drawn.ids), None, object)
    at = np.flatnonzero(np.isin(drawn.refs, np.array(sorted(known), np.int64)))
    for way in np.unique(np.searchsorted(drawn.offsets, at, side="right") - 1):
        out[way] = barriers_on(drawn.refs[drawn.offsets[way] : drawn.offsets[way + 1]].tolist(), known)
    return out


def line_of(xy: NDArray[np.float64]) -> shapely.Geometry | None:
    """A line through (n, 2) places; in parts where NaN lies between them; None with under two different places."""
    there = ~np.isnan(xy[:, 0])
    pieces = np.split(xy, np.flatnonzero(np.diff(there)) + 1)
    lines = [shapely.linestrings(p) for p in pieces if not np.isnan(p[0, 0]) and (p != p[0]).any()]
    return None if not lines else lines[0] if len(lines) == 1 else shapely.multilinestrings(lines)


def _bounds(xy: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 4) west, south, east, north of each way; NaN without any place."""
    out = np.full((len(offsets) - 1, 4), np.nan)
    some = np.diff(offsets) > 0
    if some.any():
        first = offsets[:-1][some]
        out[some, :2] = np.fmin.reduceat(xy, first)
        out[some, 2:] = np.fmax.reduceat(xy, first)
    return out


def _ways(path: Path) -> _Drawn:
    """Every drivable way: node ids, and its tags that count as (way, key, value)."""
    ids, refs, counts, way, key, value = [], [], [], [], [], []
    total = 0
    for block in osm_pbf.ways(path):
        wanted = _drivable(block)
        if not wanted.any():
            continue
        counts.append(np.diff(block.refs.offsets)[wanted])
        refs.append(block.refs.values[np.repeat(wanted, np.diff(block.refs.offsets))])
        ids.append(block.ids[wanted])
        names = [s.decode() for s in block.strings]
        useful = np.fromiter((k in KEYS or gathered(k) is not None for k in names), bool, len(names))
        owner = np.repeat(np.where(wanted, np.cumsum(wanted) - 1 + total, -1), np.diff(block.keys.offsets))
        chosen = (owner >= 0) & useful[block.keys.values]
        table = np.array(names, object)
        way.append(owner[chosen])
        key.append(table[block.keys.values[chosen]])
        value.append(table[block.vals.values[chosen]])
        total += int(wanted.sum())
    offsets = np.concatenate([[0], np.cumsum(_joined(counts, np.int64))])
    whole, text = np.int64, np.object_
    return _Drawn(_joined(ids, whole), _joined(refs, whole), offsets, _joined(way, whole), _joined(key, text),
                  _joined(value, text))  # fmt: skip


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _drivable(block: osm_pbf.Ways) -> NDArray[np.bool_]:
    """(n,) ways of the block that are roads; see `is_road`."""
    find = {text: i for i, text in enumerate(block.strings)}
    keys, vals = block.keys.values, block.vals.values
    classes = np.isin(vals, [find[c.encode()] for c in DRIVABLE if c.encode() in find])
    road = classes & (keys == find.get(b"highway", -1))
    area = (keys == find.get(b"area", -1)) & (vals == find.get(b"yes", -1))
    owner = np.repeat(np.arange(len(block.ids)), np.diff(block.keys.offsets))
    wanted = np.zeros(len(block.ids), bool)
    wanted[owner[road]] = True
    wanted[owner[area]] = False
    return wanted


def _places(path: Path, refs: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 2) degrees of the nodes ``refs``; NaN where the file lacks one."""
    needed, where = np.unique(refs, return_inverse=True)
    xy = np.full((len(needed) + 1, 2), np.nan)
    for ids, places in osm_pbf.nodes(path):
        at = np.searchsorted(needed, ids)
        known = np.flatnonzero(at < len(needed))
        known = known[needed[at[known]] == ids[known]]
        xy[at[known]] = places[known]
    return xy[where]


def _columns(drawn: _Drawn, keep: NDArray[np.bool_]) -> dict[str, Texts]:
    """The tags of the ways to keep, one array a key."""
    row = np.cumsum(keep) - 1
    chosen = keep[drawn.way] if len(drawn.way) else np.empty(0, bool)
    way, key, value = row[drawn.way[chosen]], drawn.key[chosen], drawn.value[chosen]
    codes, names = pd.factorize(key)
    out = {name: np.full(int(keep.sum()), None, object) for name in (*KEYS, "hazmat", "conditional")}
    for code, name in sorted(enumerate(names), key=lambda item: item[1]):
        here = codes == code
        column = gathered(name)
        if column is None:
            out[name][way[here]] = value[here]
            continue
        for i, text in zip(way[here], value[here], strict=True):
            out[column][i] = ";".join(filter(None, (out[column][i], f"{name}={text}")))
    return out
