"""What the map shows and says about pipelines: its layers, and the Chinese of its reasons."""

from __future__ import annotations

from typing import Any

from ..schema import RESULTS


def _row(id: str, table: str, zh: str, en: str, color: str, geometry: str = "line", **more: Any) -> dict[str, Any]:
    """The fields of a layer of ``catalogue``; what is not one of them says which rows: column = value."""
    where = {"class" if k == "of_class" else k: v if isinstance(v, tuple) else (v,) for k, v in more.items()}
    dash = "4 4" if where.get("verdict") == ("undecided",) and geometry == "line" else ""
    keep = where.get("level") == (3,) or where.get("verdict") == ("conflict",)
    # The list of all causes is for machines: their text is told beside it.
    columns = tuple(n for n in RESULTS[table].names if n != "causes")
    return {"id": id, "table": table, "group": "pipelines", "zh": zh, "en": en, "geometry": geometry, "color": color,
            "where": where, "dash": dash, "keep": keep, "columns": columns}  # fmt: skip


# Lines along the pipelines, and what stands on or crosses them; drawn first to last.
# fmt: off
PIPE_LINES = (
    _row("class_1", "location_classes", "地区等级：一级", "Location class 1", "#c7e9b4", of_class=("1", "1-2")),
    _row("class_2", "location_classes", "地区等级：二级", "Location class 2", "#7fcdbb", of_class="2"),
    _row("class_3", "location_classes", "地区等级：三级", "Location class 3", "#1d91c0", of_class="3"),
    _row("class_4", "location_classes", "地区等级：四级", "Location class 4", "#0c2c84", of_class="4"),
    _row("hca_undecided", "hca", "高后果区：待核实", "High-consequence areas: undecided", "#7b3294",
         verdict="undecided"),
    _row("hca_1", "hca", "高后果区：Ⅰ级", "High-consequence areas: level I", "#fdae61", level=1, verdict="found"),
    _row("hca_2", "hca", "高后果区：Ⅱ级", "High-consequence areas: level II", "#f46d43", level=2, verdict="found"),
    _row("hca_3", "hca", "高后果区：Ⅲ级", "High-consequence areas: level III", "#d73027", level=3, verdict="found"),
)
PIPE_PLACES = (
    _row("crossings", "crossings", "管线穿跨越", "Crossings of roads and waters", "#35978f", "circle"),
    _row("control_ranges", "encroachments", "管线控制范围内建筑", "Buildings in the control range", "#bf812d", "circle",
         kind="control"),
    _row("activities", "encroachments", "第三方活动", "Third-party activity", "#b8860b", "circle", kind="activity"),
    _row("encroachments_undecided", "encroachments", "管线占压：待核实", "Encroachment: undecided", "#7b3294", "circle",
         kind="protection", verdict="undecided"),
    _row("encroachments", "encroachments", "管线占压", "Encroachment on pipelines", "#a50f15", "circle",
         kind="protection", verdict="conflict"),
)
# fmt: on
# (English, Chinese) of the reasons, causes and open questions of the checks of pipelines; as in ``words``.
PIPE_SENTENCES = (
    ("level {} by {} Table {} {}", "依据{1}表{2}第{3}项为{0}级"),
    ("level {} by {}", "依据{1}为{0}级"),
    ("{} households in the fullest {} km ({})", "最密集 {1} km 内 {0} 户（{2}）"),
    ("class 4 is not excluded: the floors of the buildings are not told", "建筑层数未知，不能排除四级地区"),
    (
        "buildings of 4 storeys or more prevail, heavy traffic and underground works taken for granted",
        "四层及以上楼房占多数，按交通频繁、地下设施多计",
    ),
    ("copies of the standard differ on this level, another has {}", "标准的不同抄本级别不一，另一本为{}级"),
    ("{} further causes", "另有 {} 项成因"),
    ("{} m from {} '{}'", "距{1}“{2}”{0} m"),
    ("no household on record in any window here", "此处任何窗口内均无住户记录"),
    ("in or beside {} area '{}'", "位于或邻近{}区“{}”"),
    ("industrial", "工业"),
    ("within 90 m of the gathering place '{}'", "距人员聚集场所“{}”90 m 以内"),
    ("a place hard to evacuate within 200 m: designed as class 3", "200 m 内有难以疏散的场所：按三级地区设计"),
    ("{} m (± {} m) inside the protection range of {} m by {}", "{0} m（±{1} m）在{3}的保护范围 {2} m 以内"),
    (
        "{} m (± {} m) may be inside the protection range of {} m by {}",
        "{0} m（±{1} m），可能在{3}的保护范围 {2} m 以内",
    ),
    ("{} m (± {} m) within the control range of {} m by {}", "{0} m（±{1} m）在{3}的控制范围 {2} m 以内"),
    ("works need the operator's consent", "施工须经管道企业同意"),
    ("{}, {} m (± {} m) away", "{}，距管线 {} m（±{} m）"),
    (
        "no structure, digging, fire, heavy pile or deep-rooted plant",
        "禁止建房、取土、用火、堆放重物、种植深根植物",
    ),
    ("within {} m {} by {}", "{0} m 以内：{1}（{2}）"),
    (
        "new roads, railways, canals, power lines and cables need approval",
        "新建道路、铁路、河渠、电力线和电缆须经批准",
    ),
    (
        "new roads, railways, canals, power lines and cables must be told to the operator",
        "新建道路、铁路、河渠、电力线和电缆须告知管道企业",
    ),
    (
        "blasting, seismic survey, excavation, drilling and mining need approval",
        "爆破、地震勘探、挖掘、钻探、采矿须经批准",
    ),
    (
        "blasting, seismic survey, excavation and drilling must be told to the operator",
        "爆破、地震勘探、挖掘、钻探须告知管道企业",
    ),
    (
        "no anchoring, dredging, quarrying or blasting under water at a river crossing",
        "河流穿越段禁止抛锚、挖砂、采石、水下爆破",
    ),
    ("no quarrying, mining or blasting at a dedicated tunnel", "管道专用隧道处禁止采石、采矿、爆破"),
    ("building under construction", "在建建筑"),
    ("construction site", "建筑施工工地"),
    ("works named among hidden dangers", "隐患清单所列施工"),
    ("quarry or mine", "采石场或矿山"),
    ("jetty", "码头"),
    ("planned", "拟建或在建"),
    ("{}: {} households in {} to {} m", "{0}：{2} 至 {3} m 内 {1} 户"),
    ("{}: no household on record", "{}：无住户记录"),
    ("{} households", "{} 户"),
    ("population", "人口图层"),
    ("buildings", "建筑图层"),
    ("landuse", "用地图层"),
    ("crowded_places", "人员密集场所"),
    ("population {}: {}", "居民点 {}：{}"),
    ("buildings {}: {}", "建筑 {}：{}"),
    ("roads {}: {}", "道路 {}：{}"),
    ("crowded_places {}: {}", "人员密集场所 {}：{}"),
    ("hazard_sources {}: {}", "危险源 {}：{}"),
    ("water {}: {}", "水系 {}：{}"),
    ("landuse {}: {}", "用地 {}：{}"),
    ("emergency_facilities {}: {}", "取水口 {}：{}"),
    ("whether it is a long-distance pipeline", "是否为长输管道"),
    ("medium", "输送介质"),
    ("diameter", "管径"),
    ("pressure", "压力"),
    ("floors of buildings", "建筑层数"),
    ("households of buildings", "建筑户数"),
    ("traffic and underground facilities", "交通与地下设施情况"),
    ("whether anybody is regularly there", "是否有人经常活动"),
    ("whether planning counts the area as class 3 whatever its households", "规划上是否属三级地区（不论户数）"),
    ("pressure: up to 1.6 MPa no class applies", "压力（1.6 MPa 及以下不划分地区等级）"),
    ("a better position: the errors allow both answers", "更准确的位置：误差内两种结论均有可能"),
    ("better positions: the errors allow both answers", "更准确的位置：误差内两种结论均有可能"),
    ("footprint of the building", "建筑轮廓"),
    ("what the rack stands on or passes", "管架下方与邻近的情况"),
    ("kind of the pipeline", "管线类别"),
    ("kind of place", "场所类别"),
    ("kind of water", "水体类别"),
    ("what is done there", "所进行的作业"),
    ("whether the crossing is watched", "穿跨越处有无监测"),
    ("whether it is a national or provincial road", "是否为国道或省道"),
    ("class of the road", "道路等级"),
    ("whether what it holds burns or explodes", "所存物质是否易燃易爆"),
    ("whether it is a protected area", "是否为保护区"),
    ("whether it is a reservoir of large or medium size or a source of drinking water", "是否为大中型水库或饮用水源"),
    ("where the waterworks takes its water", "水厂取水口位置"),
    # what the checks could not look at
    ("chemical pipelines: GB 32167 has no table for them", "化学品管道：GB 32167 没有相应的表"),
    ("long-distance pipelines of {}: GB 32167 has no table for them", "输送{}的长输管道：GB 32167 没有相应的表"),
    (
        "town gas up to 1.6 MPa: no location class and no high-consequence area",
        "1.6 MPa 及以下的城镇燃气管道：不划分地区等级，不识别高后果区",
    ),
    (
        "green land near a pipeline that does not say whether it is wetland, forest or protected",
        "管道附近的绿地未说明是否为湿地、森林或保护区",
    ),
    ("at the end of a pipeline, taken to be what it serves", "位于管道端点，视为该管道所服务的设施"),
    ("streets crossed by low and medium pressure town gas: not listed", "中低压城镇燃气管道穿越的街道：不列出"),
    ("near a pipeline, tells neither households nor persons", "位于管道附近，未填户数和人数"),
    ("near a pipeline, closed or planned: not counted", "位于管道附近，已停用或未建成：不计入"),
    ("closed, planned or without a place", "已停用、未建成或没有位置"),
    ("no line", "没有线形"),
    ("no protection range known for kind '{}'", "类别“{}”没有已知的保护范围"),
    ("protected areas: only green land named as such is seen", "保护区：只能识别名称注明的绿地"),
    ("{}: no layer shows them", "{}：没有图层反映"),
    ("traffic and underground facilities (class 4)", "交通与地下设施情况（四级地区）"),
    ("valves at crossings", "穿跨越处的阀门"),
    ("railways and power lines being built ({})", "在建铁路和电力线路（{}）"),
    ("dredging, sand digging and anchorages ({})", "疏浚、挖砂和抛锚（{}）"),
    ("blasting, seismic survey and drilling permits ({})", "爆破、地震勘探和钻探许可（{}）"),
    ("tunnels of pipelines, valve rooms, stations and depots ({})", "管道专用隧道、阀室、站场和油库（{}）"),
    ("deep-rooted plants, ponds and piles on the pipeline ({})", "管道上的深根植物、水塘和堆放重物（{}）"),
    ("art. 33 and 35", "第 33、35 条"),
    # causes by what they are, where their kind is not told
    ("settlement", "居民点"),
    ("traffic", "交通线"),
    ("flammable", "易燃易爆场所"),
    ("nature", "保护区"),
    ("site", "特定场所"),
    ("whether {} people gather there on 50 days a year", "每年是否有 50 天聚集 {} 人以上"),
)
