"""
Everything a published folder holds, opened down to the last layer.

Decodes for itself (pmtiles, mapbox-vector-tile, Pillow, sqlite3, zipfile, pypdfium2) and shares no code with what
writes the files: a fault of the writer must not blind the reader.
"""

from __future__ import annotations

import base64
import csv
import gzip
import html.parser
import io
import json
import re
import sqlite3
import struct
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import brotli
import mapbox_vector_tile
import numpy as np
import pmtiles.reader
import pmtiles.tile
import pyarrow.parquet as pq
import pypdfium2
import shapely
from PIL import Image

CHUNK = re.compile(r'GEO_RISK_CHUNK\("([^"]*)",\s*(\d+),\s*"([^"]*)"\)')
ASSIGNED = re.compile(r"^\s*window\.\w+\s*=\s*(.*?);?\s*$", re.DOTALL)
ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be", "big5")
BASE64 = re.compile(r"[A-Za-z0-9+/]{120,}={0,2}")


@dataclass
class Content:
    """
    What a folder holds.

    ``texts`` {text: where it stands first}; ``keys`` {where: names of columns}; ``rows`` (where, properties) of
    features and table rows; ``shapes`` (where, step, geometry in degrees), where ``step`` is how far the file's own
    rounding may move a point [m]; ``bytes`` {where: everything as it lies there or unpacked}; ``cells`` {where: side of
    the cells of a surface [m]}; ``pictures`` (where, tile, colours) of raster tiles of the highest zoom.
    """

    texts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rows: list[tuple[str, dict]] = field(default_factory=list)
    shapes: list[tuple[str, float, shapely.Geometry]] = field(default_factory=list)
    bytes: dict[str, bytes] = field(default_factory=dict)
    cells: dict[str, float] = field(default_factory=dict)
    pictures: list[tuple[str, tuple[int, int, int], np.ndarray]] = field(default_factory=list)

    def say(self, where: str, text: object) -> None:
        self.texts.setdefault(str(text), where)

    def row(self, where: str, properties: dict) -> None:
        self.keys[where] |= properties.keys()
        self.rows.append((where, properties))
        for name, value in properties.items():
            self.say(where, name)
            if isinstance(value, str):
                self.say(where, value)


def read_folder(folder: Path) -> Content:
    """All of ``folder``, file names included."""
    out = Content()
    chunks: dict[str, dict[int, bytes]] = defaultdict(dict)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        out.say("file names", name)
        data = path.read_bytes()
        # A library's own code and licence hold no data, but whatever was put there must be found all the same.
        read(out, name, data)
        for source, number, text in CHUNK.findall(data.decode("utf-8", "replace")) if path.suffix == ".js" else ():
            chunks[f"{path.parent.relative_to(folder).as_posix()} ({source})"][int(number)] = base64.b64decode(text)
    whole = set(out.bytes.values())
    for where, pieces in chunks.items():
        joined = b"".join(pieces[n] for n in sorted(pieces))
        if joined not in whole:  # the pieces of an archive that lies there too
            read(out, f"{where} joined.pmtiles", joined)
    return out


def read(out: Content, where: str, data: bytes) -> None:
    """One file or one thing inside a file, by what its bytes say it is."""
    out.bytes[where] = data
    suffix = where.rpartition(".")[2].lower()
    if data[:2] == b"\x1f\x8b":
        read(out, where.removesuffix(".gz") + " unpacked", gzip.decompress(data))
    elif suffix == "br":
        read(out, where.removesuffix(".br"), brotli.decompress(data))
    elif data[:7] == b"PMTiles":
        _archive(out, where, data)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                out.say(where, name)
                read(out, f"{where}/{name}", packed.read(name))
    elif data[:5] == b"%PDF-":
        _pdf(out, where, data)
    elif data[:15] == b"SQLite format 3":
        _sqlite(out, where, data)
    elif data[:4] == b"PAR1":
        _parquet(out, where, data)
    elif data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00"):
        _tiff(out, where, data)
    elif data[:8] == b"\x89PNG\r\n\x1a\n" or data[:3] == b"\xff\xd8\xff":
        _picture(out, where, data)
    else:
        _text(out, where, suffix, data)


