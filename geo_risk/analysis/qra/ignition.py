"""From a loss of containment to its ends: ignition at once, later, or never (Purple Book 4.7, 4.8)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ...standards import weakest
from ..consequence.properties import Substance
from ..rows import table_rows
from .defaults import parameter
from .losses import Loss, Release

NONE = "none"  # the end of a branch without effect


LATE = ("flash_fire", "explosion")


@dataclass(frozen=True)
class End:
    """One end of a loss: outcome (one of ``outcomes.KINDS``, or `NONE`), its share and the factors of the share."""

    outcome: str
    share: float
    factors: dict[str, float]
    confidence: str


def ends(loss: Loss, *, toxic: bool) -> list[End]:
    """
    The ends of a loss in a fixed order; their shares sum to 1.

    ``toxic``: whether a probit of the substance is known. Of ammonia and carbon monoxide (toxic, low
    reactivity) only the poison counts; a burning warehouse has one end.
    """
    what = loss.release.what
    if loss.event == "fire":
        return [End("pool_fire", 1.0, {"fire": 1.0}, "MU")] if burns(what) else [End(NONE, 1.0, {}, "V")]
    if loss.event == "detonation":
        return [End("explosion", 1.0, {"detonation": 1.0}, "V")]
    kind = fuel_class(loss.release)
    if not burns(what) or (toxic and kind == "gas_low"):
        return [End("toxic" if toxic else NONE, 1.0, {}, "V")]
    direct, confidence = direct_ignition(loss, kind)
    key = delayed_key(kind, toxic=toxic)
    later = 0.0 if _gas_line(loss) else parameter(key)  # ignition of gas lines is counted as a whole, and gas rises
    found = [End(direct_outcome(loss.release, loss.event), direct, {"direct_ignition": direct}, confidence)]
    rest = 1 - direct
    for outcome, part in (("flash_fire", "flash_fire_share"), ("explosion", "explosion_share")):
        share = parameter(part)
        factors = {"no_direct_ignition": rest, "delayed_ignition": later, part: share}
        found.append(End(outcome, rest * later * share, factors, weakest([confidence, _confidence(key)])))
    never = {"no_direct_ignition": rest, "no_delayed_ignition": 1 - later}
    found.append(End("toxic" if toxic else NONE, rest * (1 - later), never, weakest([confidence, _confidence(key)])))
    return [end for end in found if end.share > 0]


def unlit(end: End, *, toxic: bool) -> End:
    """What a late ignition becomes where the cloud does not leave its site: poison, or nothing (Purple Book 4.7)."""
    return replace(end, outcome="toxic" if toxic else NONE, factors={**end.factors, "stays_on_site": 1.0})


def burns(what: Substance) -> bool:
    """Whether heat of combustion and lower flammable limit are known."""
    return what.combustible and bool(np.isfinite(what.combustion_heat))


def fuel_class(release: Release) -> str:
    """Class of the ignition table: gas_low, gas_high, or K1 to K4 of a liquid."""
    what = release.what
    if release.phase != "liquid" or what.liquid_class == "K0":
        return "gas_low" if what.reactivity == "low" else "gas_high"
    return what.liquid_class or "K1"


def _gas_line(loss: Loss) -> bool:
    return loss.part == "pipeline" and loss.release.phase == "gas"


def direct_ignition(loss: Loss, kind: str) -> tuple[float, str]:
    """Probability of direct ignition, and its confidence."""
    release = loss.release
    if _gas_line(loss):
        return loss.ignition, loss.confidence
    if loss.part.startswith(("tanker", "road")) and kind not in ("K2", "K3", "K4"):
        kind = "tanker_instantaneous" if release.instantaneous else "tanker_continuous"
    return ignition(kind, rate_kg_s=release.rate_kg_s, mass_kg=release.mass_kg if release.instantaneous else np.nan)


def ignition(kind: str, *, rate_kg_s: float = np.nan, mass_kg: float = np.nan) -> tuple[float, str]:
    """
    Probability of direct ignition of a class of ``ignition.csv`` by rate [kg/s] or mass [kg], and its confidence.

    Examples
    --------
    >>> ignition("gas_high", rate_kg_s=50.0)
    (0.5, 'V')
    """
    best = None
    for row in _ignition_rows(kind):
        if not (rate_kg_s < row["over_kg_s"] or mass_kg < row["over_kg"]):
            best = row
    assert best is not None, f"ignition.csv has no row of class {kind} from 0"
    return float(best["probability"]), str(best["confidence"])


@lru_cache
def _ignition_rows(kind: str) -> list[dict[str, Any]]:
    return [r for r in table_rows("ignition") if r["class"] == kind]


def delayed_key(kind: str, *, toxic: bool) -> str:
    """Row of risk_parameters.csv with the share that is lit later."""
    if kind in ("K2", "K3", "K4"):
        return "delayed_K2"
    if toxic:
        return "delayed_toxic_high"
    return "delayed_K1" if kind == "K1" else "delayed_gas"


def direct_outcome(release: Release, event: str) -> str:
    """What burns where the release is lit at once."""
    if release.phase in ("liquid", "refrigerated"):
        return "pool_fire"
    bursts = release.instantaneous or (release.pipe_mm > 0 and release.phase == "gas" and event == "rupture")
    return "fireball" if bursts else "jet_fire"


@lru_cache
def _confidence(key: str) -> str:
    rows = {r["key"]: r["confidence"] for r in table_rows("risk_parameters")}
    return rows.get(key, "V")
