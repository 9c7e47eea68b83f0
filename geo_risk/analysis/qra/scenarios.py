"""From what offices know to the risk of a region: every branch of every source, with its footprint.

Sources fail (``losses``), what leaves is lit or not (``ignition``), and each end in each weather
class has a footprint (``fires``, ``drift``). Branches that share release and weather share the
footprint, so that the models run once for each kind of tank, not for each tank.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from ...errors import GeoRiskError, StandardsError
from ...schema import RESULTS
from ...sections import RiskSettings
from ...standards import weakest
from ..consequence.properties import Substance
from ..consequence.vulnerability import ProbitConstants, toxic_constants
from ..rows import records
from . import drift, fires
from .explosives import detonation, material
from .footprint import Footprint
from .ignition import LATE, NONE, End, ends, unlit
from .losses import Loss, Release, losses
from .model import Model
from .outcomes import ANY_WEATHER, Outcome
from .overrides import Overrides, checked, used_scenarios
from .sources import Sources, risk_sources
from .unverified import unverified, weakened
from .weather import Weather, period_share, weather_of

_FIRES = ("pool_fire", "jet_fire", "fireball")  # the same in every weather
_CLOUDS = ("toxic", "flash_fire", "explosion")
# Weather where no rose is given: neutral by day, stable by night, from everywhere alike (a screening choice).
NO_ROSE = (("day", "D", 4.0), ("night", "F", 1.5))
_CHANCES = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True)
class Branch:
    """One end of one loss in one weather class (`ANY_WEATHER`: in all), with its footprint and the models' warning."""

    loss: Loss
    end: End
    weather: int
    frequency: float
    footprint: Footprint | None
    warning: str


class Twig(NamedTuple):
    """A loss and one of its ends, before the weather; ``toxic`` and ``boundary_m`` [m] of its source."""

    loss: Loss
    end: End
    toxic: bool
    boundary_m: float


def risk_model(
    layers: Mapping[str, gpd.GeoDataFrame],
    wind_rose: pd.DataFrame | None,
    settings: RiskSettings,
    overrides: pd.DataFrame | None = None,
) -> tuple[Model, dict[str, pd.DataFrame]]:
    """
    The risk model of a region and the tables behind it.

    Parameters
    ----------
    layers
        ``hazard_sources``, ``parking_lots``, ``gas_pipelines``, ``roads``; see `risk_sources`.
    wind_rose
        ``schema.RESULTS["wind_rose"]``; None: `NO_ROSE`, which ``Model.lacked`` tells.
    settings
        [risk].
    overrides
        Rows of [risk] scenarios, all text; see ``overrides.checked``.

    Returns
    -------
    Model, tables
        ``tables``: risk_sources (the rows of ``Model.sources``), scenarios, not_quantified, unverified.

    Raises
    ------
    InputError, CRSError, StandardsError
        If a layer is not metric, the rose or an override cannot be, or a standards table lacks a row.
    """
    weather = default_weather() if wind_rose is None else weather_of(wind_rose)
    found = risk_sources(layers, missing_quantity=settings.missing_quantity)
    rules = checked(overrides, found.sources) if overrides is not None else Overrides()
    sources = _replaced(found.sources, rules)
    branches, mute = scenario_branches(sources, weather, settings, rules)
    sources, kept = _without(sources, mute)
    table = scenario_table(sources, branches, weather, kept)
    doubts = unverified(sources, branches, kept, settings, rose=wind_rose is not None)
    sources = weakened(sources, branches, kept, settings)
    outcomes = [
        Outcome(kept[b.loss.source], b.loss.scenario, b.end.outcome, b.weather, b.frequency, b.footprint)
        for b in branches
        if b.footprint is not None and b.frequency > 0
    ]
    lacked = found.lacked
    if wind_rose is None:
        lacked += ("no wind rose: D at 4 m/s by day and F at 1.5 m/s by night, from everywhere alike",)
    if mute:
        lacked += (f"{len(mute)} sources neither burn nor have a toxic probit: they add no risk here, and are listed",)
    model = Model(sources, outcomes, weather, lacked)
    return model, {
        "risk_sources": sources,
        "scenarios": table,
        "not_quantified": _mute_rows(found, mute),
        "unverified": doubts,
    }


