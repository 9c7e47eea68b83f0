"""
OpenStreetMap extracts (PBF, XML) -> layers, all those asked for in one pass.

Memory: the places of all nodes of the file (16 bytes a node, see `_STORAGE`) while areas are built, the
node ids of its roads, and the features near the region; what lies outside the box is dropped as it
is read. Measured growth a MB of PBF (about 100,000 nodes), the region being small: 1.6 MB for roads, 2.6 MB for all
else, of which 1.5 MB are pages of a file the system may take back. So 80 MB need about 0.2 GB, 1 GB about 2.6 GB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray
from osmium.filter import KeyFilter

from .. import store
from ..errors import InputError
from ..schema import LAYERS
from . import osm_pbf, osm_roads
from .osm_tags import RULES, Row, Rule
from .osm_turns import read_turns
from .quality import Issue, Log
from .raw import Raw

LAYER_NAMES = ("roads", "turn_restrictions", *RULES)
Box = tuple[float, float, float, float]
# Node places lie in a sorted array on disk: libosmium's in-memory default turns, beyond 16 million nodes,
# into blocks over the whole range of ids, 100 GB for a country cut out of the planet.
_STORAGE = "sparse_file_array"
_BATCH = 20_000  # features turned into shapes at a time


def read_osm(path: Path | str, layer: str) -> gpd.GeoDataFrame:
    """
    One layer of an OpenStreetMap extract, WGS 84 (EPSG:4326), by tags.

    Columns as in schema.py; ``id`` is node/N, way/N or relation/N (for districts the code, where
    tagged); ``source_row`` is N. Ways cut at the edge of the extract keep the part that is there.

    Raises
    ------
    InputError
        If the layer is not one of `LAYER_NAMES`, or the file is missing or broken.
    """
    raw = read_raw(Path(path), layer)
    frame = raw.frame.reindex(columns=LAYERS[layer].names)
    frame["source_file"], frame["source_row"] = raw.path.name, raw.rows
    return gpd.GeoDataFrame(frame, geometry=list(raw.geometry if raw.geometry is not None else []), crs="EPSG:4326")


def read_raw(path: Path, layer: str) -> Raw:
    """The same, with the features that could not be built told in the log."""
    return read_layers(path, [layer])[layer]


def read_layers(path: Path, layers: Sequence[str], box: Box | None = None) -> dict[str, Raw]:
    """
    Several layers at once; see `read_osm`.

    ``box`` (west, south, east, north, degrees): features whose bounds do not touch it are left out and
    counted, except districts, which no box may thin.
    """
    for layer in layers:
        if layer not in LAYER_NAMES:
            raise InputError(
                f"{path.name}: layer '{layer}' cannot be read from OpenStreetMap; "
                f"possible are {', '.join(LAYER_NAMES)}."
            )
    if not path.exists():
        raise InputError(f"{path}: there is no such file. Correct 'source' in region.toml.")
    try:
        return _read(path, layers, box)
    except RuntimeError as error:
        raise InputError(
            f"{path.name}: the OpenStreetMap file is broken or cut off ({error}). Download it again and check its size."
        ) from error


def _read(path: Path, layers: Sequence[str], box: Box | None) -> dict[str, Raw]:
    with osmium.io.Reader(str(path), osmium.osm.osm_entity_bits.NOTHING) as reader:
        if reader.header().has_multiple_object_versions:
            raise InputError(
                f"{path.name}: a history file, which holds old versions beside the present one. "
                "Give an extract without history (osmium time-filter makes one)."
            )
    out: dict[str, Raw] = {}
    others = [n for n in layers if n in RULES]
    if "roads" in layers:
        fast = _fast_roads(path, box)
        if fast is None:
            others.append("roads")
        else:
            out["roads"] = fast
    if "turn_restrictions" in layers:
        log = Log(path.name, "turn_restrictions")
        frame, rows, points = read_turns(path, log)
        out["turn_restrictions"] = _boxed(_raw(path, log, frame, rows, points), box)
    if others:
        out |= _features(path, others, box)
    return {name: out[name] for name in layers}


def survey(path: Path) -> dict[str, int]:
    """How many features of each layer the file seems to hold, by tags alone: quick, and needs no memory."""
    counts = dict.fromkeys(LAYER_NAMES, 0)
    keys = {key for rule in RULES.values() for key in rule.keys} | {"highway", "type"}
    try:
        item: Any
        for item in osmium.FileProcessor(str(path)).with_filter(KeyFilter(*sorted(keys))):
            tags = dict(item.tags)
            if item.is_relation() and tags.get("type") == "restriction":
                counts["turn_restrictions"] += 1
            if item.is_way() and osm_roads.is_road(tags):
                counts["roads"] += 1
            for name, rule in RULES.items():
                if _fits(item, tags, rule) and rule.columns(tags) is not None:
                    counts[name] += 1
    except RuntimeError as error:
        raise InputError(f"{path.name}: the OpenStreetMap file is broken or cut off ({error}).") from error
    return {name: count for name, count in counts.items() if count}


def _fits(item: Any, tags: Mapping[str, str], rule: Rule) -> bool:
    """Whether an element has the shape a rule reads: a point, a line or an area."""
    if item.is_node():
        return rule.points
    if item.is_relation():
        return rule.areas and tags.get("type") in ("multipolygon", "boundary")
    return _is_line(item, tags, rule) or (rule.areas and item.is_closed())


def _is_line(item: Any, tags: Mapping[str, str], rule: Rule) -> bool:
    return item.is_way() and rule.line_key in tags and not (rule.areas and item.is_closed())


def _raw(path: Path, log: Log, frame: pd.DataFrame, rows: NDArray[np.int64], geometry: NDArray[np.object_]) -> Raw:
    frame = frame.reindex(columns=["id", *(c for c in LAYERS[log.layer].names if c in frame and c != "id")])
    return Raw(path, None, frame, rows, log, geometry, "EPSG:4326", read=len(frame), canonical=True)


def _boxed(raw: Raw, box: Box | None) -> Raw:
    if box is not None and raw.geometry is not None:
        near = _near(raw.geometry, box)
        raw.take(near)
        raw.read = len(raw.frame)
        _tell_outside(raw.log, int((~near).sum()))
    return raw


def _near(geometry: NDArray[np.object_], box: Box) -> NDArray[np.bool_]:
    west, south, east, north = shapely.bounds(geometry).T
    return ~((west > box[2]) | (east < box[0]) | (south > box[3]) | (north < box[1]))


def _tell_outside(log: Log, count: int) -> None:
    if count:
        log.note("osm_outside", count=count)
        log.left_out += count


def _tell_ways(log: Log, cut: Iterable[int], lost: Iterable[int]) -> None:
    for code, ids in (("osm_cut", sorted(cut)), ("osm_broken", sorted(lost))):
        if ids:
            log.note(code, value=", ".join(map(str, ids[:5])), count=len(ids))
    log.left_out += len(list(lost))


def _fast_roads(path: Path, box: Box | None) -> Raw | None:
    """Roads of a PBF file; None where only the general reader can read them."""
    if not path.name.lower().endswith(".pbf"):
        return None
    try:
        roads = osm_roads.read_pbf(path, box)
    except osm_pbf.Unsupported:
        return None
    log = Log(path.name, "roads")
    _tell_ways(log, roads.cut, roads.lost)
    _tell_outside(log, roads.outside)
    ids = np.char.add("way/", roads.ids.astype(str)).astype(object)
    return _raw(path, log, roads.frame.assign(id=ids), roads.ids, roads.geometry)


class _Layer:
    """Rows of one layer as they come; shapes are made, and thinned by the box, a batch at a time."""

    def __init__(self, path: Path, name: str, box: Box | None) -> None:
        self.path, self.name, self.box = path, name, None if name == "districts" else box
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.waiting: list[tuple[Row, int, str]] = []
        self.shapes: list[NDArray[np.object_]] = []
        self.seen: set[str] = set()
        self.built: set[str] = set()
        self.cut: list[int] = []
        self.outside = 0

    def add(self, name: str, row: Row, shape: str) -> None:
        self.waiting.append(({"id": name, **row}, int(name.partition("/")[2]), shape))
        self.built.add(name)
        if len(self.waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if not self.waiting:
            return
        rows, numbers, wkb = zip(*self.waiting, strict=True)
        shapes = shapely.from_wkb(np.array(wkb, object))
        near = np.ones(len(shapes), bool) if self.box is None else _near(shapes, self.box)
        self.rows += [r for r, k in zip(rows, near, strict=True) if k]
        self.numbers += [n for n, k in zip(numbers, near, strict=True) if k]
        self.shapes.append(shapes[near])
        self.outside += int((~near).sum())
        self.waiting = []

    def raw(self) -> Raw:
        self.flush()
        log = Log(self.path.name, self.name)
        _tell_ways(log, self.cut, [int(n.partition("/")[2]) for n in self.seen - self.built])
        _tell_outside(log, self.outside)
        if self.name == "districts":
            log.note("osm_levels")
        if self.name == "roads":
            ids = [f"way/{n}" for n in self.numbers]
            frame = osm_roads.road_columns(osm_roads.plain_tags(self.rows)).assign(id=ids)
        else:
            frame = pd.DataFrame(self.rows, columns=["id", *(c for c in LAYERS[self.name].names if c != "id")])
        geometry = np.concatenate(self.shapes) if self.shapes else np.empty(0, object)
        return _raw(self.path, log, frame, np.array(self.numbers, np.int64), geometry)


def _features(path: Path, names: Sequence[str], box: Box | None) -> dict[str, Raw]:
    """Nodes, areas (closed ways and multipolygons) and lines of several layers, in one pass of the general reader."""
    layers = {name: _Layer(path, name, box) for name in names}
    rules = {name: RULES[name] for name in names if name in RULES}
    keys = sorted({k for rule in rules.values() for k in rule.keys} | ({"highway"} if "roads" in layers else set()))
    areas = sorted({k for rule in rules.values() if rule.areas for k in rule.keys})
    factory = osmium.geom.WKBFactory()
    reader = osmium.FileProcessor(str(path)).with_locations(_STORAGE)
    if areas:
        reader = reader.with_areas(KeyFilter(*areas))
    blocked = osm_roads.barriers(path) if "roads" in layers else {}
    item: Any  # node, way, relation or area
    for item in reader.with_filter(KeyFilter(*keys)):
        tags = dict(item.tags)
        if "roads" in layers and item.is_way() and osm_roads.is_road(tags):
            stands = osm_roads.barriers_on((n.ref for n in item.nodes), blocked)
            _add(layers["roads"], item, tags | {"barrier": stands}, factory, line=True)
        for name, rule in rules.items():
            _offer(layers[name], rule, item, tags, factory)
    return {name: layer.raw() for name, layer in layers.items()}


def _offer(layer: _Layer, rule: Rule, item: Any, tags: Mapping[str, str], factory: Any) -> None:
    """Take an element into a layer if the rule reads it."""
    area, line = item.is_area(), not item.is_area() and _is_line(item, tags, rule)
    if not (rule.areas or line or item.is_node()) or (item.is_node() and not rule.points):
        return
    row = rule.columns(tags)
    if row is None:
        return
    if area or item.is_node() or line:
        _add(layer, item, row, factory, line=line)
    else:  # the area it stands for comes by itself, unless it is not closed or cannot be built
        layer.seen.add(_name(item))


def _name(item: Any) -> str:
    if item.is_area():
        return f"{'way' if item.from_way() else 'relation'}/{item.orig_id()}"
    return f"{'node' if item.is_node() else 'way' if item.is_way() else 'relation'}/{item.id}"


def _add(layer: _Layer, item: Any, row: Row, factory: Any, *, line: bool) -> None:
    name = _name(item)
    layer.seen.add(name)
    shape: str | None
    try:
        if item.is_node():
            shape = factory.create_point(item)
        else:
            shape = _line(layer, item) if line else factory.create_multipolygon(item)
    except (RuntimeError, osmium.InvalidLocationError):
        return
    if shape is not None:
        layer.add(name, row, shape)


def _line(layer: _Layer, way: Any) -> str | None:
    """WKB of a way; in several parts where nodes are missing between them; None with under two places."""
    places = [(n.lon, n.lat) if n.location.valid() else (np.nan, np.nan) for n in way.nodes]
    line = osm_roads.line_of(np.array(places, float).reshape(-1, 2)) if places else None
    if line is not None and any(np.isnan(x) for x, _ in places):
        layer.cut.append(way.id)
    return None if line is None else shapely.to_wkb(line, hex=True)


def write_layers(path: Path, layers: Sequence[str], box: Box | None, folder: Path) -> None:
    """Read several layers and keep them, as read, in ``folder``: NAME.parquet each, and log.json."""
    raws = read_layers(path, layers, box)
    logs: dict[str, Any] = {}
    for name, raw in raws.items():
        frame = gpd.GeoDataFrame(raw.frame.assign(osm=raw.rows), geometry=raw.geometry, crs="EPSG:4326")
        store.write_table(folder / f"{name}.parquet", frame)
        issues = [[i.code, i.action, i.value, i.count, i.detail] for i in raw.log.issues]
        logs[name] = {"issues": issues, "left_out": raw.log.left_out}
    store.write_json(folder / "log.json", logs)


def stored_files(layers: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """The files `write_layers` writes."""
    return (*(folder / f"{name}.parquet" for name in layers), folder / "log.json")


def read_stored(path: Path, layer: str, folder: Path) -> Raw:
    """What `read_raw` gives, from what `write_layers` kept of the file ``path``."""
    frame = store.read_table(folder / f"{layer}.parquet")
    kept = store.read_json(folder / "log.json")[layer]
    log = Log(path.name, layer)
    log.issues = [Issue(path.name, None, "", value, code, action, count, detail)
                  for code, action, value, count, detail in kept["issues"]]  # fmt: skip
    log.left_out = kept["left_out"]
    geometry = frame.geometry.to_numpy() if len(frame) else np.empty(0, object)
    return _raw(path, log, pd.DataFrame(frame.drop(columns=["geometry"])), frame["osm"].to_numpy(np.int64), geometry)
