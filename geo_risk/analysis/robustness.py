"""
How sure a colour is: grades of districts and enterprises when weights, cuts, scores, reach and cell size vary.

Samples of the factors follow a scrambled Sobol sequence and Saltelli's scheme; first-order and total
indices are those of Saltelli et al. (2010) and Jansen (1999) as ``scipy.stats.sobol_indices`` has them. The factors
and their ranges are the rows of ``standards/robustness_factors.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.stats import qmc, sobol_indices

from ..errors import InputError
from ..grid import Grid
from ..sections import GradingSettings, RiskSettings
from ..standards import table
from .composite import composite
from .exposure import exposure_on_grid, located, population_on_grid
from .grading import GRADE_WORDS, grade, owners, rows_in, worst_levels
from .index_sources import SOURCE_LAYERS
from .rollup import escalated, grades_of, or_worse
from .rows import working
from .samples import CELL_STEPS, Blocks, Pairs, blocks, index_at, pairs, sums_by_grade
from .zones import GRADES

Floats = NDArray[np.float64]
SEED = 1
# Districts whose factors are told, the least certain first.
TOLD = 10
# Of a district that keeps its colour more often than this, too few samples differ to say why.
_KEPT = 0.95
_SHARES = tuple(f"share_{GRADE_WORDS[g]}" for g in range(GRADES - 1, -1, -1))


class Factor(NamedTuple):
    """A row of the table of factors: what something is multiplied by, from ``low`` to ``high``."""

    factor: str
    low: float
    high: float
    spread: str

    def value(self, u: float) -> float:
        """The multiple at the place ``u`` within 0-1 of the range."""
        if self.spread == "log":
            return float(self.low * (self.high / self.low) ** u)
        if self.spread == "doubling":
            steps = [step for step in CELL_STEPS if self.low <= step <= self.high]
            return float(steps[min(int(u * len(steps)), len(steps) - 1)])
        return float(self.low + (self.high - self.low) * u)


@dataclass(frozen=True)
class Firms:
    """
    Working enterprises: own score of each layer (F, 4), density and weighted density at the site (F,) [persons/ha],
    NaN beside the grid, the grade their major-hazard level gives at least, and (district, enterprise) that lie so.
    """

    scores: Floats
    density: Floats
    sensitive: Floats
    least: NDArray[np.int64]
    district: NDArray[np.int64]
    row: NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """All that a sample of the factors needs; ``lsir`` (P,) grade of individual risk at the sample cells, if known."""

    chosen: Blocks
    at: Mapping[int, Pairs]
    firms: Firms
    districts: int
    counted: bool
    settings: RiskSettings
    grading: GradingSettings | None = None
    lsir: NDArray[np.uint8] | None = None


def robustness(
    districts: gpd.GeoDataFrame,
    sources: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    grid: Grid,
    *,
    major_hazards: gpd.GeoDataFrame | None = None,
    lsir_grade: NDArray[np.uint8] | None = None,
    settings: RiskSettings | None = None,
    grading: GradingSettings | None = None,
    samples: int = 64,
    workers: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Shares of the samples in which each district and enterprise has each colour, and what moves the districts.

    Parameters
    ----------
    sources
        From `index_sources`, in the grid's CRS.
    layers
        ``population``, ``crowded_places``, ``enterprises``, ``hazard_sources``, as far as there are.
    lsir_grade : (rows, cols)
        Grade of individual risk, combined with the index as by `composite`; it is not varied.
    samples
        A power of two; colours rest on twice as many independent samples, the indices on
        samples x (factors + 2) in all.
    workers
        Threads; the result is the same bit for bit.

    Returns
    -------
    robustness, sensitivity
        ``schema.RESULTS`` of these names. The second tells the mean grade of all districts (scope region), then up to
        `TOLD` districts, the least certain first, that change colour in 5 % of the samples or more.

    Raises
    ------
    InputError
        If ``samples`` is no power of two, or below 4.
    """
    settings = settings or RiskSettings()
    if samples < 4 or samples & (samples - 1):
        raise InputError(f"robustness with {samples} samples: a power of two from 4 on is needed, such as 64.")
    factors = table("robustness_factors")
    case = _case(districts, sources, layers, grid, major_hazards, settings, float(_row(factors, "reach")["high"]))
    lsir = None if lsir_grade is None else lsir_grade[case.chosen.row, case.chosen.col]
    case = replace(case, grading=grading, lsir=lsir)
    a, b = np.split(qmc.Sobol(2 * len(factors), seed=SEED).random(samples), 2, axis=1)
    mixed = [np.where(np.arange(len(factors)) == i, b, a) for i in range(len(factors))]
    run = partial(_sampled, case, [Factor(*row) for row in factors[list(Factor._fields)].itertuples(index=False)])
    with ThreadPoolExecutor(max(1, workers)) as pool:
        found = list(pool.map(run, np.concatenate([a, b, *mixed])))
    by_district = np.array([d for d, _ in found])  # (samples, districts)
    by_firm = np.array([f for _, f in found[: 2 * samples]])
    told = pd.concat(
        [
            _colours("district", districts, by_district[: 2 * samples]),
            _colours("enterprise", layers["enterprises"], by_firm)
            if "enterprises" in layers
            else _colours("", None, None),
        ],
        ignore_index=True,
    )
    return told, _sensitivity(factors, districts, by_district, samples)


