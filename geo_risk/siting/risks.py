"""Individual and societal risk of a project and to it, by GB 36894-2018, where GB/T 37243-2019 leaves it to them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .. import pipeline
from ..standards import parameter
from .answer import HAZARDS, WORST, Check, Project
from .ground import Ground

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..analysis.qra.model import Model

_TABLE_2 = "GB 36894-2018 Table 2"


def risk(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> pd.DataFrame:
    import pandas as pd

    tables = []
    hazards = {n: project[n] for n in HAZARDS if n in project}
    if hazards:
        tables.append(_risk_of(ground, hazards, checks, missing))
    if "crowded_places" in project:
        tables.append(_risk_to(ground, project, checks, missing))
    tables = [t for t in tables if t is not None and len(t)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _risk_of(ground: Ground, hazards: Project, checks: list[Check], missing: list[str]) -> pd.DataFrame | None:
    """What the project's own sources do to others."""
    from ..analysis.siting.risk import added_risk, societal_of

    model, made = pipeline.model_of(ground.region, dict(hazards))
    missing += [f"risk: {row.name or row.id}: {row.reason}" for row in made["not_quantified"].itertuples(index=False)]
    partial = bool(len(made["not_quantified"]))
    rules = governs(ground, hazards, model.sources, checks)
    if not model.outcomes:
        zh, en = "无法计算其定量风险", "its risk could not be computed"
        checks.append(Check("individual_risk", "undecided" if partial else "told", zh, en))
        return None
    before = ground.table("target_risk") if ground.quantified else None
    if before is None:
        missing.append("risk: quantified risk is off in this region: the sum with what is there is unknown")
    found = added_risk(model, ground.layers, ground.region.grid.cell_m, before)
    new = found["verdict_new"].value_counts()
    fail, unsure = int(new.get("fail", 0)), int(new.get("undecided", 0))
    # A target that is above its limit already is made no worse than by its measure: what the project adds to it.
    least = parameter("added_share") * found["limit_per_yr"]
    worse = (found["before"] != "fail") | (found["lsir_per_yr"] >= least)
    over = int(((found["after"] == "fail") & (found["verdict_new"] != "fail") & worse).sum())
    # Where the sum is open, and was kept before or is not known at all.
    doubt = (found["after"] == "unknown") | ((found["after"] == "undecided") & (found["before"] == "pass"))
    verdict = "conflict" if fail or over else "undecided" if unsure or partial or doubt.any() else "clear"
    worst = f"{found['lsir_per_yr'].max():.1e}" if len(found) else "0"
    zh = f"超新建限值 {fail} 处，待定 {unsure} 处；叠加后超在役限值 {over} 处，存疑 {int(doubt.sum())} 处"
    zh += f"；最高 {worst}/年"
    en = (
        f"{fail} targets above the limit for new installations, {unsure} undecided; with what "
        f"is there {over} more above that in service and {int(doubt.sum())} in doubt; highest {worst} per year"
    )
    checks.append(_scoped(Check("individual_risk", verdict, zh, en, _TABLE_2), rules))
    if not ground.quantified:
        missing.append("societal risk: quantified risk is off in this region")
        return found.assign(role="endangered")
    told = societal_of(model, ground.people)
    verdict = {"intolerable": "conflict", "alarp": "undecided", "acceptable": "clear"}[told.zone]
    zone = {"intolerable": "不可接受区", "alarp": "尽可能降低区", "acceptable": "可接受区"}[told.zone]
    zh = f"{zone}；预期死亡 {told.pll_per_yr:.1e} 人/年，最坏 {told.worst_deaths:.0f} 人"
    en = f"{told.zone}; PLL {told.pll_per_yr:.1e} per year, worst outcome {told.worst_deaths:.0f} deaths"
    checks.append(_scoped(Check("societal_risk", verdict, zh, en, "GB 36894-2018 4.3"), rules))
    return found.assign(role="endangered")


def governs(ground: Ground, hazards: Project, sources: gpd.GeoDataFrame, checks: list[Check]) -> bool:
    """Whether the risk sum decides (GB/T 37243-2019), or distances alone; the major hazard is told in ``checks``."""
    from ..analysis.major_hazards import major_hazards
    from ..analysis.siting.risk import governed

    own = hazards.get("hazard_sources")
    if own is None:
        return False
    built = own.assign(state=None)  # as it will stand: what is only planned holds nothing yet
    majors = major_hazards(built, population=ground.layers.get("population"))
    for row in majors.itertuples(index=False):
        words = {
            "major": ("构成重大危险源", "a major hazard installation"),
            "not_major": ("不构成重大危险源", "no major hazard installation"),
        }
        zh, en = words.get(row.verdict, ("是否构成重大危险源待定", "whether it is one is open"))
        number = f" {int(row.level)}" if row.verdict == "major" and row.level == row.level else ""
        zh += f"{number} 级" if number else ""
        en += f", level{number}" if number else ""
        zh, en = f"{zh}，S = {row.s_value:.2f}", f"{en}, S = {row.s_value:.2f}"
        checks.append(Check("major_hazard", "told", zh, en, "GB 18218-2018 4.2"))
    there = ground.table("major_hazards")
    firms = set(own["enterprise_id"].dropna()) - {""}
    if there is not None and firms and (there["enterprise_id"].isin(firms) & (there["verdict"] != "not_major")).any():
        import pandas as pd

        majors = pd.concat([majors, majors.assign(verdict="major")])  # one more unit of a plant that is one already
    return bool(governed(sources, own, majors).any())


