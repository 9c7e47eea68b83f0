"""A finished region of four enterprises on known ground, written as a run leaves it."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from publish_city import NASTY

from geo_risk import store
from geo_risk.grid import Grid

CRS = "EPSG:4549"  # its central meridian is at x = 500 km, where distances on the map are true
X, Y = 500_000.0, 3_560_000.0
LONG = "临澜市" + "特别长的名字" * 9 + "有限责任公司"
TOML = """
[region]
name = "临澜市"
[layers.enterprises]
source = "a.csv"
[layers.hazard_sources]
source = "a.csv"
[layers.crowded_places]
source = "a.csv"
[layers.population]
source = "a.csv"
[layers.hidden_dangers]
source = "a.csv"
[layers.districts]
source = "a.csv"
[layers.roads]
source = "a.csv"
"""


def at(*places) -> list:
    """Points at (east, north) [m] of the middle; None stays."""
    return [None if p is None else shapely.Point(X + p[0], Y + p[1]) for p in places]


def frame(geometry, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(geometry), crs=CRS)


def layers() -> dict[str, gpd.GeoDataFrame]:
    firms = frame(
        at((0, 0), (3000, 0), None, (900, 900)),
        id=["E1", "E/2", "E3", "e1"], name=[NASTY, "无事公司", "=无处公司", LONG],
        staff=[120.0, np.nan, 5.0, 7.0], state=[None, None, "closed", None],
        data_date=["2026-06-30"] * 4, source_file=["企业.csv"] * 4, source_row=pd.array([2, 3, 4, 5], "Int64"),
        position_error_m=[1.0] * 4, district=["甲镇"] * 4,
    )  # fmt: skip
    hazards = frame(
        at((100, 0), (-100, 0), (300, 0)),
        id=["H1", "H2", "H3"], name=["甲罐", "乙罐", "丙罐"], enterprise_id=["E1", None, "e1"],
        enterprise_name=[None, NASTY, None], kind=["tank_farm", "warehouse", "tank_farm"],
        substance=["汽油", "液氨", "苯"], quantity_t=[10.0, 2.5, np.nan], state=[None] * 3,
    )  # fmt: skip
    places = frame(
        at((400, 0), (-250, 0), (900, 0), (0, 50)),
        id=["C1", "C2", "C3", "C4"], name=["东校", "西校", "远校", "旧校"], kind=["primary_school"] * 4,
        capacity=[300.0, 200.0, 100.0, 50.0], state=[None, None, None, "closed"],
    )  # fmt: skip
    return {
        "enterprises": firms,
        "hazard_sources": hazards,
        "crowded_places": places,
        "population": frame(at((200, 0), (0, -90), (2000, 0)), id=list("abc"), persons=[40.0, 2.0, 99.0]),
        "hidden_dangers": frame(
            at((0, 0), (0, 0)), id=["D1", "D2"], name=["报警器失效", "已改好"], enterprise_id=["E1", "E1"],
            enterprise_name=[NASTY, NASTY], found_date=["2026-01-02"] * 2, due_date=["2026-02-03"] * 2,
            state=["overdue", "closed"],
        ),
        "districts": frame(
            [shapely.box(X - 2000, Y - 2000, X + 2000, Y + 2000), shapely.box(X + 2000, Y - 2000, X + 6000, Y + 2000)],
            id=["T1", "T2"], name=["甲镇", "乙镇"], level=["township"] * 2,
        ),
        "roads": frame(
            [shapely.LineString([(X - 2500, Y), (X + 2500, Y + 30)])],
            id=["R1"], name=["大路"], **{"class": ["primary"]},
        ),
    }  # fmt: skip


def tables() -> dict[str, pd.DataFrame]:
    reach = {"E1": 150.0, "E/2": 100.0, "e1": 50.0}
    source = frame(
        at((0, 0), (3000, 0), (900, 900), (100, 0), (-100, 0), (300, 0)),
        layer=["enterprises"] * 3 + ["hazard_sources"] * 3, id=[*reach, "H1", "H2", "H3"],
        name=["甲", "乙", "丙", "甲罐", "乙罐", "丙罐"], score=[20.0, 5.0, 6.0, 60.0, 45.0, 60.0],
        reach_m=[*reach.values(), 500.0, 200.0, 30.0], group=list("abcdef"), reason=["r"] * 6,
    )  # fmt: skip
    shape = shapely.LineString([(X, Y), (X + 1, Y)])
    findings = frame(
        [shape] * 2, finding_id=["F1", "F2"], standard=["GB 50156"] * 2, edition=["2021"] * 2, clause=["4.0.4"] * 2,
        confidence=["V"] * 2, source_layer=["hazard_sources"] * 2, source_id=["H1", "H1"], source_name=["甲罐"] * 2,
        target_layer=["crowded_places", "roads"], target_id=["C1", "R1"], target_name=["东校", ""],
        required_m=[35.0, 5.0], clearance_m=[20.04, 9.0], uncertainty_m=[0.5, 0.5], verdict=["conflict", "clear"],
        reason=["", ""],
    )  # fmt: skip
    share = dict(share_red=[0.02, 0.0], share_orange=[0.1, 0.0], share_yellow=[0.2, 0.0], share_blue=[0.3, 1.0])
    towns = layers()["districts"].assign(
        grade=pd.array([4, 1], "Int64"), rule=["residents", "area"], area_km2=[16.0, 16.0], persons=[42.0, 99.0],
        n_enterprises=pd.array([2, 1], "Int64"), n_conflicts=pd.array([1, 0], "Int64"), **share, share_none=[0.38, 0.0],
    )  # fmt: skip
    firms = layers()["enterprises"][["id", "name", "geometry"]].assign(
        district_id=["T1", "T2", None, "T1"], grade=pd.array([4, 1, 0, 2], "Int64"),
        self_grade=pd.array([4, None, 1, 2], "Int64"), index_max=[90.0, 3.0, np.nan, 20.0],
        n_conflicts=pd.array([1, 0, 0, 0], "Int64"), reason=["own index 90.0 (red)", "", "", ""],
    )  # fmt: skip
    rescue = pd.DataFrame(
        {"place_layer": "enterprises", "place_id": ["E1", "E1"], "place_name": "甲",
         "facility_kind": ["fire_station", "hospital"], "rank": 1, "facility_id": ["S1", None],
         "facility_name": ["一站", None], "minutes": [4.26, np.nan], "turnout_s": [60.0, np.nan],
         "distance_m": [1234.0, np.nan], "access_m": [1.0, np.nan], "reason": ["", "no road within 500 m"]}
    )  # fmt: skip
    return {
        "index_sources": source, "findings": findings, "districts": towns, "enterprises": firms,
        "enterprise_rescue": rescue,
    }  # fmt: skip


def write_region(folder: Path) -> Path:
    """The region's folder, as after a run."""
    folder.mkdir(parents=True)
    (folder / "region.toml").write_text(TOML, encoding="utf-8")
    build = folder / "build"
    for name, table in layers().items():
        store.write_table(build / "layers" / f"{name}.parquet", table)
    for name, table in tables().items():
        store.write_table(build / "tables" / f"{name}.parquet", table)
    store.write_json(build / "frame.json", {"crs": CRS, "bounds": [120.0, 32.0, 120.1, 32.1]})
    grid = Grid(CRS, X - 2500, Y + 2500, 50.0, (100, 100))
    cells = np.zeros(grid.shape, np.uint8)
    cells[40:60, 40:60], cells[48:52, 48:52] = 3, 4
    store.write_surface(build / "surfaces" / "grade.tif", store.Surface(cells, grid))
    return folder
