"""A region whose people and heights are rasters, whose wind is hourly and whose map is OpenStreetMap."""

import json
import shutil

import numpy as np
import pytest

import geo_risk
from geo_risk.errors import RegionError

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def valley(real_data, tmp_path_factory):
    """Andorra, all of it from maps, with a population raster made for it."""
    import rasterio
    from affine import Affine

    folder = tmp_path_factory.mktemp("valley")
    inputs = folder / "inputs"
    inputs.mkdir()
    for source, name in (
        ("andorra/andorra.osm.gz", "andorra.osm.gz"),
        ("andorra/N42E001.hgt.zip", "N42E001.hgt.zip"),
        ("weather/NLD_Amsterdam062400_IWEC.epw.gz", "wind.epw.gz"),
    ):
        shutil.copyfile(real_data / source, inputs / name)
    with rasterio.open(
        inputs / "population.tif", "w", driver="GTiff", width=40, height=30, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(0.01, 0, 1.4, 0, -0.01, 42.65),
    ) as data:  # fmt: skip
        data.write(np.arange(1200, dtype="float32").reshape(30, 40), 1)
        data.units = ("persons",)
    ring = [[1.45, 42.45], [1.65, 42.45], [1.65, 42.6], [1.45, 42.6], [1.45, 42.45]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    towns = [{"type": "Feature", "properties": {"name": "town", "code": "100001"}, "geometry": shape}]
    (inputs / "districts.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": towns}), "utf-8")
    geo_risk.init(folder)
    region = geo_risk.Region(folder)
    region.run(["quality", "weather"])
    return geo_risk.Region(folder)


def test_init_names_every_file(valley):
    toml = (valley.folder / "region.toml").read_text("utf-8")
    for line in ('wind = "inputs/wind.epw.gz"', "[layers.elevation]", 'source = "inputs/population.tif"'):
        assert line in toml
    assert {"roads", "hazard_sources", "elevation", "population"} <= set(valley.settings.layers)


def test_heights_are_a_surface_and_rows_of_the_report(valley):
    surface = valley.surface("elevation")
    assert surface.grid.cell_m == 69
    assert 800 < np.nanmin(surface.array) < np.nanmax(surface.array) < 2950
    quality = json.loads((valley.build / "quality.json").read_text("utf-8"))
    by_layer = {f["layer"]: f for f in quality["files"]}
    assert by_layer["elevation"]["rows_read"] > 10_000
    assert by_layer["weather"]["rows_read"] == 8760
    with pytest.raises(RegionError, match=r"surfaces/elevation\.tif"):
        valley.layer("elevation")
    with pytest.raises(RegionError, match=r"surfaces/elevation\.tif"):
        valley.export("elevation", "x.csv")
    assert "elevation" not in valley.layers("elevation", "roads")


def test_people_and_wind_are_there(valley):
    people = valley.layer("population")
    assert len(people) > 300
    assert (people["persons"] % 1 == 0).all()  # whole cells, none split
    assert valley.table("wind_rose")["share"].sum() == pytest.approx(1)
    assert all(result.state == "unchanged" for result in valley.run(["quality", "weather"]))
