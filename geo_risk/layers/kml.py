"""KML and KMZ: folders as sub-layers, columns from ExtendedData and from HTML tables in descriptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import shapely

from ..errors import InputError
from . import archive, limits, signature
from .geojson import feature_text
from .quality import Log
from .raw import Feature, Raw

_CONTAINERS = ("Document", "Folder")
_SHAPES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack")
_TEXTS = {"name": "Name", "address": "address", "phoneNumber": "phoneNumber"}
_OVERLAYS = ("GroundOverlay", "PhotoOverlay", "ScreenOverlay")
_PIECE = 1 << 20  # characters given to the parser at once


@dataclass
class _Folder:
    """A container while it is read; its name may stand behind its features."""

    folder: bool
    name: str = ""


@dataclass
class _Content:
    """What a document holds: placemarks with the containers they lie in, links, overlays."""

    marks: list[tuple[tuple[_Folder, ...], dict[str, str], shapely.Geometry | None, bool, str]] = field(
        default_factory=list
    )
    links: list[str] = field(default_factory=list)
    overlays: list[str] = field(default_factory=list)


def read(path: Path, layer: str, choose: Callable[[list[str]], str], *, shown: str | None = None) -> Raw:
    """
    The placemarks of one folder, WGS 84 as the standard demands (OGC 12-007r2, 4.2).

    ``choose`` picks the folder from their names. A placemark whose coordinates cannot be read is
    rejected and told; links to other files are not followed.
    """
    shown = shown or path.name
    content = _content(path, shown)
    folder = choose(_labels(content, shown))
    log = Log(shown, layer)
    for link in content.links:
        log.note("link_ignored", value=link)
    for overlay in dict.fromkeys(content.overlays):
        log.note("not_data", count=content.overlays.count(overlay), detail=overlay)
    marks = [m for m in content.marks if _label(m[0], shown) == folder]
    features = (Feature(v, g, c, wrong, feature_text(v) if wrong else "") for _, v, g, c, wrong in marks)
    return Raw.of_features(Path(shown), folder, features, log, "EPSG:4326")


def layer_names(path: Path, shown: str | None = None) -> list[str]:
    """The folders that hold placemarks, as FOLDER/FOLDER, in the order of the file."""
    return _labels(_content(path, shown or path.name), shown or path.name)


def _labels(content: _Content, shown: str) -> list[str]:
    return list(dict.fromkeys(_label(mark[0], shown) for mark in content.marks))


def _label(containers: tuple[_Folder, ...], shown: str) -> str:
    folders = "/".join(c.name or "Folder" for c in containers if c.folder)
    return folders or next((c.name for c in reversed(containers) if c.name), Path(shown).stem)


def _content(path: Path, shown: str) -> _Content:
    with open(path, "rb") as file:
        packed = file.read(4) == b"PK\x03\x04"
    if packed:  # KMZ, whatever the name
        found = sorted((n for n in archive.contents(path, shown) if n.lower().endswith(".kml")), key=_first)
        if not found:
            raise InputError(f"{shown}: the archive holds no KML. Save it again as KML.")
        with archive.unpacked(path, {found[0]: "doc.kml"}, shown) as folder:
            return _content(folder / "doc.kml", shown)
    signature.check(path, ".kml", shown)
    content = _Content()
    try:
        _walk(signature.xml_text(path, shown), content, shown)
    except ElementTree.ParseError as error:
        raise InputError(f"{shown}: the file cannot be opened (XML: {error}). Ask for it again.") from error
    if not content.marks and content.links:
        raise InputError(
            f"{shown}: holds only links to other places ({content.links[0][:100]}), which are not followed. Open it in "
            "Google Earth and save the content as KMZ."
        )
    if not content.marks:
        raise InputError(f"{shown}: the KML holds no placemark. Ask for the file with the data.")
    return content


def _first(name: str) -> tuple[bool, int, str]:
    """The root document of a KMZ: doc.kml, else the one highest up (OGC 12-007r2, annex C)."""
    return (name.lower() != "doc.kml", name.count("/"), name)


def _walk(text: str, content: _Content, shown: str) -> None:
    """Take placemarks out of the stream of elements and let them go at once: memory stays flat."""
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    stack: list[ElementTree.Element] = []
    containers: list[_Folder] = []
    for start in range(0, len(text), _PIECE):
        parser.feed(text[start : start + _PIECE])
        for event, element in parser.read_events():
            tag = _tag(element)
            if event == "start":
                stack.append(element)
                if tag in _CONTAINERS:
                    containers.append(_Folder(tag == "Folder"))
                    if len(containers) > limits.FOLDER_DEPTH:
                        raise InputError(f"{shown}: folders nested deeper than {limits.FOLDER_DEPTH}. Save it again.")
                continue
            stack.pop()
            _end(element, tag, _tag(stack[-1]) if stack else "", containers, content)
            if stack and _tag(stack[-1]) in (*_CONTAINERS, "kml"):
                stack[-1].remove(element)
    parser.close()


def _end(element: ElementTree.Element, tag: str, parent: str, containers: list[_Folder], content: _Content) -> None:
    if tag == "Placemark":
        content.marks.append((tuple(containers), *_placemark(element)))
    elif tag in _CONTAINERS:
        containers.pop()
    elif tag == "name" and parent in _CONTAINERS:
        containers[-1].name = (element.text or "").strip()
    elif tag == "NetworkLink":
        content.links += [(e.text or "").strip() for e in element.iter() if _tag(e) == "href"] or ["NetworkLink"]
    elif tag in _OVERLAYS:
        content.overlays.append(tag)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _placemark(mark: ElementTree.Element) -> tuple[dict[str, str], shapely.Geometry | None, bool, str]:
    """(values, geometry or None, whether a ring was closed, what is wrong or '')."""
    values: dict[str, str] = {}
    description = ""
    shapes = []
    for child in mark:
        tag = _tag(child)
        if tag in _TEXTS:
            values[_TEXTS[tag]] = (child.text or "").strip()
        elif tag == "description":
            description = "".join(child.itertext())
        elif tag == "ExtendedData":
            values |= dict(_extended(child))
        elif tag in _SHAPES:
            shapes.append(child)
    for key, value in _described(description):
        values.setdefault(key, value)
    try:
        closed: list[bool] = []
        found = [_shape(s, closed) for s in shapes]
        return values, found[0] if found else None, any(closed), ""
    except (ValueError, IndexError, RecursionError, shapely.errors.ShapelyError) as error:
        return values, None, False, str(error)[:200]


def _extended(data: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for element in data.iter():
        if _tag(element) == "SimpleData":
            yield element.get("name", ""), (element.text or "").strip()
        elif _tag(element) == "Data":
            value = next((v.text for v in element if _tag(v) == "value"), None)
            yield element.get("name", ""), (value or "").strip()


class _Table(HTMLParser):
    """Rows of two cells of an HTML description, and the text outside tables."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        self.open = tag in ("td", "th") or (self.open and tag not in ("table", "tr"))
        if tag in ("br", "p", "div"):
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag not in ("td", "th", "tr", "table")

    def handle_data(self, data: str) -> None:
        if self.open and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data
        else:
            self.text.append(data)


