"""A region kept in memory for one question after another; the questions themselves are kept nowhere."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from ..errors import GeoRiskError, InputError

if TYPE_CHECKING:
    from ..region import Region
    from .checks import Siting
    from .ground import Ground

ENDINGS = (".geojson", ".json", ".zip", ".dxf", ".kml", ".kmz", ".gpkg")
FORMS = ("pdf", "docx", "html")
_KEPT = 8  # answers, so that a letter or the other language needs no second sum
_FILE_NAME = re.compile(r"[\w ()（）+.-]{1,80}")


@dataclass(frozen=True)
class Question:
    """
    What is asked: an outline as the bytes of a file, and what is said of it.

    ``name`` is the file's; ``values`` are (column, text) pairs; ``move`` shifts the outline (east, north) [m].
    """

    data: bytes
    name: str
    kind: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    crs: str | None = None
    move: tuple[float, float] = (0.0, 0.0)


class Office:
    """
    The desk's back room: one region, read once, and a lock, since its parts are made at first use.

    A region whose results were made anew meanwhile is read anew.
    """

    def __init__(self, region: Region) -> None:
        self.region = region
        self._lock = threading.Lock()
        self._ground: Ground | None = None
        self._stamp: tuple[int, int] = (0, 0)
        self._answers: OrderedDict[tuple[Question, bool], Siting] = OrderedDict()

    def warm(self) -> None:
        """Read what a first question would wait for, by asking one of each sort in the middle of the region."""
        import shapely

        with self._lock:
            self._open()
            assert self._ground is not None
            boundary = self._ground.boundary
            at = shapely.buffer(boundary.representative_point(), 30.0, cap_style="square")
            shape = _lonlat(at, self._ground.region.crs)
        stock = (("substance", "丙烷"), ("quantity_t", "1"), ("storage", "pressurised"))
        for kind, values in (("hazard_sources:tank_farm", stock), ("crowded_places:primary_school", ())):
            self.answer(Question(drawn(shape), "drawing.geojson", kind, values, "wgs84"))

    def answer(self, question: Question, *, with_ways: bool = True) -> Siting:
        """
        The answer to a question, with `told`; what would make it pass takes longer to find than the verdict.

        Raises
        ------
        GeoRiskError
            If the outline or what is said of it cannot be used, or the region cannot be read.
        """
        with self._lock:
            ground = self._open()
            found = self._kept(question, False, lambda: _judge(ground, question))
            return found if not with_ways else self._kept(question, True, lambda: _with_ways(ground, found))

    def outline(self, question: Question) -> dict[str, Any]:
        """
        What the file of a question holds, before it is checked: its shapes in WGS 84 and their sizes.

        Raises
        ------
        GeoRiskError
            If its shapes cannot be used, or lie outside the region.
        """
        from .ground import read_shapes

        with self._lock, tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / question.name
            path.write_bytes(question.data)
            frame, system = read_shapes(self._open(), path, question.crs)
        shapes = frame.geometry
        lines = shapes[shapes.geom_type.str.contains("Line")]
        return {
            "shapes": [shape.__geo_interface__ for shape in shapes.to_crs(4326)],
            "area_m2": float(shapes.area.sum()),
            "length_m": float(lines.length.sum()),
            "system": system,
        }

    def letter(self, question: Question, form: str, lang: str) -> bytes:
        """The letter on a question as the bytes of a pdf, docx or html file. GeoRiskError as in `answer`."""
        from .told import write_letter

        found = self.answer(question)
        with self._lock, tempfile.TemporaryDirectory() as folder:
            return write_letter(self._open(), found, Path(folder) / f"letter.{form}", lang).read_bytes()

    def _kept(self, question: Question, with_ways: bool, make: Callable[[], Siting]) -> Siting:
        key = question, with_ways
        if key not in self._answers:
            self._answers[key] = make()
        self._answers.move_to_end(key)
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
        return self._answers[key]

    def _open(self) -> Ground:
        from ..region import Region
        from .ground import Ground

        manifest = (self.region.build / "manifest.json").stat()
        stamp = (manifest.st_mtime_ns, manifest.st_size)
        if self._ground is None or stamp != self._stamp:
            self._ground, self._stamp = Ground(Region(self.region.folder)), stamp
            self._answers.clear()
        return self._ground


def drawn(geometry: dict[str, Any]) -> bytes:
    """A GeoJSON geometry as the bytes of a file."""
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def file_name(given: str) -> str:
    """
    The name under which an uploaded file is looked at, in a folder of its own: never a path.

    Raises
    ------
    InputError
        If its ending is none that the desk takes.
    """
    name = PureWindowsPath(given).name.strip()
    ending = Path(name).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{name or 'file'}: {ending or 'no ending'} is no kind of file the desk reads.")
    return name if _FILE_NAME.fullmatch(name) and not name.startswith(".") else f"outline{ending}"


def _judge(ground: Ground, question: Question) -> Siting:
    from .checks import check
    from .ground import read
    from .told import told
    from .ways import moved

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / question.name
        path.write_bytes(question.data)
        project = read(ground, path, kind=question.kind, values=dict(question.values), crs=question.crs)
    if question.move != (0.0, 0.0):
        project = moved(project, *question.move)
        if not all(f.geometry.intersects(ground.boundary).all() for f in project.values()):
            raise GeoRiskError(f"moved so far it lies outside {ground.region.settings.region.name}. Check the move.")
    found = check(ground, project)
    return replace(found, told=told(ground, found))


def _with_ways(ground: Ground, found: Siting) -> Siting:
    from .told import told
    from .ways import ways

    found = replace(found, ways=ways(ground, found))
    return replace(found, told=told(ground, found))


def _lonlat(shape: Any, crs: str) -> dict[str, Any]:
    import geopandas as gpd

    geometry: dict[str, Any] = gpd.GeoSeries([shape], crs=crs).to_crs(4326).iloc[0].__geo_interface__
    return geometry
