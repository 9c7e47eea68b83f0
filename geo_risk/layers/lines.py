"""What the drawing of a line tells beyond its course: how carefully it was drawn, and its heights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .quality import Log
from .raw import Raw

# A surveyed pipeline has a vertex at least at every marker post, which stand a kilometre apart (SY/T 6064,
# confidence MC). A straight piece of twice that was drawn by hand between known places, whatever the file claims [m].
STRAIGHT_M = 2000.0
SCHEMATIC_M = 500.0  # its error: that of a point known by its park or village only [m]
MOST = 0.5  # share of a file's lines that decides for the file
HEIGHTS = {"z": 1.0, "-z": -1.0}  # headers under which a person can ask for the mean height of a shape, or its depth


def longest_straight(geometry: NDArray) -> NDArray[np.float64]:
    """(N,) length [m] of the longest piece without a vertex; 0 for points and missing shapes."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    out = np.zeros(len(geometry))
    if len(xy) > 1:
        inside = part[1:] == part[:-1]
        np.maximum.at(out, owner[part[1:]][inside], np.hypot(*np.diff(xy, axis=0).T)[inside])
    return out


def schematic_error(geometry: NDArray, error_m: NDArray, rows: NDArray, log: Log) -> NDArray[np.float64]:
    """
    (N,) error radii [m] with at least 500 m for lines that have a straight piece of more than 2 km; each is told.

    Where these are most lines of the file, the others were drawn by the same hand and count alike.
    """
    longest = longest_straight(geometry)
    coarse = longest > STRAIGHT_M
    for i in np.flatnonzero(coarse):
        log.note("schematic", row=rows[i], detail=f"{longest[i] / 1000:,.1f} km")
    if len(coarse) and MOST < coarse.mean() < 1:
        log.group("noted", "schematic_file", list(rows[~coarse]), values=[""] * int((~coarse).sum()),
                  detail=f"{coarse.mean():.0%}")  # fmt: skip
        coarse[:] = True
    return np.where(coarse, np.fmax(error_m, SCHEMATIC_M), error_m)


def tell_missing(frame: pd.DataFrame, rows: NDArray, log: Log) -> None:
    """Pipelines without the numbers that pick a setback row."""
    for column in ("diameter_mm", "pressure_mpa"):
        blank = frame[column].isna().to_numpy()
        log.group("noted", "no_setback_number", list(rows[blank]), column=column, values=[""] * int(blank.sum()))


def add_heights(raw: Raw, columns: Mapping[str, str]) -> None:
    """The mean height of each shape, or its negative, as a column of ``raw`` where the settings ask for it."""
    for header in HEIGHTS.keys() & set(columns.values()) - set(raw.frame.columns):
        if raw.geometry is not None and shapely.has_z(raw.geometry).any():
            z, owner = shapely.get_coordinates(raw.geometry, include_z=True, return_index=True)
            mean = pd.Series(z[:, 2]).groupby(owner).mean().reindex(range(len(raw.geometry)))
            raw.frame[header] = HEIGHTS[header] * mean.to_numpy()
