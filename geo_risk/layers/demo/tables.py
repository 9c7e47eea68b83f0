"""The tables of the demo city as an office would hand them over: workbooks and CSV files with their trouble."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from ...crs import wgs84_to_gcj02
from .city import City
from .dirt import SHARES, Dirt, full_width
from .files import column_letters, csv_write, xlsx_write
from .findings import Truth
from .firms import SECTORS
from .places import KINDS
from .plan import CITY, DATE, degrees
from .rng import stream

_COLOURS = {4: "红", 3: "橙", 2: "黄", 1: "蓝"}
_ROMAN = {1: "一级", 2: "二级", 3: "三级", 4: "四级"}
_SECTORS_16 = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
# Plausible for the lower river plain, not measured: shares of the 16 directions and calm [%], mean
# speed by direction and shares of the stability classes with their speeds [m/s].
_WIND = (6, 6, 7, 7, 9, 11, 10, 7, 5, 4, 3, 3, 3, 4, 5, 5)
_CALM = 5
_SPEED_FACTOR = (1.05, 1.0, 1.0, 1.0, 1.05, 1.1, 1.14, 1.05, 0.95, 0.85, 0.76, 0.8, 0.9, 1.05, 1.17, 1.12)
_STABILITY = (("B", 9, 2.0), ("C", 12, 3.0), ("D", 20, 1.8), ("D", 35, 4.1), ("E", 13, 2.4), ("F", 11, 1.5))


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 7) for v in values]


def _places(city: City, xy) -> tuple[list[float], list[float]]:
    lon, lat = degrees(city.plan, np.asarray(xy, float).reshape(-1, 2))
    return _rounded(lon), _rounded(lat)


def write_firms(city: City, truth: Truth, folder: Path) -> dict:
    """企业名录.xlsx: two title rows, header in row 3, numbers as text, a 合计 row; coordinates in WGS 84 degrees."""
    firms, n = city.firms, len(city.firms.id)
    header = [
        "企业编号",
        "企业名称",
        "统一社会信用代码",
        "所属镇街",
        "所在园区",
        "地址",
        "行业代码",
        "行业",
        "从业人数",
        "占地",
        "重点监管",
        "自评等级",
        "经度",
        "纬度",
        "数据日期",
        "最近检查日期",
    ]
    visited = _visits(city)
    dirt = Dirt(city.plan.seed, "firms", 4, n)
    row_of = {name: i for i, name in enumerate(firms.id)}
    dirt.spared = {row_of[t["enterprise_id"]] for t in truth.wrong_town}
    dirt.plan(SHARES)
    rng = stream(city.plan.seed, "dirt firms text")
    address = full_width(rng, firms.address, 0.12)
    as_text = rng.random(n) < 0.5
    lon, lat = _places(city, firms.xy)
    rows: list[list] = [[f"{CITY}企业名录"], [f"填报单位：{CITY}应急管理局　　数据截至{DATE}"], header]
    for i in range(n):
        staff, area = int(firms.staff[i]), int(firms.area_m2[i])
        x, y = dirt.place(i, lon[i], lat[i])
        sector = SECTORS[firms.sector[i]]
        rows.append(
            [
                firms.id[i],
                dirt.name(i, firms.name[i]),
                firms.credit_code[i],
                firms.written_town[i],
                firms.park[i],
                address[i],
                sector[2],
                sector[0],
                f"{staff}人" if as_text[i] and staff > 500 else str(staff) if as_text[i] else staff,
                str(area) if as_text[i] else area,
                firms.regulated[i],
                _COLOURS[int(firms.grade[i])],
                x,
                y,
                DATE,
                visited[i],
            ]
        )
    rows.append(["合计", f"{n}家", "", "", "", "", "", "", int(firms.staff.sum()), int(firms.area_m2.sum())])
    rows.append(["制表人：", "", "", "", "", "审核人："])
    last = column_letters(len(header) - 1)
    notes = [["填报说明"], ["1. 经纬度为WGS84坐标，单位为度。"], ["2. 自评等级按红、橙、黄、蓝四级填写。"]]
    xlsx_write(folder / "企业名录.xlsx", [("企业名录", rows, [f"A1:{last}1", f"A2:{last}2"]), ("填报说明", notes, [])])
    return dirt.summary("企业名录.xlsx", n)


def _visits(city: City) -> list[str]:
    """Day of each firm's last inspection, the worse its colour the later; of some none is known."""
    rng = stream(city.plan.seed, "visits")
    longest = np.array([0, 1500, 900, 400, 200])[city.firms.grade]
    ago = (rng.random(len(longest)) * longest).astype(int)
    known = rng.random(len(longest)) < 0.85
    today = date.fromisoformat(DATE)
    return [(today - timedelta(days=d)).isoformat() if k else "" for d, k in zip(ago.tolist(), known, strict=True)]


