"""One layer of a site in memory: its features as they were written, a spatial index, and columns to choose by."""

from __future__ import annotations

import json
from calendar import monthrange
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ...errors import RegionError

Bbox = tuple[float, float, float, float]
_AT_ONCE = 10_000  # features taken apart together


@dataclass(frozen=True)
class Collection:
    """
    Features of one layer, in the order of their ids: feature r + 1 is row r, as in the site's tiles.

    ``features`` are GeoJSON texts; ``tree`` indexes their geometries in degrees; ``columns`` are the properties by
    name, missing values as NaN; ``bounds`` is (west, south, east, north) [degrees], None without any geometry.
    """

    features: list[bytes]
    tree: shapely.STRtree
    columns: dict[str, pd.Categorical]
    bounds: Bbox | None

    def __len__(self) -> int:
        return len(self.features)

    def within(self, boxes: list[Bbox]) -> NDArray[np.bool_]:
        """Rows whose geometry meets one of the boxes (west, south, east, north) [degrees]."""
        hit = np.zeros(len(self), bool)
        for box in boxes:
            hit[self.tree.query(shapely.box(*box), predicate="intersects")] = True
        return hit

    def equal(self, name: str, value: object) -> NDArray[np.bool_]:
        """Rows whose column ``name`` has this value."""
        column = self.columns[name]
        return np.isin(column.codes, np.flatnonzero(column.categories == value))

    def dates(self, name: str) -> tuple[str, str] | None:
        """First and last day (ISO text) in column ``name``; None where it has none."""
        known = [str(v) for v in self.columns[name].categories]
        return (min(map(first_day, known)), max(map(last_day, known))) if known else None

    def dated(self, name: str, first: str, last: str) -> NDArray[np.bool_]:
        """Rows whose date in column ``name`` has a day from ``first`` to ``last`` (ISO text); undated rows are not."""
        column = self.columns[name]
        days = [str(v) for v in column.categories]
        fits = [k for k, day in enumerate(days) if first_day(day) <= last and last_day(day) >= first]
        return np.isin(column.codes, fits)


def first_day(date: str) -> str:
    """The first day of an ISO date as precise as it is given: of 2024-05 it is 2024-05-01."""
    return (date + "-01-01"[len(date) - 4 :])[:10]


def last_day(date: str) -> str:
    """The last day of an ISO date as precise as it is given: of 2024-02 it is 2024-02-29."""
    if len(date) == len("2024-02"):
        return f"{date}-{monthrange(int(date[:4]), int(date[5:]))[1]}"
    return (date + "-12-31"[len(date) - 4 :])[:10]


def read_collection(path: Path, count: int) -> Collection:
    """
    The features of a GeoJSON file as `downloads.write_geojson` writes it: one a line.

    Raises
    ------
    RegionError
        If the file does not hold ``count`` such features.
    """
    lines = path.read_bytes().split(b"\n")
    features = [line.removesuffix(b",") for line in lines[1:-2]]
    parts = [line.rpartition(b',"geometry":') for line in features]
    if len(features) != count or not all(middle for _, middle, _ in parts):
        raise RegionError(f"{path}: {len(features)} features, the site tells of {count}. Publish the site again.")
    geometry = shapely.from_geojson(np.array([after[:-1].decode() for _, _, after in parts], object))
    known = shapely.total_bounds(geometry)
    bounds: Bbox | None = None if np.isnan(known).any() else tuple(known.tolist())
    return Collection(features, shapely.STRtree(geometry), _columns([before for before, _, _ in parts]), bounds)


def _columns(heads: list[bytes]) -> dict[str, pd.Categorical]:
    """The properties of features whose texts end before the geometry, by name; each value that occurs is kept once."""
    values: dict[str, list[object]] = {}
    done = 0
    for start in range(0, len(heads), _AT_ONCE):
        for feature in json.loads(b"[" + b"},".join(heads[start : start + _AT_ONCE]) + b"}]"):
            for name, value in feature["properties"].items():
                column = values.setdefault(name, [])
                column.extend([None] * (done - len(column)))
                column.append(value)
            done += 1
    for column in values.values():
        column.extend([None] * (done - len(column)))
    return {name: _packed(column) for name, column in values.items()}


def _packed(values: list[object]) -> pd.Categorical:
    codes, known = pd.factorize(np.array([*values, None], object)[:-1], sort=False)
    return pd.Categorical.from_codes(codes, categories=pd.Index(known, dtype=object))
