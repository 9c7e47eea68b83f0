"""The list of risk points: of firms, without places of their own, and of public ground, with coordinates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from .arterials import RANK
from .firms import Firms
from .hazards import Hazards
from .names import marks
from .network import Roads
from .places import KINDS, Places
from .plan import Plan
from .rng import choose, shuffled, stream, uniform
from .towns import Towns, township_of

# kind, sectors, share of the firms that have one, what it is, measures, likely scores L E C
_AT_FIRMS = (
    ("粉尘涉爆", ("木器家具",), 0.95, "木粉打磨除尘区", "除尘系统接地；泄爆装置；每班巡检；防爆工具培训", (3, 6, 15)),
    ("粉尘涉爆", ("食品",), 0.25, "面粉投料间", "通风除尘；动火作业票审批；应急预案", (1, 6, 15)),
    ("粉尘涉爆", ("金属制品", "汽车零部件"), 0.06, "铝镁打磨间", "湿式除尘；火花探测报警；管理制度", (3, 6, 15)),
    ("金属冶炼", ("冶金铸造",), 1.0, "熔炼炉及浇铸区", "炉体温度监测报警；紧急排放；持证上岗；应急演练", (3, 6, 15)),
    ("金属冶炼", ("冶金铸造",), 0.6, "铁水转运吊具", "双制动器；吊具日检；警戒线管理", (1, 6, 40)),
    ("有限空间", ("污水与固废",), 1.0, "污水调节池", "先通风后检测；作业票审批；监护人值守；救援三脚架", (3, 3, 15)),
    ("有限空间", ("造纸印刷", "食品"), 0.35, "浆池与污水井", "先通风后检测；作业审批；培训教育", (3, 3, 7)),
    ("有限空间", ("化工", "医药"), 0.4, "反应釜清釜作业", "盲板隔离；气体检测报警；监护；空气呼吸器", (3, 2, 15)),
    ("特种设备", ("化工", "电力热力", "医药"), 0.5, "压力容器", "安全阀定检；超压联锁；持证操作", (1, 6, 15)),
    ("特种设备", ("通用专用设备", "船舶海工"), 0.12, "桥式起重机", "限位器；日常检查；持证上岗", (1, 6, 7)),
    ("其他", ("仓储物流",), 0.2, "高架仓库", "自动喷淋；防火巡查", (1, 6, 7)),
)  # fmt: skip
_LEVELS = ("公司级", "车间级", "班组级", "岗位级")
_COLOURS = {4: "重大", 3: "较大", 2: "一般", 1: "低"}
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_L, _E, _C = (10, 6, 3, 1, 0.5, 0.2, 0.1), (10, 6, 3, 2, 1, 0.5), (100, 40, 15, 7, 3, 1)
# Of each hundred: one step up, one step down on a scale.
_STEP = 0.22
_OFF_SCALE = (7, 40)  # rows of the firms' list whose L is 4, which LEC does not have


def make_points(plan: Plan, towns: Towns, roads: Roads, firms: Firms, hazards: Hazards, places: Places) -> list[dict]:
    """Rows in id order, those of firms first; ``xy`` is None where the place is the firm's."""
    rng = stream(plan.seed, "risk points")
    rows = [*_firm_rows(rng, firms), *_public_rows(rng, plan, towns, roads, hazards, places)]
    mark = marks(rng, len(rows))
    for k, row in enumerate(rows):
        row["id"] = f"FX{k + 1:05d}"
        row["person"] = f"{_SURNAMES[int(rng.random() * len(_SURNAMES))]}{mark[k][0]}"
        row["phone"] = f"0599-{10_000_000 + int(rng.random() * 9e6)}"  # no such area code
        row["visited"] = (
            f"202{5 + int(rng.random() < 0.6)}-{1 + int(rng.random() * 6):02d}-{1 + int(rng.random() * 28):02d}"
        )
    firm_rows = [i for i, row in enumerate(rows) if row["xy"] is None and row["method"] == "LEC"]
    for i in _OFF_SCALE:
        if i < len(firm_rows):
            rows[firm_rows[i]]["l"] = 4
    return rows


def _firm_rows(rng, firms: Firms) -> Iterator[dict]:
    for kind, sectors, share, what, measures, likely in _AT_FIRMS:
        rows = firms.of(*sectors)
        chosen = rows[rng.random(len(rows)) < share]
        for i in chosen.tolist():
            scores = [_near(rng, scale, value) for scale, value in zip((_L, _E, _C), likely, strict=True)]
            yield {
                "name": what, "kind": kind, "firm": firms.id[i], "firm_name": firms.name[i], "location": "厂区内",
                "town": firms.written_town[i], "method": "LEC", "l": scores[0], "e": scores[1], "c": scores[2], "s": "",
                "grade": _COLOURS[_lec_grade(scores)], "measures": measures if rng.random() < 0.85 else "",
                "level": _LEVELS[int(rng.random() * 4)], "unit": "安全环保部", "xy": None,
            }  # fmt: skip