def write_hazards(city: City, folder: Path) -> None:
    """重大危险源.csv in GB 18030, some quantities in words; 加油加气站.csv in sexagesimal degrees."""
    rng = stream(city.plan.seed, "dirt hazards")
    header = [
        "编号",
        "单元编号",
        "企业编号",
        "企业名称",
        "危险源名称",
        "类型",
        "物质",
        "CAS号",
        "最大存量(吨)",
        "容积(m³)",
        "储存方式",
        "危险性符号",
        "压力(MPa)",
        "温度(℃)",
        "重大危险源等级",
        "500米人口",
        "投用年份",
        "经度",
        "纬度",
        "位置误差",
    ]
    units = city.hazards.units
    lon, lat = _places(city, [r["xy"] for r in units])
    wordy = rng.random(len(units)) < 0.08
    rows = [
        [
            r["id"],
            r["unit"],
            r["firm"],
            r["firm_name"],
            r["name"],
            r["kind"],
            r["substance"],
            r["cas"],
            f"约{r['tonnes']:g}吨" if w else f"{r['tonnes']:g}",
            f"{r['volume']:g}",
            r["storage"],
            r["symbol"],
            f"{r['pressure']:g}",
            f"{r['temperature']:g}",
            _ROMAN[r["level"]],
            r["residents"],
            r["year"],
            x,
            y,
            0.1,
        ]
        for r, w, x, y in zip(units, wordy, lon, lat, strict=True)
    ]
    csv_write(folder / "重大危险源.csv", header, rows, "gb18030")
    header = [
        "编号",
        "危险源名称",
        "企业编号",
        "类型",
        "物质",
        "最大存量(吨)",
        "容积(m³)",
        "储存方式",
        "经度",
        "纬度",
        "位置误差",
    ]
    for file, sites, sexagesimal in (
        ("加油加气站.csv", city.hazards.fuel, True),
        ("危险源_码头装卸点.csv", city.hazards.loading, False),
    ):
        lon, lat = _places(city, [r["xy"] for r in sites])
        rows = [
            [
                r["id"],
                r["name"],
                r["firm"],
                r["kind"],
                r["substance"],
                r["tonnes"],
                r["volume"],
                r["storage"],
                dms(x) if sexagesimal else x,
                dms(y) if sexagesimal else y,
                0.1,
            ]
            for r, x, y in zip(sites, lon, lat, strict=True)
        ]
        csv_write(folder / file, header, rows, "utf-8-sig")


def dms(value: float) -> str:
    """Degrees, minutes, seconds with four decimals (3 mm): 123°14′05.1234″."""
    total = round(value * 36_000_000)
    degree, rest = divmod(total, 36_000_000)
    minute, second = divmod(rest, 600_000)
    return f"{degree}°{minute:02d}′{second // 10_000:02d}.{second % 10_000:04d}″"


