"""Identifiers: the file's own, told apart where repeated, made from name and place where missing."""

from __future__ import annotations

import hashlib

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..schema import Table

_DIGITS = 12  # of the hash: a collision among a million rows has a chance of 0.2 %, and is told apart


def fill_ids(layer: gpd.GeoDataFrame, table: Table, rows: NDArray, logs: NDArray) -> gpd.GeoDataFrame:
    """
    A layer in which every ``id`` is there and unique.

    Missing ids are hashes of layer, name and place (WGS 84 to 1e-5 degree), for hazard sources also of
    enterprise and substance, so they stay when other rows come and go. Ids used by several rows get
    -1, -2, ... in the order of the files; of hazard sources the file's id becomes ``unit_id``.
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
    for value, places in series[repeated].groupby(series[repeated], sort=False).groups.items():
        number = 0
        for i in places:
            number += 1
            while f"{value}-{number}" in taken:
                number += 1
            ids[i] = f"{value}-{number}"
            taken.add(ids[i])
    for log in dict.fromkeys(logs[repeated & own]):
        mine = np.flatnonzero(repeated & own & (logs == log))
        log.note(
            "repeated_id", row=rows[mine[0]], column="id", value=series[mine[0]], count=len(mine), detail="-1, -2, ..."
        )
    layer["id"] = pd.Series(ids, index=layer.index, dtype=object)
    return layer


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