def _scoped(check: Check, rules: bool) -> Check:
    """A finding of the risk sum that decides nothing is told, not judged."""
    if rules:
        return check
    zh = f"{check.zh}（按 GB/T 37243-2019 以标准间距为准，风险仅供参考）"
    en = f"{check.en} (by GB/T 37243-2019 distances decide here, the risk is for information)"
    return replace(check, verdict="told", zh=zh, en=en)


def _risk_to(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> pd.DataFrame | None:
    """What the sources there do to a new place: those the risk sum decides for, and all together."""
    import shapely

    from ..analysis.qra.model import source_ids
    from ..analysis.siting.risk import reaching, restricted, risk_at

    if not ground.quantified:
        zh, en = "本区域未开启定量风险计算", "the region's risk is not quantified"
        checks.append(Check("individual_risk", "undecided", zh, en))
        missing.append("risk: quantified risk is off in this region: write quantified = true under [risk]")
        return None
    places, cell = project["crowded_places"], ground.region.grid.cell_m
    every = reaching(ground.model, shapely.union_all(places.geometry.to_numpy()))
    decided = set(source_ids(ground.model.sources)[ground.ruled])
    ruled = restricted(every, np.isin(source_ids(every.sources), list(decided)))
    missing_rows = ground.table("not_quantified")
    found, whole = (risk_at(m, project, cell, missing_rows) for m in (ruled, every))
    named = {"fail": "conflict", "undecided": "undecided", "pass": "clear"}
    worst, all_worst = (min((named[v] for v in f["verdict"]), key=WORST.index, default="clear") for f in (found, whole))
    # Stations, pipelines and tankers are ruled by distances; risk above a limit is still no clean bill.
    verdict = "undecided" if worst == "clear" and all_worst == "conflict" else worst
    zh, en = "无风险源可及", "no source reaches it"
    if len(whole):
        own, row = found.loc[found["lsir_per_yr"].idxmax()], whole.loc[whole["lsir_per_yr"].idxmax()]
        high, limit, source = own["lsir_per_yr"], own["limit_per_yr"], own["top_source"]
        zh = f"{high:.1e}/年，限值 {limit:.0e}" + (f"，主要来自{source}" if source else "")
        zh += f"；计入加油站、管道等 {row['lsir_per_yr']:.1e}/年"
        en = f"{high:.1e} per year of {limit:.0e}" + (f", most from {source}" if source else "")
        en += f"; with stations, pipelines and the like {row['lsir_per_yr']:.1e}"
    checks.append(Check("individual_risk", verdict, zh, en, _TABLE_2))
    _society_of(ground, ruled, places, checks, missing)
    return whole.assign(role="project")


def _society_of(
    ground: Ground, ruled: Model, places: gpd.GeoDataFrame, checks: list[Check], missing: list[str]
) -> None:
    """What people in a new place change in the F-N curves of the sources that reach it."""
    from ..analysis.qra.model import source_ids
    from ..analysis.siting.risk import rows_of, worse_zones

    if not len(ruled.sources):
        return
    whole = {key: row for row, key in enumerate(source_ids(ground.model.sources))}
    rows = [whole[key] for key in source_ids(ruled.sources)]
    before = rows_of(ground.fn, np.array(rows))
    zones = worse_zones(ruled, ground.people, places, before, workers=os.cpu_count() or 1)
    worse = zones[zones["zone_after"] != zones["zone_before"]]
    bad = (worse["zone_after"] == "intolerable").any()
    more = zones["pll_after"].sum() - zones["pll_before"].sum()
    zh = f"{len(worse)} 个危险源升入更差分区；预期死亡增加 {more:.1e} 人/年"
    en = f"{len(worse)} sources move to a worse zone; PLL grows by {more:.1e} per year"
    verdict = "conflict" if bad else "undecided" if len(worse) else "clear"
    checks.append(Check("societal_risk", verdict, zh, en, "GB 36894-2018 4.3"))
    if places[["capacity", "beds"]].isna().all(axis=1).any():
        missing.append("societal risk: capacity of the place is not given: nobody counted in it")
