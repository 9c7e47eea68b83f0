"""Clean layers leave in one format and come back through the import as they were."""

import numpy as np
import pytest
import shapely

import geo_risk
from geo_risk.export import export_table
from geo_risk.layers.load import load_layer

LAYERS = ("enterprises", "gas_pipelines", "districts", "population")


@pytest.mark.parametrize("ending", [".gpkg", ".fgb", ".geojson", ".parquet", ".csv", ".xlsx", ".shp.zip"])
def test_layers_come_back_the_same(city, tmp_path, ending):
    region = geo_risk.Region(city)
    for name in LAYERS:
        before = region.layer(name)
        path = tmp_path / f"{name}{ending}"
        export_table(before, str(path), name)
        source = f"{path}#{name}" if ending == ".shp.zip" else str(path)
        spec = {"source": source, "crs": "wgs84"} if ending in (".csv", ".xlsx") else {"source": source}
        after, (report,) = load_layer(name, spec, folder=tmp_path, crs=region.crs, anchor=tuple(region.frame["anchor"]))
        assert report.rows_kept == report.rows_read == len(before), name
        assert after["id"].tolist() == before["id"].tolist(), name
        far = shapely.hausdorff_distance(after.geometry.to_numpy(), before.geometry.to_numpy())
        assert np.max(far) < 0.1, name
        for column in before.columns.drop(
            ["geometry", "source_file", "source_row", "position_error_m"], errors="ignore"
        ):
            same = (after[column].isna() & before[column].isna()) | (
                after[column].astype(str) == before[column].astype(str)
            )
            assert same.all(), f"{name}.{column}"
