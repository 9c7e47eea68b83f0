"""What the map shows and says about plans: stations and parking lots to be built, and what they change."""

from __future__ import annotations

from typing import Any

from ..standards import table


def _plan(name: str, table: str, group: str, zh: str, en: str, color: str, state: str = "", **more: Any):
    row: dict[str, Any] = {"id": name, "table": table, "group": group, "zh": zh, "en": en, "geometry": "circle"}
    row |= {"color": color, "visible": True, **more}
    return row | ({"where": {"state": (state,)}} if state else {})


_RANK = ("{rank}", "{rank}")
PLAN_LAYERS: tuple[dict[str, Any], ...] = (
    _plan("reach_before", "reach_change", "rescue", "现有服务范围", "Reach before", "#4f8fba", "before",
          geometry="fill"),
    _plan("reach_gained", "reach_change", "rescue", "新增服务范围", "Reach gained", "#c2781c", "gained",
          geometry="fill", dash="7 4"),
    _plan("plots_barred", "not_allowed", "findings", "不得选址的用地", "Ground that rules forbid", "#252525", "barred",
          geometry="fill", style="faint"),
    _plan("plots_unsure", "not_allowed", "findings", "选址待核实的用地", "Ground that rules may forbid", "#7b3294",
          "unsure", geometry="fill", style="faint"),
    _plan("stations_existing", "stations_existing", "rescue", "现有站点", "Stations in service", "#1f4e79",
          mark=("旧", "o")),
    _plan("stations_plan", "stations_plan", "rescue", "新建站点", "New stations", "#b3006b", mark=_RANK, label="name"),
    _plan("parking_existing", "parking_plan", "findings", "现有危货停车场", "Hazmat lots in use", "#6a3d9a", "existing",
          mark=("P", "P"), label="name"),
    _plan("parking_new", "parking_plan", "findings", "新建危货停车场", "New hazmat lots", "#1b7837", "new", mark=_RANK,
          label="name"),
)  # fmt: skip


def _rules() -> list[tuple[str, str]]:
    """(English, Chinese) of each rule for a site as plans cite it."""
    rows = table("site_rules").itertuples()
    cited = [(r, f"{r.rule_id} {r.standard} {r.clause} ".replace(" - ", " ")) for r in rows]
    return [(text + r.en, text.replace("project choice", "自定") + r.zh) for r, text in cited]


# (English, Chinese) of what is told of plots.
PLAN_SENTENCES = (
    *_rules(),
    ("{}: {}, {} m of {} m", "{}：{}，{} m（要求 {} m）"),
    ("{}, {} m of {} m", "{}，{} m（要求 {} m）"),
    ("{}: {}, inside", "{}：{}"),
    ("on the range of {}, perhaps of {}", "占压 {} 处，待核实 {} 处"),
    ("operators to be told: {}", "须通知管道企业 {} 处"),
    (
        "no road open to hazmat trucks within {} m: check its position and the rules of the roads there",
        "{} m 内没有危货车辆可走的道路：请核对位置和周边道路的限行规定",
    ),
    ("outside the region", "位于本区域之外"),
    # what a siting check says of a lot
    (
        "a part lies beyond the region's boundary: what stands there is not known",
        "部分范围超出本区域边界，界外情况不明",
    ),
    ("lies in water: {}", "与水体重叠：{}"),
    ("crosses water: {}", "穿越水体：{}"),
    (
        "{} buildings stand within the outline: {}: they must go, or the outline must change",
        "范围内现有建筑 {} 处：{}，须拆迁或调整范围",
    ),
    (
        "{} buildings stand within the outline: they must go, or the outline must change",
        "范围内现有建筑 {} 处，须拆迁或调整范围",
    ),
    (
        "{} roads stand within the outline: {}: they must go, or the outline must change",
        "范围内现有道路 {} 处：{}，须迁改或调整范围",
    ),
    (
        "{} roads stand within the outline: they must go, or the outline must change",
        "范围内现有道路 {} 处，须迁改或调整范围",
    ),
    (
        "{} conflicts and {} undecided pairs of distance, {} of the project's own rows without a table of distances",
        "间距冲突 {} 处，待定 {} 处，项目自身 {} 项缺少间距规定",
    ),
    ("{} conflicts and {} undecided pairs of distance", "间距冲突 {} 处，待定 {} 处"),
    ("shortest of its rule: {}, {} m of {} m ({})", "差得最多：{}，{} m，要求 {} m（{}）"),
    ("its risk could not be computed", "无法计算其定量风险"),
    ("{} targets above the limit for new installations, {} undecided", "超新建限值 {} 处，待定 {} 处"),
    ("with what is there {} more above that in service and {} in doubt", "叠加后超在役限值 {} 处，存疑 {} 处"),
    ("highest {} per year", "最高 {}/年"),
    ("no source reaches it", "无风险源可及"),
    ("the region's risk is not quantified", "本区域未开启定量风险计算"),
    ("{} per year of {}, most from {}", "{}/年，限值 {}，主要来自{}"),
    ("{} per year of {}", "{}/年，限值 {}"),
    ("with stations, pipelines and the like {}", "计入加油站、管道等 {}/年"),
    ("PLL {} per year, worst outcome {} deaths", "预期死亡 {} 人/年，最坏 {} 人"),
    ("{} sources move to a worse zone", "{} 个危险源升入更差分区"),
    ("PLL grows by {} per year", "预期死亡增加 {} 人/年"),
    ("on water", "位于水域"),
    ("on ground taken by buildings", "用地有建筑物"),
    ("on ground taken by roads", "用地有道路"),
    ("range of a pipeline", "管道影响范围"),
    ("rail tank car", "铁路罐车"),
    ("highway tank truck or trailer", "公路罐车"),
    ("multiple small cylinders or single ton cylinder", "多个小钢瓶或单个吨瓶"),
    ("multiple small cylinders", "多个小钢瓶"),
    ("multiple ton cylinders", "多个吨瓶"),
    ("any", "任意"),
    ("agricultural nurse tank", "农用罐"),
)
