"""The demo city's clean layers, carried as offices carry them, come back as the same clean layers within 0.1 m."""

import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import geo_risk
from geo_risk.crs import wgs84_to_gcj02
from geo_risk.export import export_table
from geo_risk.layers.load import load_layer
from geo_risk.schema import LAYERS

# What the file itself brings along, and what the import judges anew from the carrier's precision.
JUDGED = ("geometry", "source_file", "source_row", "position_error_m")
_DBF_BYTES = 10


def written(layer: gpd.GeoDataFrame, name: str, header: Callable[[str], str] = str) -> pd.DataFrame:
    """The columns under Chinese headers with Chinese words, as an office would keep them; empty ones left out."""
    out = {}
    for column in LAYERS[name].columns:
        values = layer[column.name].astype(object).where(layer[column.name].notna(), None)
        if column.name in JUDGED or values.isna().all():
            continue
        if column.domain:
            words = {value: next(iter(synonyms), value) for value, synonyms in column.domain.items()}
            values = values.map(lambda v, words=words: v if v is None else words.get(str(v), v))
        if column.dtype == "bool":
            values = values.map({True: "是", False: "否"})
        out[header(column.zh)] = values.tolist()
    return pd.DataFrame(out, dtype=object)


def dms(degrees: np.ndarray) -> list[str]:
    """Degrees, minutes and seconds with four decimals: 3 mm."""
    seconds = np.round(degrees * 3600, 4)
    return [f"{int(s // 3600)}°{int(s % 3600 // 60):02d}′{s % 60:07.4f}″" for s in seconds]


def by_csv(layer: gpd.GeoDataFrame, name: str, folder: Path) -> dict:
    """GB 18030, coordinates of a web map: two columns for points, WKT for anything else."""
    table, degrees = written(layer, name), layer.geometry.to_crs(4326)
    if (degrees.geom_type == "Point").all():
        table["经度"], table["纬度"] = (np.round(v, 8) for v in wgs84_to_gcj02(degrees.x, degrees.y))
    else:
        shifted = shapely.transform(degrees.to_numpy(), lambda c: np.column_stack(wgs84_to_gcj02(c[:, 0], c[:, 1])))
        table["WKT"] = shapely.to_wkt(shifted, rounding_precision=8)
    table.to_csv(folder / f"{name}.csv", index=False, encoding="gb18030")
    return {"source": f"{name}.csv", "crs": "gcj02"}


def by_xlsx(layer: gpd.GeoDataFrame, name: str, folder: Path) -> dict:
    """A workbook with degrees, minutes and seconds (WKT for lines and areas)."""
    table, degrees = written(layer, name), layer.geometry.to_crs(4326)
    if (degrees.geom_type == "Point").all():
        table["东经"], table["北纬"] = dms(degrees.x.to_numpy()), dms(degrees.y.to_numpy())
    else:
        table["WKT"] = degrees.to_wkt(rounding_precision=8)
    table.to_excel(folder / f"{name}.xlsx", index=False)
    return {"source": f"{name}.xlsx", "crs": "wgs84"}


def by_shapefile(layer: gpd.GeoDataFrame, name: str, folder: Path) -> dict:
    """GBK texts, field names of five characters, one file for each kind of shape, and no .cpg to say so."""
    sources = []
    dimension = shapely.get_dimensions(layer.geometry.to_numpy())
    for kind in np.unique(dimension):
        part = layer[dimension == kind].reset_index(drop=True)
        frame = gpd.GeoDataFrame(written(part, name, lambda zh: zh[: _DBF_BYTES // 2]), geometry=part.geometry)
        path = folder / f"{name}{kind}.shp"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame.to_file(path, engine="pyogrio", encoding="GB18030")
        path.with_suffix(".cpg").unlink()
        sources.append(path.name)
    return {"source": sources}


def by_geopackage(layer: gpd.GeoDataFrame, name: str, folder: Path) -> dict:
    """Degrees of CGCS2000."""
    frame = gpd.GeoDataFrame(written(layer, name), geometry=layer.geometry).to_crs(4490)
    frame.to_file(folder / f"{name}.gpkg", engine="pyogrio", layer=name)
    return {"source": f"{name}.gpkg"}


def compare(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, name: str) -> None:
    assert after["id"].tolist() == before["id"].tolist(), name
    far = shapely.hausdorff_distance(after.geometry.to_numpy(), before.geometry.to_numpy())
    assert np.max(far) < 0.1, (name, float(np.max(far)))
    for column in LAYERS[name].columns:
        if column.name in JUDGED:
            continue
        was, now = before[column.name], after[column.name]
        if column.dtype in ("int", "bool"):
            assert now.dtype == was.dtype, f"{name}.{column.name}"
        if column.dtype == "float":
            np.testing.assert_allclose(now.to_numpy(float), was.to_numpy(float), rtol=1e-9, err_msg=column.name)
        else:
            same = (now.isna() & was.isna()) | (now.astype(str) == was.astype(str))
            assert same.all(), (f"{name}.{column.name}", was[~same].tolist()[:3], now[~same].tolist()[:3])


@pytest.mark.parametrize("carrier", [by_csv, by_xlsx, by_shapefile, by_geopackage])
def test_every_layer_comes_back(city, tmp_path, carrier):
    region = geo_risk.Region(city)
    anchor = tuple(region.frame["anchor"])
    for name in region.settings.layers:
        before = region.layer(name)
        spec = carrier(before, name, tmp_path)
        after, reports = load_layer(name, spec, folder=tmp_path, crs=region.crs, anchor=anchor)
        assert sum(r.rows_kept for r in reports) == sum(r.rows_read for r in reports) == len(before), name
        compare(before, after, name)


@pytest.mark.postgis
def test_every_layer_comes_back_from_postgis(city, tmp_path, postgis_url):
    region = geo_risk.Region(city)
    anchor = tuple(region.frame["anchor"])
    for name in region.settings.layers:
        before = region.layer(name)
        export_table(before, postgis_url, f"round_{name}")
        spec = {"source": f"{postgis_url}#round_{name}"}
        after, (report,) = load_layer(name, spec, folder=tmp_path, crs=region.crs, anchor=anchor)
        assert report.rows_kept == report.rows_read == len(before), name
        compare(before, after, name)
        assert (after.geometry.to_wkb() == before.geometry.to_wkb()).all()
