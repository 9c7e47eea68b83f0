"""Whether a project may stand where it is drawn: everything that has a say, each with its verdict and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .. import answers, pipeline
from ..pipeline import SETBACK_LAYERS
from ..publish.words import phrase
from .ground import Ground

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..analysis.qra.model import Model

Project = Mapping[str, "gpd.GeoDataFrame"]
HAZARDS = ("hazard_sources", "gas_pipelines", "parking_lots")
_TABLE_2 = "GB 36894-2018 表2/Table 2"
_WORST = ("conflict", "undecided", "clear")
_FACILITIES = {"fire_station": "消防站", "hospital": "医院", "rescue_team": "救援队"}


@dataclass(frozen=True)
class Check:
    """
    One thing that was looked at.

    ``verdict`` is conflict, undecided, clear, or told: a fact nobody's rule judges. ``zh``, ``en``: what was
    found, in one line. ``name`` is setbacks, individual_risk, societal_risk, pipelines, rescue, access, water, ...
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
        found = {c.verdict for c in self.checks}
        return next((v for v in _WORST if v in found), "undecided")


def check(ground: Ground, project: Project) -> Siting:
    """Everything that has a say about a project, what its place decides first."""
    judged = decide(ground, project)
    checks, missing = list(judged.checks), list(judged.not_checked)
    _rescue(ground, project, checks, missing)
    _access(ground, project, checks, missing)
    return replace(judged, checks=_ordered(checks), not_checked=tuple(dict.fromkeys(missing)))


def decide(ground: Ground, project: Project) -> Siting:
    """The checks that a move or another stock would change: distances, risk, and what the ground is taken by."""
    checks: list[Check] = []
    missing: list[str] = []
    findings = _setbacks(ground, project, checks, missing)
    risk = _risk(ground, project, checks, missing)
    _surroundings(ground, project, checks, missing)
    dates = {"data": ground.region.data_date}
    return Siting(project, _ordered(checks), findings, risk, tuple(dict.fromkeys(missing)), dates)


def _ordered(checks: list[Check]) -> tuple[Check, ...]:
    order = (*_WORST, "told")
    return tuple(sorted(checks, key=lambda c: order.index(c.verdict)))