def default_weather() -> Weather:
    """The two classes of `NO_ROSE`."""
    rows = [
        {"period": p, "direction_deg": np.nan, "speed_mps": speed, "stability": letter, "share": period_share(p)}
        for p, letter, speed in NO_ROSE
    ]
    return weather_of(pd.DataFrame(rows))


def _replaced(sources: gpd.GeoDataFrame, rules: Overrides) -> gpd.GeoDataFrame:
    """The sources with the user's own values, noted in ``assumed``."""
    if not rules.values:
        return sources
    out = sources.copy()
    for k in np.flatnonzero(out["source_id"].isin(rules.values)):
        given = rules.values[out.at[k, "source_id"]]
        assumed = json.loads(out.at[k, "assumed"])
        for column, value in given.items():
            out.at[k, column] = value
            assumed[column] = {"value": value, "unit": "", "why": "own value", "confidence": "V"}
        out.at[k, "assumed"] = json.dumps(assumed, ensure_ascii=False)
        own = material(out.at[k, "substance"]).confidence
        out.at[k, "confidence"] = weakest([own, *(entry["confidence"] for entry in assumed.values())])
    return out


# --- the tree -----------------------------------------------------------------------------------


def scenario_branches(
    sources: gpd.GeoDataFrame, weather: Weather, settings: RiskSettings, rules: Overrides | None = None
) -> tuple[list[Branch], dict[int, str]]:
    """
    Every branch of every source, in the order of sources, scenarios, ends and weather classes.

    The frequencies of a source's branches sum to those of its losses of containment. Also returns
    the sources that have no effect at all: position -> why.
    """
    rules = rules or Overrides()
    twigs: list[Twig] = []
    names: dict[str, list[str]] = {}
    mute: dict[int, str] = {}
    for k, row in enumerate(records(sources.drop(columns="geometry"))):
        what = material(row["substance"])
        probit = _constants(what.cas, settings.probits)
        try:
            found = losses(row, k, what, frequencies=settings.frequencies, isolation=settings.isolation)
        except GeoRiskError as error:
            mute[k] = str(error)
            continue
        names[row["source_id"]] = [loss.scenario for loss in found]
        mine = [
            Twig(loss, end, probit is not None, float(row["boundary_m"]))
            for loss in rules.apply(row["source_id"], found)
            for end in ends(loss, toxic=probit is not None)
        ]
        if all(twig.end.outcome == NONE for twig in mine):
            mute[k] = _why_mute(what, row["equipment"], settings.probits, fails=bool(found), toxic=probit is not None)
            continue
        twigs += mine
    used_scenarios(rules, names)
    return _branches(twigs, weather, settings), mute


def _why_mute(what: Substance, equipment: str, probits: str, *, fails: bool, toxic: bool) -> str:
    if not fails:
        return "less than can do harm would leave it."
    if toxic:
        return f"{what.zh} does not burn, and no scenario lets its poison out of {equipment}."
    return f"{what.zh} neither burns as stored here nor has a toxic probit in the set '{probits}'."


@lru_cache
def _constants(cas: str, probits: str) -> ProbitConstants | None:
    """Toxic probit of a substance; None where the set has none."""
    try:
        return toxic_constants(cas, set=probits)
    except StandardsError:
        return None


def _branches(twigs: Sequence[Twig], weather: Weather, settings: RiskSettings) -> list[Branch]:
    share, classes = weather.share, range(len(weather.stability))
    wind = float((weather.speed_mps * share).sum() / share.sum())
    prints = _footprints(twigs, weather, settings, wind)
    out = []
    for twig in twigs:
        loss, release = twig.loss, twig.loss.release
        for w in classes if _drifts(twig) else (ANY_WEATHER,):
            end = twig.end
            if (
                w != ANY_WEATHER
                and end.outcome in LATE
                and _reach(prints["flash_fire", release, w][0]) <= twig.boundary_m
            ):
                end = unlit(end, toxic=twig.toxic)
            print_, why = prints.get((end.outcome, release, w), (None, ""))
            out.append(Branch(loss, end, w, loss.frequency * end.share, print_, why))
    return out


def _drifts(twig: Twig) -> bool:
    """Whether the end depends on the weather."""
    return twig.end.outcome in _CLOUDS and twig.loss.event != "detonation"


def _reach(footprint: Footprint | None) -> float:
    """How far downwind a cloud burns [m]."""
    return 0.0 if footprint is None else float(footprint.x_m[-1])


