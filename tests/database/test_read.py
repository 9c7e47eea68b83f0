"""Tables and views as offices keep them: read whole, in a fixed order, or refused with the next step."""

import pytest
from sqlalchemy import make_url

from geo_risk.database import read
from geo_risk.database.address import parse
from geo_risk.database.read import read_rows
from geo_risk.errors import InputError
from geo_risk.layers.read import read as read_layer

pytestmark = pytest.mark.postgis


def rows(server, table):
    return read_rows(parse(server.at(table)))


def test_every_kind_of_column(server):
    server(
        'CREATE TABLE @.t ("user" int PRIMARY KEY, "编号" numeric(18,0), price numeric(10,4), day date, at timestamp, '
        "yes boolean, several text[], amounts float8[], told jsonb, code char(5), key uuid, picture bytea, "
        "small real, forever date)"
    )
    server(
        "INSERT INTO @.t VALUES (7, 913202000000000011, 120.3500, '2024-01-05', '2024-01-05 08:30', true, "
        "'{液氯,液氨}', '{1.5,2}', '{\"a\": 1}', 'ab', '00000000-0000-0000-0000-000000000001', 'x', 0.1, 'infinity'), "
        "(-2, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    found = rows(server, "t")
    assert list(found.numbers) == [-2, 7]
    assert found.order == ("user",)
    assert found.skipped == ("picture",)
    assert found.geometry is None
    assert found.frame.iloc[1].tolist() == [
        7, "913202000000000011", "120.35", "2024-01-05", "2024-01-05 08:30:00", True, "液氯；液氨", "1.5；2",
        '{"a": 1}', "ab", "00000000-0000-0000-0000-000000000001", 0.1, "infinity",
    ]  # fmt: skip
    assert found.frame.iloc[0, 1:].isna().all()


def test_a_view_and_a_table_without_key_have_a_fixed_order(server):
    server("CREATE TABLE @.t (name text, n int, geom geometry(Point, 4326))")
    for values in ("('b', 1, 'SRID=4326;POINT(2 0)')", "('b', 1, 'SRID=4326;POINT(1 0)')", "('B', 2, NULL)",
                   "('甲', 1, NULL)", "('a', NULL, 'SRID=4326;POINT EMPTY')"):  # fmt: skip
        server(f"INSERT INTO @.t VALUES {values}")
    server("CREATE VIEW @.v AS SELECT * FROM @.t ORDER BY n DESC")
    server("CREATE MATERIALIZED VIEW @.m AS SELECT * FROM @.t")
    for table in ("t", "v", "m"):
        found = rows(server, table)
        assert found.frame["name"].tolist() == ["B", "a", "b", "b", "甲"]  # by bytes, whatever the server's language
        assert list(found.numbers) == [1, 2, 3, 4, 5]
        # The shapes' own bytes decide between rows that are equal in all else.
        assert [None if g is None else g.wkt for g in found.geometry] == [
            None, "POINT EMPTY", "POINT (2 0)", "POINT (1 0)", None,
        ]  # fmt: skip
        assert found.crs == "EPSG:4326"


def test_batches_are_joined(server, monkeypatch):
    monkeypatch.setattr(read, "_BATCH", 7)
    server("CREATE TABLE @.t (id bigint PRIMARY KEY, v text)")
    server("INSERT INTO @.t SELECT i, CASE WHEN i % 3 = 0 THEN i::text END FROM generate_series(1, 100) i")
    found = rows(server, "t")
    assert found.numbers.tolist() == list(range(1, 101))
    assert found.frame["v"].dropna().tolist() == [str(i) for i in range(3, 100, 3)]


def test_several_geometry_columns(server):
    server("CREATE TABLE @.t (id int PRIMARY KEY, gate geometry(Point, 4490), site geometry(Polygon, 4490))")
    server("INSERT INTO @.t VALUES (1, 'SRID=4490;POINT(120 31)', NULL)")
    with pytest.raises(InputError, match=rf"several geometry columns \(gate, site\).*#{server.schema}.t.gate"):
        rows(server, "t")
    found = rows(server, "t.gate")
    assert found.geometry[0].wkt == "POINT (120 31)"
    assert found.skipped == ("site",)
    assert found.crs == "EPSG:4490"
    with pytest.raises(InputError, match=r"no geometry column 'roof'. It has: gate, site"):
        rows(server, "t.roof")


def test_systems_mixed_missing_and_unknown(server):
    server("CREATE TABLE @.t (id int PRIMARY KEY, geom geometry)")
    server("INSERT INTO @.t VALUES (1, 'SRID=4326;POINT(120 31)'), (2, 'SRID=4326;POINT(120 31)'), (3, 'POINT(1 1)')")
    server("INSERT INTO @.t SELECT 4, ST_Transform(geom, 4549) FROM @.t WHERE id = 1")
    found = rows(server, "t")
    assert (found.crs, found.unstated, found.reprojected) == ("EPSG:4326", (2,), 1)
    assert found.geometry[3].distance(found.geometry[0]) < 1e-9
    raw = read_layer(server.at("t"), layer="parking_lots")
    assert raw.rows.tolist() == [1, 2, 4]
    assert raw.read == 4
    assert raw.unread == [(3, ["3"])]
    codes = {(i.action, i.code, i.row) for i in raw.log.issues}
    assert {("rejected", "no_system", 3), ("noted", "mixed_systems", None), ("noted", "database_rows", None)} <= codes
    server("UPDATE @.t SET geom = ST_SetSRID(geom, 0)")
    assert rows(server, "t").crs is None
    assert rows(server, "t").unstated == ()
    server("UPDATE @.t SET geom = ST_SetSRID(geom, 990123)")
    with pytest.raises(InputError, match=r"990123 is not in spatial_ref_sys.*UpdateGeometrySRID"):
        rows(server, "t")


def test_shapes_of_every_make(server):
    server("CREATE TABLE @.t (id int PRIMARY KEY, geom geometry)")
    server(
        "INSERT INTO @.t VALUES (1, 'POINT Z (1 2 3)'), (2, 'CIRCULARSTRING(0 0, 1 1, 2 0)'), "
        "(3, 'TIN(((0 0 0, 1 0 0, 0 1 0, 0 0 0)))'), (4, 'POINT M (1 2 3)'), (5, NULL)"
    )
    raw = read_layer(server.at("t"), layer="parking_lots")
    assert raw.rows.tolist() == [1, 2, 4, 5]
    assert raw.geometry[0].z == 3
    assert raw.geometry[1].geom_type == "LineString"
    assert raw.geometry[1].length == pytest.approx(3.14159, rel=1e-3)
    assert raw.geometry[3] is None
    assert [(i.row, i.code) for i in raw.log.issues if i.action == "rejected"] == [(3, "not_parsed")]
    server("CREATE TABLE @.g (id int PRIMARY KEY, spot geography)")
    server("INSERT INTO @.g VALUES (1, 'POINT(120 31)')")
    assert (rows(server, "g").crs, rows(server, "g").geometry[0].wkt) == ("EPSG:4326", "POINT (120 31)")


def test_reading_changes_nothing(server):
    server("CREATE TABLE @.t (id int)")
    server("CREATE FUNCTION @.f() RETURNS int LANGUAGE sql AS 'INSERT INTO @.t VALUES (1) RETURNING id'")
    server("CREATE VIEW @.v AS SELECT @.f() AS id")
    with pytest.raises(InputError, match="read-only"):
        rows(server, "v")
    assert server("SELECT count(*) FROM @.t") == [(0,)]


def test_refusals_name_the_next_step(server):
    server("CREATE TABLE @.enterprises (id int)")
    with pytest.raises(InputError, match=r"no table '.*enterprise'. Near to it: .*\.enterprises"):
        rows(server, "enterprise")
    with pytest.raises(InputError, match="name the table: source = "):
        read_rows(parse(server.url))
    role = f"{server.schema}_guest"
    server(f"CREATE ROLE {role} LOGIN")
    try:
        server(f"GRANT USAGE ON SCHEMA @ TO {role}")
        guest = make_url(server.url).set(username=role).render_as_string(hide_password=False)
        with pytest.raises(InputError, match="Ask the owner of the database for the right"):
            read_rows(parse(f"{guest}#{server.schema}.enterprises"))
        nobody = make_url(server.url).set(username="no_such_user", password="secret").render_as_string(False)
        with pytest.raises(InputError, match=r"no_such_user.*Check address, user and password") as caught:
            read_rows(parse(f"{nobody}#t"))
        assert "secret" not in str(caught.value)
        nowhere = make_url(server.url).set(database="no_such_db").render_as_string(False)
        with pytest.raises(InputError, match="no_such_db"):
            read_rows(parse(f"{nowhere}#t"))
    finally:
        server(f"DROP OWNED BY {role}")
        server(f"DROP ROLE {role}")


def test_service_and_password_files_are_heeded(server, tmp_path, monkeypatch):
    server("CREATE TABLE @.t (id int PRIMARY KEY)")
    url = make_url(server.url)
    host = url.host or url.query["host"]
    service = tmp_path / "services"
    service.write_text(f"[county]\nhost={host}\nuser={url.username}\ndbname={url.database}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    assert len(read_rows(parse(f"postgresql://?service=county#{server.schema}.t")).frame) == 0
    monkeypatch.setenv("PGHOST", str(host))
    monkeypatch.setenv("PGUSER", str(url.username))
    monkeypatch.setenv("PGDATABASE", str(url.database))
    assert len(read_rows(parse(f"postgresql://#{server.schema}.t")).frame) == 0
