"""What a request for features asks, read strictly: what is unknown or makes no sense is refused, never ignored."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .collection import Bbox, Collection, first_day, last_day
from .problems import Problem
from .sites import Layer

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
LIMIT = 100  # features of an answer where none is asked for
LARGEST_LIMIT = 10_000
_LARGEST_OFFSET = 2**31
ITEMS = ("bbox", "bbox-crs", "crs", "datetime", "limit", "offset", "f")
_DIGITS = re.compile(r"\d{1,12}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?", re.ASCII | re.IGNORECASE)
_BEFORE_ALL, _AFTER_ALL = "0000", "9999-99"


@dataclass(frozen=True)
class Query:
    """
    Which features: those that meet one of ``boxes``, dated from a day to a day, with these column values; all where
    None or empty. Of them ``limit`` from ``offset`` on.
    """

    boxes: list[Bbox] | None
    days: tuple[str, str] | None
    equal: dict[str, object]
    limit: int
    offset: int

    def rows(self, layer: Layer, features: Collection) -> NDArray[np.intp]:
        """Rows that fit, in order."""
        fits = np.ones(len(features), bool)
        if self.boxes is not None:
            fits &= features.within(self.boxes)
        if self.days is not None:
            assert layer.date_column is not None
            known = layer.date_column in features.columns
            fits &= features.dated(layer.date_column, *self.days) if known else np.zeros(len(features), bool)
        for name, value in self.equal.items():
            fits &= features.equal(name, value) if name in features.columns else np.zeros(len(features), bool)
        return np.flatnonzero(fits)


def queryables(layer: Layer) -> dict[str, dict]:
    """The columns features can be chosen by: those no parameter is called like."""
    return {name: column for name, column in layer.columns.items() if name not in ITEMS and column["dtype"] != "json"}


def single(arguments: MultiDict[str, str], known: tuple[str, ...]) -> dict[str, str]:
    """
    The parameters of a request, each given once.

    Raises
    ------
    Problem
        If one is not known, or given twice.
    """
    for name, values in arguments.lists():
        if name not in known:
            raise Problem(400, f"unknown parameter {name!r}: there may be {', '.join(known) or 'none'}.")
        if len(values) > 1:
            raise Problem(400, f"parameter {name!r} is given {len(values)} times. Give it once.")
    return arguments.to_dict()


def only_json(given: Mapping[str, str]) -> None:
    """Problem if another format than JSON is asked for by ``f``."""
    if given.get("f", "json") != "json":
        raise Problem(400, f"f={given['f']!r}: the answer is JSON alone. Write f=json, or leave it out.")


def read_query(arguments: MultiDict[str, str], layer: Layer) -> Query:
    """
    The query of a request for features of a layer.

    Raises
    ------
    Problem
        If a parameter is unknown, given twice, or has a value that makes no sense.
    """
    named = queryables(layer)
    given = single(arguments, (*ITEMS, *named))
    only_json(given)
    for name in ("crs", "bbox-crs"):
        if given.get(name, CRS84) != CRS84:
            raise Problem(400, f"{name}={given[name]!r}: coordinates are longitude, latitude in WGS 84: {CRS84}")
    return Query(
        boxes=_boxes(given["bbox"]) if "bbox" in given else None,
        days=_days(given["datetime"], layer) if "datetime" in given else None,
        equal={name: _value(name, given[name], column) for name, column in named.items() if name in given},
        limit=min(_whole("limit", given, LIMIT, 1), LARGEST_LIMIT),
        offset=_whole("offset", given, 0, 0),
    )


def _whole(name: str, given: Mapping[str, str], default: int, least: int) -> int:
    text = given.get(name, str(default))
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= _LARGEST_OFFSET:
        raise Problem(400, f"{name}={text!r}: must be a whole number from {least} on.")
    return int(text)


def _boxes(text: str) -> list[Bbox]:
    """The rectangles of bbox=west,south,east,north [degrees]: two where it crosses the antimeridian."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:  # with heights, which no feature has
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise Problem(400, f"bbox={text!r}: write four numbers, west,south,east,north in degrees.")
    west, south, east, north = numbers
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise Problem(
            400, f"bbox={text!r}: beyond 180 degrees of longitude or 90 of latitude; the longitude comes first."
        )
    if south > north:
        raise Problem(400, f"bbox={text!r}: south ({south:g}) is above north ({north:g}). Exchange them.")
    if west > east:
        return [(west, south, 180.0, north), (-180.0, south, east, north)]
    return [(west, south, east, north)]


def _days(text: str, layer: Layer) -> tuple[str, str]:
    """First and last day of datetime=MOMENT or FROM/TO, either of which may be open (``..`` or nothing)."""
    if layer.date_column is None:
        raise Problem(400, f"datetime: features of {layer.id} have no date. Leave it out.")
    parts = text.split("/")
    opened = [part in ("", "..") for part in parts]
    good = all(is_open or _is_moment(part) for is_open, part in zip(opened, parts, strict=True))
    if not good or len(parts) > 2 or all(opened):
        raise Problem(
            400, f"datetime={text!r}: write 2026-05-01, 2026-01-01/2026-06-30, 2026-01-01/.. or ../2026-06-30."
        )
    first = _BEFORE_ALL if opened[0] else first_day(parts[0])
    last = _AFTER_ALL if opened[-1] else last_day(parts[-1])
    if first > last:
        raise Problem(400, f"datetime={text!r}: it ends before it begins. Exchange the two.")
    return first, last


def _is_moment(text: str) -> bool:
    try:
        return bool(_MOMENT.fullmatch(text) and datetime.fromisoformat(text.upper()))
    except ValueError:  # the 30th of February
        return False


def _value(name: str, text: str, column: Mapping[str, object]) -> object:
    """The text of a parameter as the column has it."""
    kind = column["dtype"]
    if kind == "bool":
        if text.lower() not in ("true", "false"):
            raise Problem(400, f"{name}={text!r}: write true or false.")
        return text.lower() == "true"
    if kind in ("float", "int"):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise Problem(400, f"{name}={text!r}: write a number.")
        return number
    return text
