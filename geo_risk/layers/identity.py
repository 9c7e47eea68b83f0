"""Identifiers: the file's own, told apart where repeated, made from name and place where missing."""

from __future__ import annotations

import hashlib

import geopandas as gpd
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..schema import Table

_DIGITS = 12  # of the hash: a collision among a million rows has a chance of 0.2 %, and is told apart


def fill_ids(layer: gpd.GeoDataFrame, table: Table, rows: NDArray, logs: NDArray) -> gpd.GeoDataFrame:
    """
    A layer in which every ``id`` is there and unique.

    Missing ids are hashes of layer, name and place (WGS 84 to 1e-5 degree), for hazard sources also of
    enterprise and substance, so they stay when other rows come and go. Of several rows with one id the
    first in the order of the files keeps it and the others get -2, -3, ...; of hazard sources all get
    a number, -1, -2, ..., and the file's id becomes ``unit_id``.
    """
    layer = layer.copy()
    own = layer["id"].notna().to_numpy()
    ids = layer["id"].to_numpy(object).copy()
    if not own.all():
        ids[~own] = _hashes(layer[~own], table)
        for log in dict.fromkeys(logs[~own]):
            log.note("made_id", count=int((~own & (logs == log)).sum()))
    series = pd.Series(ids, dtype=object)
    repeated = series.duplicated(keep=False).to_numpy()
    taken = set(series[~repeated])
    if table.name == "hazard_sources":
        fill = repeated & own & layer["unit_id"].isna().to_numpy()
        layer.loc[fill, "unit_id"] = ids[fill]
    for value, found in series[repeated].groupby(series[repeated], sort=False).groups.items():
        places = list(found)
        _tell(value, places, own, rows, logs)
        first = 0 if table.name == "hazard_sources" else 1
        number = first
        for i in places[first:]:
            number += 1
            while f"{value}-{number}" in taken:
                number += 1
            ids[i] = f"{value}-{number}"
            taken.add(ids[i])
    layer["id"] = pd.Series(ids, index=layer.index, dtype=object)
    return layer


def _tell(value: object, places: list[int], own: NDArray, rows: NDArray, logs: NDArray) -> None:
    """One issue for each id of the files' own that several rows share, naming the first few rows."""
    mine = [i for i in places if own[i]]
    if mine:
        named = ", ".join(f"{rows[i]}" for i in mine[:5]) + (", ..." if len(mine) > 5 else "")
        log = logs[mine[0]]
        log.note("repeated_id", row=rows[mine[0]], column="id", value=value, count=len(mine), detail=f"rows {named}")


def _hashes(rows: gpd.GeoDataFrame, table: Table) -> list[str]:
    box = shapely.bounds(rows.geometry.to_numpy())
    middle = gpd.points_from_xy((box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2, crs=rows.crs).to_crs(
        "EPSG:4326"
    )
    names = [c for c in ("name", "enterprise_id", "substance") if c in table.names]
    words = [rows[c].fillna("").astype(str) for c in names]
    out = []
    for x, y, *texts in zip(middle.x, middle.y, *words, strict=True):
        text = "|".join((table.name, *texts, f"{x:.5f}", f"{y:.5f}"))
        out.append(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:_DIGITS])
    return out
