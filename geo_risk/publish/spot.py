"""What the map page needs to take the individual risk of a clicked place apart: the risk sum's own tables, packed."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from ..grid import Grid

TABLES = ("risk_sources", "risk_outcomes", "risk_footprints", "risk_weather")
# Degrees between the nodes from which the page reads metres: between them a straight line is within 0.1 m.
_LATTICE_DEG = 0.02
_OWN = ("weather", "scenario", "kind", "frequency_per_yr", "footprint")


def spot_data(tables: Mapping[str, pd.DataFrame], grid: Grid) -> dict[str, Any] | None:
    """
    The data of one click (docs/site-format.md) as JSON; None unless all `TABLES` may be shown.

    Arrays are float32 or integers, one after the other in ``data`` (gzip, base64); ``arrays`` tells type and length
    of each. Metres count from the north-west corner of ``grid``, whose surface of individual risk the sum must meet.
    """
    if any(name not in tables or tables[name].empty for name in TABLES):
        return None
    sources, outcomes, prints, weather = (tables[name] for name in TABLES)
    arrays, words = _outcomes(outcomes, len(sources))
    arrays |= _footprints(prints) | _places(sources, grid)
    towards = np.array([np.asarray(row, float) for row in weather["towards"]])
    lattice, where = _lattice(grid)
    arrays |= {"towards": towards.ravel().astype("<f4"), **where}
    # Wide numbers first, so that each array begins at a multiple of their size.
    ordered = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    names = sources["name"].astype(object).where(sources["name"].notna(), "")
    return {
        "grid": {"cell_m": grid.cell_m, "rows": grid.shape[0], "cols": grid.shape[1]},
        "lattice": lattice,
        "sources": [[str(i), str(n)] for i, n in zip(sources["source_id"], names, strict=True)],
        "weathers": [
            [str(w.stability), round(float(w.speed_mps), 2), str(w.period)] for w in weather.itertuples(index=False)
        ],
        **words,
        "arrays": [[name, values.dtype.str[1:], len(values)] for name, values in ordered],
        "data": base64.b64encode(gzip.compress(b"".join(v.tobytes() for _, v in ordered), 9, mtime=0)).decode("ascii"),
    }


def _outcomes(outcomes: pd.DataFrame, sources: int) -> tuple[dict[str, NDArray[Any]], dict[str, list[str]]]:
    """Outcomes of each kind of source once, those alike sharing them; the words for scenarios and kinds."""
    frame = outcomes.sort_values("source", kind="stable")
    words = {}
    for name in ("scenario", "kind"):
        codes, values = pd.factorize(frame[name])
        frame[name], words[f"{name}s"] = codes, [str(v) for v in values]
    ends = np.searchsorted(frame["source"].to_numpy(), np.arange(sources + 1))
    first: dict[bytes, int] = {}
    own = frame[list(_OWN)].to_numpy(float)
    like = [first.setdefault(own[a:b].tobytes(), len(first)) for a, b in pairwise(ends)]
    chosen = np.unique(like, return_index=True)[1]
    rows = np.concatenate([np.arange(ends[s], ends[s + 1]) for s in chosen])
    count = ends[chosen + 1] - ends[chosen]
    its = frame.iloc[rows]
    return {
        "like": np.array(like, "<i4"),
        "first": np.concatenate([[0], np.cumsum(count)]).astype("<i4"),
        "frequency": its["frequency_per_yr"].to_numpy("<f4"),
        "footprint": its["footprint"].to_numpy("<i4"),
        "weather": its["weather"].to_numpy("i1"),
        "scenario": its["scenario"].to_numpy("<i2"),
        "kind": its["kind"].to_numpy("i1"),
    }, words


def _footprints(prints: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Nodes of all footprints; widths of plumes alone."""
    lengths = np.array([len(x) for x in prints["x_m"]], "<i4")
    wide = np.array([isinstance(w, np.ndarray | list) for w in prints["width_m"]])
    return {
        "nodes": lengths,
        "slope": prints["slope"].to_numpy("<f4"),
        "offset": prints["offset_m"].to_numpy("<f4"),
        "x": _joined(prints["x_m"]),
        "value": _joined(prints["value"]),
        "width": _joined(prints["width_m"][wide]),
        "wide": wide.astype("i1"),
    }


def _joined(lists: pd.Series) -> NDArray[np.float32]:
    return np.concatenate([np.empty(0), *(np.asarray(v, float) for v in lists)]).astype("<f4")


def _places(sources: gpd.GeoDataFrame, grid: Grid) -> dict[str, NDArray[Any]]:
    """Sources as straight segments x0, y0, x1, y1 (a point: one of no length), and how many each has."""
    parts, owner = shapely.get_parts(sources.geometry.to_numpy(), return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    here = points - [grid.left, grid.top]
    lone = shapely.get_dimensions(parts) == 0
    same = part[1:] == part[:-1]
    ends = np.concatenate([np.hstack([here, here])[lone[part]], np.hstack([here[:-1], here[1:]])[same]])
    of = np.concatenate([owner[part[lone[part]]], owner[part[:-1][same]]])
    order = np.argsort(of, kind="stable")
    return {
        "segment": ends[order].ravel().astype("<f4"),
        "segments": np.bincount(of, minlength=len(sources)).astype("<i4"),
    }


def _lattice(grid: Grid) -> tuple[dict[str, float], dict[str, NDArray[Any]]]:
    """Metres east and north of the corner at nodes of longitude and latitude (WGS 84), south row first."""
    degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    metres = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    west, south, east, north = degrees.transform_bounds(*grid.bounds)
    columns, rows = (int(np.ceil(span / _LATTICE_DEG)) + 2 for span in (east - west, north - south))
    lon, lat = np.meshgrid(
        west + (np.arange(columns) - 0.5) * _LATTICE_DEG, south + (np.arange(rows) - 0.5) * _LATTICE_DEG
    )
    x, y = metres.transform(lon.ravel(), lat.ravel())
    facts = {"west": float(lon[0, 0]), "south": float(lat[0, 0]), "step": _LATTICE_DEG, "columns": columns}
    where = {"east": (x - grid.left).astype("<f4"), "north": (y - grid.top).astype("<f4")}
    return facts, where