Key = tuple[str, Release, int]


def _footprints(
    twigs: Sequence[Twig], weather: Weather, settings: RiskSettings, wind_mps: float
) -> dict[Key, drift.Answer]:
    """The footprint of every outcome of every release in every weather class that matters, each computed once."""
    out: dict[Key, drift.Answer] = {}
    drifting: dict[tuple[str, str], dict[Release, None]] = {}
    for twig in twigs:
        release, outcome = twig.loss.release, twig.end.outcome
        if outcome in _FIRES and (outcome, release, ANY_WEATHER) not in out:
            out[outcome, release, ANY_WEATHER] = fires.fire(outcome, release, wind_mps)
        elif twig.loss.event == "detonation":
            out[outcome, release, ANY_WEATHER] = detonation(release), ""
        elif outcome in _CLOUDS:
            kind = "toxic" if outcome == "toxic" else "flammable"
            drifting.setdefault((kind, release.what.cas), {})[release] = None
    classes = list(zip(weather.stability, weather.speed_mps.tolist(), strict=True))
    for (kind, _), group in drifting.items():
        tasks = [drift.Task(release, *weather_class) for release in group for weather_class in classes]
        keys = [(release, w) for release in group for w in range(len(classes))]
        if kind == "toxic":
            constants = _constants(tasks[0].release.what.cas, settings.probits)
            assert constants is not None
            answers = drift.toxic(tasks, constants, settings.terrain)
            out |= {("toxic", *key): answer for key, answer in zip(keys, answers, strict=True)}
        else:
            pairs = drift.flammable(tasks, settings.terrain, settings.congestion)
            for key, (flash, blast) in zip(keys, pairs, strict=True):
                out["flash_fire", *key], out["explosion", *key] = flash, blast
    return out


# --- tables -------------------------------------------------------------------------------------


def scenario_table(
    sources: gpd.GeoDataFrame, branches: Sequence[Branch], weather: Weather, kept: Mapping[int, int]
) -> pd.DataFrame:
    """``schema.RESULTS["scenarios"]``: one row a branch; ``kept``: new position of the sources that remain."""
    share = weather.share
    called = [
        f"{s} {u:.1f} m/s {p}" for s, u, p in zip(weather.stability, weather.speed_mps, weather.period, strict=True)
    ]
    ids, confidence = sources["source_id"].to_numpy(object), sources["confidence"].to_numpy(object)
    rows = []
    for b in branches:
        where, release = kept[b.loss.source], b.loss.release
        part = 1.0 if b.weather == ANY_WEATHER else float(share[b.weather])
        factors: dict[str, Any] = {**b.loss.factors, **b.end.factors}
        if b.weather != ANY_WEATHER:
            factors["weather"] = round(part, 6)
        rows.append(
            (
                ids[where],
                b.loss.scenario,
                b.end.outcome,
                "any" if b.weather == ANY_WEATHER else called[b.weather],
                b.frequency * part,
                release.rate_kg_s,
                release.mass_kg,
                release.duration_s,
                0.0 if b.footprint is None else b.footprint.reach_m,
                _CHANCES.encode(factors),
                b.warning,
                weakest([confidence[where], b.loss.confidence, b.end.confidence]),
            )
        )
    return pd.DataFrame(rows, columns=list(RESULTS["scenarios"].names))


def _without(sources: gpd.GeoDataFrame, mute: Mapping[int, str]) -> tuple[gpd.GeoDataFrame, dict[int, int]]:
    """The sources that do something, and old position -> new."""
    stays = [k for k in range(len(sources)) if k not in mute]
    return sources.iloc[stays].reset_index(drop=True), {old: new for new, old in enumerate(stays)}


def _mute_rows(found: Sources, mute: Mapping[int, str]) -> pd.DataFrame:
    """The table not_quantified with the sources that have no effect."""
    rows = [
        {
            **{c: found.sources.at[k, c] for c in ("source_id", "layer", "id", "name", "substance")},
            "reason": why,
            "helps": "A probit of the substance, where it is toxic; nothing where it is harmless.",
        }
        for k, why in sorted(mute.items())
    ]
    extra = pd.DataFrame(rows, columns=found.not_quantified.columns)
    return pd.concat([found.not_quantified, extra], ignore_index=True) if rows else found.not_quantified