def certainty(graded: pd.DataFrame, scope: str, told: pd.DataFrame) -> Floats:
    """(N,) share of the samples in which a row of districts or enterprises has the grade it has; NaN if not sampled."""
    rows = told[told["scope"] == scope].drop_duplicates("scope_id").set_index("scope_id")[list(_SHARES)]
    rows = rows.reindex(graded["id"])
    column = GRADES - 1 - graded["grade"].fillna(0).to_numpy(np.int64)
    return rows.to_numpy(float)[np.arange(len(graded)), column]


def _case(
    districts: gpd.GeoDataFrame,
    sources: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    grid: Grid,
    major_hazards: gpd.GeoDataFrame | None,
    settings: RiskSettings,
    longest: float,
) -> Case:
    persons = population_on_grid(layers["population"], grid).persons if "population" in layers else None
    chosen = blocks(districts, persons, grid, SEED)
    exposed = {name: layers[name] for name in ("population", "crowded_places") if name in layers}
    at = {step: pairs(chosen, sources, exposed, grid, step, settings, longest) for step in CELL_STEPS}
    firms = _firms(districts, sources, layers, grid, major_hazards, settings)
    return Case(chosen, at, firms, len(districts), persons is not None, settings)


def _firms(
    districts: gpd.GeoDataFrame,
    sources: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    grid: Grid,
    major_hazards: gpd.GeoDataFrame | None,
    settings: RiskSettings,
) -> Firms:
    if "enterprises" not in layers:
        nothing, none = np.zeros(0), np.zeros(0, np.int64)
        return Firms(np.zeros((0, len(SOURCE_LAYERS))), nothing, nothing, none, none, none)
    firms = layers["enterprises"].reset_index(drop=True)
    hazards, ids, counts = layers.get("hazard_sources"), firms["id"].astype(str), working(firms)
    scores = np.zeros((len(firms), len(SOURCE_LAYERS)))
    of = {"enterprises": pd.Series(ids.to_numpy(), index=ids)}
    if hazards is not None:
        of["hazard_sources"] = pd.Series(owners(hazards, firms).to_numpy(), index=hazards["id"].astype(str))
    for name, owner in of.items():
        own = sources[sources["layer"] == name]
        firm = own["id"].astype(str).map(owner[~owner.index.duplicated()])
        best = own["score"].astype(float).groupby(firm.to_numpy(object)).max()
        scores[:, SOURCE_LAYERS.index(name)] = ids.map(best).fillna(0.0)
    levels = ids.map(worst_levels(firms, hazards, major_hazards))
    least = levels.map(table("index_grades").set_index("major_level")["grade"]).fillna(0).to_numpy(np.int64)
    terms = exposure_on_grid(layers, grid, settings)
    cell = _busiest_cell(firms, terms.factor, grid)
    known = cell >= 0
    density, sensitive = (
        np.where(known, array.reshape(-1)[cell], np.nan).astype(float) for array in (terms.density, terms.sensitive)
    )
    scores[~counts], least[~counts] = 0.0, 0
    row, district = rows_in(firms, districts)
    here = counts[row]
    return Firms(scores, density, sensitive, least, district[here], row[here])


def _busiest_cell(firms: gpd.GeoDataFrame, factor: NDArray, grid: Grid) -> NDArray[np.int64]:
    """(F,) flat cell with the largest exposure factor that the box around a site touches; -1 beside the grid."""
    geometry, (rows, cols) = np.asarray(firms.geometry.array), grid.shape
    out = np.full(len(firms), -1, np.int64)
    here = np.flatnonzero(located(geometry))
    left, bottom, right, top = shapely.bounds(geometry[here]).T
    row0, col0 = grid.rowcol(left, top)
    row1, col1 = grid.rowcol(right, bottom)
    for i, r0, r1, c0, c1 in zip(here, row0.clip(0), row1 + 1, col0.clip(0), col1 + 1, strict=True):
        view = factor[r0 : max(r0, min(r1, rows)), c0 : max(c0, min(c1, cols))]
        if view.size:
            down, along = divmod(int(view.argmax()), view.shape[1])
            out[i] = (r0 + down) * cols + c0 + along
    return out