def write_crowded_places(city: City, truth: Truth, folder: Path) -> dict:
    """人员密集场所.csv in UTF-8 with a byte mark, coordinates in GCJ-02 and labelled so."""
    places, n = city.places, len(city.places.id)
    dirt = Dirt(city.plan.seed, "places", 2, n)
    seeded = {r["target_id"] for r in truth.conflicts + truth.near_misses} | {
        r["place_id"] for r in truth.in_impact_circle
    }
    dirt.spared = {i for i, name in enumerate(places.id) if name in seeded}
    dirt.plan({k: SHARES[k] for k in ("zero", "no_name")})
    lon, lat = degrees(city.plan, places.xy)
    gx, gy = wgs84_to_gcj02(lon, lat)
    header = [
        "编号",
        "场所名称",
        "类别",
        "人数",
        "床位数",
        "建筑面积",
        "所属镇街",
        "经度",
        "纬度",
        "坐标系",
        "位置误差",
    ]
    rows = []
    for i, (x, y) in enumerate(zip(_rounded(gx), _rounded(gy), strict=True)):
        x0, y0 = dirt.place(i, x, y)
        beds = "" if np.isnan(places.beds[i]) else int(places.beds[i])
        rows.append(
            [
                places.id[i],
                dirt.name(i, places.name[i]),
                KINDS[places.kind[i]][0],
                int(places.capacity[i]),
                beds,
                int(places.area_m2[i]),
                city.towns.name[places.town[i]],
                x0,
                y0,
                "GCJ-02",
                float(places.error_m[i]),
            ]
        )
    csv_write(folder / "人员密集场所.csv", header, rows, "utf-8-sig")
    return dirt.summary("人员密集场所.csv", n)


def write_rescue(city: City, folder: Path) -> dict:
    """应急力量.xlsx: one sheet with a kind column under one title row; 消火栓.csv."""
    rows_in = city.rescue.facilities
    dirt = Dirt(city.plan.seed, "rescue", 3, len(rows_in))
    dirt.spared = {i for i, r in enumerate(rows_in) if not r["name"].startswith("天然取水点")}
    dirt.plan({"zero": 0.008})
    header = ["编号", "名称", "类型", "车辆数", "人员数", "出动时间(秒)", "泡沫(吨)", "床位数", "经度", "纬度"]
    lon, lat = _places(city, [r["xy"] for r in rows_in])
    rows: list[list] = [[f"{CITY}应急力量一览表"], header]
    for i, r in enumerate(rows_in):
        x, y = dirt.place(i, lon[i], lat[i])
        rows.append(
            [
                r["id"],
                r["name"],
                r["kind"],
                r.get("vehicles"),
                r.get("staff"),
                r.get("turnout"),
                r.get("foam"),
                r.get("beds"),
                x,
                y,
            ]
        )
    xlsx_write(folder / "应急力量.xlsx", [("应急力量", rows, [f"A1:{column_letters(len(header) - 1)}1"])])
    lon, lat = _places(city, city.rescue.hydrants)
    rows = [[f"XH{k + 1:05d}", f"消火栓{k + 1}", "消火栓", x, y] for k, (x, y) in enumerate(zip(lon, lat, strict=True))]
    csv_write(folder / "消火栓.csv", ["编号", "名称", "类型", "经度", "纬度"], rows, "utf-8")
    return dirt.summary("应急力量.xlsx", len(rows_in))