def _setbacks(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> gpd.GeoDataFrame:
    from ..analysis.setbacks import check_setbacks
    from ..analysis.siting.near import joined, keys, near

    used = {n: f for n, f in ground.layers.items() if n in SETBACK_LAYERS}
    around = near(used, project, float(ground.rules["distance_m"].max()))
    findings = check_setbacks(joined(around, project), rules=ground.rules, only=keys(project))
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
    verdict = "conflict" if len(wrong) else "undecided" if unsure else "clear"
    zh = f"间距冲突 {len(wrong)} 处，待定 {unsure} 处"
    en = f"{len(wrong)} conflicts and {unsure} undecided pairs of distance"
    clause = ""
    if len(wrong):
        worst = wrong.loc[(wrong["required_m"] - wrong["clearance_m"]).idxmax()]
        clause = f"{worst['standard']}-{worst['edition']} {worst['clause']}"
        other = worst["target_name"] if str(worst["source_id"]).startswith("project:") else worst["source_name"]
        zh += f"；差得最多：{other}，{worst['clearance_m']:.1f} m，要求 {worst['required_m']:g} m（{clause}）"
        en += f"; shortest of its rule: {other}, {worst['clearance_m']:.1f} m of {worst['required_m']:g} m ({clause})"
    checks.append(Check("setbacks", verdict, zh, en, clause))
    return findings


def _risk(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> pd.DataFrame:
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
    over = int(((found["after"] == "fail") & (found["verdict_new"] != "fail")).sum())
    verdict = "conflict" if fail or over else "undecided" if unsure or partial else "clear"
    worst = f"{found['lsir_per_yr'].max():.1e}" if len(found) else "0"
    zh = f"超新建限值 {fail} 处，待定 {unsure} 处；叠加后超在役限值 {over} 处；最高 {worst}/年"
    en = (
        f"{fail} targets above the limit for new installations, {unsure} undecided; with what "
        f"is there {over} more above that in service; highest {worst} per year"
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

    from ..analysis.siting.risk import governed, reaching, restricted, risk_at

    if not ground.quantified:
        zh, en = "本区域未开启定量风险计算", "the region's risk is not quantified"
        checks.append(Check("individual_risk", "undecided", zh, en))
        missing.append("risk: quantified risk is off in this region: write quantified = true under [risk]")
        return None
    places, cell = project["crowded_places"], ground.region.grid.cell_m
    every = reaching(ground.model, shapely.union_all(places.geometry.to_numpy()))
    hazards, majors = ground.layers.get("hazard_sources"), ground.table("major_hazards")
    mask = governed(every.sources, hazards, majors) if hazards is not None else every.reach < 0
    ruled = restricted(every, mask)
    missing_rows = ground.table("not_quantified")
    found, whole = (risk_at(m, project, cell, missing_rows) for m in (ruled, every))
    named = {"fail": "conflict", "undecided": "undecided", "pass": "clear"}
    worst, all_worst = (
        min((named[v] for v in f["verdict"]), key=_WORST.index, default="clear") for f in (found, whole)
    )
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
    from ..analysis.siting.risk import worse_zones

    if not len(ruled.sources):
        return
    zones = worse_zones(ruled, ground.people, places)
    worse = zones[zones["zone_after"] != zones["zone_before"]]
    bad = (worse["zone_after"] == "intolerable").any()
    more = zones["pll_after"].sum() - zones["pll_before"].sum()
    zh = f"{len(worse)} 个危险源升入更差分区；预期死亡增加 {more:.1e} 人/年"
    en = f"{len(worse)} sources move to a worse zone; PLL grows by {more:.1e} per year"
    verdict = "conflict" if bad else "undecided" if len(worse) else "clear"
    checks.append(Check("societal_risk", verdict, zh, en, "GB 36894-2018 4.3"))
    if places[["capacity", "beds"]].isna().all(axis=1).any():
        missing.append("societal risk: capacity of the place is not given: nobody counted in it")


def _surroundings(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> None:
    """Water and ground the outline lies on, and the part of it beyond the boundary."""
    import shapely

    shape = shapely.union_all([g for f in project.values() for g in f.geometry])
    if not shapely.covers(ground.boundary, shape):
        missing.append("a part of the outline lies beyond the region's boundary: what stands there is not known")
    _taken_ground(ground, shape, checks)
    water = ground.layers.get("water")
    if water is None:
        missing.append("water: the region has no layer water")
    else:
        wet = water[shapely.get_dimensions(water.geometry.to_numpy()) == 2]
        hit = wet[wet.intersects(shape)]
        if len(hit):
            names = "、".join(str(n) for n in hit["name"].dropna().unique()[:3])
            checks.append(Check("water", "conflict", f"与水体重叠：{names}", f"lies in water: {names}"))
        else:
            gap = float(shapely.distance(water.geometry.to_numpy(), shape).min()) if len(water) else float("nan")
            checks.append(
                Check("water", "told", f"距最近水体 {gap:.0f} m", f"{gap:.0f} m to the nearest water (no rule applied)")
            )
    missing.append("flood and geological hazard areas, active faults: no such layer (危险化学品安全管理条例 art. 19)")


def _taken_ground(ground: Ground, shape: Any, checks: list[Check]) -> None:
    """Buildings and roads on the ground of a site: they would have to go."""
    import shapely

    if shapely.get_dimensions(shape) < 2:
        return
    inner = shapely.buffer(shape, -0.5)  # a shared edge is no overlap: outlines are drawn to a step or so
    for name, zh, en in (("buildings", "建筑", "buildings"), ("roads", "道路", "roads")):
        frame = ground.layers.get(name)
        if frame is None:
            continue
        hit = frame[shapely.intersects(frame.geometry.to_numpy(), inner)]
        if len(hit):
            named = [str(n) for n in hit["name"].dropna().unique()[:3]]
            zh_names, en_names = ("：" + "、".join(named), ": " + ", ".join(named)) if named else ("", "")
            zh = f"范围内现有{zh} {len(hit)} 处{zh_names}，须拆迁或调整范围"
            en = f"{len(hit)} {en} stand within the outline{en_names}: they must go, or the outline must change"
            checks.append(Check(f"taken_{name}", "undecided", zh, en))


def _rescue(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> None:
    """Who comes first, of each kind, and when."""
    if not {"roads", "emergency_facilities"} <= set(ground.region.settings.layers):
        missing.append("rescue: the region has no roads or no emergency facilities")
        return
    at = next(iter(project.values())).geometry.iloc[0].representative_point()
    first = {row["facility_kind"]: row for row in reversed(answers.rescue_told(ground.region, at.x, at.y))}
    for kind, row in sorted(first.items()):
        zh, en = _FACILITIES.get(kind, kind), kind.replace("_", " ")
        if row["minutes"] is None:
            checks.append(Check("rescue", "undecided", f"{zh}：{row['reason']}", f"{en}: {row['reason']}"))
            continue
        km, name = row["distance_m"] / 1000, row["facility_name"]
        zh, en = (f"{word}{name}，{row['minutes']:.1f}" for word in (f"{zh}：", f"{en}: "))
        checks.append(Check("rescue", "told", f"{zh} 分钟，{km:.1f} km", f"{en.replace('，', ', ')} min, {km:.1f} km"))


def _access(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> None:
    """The road that a tanker would leave the site by."""
    import shapely

    if not set(HAZARDS) & set(project):
        return
    roads = ground.layers.get("roads")
    if roads is None:
        missing.append("access for tankers: the region has no roads")
        return
    shape = shapely.union_all([g for f in project.values() for g in f.geometry])
    gaps = shapely.distance(roads.geometry.to_numpy(), shape)
    row = roads.iloc[int(gaps.argmin())]
    name, kind = row["name"] if isinstance(row["name"], str) else "", str(row["class"])
    banned = str(row["hazmat"]) == "no" or str(row["hgv"]) == "no"
    zh = f"最近道路 {name}（{phrase(kind)}），{gaps.min():.0f} m" + ("，禁止货车或危险品车通行" if banned else "")
    en = f"nearest road {name} ({kind}), {gaps.min():.0f} m" + (", closed to lorries or hazmat" if banned else "")
    checks.append(Check("access", "undecided" if banned else "told", zh, en))
