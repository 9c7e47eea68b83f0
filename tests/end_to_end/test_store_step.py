"""A run that also writes to PostGIS, and regions whose layers come from there."""

import itertools
import os

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import pytest
import shapely

import geo_risk
from geo_risk import cli, store
from geo_risk.errors import InputError, SettingsError
from geo_risk.layers.load import load_layer

pytestmark = pytest.mark.postgis
_count = itertools.count()


@pytest.fixture
def stored(own_city, postgis_url):
    """A city with a [store]: (folder, schema, connection)."""
    schema = f"geo_risk_run_{os.getpid()}_{next(_count)}"
    toml = own_city / "region.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(f'{text}\n[store]\nurl = "{postgis_url}"\nschema = "{schema}"\n', encoding="utf-8")
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        yield own_city, schema, connection
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def test_every_layer_and_table_is_there_and_layers_come_back_the_same(stored, postgis_url):
    folder, schema, connection = stored
    region = geo_risk.Region(folder)
    assert [r.name for r in region.run(["store"]) if r.state == "ran"] == ["store"]
    rows = dict(connection.execute(f"SELECT name, rows FROM {schema}.geo_risk_contents").fetchall())
    files = {f"layer_{p.stem}": p for p in (region.build / "layers").glob("*.parquet")}
    files |= {p.stem: p for p in (region.build / "tables").glob("*.parquet")}
    assert rows == {name: len(store.read_table(path)) for name, path in files.items()}
    kinds = connection.execute("SELECT srid, type FROM geometry_columns WHERE f_table_schema = %s", [schema])
    assert {srid for srid, _ in kinds} == {int(region.crs.removeprefix("EPSG:"))}

    for name in region.settings.layers:
        before = region.layer(name)
        spec = {"source": f"{postgis_url}#{schema}.layer_{name}"}
        after, (report,) = load_layer(name, spec, folder=folder, crs=region.crs, anchor=tuple(region.frame["anchor"]))
        assert report.rows_read == report.rows_kept == len(before), name
        store.write_table(folder / "again.parquet", after)
        after = store.read_table(folder / "again.parquet")
        assert np.array_equal(shapely.to_wkb(after.geometry), shapely.to_wkb(before.geometry)), name
        own = [c for c in before.columns if c not in ("geometry", "source_file", "source_row")]
        pd.testing.assert_frame_equal(pd.DataFrame(after[own]), pd.DataFrame(before[own]), obj=name)


def test_a_run_mends_what_the_database_lost(stored):
    folder, schema, connection = stored
    region = geo_risk.Region(folder)
    region.run(["store"])
    untouched = connection.execute(f"SELECT DISTINCT xmin::text FROM {schema}.findings").fetchall()
    connection.execute(f"DROP TABLE {schema}.layer_roads")
    connection.execute(f"UPDATE {schema}.districts SET grade = 1")
    (result,) = [r for r in region.run(["store"]) if r.state == "ran"]
    assert result.name == "store"
    assert connection.execute(f"SELECT count(*) FROM {schema}.layer_roads").fetchone() == (len(region.layer("roads")),)
    grades = [g for (g,) in connection.execute(f"SELECT grade FROM {schema}.districts ORDER BY id")]
    assert grades == region.table("districts").sort_values("id")["grade"].tolist()
    assert connection.execute(f"SELECT DISTINCT xmin::text FROM {schema}.findings").fetchall() == untouched


def test_a_layer_taken_out_goes_from_the_database(stored):
    folder, schema, connection = stored
    geo_risk.Region(folder).run(["store"])
    toml = folder / "region.toml"
    before, _, after = toml.read_text(encoding="utf-8").partition("[layers.parking_lots]")
    toml.write_text(before + after[after.index("\n[") :], encoding="utf-8")
    geo_risk.Region(folder).run(["store"])
    left = {t for (t,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])}
    assert "layer_parking_lots" not in left
    assert "layer_roads" in left


def test_a_database_that_is_down_does_not_cost_the_files(own_city, mortal_server):
    url, control = mortal_server
    toml = own_city / "region.toml"
    text = toml.read_text(encoding="utf-8")
    shown = url.replace("postgres@", "postgres:hunter2@")
    toml.write_text(f'{text}\n[store]\nurl = "{shown}"\n', encoding="utf-8")
    region = geo_risk.Region(own_city)
    region.run(["store"])
    control("stop")
    text = toml.read_text(encoding="utf-8")
    toml.write_text(f'{text}\n[setbacks]\nstandards = ["GB 55037"]\n', encoding="utf-8")
    was = len(region.table("findings"))
    with pytest.raises(InputError, match=r"cannot write .* tables: .*that the server runs") as caught:
        geo_risk.Region(own_city).run(["store"])
    assert "hunter2" not in str(caught.value)
    assert 0 < len(geo_risk.Region(own_city).table("findings")) < was
    control("start")
    assert [r.name for r in geo_risk.Region(own_city).run(["store"]) if r.state == "ran"] == ["store"]
    told = [p for p in (own_city / "build").rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
    assert told == []


def test_export_says_where_without_the_password(stored, postgis_url, capsys):
    folder, schema, connection = stored
    secret = postgis_url.replace("postgres@", "postgres:hunter2@")
    assert cli.main(["export", str(folder), "findings", "--to", f"{secret}#{schema}.found"]) == 0
    said = capsys.readouterr().out
    assert f"#{schema}.found" in said
    assert "hunter2" not in said
    count = len(geo_risk.Region(folder).table("findings"))
    assert connection.execute(f"SELECT count(*) FROM {schema}.found").fetchone() == (count,)
    back = gpd.read_postgis(f"SELECT * FROM {schema}.found", postgis_url.replace("://", "+psycopg://"), "geometry")
    assert len(back) == count


@pytest.mark.parametrize("line", ['url = "mysql://h/d"', 'url = "postgresql://h/d#t"'])
def test_an_address_that_is_none(own_city, line):
    toml = own_city / "region.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + f"\n[store]\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\[store\] url is no address"):
        geo_risk.Region(own_city).run(["store"])
