"""Current risk: the sources of the index with controls, hidden dangers, alarms and rescue time counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from .dangers import judged, last_day
from .grading import owners
from .rows import number, records, table_rows, text

# Layers whose rows say how things stand; what is missing changes nothing.
CURRENT_LAYERS = ("enterprises", "hazard_sources", "risk_points", "hidden_dangers")
UNCHANGED = "nothing known that changes it: current equals inherent"
_FIRE = "fire_station"


@dataclass
class _Change:
    """Product of the factors found for something, and each of them in words."""

    factor: float = 1.0
    words: list[str] = field(default_factory=list)

    def times(self, factor: float, words: str) -> None:
        self.factor *= factor
        self.words.append(f"{words} x {factor:.3g}")


def current_sources(
    sources: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    travel_times: pd.DataFrame | None = None,
    *,
    as_of: str = "",
) -> gpd.GeoDataFrame:
    """
    The sources of the index as they stand now (``schema.RESULTS["current_sources"]``), in the same order.

    The score of a source is multiplied by the factors of ``standards/current_factors.csv`` that fit: of its
    firm (standardisation grade, hidden dangers, alarms), of the risk point
    (control measures by kind) and of rescue (the first fire engine's minutes to a hazard or crowded
    place). A further danger or alarm only adds, a further measure only takes away. ``reason`` names the
    inherent level and each factor; ``factor`` is 1 where nothing is known.

    Parameters
    ----------
    sources
        What `index_sources` returns.
    layers
        `CURRENT_LAYERS`, any of them; other layers are ignored.
    travel_times
        ``schema.RESULTS["travel_times"]``.
    as_of
        Date (YYYY-MM-DD) from which a danger that is past its date counts as overdue; empty: only what is
        written as overdue.
    """
    by_firm = firm_changes(layers, as_of)
    by_row = {("risk_points", key): change for key, change in _measures(layers.get("risk_points"))}
    by_row |= _rescue(travel_times)
    firm_of = firms_of(layers)
    factors, reasons = [], []
    for layer, key, score in zip(sources["layer"], sources["id"].astype(str), sources["score"], strict=True):
        found = [by_firm.get(firm_of.get((layer, key), "")), by_row.get((layer, key))]
        changes = [c for c in found if c is not None and c.words]
        factor = float(np.prod([c.factor for c in changes])) if score > 0 else 1.0
        words = [word for c in changes for word in c.words] if score > 0 else []
        factors.append(factor)
        reasons.append(f"inherent {score:.1f}: {'; '.join(words) or UNCHANGED}")
    now = np.minimum(sources["score"].to_numpy(float) * np.array(factors), 100.0)
    out = sources[["layer", "id", "name"]].assign(
        score=now,
        reach_m=sources["reach_m"],
        group=sources["group"],
        factor=np.array(factors, float),
        reason=pd.Series(reasons, index=sources.index, dtype=object),
    )
    return gpd.GeoDataFrame(out, geometry=sources.geometry.array, crs=sources.crs)


def firm_changes(layers: Mapping[str, gpd.GeoDataFrame], as_of: str = "") -> dict[str, _Change]:
    """Enterprise id -> factor and words of what is known of the firm as a whole."""
    firms = layers.get("enterprises")
    out: dict[str, _Change] = {}
    if firms is None:
        return out
    dangers = dangers_of(layers.get("hidden_dangers"), firms, as_of)
    for row in records(firms.drop(columns=firms.geometry.name)):
        change = _Change()
        for rule in _rows("standardisation"):
            if rule["match"] == _whole(number(row, "standardisation")):
                change.times(rule["factor"], rule["label"])
        counts = dangers.get(str(row["id"]), {})
        _added(change, "danger", counts, ", ".join(f"{n} {state}" for state, n in counts.items()))
        alarms = number(row, "alarms")
        if alarms > 0:
            _added(change, "alarms", {"": alarms}, f"{alarms:g} waiting")
        if change.words:
            out[str(row["id"])] = change
    return out


def dangers_of(
    dangers: gpd.GeoDataFrame | None, enterprises: gpd.GeoDataFrame, as_of: str = ""
) -> dict[str, dict[str, int]]:
    """Enterprise id -> {state: count} of its hidden dangers that are not closed; a supervised one counts as such."""
    out: dict[str, dict[str, int]] = {}
    if dangers is None or not len(dangers):
        return out
    for row, firm in zip(records(pd.DataFrame(dangers)), owners(dangers, enterprises), strict=True):
        state = danger_state(row, as_of)
        if firm is not None and state != "closed":
            counts = out.setdefault(str(firm), {})
            counts[state] = counts.get(state, 0) + 1
    return {firm: dict(sorted(counts.items())) for firm, counts in sorted(out.items())}


def danger_state(row: dict[str, Any], as_of: str = "") -> str:
    """open, overdue, supervised or closed; what is not known to be closed is open."""
    state = judged(row, last_day(as_of) if as_of else None)[0]
    marked = row.get("supervised")
    return "supervised" if state != "closed" and pd.notna(marked) and bool(marked) else state


def _measures(points: gpd.GeoDataFrame | None) -> Iterable[tuple[str, _Change]]:
    """(id, change) of the risk points whose measures name a kind of control."""
    for row in records(pd.DataFrame(points)) if points is not None and "measures" in points else []:
        change, written = _Change(), text(row, "measures").lower()
        for rule in _rows("measures"):
            if written and any(word.lower() in written for word in rule["match"].split("|")):
                change.times(rule["factor"], rule["label"])
        yield str(row["id"]), change


def _rescue(travel_times: pd.DataFrame | None) -> dict[tuple[str, str], _Change]:
    """(layer, id) -> change, by the minutes of the nearest fire engine."""
    out: dict[tuple[str, str], _Change] = {}
    if travel_times is None:
        return out
    nearest = first_engines(travel_times)
    for layer, key, minutes in zip(
        nearest["place_layer"], nearest["place_id"].astype(str), nearest["minutes"].astype(float), strict=True
    ):
        change = _Change()
        fits = [r for r in _rows("rescue") if (r["how"] == "none" if np.isnan(minutes) else _later(r, minutes))]
        if fits:
            worst = max(fits, key=lambda r: float(r["factor"]))
            shown = "" if np.isnan(minutes) else f" ({minutes:.0f} min)"
            change.times(worst["factor"], f"{worst['label']}{shown}")
        out[(str(layer), key)] = change
    return out


def first_engines(travel_times: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``travel_times`` that count: the first fire engine to each place, or that none comes."""
    return travel_times[(travel_times["facility_kind"] == _FIRE) & (travel_times["rank"].fillna(1) == 1)]


