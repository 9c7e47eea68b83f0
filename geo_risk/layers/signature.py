"""What a file really is, by its content: no parser may open what its suffix does not promise."""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ..errors import InputError
from . import limits
from .encoding import decode

_OFFICE = "Save the table as XLSX or CSV"
_PICTURE = "A scan or picture holds no data: ask for the file it was made from"
_DRAWING = "In the drawing program: save as DXF, or export as shapefile or GeoPackage"
_PACKED = "Unpack it and name the files, or pack them as ZIP"
_PROJECT = "It only points to data: export the layer as GeoPackage, or ask for the data beside it"
# Handed in as data, and how to get the data out.
ADVICE = {
    ".dwg": _DRAWING, ".dgn": _DRAWING, ".pdf": _PICTURE + ", or export it from that program", ".png": _PICTURE,
    ".jpg": _PICTURE, ".jpeg": _PICTURE, ".bmp": _PICTURE, ".gif": _PICTURE, ".doc": _OFFICE, ".docx": _OFFICE,
    ".wps": _OFFICE, ".ppt": _OFFICE, ".pptx": _OFFICE, ".et": _OFFICE, ".ods": _OFFICE, ".numbers": _OFFICE,
    ".rar": _PACKED, ".7z": _PACKED, ".tar": _PACKED, ".tgz": _PACKED, ".gz": _PACKED,
    ".mdb": "Export its tables as XLSX, a personal geodatabase as file geodatabase or GeoPackage",
    ".accdb": "Export its tables as XLSX", ".mxd": _PROJECT, ".aprx": _PROJECT, ".lyr": _PROJECT, ".lyrx": _PROJECT,
    ".qgz": _PROJECT, ".qgs": _PROJECT, ".vrt": _PROJECT, ".qlr": _PROJECT, ".wor": _PROJECT,
}  # fmt: skip
# First bytes -> what it is, in words and as a suffix.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", ".pdf"),
    (b"AC10", "an AutoCAD drawing (DWG)", ".dwg"),
    (b"\x89PNG", "a picture", ".png"),
    (b"\xff\xd8\xff", "a picture", ".jpg"),
    (b"GIF8", "a picture", ".gif"),
    (b"Rar!", "a RAR archive", ".rar"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", ".7z"),
    (b"\x1f\x8b", "a gzip archive", ".gz"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", ".xls"),
    (b"PK\x03\x04", "a ZIP archive or a workbook", ".zip"),
    (b"SQLite format 3\x00", "an SQLite database", ".gpkg"),
    (b"PAR1", "a Parquet table", ".parquet"),
    (b"fgb\x03", "a FlatGeobuf", ".fgb"),
    (b"\x00\x00\x27\x0a", "a part of a shapefile", ".shp"),
)
_TEXTS = (".csv", ".tsv", ".txt", ".json", ".geojson", ".geojsonl", ".geojsons", ".ndjson", ".kml", ".gml", ".xml",
          ".dxf", ".tab", ".mif")  # fmt: skip
_TABLES = (".csv", ".tsv", ".txt")
# SQL in a database that makes reading it open something else, or run more than tables and their spatial index.
_VIRTUAL = re.compile(r"create\s+virtual\s+table.*?\busing\s+[\"'\[`]?(\w+)", re.I | re.S)
_OUTSIDE = re.compile(r"\b(ogr_\w+|gdal_\w+|load_extension|readfile|fileio_\w+|edit)\s*\(", re.I)
_ROOT = re.compile(r"\A\s*(?:<\?xml[^>]*\?>)?(?:\s|<!--.*?-->|<\?.*?\?>)*<([\w.:-]+)([^>]*)>", re.S)
_GML_ROOTS = ("FeatureCollection", "GML", "Dataset", "TopologicSet", "DepartementCollection")
_DBF_VERSIONS = b"\x02\x03\x30\x31\x32\x43\x63\x83\x8b\x8e\xcb\xf5\xfb"


def accepted(readable: tuple[str, ...]) -> str:
    """The forms data may come in, for messages."""
    return f"Accepted: {', '.join(dict.fromkeys(readable))}, or a .gdb folder"


def refuse(name: str, readable: tuple[str, ...]) -> InputError:
    """The error for a file of a kind that cannot be read."""
    suffix = Path(name).suffix.lower()
    advice = ADVICE.get(suffix, "Export it from the program it was made in")
    return InputError(
        f"{name}: {suffix or 'this'} is no kind of file that can be read. {advice}. {accepted(readable)}."
    )


def check(path: Path, kind: str, shown: str) -> None:
    """
    Refuse a file whose content is not what its suffix ``kind`` says, or that makes its parser open other files.

    Raises
    ------
    InputError
        With what the file is instead, and how to hand it in.
    """
    with open(path, "rb") as file:
        head = file.read(4096)
    if kind in _TEXTS:
        _refuse_other(head, kind, shown)
    if kind in _CHECKS:
        _CHECKS[kind](path, head, shown)


def _refuse_other(head: bytes, kind: str, shown: str) -> None:
    if kind in _TABLES and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        raise InputError(f"{shown}: named {kind}, but it is a web page or XML. Open it and save the table as XLSX.")
    for magic, words, suffix in _MAGIC:
        if head.startswith(magic):
            advice = ADVICE.get(suffix, f"Give it its right name ({suffix})")
            raise InputError(f"{shown}: named {kind}, but it is {words}. {advice}, and try again.")


def _wrong(shown: str, kind: str, wanted: str, head: bytes) -> InputError:
    for magic, words, suffix in _MAGIC:
        if head.startswith(magic):
            advice = ADVICE.get(suffix, f"Give it its right name ({suffix})")
            return InputError(f"{shown}: the file cannot be opened: named {kind}, but it is {words}. {advice}.")
    return InputError(
        f"{shown}: the file cannot be opened: named {kind}, but it does not begin like {wanted}. "
        "It is another kind of file, or damaged: ask for it again."
    )


def _cut(shown: str, there: int, stated: int) -> InputError:
    return InputError(f"{shown}: cut off: {there:,} bytes of {stated:,}. Copy it or ask for it again.")


def _shapes(path: Path, head: bytes, shown: str) -> None:
    """ESRI Shapefile Technical Description (1998): file code 9994, length in 16-bit words, both big-endian."""
    if len(head) < 100 or head[:4] != b"\x00\x00\x27\x0a":
        raise _wrong(shown, ".shp", "a shapefile", head)
    stated, there = struct.unpack(">i", head[24:28])[0] * 2, path.stat().st_size
    if there < stated:
        raise _cut(shown, there, stated)


def dbf_rows(path: Path) -> int:
    """Rows a dBase table says it has: bytes 4 to 7, little-endian."""
    with open(path, "rb") as file:
        return int.from_bytes(file.read(8)[4:8], "little")


def _dbase(path: Path, head: bytes, shown: str) -> None:
    if len(head) < 33 or head[0] not in _DBF_VERSIONS:
        raise _wrong(shown, ".dbf", "a dBase table", head)
    rows, start, width = struct.unpack("<IHH", head[4:12])
    there = path.stat().st_size
    if start < 33 or width < 1:
        raise _wrong(shown, ".dbf", "a dBase table", head)
    if there < start + rows * width:
        raise _cut(shown, there, start + rows * width)


def _geopackage(path: Path, head: bytes, shown: str) -> None:
    """A GeoPackage (OGC 12-128r18) of plain tables: nothing in it may reach outside."""
    if not head.startswith(b"SQLite format 3\x00"):
        raise _wrong(shown, ".gpkg", "a GeoPackage", head)
    if len(head) < 32:
        raise _cut(shown, len(head), 100)  # bytes of its header
    page = struct.unpack(">H", head[16:18])[0]
    stated = (65536 if page == 1 else page) * struct.unpack(">I", head[28:32])[0]
    log = path.with_name(path.name + "-wal")
    if path.stat().st_size < stated and not log.exists():
        raise _cut(shown, path.stat().st_size, stated)
    try:
        address = path.resolve().as_uri() + ("?mode=ro" if log.exists() else "?mode=ro&immutable=1")
        with closing(sqlite3.connect(address, uri=True)) as database:
            statements = [str(s) for (s,) in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
            known = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone()
    except sqlite3.Error as error:
        raise InputError(f"{shown}: the file cannot be opened ({error}). Ask for it again.") from error
    if not known:
        raise InputError(f"{shown}: an SQLite database, but not a GeoPackage. Export the layer as GeoPackage.")
    for statement in statements:
        virtual, outside = _VIRTUAL.search(statement), _OUTSIDE.search(statement)
        if (virtual and virtual[1].lower() != "rtree") or outside:
            what = f"a virtual table ({virtual[1]})" if virtual else f"a call of {outside[1] if outside else ''}"
            raise InputError(
                f"{shown}: holds {what}, which reaches beyond the file, so it is not opened. "
                "Export the layers again as plain GeoPackage tables."
            )


def _flatgeobuf(path: Path, head: bytes, shown: str) -> None:
    if not head.startswith(b"fgb\x03"):
        raise _wrong(shown, ".fgb", "a FlatGeobuf", head)


def _parquet(path: Path, head: bytes, shown: str) -> None:
    if not head.startswith(b"PAR1"):
        raise _wrong(shown, ".parquet", "a Parquet table", head)


def _kml(path: Path, head: bytes, shown: str) -> None:
    xml_root(xml_text(path, shown), shown, ("kml", "Document", "Folder", "Placemark"), "KML")


def _gml(path: Path, head: bytes, shown: str) -> None:
    text = xml_text(path, shown)
    attributes = xml_root(text, shown, _GML_ROOTS, "GML")
    if "opengis.net/gml" not in attributes + text[:20000]:
        raise InputError(f"{shown}: XML, but not GML. {_OFFICE}, or export the layer as GeoPackage.")


def _dxf(path: Path, head: bytes, shown: str) -> None:
    binary = head.startswith(b"AutoCAD Binary DXF")
    lines = [line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines()]
    pairs = [(a, b) for a, b in zip(lines[::2], lines[1::2], strict=False) if a != b"999"]
    if not binary and (b"0", b"SECTION") not in pairs[:2]:
        raise _wrong(shown, ".dxf", "a DXF drawing", head)
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 256))
        tail = file.read().rstrip()
    if not binary and not tail.endswith(b"EOF"):
        raise InputError(f"{shown}: cut off: the last line of a drawing is EOF. Copy it or ask for it again.")


