"""What a project adds to the risk of others, and the risk of others to a project (GB 36894-2018)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ...grid import Grid, grid_of
from ...standards import parameter
from ..qra.contours import contours
from ..qra.criteria import ZONES, zones
from ..qra.model import Model, fn_of, fn_with, lsir_surface, source_ids
from ..qra.outcomes import Outcome
from ..qra.people import SIDE_M, share
from ..qra.societal import FN, People
from ..qra.targets import LAYERS, target_risk
from ..qra.weather import PERIODS


class Societal(NamedTuple):
    """Expected deaths a year, the deaths of the worst outcome, and the worst zone of the F-N curve."""

    pll_per_yr: float
    worst_deaths: float
    zone: str


def added_risk(
    model: Model, layers: Mapping[str, gpd.GeoDataFrame], cell_m: float, before: pd.DataFrame | None
) -> gpd.GeoDataFrame:
    """
    Every protection target that a project's sources reach.

    Columns of `qra.targets.target_risk` for the project's risk alone (``verdict_new`` is the limit for new
    installations), and for the sum with what was there: ``before_per_yr``, ``after_per_yr`` (highest that may be;
    NaN where the region's risk is not known), ``before`` and ``after``: pass, undecided, fail or unknown, of the
    limit in service. An enterprise with sources of its own is no target, as in the region.

    Parameters
    ----------
    model : of the project alone.
    cell_m : side of the cells on which outlines are searched for the worst place [m].
    before : ``schema.RESULTS["target_risk"]`` of the region as it is.
    """
    reach = float(model.reach.max(initial=0.0))
    centre = shapely.MultiPoint(list(model.sources.geometry.representative_point()))
    shape = shapely.buffer(centre, reach) if reach > 0 else centre
    here = {n: layers[n][shapely.intersects(layers[n].geometry.to_numpy(), shape)] for n in LAYERS if n in layers}
    if "enterprises" in here:
        here["enterprises"] = here["enterprises"][~_plants(here["enterprises"], layers, before)]
    bounds = shapely.bounds(shapely.buffer(centre, max(reach, cell_m)))
    grid = grid_of(tuple(bounds.tolist()), cell_m, str(model.sources.crs))
    own = target_risk(model, here, lsir_surface(model, grid), grid)
    own = own[own["lsir_per_yr"] > 0].reset_index(drop=True)
    if before is None:
        return own.assign(before_per_yr=np.nan, after_per_yr=np.nan, before="unknown", after="unknown")
    old = before.drop_duplicates(["layer", "id"]).set_index(["layer", "id"])
    old = old.reindex(pd.MultiIndex.from_frame(own[["layer", "id"]])).reset_index(drop=True)
    high = own["lsir_per_yr"] + old["lsir_per_yr"]  # each at its worst cell: no less than the worst of the sum
    low = own["lsir_low_per_yr"] + old["lsir_low_per_yr"]
    factor = np.where((own["confidence"] == "MU") | (old["confidence"] == "MU"), parameter("unverified_factor"), 1.0)
    limit = own["limit_per_yr"].to_numpy(float)
    open_group = own["group"].str.contains("|", regex=False).to_numpy()
    fail = (low / factor > limit) & ~open_group
    after = np.select([fail, high * factor <= limit], ["fail", "pass"], "undecided")
    return own.assign(
        before_per_yr=old["lsir_per_yr"],
        after_per_yr=high,
        before=old["verdict"].astype(object).where(old["verdict"].notna(), "unknown"),
        after=np.where(high.isna(), "unknown", after),
    )


def _plants(
    firms: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], before: pd.DataFrame | None
) -> NDArray[np.bool_]:
    """(N,) enterprises with risk sources of their own: the region has judged all others."""
    if before is not None:
        return ~firms["id"].isin(before.loc[before["layer"] == "enterprises", "id"]).to_numpy()
    sources = layers.get("hazard_sources")
    return firms["id"].isin([] if sources is None else sources["enterprise_id"].dropna()).to_numpy()


def risk_at(model: Model, project: Mapping[str, gpd.GeoDataFrame], cell_m: float, missing: Any) -> gpd.GeoDataFrame:
    """Risk of a model's sources at each place of a project, judged; see `qra.targets.target_risk`."""
    places = {name: project[name] for name in LAYERS if name in project}
    error = max(float(np.nan_to_num(f["position_error_m"].astype(float), nan=0.0).max()) for f in places.values())
    shape = shapely.union_all([g for f in places.values() for g in f.geometry])
    box = shapely.bounds(shapely.buffer(shape, 2 * error + 2 * cell_m))
    grid = grid_of(tuple(box.tolist()), cell_m, str(model.sources.crs))
    return target_risk(model, places, lsir_surface(model, grid), grid, not_quantified=missing)


def restricted(model: Model, kept: NDArray[np.bool_]) -> Model:
    """The sources ``kept`` (S,) of a model, with their outcomes."""
    place = np.cumsum(kept) - 1
    outcomes = [
        Outcome(int(place[o.source]), o.scenario, o.kind, o.weather, o.frequency, o.footprint)
        for o in model.outcomes
        if kept[o.source]
    ]
    return replace(model, sources=model.sources[kept].reset_index(drop=True), outcomes=outcomes)


def reaching(model: Model, shape: shapely.Geometry) -> Model:
    """The sources of a model whose worst outcome reaches a shape."""
    near = shapely.dwithin(model.sources.geometry.to_numpy(), shape, model.reach) & (model.reach > 0)
    return restricted(model, near)


def governed(sources: gpd.GeoDataFrame, hazards: gpd.GeoDataFrame, majors: pd.DataFrame) -> NDArray[np.bool_]:
    """
    (S,) sources whose outer distance GB/T 37243-2019 leaves to the risk sum, all others being ruled by distances.

    These are all hazard sources of an enterprise that holds a toxic or flammable gas and has a unit at or above its
    GB 18218 threshold (or not surely below it); a source of no enterprise counts for itself.

    Parameters
    ----------
    sources : rows of a model (layer, id, enterprise_id, phase).
    hazards : hazard_sources, which tell the unit of each.   majors : ``schema.RESULTS["major_hazards"]``.
    """
    above = majors[majors["verdict"] != "not_major"]
    unit = hazards["unit_id"].astype(object).where(hazards["unit_id"].notna(), hazards["id"])
    units = set(above["unit_id"])
    large = set(hazards["id"][unit.isin(units)])
    owner = sources["enterprise_id"].fillna("").astype(str)
    owner = owner.where(owner != "", sources["layer"] + "/" + sources["id"].astype(str))
    mine = (sources["layer"] == "hazard_sources").to_numpy()
    gas = sources["phase"].isin(("gas", "liquefied", "refrigerated")).to_numpy() & mine
    big = sources["id"].isin(large).to_numpy() & mine
    return np.asarray(mine & owner.isin(set(owner[gas])) & owner.isin(set(owner[big])))


def societal_of(model: Model, people: People) -> Societal:
    """F-N of the sources of a model together."""
    found = fn_of(model, people)
    return _told(found.deaths, found.frequency.sum(axis=0), float(found.pll.sum()), float(found.most.max(initial=0)))


def worse_zones(
    model: Model, people: People, places: gpd.GeoDataFrame, before: FN | None = None, *, workers: int = 1
) -> pd.DataFrame:
    """
    What people in new ``places`` change in the F-N curves of the sources that reach them.

    One row a source: source_id, name, zone_before, zone_after, pll_before, pll_after [per year]. ``before`` is
    `fn_of` of model and people, where it is known. Only outcomes that reach a place are counted anew.
    """
    old = fn_of(model, people) if before is None else before
    part = _touching(model, shapely.union_all(places.geometry.to_numpy()))
    every, n = crowded(people, places), len(people.x)
    alone = {period: np.r_[persons[:n], np.zeros(len(persons) - n)] for period, persons in every.persons.items()}
    added = {period: np.r_[np.zeros(n), persons[n:]] for period, persons in every.persons.items()}
    gone, come = fn_with(part, replace(every, persons=alone), added, workers=workers)
    new = FN(
        old.deaths,
        np.maximum(old.frequency + (come.frequency - gone.frequency), 0.0),
        old.pll + (come.pll - gone.pll),
        np.maximum(old.most, come.most),
    )
    rows = []
    for i, key in enumerate(source_ids(model.sources)):
        was, is_ = (_told(f.deaths, f.frequency[i], float(f.pll[i]), float(f.most[i])) for f in (old, new))
        rows.append((str(key), model.sources["name"].iloc[i], was.zone, is_.zone, was.pll_per_yr, is_.pll_per_yr))
    names = ["source_id", "name", "zone_before", "zone_after", "pll_before", "pll_after"]
    return pd.DataFrame(rows, columns=names)


def _touching(model: Model, shape: shapely.Geometry) -> Model:
    """A model with those outcomes alone that may reach people at a shape, who stand for a square there."""
    far = shapely.distance(model.sources.geometry.to_numpy(), shape) - SIDE_M
    return replace(model, outcomes=[o for o in model.outcomes if o.footprint.reach_m >= far[o.source]])


def rows_of(found: FN, kept: NDArray) -> FN:
    """F-N of some of the sources (their rows)."""
    return FN(found.deaths, found.frequency[kept], found.pll[kept], found.most[kept])


def crowded(people: People, places: gpd.GeoDataFrame) -> People:
    """The people and those of ``places`` (capacity or beds, else nobody), each place at its middle."""
    heads = pd.to_numeric(places["capacity"], errors="coerce").fillna(pd.to_numeric(places["beds"], errors="coerce"))
    heads = heads.fillna(0.0)
    at = places.geometry.representative_point()
    kinds = [str(k) for k in places["kind"]]
    persons = {
        period: np.concatenate([
            people.persons[period],
            heads.to_numpy(float) * np.array([share(k, period, "place") for k in kinds]),
        ])
        for period in PERIODS
    }  # fmt: skip
    return People(np.r_[people.x, at.x.to_numpy()], np.r_[people.y, at.y.to_numpy()], SIDE_M, persons)


def _told(deaths: NDArray, frequency: NDArray, pll: float, most: float) -> Societal:
    return Societal(pll, most, max(zones(deaths, frequency), key=ZONES.index))


def reach_above(model: Model, limit: float, cell_m: float) -> float:
    """The distance [m] from the sources of a model beyond which its risk is sure to keep a limit [per year]."""
    if np.any(model.sources["confidence"] == "MU"):
        limit = limit / parameter("unverified_factor")
    reach = float(model.reach.max(initial=0.0))
    centre = shapely.MultiPoint(list(model.sources.geometry.representative_point()))
    grid = grid_of(
        tuple(shapely.bounds(shapely.buffer(centre, max(reach, cell_m))).tolist()), cell_m, str(model.sources.crs)
    )
    rows, cols = np.nonzero(lsir_surface(model, grid) > limit)
    if not len(rows):
        return 0.0
    at = shapely.points(grid.x[cols], grid.y[rows])
    return float(shapely.distance(at, centre).max()) + cell_m * np.sqrt(2)


def zone_above(lsir: NDArray[np.floating], grid: Grid, limit: float, unsure: bool) -> shapely.Geometry:
    """The ground on which the risk of the region is not sure to keep a limit [per year]."""
    level = limit / parameter("unverified_factor") if unsure else limit
    return contours(lsir, grid, [level])[0]
