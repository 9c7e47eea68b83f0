"""Whatever format a table leaves in, it comes back the same, or the export says why not."""

import zipfile
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import MultiPolygon, Point, box

from geo_risk.errors import InputError
from geo_risk.export import export_table
from geo_risk.store import timeless, without_formulas


@pytest.fixture
def frame():
    return gpd.GeoDataFrame(
        {
            "id": ["0012", "b", "c", "d"],
            "name": ['=HYPERLINK("http://x")', "临澜,市\n第二行", None, "引\"号 's"],
            "persons": [1.5, np.nan, 3.0, 0.1 + 0.2],
            "level": pd.array([1, None, 3, 2**53 - 1], dtype="Int64"),
            "agrees": pd.array([True, None, False, True], dtype="boolean"),
            "data_date": ["2024-01", "2024-01-05", None, "2024"],
        },
        geometry=[box(0, 0, 10, 10), MultiPolygon([box(20, 0, 30, 10)]), None, box(5, 5, 6, 6)],
        crs="EPSG:4549",
    )


@pytest.fixture
def near(frame):
    """The same in places where EPSG:4549 is at home."""
    return frame.assign(geometry=frame.geometry.translate(500_000, 3_500_000))


TEXT = ["id", "name", "data_date"]


def _texts(values):
    return [None if pd.isna(v) else v for v in list(values)]


@pytest.mark.parametrize("ending", [".gpkg", ".fgb", ".parquet", ".geojson"])
def test_spatial_formats_round_trip(tmp_path, near, ending):
    path = tmp_path / f"out{ending}"
    table = near if ending in (".gpkg", ".parquet") else near.dropna(subset="geometry")
    assert export_table(table, str(path), "areas") == (str(path), "")
    back = gpd.read_parquet(path) if ending == ".parquet" else gpd.read_file(path, use_arrow=True)
    back = back.set_index("id").loc[table["id"]].reset_index()  # FlatGeobuf sorts by place
    for column in TEXT:
        assert _texts(back[column]) == _texts(table[column]), column
    assert back["persons"].tolist() == pytest.approx(table["persons"].tolist(), rel=1e-15, nan_ok=True)
    assert _texts(back["level"].astype("Int64")) == _texts(table["level"])
    assert [None if pd.isna(v) else bool(v) for v in back["agrees"]] == _texts(table["agrees"])
    if ending == ".geojson":
        assert back.crs.to_epsg() == 4326
        back = back.to_crs(4549)
    assert back.crs.to_epsg() == 4549
    there = back.geometry.notna()
    assert there.tolist() == table.geometry.notna().tolist()
    distance = (
        back.geometry[there].reset_index(drop=True).hausdorff_distance(table.geometry.dropna().reset_index(drop=True))
    )
    assert distance.max() < 0.1


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_flat_formats_round_trip(tmp_path, near, ending):
    path = tmp_path / f"out{ending}"
    export_table(near, str(path), "areas")
    reader = pd.read_csv if ending == ".csv" else partial(pd.read_excel, engine="openpyxl")
    back = reader(path, dtype={"id": str, "data_date": str, "level": "Int64"}, keep_default_na=True)
    for column in TEXT:
        wanted = without_formulas(near[[column]])[column] if ending == ".csv" else near[column]
        assert _texts(back[column]) == _texts(wanted), column
    assert back["persons"].tolist() == pytest.approx(near["persons"].tolist(), rel=1e-15, nan_ok=True)
    wkt = gpd.GeoSeries.from_wkt(back["geometry"].dropna(), crs=4326).to_crs(4549)
    assert wkt.reset_index(drop=True).hausdorff_distance(near.geometry.dropna().reset_index(drop=True)).max() < 0.1


def test_a_workbook_never_holds_a_formula(tmp_path, near):
    from openpyxl import load_workbook

    path = tmp_path / "out.xlsx"
    export_table(near, str(path), "areas")
    sheet = load_workbook(path).active
    assert [c.data_type for c in sheet["B"][1:]] == ["s", "s", "n", "s"]
    assert timeless(path.read_bytes()) == path.read_bytes()  # the same bytes at any time