def write_small_tables(city: City, folder: Path) -> None:
    """人口.csv, 停车场.csv, 事故.csv, 重大事故隐患.csv and 风玫瑰.csv."""
    people = city.people
    keep = np.flatnonzero((people.residents > 0) | (people.day > 0))
    lon, lat = _places(city, people.xy[keep])
    rows = [
        [f"RK{k + 1:06d}", x, y, int(people.residents[i]), int(people.day[i]), int(people.households[i])]
        for k, (i, x, y) in enumerate(zip(keep, lon, lat, strict=True))
    ]
    csv_write(folder / "人口.csv", ["编号", "经度", "纬度", "人口", "白天人口", "户数"], rows, "utf-8")
    lon, lat = _places(city, [r["xy"] for r in city.lots])
    rows = [[r["id"], r["name"], r["kind"], r["bays"], x, y, 0.1] for r, x, y in zip(city.lots, lon, lat, strict=True)]
    csv_write(folder / "停车场.csv", ["编号", "名称", "类型", "车位数", "经度", "纬度", "位置误差"], rows, "gb18030")
    lon, lat = _places(city, [r["xy"] for r in city.accidents])
    rows = [
        [r["id"], r["name"], r["kind"], r["date"], r["substance"], r["deaths"], r["injuries"], x, y]
        for r, x, y in zip(city.accidents, lon, lat, strict=True)
    ]
    csv_write(
        folder / "事故.csv",
        ["编号", "名称", "事故类型", "日期", "物质", "死亡人数", "受伤人数", "经度", "纬度"],
        rows,
        "utf-8-sig",
    )
    lon, lat = _places(city, [r["xy"] for r in city.dangers])
    rows = [
        [*(r[k] for k in ("id", "name", "firm", "firm_name", "found", "due", "state", "closed", "supervised")), x, y]
        for r, x, y in zip(city.dangers, lon, lat, strict=True)
    ]
    csv_write(
        folder / "重大事故隐患.csv",
        [
            "编号",
            "隐患名称",
            "企业编号",
            "企业名称",
            "发现日期",
            "整改期限",
            "整改状态",
            "整改完成日期",
            "挂牌督办",
            "经度",
            "纬度",
        ],
        rows,
        "gb18030",
    )
    csv_write(folder / "风玫瑰.csv", ["风向", "风向角(度)", "稳定度", "风速(m/s)", "频率"], wind_rows(), "utf-8-sig")


def write_points(city: City, folder: Path) -> None:
    """风险点清单.xlsx of the firms, without coordinates; 公共风险点.csv in GB 18030 with them."""
    header = ["风险点编号", "风险点名称", "风险类别", "所属镇街", "所在部位", "评价方法"]
    tail = ["风险等级", "管控措施", "管控层级", "责任单位", "责任人", "联系电话", "最近检查日期"]
    keys = ("id", "name", "kind", "town", "location", "method")
    ends = ("grade", "measures", "level", "unit", "person", "phone", "visited")
    rows: list[list] = [[f"{CITY}企业安全风险点清单"], [*header, "企业编号", "企业名称", "L", "E", "C", *tail]]
    for row in city.points:
        if row["xy"] is None:
            middle = [row[k] for k in ("firm", "firm_name", "l", "e", "c")]
            rows.append([*(row[k] for k in keys), *middle, *(row[k] for k in ends)])
    xlsx_write(folder / "风险点清单.xlsx", [("风险点清单", rows, [f"A1:{column_letters(len(rows[1]) - 1)}1"])])
    public = [row for row in city.points if row["xy"] is not None]
    lon, lat = _places(city, [row["xy"] for row in public])
    plain = [[*(row[k] for k in (*keys, "l", "s", *ends)), x, y] for row, x, y in zip(public, lon, lat, strict=True)]
    csv_write(folder / "公共风险点.csv", [*header, "可能性L", "严重性S", *tail, "经度", "纬度"], plain, "gb18030")


def wind_rows() -> list[list]:
    """Direction, degrees it blows from, stability, speed [m/s], frequency; frequencies sum to 1."""
    rows: list[list] = []
    for k, (name, share, factor) in enumerate(zip(_SECTORS_16, _WIND, _SPEED_FACTOR, strict=True)):
        rows += [[name, 22.5 * k, s, round(v * factor, 1), round(share * p / 1e4, 6)] for s, p, v in _STABILITY]
    total = sum(row[4] for row in rows)
    rows.append(["C", "", "F", 0.5, round(1 - total, 6)])
    return rows
