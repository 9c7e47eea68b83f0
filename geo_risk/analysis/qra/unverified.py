"""What nobody has checked: every number of confidence MU that a risk sum uses, and the result it touches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from ...schema import RESULTS
from ...sections import RiskSettings
from ...standards import weakest
from ..rows import table_rows
from .explosives import material

if TYPE_CHECKING:
    from .scenarios import Branch

EVERYWHERE = "*"  # instead of a source: what touches all of a result
_VERDICTS = ("unverified_factor", "not_quantified_near_m", "frequency_error_factor")
Row = tuple[str, ...]


def unverified(
    sources: gpd.GeoDataFrame,
    branches: Sequence[Branch],
    kept: Mapping[int, int],
    settings: RiskSettings,
    *,
    rose: bool = True,
) -> pd.DataFrame:
    """
    ``schema.RESULTS["unverified"]``: every number of confidence MU in use, and what it touches.

    ``kept``: row in ``sources`` of each branch's source; ``rose``: whether the wind was given.
    """
    rows: dict[Row, None] = dict.fromkeys(_of_sources(sources))
    rows |= dict.fromkeys(_of_branches(sources, branches, kept))
    rows |= dict.fromkeys(_of_results(branches, settings, rose=rose))
    return pd.DataFrame(list(rows), columns=list(RESULTS["unverified"].names))


def weakened(
    sources: gpd.GeoDataFrame, branches: Sequence[Branch], kept: Mapping[int, int], settings: RiskSettings
) -> gpd.GeoDataFrame:
    """The sources, each as unsure as the least sure number its risk rests on: its own, of a branch, or of a blast."""
    blast = weakest(r["confidence"] for r in table_rows("risk_parameters") if r["key"].startswith(settings.congestion))
    found = [[c] for c in sources["confidence"]]
    for b in branches:
        clouds = b.end.outcome == "explosion" and b.weather >= 0 and b.footprint is not None
        found[kept[b.loss.source]] += [b.loss.confidence, b.end.confidence, *([blast] if clouds else [])]
    return sources.assign(confidence=[weakest(mine) for mine in found])


def _of_sources(sources: gpd.GeoDataFrame) -> Iterator[Row]:
    """What was assumed of each source, and substances computed as a mixture that stands for them."""
    for source_id, text, name in zip(sources["source_id"], sources["assumed"], sources["substance"], strict=True):
        assumed = json.loads(text)
        for column, entry in assumed.items():
            if entry["confidence"] == "MU":
                yield source_id, "", column, str(entry["value"]), entry["unit"], entry["why"]
        what = material(name)
        if what.confidence == "MU" and "substance" not in assumed:
            yield source_id, "", "properties", what.zh, "", what.surrogate or "recalled, unsure"


def _of_branches(sources: gpd.GeoDataFrame, branches: Sequence[Branch], kept: Mapping[int, int]) -> Iterator[Row]:
    """Frequencies, and probabilities of what follows."""
    ids = sources["source_id"].to_numpy(object)
    for b in branches:
        where = (ids[kept[b.loss.source]], b.loss.scenario)
        if b.loss.confidence == "MU":
            yield *where, "failure frequency", f"{b.loss.frequency:g}", "per year", "failure or ignition frequency"
        if b.end.confidence == "MU":
            shown = ", ".join(f"{k.replace('_', ' ')} {v:g}" for k, v in b.end.factors.items())
            yield *where, f"probability of {b.end.outcome}", f"{b.end.share:g}", "-", shown


def _of_results(branches: Sequence[Branch], settings: RiskSettings, *, rose: bool) -> Iterator[Row]:
    """What touches all sources: blast, weather, people, verdicts."""
    if any(b.end.outcome == "explosion" and b.footprint is not None for b in branches):
        wanted = (f"{settings.congestion}_share", f"{settings.congestion}_class")
        yield from _doubtful("risk_parameters", wanted, "explosion")
    if not rose:
        said = "no wind rose is given: a screening choice"
        yield EVERYWHERE, "", "weather", "D 4 m/s by day, F 1.5 m/s by night", "", said
    for row in table_rows("presence"):
        if row["confidence"] == "MU":
            value = f"{row['day']:g} by day, {row['night']:g} by night"
            yield EVERYWHERE, "", f"presence: {row['who']}", value, "-", f"F-N and PLL: {row['source']}"
    yield from _doubtful("parameters", _VERDICTS, "verdicts, percentiles")


def _doubtful(table: str, keys: Sequence[str], touches: str) -> Iterator[Row]:
    rows: dict[str, dict[str, Any]] = {r["key"]: r for r in table_rows(table)}
    for key in keys:
        if rows[key]["confidence"] == "MU":
            why = f"{touches}: {rows[key]['meaning']}"
            yield EVERYWHERE, "", key, f"{rows[key]['value']:g}", rows[key]["unit"], why