def _text(out: Content, where: str, suffix: str, data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        for encoding in ENCODINGS:
            out.say(where, data.decode(encoding, "replace"))
        return
    if suffix in ("json", "geojson") or (found := ASSIGNED.match(text)):
        _json(out, where, json.loads(text if suffix in ("json", "geojson") else found[1]))
        _packed_texts(out, where, text)
        return
    if suffix == "csv":
        _csv(out, where, text)
    elif suffix in ("html", "htm", "xml", "svg", "rels"):
        _page(out, where, text)
        for start in re.finditer(r"geoRiskLayer\((?=\[)", text):
            _json(out, where, json.JSONDecoder().raw_decode(text, start.end())[0])
    out.say(where, text)
    if suffix != "js" or "GEO_RISK_CHUNK" not in text:
        _packed_texts(out, where, text)


def _packed_texts(out: Content, where: str, text: str) -> None:
    """What stands in a text as base64: pictures in pages, arrays in scripts."""
    for number, match in enumerate(BASE64.finditer(text)):
        coded = match.group()
        try:
            data = base64.b64decode(coded[: len(coded) // 4 * 4])
        except ValueError:
            continue
        if data[:2] == b"\x1f\x8b" or data[:4] in (b"\x89PNG", b"PK\x03\x04", b"%PDF") or data[:3] == b"\xff\xd8\xff":
            read(out, f"{where} base64 {number}", data)


def _json(out: Content, where: str, value: object) -> None:
    """All strings and keys at any depth; features, tables of rows and entries of a search index as such."""
    if isinstance(value, str):
        out.say(where, value)
    elif isinstance(value, list):
        # An entry of the search index: name, layer, lon, lat, id, initials.
        if len(value) >= 4 and isinstance(value[0], str) and all(isinstance(v, int | float) for v in value[1:4]):
            out.shapes.append((where, 1.2, shapely.Point(value[2:4])))
        for item in value:
            if not isinstance(item, int | float):
                _json(out, where, item)
    elif isinstance(value, dict):
        _features_and_rows(out, where, value)
        for key, item in value.items():
            out.say(where, key)
            if key != "coordinates":
                _json(out, where, item)


def _features_and_rows(out: Content, where: str, value: dict) -> None:
    if value.get("type") == "Feature":
        out.row(where, value["properties"])
        if value["geometry"]:
            contour = " lsir_" if "level_per_yr" in value["properties"] else ""
            out.shapes.append((where + contour, 0.1, shapely.geometry.shape(value["geometry"])))
    elif {"columns", "rows"} <= value.keys():
        names = [c["name"] if isinstance(c, dict) else c for c in value["columns"]]
        rows = value["rows"]  # a list, or one by name (of the surfaces)
        for row in rows if isinstance(rows, list) else [row for some in rows.values() for row in some]:
            out.row(where, dict(zip(names, row, strict=True)))
        for lonlat in value.get("lonlat", []):
            out.shapes.append((where, 1.2, shapely.Point(lonlat)))


def _csv(out: Content, where: str, text: str) -> None:
    for row in csv.DictReader(io.StringIO(text)):
        at = row.pop("lon", None), row.pop("lat", None)
        out.row(where, row)
        if all(at):
            out.shapes.append((where, 0.1, shapely.Point(*map(float, at))))


class _Page(html.parser.HTMLParser):
    def __init__(self, out: Content, where: str) -> None:
        super().__init__()
        self.out, self.where, self.run = out, where, []

    def handle_starttag(self, tag, attrs):
        for _, value in attrs:
            self.out.say(self.where, value or "")

    def handle_data(self, data):
        self.run.append(data)
        self.out.say(self.where, data)

    def handle_comment(self, data):
        self.out.say(self.where, data)


def _page(out: Content, where: str, text: str) -> None:
    page = _Page(out, where)
    page.feed(text)
    # A word processor cuts a name into runs, a page into tags.
    out.say(where, "".join(page.run))


def _archive(out: Content, where: str, data: bytes) -> None:
    reader = pmtiles.reader.Reader(pmtiles.reader.MemorySource(data))
    head = reader.header()
    _json(out, where, reader.metadata())
    for (zoom, x, y), tile in pmtiles.reader.all_tiles(pmtiles.reader.MemorySource(data)):
        here = f"{where} {zoom}/{x}/{y}"
        tile = gzip.decompress(tile) if tile[:2] == b"\x1f\x8b" else tile
        out.bytes[here] = tile
        if head["tile_type"] == pmtiles.tile.TileType.MVT:
            _vector_tile(out, where, (zoom, x, y), tile, head["max_zoom"])
        else:
            _picture(out, here, tile)
            if zoom == head["max_zoom"]:
                with Image.open(io.BytesIO(tile)) as picture:
                    out.pictures.append((where, (zoom, x, y), np.asarray(picture.convert("RGBA"))))


def _vector_tile(out: Content, where: str, tile: tuple[int, int, int], data: bytes, last: int) -> None:
    zoom, x, y = tile
    for name, layer in mapbox_vector_tile.decode(data, default_options={"y_coord_down": True}).items():
        extent = layer["extent"]
        side = 2 * 20037508.342789244 / 2**zoom

        def degrees(xy, side=side, extent=extent):
            mercator = np.column_stack([x * side + xy[:, 0] / extent * side, y * side + xy[:, 1] / extent * side])
            lon = mercator[:, 0] / 20037508.342789244 * 180 - 180
            lat = np.degrees(2 * np.arctan(np.exp((20037508.342789244 - mercator[:, 1]) / 6378137)) - np.pi / 2)
            return np.column_stack([lon, lat])

        for feature in layer["features"]:
            out.row(f"{where} {name}", feature["properties"])
            # Lower zooms show the same places less exactly.
            if zoom == last:
                shape = shapely.geometry.shape(feature["geometry"])
                corners = shapely.get_coordinates(shape)
                # Corners beyond the tile's edge are its neighbour's, or where the tile cuts a shape off.
                inside = ((corners >= 0) & (corners <= extent)).all(axis=1)
                kind = shapely.points if shape.geom_type == "Point" else shapely.multipoints
                if inside.any():
                    corners = degrees(corners[inside])
                    shown = kind(corners[0]) if shape.geom_type == "Point" else kind(corners)
                    out.shapes.append((f"{where} {name}", side / extent, shown))


def _picture(out: Content, where: str, data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        told = {**picture.info, **dict(picture.getexif())}
    for key, value in told.items():
        if isinstance(value, str):
            out.say(where, value)
        elif isinstance(value, bytes):
            out.bytes[f"{where} {key}"] = value
    if data[:4] == b"\x89PNG":
        at = 8
        while at < len(data):  # chunks no reader of pictures shows
            (length,) = struct.unpack(">I", data[at : at + 4])
            kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
            if kind in (b"zTXt", b"iTXt") and b"\0" in body:
                tail = body.split(b"\0", 1)[1]
                for start in range(min(4, len(tail))):
                    try:
                        out.bytes[f"{where} {kind.decode()}"] = zlib.decompress(tail[start:])
                    except zlib.error:
                        continue
            at += 12 + length


def _tiff(out: Content, where: str, data: bytes) -> None:
    from rasterio.io import MemoryFile

    with MemoryFile(data) as memory, memory.open() as file:
        for namespace in (None, *file.tag_namespaces()):
            for key, value in (file.tags(ns=namespace) if namespace else file.tags()).items():
                out.say(where, f"{key}={value}")
        for band in range(1, file.count + 1):
            for key, value in file.tags(band).items():
                out.say(where, f"{key}={value}")
        out.cells[where] = abs(file.transform.a)
        assert not file.overviews(1)


def _pdf(out: Content, where: str, data: bytes) -> None:
    with pypdfium2.PdfDocument(data) as file:
        for key, value in file.get_metadata_dict().items():
            out.say(where, f"{key} {value}")
        for number in range(file.count_attachments()):
            attachment = file.get_attachment(number)
            out.say(where, attachment.get_name())
            read(out, f"{where}/{attachment.get_name()}", bytes(attachment.get_data()))
        for page in file:
            out.say(where, page.get_textpage().get_text_range().replace("\r\n", "").replace("\n", ""))


def _sqlite(out: Content, where: str, data: bytes) -> None:
    base = sqlite3.connect(":memory:")
    base.deserialize(data)
    for (table,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
        rows = base.execute(f'select * from "{table}"')
        names = [d[0] for d in rows.description]
        for row in rows:
            told = dict(zip(names, row, strict=True))
            out.row(f"{where} {table}", {k: v for k, v in told.items() if not isinstance(v, bytes)})
    base.close()


def _parquet(out: Content, where: str, data: bytes) -> None:
    table = pq.read_table(io.BytesIO(data))
    for key, value in (table.schema.metadata or {}).items():
        out.say(where, f"{key.decode()}={value.decode('utf-8', 'replace')}")
    for row in table.to_pylist():
        out.row(where, {k: v for k, v in row.items() if not isinstance(v, bytes)})
