"""What a siting check answers: single checks, and the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Project = Mapping[str, "gpd.GeoDataFrame"]
HAZARDS = ("hazard_sources", "gas_pipelines", "parking_lots")
WORST = ("conflict", "undecided", "clear")  # verdicts, the worst first


@dataclass(frozen=True)
class Check:
    """
    One thing that was looked at.

    ``verdict`` is conflict, undecided, clear, or told: a fact nobody's rule judges. ``zh``, ``en``: what was
    found, in one line. ``name`` is setbacks, individual_risk, societal_risk, pipelines, rescue, access, water, ...
    ``clause`` is in English; ``publish.words.phrase`` has its Chinese.
    """

    name: str
    verdict: str
    zh: str
    en: str
    clause: str = ""


@dataclass(frozen=True)
class Siting:
    """
    The answer to "may it stand here?".

    Parameters
    ----------
    project : rows of the project by layer.
    checks : what was looked at, the worst first.
    findings : ``schema.RESULTS["findings"]`` of pairs with the project.
    risk : protection targets the project's risk reaches, or the project's own places, judged by GB 36894.
    not_checked : what could not be looked at, and why.
    ways : what would make it pass, each proven by a check of its own; see `siting.ways`.
    told : all of it as JSON, see `siting.told`; empty until it was asked for.
    """

    project: Project
    checks: tuple[Check, ...]
    findings: gpd.GeoDataFrame
    risk: pd.DataFrame
    not_checked: tuple[str, ...]
    dates: Mapping[str, str]
    ways: tuple[Mapping[str, Any], ...] = field(default=())
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def verdict(self) -> str:
        """The worst of the checks; never clear where something that decides was not checked."""
        return worst(self.checks)


def worst(checks: Iterable[Check]) -> str:
    """The worst verdict; undecided where none decides."""
    found = {c.verdict for c in checks}
    return next((v for v in WORST if v in found), "undecided")