def _sampled(case: Case, factors: list[Factor], unit: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Grades of the districts and of the enterprises for one sample (factors,) within 0-1."""
    value = {factor.factor: factor.value(u) for factor, u in zip(factors, unit, strict=True)}
    own = case.settings
    weights = tuple(value[f"weight_{w}"] * getattr(own, f"weight_{w}") for w in ("base", "population", "sensitivity"))
    scales = (value["density_scale"] * own.density_scale_per_ha, value["sensitive_scale"] * own.sensitive_scale_per_ha)
    scores = np.array([value[f"score_{name}"] for name in SOURCE_LAYERS])
    index = index_at(case.at[int(value["cell_m"])], scores, value["reach"], weights, scales)
    grades = composite(grade(index, [c * value["cuts"] for c in own.cuts]), case.lsir, case.grading)
    area, persons = sums_by_grade(case.chosen, grades, case.districts)
    firms = case.firms
    e, s = 1 - np.exp(-firms.density / scales[0]), 1 - np.exp(-firms.sensitive / scales[1])
    factor = np.where(np.isnan(e), sum(weights), weights[0] + weights[1] * e + weights[2] * s)
    highest = np.minimum(100.0, (firms.scores * scores).max(axis=1, initial=0.0))
    by_index = grade(
        np.minimum(100.0, highest * factor).astype(np.float32),
        [c * value["enterprise_cuts"] for c in own.enterprise_cuts],
    )
    by_firm = np.maximum(by_index, firms.least).astype(np.uint8)
    number = np.bincount(firms.district * GRADES + by_firm[firms.row], minlength=case.districts * GRADES)
    number = number.reshape(-1, GRADES)
    share = area / np.where(area.sum(axis=1) > 0, area.sum(axis=1), 1.0)[:, None]
    by_district = grades_of(
        or_worse(share),
        or_worse(persons) if case.counted else None,
        or_worse(number),
        _minima(own, value["district_minima"]),
    )
    risen, _ = escalated(by_district, [""] * case.districts, number, own.escalate_orange)
    return risen.astype(np.uint8), by_firm


def _minima(own: RiskSettings, times: float) -> RiskSettings:
    """The settings with all minima of a district's grade multiplied; at least one enterprise where it is not off."""
    return replace(
        own,
        district_min_share=min(1.0, own.district_min_share * times),
        district_min_persons=own.district_min_persons * times,
        district_min_enterprises=max(1, round(own.district_min_enterprises * times))
        * (own.district_min_enterprises > 0),
    )


def _row(factors: pd.DataFrame, name: str) -> pd.Series:
    return factors[factors["factor"] == name].iloc[0]


def _colours(scope: str, frame: gpd.GeoDataFrame | None, grades: NDArray | None) -> pd.DataFrame:
    """One row a district or enterprise: how often it has which colour."""
    if frame is None or grades is None:
        return pd.DataFrame(columns=["scope", "scope_id", "name", "likely", *_SHARES])
    share = np.stack([(grades == g).mean(axis=0) for g in range(GRADES)], axis=1)
    return pd.DataFrame(
        {
            "scope": scope,
            "scope_id": frame["id"].to_numpy(object),
            "name": frame["name"].to_numpy(object),
            # Of colours equally likely the worse.
            "likely": pd.array(GRADES - 1 - np.argmax(share[:, ::-1], axis=1), dtype="Int64"),
            **{name: share[:, GRADES - 1 - i] for i, name in enumerate(_SHARES)},
        }
    )


def _sensitivity(factors: pd.DataFrame, districts: gpd.GeoDataFrame, grades: NDArray, n: int) -> pd.DataFrame:
    """First-order and total index of each factor, for the mean grade and the least certain districts."""
    outputs = grades.astype(float).T  # (districts, samples)
    most = np.array([np.bincount(g, minlength=GRADES).max() for g in grades[: 2 * n].T.astype(np.int64)]) / (2 * n)
    least = [i for i in np.argsort(most, kind="stable") if most[i] <= _KEPT][:TOLD]
    rows = [("district", districts["id"].iloc[i], districts["name"].iloc[i], outputs[i]) for i in least]
    mean = outputs.mean(axis=0) if len(outputs) else np.zeros(len(grades))
    if np.ptp(mean[: 2 * n]) > 0:
        rows.insert(0, ("region", None, None, mean))
    columns = ["scope", "scope_id", "name", "factor", "meaning", "low", "high", "first_order", "total_order"]
    if not rows:
        return pd.DataFrame(columns=columns)
    f = np.array([values for *_, values in rows])
    parts = {"f_A": f[:, :n], "f_B": f[:, n : 2 * n]}
    parts["f_AB"] = f[:, 2 * n :].reshape(len(rows), len(factors), n).transpose(1, 0, 2)
    found = sobol_indices(func=parts, n=n)
    first, total = np.atleast_2d(found.first_order), np.atleast_2d(found.total_order)
    out = []
    for k, (scope, identity, name, _) in enumerate(rows):
        for i in np.argsort(-total[k], kind="stable"):
            told = factors.iloc[i]
            values = (told["factor"], told["label"], told["low"], told["high"], first[k, i], total[k, i])
            out.append((scope, identity, name, *values))
    return pd.DataFrame(out, columns=columns)
