"""What stands around a project: water, buildings and roads on its ground, pipelines, rescue, access."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

from .. import answers
from ..publish.words import phrase, rule_words
from .answer import HAZARDS, Check, Project
from .ground import Ground

if TYPE_CHECKING:
    import geopandas as gpd

_PIPES_M = 1000.0  # pipelines farther than this are no neighbours; more than any impact radius here


def surroundings(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> None:
    """Water and ground the outline lies on, and the part of it beyond the boundary."""
    import shapely

    shape = shapely.union_all([g for f in project.values() for g in f.geometry])
    if not shapely.covers(ground.boundary, shape):
        zh, en = (
            "部分范围超出本区域边界，界外情况不明",
            "a part lies beyond the region's boundary: what stands there is not known",
        )
        checks.append(Check("boundary", "undecided", zh, en))
    _taken_ground(ground, shape, checks)
    water = ground.layers.get("water")
    if water is None:
        missing.append("water: the region has no layer water")
    else:
        wet = water[shapely.get_dimensions(water.geometry.to_numpy()) == 2]
        hit = wet[wet.intersects(shape)]
        if len(hit):
            named = [str(n) for n in hit["name"].dropna().unique()[:3]] or [str(hit["id"].iloc[0])]
            # A pipeline may cross water; the rules of crossings are not among those checked.
            zh, en = (
                ("穿越水体", "crosses water") if set(project) == {"gas_pipelines"} else ("与水体重叠", "lies in water")
            )
            verdict = "undecided" if set(project) == {"gas_pipelines"} else "conflict"
            checks.append(Check("water", verdict, f"{zh}：{'、'.join(named)}", f"{en}: {', '.join(named)}"))
        else:
            gap = float(shapely.distance(water.geometry.to_numpy(), shape).min()) if len(water) else float("nan")
            checks.append(
                Check("water", "told", f"距最近水体 {gap:.0f} m", f"{gap:.0f} m to the nearest water (no rule applied)")
            )
    missing.append(
        "flood and geological hazard areas, active faults: no such layer (Regulation on hazardous chemicals art. 19)"
    )


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


def rescue(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> None:
    """Who comes first, of each kind, and when."""
    if not {"roads", "emergency_facilities"} <= set(ground.region.settings.layers):
        missing.append("rescue: the region has no roads or no emergency facilities")
        return
    at = next(iter(project.values())).geometry.iloc[0].representative_point()
    rows = answers.rescue_told(ground.region, at.x, at.y, network=ground.network, facilities=ground.facilities)
    first = {row["facility_kind"]: row for row in reversed(rows)}
    for kind, row in sorted(first.items()):
        zh, en = phrase(kind), kind.replace("_", " ")
        if row["minutes"] is None:
            checks.append(Check("rescue", "undecided", f"{zh}：{phrase(row['reason'])}", f"{en}: {row['reason']}"))
            continue
        km, name = row["distance_m"] / 1000, row["facility_name"]
        zh, en = (f"{word}{name}，{row['minutes']:.1f}" for word in (f"{zh}：", f"{en}: "))
        checks.append(Check("rescue", "told", f"{zh} 分钟，{km:.1f} km", f"{en.replace('，', ', ')} min, {km:.1f} km"))


def access(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> None:
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
    name, kind = f" {row['name']}" if isinstance(row["name"], str) and row["name"] else "", str(row["class"])
    banned = str(row["hazmat"]) == "no" or str(row["hgv"]) == "no"
    zh = f"最近道路{name}（{phrase(kind)}），{gaps.min():.0f} m" + ("，禁止货车或危险品车通行" if banned else "")
    en = f"nearest road{name} ({kind}), {gaps.min():.0f} m" + (", closed to lorries or hazmat" if banned else "")
    checks.append(Check("access", "undecided" if banned else "told", zh, en))


def pipes(ground: Ground, project: Project, checks: list[Check], missing: list[str]) -> None:
    """Pipelines whose protection or control range the outline touches, and whose surroundings it would change."""
    from collections import Counter

    import shapely

    from ..analysis.pipelines.encroachment import encroachment_rows

    sites = {n: f for n, f in project.items() if n != "gas_pipelines"}
    if "gas_pipelines" not in ground.layers:
        missing.append("pipelines: the region has no layer gas_pipelines")
        return
    if not sites:
        return
    shape = shapely.union_all([g for f in sites.values() for g in f.geometry])
    near = shapely.dwithin([pipe.geometry for pipe in ground.pipes], shape, _PIPES_M)
    lines = list(compress(ground.pipes, near))
    rows = encroachment_rows(lines, {"buildings": _as_buildings(sites)}, Counter())
    wrong, unsure, told = ([r for r in rows if r["verdict"] == v] for v in ("conflict", "undecided", "notify"))
    if rows:
        worst = (wrong or unsure or told)[0]
        verdict = "conflict" if wrong else "undecided" if unsure else "told"
        where, gap = lines[worst["row"]].name or lines[worst["row"]].id, f"{worst['distance_m']:.1f} m"
        zh = f"占压 {len(wrong)} 处，待核实 {len(unsure)} 处，须通知管道企业 {len(told)} 处；{where}，{gap}"
        en = f"on the range of {len(wrong)}, perhaps of {len(unsure)}; operators to be told: {len(told)}"
        en += f"; {where}, {gap}"
        checks.append(Check("pipelines", verdict, zh, en, rule_words(worst, "en")))
    else:
        least = min((float(shapely.distance(p.geometry, shape)) for p in lines), default=None)
        near = f"{least:.0f} m" if least is not None else f"> {_PIPES_M:.0f} m"
        checks.append(
            Check("pipelines", "clear", f"不在保护和控制范围内，最近 {near}", f"outside all ranges, nearest {near}")
        )
    _high_consequence(lines, sites, checks)


def _as_buildings(sites: Project) -> gpd.GeoDataFrame:
    """The outlines of a project as structures: what is built there stands on the ground of the pipeline."""
    import geopandas as gpd
    import pandas as pd

    frames = [f[["id", "name", "position_error_m", "geometry"]] for f in sites.values()]
    rows = pd.concat(frames, ignore_index=True)
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=frames[0].crs)


def _high_consequence(lines: list[Any], sites: Project, checks: list[Check]) -> None:
    """Long-distance pipelines of which a new place, or a flammable one, makes a high-consequence area (GB 32167)."""
    import numpy as np
    import shapely

    from ..analysis.pipelines.pipes import impact_radius
    from ..analysis.rows import table_rows

    least = max(row["reach_m"] for row in table_rows("hca_rules") if np.isfinite(row["reach_m"]))
    shape = shapely.union_all([g for f in sites.values() for g in f.geometry])
    names = []
    for pipe in lines:
        if not pipe.fluids:
            continue
        known = np.isfinite(pipe.diameter_mm) and np.isfinite(pipe.pressure_mpa) and "gas" in pipe.fluids
        strip = max(least, impact_radius(pipe.diameter_mm, pipe.pressure_mpa) if known else least)
        if shapely.dwithin(pipe.geometry, shape, strip):
            names.append(pipe.name or pipe.id)
    if names:
        zh = f"位于长输管道 {len(names)} 条的识别范围内，可能形成或提高高后果区：{'、'.join(names[:3])}"
        en = f"within the strip of {len(names)} long-distance pipelines, where it may make a high-consequence area: "
        checks.append(Check("hca", "told", zh, en + ", ".join(names[:3]), "GB 32167-2015 Tables 1 and 2"))
