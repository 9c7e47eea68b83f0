"""A hazard a few metres beyond the region's boundary counts for a school just inside it, from the file to the map."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import geopandas as gpd
import pytest
from pyproj import Geod

import geo_risk

LON, LAT, SIDE = 123.2, 32.2, 0.02
EDGE = LON + SIDE  # the eastern boundary
GEOD = Geod(ellps="WGS84")
TOML = """
[region]
name = "边城"
cell_m = 25
boundary = "districts"
[publish]
profiles = ["internal"]
[layers.districts]
source = "districts.geojson"
[layers.hazard_sources]
source = "hazards.csv"
crs = "wgs84"
[layers.crowded_places]
source = "schools.csv"
crs = "wgs84"
[risk]
robustness_samples = 0
"""


def east_of_edge(metres: float, lat: float) -> tuple[float, float]:
    """LON, LAT of a place so many metres east of the boundary (west where negative)."""
    lon, lat, _ = GEOD.fwd(EDGE, lat, 90.0, metres)
    return round(lon, 8), round(lat, 8)


def written(folder: Path, name: str, head: str, *rows: tuple) -> None:
    with open(folder / name, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head.split(","), *rows])


@pytest.fixture(scope="module")
def region(tmp_path_factory, built_page) -> geo_risk.Region:
    """A square with schools 5 m inside its eastern edge, and a filling station 12 m beyond it at one of them."""
    folder = tmp_path_factory.mktemp("edge") / "town"
    folder.mkdir()
    (folder / "region.toml").write_text(TOML, encoding="utf-8")
    ring = [[LON, LAT], [EDGE, LAT], [EDGE, LAT + SIDE], [LON, LAT + SIDE], [LON, LAT]]
    town = {"type": "Feature", "properties": {"id": "9", "name": "边城", "level": "city"},
            "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": [town]}, ensure_ascii=False)
    (folder / "districts.geojson").write_text(text, encoding="utf-8")
    near, far = LAT + 0.25 * SIDE, LAT + 0.75 * SIDE
    written(
        folder, "schools.csv", "id,name,kind,capacity,position_error_m,lon,lat",
        ("C1", "界边中学", "middle_school", 900, 0.1, *east_of_edge(-5.0, near)),
        ("C2", "安静中学", "middle_school", 900, 0.1, *east_of_edge(-5.0, far)),
    )  # fmt: skip
    written(
        folder, "hazards.csv", "id,name,kind,substance,volume_m3,position_error_m,lon,lat",
        ("H1", "邻县加油站", "filling_station", "汽油", 90, 0.1, *east_of_edge(12.0, near)),
        ("H2", "本县加油站", "filling_station", "汽油", 90, 0.1, LON + 0.3 * SIDE, LAT + 0.5 * SIDE),
    )  # fmt: skip
    made = geo_risk.Region(folder)
    made.run(workers=1)
    return made


def test_the_hazard_outside_is_read_and_judged(region):
    hazards = region.layer("hazard_sources").set_index("id")
    boundary = gpd.read_parquet(region.build / "boundary.parquet").geometry.iloc[0]
    assert set(hazards.index) == {"H1", "H2"}
    assert not boundary.intersects(hazards.geometry["H1"])
    found = region.table("findings")
    (row,) = found[found["verdict"] == "conflict"].to_dict("records")
    assert (row["source_id"], row["target_id"]) == ("H1", "C1")
    assert row["clearance_m"] == pytest.approx(17.0, abs=0.01)
    assert row["required_m"] > 17.0
    assert "C2" not in set(found.loc[found["verdict"] == "conflict", "target_id"])


def test_its_risk_colours_the_ground_inside(region):
    schools = region.layer("crowded_places").set_index("id").geometry
    index, grid = region.surface("index").array, region.grid
    at = {i: index[int((grid.top - p.y) // grid.cell_m), int((p.x - grid.left) // grid.cell_m)]
          for i, p in schools.items()}  # fmt: skip
    assert at["C1"] > 2 * at["C2"]


def test_the_conflict_is_on_the_map_and_in_its_list(region):
    folder = region.site / "internal"
    rows = list(csv.DictReader((folder / "downloads" / "conflicts.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(r["source_name"], r["target_name"]) for r in rows] == [("邻县加油站", "界边中学")]
    drawn = json.loads((folder / "downloads" / "conflicts.geojson").read_text(encoding="utf-8"))
    assert len(drawn["features"]) == 1
