"""Cut and altered files of every format: refused in words, or read with every row kept or told."""

import shutil
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo_risk.errors import InputError
from geo_risk.layers.read import members, read

ROWS = 40
NAMES = [f"江阴市第{i}化工有限责任公司" for i in range(ROWS)]
SHAPES = [shapely.box(120 + i / 100, 31, 120.005 + i / 100, 31.005) for i in range(ROWS)]
DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".geojson": "GeoJSON", ".gml": "GML",
           ".tab": "MapInfo File", ".mif": "MapInfo File", ".geojsonl": "GeoJSONSeq"}  # fmt: skip
KINDS = (*DRIVERS, ".gdb", ".kml", ".kmz", ".dxf", ".parquet", ".zip", ".xlsx", ".csv")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """One sound file of each kind, and the part of it that is damaged."""
    folder = tmp_path_factory.mktemp("good")
    frame = gpd.GeoDataFrame({"name": NAMES, "n": range(ROWS)}, geometry=SHAPES, crs="EPSG:4326")
    for suffix, driver in DRIVERS.items():
        more = {"encoding": "GB18030"} if driver in ("ESRI Shapefile", "MapInfo File") else {}
        frame.to_file(folder / f"a{suffix}", driver=driver, **more)
    frame.to_file(folder / "a.gdb", driver="OpenFileGDB", layer="a")
    frame[["geometry"]].to_file(folder / "a.dxf", driver="DXF")
    frame.to_parquet(folder / "a.parquet")
    flat = frame.drop(columns="geometry").assign(lon=120.0, lat=31.0)
    flat.to_csv(folder / "a.csv", index=False)
    flat.to_excel(folder / "a.xlsx", index=False)
    marks = "".join(
        f"<Placemark><name>{n}</name><Point><coordinates>120.{i:02},31</coordinates></Point></Placemark>"
        for i, n in enumerate(NAMES)
    )
    (folder / "a.kml").write_text(f"<kml><Document>{marks}</Document></kml>", "utf-8")
    for packed, inner in (("a.kmz", "a.kml"), ("a.zip", "a.gpkg")):
        with zipfile.ZipFile(folder / packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(folder / inner, inner)
    return folder


def damaged_part(path):
    """The file whose bytes carry the data."""
    if path.suffix == ".gdb":
        return next(p for p in sorted(path.glob("*.gdbtable")) if NAMES[0].encode() in p.read_bytes())
    return path


def looked_at(path):
    """What is read from it without a warning: None if refused; each row is kept or told."""
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            raw = read(path, members(path)[0].label)
        except InputError as error:
            said = str(error)
    if said:
        assert path.name in said
        return None
    rejected = sum(i.count for i in raw.log.issues if i.action == "rejected")
    assert raw.read == len(raw.frame) + rejected
    assert len(raw.rows) == len(raw.frame)
    assert raw.geometry is None or len(raw.geometry) == len(raw.frame)
    return raw


def copy(good, kind, folder):
    for part in good.glob("a.*"):
        if part.suffix in (kind, ".shx", ".dbf", ".cpg", ".prj", ".dat", ".map", ".id", ".mid"):
            shutil.copytree(part, folder / part.name) if part.is_dir() else shutil.copyfile(part, folder / part.name)
    return folder / f"a{kind}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_sound_file_is_read_whole(good, kind):
    raw = looked_at(good / f"a{kind}")
    assert len(raw.frame) == ROWS
    if kind not in (".dxf", ".gml", ".fgb"):  # no names; an order of its own
        column = next(c for c in raw.frame if str(c).lower() == "name")
        assert raw.frame[column].tolist() == NAMES


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_file_gives_no_wrong_row(good, tmp_path, kind, share):
    path = copy(good, kind, tmp_path)
    part = damaged_part(path)
    data = part.read_bytes()
    part.write_bytes(data[: int(len(data) * share)])
    raw = looked_at(path)
    if raw is None or kind == ".csv":  # a text cut between two rows is a shorter text
        return
    names = raw.frame[next(c for c in raw.frame if str(c).lower() == "name")].tolist()
    if kind not in (".fgb", ".gml"):  # an order of its own
        assert names == [NAMES[i - 1] for i in raw.rows]
    if raw.geometry is not None and kind not in (".kml", ".kmz"):
        truth = np.array([SHAPES[NAMES.index(n)] for n in names])
        assert (np.nan_to_num(shapely.hausdorff_distance(raw.geometry, truth), nan=0) < 1e-6).all()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_altered_bytes_crash_nothing(good, tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("x")
    path = copy(good, kind, folder)
    part = damaged_part(path)
    content = bytearray(part.read_bytes())
    near = data.draw(st.sampled_from([200, len(content)]))  # headers break more than bodies
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(near, len(content)) - 1))
        content[at] = data.draw(st.sampled_from([0, 255, 128, 10, 34, 44, 60, 91, content[at] ^ 1]))
    part.write_bytes(bytes(content))
    looked_at(path)
    shutil.rmtree(folder)


def test_rows_of_a_damaged_table_are_counted_by_the_file(good):
    assert np.array_equal(read(good / "a.shp").rows, np.arange(1, ROWS + 1))
