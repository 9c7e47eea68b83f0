"""Population and elevation rasters, made by hand and real."""

import zipfile

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Geod

from geo_risk.errors import CRSError, InputError, SettingsError
from geo_risk.grid import grid_of
from geo_risk.layers import raster
from geo_risk.layers.load import load_layer
from geo_risk.layers.sources import Source

CRS = "EPSG:4549"


def made(path, values, *, origin=(120.0, 31.6), step=0.01, crs="EPSG:4326", nodata=None, unit=None, **tags):
    array = np.asarray(values)
    profile = {"driver": "GTiff", "count": 1, "dtype": array.dtype, "height": array.shape[0], "width": array.shape[1]}
    transform = Affine(step, 0, origin[0], 0, -step, origin[1])
    with rasterio.open(path, "w", crs=crs, transform=transform, nodata=nodata, **profile) as data:
        data.write(array, 1)
        data.update_tags(**tags)
        if unit:
            data.units = (unit,)
    return path


def population(path, **spec):
    return load_layer("population", {"source": path.name, **spec}, folder=path.parent, crs=CRS, anchor=BOX)


BOX = (120.0, 31.5, 120.025, 31.6)


def test_persons_are_kept_cell_by_cell_and_sums_close(tmp_path):
    # columns 0 to 2 touch the box (to 120.025), column 3 lies outside; -9999 is nodata, -5 is wrong, NaN is no data
    values = np.array([[10, 0, 2.5, 100], [-9999, -5, np.nan, 7]], np.float32)
    layer, (report,) = population(made(tmp_path / "p.tif", values, nodata=-9999), unit="persons")
    assert layer[["id", "persons", "source_row"]].to_numpy().tolist() == [["r1c1", 10, 1], ["r1c3", 2.5, 3]]
    assert (report.rows_read, report.rows_kept, report.rows_rejected) == (3, 2, 1)
    told = {i.code: (i.count, i.row, i.detail) for i in report.issues}
    assert told["raster_negative"] == (1, 6, "")
    assert told["raster_empty"][0] == 2
    assert told["raster_sums"][2] == "119.5 in the file, 12.5 here, 107.0 outside"
    assert layer.crs == CRS


def test_density_takes_the_true_area_of_each_cell(tmp_path):
    path = made(tmp_path / "p.tif", np.full((8, 2), 100.0), unit="persons/km2")
    layer, (report,) = population(path)
    assert "persons/km2" in {i.detail for i in report.issues if i.code == "raster_unit"}
    geod = Geod(ellps="WGS84")
    for row, shape in zip(layer.itertuples(), layer.geometry.to_crs(4326), strict=True):
        area, _ = geod.geometry_area_perimeter(shape)
        assert row.persons == pytest.approx(100 * abs(area) / 1e6, rel=1e-5)


def test_density_in_a_projection_takes_its_scale(tmp_path):
    # Web Mercator at 31.5 N draws 1.37 times too much: 1000 m cells hold 0.73 km2
    path = made(tmp_path / "p.tif", np.full((1, 1), 100.0), origin=(13_358_500, 3_700_000), step=1000, crs="EPSG:3857")
    layer, _ = population(path, unit="persons/km2")
    geod = Geod(ellps="WGS84")
    area, _ = geod.geometry_area_perimeter(layer.geometry.to_crs(4326).iloc[0])
    assert layer["persons"][0] == pytest.approx(100 * abs(area) / 1e6, rel=1e-3)
    assert layer["persons"][0] < 75


@pytest.mark.parametrize(
    ("unit", "tags", "found"),
    [("people per sq km", {}, "persons/km2"), ("persons", {}, "persons"), (None, {"note": "人口数"}, "persons"),
     (None, {"note": "人口密度(人/平方公里)"}, "persons/km2")],
)  # fmt: skip
def test_the_unit_a_file_states(tmp_path, unit, tags, found):
    _, (report,) = population(made(tmp_path / "p.tif", np.ones((2, 2)), unit=unit, **tags))
    assert [i.detail for i in report.issues if i.code == "raster_unit"] == [found]


@pytest.mark.parametrize("unit", [None, "persons/ha", "people per square mile"])
def test_a_unit_that_is_not_said_is_asked_for(tmp_path, unit):
    with pytest.raises(InputError, match=r'unit = "persons" .*\[layers.population\]'):
        population(made(tmp_path / "p.tif", np.ones((2, 2)), unit=unit))


