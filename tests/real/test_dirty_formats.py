"""Files as found and as damaged on purpose: cases 3, 5, 6, 8, 9 and 45 on real records."""

import json

import numpy as np
import pytest
import shapely

from geo_risk.errors import InputError
from geo_risk.layers.load import load_layer
from geo_risk.layers.read import members, read

pytestmark = pytest.mark.real
COUNTIES = "counties_tianditu_cgcs2000_jiangsu_baiyin.geojson"


def codes(raw):
    return {i.code for i in raw.log.issues}


def test_case_03_and_05_gbk_shapefile_with_cut_names(real_data):
    """Chinese text and names right, shapes within 0.01 m of the truth: the acceptance of the case."""
    path = real_data / "dirty" / "counties_gbk_no_prj_no_cpg.zip"
    raw = read(path)
    assert "行政区划代" in raw.frame.columns
    assert "encoding" in codes(raw)
    layer, (report,) = load_layer("districts", {"source": path.name}, folder=path.parent, crs="EPSG:4528")
    assert report.rows_rejected == 0
    truth, _ = load_layer(
        "districts", {"source": COUNTIES}, folder=real_data / "cn_boundaries", crs="EPSG:4528"
    )  # fmt: skip
    truth = truth.set_index("id").loc[layer["id"]]
    assert len(layer) == 20
    assert truth["name"].tolist() == layer["name"].tolist()
    shapes = layer.geometry.normalize().to_numpy(), truth.geometry.normalize().to_numpy()
    assert shapely.hausdorff_distance(*shapes).max() < 0.01


def test_case_06_missing_shp(real_data):
    folder = real_data / "dirty_real"
    with pytest.raises(InputError, match=r"missing_shp_city\.shp is missing.*ask the sender"):
        read(folder / "missing_shp_city.shp")
    raw = read(folder / "missing_shp_city.dbf")
    header = (folder / "missing_shp_city.dbf").read_bytes()[:8]
    assert len(raw.frame) == int.from_bytes(header[4:8], "little")
    assert raw.geometry is None
    assert any(i.code == "no_shp" and "missing_shp_city.shp" in i.problem for i in raw.log.issues)


def test_case_08_geojson_in_metres_with_an_old_crs(real_data):
    path = real_data / "dirty_real" / "pipelines_metres_old_crs_member.geojson"
    written = json.loads(path.read_text("utf-8-sig"))
    raw = read(path)
    assert raw.crs == "EPSG:3826"
    assert raw.read == len(written["features"])
    assert len(raw.frame) == raw.read
    west, _, east, _ = shapely.total_bounds(raw.geometry)
    assert 150_000 < west < east < 260_000  # eastings of southern Taiwan in TM2


@pytest.mark.parametrize("city", ["江阴市", "靖江市", "如皋市"])
def test_case_09_packed_outlines(real_data, city):
    """Refused without a yes; with it, the same county as in the published outlines of the same maker."""
    path = real_data / "dirty_real" / f"encoded_outline_{city}.json"
    with pytest.raises(InputError, match="压缩坐标，不是标准 GeoJSON"):
        read(path)
    raw = read(path, accept=["packed_json"])
    assert "packed_json" in codes(raw)
    assert len(raw.frame) == raw.read > 0
    outline = shapely.union_all(shapely.make_valid(raw.geometry))
    other = next((real_data / "cn_boundaries").glob("counties_amap_gcj02*.geojson"))
    features = json.loads(other.read_text("utf-8"))["features"]
    truth = next(shapely.geometry.shape(f["geometry"]) for f in features if city in f["properties"].values())
    assert outline.intersection(truth).area > 0.9 * outline.union(truth).area  # generalised differently
    assert np.abs(np.subtract(outline.bounds, truth.bounds)).max() < 0.02


def test_case_45_mixed_types_and_null_geometry_are_read_whole(real_data):
    folder = real_data / "dirty_real"
    for name in ("route_mixed_0", "route_mixed_2", "route_null_geometry", "route_z_0", "route_z_2", "areas_polygon_z"):
        written = json.loads((folder / f"{name}.geojson").read_text("utf-8-sig"))
        features = written.get("features", [written])
        raw = read(folder / f"{name}.geojson")
        assert (raw.read, len(raw.frame)) == (len(features), len(features))
        kinds = [(f.get("geometry") or {}).get("type") for f in features]
        assert [g and g.geom_type for g in raw.geometry] == kinds
    path = real_data / "dirty" / "counties_defects.geojson"
    raw = read(path)
    assert (raw.read, len(raw.frame)) == (len(json.loads(path.read_text("utf-8"))["features"]),) * 2


def test_every_archive_and_vector_file_of_the_data_is_read_or_refused_in_words(real_data):
    """No file a sender gave brings the reader down."""
    seen = 0
    for path in sorted(real_data.rglob("*")):
        if path.suffix.lower() not in (
            ".zip",
            ".shp",
            ".geojson",
            ".json",
            ".gpkg",
            ".kml",
            ".dbf",
            ".parquet",
            ".fgb",
        ):
            continue
        if path.stat().st_size > 2e6:
            continue
        try:
            tables = [read(path, member.label) for member in members(path)]
        except InputError:
            continue
        for raw in tables:
            assert raw.read == len(raw.frame) + sum(i.count for i in raw.log.issues if i.action == "rejected")
        seen += len(tables)
    assert seen > 20