def _described(description: str) -> list[tuple[str, str]]:
    """Columns an HTML table of a description holds (header and value in a row), and its plain text."""
    if not description.strip():
        return []
    if "<" not in description:
        return [("Description", description.strip())]
    table = _Table()
    table.feed(description)
    table.close()
    cells = [[" ".join(c.split()) for c in row] for row in table.rows]
    pairs = [(row[0].rstrip(":： "), row[1]) for row in cells if len(row) == 2 and row[0]]
    text = " ".join("".join(table.text).split())
    return pairs + ([("Description", text)] if text else [])


def _shape(element: ElementTree.Element, closed: list[bool]) -> shapely.Geometry:
    tag = _tag(element)
    if tag == "Point":
        return shapely.Point(_coordinates(element)[0])
    if tag in ("LineString", "Track"):
        return shapely.LineString(_coordinates(element))
    if tag in ("LinearRing", "Polygon"):
        rings = [element] if tag == "LinearRing" else [e for e in element.iter() if _tag(e) == "LinearRing"]
        outer = [_ring(r, closed) for r in rings]
        return shapely.Polygon(outer[0], outer[1:])
    parts = [_shape(e, closed) for e in element if _tag(e) in _SHAPES]
    kinds = {p.geom_type for p in parts}
    many = {"Point": shapely.MultiPoint, "LineString": shapely.MultiLineString, "Polygon": shapely.MultiPolygon}
    return many.get(kinds.pop() if len(kinds) == 1 else "", shapely.GeometryCollection)(parts)


def _ring(element: ElementTree.Element, closed: list[bool]) -> list[tuple[float, ...]]:
    points = _coordinates(element)
    if len(points) > 2 and points[0] != points[-1]:
        points.append(points[0])
        closed.append(True)
    return points


def _coordinates(element: ElementTree.Element) -> list[tuple[float, ...]]:
    """The vertices below an element: "lon,lat[,height] …", or "lon lat height" in each coord of a track."""
    coords = [c.text or "" for c in element if _tag(c) == "coord"]
    if coords:
        written = [c.split() for c in coords]
    else:
        text = next((c.text or "" for c in element if _tag(c) == "coordinates"), "")
        written = [v.split(",") for v in re.sub(r"\s*,\s*", ",", text).split()]
    wrong = next((v for v in written if len(v) not in (2, 3)), None)
    if wrong is not None or not written:
        raise ValueError(f"coordinates {','.join(wrong or [])[:60]!r} are not longitude,latitude[,height]")
    width = min(map(len, written))
    return [tuple(float(n) for n in v[:width]) for v in written]
