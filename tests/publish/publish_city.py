"""A made-up city of 20 x 16 km: every table the map can show, with the traps data have."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_risk.grid import Grid
from geo_risk.publish.site import SiteMeta
from geo_risk.store import Surface

CRS = "EPSG:4549"
LEFT, BOTTOM = 500_000.0, 3_530_000.0
NASTY = '临江</script><b>`${1}` & "厂"\''
TEMPLATE = """<!doctype html><html lang="{{ lang }}"><title>{{ title[lang] }}</title>
<link rel="stylesheet" href="{{ app_css }}">
<table>{% for row in rows %}<tr>{% for v in row %}<td>{{ v }}</td>{% endfor %}</tr>
{% endfor %}</table>
<p>{{ note[lang] }}{{ grades | length }}{{ columns | length }}</p>
<script src="{{ site_js }}"></script><script src="{{ search_js }}"></script>
<script src="{{ app_js }}"></script></html>"""


def frame(geometry, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(geometry), crs=CRS)


def _points(rng, n):
    return shapely.points(LEFT + rng.uniform(200, 19_800, n), BOTTOM + rng.uniform(200, 15_800, n))


def _districts() -> gpd.GeoDataFrame:
    boxes = [
        shapely.box(LEFT + 5000 * i, BOTTOM + 8000 * j, LEFT + 5000 * (i + 1), BOTTOM + 8000 * (j + 1))
        for j in range(2)
        for i in range(4)
    ]
    whole = shapely.union_all(boxes)
    shares = [0.01 * k for k in range(8)]
    return frame(
        [whole, *boxes],
        id=["32", *[f"32{k:02d}" for k in range(8)]],
        name=["临澜市", NASTY, *[f"镇{k}" for k in range(1, 8)]],
        level=["city"] + ["township"] * 8,
        parent_id=[None] + ["32"] * 8,
        grade=pd.array([4, 4, 3, 2, 1, 1, 0, 2, 3], "Int64"),
        rule=["从高"] * 9,
        area_km2=[320.0] + [40.0] * 8,
        share_red=[0.0123, *[s + 0.00456 for s in shares]],
        persons=[150_000.0, 42.0, *[1000.0 * k for k in range(2, 9)]],
        n_hazards=pd.array([30] + [4] * 8, "Int64"),
    )


def _objects(rng) -> dict[str, gpd.GeoDataFrame]:
    hazards = frame(
        [*_points(rng, 29), shapely.box(LEFT + 900, BOTTOM + 900, LEFT + 1100, BOTTOM + 1100)],
        id=[f"H{k:03d}" for k in range(30)],
        name=[f"储罐{k}" for k in range(29)] + [NASTY],
        kind=["tank_farm"] * 30,
        quantity_t=[*rng.uniform(1, 900, 29), np.nan],
        state=[None] * 30,
    )
    places = frame(
        _points(rng, 60), id=[f"C{k:03d}" for k in range(60)], name=[f"=学校{k}" for k in range(60)],
        kind=["primary_school"] * 60, capacity=rng.integers(10, 900, 60).astype(float),
    )  # fmt: skip
    stations = frame(
        _points(rng, 5), id=list("abcde"), name=[f"消防站{k}" for k in range(5)], kind=["fire_station"] * 5
    )
    pipes = frame(
        [shapely.linestrings([(LEFT, BOTTOM + 500), (LEFT + 19_000, BOTTOM + 15_000)])], id=["P1"], name=["管线"]
    )
    return {
        "layers/hazard_sources": hazards,
        "layers/crowded_places": places,
        "layers/emergency_facilities": stations,
        "layers/gas_pipelines": pipes,
    }


def _base(rng) -> dict[str, gpd.GeoDataFrame]:
    lines = []
    for k in range(20):
        x, y = LEFT + 1000 * k, BOTTOM + 800 * k
        lines += [[(x + 500, BOTTOM), (x + 500, BOTTOM + 16_000)], [(LEFT, y + 400), (LEFT + 20_000, y + 400)]]
    classes = ["motorway", "residential", "primary", "tertiary"] * 10
    lake = shapely.Point(LEFT + 9000, BOTTOM + 9000).buffer(1500)
    return {
        "layers/roads": frame(
            shapely.linestrings(lines), **{"class": classes, "name": ["路"] * 40, "max_weight_t": [10.0] * 40}
        ),
        "layers/water": frame([lake], id=["w"], name=["湖"], kind=["lake"]),
        "layers/landuse": frame([lake.buffer(500).difference(lake)], id=["g"], kind=["green"]),
    }


def _results(rng) -> dict[str, pd.DataFrame]:
    grades = np.array([4] * 7 + [3] * 20 + [2] * 60 + [1] * 200 + [0] * 13)
    enterprises = frame(
        _points(rng, 300), id=[f"E{k:04d}" for k in range(300)], name=[f"企业{k}有限公司" for k in range(300)],
        grade=pd.array(grades, "Int64"), index_max=rng.uniform(0, 100, 300), reason=["x" * 20] * 300,
    )  # fmt: skip
    starts, ends = shapely.get_coordinates(_points(rng, 40)), rng.uniform(-90, 90, (40, 2))
    findings = frame(
        shapely.linestrings(np.stack((starts, starts + ends), axis=1)),
        finding_id=[f"F{k:03d}" for k in range(40)], source_name=["储罐"] * 40, target_name=["学校"] * 40,
        required_m=[50.0] * 40, clearance_m=rng.uniform(1, 90, 40),
        verdict=["conflict", "undecided", "clear", "conflict"] * 10,
    )  # fmt: skip
    areas = frame(
        [shapely.Point(LEFT + 9000, BOTTOM + 8000).buffer(r) for r in (3000, 6000)],
        facility_kind=["fire_station"] * 2, limit_min=[5.0, 10.0],
        facilities=pd.array([5, 5], "Int64"), area_km2=[28.3, 113.1],
    )  # fmt: skip
    coverage = pd.DataFrame(
        {"facility_kind": ["fire_station"], "limit_min": [5.0], "target": ["people"], "share": [0.4]}
    )
    found = {"enterprises": enterprises, "findings": findings, "service_areas": areas, "coverage": coverage}
    return found | {"surface_bands": _bands()}


def _bands() -> pd.DataFrame:
    """Shares of the grades: of the city, of a township with few residents in red, and of a village."""
    who = {
        "district_id": ["C1", "T1", "V1"],
        "name": ["临澜市", "临江镇", "江村"],
        "level": ["city", "township", "village"],
    }
    rows = pd.DataFrame(who).loc[lambda t: t.index.repeat(5)].reset_index(drop=True)
    rows["grade"] = pd.array([4, 3, 2, 1, 0] * 3, "Int64")
    rows["value_from"] = rows["value_to"] = np.nan
    rows["share"] = [0.0123456, 0.1, 0.2, 0.3, 0.3876544] * 3
    rows["area_km2"], rows["persons"] = 100 * rows["share"], [12.0, 1200.0, 2500.0, 3000.0, 4000.0] * 3
    return pd.concat([rows.assign(surface=s) for s in ("grade", "index")], ignore_index=True)


def city_surfaces() -> dict[str, Surface]:
    rows, cols, cell = 160, 200, 100.0
    y, x = np.mgrid[:rows, :cols]
    index = (100 * np.exp(-((x - 60) ** 2 + (y - 70) ** 2) / 900)).astype(np.float32)
    grade = np.digitize(index, [5, 30, 60, 90]).astype(np.uint8)
    grade[120, 150] = 4  # one red cell on its own
    grid = Grid(CRS, LEFT, BOTTOM + rows * cell, cell, (rows, cols))
    return {"grade": Surface(grade, grid), "index": Surface(index, grid)}


def city_tables() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(7)
    return {"districts": _districts(), **_objects(rng), **_base(rng), **_results(rng)}


def city_meta() -> SiteMeta:
    bounds = _districts().to_crs(4326).total_bounds
    title = {"zh": "临澜市安全风险一张图", "en": "Linlan safety risk map"}
    return SiteMeta(title, tuple(map(float, bounds)), {"zh": "来源：示例", "en": "Source: example"}, date="2026-11")


def accidents() -> gpd.GeoDataFrame:
    """Accidents with dates as precise as offices give them."""
    dates = ["2023", "2023-12", "2024-02-29", "2024-03-01", None, "2024-03"]
    at = shapely.points(LEFT + 1000.0 * np.arange(6), BOTTOM + 2000.0)
    return frame(at, id=[f"A{k}" for k in range(6)], name=[f"事故{k}" for k in range(6)], date=dates)
