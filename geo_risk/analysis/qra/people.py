"""Who is where by day and by night, on the grid of societal risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from ...grid import Grid, grid_of
from ...sections import RiskSettings
from ..exposure import population_on_grid, weighted_persons
from ..rows import table_rows
from .societal import People
from .weather import PERIODS

_ABOUT = 5  # cells: 500 m, coarser than most grids of people
_NOBODY = 1e-6  # persons left over by rounding
SIDE_M = 100.0  # of a square of people: the population grid of the Green Book's practice


class Presence(NamedTuple):
    """
    Persons per cell of ``grid`` by period; staff apart, by enterprise, as one's own staff is no third party.

    ``persons`` {period: (rows, cols)}; ``staff`` (E,) frame of id, x, y, day, night; ``lacked`` what was assumed.
    """

    grid: Grid
    persons: Mapping[str, NDArray[np.float64]]
    staff: pd.DataFrame
    lacked: tuple[str, ...]


def presence(layers: Mapping[str, gpd.GeoDataFrame], whole: Grid, settings: RiskSettings) -> Presence:
    """
    People of a region by period: residents, those in crowded places, and staff of enterprises.

    The shares present are rows of ``standards/presence.csv``. Day persons of the population layer, where
    given, are everybody there by day: who is counted in a place or as staff is taken off them. Without
    a population layer the assumed density holds everywhere.
    """
    grid, lacked = grid_of(whole.bounds, SIDE_M, whole.crs), []
    people = {period: np.zeros(grid.shape) for period in PERIODS}
    population = layers.get("population")
    if population is None or not len(population):
        lacked.append(f"no numbers of residents: {settings.assumed_density_per_ha:g} persons/ha assumed everywhere")
        for period in PERIODS:
            people[period] += settings.assumed_density_per_ha * SIDE_M**2 / 1e4 * share("residents", period)
    else:
        for period in PERIODS:
            people[period] += population_on_grid(_present(population, period), grid).persons
    staff, crowd = _staff(layers.get("enterprises")), {period: np.zeros(grid.shape) for period in PERIODS}
    places = layers.get("crowded_places")
    if places is None or not len(places):
        lacked.append("no crowded places: nobody counted in them")
    else:
        head_count = _head_count(places)
        kind = places["kind"].where(places["kind"].notna(), "other") if "kind" in places else ["other"] * len(places)
        for period in PERIODS:
            part = np.array([share(str(k), period, "place") for k in kind])
            crowd[period] = population_on_grid(places.assign(persons=head_count * part), grid).persons
    if population is not None and "day_persons" in population:
        people["day"] = _elsewhere(people["day"], crowd["day"] + staff_on_grid(staff, grid, "day"))
    return Presence(grid, {period: people[period] + crowd[period] for period in PERIODS}, staff, tuple(lacked))


def _elsewhere(everybody: NDArray[np.float64], counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, cols) of everybody, those not ``counted`` apart; compared within `_ABOUT` cells, as squares are coarse."""
    known, there = (uniform_filter(a, _ABOUT, mode="constant") for a in (counted, everybody))
    part = known / np.where(there > 0, there, 1.0)  # where nobody is, nobody is left either
    return everybody * np.clip(1.0 - part, 0.0, 1.0)


def staff_on_grid(staff: pd.DataFrame, grid: Grid, period: str) -> NDArray[np.float64]:
    """(rows, cols) persons of a frame of staff (`Presence`); who stands beside the grid is left out."""
    out = np.zeros(grid.shape)
    rows, cols = grid.rowcol(staff["x"], staff["y"])
    inside = grid.inside(rows, cols)
    np.add.at(out, (rows[inside], cols[inside]), staff[period].to_numpy(float)[inside])
    return out


def share(who: str, period: str, otherwise: str = "") -> float:
    """Share of some people present by "day" or "night" (``standards/presence.csv``)."""
    rows = {r["who"]: r for r in table_rows("presence")}
    return float(rows.get(who, rows.get(otherwise, rows["place"]))[period])


def _present(population: gpd.GeoDataFrame, period: str) -> gpd.GeoDataFrame:
    persons = pd.to_numeric(population["persons"], errors="coerce") * share("residents", period)
    if period == "day" and "day_persons" in population:
        persons = pd.to_numeric(population["day_persons"], errors="coerce").fillna(persons)
    return population.assign(persons=persons)


def _head_count(places: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """(N,) persons at the busiest time, by the rule of the exposure index without its weights."""
    weights = {r["kind"]: float(r["weight"]) for r in table_rows("index_sensitivity")}
    kind = places["kind"].astype(object) if "kind" in places else pd.Series("other", index=places.index)
    factor = kind.where(kind.isin(list(weights)), "other").map(weights).to_numpy(float)
    return weighted_persons(places) / factor


def _staff(enterprises: gpd.GeoDataFrame | None) -> pd.DataFrame:
    empty = pd.DataFrame({"id": [], "x": [], "y": [], **{p: [] for p in PERIODS}})
    if enterprises is None or "staff" not in enterprises:
        return empty
    staff = pd.to_numeric(enterprises["staff"], errors="coerce").to_numpy(float)
    working = ~enterprises["state"].isin(["closed", "planned"]).to_numpy() if "state" in enterprises else True
    use = (staff > 0) & working & ~(enterprises.geometry.isna() | enterprises.geometry.is_empty).to_numpy()
    if not use.any():
        return empty
    at = enterprises.geometry[use].representative_point()
    found = {"id": enterprises["id"][use].astype(str).to_numpy(), "x": at.x.to_numpy(), "y": at.y.to_numpy()}
    return pd.DataFrame(found | {p: staff[use] * share("staff", p) for p in PERIODS})


def people_of(there: Presence) -> People:
    """Everybody as points."""
    persons = {p: there.persons[p] + staff_on_grid(there.staff, there.grid, p) for p in PERIODS}
    anyone = np.zeros(there.grid.shape, bool)
    for period in PERIODS:
        anyone |= persons[period] > 0
    r, c = np.nonzero(anyone)
    return People(there.grid.x[c], there.grid.y[r], SIDE_M, {p: persons[p][r, c] for p in PERIODS})


def without_staff(people: People, there: Presence, enterprise: str) -> People:
    """The people of `people_of` without the staff of one enterprise (its id)."""
    own = there.staff[there.staff["id"] == enterprise]
    rows, cols = there.grid.rowcol(own["x"], own["y"])
    inside = there.grid.inside(rows, cols)
    persons = {p: people.persons[p].copy() for p in PERIODS}
    for x, y, day, night in zip(
        there.grid.x[cols[inside]], there.grid.y[rows[inside]], own["day"][inside], own["night"][inside], strict=True
    ):
        at = (people.x == x) & (people.y == y)
        for period, gone in zip(PERIODS, (day, night), strict=True):
            left = persons[period][at] - gone
            persons[period][at] = np.where(left > _NOBODY, left, 0.0)
    return replace(people, persons=persons)


def on_grid(people: People, grid: Grid) -> dict[str, NDArray[np.float64]]:
    """{period: (rows, cols)} people of ``people_of`` on its grid again."""
    rows, cols = grid.rowcol(people.x, people.y)
    out = {}
    for period, persons in people.persons.items():
        out[period] = np.zeros(grid.shape)
        np.add.at(out[period], (rows, cols), persons)
    return out
