"""What the map page's panel of quantified risk shows: F-N curves, who adds most, protection targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from .downloads import records

_CURVES = 40  # F-N curves offered, the region's first, then by expected deaths
_CAUSES = 12  # sources and enterprises listed
_TARGETS = 200  # targets listed, the worst first
_VERDICTS = ("fail", "undecided")
_TARGET_COLUMNS = ("name", "group", "lsir_per_yr", "limit_per_yr", "margin", "verdict", "top_source")


def risk_panel(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """
    The panel as JSON (docs/site-format.md); empty where no table of quantified risk may be shown.

    ``fn``: curves {scope, name, zone, pll, points: [[deaths, per year], ...]} and the two ``lines``;
    ``causes``: rows of the table pll by expected deaths; ``targets``: those not within their limit, the worst first.
    """
    out: dict[str, Any] = {}
    if "fn_curve" in tables and len(tables["fn_curve"]):
        out["fn"] = _fn(tables["fn_curve"], tables.get("pll"))
    if "pll" in tables and len(tables["pll"]):
        out["causes"] = _causes(tables["pll"])
    targets = tables.get("target_risk")
    if isinstance(targets, gpd.GeoDataFrame) and len(targets):
        out |= _targets(targets)
    return out


def _fn(curves: pd.DataFrame, pll: pd.DataFrame | None) -> dict[str, Any]:
    """F-N curves down to the last number of deaths that can happen, and the lines of the diagram at their ends."""
    deaths = {} if pll is None else pll.set_index(["scope", "scope_id"])["pll_per_yr"].to_dict()
    found = []
    for (scope, key), rows in curves.groupby(["scope", "scope_id"], sort=False):
        rows = rows[rows["frequency_per_yr"] > 0]
        if rows.empty:
            continue
        points = [[_short(n), _short(f)] for n, f in zip(rows["deaths"], rows["frequency_per_yr"], strict=True)]
        name, zone = str(rows["scope_name"].iloc[0] or key), _worst(rows["zone"])
        pll_here = _short(deaths.get((scope, key), 0))
        found.append({"scope": scope, "name": name, "zone": zone, "points": points, "pll": pll_here})
    order = {"region": 0, "park": 1}
    found.sort(key=lambda c: (order.get(c["scope"], 2), -c["pll"]))
    ends = curves.sort_values("deaths").iloc[[0, -1]]
    lines = {
        name: [[_short(n), _short(f)] for n, f in zip(ends["deaths"], ends[f"{name}_per_yr"], strict=True)]
        for name in ("upper", "lower")
    }
    return {"curves": found[:_CURVES], "lines": lines}


def _worst(zones: pd.Series) -> str:
    order = ("intolerable", "alarp", "acceptable")
    return next((zone for zone in order if (zones == zone).any()), "")


def _causes(pll: pd.DataFrame) -> list[dict[str, Any]]:
    rows = pll[pll["scope"].isin(["enterprise", "source"]) & (pll["pll_per_yr"] > 0)]
    rows = rows.sort_values("pll_per_yr", ascending=False, kind="stable")
    chosen = pd.concat([rows[rows["scope"] == scope].head(_CAUSES) for scope in ("enterprise", "source")])
    return [
        {"scope": r.scope, "name": str(r.scope_name or r.scope_id), "pll": _short(r.pll_per_yr)}
        | {"share": _short(r.share_percent), "deaths": _short(r.worst_deaths)}
        for r in chosen.itertuples()
    ]


def _targets(targets: gpd.GeoDataFrame) -> dict[str, Any]:
    counts = targets["verdict"].value_counts()
    open_ = targets[targets["verdict"].isin(_VERDICTS)]
    worst = np.lexsort((open_["margin"].to_numpy(float), open_["verdict"].map(_VERDICTS.index).to_numpy(int)))
    shown = open_.iloc[worst[:_TARGETS]]
    unnamed = shown["name"].isna() | (shown["name"] == "")
    shown = shown.assign(name=shown["name"].where(~unnamed, shown["layer"] + " " + shown["id"].astype(str)))
    points = shown.geometry.representative_point().to_crs(4326)
    return {
        "verdicts": {name: int(counts.get(name, 0)) for name in (*_VERDICTS, "pass")},
        "targets": {
            "columns": [c for c in _TARGET_COLUMNS if c in shown],
            "rows": records(shown[[c for c in _TARGET_COLUMNS if c in shown]]),
            "lonlat": [[round(x, 5), round(y, 5)] for x, y in zip(points.x, points.y, strict=True)],
        },
    }


def _short(value: float) -> float:
    """Three digits: what a diagram can show."""
    return float(f"{float(value):.3g}")
