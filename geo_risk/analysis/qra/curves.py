"""Societal risk as tables: F-N curves with their zones, PLL, and the map of expected deaths."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .criteria import ZONES, societal_line, zones
from .model import Model, fn_of, risk_surface, source_ids
from .outcomes import societal
from .people import Presence, on_grid, people_of, without_staff
from .societal import FN
from .weather import PERIODS

SCOPES = ("region", "park", "enterprise", "source")


def source_fn(model: Model, there: Presence, *, workers: int = 1) -> FN:
    """F-N and PLL of every source (S,); the staff of the source's own enterprise are not counted."""
    owner = _texts(model.sources, "enterprise_id")
    staffed = set(there.staff["id"]) & set(owner)
    parts = []
    everybody = people_of(there)
    for enterprise in ["", *sorted(staffed)]:
        mine = np.array([o == enterprise if enterprise else o not in staffed for o in owner], bool)
        parts.append(fn_of(model, without_staff(everybody, there, enterprise), only=mine, workers=workers))
    # Each source is in one of the parts, and zero in the others.
    frequency, pll, most = (sum(getattr(p, name) for p in parts) for name in ("frequency", "pll", "most"))
    return FN(parts[0].deaths, frequency, pll, most)


def scopes(sources: gpd.GeoDataFrame) -> Iterator[tuple[str, str, str, NDArray[np.bool_]]]:
    """(scope, id, name, (S,) its sources): the region, each park, enterprise and source."""
    yield "region", "", "", np.ones(len(sources), bool)
    for scope, column, named in (("park", "park", "park"), ("enterprise", "enterprise_id", "enterprise_name")):
        of, names = _texts(sources, column), _texts(sources, named)
        for key in sorted(set(of) - {""}):
            mine = of == key
            yield scope, key, str(names[mine][0]), mine
    ids, names = source_ids(sources), _texts(sources, "name")
    for i in range(len(sources)):
        yield "source", str(ids[i]), str(names[i]), np.arange(len(sources)) == i


def _texts(sources: gpd.GeoDataFrame, column: str) -> NDArray[np.object_]:
    if column not in sources:
        return np.full(len(sources), "", object)
    return sources[column].fillna("").astype(str).to_numpy(object)


def fn_table(model: Model, found: FN) -> pd.DataFrame:
    """
    F-N curves (``schema.RESULTS["fn_curve"]``) of region, parks, enterprises and sources.

    One row a number of deaths up to the first that nobody reaches.
    """
    upper, lower = societal_line("upper", found.deaths), societal_line("lower", found.deaths)
    tables = []
    for scope, key, name, mine in scopes(model.sources):
        f = found.frequency[mine].sum(axis=0)
        last = int((f > 0).sum())
        if not last:
            continue
        rows = slice(0, min(last + 1, len(f)))
        part = {"scope": scope, "scope_id": key, "scope_name": name, "deaths": found.deaths[rows]}
        part |= {"frequency_per_yr": f[rows], "upper_per_yr": upper[rows], "lower_per_yr": lower[rows]}
        tables.append(pd.DataFrame(part | {"zone": zones(found.deaths[rows], f[rows])}))
    names = [
        "scope", "scope_id", "scope_name", "deaths", "frequency_per_yr", "upper_per_yr", "lower_per_yr", "zone",
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names)


def pll_table(
    model: Model,
    found: FN,
    density: NDArray[np.float32],
    there: Presence,
    districts: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    """
    Expected deaths per year (``schema.RESULTS["pll"]``) by region, park, enterprise, source, and by district.

    Of a source: deaths it causes; of a district: deaths within it (from `societal_surface`).
    ``zone`` is the worst of the F-N curve, ``worst_deaths`` the deaths of the worst outcome.
    """
    rows, total, grid = [], float(found.pll.sum()), there.grid
    for scope, key, name, mine in scopes(model.sources):
        pll = float(found.pll[mine].sum())
        worst = max(zones(found.deaths, found.frequency[mine].sum(axis=0)), key=ZONES.index)
        rows.append((scope, key, name, pll, float(found.most[mine].max(initial=0)), worst, ""))
    if districts is not None:
        each = density.astype(float) * (grid.cell_m**2 / 1e6)
        for row in districts.itertuples(index=False):
            inside = shapely.contains_xy(row.geometry, grid.x[None, :], grid.y[:, None])
            rows.append(("district", str(row.id), str(row.name), float(each[inside].sum()), np.nan, "", ""))
    names = ["scope", "scope_id", "scope_name", "pll_per_yr", "worst_deaths", "zone", "lacked"]
    table = pd.DataFrame(rows, columns=names)
    table["lacked"] = "; ".join((*model.lacked, *there.lacked))
    table.insert(4, "share_percent", 100 * table["pll_per_yr"] / total if total > 0 else np.nan)
    return table


def societal_surface(model: Model, there: Presence, *, workers: int = 1) -> NDArray[np.float32]:
    """(rows, cols) expected deaths per year and km2 on the grid of ``there``."""
    persons = on_grid(people_of(there), there.grid)
    out = np.zeros(there.grid.shape)
    for period in PERIODS:
        risk = risk_surface(model, societal(model.weather, period), there.grid, workers=workers)
        out += risk * persons[period]
    return (out / (there.grid.cell_m**2 / 1e6)).astype(np.float32)
