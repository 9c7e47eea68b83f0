"""The head of a file that is large: enough to judge what it holds."""

from __future__ import annotations

from pathlib import Path

import pyogrio

from . import vectors
from .raw import Raw
from .read import TEXT, read
from .tables import read_text

BIG = 16 * 2**20  # bytes; up to here a whole file is read within seconds
_HEAD = 2**20  # bytes of a text, some thousand rows
_ROWS = 5000  # rows of other files


def read_head(path: Path, kind: str, sublayer: str | None) -> tuple[Raw, int | None]:
    """
    The first rows of a text, shapefile, GeoPackage or FlatGeobuf, and about how many rows there are in all.

    Of other kinds, which cannot be read in part, everything; then the number is None.
    """
    if kind in TEXT:
        return _head_of_text(path)
    if kind in (".shp", ".gpkg", ".fgb"):
        layer = None if kind != ".gpkg" else sublayer or vectors.layer_names(path)[0]
        raw = vectors.read(path, "", layer, limit=_ROWS)
        return raw, int(pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"])
    return read(path, sublayer), None


def _head_of_text(path: Path) -> tuple[Raw, int]:
    """Rows beyond the head are counted by their line ends."""
    with open(path, "rb") as file:
        head = file.read(_HEAD)
        wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
        end = len(head) if wide else head.rfind(b"\n") + 1 or len(head)
        lines = head[end:].count(b"\n")
        while block := file.read(_HEAD):
            lines += block.count(b"\n")
    raw = read_text(path, head[:end], "")
    return raw, raw.read + lines