def _public_rows(rng, plan: Plan, towns: Towns, roads: Roads, hazards: Hazards, places: Places) -> Iterator[dict]:
    for kind, name, xy, measures, unit, likely in (
        *_structures(roads),
        *_in_towns(rng, plan, towns, roads),
        *_kitchens(rng, places),
        *_jetties(hazards),
    ):
        likelihood, severity = (int(np.clip(v + (rng.random() < _STEP) - (rng.random() < _STEP), 1, 5)) for v in likely)
        town = towns.name[int(township_of(towns, np.asarray(xy)[None])[0])]
        yield {
            "name": name, "kind": kind, "firm": "", "firm_name": "", "location": "", "town": town,
            "method": "风险矩阵法", "l": likelihood, "e": "", "c": "", "s": severity,
            "grade": _COLOURS[_ls_grade(likelihood * severity)] if rng.random() < 0.95 else "", "measures": measures,
            "level": "镇级" if rng.random() < 0.6 else "市级", "unit": unit, "xy": np.round(xy, 2),
        }  # fmt: skip


def _structures(roads: Roads) -> Iterator[tuple]:
    """A bridge or tunnel of one road is one row, however often the road is cut there."""
    seen: set[tuple] = set()
    for flag, kind, ending in ((roads.bridge, "桥梁", "桥"), (roads.tunnel, "隧道", "隧道")):
        for i in np.flatnonzero(flag & (roads.rank <= RANK["tertiary"])).tolist():
            east, north = roads.line[i].centroid.coords[0]
            key = (kind, int(roads.stroke[i]), int(east // 400), int(north // 400))
            if key in seen:
                continue
            seen.add(key)
            name = f"{roads.name[i] or '无名路'}{ending}{len(seen)}"
            spot = np.array(roads.line[i].interpolate(0.5, normalized=True).coords[0])
            yield kind, name, spot, "定期检测；限载标志；养护巡查", "市交通运输局", (2, 4 if kind == "隧道" else 3)


def _in_towns(rng, plan: Plan, towns: Towns, roads: Roads) -> Iterator[tuple]:
    """Building sites, old houses, utility tunnels and accident black spots on and between the towns' streets."""
    streets = np.flatnonzero((roads.rank >= RANK["primary"]) & (roads.rank <= RANK["residential"]) & ~roads.bridge)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(roads.line[streets], 0.5, normalized=True))
    away = np.min([np.hypot(*(middle - c).T) / r for c, r in zip(towns.xy, towns.radius, strict=True)], axis=0)
    near = [np.exp(-(((away - far) / width) ** 2)) for far, width in ((0.8, 0.5), (0.0, 0.4), (0.0, 0.3))]
    safe = ("专项方案；临边防护；塔吊检测；安全交底培训", "定期监测；群众告知", "可燃气体监测报警；通风；应急预案")
    jobs = (
        ("建筑施工", 160, near[0], "在建工程", safe[0], "市住建局", (3, 4)),
        ("老旧房屋", 180, near[1], "老旧房屋", safe[1], "属地镇街", (3, 3)),
        ("综合管廊", 12, near[2], "综合管廊段", safe[2], "市住建局", (2, 4)),
        (
            "事故多发路段",
            48,
            away * roads.length[streets],
            "事故多发路段",
            "警示标志；测速；巡查",
            "市交警大队",
            (4, 3),
        ),
    )
    for kind, count, weight, what, measures, unit, likely in jobs:
        for n, i in enumerate(choose(rng, weight, plan.count(count, 3)).tolist()):
            spot = middle[i] + uniform(rng, 2, -25.0, 25.0) * (kind != "事故多发路段")
            yield kind, f"{what}{n + 1}", spot, measures, unit, likely


def _kitchens(rng, places: Places) -> Iterator[tuple]:
    serve = np.isin([KINDS[k][0] for k in places.kind], ["大型餐馆", "商场", "宾馆"])
    rows = np.flatnonzero(serve)[shuffled(rng, int(serve.sum()))]
    for i in rows[: round(0.7 * len(rows))].tolist():
        measures = "燃气报警器；切断阀；软管年检" if rng.random() < 0.8 else "软管年检"
        yield "室内燃气", f"{places.name[i]}厨房用气", places.xy[i], measures, "市城管局", (2 + (rng.random() < 0.3), 4)


def _jetties(hazards: Hazards) -> Iterator[tuple]:
    docks = [row for row in hazards.loading if "码头" in row["kind"] or "码头" in row["name"]]
    for row in docks[:24]:
        yield (
            "水上交通",
            f"{row['name']}水域",
            np.asarray(row["xy"]),
            "航道警戒；船舶限速；应急救援艇",
            "海事处",
            (2, 4),
        )


def _near(rng, scale: tuple, value: float) -> float:
    """``value``, or its neighbour on the scale."""
    step = (rng.random() < _STEP) * 1 - (rng.random() < _STEP) * 1
    return scale[int(np.clip(scale.index(value) + step, 0, len(scale) - 1))]


def _lec_grade(scores: list[float]) -> int:
    return 1 + int(np.searchsorted([70.0, 160.0, 320.0], float(np.prod(scores)), side="right"))


def _ls_grade(product: int) -> int:
    return 1 + int(np.searchsorted([9, 15, 20], product, side="right"))