def _later(rule: dict[str, Any], minutes: float) -> bool:
    return bool(rule["how"] == "over" and minutes > float(rule["match"]))


def firms_of(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[tuple[str, str], str]:
    """(layer, id) of a source -> id of its enterprise."""
    firms = layers.get("enterprises")
    if firms is None:
        return {}
    out = {("enterprises", i): i for i in firms["id"].astype(str).tolist()}
    for name in ("hazard_sources", "risk_points"):
        if name in layers:
            pairs = zip(layers[name]["id"].astype(str).tolist(), owners(layers[name], firms).tolist(), strict=True)
            out |= {(name, key): firm for key, firm in pairs if firm is not None}
    return out


def _added(change: _Change, what: str, counts: Mapping[str, float], shown: str) -> None:
    """Each danger or alarm adds its row's number to 1, together no more than the cap."""
    each = {
        str(r["match"]) if isinstance(r["match"], str) else "": r["factor"] for r in _rows(what) if r["how"] == "each"
    }
    cap = next(r["factor"] for r in _rows(what) if r["how"] == "cap")
    factor = min(1 + sum(each[state] * n for state, n in sorted(counts.items())), cap)
    if factor > 1:
        change.times(factor, f"{'hidden dangers' if what == 'danger' else what}: {shown}")


def _rows(what: str) -> list[dict[str, Any]]:
    return [r for r in table_rows("current_factors") if r["field"] == what]


def _whole(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.0f}"
