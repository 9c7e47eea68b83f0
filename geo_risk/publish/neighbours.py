"""How far the sources of enterprises reach, and what lies within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from ..crs import geodesic_m
from .books import Books, records

if TYPE_CHECKING:
    import geopandas as gpd

LISTED = 15  # neighbours that a handbook names, nearest first
_NAMED = ("crowded_places", "hazard_sources")
_COUNTED = ("enterprises", "buildings")


@dataclass(frozen=True)
class Neighbours:
    """
    What lies within reach of one enterprise.

    ``reach_m`` is its farthest reach [m] and ``basis`` what gave it (index or risk). ``named`` are rows with
    layer, id, name, kind, persons, distance_m and x, y [m], nearest first, at most `LISTED`; ``counts`` all
    by layer; ``residents`` [persons] None where the population is no table of places; ``area`` is all ground
    that any source reaches.
    """

    reach_m: float
    basis: str
    named: list[dict[str, Any]]
    counts: dict[str, int]
    residents: float | None
    area: shapely.Geometry


def reaches(books: Books) -> gpd.GeoDataFrame:
    """
    One row a source of an enterprise that has a place: firm, reach_m, basis.

    The reach is the farthest death of any scenario where the source is quantified, else that of the index.
    """
    import geopandas as gpd

    parts = []
    index = books.tables.get("index_sources")
    if index is not None:
        parts.append(pd.DataFrame(_of_index(books, index)))
    risk, scenarios = books.tables.get("risk_sources"), books.tables.get("scenarios")
    if risk is not None and scenarios is not None:
        farthest = risk["source_id"].map(scenarios.groupby("source_id")["reach_m"].max())
        firm = [books.owner.get(key) for key in zip(risk["layer"], risk["id"], strict=True)]
        found = dict(layer=risk["layer"], id=risk["id"], firm=firm, reach_m=farthest, geometry=risk.geometry)
        parts.append(pd.DataFrame({**found, "basis": "risk"}))
    if not parts:
        return gpd.GeoDataFrame({"firm": [], "reach_m": [], "basis": []}, geometry=[], crs=books.crs)
    every = pd.concat(parts, ignore_index=True)
    key = pd.MultiIndex.from_frame(every[["layer", "id"]])
    by_risk = (every["basis"] == "risk").to_numpy()
    replaced = ~by_risk & key.isin(key[by_risk])
    every = every[~replaced & every["firm"].notna().to_numpy() & (every["reach_m"] > 0).to_numpy()]
    out = gpd.GeoDataFrame(every.reset_index(drop=True), geometry="geometry", crs=books.crs)
    there = ~(shapely.is_missing(out.geometry.to_numpy()) | shapely.is_empty(out.geometry.to_numpy()))
    return out[there].sort_values("firm", kind="stable").reset_index(drop=True)


def _of_index(books: Books, index: gpd.GeoDataFrame) -> dict[str, Any]:
    index = index[index["layer"].isin(("enterprises", "hazard_sources"))]
    firm = [books.owner.get(key) for key in zip(index["layer"], index["id"], strict=True)]
    found = dict(layer=index["layer"], id=index["id"], firm=firm, reach_m=index["reach_m"].astype(float))
    return {**found, "geometry": index.geometry, "basis": "index"}


def neighbours(books: Books, of: gpd.GeoDataFrame) -> dict[str, Neighbours]:
    """`Neighbours` of every enterprise in ``of`` (from `reaches`), all found in one query a layer."""
    if not len(of):
        return {}
    farthest = of.sort_values("reach_m", ascending=False, kind="stable").drop_duplicates("firm").set_index("firm")
    counts: dict[str, dict[str, int]] = {}
    named = []
    for layer in (*_NAMED, *_COUNTED):
        if layer in books.layers:
            near = _within(books, of, layer)
            for firm, n in near["firm"].value_counts(sort=False).items():
                counts.setdefault(str(firm), {})[layer] = int(n)
            if layer in _NAMED:
                named.append(near.assign(layer=layer))
    listed = _listed(books, of, named)
    residents = _residents(books, of)
    discs = shapely.buffer(of.geometry.to_numpy(), of["reach_m"].to_numpy(), quad_segs=16)
    areas = {str(firm): shapely.union_all(discs[rows]) for firm, rows in of.groupby("firm").indices.items()}
    return {
        firm: Neighbours(
            float(row["reach_m"]),
            str(row["basis"]),
            listed.get(firm, []),
            counts.get(firm, {}),
            None if residents is None else residents.get(firm, 0.0),
            areas[firm],
        )
        for firm, row in zip(farthest.index, records(farthest[["reach_m", "basis"]]), strict=True)
    }


def _within(books: Books, of: gpd.GeoDataFrame, layer: str) -> pd.DataFrame:
    """Pairs firm, target row, source row, planar m: each target once an enterprise, by its nearest source."""
    rows = books.layers[layer]
    geometry, ours = rows.geometry.to_numpy(), of.geometry.to_numpy()
    source, target = shapely.STRtree(geometry).query(ours, predicate="dwithin", distance=of["reach_m"].to_numpy())
    firm = of["firm"].to_numpy(object)[source]
    pairs = pd.DataFrame({"firm": firm, "target": target, "source": source})
    owner = np.array([books.owner.get((layer, i)) for i in rows["id"]], object)
    closed = rows["state"].isin(("closed", "planned")).to_numpy(bool) if "state" in rows else np.zeros(len(rows), bool)
    pairs = pairs[(owner[target] != firm) & ~closed[target]]
    pairs["planar_m"] = shapely.distance(ours[pairs["source"]], geometry[pairs["target"]])
    return pairs.sort_values(["firm", "planar_m", "target"], kind="stable").drop_duplicates(["firm", "target"])


def _listed(books: Books, of: gpd.GeoDataFrame, named: list[pd.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    if not named:
        return {}
    near = pd.concat(named, ignore_index=True).sort_values(["firm", "planar_m", "layer", "target"], kind="stable")
    near = near.groupby("firm", sort=False).head(LISTED).reset_index(drop=True)
    parts = [_facts(books, of, layer, rows) for layer, rows in near.groupby("layer", sort=False)]
    out: dict[str, list[dict[str, Any]]] = {}
    every = pd.concat(parts).sort_index() if parts else near
    for row in records(every):
        out.setdefault(row["firm"], []).append(row)
    return out


def _facts(books: Books, of: gpd.GeoDataFrame, layer: str, near: pd.DataFrame) -> pd.DataFrame:
    rows = books.layers[layer].iloc[near["target"]]
    target = rows.geometry.to_numpy()
    ends = shapely.get_coordinates(shapely.shortest_line(of.geometry.to_numpy()[near["source"]], target)).reshape(-1, 4)
    point = shapely.point_on_surface(target)
    persons = rows["capacity"] if "capacity" in rows else pd.Series(np.nan, rows.index)
    return near.assign(
        id=rows["id"].to_numpy(),
        name=rows["name"].to_numpy(),
        kind=rows["kind"].to_numpy() if "kind" in rows else None,
        persons=persons.to_numpy(),
        distance_m=geodesic_m(ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3], books.crs),
        x=shapely.get_x(point),
        y=shapely.get_y(point),
    )


def _residents(books: Books, of: gpd.GeoDataFrame) -> Mapping[str, float] | None:
    """Residents whose place (of an area its middle) lies within reach, each counted once an enterprise."""
    people = books.layers.get("population")
    if people is None:
        return None
    there = people[~shapely.is_missing(people.geometry.to_numpy())]
    tree = shapely.STRtree(shapely.point_on_surface(there.geometry.to_numpy()))
    source, target = tree.query(of.geometry.to_numpy(), predicate="dwithin", distance=of["reach_m"].to_numpy())
    pairs = pd.DataFrame({"firm": of["firm"].to_numpy(object)[source], "target": target}).drop_duplicates()
    pairs["persons"] = there["persons"].fillna(0).to_numpy()[pairs["target"]]
    return pairs.groupby("firm")["persons"].sum().to_dict()
