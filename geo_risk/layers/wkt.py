"""Geometry written as text in a column: WKT, EWKT, or WKB in hexadecimal digits."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .raw import Raw
from .text import key

_HEADERS = frozenset(
    map(key, ("wkt", "ewkt", "wkb", "geometry", "geom", "the_geom", "wkt_geom", "shape", "geom_wkt", "geometry_wkt",
              "几何", "图形", "空间数据", "空间信息", "坐标串", "范围"))
)  # fmt: skip
_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(\d+)\s*;)?\s*((?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\b", re.IGNORECASE
)
_HEX = re.compile(r"\s*(?:0[xX]|\\x)?(0[01][0-9A-Fa-f]{8,})\s*$")
_MOST = 0.5  # share of the filled cells by which a column is one of geometry


def read_column(raw: Raw) -> None:
    """
    A text column of geometry becomes the geometry of ``raw``, its SRID the system; without one nothing changes.

    Rows whose text cannot be read, or whose SRID is not that of most rows, are told as rejected.
    """
    for column in raw.frame.columns:
        if key(column) not in _HEADERS:
            continue
        text = raw.frame[column].fillna("").astype(str)
        filled = (text.str.strip() != "").to_numpy()
        hits = text.map(lambda t: bool(_WKT.match(t) or _HEX.match(t))).to_numpy(bool)
        if filled.any() and hits[filled].mean() > _MOST:
            raw.frame = raw.frame.drop(columns=column)
            _take(raw, str(column), text, filled)
            return


def _take(raw: Raw, column: str, text: pd.Series, filled: NDArray[np.bool_]) -> None:
    shapes = np.full(len(text), None, object)
    shapes[:] = [_shape(t) for t in text]
    srid = shapely.get_srid(shapes)
    bad = filled & shapely.is_missing(shapes)
    raw.log.reject("not_parsed", raw.rows[bad], column=column, values=list(text[bad]), details="no WKT or WKB")
    known = srid[~shapely.is_missing(shapes)]
    usual = int(np.bincount(known).argmax()) if len(known) else 0
    other = ~shapely.is_missing(shapes) & (srid != usual)
    raw.log.reject("unknown_datum", raw.rows[other], column=column, values=[f"SRID={s}" for s in srid[other]])
    raw.geometry, raw.crs = shapes, f"EPSG:{usual}" if usual else None
    raw.take(~(bad | other))


def _shape(text: str) -> shapely.Geometry | None:
    try:
        if found := _HEX.match(text):
            return shapely.from_wkb(found[1])
        if found := _WKT.match(text):
            return shapely.set_srid(shapely.from_wkt(text[found.start(2) :].strip()), int(found[1] or 0))
    except (shapely.GEOSException, ValueError):
        return None
    return None
