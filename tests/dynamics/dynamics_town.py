"""A town of four villages, in files, small enough to be run in seconds."""

import csv
import json
from pathlib import Path

LON, LAT, SIDE = 123.2, 32.2, 0.04
TOML = """
[region]
name = "小城"
name_en = "Littletown"
cell_m = 50
[publish]
profiles = ["internal"]
[layers.districts]
source = "inputs/districts.geojson"
[layers.enterprises]
source = "inputs/enterprises.csv"
crs = "wgs84"
[layers.hazard_sources]
source = "inputs/hazards.csv"
crs = "wgs84"
[layers.crowded_places]
source = "inputs/crowded.csv"
crs = "wgs84"
[layers.population]
source = "inputs/population.csv"
crs = "wgs84"
[layers.hidden_dangers]
source = "inputs/dangers.csv"
crs = "wgs84"
[layers.risk_points]
source = "inputs/points.csv"
crs = "wgs84"
[risk]
robustness_samples = 0
"""
STEPS = ["date", "districts", "groups", "dangers", "inspections", "quality", "bands"]  # all but the site

HEADS = {
    "enterprises": "id,name,sector,staff,data_date,lon,lat",
    "hazards": "id,name,enterprise_id,enterprise_name,kind,substance,quantity_t,storage,lon,lat",
    "crowded": "id,name,kind,capacity,lon,lat",
    "population": "id,persons,lon,lat",
    "dangers": "id,name,enterprise_id,enterprise_name,found_date,due_date,state,lon,lat",
    "points": "id,name,enterprise_id,enterprise_name,method,l,e,c,measures,lon,lat",
}


def at(x: float, y: float) -> tuple[float, float]:
    """LON, LAT of a place in shares of the town's side, as CSV holds it."""
    return round(LON + x * SIDE, 7), round(LAT + y * SIDE, 7)


def rows() -> dict[str, list[list]]:
    """The town's tables. Firms E1 to E4 lie in the villages' middles."""
    middles = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    firms = [
        [f"E{n}", f"第{n}化工厂", sector, 50, f"2026-0{n}-15", *at(*middle)]
        for n, (sector, middle) in enumerate(zip(["化工", "纺织", "化工", "机械"], middles, strict=True), 1)
    ]
    hazards = [
        ["H1", "汽油罐区", "E1", "第1化工厂", "tank_farm", "汽油", 300, "atmospheric", *at(0.25, 0.26)],
        ["H3", "液氨罐", "E3", "第3化工厂", "tank_farm", "液氨", 4, "pressurised", *at(0.26, 0.75)],
    ]
    crowded = [["C1", "第一小学", "primary_school", 800, *at(0.3, 0.25)], ["C4", "商场", "mall", 900, *at(0.7, 0.7)]]
    people = [[f"P{i}{j}", 150, *at(0.1 + i * 0.2, 0.1 + j * 0.2)] for i in range(5) for j in range(5)]
    dangers = [
        ["D1", "防火堤破损", "E1", "第1化工厂", "2026-05-01", "2026-12-31", "open", *at(0.25, 0.25)],
        ["D2", "报警器失效", "E3", "第3化工厂", "2026-04-01", "2026-05-31", "overdue", *at(0.25, 0.75)],
    ]
    points = [
        ["R1", "卸车作业", "E1", "第1化工厂", "LEC", 3, 6, 15, "自动联锁", *at(0.24, 0.24)],
        ["R4", "锅炉房", "E4", "第4化工厂", "LEC", 3, 6, 15, "", *at(0.76, 0.76)],
    ]
    return {
        "enterprises": firms,
        "hazards": hazards,
        "crowded": crowded,
        "population": people,
        "dangers": dangers,
        "points": points,
    }


def write_table(folder: Path, name: str, table: list[list]) -> None:
    with open(folder / "inputs" / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADS[name].split(","), *table])


def write_districts(folder: Path) -> None:
    def ring(x0: float, y0: float, x1: float, y1: float) -> list:
        return [[list(at(*p)) for p in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))]]

    boxes = {"9": (0, 0, 1, 1), "91": (0, 0, 0.5, 0.5), "92": (0.5, 0, 1, 0.5), "93": (0, 0.5, 0.5, 1)}
    boxes["94"] = (0.5, 0.5, 1, 1)
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": i,
                "name": "小城" if i == "9" else f"{i}镇",
                "level": "city" if i == "9" else "township",
                "parent_id": None if i == "9" else "9",
            },
            "geometry": {"type": "Polygon", "coordinates": ring(*box)},
        }
        for i, box in boxes.items()
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (folder / "inputs" / "districts.geojson").write_text(text, encoding="utf-8")
