"""Tables written to PostGIS: exact, indexed, replaced whole, and never someone else's."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from geo_risk.database.address import parse
from geo_risk.database.read import read_rows
from geo_risk.database.write import CONTENTS, Content, replace_tables
from geo_risk.errors import InputError
from geo_risk.export import export_table

pytestmark = pytest.mark.postgis


def put(server, tables, owner="", sha="1"):
    contents = {name: Content(f"{sha}{name}", lambda t=table: t) for name, table in tables.items()}
    return replace_tables(parse(f"{server.url}#{server.schema}.x"), contents, owner=owner)


def test_every_value_and_type_comes_back(server, points):
    put(server, {"points": points})
    back = read_rows(parse(server.at("points")))
    assert back.crs == "EPSG:4549"
    assert list(back.numbers) == list(range(1, 11))
    for column in ("id", "name"):
        assert back.frame[column].tolist() == points[column].astype(object).where(points[column].notna(), None).tolist()
    assert back.frame["persons"].to_numpy().tobytes() == points["persons"].to_numpy().tobytes()
    pd.testing.assert_series_equal(back.frame["level"], points["level"])
    pd.testing.assert_series_equal(back.frame["bridge"], points["bridge"])
    assert list(shapely.to_wkb(back.geometry)) == list(shapely.to_wkb(points.geometry.to_numpy()))
    types = server(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attnum > 0 "
        "AND attrelid = '@.points'::regclass ORDER BY attnum"
    )
    assert dict(types) == {
        "id": "text", "name": "text", "persons": "double precision", "level": "bigint", "bridge": "boolean",
        "geometry": "geometry(Point,4549)",
    }  # fmt: skip


def test_shapes_of_several_kinds_and_an_empty_table(server, shapes, points):
    put(server, {"mixed": shapes, "none": points.iloc[:0], "plain": pd.DataFrame({"x": [1]})})
    kinds = dict(server("SELECT f_table_name, type FROM geometry_columns WHERE f_table_schema = '@'"))
    assert kinds == {"mixed": "GEOMETRY", "none": "GEOMETRY"}
    assert server("SELECT count(*) FROM @.none") == [(0,)]
    assert server("SELECT x FROM @.plain") == [(1,)]


def test_a_box_query_uses_the_spatial_index(server):
    rng = np.random.default_rng(1)
    many = gpd.GeoDataFrame(
        {"id": np.arange(5000).astype(str)}, geometry=gpd.points_from_xy(*rng.uniform(0, 1e5, (2, 5000))), crs=4549
    )
    put(server, {"many": many, "twice": many.assign(id="a")})
    plan = server("EXPLAIN SELECT * FROM @.many WHERE geometry && ST_MakeEnvelope(0, 0, 1000, 1000, 4549)")
    assert "Index Scan" in str(plan)
    assert "many_pkey" in str(server("EXPLAIN SELECT * FROM @.many WHERE id = '77'"))
    made = {d for (d,) in server("SELECT indexdef FROM pg_indexes WHERE schemaname = '@' AND tablename = 'twice'")}
    assert sorted(d.partition(" USING ")[2] for d in made) == ["btree (id)", "gist (geometry)"]


@pytest.mark.parametrize(
    "name", ['a"b', "x; DROP TABLE victim;--", "表 格.一", "SELECT", "%s %(x)s :y", "a'b\\c", "企" * 21]
)
def test_names_are_only_names(server, points, name):
    server("CREATE TABLE @.victim (x int)")
    table = points.rename(columns={"name": name, "level": f'{name[:12]}"#;'})
    put(server, {name: table})
    rows = server("SELECT relname FROM pg_class WHERE relnamespace = '@'::regnamespace AND relkind = 'r'")
    assert {r for (r,) in rows} == {"victim", CONTENTS, name}
    quoted = '"' + name.replace('"', '""') + '"'
    back = read_rows(parse(f"{server.url}#{server.schema}.{quoted}"))
    assert list(back.frame.columns) == [c for c in table.columns if c != "geometry"]
    assert back.frame[name].tolist() == points["name"].astype(object).where(points["name"].notna(), None).tolist()
    other = '"' + ("t" + name)[:20].replace('"', '""') + '"'
    export_table(points, f"{server.url}#{other}.{quoted}", "x")  # the schema is made
    server(f"DROP SCHEMA {other} CASCADE".replace("%", "%"))


def test_long_names_are_refused(server, points):
    with pytest.raises(InputError, match=r"66 bytes in UTF-8 and PostgreSQL takes 1 to 63"):
        put(server, {"企" * 22: points})
    with pytest.raises(InputError, match=r"64 bytes"):
        put(server, {"t": points.rename(columns={"name": "n" * 64})})


def test_only_what_changed_is_written(server, points, shapes):
    tables = {"points": points, "shapes": shapes}
    assert put(server, tables, "临澜市") == ["points", "shapes"]
    before = server("SELECT xmin FROM @.points")
    assert put(server, tables, "临澜市") == []
    assert server("SELECT xmin FROM @.points") == before
    for damage in (
        "UPDATE @.points SET persons = 0 WHERE id = '03'",
        "DELETE FROM @.points WHERE id = '03'",
        "INSERT INTO @.points (id) VALUES ('new')",
        "ALTER TABLE @.points DROP COLUMN level",
        "ALTER TABLE @.points ADD COLUMN note text",
        "DROP TABLE @.points",
    ):
        server(damage)
        assert put(server, tables, "临澜市") == ["points"], damage
        assert len(read_rows(parse(server.at("points"))).frame.dropna(axis=1, how="all").columns) == 5
        assert server("SELECT count(*), sum(level) FROM @.points") == [(10, 2**62 + 32)]
    assert put(server, {"points": points.iloc[:3], "shapes": shapes}, "临澜市", sha="2") == ["points", "shapes"]


def test_tables_that_are_no_more_are_dropped_if_ours(server, points, shapes):
    server("CREATE TABLE @.foreign_table (x int)")
    put(server, {"exported": shapes})
    put(server, {"points": points, "shapes": shapes}, "临澜市")
    assert put(server, {"points": points}, "临澜市") == ["shapes"]
    left = {t for (t,) in server("SELECT tablename FROM pg_tables WHERE schemaname = '@'")}
    assert left == {"points", "exported", "foreign_table", CONTENTS}


def test_what_is_not_ours_is_left_alone(server, points):
    server("CREATE TABLE @.points (x int)")
    server("INSERT INTO @.points VALUES (7)")
    with pytest.raises(InputError, match=r"points is there already and was not written by geo_risk.*drop it"):
        put(server, {"a": points, "points": points})
    with pytest.raises(InputError, match="is there already"):
        put(server, {CONTENTS: points})
    assert server("SELECT x FROM @.points") == [(7,)]
    assert server("SELECT to_regclass('@.a')") == [(None,)]  # all or none
    put(server, {"a": points}, "临澜市")
    with pytest.raises(InputError, match=r"belongs to the region '临澜市'.*schema under"):
        put(server, {"a": points}, "another")
    assert put(server, {"a": points.iloc[:2]}) == ["a"]  # an export may replace it
    assert put(server, {"a": points}, "临澜市") == ["a"]  # and the next run puts it back


def test_grants_and_views_outlive_a_new_content(server, points):
    put(server, {"points": points})
    server("CREATE VIEW @.seen AS SELECT id FROM @.points")
    server("GRANT SELECT ON @.points TO PUBLIC")
    put(server, {"points": points.iloc[:4]}, sha="2")
    assert server("SELECT count(*) FROM @.seen") == [(4,)]
    assert server("SELECT has_table_privilege('public', '@.points', 'SELECT')") == [(True,)]
    with pytest.raises(InputError, match=r"other objects, such as views"):
        put(server, {"points": points.drop(columns="id")}, sha="3")
    assert server("SELECT count(*) FROM @.seen") == [(4,)]


def test_a_reader_sees_the_old_or_the_new(server, points):
    """While a large table is replaced, whole or with new columns, no reader sees a mix or nothing."""
    import threading

    import psycopg

    n = 20_000
    first = gpd.GeoDataFrame({"id": np.arange(n).astype(str), "v": 1}, geometry=[Point(0, 0)] * n, crs=4549)
    put(server, {"t": first})
    seen, done = [], threading.Event()

    def watch():
        with psycopg.connect(server.url, autocommit=True) as other:
            while not done.is_set():
                query = f"SELECT count(*), min(v), max(v) FROM {server.schema}.t"
                seen.append(other.execute(query).fetchone())

    reader = threading.Thread(target=watch)
    reader.start()
    put(server, {"t": first.assign(v=2).iloc[: n // 2]}, sha="2")
    put(server, {"t": first.assign(v=3, more="x")}, sha="3")
    done.set()
    reader.join()
    assert set(seen) <= {(n, 1, 1), (n // 2, 2, 2), (n, 3, 3)}
    assert len(seen) > 5


def test_what_postgis_cannot_hold(server, points):
    with pytest.raises(InputError, match=r"row 2, column 'name', value 'a\\x00b'.*NUL"):
        put(server, {"t": points.assign(name=["x", "a\0b", *"cdefghij"])})
    with pytest.raises(InputError, match="surrogate"):
        put(server, {"t": points.assign(name=pd.Series(["\ud800"] * 10, dtype=object))})
    local = points.set_crs("+proj=tmerc +lon_0=120.3 +x_0=500000 +ellps=GRS80", allow_override=True)
    with pytest.raises(InputError, match=r"has no EPSG code.*under \[region\]"):
        put(server, {"t": local})
    with pytest.raises(InputError, match="some of its shapes have heights"):
        put(server, {"t": points.iloc[:2].assign(geometry=[Point(0, 0, 1), Point(0, 0)])})
    put(server, {"t": points.iloc[:1].assign(geometry=[Point(0, 0, 1)])})
    assert read_rows(parse(server.at("t"))).geometry[0].z == 1
    assert server("SELECT count(*) FROM @.geo_risk_contents") == [(1,)]


def test_lists_become_json(server):
    put(server, {"t": pd.DataFrame({"x": [["甲", 1], {"a": None}, "text", None]}, dtype=object)})
    rows = [v for (v,) in server("SELECT x FROM @.t")]
    assert [json.loads(v) for v in rows[:2]] == [["甲", 1], {"a": None}]
    assert rows[2:] == ["text", None]


def test_a_database_without_postgis(server, points):
    from sqlalchemy import make_url

    server("CREATE DATABASE @_bare TEMPLATE template0")
    bare = make_url(server.url).set(database=f"{server.schema}_bare").render_as_string(hide_password=False)
    try:
        with pytest.raises(InputError, match=r"no PostGIS.*CREATE EXTENSION postgis"):
            export_table(points, bare, "points")
        assert export_table(pd.DataFrame({"x": [1]}), bare, "plain")[0].endswith("#plain")
        assert read_rows(parse(f"{bare}#plain")).geometry is None
    finally:
        server("DROP DATABASE @_bare")


def test_postgis_in_a_schema_of_its_own(server, points):
    from sqlalchemy import make_url

    server("CREATE DATABASE @_apart TEMPLATE template0")
    apart = make_url(server.url).set(database=f"{server.schema}_apart").render_as_string(hide_password=False)
    try:
        import psycopg

        with psycopg.connect(apart, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA gis")
            connection.execute("CREATE EXTENSION postgis SCHEMA gis")
        export_table(points, f"{apart}#own.points", "points")
        assert read_rows(parse(f"{apart}#own.points")).crs == "EPSG:4549"
        assert replace_tables(parse(f"{apart}#own.x"), {"p": Content("1", lambda: points)}) == ["p"]
        assert replace_tables(parse(f"{apart}#own.x"), {"p": Content("1", lambda: points)}) == []
    finally:
        server("DROP DATABASE @_apart")


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=TEXT.filter(lambda t: 0 < len(t.encode()) < 64),
    rows=st.lists(
        st.tuples(
            st.none() | TEXT,
            st.floats(allow_nan=False) | st.none(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.booleans(),
            st.none() | st.builds(Point, st.floats(-1e300, 1e300), st.floats(-1e300, 1e300)),
        ),
        max_size=6,
    ),
)
def test_any_content_comes_back(server, name, rows):
    text, number, whole, yes, shape = map(list, zip(*rows, strict=True)) if rows else ([], [], [], [], [])
    columns = {
        "id": [f"{i}" for i in range(len(rows))],
        f"{name[:8]} t": pd.Series(text, dtype=object),
        "number": pd.Series(number, dtype="float64"),
        "whole": pd.array(whole, dtype="Int64"),
        "yes": pd.array(yes, dtype="boolean"),
    }
    table = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shape, crs=4549), crs=4549)
    put(server, {name: table}, sha=repr(rows))
    quoted = '"' + name.replace('"', '""') + '"'
    back = read_rows(parse(f"{server.url}#{server.schema}.{quoted}"))
    assert list(back.frame.columns) == list(columns)
    assert back.frame.iloc[:, 1].tolist() == text
    assert back.frame["number"].to_numpy().tobytes() == table["number"].to_numpy().tobytes()
    assert [None if pd.isna(v) else v for v in back.frame["whole"]] == whole
    assert [None if pd.isna(v) else v for v in back.frame["yes"]] == yes
    assert list(shapely.to_wkb(back.geometry)) == list(shapely.to_wkb(table.geometry.to_numpy()))
