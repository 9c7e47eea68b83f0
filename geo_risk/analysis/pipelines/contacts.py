"""Encroachment, third-party activity and crossings of all pipelines of a region, and what could not be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from .activity import activities, activity_rows, unchecked_activities
from .areas import pipeline_areas
from .chainage import cut
from .crossings import crossing_rows
from .encroachment import encroachment_rows
from .pipes import Pipe, pipes_of
from .tables import Skipped, result_table, unchecked_table

# Layers each check wants, and what is not told without them.
_WANTED = {
    "hca": ("buildings", "population", "crowded_places", "roads", "water", "hazard_sources", "landuse"),
    "location_classes": ("buildings", "population", "crowded_places", "landuse"),
    "encroachments": ("buildings", "risk_points", "hidden_dangers"),
    "crossings": ("roads", "water"),
}
_NEVER = {
    "hca": ("railways: no layer shows them", "protected areas: only green land named as such is seen"),
    "location_classes": ("traffic and underground facilities (class 4): no layer shows them",),
    "crossings": ("railways: no layer shows them", "valves at crossings: no layer shows them"),
}
_RIVERS = ("river", "canal")


class PipelineChecks(NamedTuple):
    """The result tables of the schema that pipelines have."""

    hca: gpd.GeoDataFrame
    location_classes: gpd.GeoDataFrame
    encroachments: gpd.GeoDataFrame
    crossings: gpd.GeoDataFrame
    pipelines_unchecked: pd.DataFrame


def check_pipelines(layers: Mapping[str, gpd.GeoDataFrame]) -> PipelineChecks:
    """
    What the layers tell about pipelines: high-consequence areas, classes, encroachment, activity, crossings.

    Parameters
    ----------
    layers
        Layers of schema.LAYERS by name, all in one metric CRS; gas_pipelines at least. What a missing layer would
        have told is listed in ``pipelines_unchecked``.

    Raises
    ------
    CRSError
        If a layer is not in metres.
    InputError
        If a pipeline has no id of its own or a negative diameter, pressure or position error.
    """
    areas = pipeline_areas(layers)
    crs = layers["gas_pipelines"].crs
    skipped: dict[str, Skipped] = {name: Counter() for name in _WANTED}
    pipes = pipes_of(layers["gas_pipelines"], skipped["encroachments"])
    crossings = crossing_rows(pipes, layers, skipped["crossings"])
    contacts = encroachment_rows(pipes, layers, skipped["encroachments"])
    contacts += activity_rows(pipes, activities(layers), _river_crossings(crossings, pipes))
    skipped["hca"] = areas.skipped
    missing = {
        check: [*(f"no layer {name}" for name in wanted if name not in layers), *_NEVER.get(check, ())]
        for check, wanted in _WANTED.items()
    }
    missing["encroachments"] += unchecked_activities()
    return PipelineChecks(
        areas.hca,
        areas.classes,
        result_table("encroachments", contacts, pipes, crs),
        result_table("crossings", crossings, pipes, crs),
        unchecked_table(skipped, missing),
    )


def _river_crossings(crossings: list[dict[str, Any]], pipes: list[Pipe]) -> dict[int, Any]:
    """By pipeline the stretches that cross a river or canal."""
    found: dict[int, list[Any]] = {}
    for row in crossings:
        if row["target_layer"] == "water" and row["kind"] in _RIVERS:
            found.setdefault(row["row"], []).append(cut(pipes[row["row"]].geometry, row["from_m"], row["to_m"]))
    return {i: shapely.union_all(shapes) for i, shapes in found.items()}
