"""A model as tables, so that a question is answered from a finished run without computing it anew."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from .footprint import Footprint
from .model import Model
from .outcomes import Outcome
from .weather import Weather

_LISTS = ("x_m", "value", "width_m", "outdoor", "indoor")


def model_tables(model: Model) -> dict[str, pd.DataFrame]:
    """Outcomes, footprints (each once) and weather of a model; its sources are a table already."""
    number: dict[int, int] = {}
    prints: list[Footprint] = []
    rows = []
    for o in model.outcomes:
        if id(o.footprint) not in number:
            number[id(o.footprint)] = len(prints)
            prints.append(o.footprint)
        rows.append((o.source, o.scenario, o.kind, o.weather, o.frequency, number[id(o.footprint)]))
    outcomes = pd.DataFrame(rows, columns=["source", "scenario", "kind", "weather", "frequency_per_yr", "footprint"])
    weather = pd.DataFrame({
        "stability": model.weather.stability,
        "speed_mps": model.weather.speed_mps,
        "period": model.weather.period,
        "share": model.weather.share,
        "towards": list(model.weather.towards),
    })  # fmt: skip
    return {"risk_outcomes": outcomes, "risk_footprints": _prints(prints), "risk_weather": weather}


def _prints(prints: list[Footprint]) -> pd.DataFrame:
    table: dict[str, Any] = {name: [_list(getattr(p, name)) for p in prints] for name in _LISTS}
    table |= {"slope": [p.slope for p in prints], "offset_m": [p.offset_m for p in prints]}
    return pd.DataFrame(table)


def _list(value: Any) -> list[float] | None:
    return None if value is None else np.atleast_1d(np.asarray(value, float)).tolist()


def model_from(sources: gpd.GeoDataFrame, tables: dict[str, pd.DataFrame], *, only: int | None = None) -> Model:
    """The model that `model_tables` wrote down; with ``only`` the outcomes of that source alone."""
    wanted, every = tables["risk_outcomes"], tables["risk_footprints"]
    if only is not None:
        wanted = wanted[wanted["source"] == only]
    used = np.unique(wanted["footprint"].to_numpy(int))
    prints = dict(zip(used.tolist(), map(_footprint, every.iloc[used].itertuples(index=False)), strict=True))
    outcomes = [
        Outcome(int(source), scenario, kind, int(weather), float(frequency), prints[footprint])
        for source, scenario, kind, weather, frequency, footprint in wanted.itertuples(index=False)
    ]
    w = tables["risk_weather"]
    towards = np.array([np.asarray(row, float) for row in w["towards"]])
    weather = Weather(tuple(w["stability"]), w["speed_mps"].to_numpy(float), tuple(w["period"]), towards)
    return Model(sources, outcomes, weather)


def _footprint(row: Any) -> Footprint:
    x = np.asarray(row.x_m, float)
    plume = row.width_m is not None and not np.isscalar(row.width_m)
    outdoor, indoor = (np.asarray(v, float) for v in (row.outdoor, row.indoor))
    return Footprint(
        x,
        np.asarray(row.value, float),
        np.asarray(row.width_m, float) if plume else None,
        float(row.slope),
        float(row.offset_m),
        float(outdoor[0]) if plume else outdoor,
        float(indoor[0]) if plume else indoor,
    )