def test_what_a_worksheet_cannot_hold_is_refused(tmp_path, monkeypatch):
    long = pd.DataFrame({"x": ["a", "字" * 32_768]})
    with pytest.raises(InputError, match=r"row 3, column 'x': 32,768 characters.*Export it as"):
        export_table(long, str(tmp_path / "a.xlsx"), "long")
    with pytest.raises(InputError, match=r"row 2, column 'x'.*control character"):
        export_table(pd.DataFrame({"x": ["a\x07"]}), str(tmp_path / "a.xlsx"), "bell")
    many = pd.DataFrame({"x": np.zeros(1_048_576, "int8")})
    with pytest.raises(InputError, match=r"1,048,576 rows and a worksheet takes 1,048,575.*\.csv"):
        export_table(many, str(tmp_path / "a.xlsx"), "many")
    assert list(tmp_path.iterdir()) == []


def test_refusals(tmp_path, frame):
    with pytest.raises(InputError, match="cannot tell the format"):
        export_table(frame, str(tmp_path / "a.dwg"), "areas")
    with pytest.raises(InputError, match="has no geometry"):
        export_table(pd.DataFrame({"x": [1]}), str(tmp_path / "a.geojson"), "coverage")


def test_empty_tables(tmp_path, near):
    none = near.iloc[:0]
    for ending in (".csv", ".xlsx", ".parquet", ".gpkg", ".geojson", ".fgb", ".shp.zip"):
        export_table(none, str(tmp_path / f"a{ending}"), "areas")
        assert (tmp_path / f"a{ending}").stat().st_size > 0


def test_a_shapefile_has_whole_chinese_and_tells_what_it_cut(tmp_path, near):
    path = tmp_path / "areas.shp.zip"
    table = near.assign(position_error_m=1.5, position_error_note="字" * 100, 数据更新日期="2024", POSITION_E="x")
    said = export_table(table, str(path), "areas")
    assert said == (
        str(path),
        "4 column names cut to ten bytes, see fields.csv in it; texts cut to 254 bytes: position_1 (4)",
    )
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["areas.cpg", "areas.dbf", "areas.prj", "areas.shp", "areas.shx", "fields.csv"]
        assert archive.read("areas.cpg") == b"UTF-8"
        fields = archive.read("fields.csv").decode("utf-8-sig").splitlines()
    assert fields[7:] == [
        'position_e,"position_error_m"', 'position_1,"position_error_note"', '数据更,"数据更新日期"',
        'POSITION_2,"POSITION_E"',
    ]  # fmt: skip
    back = gpd.read_file(f"/vsizip/{path}/areas.shp")
    assert _texts(back["name"]) == _texts(near["name"])
    assert back["position_1"].tolist() == ["字" * 84] * 4
    assert _texts(back["data_date"]) == _texts(near["data_date"])
    assert back["level"].tolist() == pytest.approx([1, np.nan, 3, 2**53 - 1], nan_ok=True)
    there = near.geometry.notna()
    assert back.geometry.notna().tolist() == there.tolist()
    assert back.geometry[there].hausdorff_distance(near.geometry[there]).max() < 0.001
    first = path.read_bytes()
    export_table(table, str(path), "areas")
    assert path.read_bytes() == first


def test_a_shapefile_a_kind_of_geometry(tmp_path):
    from geo_risk.layers.read import members, read

    mixed = gpd.GeoDataFrame(
        {"id": list("abc")}, geometry=[Point(0, 0), box(0, 0, 1, 1), MultiPolygon([box(2, 0, 3, 1)])], crs=4549
    )
    path = tmp_path / "firms.shp.zip"
    assert export_table(mixed, str(path), "企业") == (str(path), "")
    with zipfile.ZipFile(path) as archive:
        assert [n for n in archive.namelist() if n.endswith(".shp")] == ["企业_point.shp", "企业_polygon.shp"]
    assert [m.label for m in members(path) if not str(m.label).startswith("fields")] == ["企业_point", "企业_polygon"]
    raw = read(path, "企业_polygon", layer="enterprises")
    assert raw.frame["id"].tolist() == ["b", "c"]
    export_table(mixed.iloc[:0], str(path), "企业")
    with zipfile.ZipFile(path) as archive:
        assert "企业.shp" in archive.namelist()