def test_refusals_name_the_next_step(tmp_path, monkeypatch):
    with pytest.raises(CRSError, match=r'crs = "EPSG:4326" under \[layers.population\]'):
        population(made(tmp_path / "p.tif", np.ones((2, 2)), crs=None), unit="persons")
    (tmp_path / "b.tif").write_bytes(b"II*\x00 no raster")
    with pytest.raises(InputError, match=r"b\.tif: the raster is broken"):
        population(tmp_path / "b.tif", unit="persons")
    (tmp_path / "v.asc").write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>')
    with pytest.raises(InputError, match="broken or not of its kind"):
        population(tmp_path / "v.asc", unit="persons")
    monkeypatch.setattr(raster, "MAX_POPULATED", 3)
    with pytest.raises(InputError, match=r"more than 3 cells with people .*gdalwarp -r sum"):
        population(made(tmp_path / "q.tif", np.ones((2, 3))), unit="persons")
    with pytest.raises((SettingsError, InputError), match="no row that can be used"):
        population(made(tmp_path / "z.tif", np.zeros((2, 2))), unit="persons")


def test_text_rasters_and_archives(tmp_path):
    text = "ncols 2\nnrows 1\nxllcorner 120\nyllcorner 31.55\ncellsize 0.01\nNODATA_value -1\n5 -1\n"
    (tmp_path / "p.asc").write_text(text)
    layer, _ = population(tmp_path / "p.asc", unit="persons", crs="wgs84")
    assert layer["persons"].tolist() == [5]
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("folder/p.asc", text)
    zipped, _ = population(tmp_path / "p.zip", unit="persons", crs="wgs84")
    assert zipped["persons"].tolist() == [5]


GRID = grid_of((404_000, 3_494_000, 406_000, 3_496_000), 100, CRS)  # about 119.99 E, 31.57 N


def test_elevation_on_the_region_s_grid(tmp_path):
    # a slope that rises 1 m each 100 m eastwards: bilinear gives the plane itself
    x = 403_000 + 100 * (np.arange(40) + 0.5)
    west = np.tile(((x - 403_000) / 100).astype(np.float32), (40, 1))
    west[0, 0] = 12_000  # higher than any ground
    first = made(tmp_path / "a.tif", west[:, :20], origin=(403_000, 3_497_000), step=100, crs=CRS)
    second = made(tmp_path / "b.tif", west[:, 20:], origin=(405_000, 3_497_000), step=100, crs=CRS)
    surface, reports = raster.read_elevation([Source(str(first), None), Source(str(second), None)], GRID)
    assert surface.grid == GRID
    assert np.allclose(surface.array, (GRID.x - 403_000) / 100, atol=0.02)
    assert surface.array.dtype == np.float32
    assert all(r.rows_read == r.rows_kept + r.rows_rejected for r in reports)
    lone = made(tmp_path / "c.tif", np.ones((3, 3), np.float32), origin=(100.0, 10.0))
    with pytest.raises(InputError, match=r"c\.tif: no height within the region"):
        raster.read_elevation([Source(str(lone), None)], GRID)


def test_elevation_with_holes_feet_and_impossible_heights(tmp_path):
    values = np.full((40, 40), 100, np.float32)
    values[20, 20], values[21, 10] = 20_000, -32768
    path = made(tmp_path / "a.tif", values, origin=(403_000, 3_497_000), step=100, crs=CRS, nodata=-32768, unit="ft")
    surface, (report,) = raster.read_elevation([Source(str(path), None)], GRID)
    assert np.nanmedian(surface.array) == pytest.approx(30.48)
    assert np.nanmax(surface.array) == pytest.approx(6096)
    told = {i.code: i.count for i in report.issues}
    assert (told["raster_feet"], told["raster_empty"]) == (1, 1)
    assert report.rows_rejected == 0  # 20,000 ft is 6,096 m, a height there is


@pytest.mark.real
def test_real_rasters(real_data):
    path = real_data / "raster_samples" / "population_density_basel_zurich.tif"
    layer, (report,) = load_layer("population", {"source": str(path)}, folder=path.parent, crs="EPSG:32632")
    with rasterio.open(path) as data:
        values, t = data.read(1).astype(float), data.transform
        geod = Geod(ellps="WGS84")
        total = 0.0
        for row in range(data.height):  # one cell of a row stands for all: the area depends on the latitude alone
            north, south = t.f + row * t.e, t.f + (row + 1) * t.e
            area, _ = geod.polygon_area_perimeter([0, t.a, t.a, 0], [south, south, north, north])
            total += values[row][values[row] > 0].sum() * abs(area) / 1e6
    assert layer["persons"].sum() == pytest.approx(total, rel=1e-4)
    assert report.rows_kept == (values > 0).sum()

    grid = grid_of((375_000, 4_700_000, 385_000, 4_710_000), 50, "EPSG:32631")
    surface, _ = raster.read_elevation([Source(str(real_data / "andorra" / "N42E001.hgt.zip"), None)], grid)
    assert surface.grid.cell_m == 69  # a 3 arc-second tile is coarser than the grid
    assert 800 < np.nanmin(surface.array) < np.nanmax(surface.array) < 2950  # Coma Pedrosa, 2,942 m, is the top
    assert np.isnan(surface.array).mean() < 0.05
