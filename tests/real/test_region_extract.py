"""A region whose roads, places, buildings and water come from one OpenStreetMap extract."""

import geopandas as gpd
import pytest
from shapely.geometry import box

import geo_risk

pytestmark = pytest.mark.real

TOML = """
[region]
name = "Helsinki"
boundary = "inputs/boundary.geojson"
cell_m = 50
[publish]
languages = ["en", "zh"]
[layers.hazard_sources]
source = "inputs/tanks.csv"
[layers.emergency_facilities]
source = "inputs/stations.csv"
"""


@pytest.fixture(scope="module")
def helsinki(real_data, built_page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "helsinki"
    (folder / "inputs").mkdir(parents=True)
    boundary = gpd.GeoDataFrame({"name": ["centre"]}, geometry=[box(24.92, 60.155, 24.97, 60.185)], crs=4326)
    boundary.to_file(folder / "inputs" / "boundary.geojson", driver="GeoJSON")
    (folder / "inputs" / "tanks.csv").write_text(
        "名称,物质,最大存量(吨),类型,经度,纬度\n甲罐区,液氨,30,罐区,24.9475,60.1745\n", encoding="utf-8"
    )
    (folder / "inputs" / "stations.csv").write_text(
        "名称,类型,经度,纬度\n一站,消防站,24.9405,60.1675\n", encoding="utf-8"
    )
    extract = (real_data / "osm" / "helsinki_center.osm.pbf").as_posix()
    layers = "".join(
        f'[layers.{name}]\nsource = "{extract}"\n' for name in ("roads", "crowded_places", "buildings", "water")
    )
    (folder / "region.toml").write_text(TOML + layers, encoding="utf-8")
    region = geo_risk.Region(folder)
    region.run()
    return region


def test_layers_by_tags(helsinki):
    roads = helsinki.layer("roads")
    assert {"residential", "secondary"} <= set(roads["class"])
    assert (roads["oneway"] == 1).any()
    assert len(helsinki.layer("crowded_places")) > 50


def test_rescue_over_real_streets(helsinki):
    times = helsinki.table("travel_times")
    tank = times[(times["place_layer"] == "hazard_sources") & (times["facility_kind"] == "fire_station")].iloc[0]
    # 0.87 km as the crow flies, in a town's streets: a minute of turnout and one to five of legs and driving.
    assert 870 < tank["distance_m"] < 2500
    assert 2 < tank["minutes"] < 7
    assert tank.geometry.length == pytest.approx(tank["distance_m"], rel=0.01)


def test_thirty_tonnes_of_ammonia(helsinki):
    unit = helsinki.table("major_hazards").iloc[0]
    assert (unit["verdict"], unit["s_value"]) == ("major", 3.0)
    assert unit["residents_from"] == "assumed"
    assert unit["r_value"] == pytest.approx(2.0 * 2 * 3)  # alpha 2 where residents are unknown, beta 2
    assert unit["level"] == 3
