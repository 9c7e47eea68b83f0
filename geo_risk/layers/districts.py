"""Levels of administrative units and who lies in whom."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .quality import Log
from .sources import sources
from .text import key

LEVELS = ("city", "county", "township", "village")
# Words in headers and file names, and endings of names; the more particular level first.
_WORDS = {
    "village": ("vill", "village", "村", "社区", "里"),
    "township": ("town", "township", "乡镇", "镇街", "街道", "鄉鎮", "乡", "镇", "street"),
    "county": ("county", "counties", "县", "区县", "縣"),
    "city": ("city", "cities", "地市", "市界", "prefecture"),
}
_ENDINGS = {
    "village": ("村", "社区", "里", "居委会", "村委会"),
    "township": ("镇", "乡", "街道"),
    "county": ("县", "旗"),
}
# A year, a month or a day in a file's name, not part of a longer number: 2024, 202403, 2024-03-15.
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_.年]?(0[1-9]|1[0-2])(?:[-_.月]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")
_MAJORITY = 0.8
_CODE_LENGTHS = {4: "city", 6: "county", 9: "township", 12: "village"}  # GB/T 2260 and statistics codes


def guess_level(headers: Iterable[str], file: str, names: pd.Series, codes: pd.Series) -> str | None:
    """The level of all units of one file by its headers, name, codes or the endings of the units' names."""
    for text in (*headers, file):
        for level, words in _WORDS.items():
            if text and text != "name" and any(key(w) in key(text) for w in words):
                return level
    known = codes.dropna().astype(str)
    lengths = known.str.len()
    if len(known) and lengths.nunique() == 1 and known.str.isdigit().all():
        by_length = _CODE_LENGTHS.get(int(lengths.iloc[0]))
        if by_length:
            return by_length
    folded = names.dropna().map(key)
    for level, endings in _ENDINGS.items():
        if len(folded) and folded.str.endswith(tuple(map(key, endings))).mean() >= _MAJORITY:
            return level
    return None


def add_parents(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fill ``parent_id``, where no unit has the code given, with the unit of the next level around the inner point."""
    units = units.copy()
    present = [level for level in LEVELS if (units["level"] == level).any()]
    known = set(units["id"])
    for above, below in pairwise(present):
        open_ = units.index[(units["level"] == below) & ~units["parent_id"].isin(known)]
        holders = units.index[units["level"] == above]
        inner = shapely.point_on_surface(units.geometry[open_].to_numpy())
        point, holder = shapely.STRtree(units.geometry[holders].to_numpy()).query(inner, predicate="within")
        order = np.lexsort((units.loc[holders[holder], "id"].astype(str).to_numpy(), point))
        for p, h in zip(point[order][::-1], holder[order][::-1], strict=True):  # the first id wins where units overlap
            units.loc[open_[p], "parent_id"] = units.loc[holders[h], "id"]
    return units


def boundary_version(name: str, spec: Mapping[str, Any], folder: Path) -> list[dict[str, str | None]]:
    """
    The files the boundary is taken from, so that a map can name its version: file, date and SHA-256 of each.

    The date is the year or day in the file's name, None where it has none: the day a copy was made says
    nothing. A database has no hash.
    """
    found = []
    for source in sources(name, spec, folder):
        database = "://" in source.path
        file = source.path.rpartition("@")[2] if database else Path(source.path).name
        date = _DATE.search(Path(file).stem)
        digest = None if database else hashlib.sha256(Path(source.path).read_bytes()).hexdigest()
        written = "-".join(p for p in date.groups() if p) if date else None
        found.append({"file": file, "layer": source.sublayer, "date": written, "sha256": digest})
    return found


def fill_level(frame: pd.DataFrame, columns: dict[str, str], file: str, log: Log) -> None:
    """Give every unit of one file a level; told, as it is a judgement. Changes ``frame`` in place."""
    blank = frame["level"].isna()
    if not blank.any():
        return
    headers = [columns[c] for c in ("id", "name") if c in columns]
    level = guess_level(headers, file, frame["name"], frame["id"])
    if level is None:
        log.note("no_level", count=int(blank.sum()))
    else:
        frame.loc[blank, "level"] = level
        log.note("level_guess", count=int(blank.sum()), detail=level)