def _mapinfo_table(path: Path, head: bytes, shown: str) -> None:
    text = path.read_bytes()[: limits.FIELD_CHARACTERS]
    if not head.lower().lstrip(b"\xef\xbb\xbf").startswith(b"!table"):
        raise _wrong(shown, ".tab", "a MapInfo table", head)
    kind = re.search(rb"^\s*type\s+\"?(\w+)", text, re.I | re.M)
    if not kind or kind[1].upper() != b"NATIVE" or re.search(rb"^\s*(file|open table)\b|IsSeamless", text, re.I | re.M):
        raise InputError(
            f"{shown}: a MapInfo table that only points to other files. Save a copy as a native table, or export it "
            "as MIF or GeoPackage."
        )


def _mif(path: Path, head: bytes, shown: str) -> None:
    if not head.lower().lstrip(b"\xef\xbb\xbf \r\n").startswith(b"version"):
        raise _wrong(shown, ".mif", "a MapInfo interchange file", head)


def xml_text(path: Path, shown: str) -> str:
    """
    The text of an XML file in whatever encoding, without its declaration of one.

    Raises
    ------
    InputError
        If it is larger than can be held, or declares a document type or entities: no data file needs
        them, and they make a reader open other files or grow without bound.
    """
    if path.stat().st_size > limits.XML_BYTES:
        raise InputError(
            f"{shown}: {path.stat().st_size >> 20} MB of XML; at most {limits.XML_BYTES >> 20} MB are read. "
            "Export it as GeoPackage."
        )
    text = decode(path.read_bytes(), shown)[0]
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(
            f"{shown}: the XML declares entities (<!DOCTYPE>), which data never need and attacks do. Export it again."
        )
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)


def xml_root(text: str, shown: str, names: tuple[str, ...], what: str) -> str:
    """The root element's attributes; InputError unless its name, without prefix, is one of ``names``."""
    found = _ROOT.match(text[:65536])
    if not found or found[1].rpartition(":")[2] not in names:
        is_ = f"its first element is <{found[1]}>" if found else "it is no XML"
        raise InputError(
            f"{shown}: the file cannot be opened: named {what}, but {is_}. Export the layer as GeoPackage."
        )
    return found[2]


_CHECKS: dict[str, Callable[[Path, bytes, str], None]] = {
    ".shp": _shapes, ".dbf": _dbase, ".gpkg": _geopackage, ".fgb": _flatgeobuf, ".parquet": _parquet,
    ".geoparquet": _parquet, ".kml": _kml, ".gml": _gml, ".xml": _gml, ".dxf": _dxf, ".tab": _mapinfo_table,
    ".mif": _mif,
}  # fmt: skip
