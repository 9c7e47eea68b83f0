"""A file as read, before anything is judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .quality import Log


class Feature(NamedTuple):
    """One object of a file of shapes: whether a ring had to be closed, or what is wrong with it and its text."""

    values: dict[str, Any]
    shape: shapely.Geometry | None = None
    closed: bool = False
    wrong: str = ""
    text: str = ""


@dataclass
class Raw:
    """
    Rows of one input as written.

    ``frame`` holds the values (text, or numbers where the format has them), one row each;
    ``rows`` their numbers as a person counts them; ``geometry`` shapely geometries or None for a
    plain table; ``labels`` second headings (a Chinese line under codes). Rows that could not even
    be read are told in ``log`` as rejected and are not in ``frame``; ``read`` counts both, and
    ``unread`` keeps their cells: (row, cells as text), or (row, [GeoJSON text of the feature]).
    ``points`` is the table of points a table of lines refers to by their numbers (see `survey`).
    """

    path: Path
    sublayer: str | None
    frame: pd.DataFrame
    rows: NDArray[np.int64]
    log: Log
    geometry: NDArray[np.object_] | None = None
    crs: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    read: int = 0
    canonical: bool = False
    unread: list[tuple[int, list[str]]] = field(default_factory=list)
    points: Raw | None = None

    @classmethod
    def of_features(
        cls, path: Path, sublayer: str | None, features: Iterable[Feature], log: Log, crs: str | None
    ) -> Raw:
        """Features in the order of the file, numbered from 1; those nobody could read are told and kept as text."""
        rows, values, shapes, unread, number = [], [], [], [], 0
        for number, feature in enumerate(features, 1):
            if feature.wrong:
                log.reject("not_parsed", [number], details=[feature.wrong])
                unread.append((number, [feature.text]))
                continue
            if feature.closed:
                log.repair("ring_closed", row=number)
            rows.append(number)
            values.append(feature.values)
            shapes.append(feature.shape)
        geometry = np.empty(len(shapes), object)
        geometry[:] = shapes
        table = pd.DataFrame(values, index=range(len(rows)))
        return cls(path, sublayer, table, np.array(rows, np.int64), log, geometry, crs, read=number, unread=unread)

    @property
    def what(self) -> str:
        """The input as named in messages."""
        return self.path.name + (f"#{self.sublayer}" if self.sublayer else "")

    def take(self, keep: NDArray[np.bool_]) -> None:
        """Keep the rows (N,) of ``keep``."""
        if keep.all():
            return
        self.frame = self.frame[keep].reset_index(drop=True)
        self.rows = self.rows[keep]
        if self.geometry is not None:
            self.geometry = self.geometry[keep]
