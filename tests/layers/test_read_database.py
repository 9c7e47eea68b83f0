"""A PostGIS table as a layer's source."""

import geopandas as gpd
import pytest
from shapely.geometry import Point

from geo_risk.errors import InputError
from geo_risk.layers.load import load_layer

BOX = (119.9, 31.5, 120.7, 32.2)


@pytest.fixture
def table(postgis_url):
    import sqlalchemy as sa

    engine = sa.create_engine(postgis_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS postgis"))
    frame = gpd.GeoDataFrame(
        {"编号": ["B", "A"], "企业名称": ["乙", "甲"], "从业人数": [7, 5]},
        geometry=[Point(120.3, 31.7), Point(120.2, 31.6)],
        crs="EPSG:4490",
    )
    frame.to_postgis("geo_risk_test_企业", engine, if_exists="replace", index=False)
    yield "geo_risk_test_企业"
    with engine.begin() as connection:
        connection.execute(sa.text('DROP TABLE "geo_risk_test_企业"'))
    engine.dispose()


@pytest.mark.postgis
def test_a_table_becomes_a_layer(tmp_path, postgis_url, table):
    layer, (report,) = load_layer(
        "enterprises", {"source": f"{postgis_url}#{table}"}, folder=tmp_path, crs="EPSG:4549", anchor=BOX
    )
    assert layer[["id", "name", "staff"]].to_numpy().tolist() == [["A", "甲", 5.0], ["B", "乙", 7.0]]
    assert report.rows_kept == 2
    assert layer.to_crs("EPSG:4326").geometry.x.tolist() == pytest.approx([120.2, 120.3], abs=1e-9)


@pytest.mark.postgis
def test_a_table_that_is_not_there(tmp_path, postgis_url):
    with pytest.raises(InputError, match="nowhere"):
        load_layer("enterprises", {"source": f"{postgis_url}#nowhere"}, folder=tmp_path, crs="EPSG:4549", anchor=BOX)


def test_a_database_that_does_not_answer_hides_the_password(tmp_path):
    source = "postgresql://user:secret@127.0.0.1:1/db#t"
    with pytest.raises(InputError, match=r"cannot be read.*server runs") as caught:
        load_layer("enterprises", {"source": source}, folder=tmp_path, crs="EPSG:4549", anchor=BOX)
    assert "secret" not in str(caught.value)
    with pytest.raises(InputError, match="name the table"):
        load_layer("enterprises", {"source": source[:-2]}, folder=tmp_path, crs="EPSG:4549", anchor=BOX)


@pytest.mark.postgis
def test_a_report_tells_the_database_but_no_password(tmp_path, postgis_url, table):
    from geo_risk.layers.quality import quality_json

    secret = postgis_url.replace("postgres@", "postgres:hunter2@")
    layer, (report,) = load_layer(
        "enterprises", {"source": f"{secret}#{table}"}, folder=tmp_path, crs="EPSG:4549", anchor=BOX
    )
    told = str(quality_json([report])) + layer.to_csv()
    assert "hunter2" not in told
    assert report.file.endswith(f"#{table}")
    assert layer["source_file"].unique().tolist() == [table]
    assert "编号, 企业名称, 从业人数" in told  # the order by which rows are numbered, as there is no key
