"""Whether a project may stand where it is drawn: everything that has a say, each with its verdict and its reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ..pipeline import SETBACK_LAYERS
from ..publish.words import rule_words
from .answer import WORST, Check, Project, Siting
from .ground import Ground
from .risks import risk
from .surroundings import access, pipes, rescue, surroundings

if TYPE_CHECKING:
    import geopandas as gpd

OF_ROADS = ("rescue", "access")  # what `check` adds to `decide`
_OF_RISK = ("individual_risk", "societal_risk")
OF_STOCK = ("setbacks", *_OF_RISK)  # what another stock may change; the other checks ask where the project stands


def check(ground: Ground, project: Project) -> Siting:
    """Everything that has a say about a project, what its place decides first."""
    judged = decide(ground, project, needs=True)
    checks, missing = list(judged.checks), list(judged.not_checked)
    rescue(ground, project, checks, missing)
    access(ground, project, checks, missing)
    return replace(judged, checks=_ordered(checks), not_checked=tuple(dict.fromkeys(missing)))


def decide(ground: Ground, project: Project, *, needs: bool = False) -> Siting:
    """
    The checks that a move or another stock would change: distances, risk, and what the ground is taken by.

    ``needs``: also say which missing attributes keep findings undecided.
    """
    checks: list[Check] = []
    missing: list[str] = []
    findings = _setbacks(ground, project, checks, missing, needs)
    judged = risk(ground, project, checks, missing)
    pipes(ground, project, checks, missing)
    surroundings(ground, project, checks, missing)
    dates = {"data": ground.region.data_date}
    return Siting(project, _ordered(checks), findings, judged, tuple(dict.fromkeys(missing)), dates)


def stock_checks(ground: Ground, project: Project, names: Collection[str]) -> list[Check]:
    """Those checks of `decide` that another stock may change, of these ``names`` at least."""
    checks: list[Check] = []
    if "setbacks" in names:
        _setbacks(ground, project, checks, [], False)
    if not set(names).isdisjoint(_OF_RISK):
        risk(ground, project, checks, [])
    return checks


def _ordered(checks: list[Check]) -> tuple[Check, ...]:
    order = (*WORST, "told")
    return tuple(sorted(checks, key=lambda c: order.index(c.verdict)))


def _setbacks(
    ground: Ground, project: Project, checks: list[Check], missing: list[str], needs: bool
) -> gpd.GeoDataFrame:
    from ..analysis.setbacks import check_setbacks, uncovered
    from ..analysis.siting.near import joined, keys, near

    used = {n: f for n, f in ground.layers.items() if n in SETBACK_LAYERS}
    around = near(used, project, float(ground.rules.frame["distance_m"].max()))
    findings = check_setbacks(joined(around, project), rules=ground.rules, only=keys(project), needs=needs)
    # Rules towards things no row near by shows are told of the whole region, not of this neighbourhood.
    whole = ground.table("not_checked")
    unseen = [] if whole is None else whole[whole["layer"] == ""]["why"].tolist()
    missing += [f"setbacks: {row['layer']}: {row['why']}" for row in findings.attrs["not_checked"] if row["layer"]]
    missing += [f"setbacks: {why}" for why in unseen]
    for name in SETBACK_LAYERS:
        if name not in ground.layers:
            missing.append(f"setbacks: the region has no layer {name}")
    wrong = findings[findings["verdict"] == "conflict"]
    unsure = int((findings["verdict"] == "undecided").sum())
    # A row of the project that no table covers is not clear because no pair of it was found.
    alone = {n: f for n, f in around.items() if n == "enterprises"} | dict(project)  # whose sector decides
    gaps = sum(count for (layer, _), count in uncovered(alone, ground.rules).items() if layer in project)
    verdict = "conflict" if len(wrong) else "undecided" if unsure or gaps else "clear"
    zh = f"间距冲突 {len(wrong)} 处，待定 {unsure} 处" + (f"，项目自身 {gaps} 项缺少间距规定" if gaps else "")
    en = f"{len(wrong)} conflicts and {unsure} undecided pairs of distance"
    en += f", {gaps} of the project's own rows without a table of distances" if gaps else ""
    clause = ""
    if len(wrong):
        worst = wrong.loc[(wrong["required_m"] - wrong["clearance_m"]).idxmax()]
        clause = rule_words(worst, "en")
        other = worst["target_name"] if str(worst["source_id"]).startswith("project:") else worst["source_name"]
        zh += f"；差得最多：{other}，{worst['clearance_m']:.1f} m，要求 {worst['required_m']:g} m"
        zh += f"（{rule_words(worst, 'zh')}）"
        en += f"; shortest of its rule: {other}, {worst['clearance_m']:.1f} m of {worst['required_m']:g} m ({clause})"
    checks.append(Check("setbacks", verdict, zh, en, clause))
    return findings
