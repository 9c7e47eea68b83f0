"""The maps of the demo city as handed over: roads, pipelines, districts, water, land use, buildings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from .city import City
from .files import geojson_write, gpkg_write, shapefile_zip_write
from .plan import CITY, CITY_CODE, CRS, geometry_degrees, geometry_metric

# Zone 41 with the zone number in the easting: the same plane as EPSG:4550 moved by 41,000 km.
_CRS_WITH_ZONE, _ZONE_M = "EPSG:4529", 41_000_000.0
_CLASS = ("高速公路", "匝道", "国省道", "主干路", "次干路", "支路", "街巷", "内部道路")


def write_roads(city: City, folder: Path, rules: list[str]) -> None:
    """道路.gpkg in CGCS2000 zone 41 with the zone number; edges meet in identical end vertices."""
    roads = city.roads
    lines = shapely.transform(
        geometry_metric(city.plan, roads.line), lambda xy: np.round(xy + np.array([_ZONE_M, 0.0]), 2)
    )
    columns = {
        "编号": [f"DL{i + 1:06d}" for i in range(len(lines))],
        "道路名称": roads.name,
        "道路等级": [_CLASS[r] for r in roads.rank],
        "单行": roads.oneway,
        "限速": roads.speed().astype(int),
        "车道数": roads.lanes(),
        "路宽": roads.width(),
        "桥梁": ["是" if b else "否" for b in roads.bridge],
        "隧道": ["是" if t else "否" for t in roads.tunnel],
        "限高": roads.max_height,
        "限重": roads.max_weight,
        "危险品通行": rules,
    }
    gpkg_write(folder / "道路.gpkg", columns, lines, _CRS_WITH_ZONE, "道路")


def write_pipelines(city: City, folder: Path) -> None:
    """管线.zip: a shapefile in GBK without .cpg, field names of at most ten bytes, diameters as DN."""
    pipes = city.pipes
    columns = {
        "管线编号": [p.id for p in pipes],
        "管线名称": [p.name for p in pipes],
        "管线类别": [p.kind for p in pipes],
        "介质": [p.medium for p in pipes],
        "管径": [f"DN{p.dn:g}" for p in pipes],
        "压力": [p.mpa for p in pipes],
        "壁厚": [p.wall for p in pipes],
        "材质": [p.material for p in pipes],
        "埋深": [p.depth for p in pipes],
        "敷设方式": [p.laying for p in pipes],
        "投用年份": [p.year for p in pipes],
        "权属单位": [p.owner for p in pipes],
        "位置误差": [0.1] * len(pipes),
    }
    lines = geometry_metric(city.plan, np.array([p.line for p in pipes]))
    shapefile_zip_write(folder / "管线.zip", "管线", columns, lines, CRS)


def write_districts(city: City, folder: Path) -> None:
    """镇街.geojson: the city and its townships, nested by level and code of the unit above."""
    towns = city.towns
    whole = shapely.coverage_union_all(np.array(towns.area))
    rows = [{"行政区划代码": CITY_CODE, "名称": CITY, "层级": "市", "上级代码": ""}]
    rows += [
        {"行政区划代码": c, "名称": n, "层级": "街道" if n.endswith("街道") else "镇", "上级代码": CITY_CODE}
        for c, n in zip(towns.code, towns.name, strict=True)
    ]
    shapes = np.array([whole, *towns.area])
    geojson_write(folder / "镇街.geojson", rows, geometry_degrees(city.plan, shapes))


def _write_mixed(city: City, path: Path, prefix: str, groups: list[tuple[str, str, list]]) -> None:
    """A GeoJSON of named groups: (kind, name, shapes)."""
    rows: list[dict] = []
    shapes: list = []
    for kind, name, members in groups:
        for k, shape in enumerate(members):
            rows.append(
                {
                    "编号": f"{prefix}{len(rows) + 1:04d}",
                    "名称": name if len(members) == 1 or not name else f"{name}{k + 1}",
                    "类型": kind,
                }
            )
            shapes.append(shape)
    geojson_write(path, rows, geometry_degrees(city.plan, np.array(shapes)))


def write_water(city: City, folder: Path) -> None:
    """水系.geojson: river, canals, lake and ponds as areas, ditches as lines, in one file."""
    land = city.land
    groups: list[tuple[str, str, list]] = [
        ("河流", "澜江", [land.river]),
        ("运河", "运河", land.canals),
        ("湖泊", "菱渚湖", [land.lake]),
        ("池塘", "", list(city.blocks.ponds)),
        ("沟", "", city.people.ditches),
    ]
    _write_mixed(city, folder / "水系.geojson", "SX", groups)


def write_landuse(city: City, folder: Path) -> None:
    """用地.geojson: hill, town parks, industrial parks, built-up blocks."""
    groups: list[tuple[str, str, list]] = [
        ("林地", "云矶山", [city.land.hill]),
        ("公园", "", list(city.blocks.greens)),
        *(("工业用地", p.name, [p.area]) for p in city.parks),
        ("居住用地", "", list(city.blocks.built)),
    ]
    _write_mixed(city, folder / "用地.geojson", "YD", groups)


def write_buildings(city: City, folder: Path) -> None:
    """建筑.gpkg in the city's metric CRS."""
    b = city.buildings
    n = len(b.outline)
    outline: NDArray = geometry_metric(city.plan, np.array(b.outline))
    columns = {
        "编号": [f"JZ{i + 1:05d}" for i in range(n)],
        "用途": b.kind,
        "层数": b.floors,
        "高度": [round(3.0 * f + 0.6, 1) for f in b.floors],
        "耐火等级": [2 if f > 3 else 3 for f in b.floors],
        "户数": b.households,
        "人数": [round(2.8 * h) for h in b.households],
        "位置误差": [0.1] * n,
    }
    gpkg_write(folder / "建筑.gpkg", columns, outline, CRS, "建筑")
