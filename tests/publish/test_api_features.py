"""Features of the API are those of the site: chosen, paged and described as asked, nothing beside."""

import json
import shutil
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from publish_city import NASTY

from geo_risk.publish.api import routes
from geo_risk.publish.api.collection import read_collection
from geo_risk.publish.api.sites import Sites
from geo_risk.publish.profile import PUBLIC
from geo_risk.publish.server import create_app

EVERYWHERE = "-180,-90,180,90"


@pytest.fixture(scope="module")
def client(sites):
    return create_app(sites).test_client()


def published(sites, profile, layer):
    """The features of a layer as the site offers them for download."""
    return json.loads((sites / profile / "downloads" / f"{layer}.geojson").read_text("utf-8"))["features"]


def items(client, layer, profile="internal", **asked):
    answer = client.get(f"/{profile}/api/collections/{layer}/items", query_string=asked)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/geo+json"
    return answer.get_json()


def test_pages_hold_every_published_feature_once_and_as_it_is(client, sites):
    for profile in ("internal", "public"):
        layers = [c["id"] for c in client.get(f"/{profile}/api/collections").get_json()["collections"]]
        assert sorted(layers) == sorted(p.stem for p in (sites / profile / "downloads").glob("*.geojson"))
        for layer in layers:
            found, address = [], f"/{profile}/api/collections/{layer}/items?limit=70"
            while address:
                page = client.get(address).get_json()
                assert page["numberReturned"] == len(page["features"]) <= 70
                found += page["features"]
                address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
            assert found == published(sites, profile, layer)
            assert page["numberMatched"] == len(found)


boxes = st.tuples(*[st.floats(-0.02, 0.23)] * 4).map(lambda v: (min(v[:2]), min(v[2:]), max(v[:2]), max(v[2:])))


@given(boxes, st.sampled_from([None, 0, 1, 2, 4]), st.integers(1, 50), st.integers(0, 60))
def test_choices_are_those_of_brute_force(client, sites, box, grade, limit, offset):
    west, south = 119.999, 31.888
    bbox = [west + box[0], south + box[1], west + box[2], south + box[3]]
    asked = {"bbox": ",".join(map(repr, bbox)), "limit": limit, "offset": offset}
    asked |= {} if grade is None else {"grade": grade}
    every = published(sites, "internal", "enterprises")
    area = shapely.box(*bbox)
    fits = [f for f in every if shapely.geometry.shape(f["geometry"]).intersects(area)]
    fits = [f for f in fits if grade is None or f["properties"].get("grade") == grade]
    page = items(client, "enterprises", **asked)
    assert page["numberMatched"] == len(fits)
    assert page["features"] == fits[offset : offset + limit]


def test_a_box_means_the_shape_and_not_its_own_box(client, sites):
    """The pipeline runs from corner to corner: the box in the other corner meets its envelope alone."""
    line = shapely.geometry.shape(published(sites, "internal", "gas_pipelines")[0]["geometry"])
    west, south, east, north = line.bounds
    corner = west, north - (north - south) / 5, west + (east - west) / 5, north
    assert items(client, "gas_pipelines", bbox=",".join(map(str, corner)))["numberMatched"] == 0
    assert items(client, "gas_pipelines", bbox=",".join(map(str, line.bounds)))["numberMatched"] == 1


def test_boxes_over_the_antimeridian_and_with_heights(client):
    everything = items(client, "enterprises", bbox=EVERYWHERE)["numberMatched"]
    assert everything == items(client, "enterprises", bbox="-180,-90,0,180,90,9000")["numberMatched"] == 300
    assert items(client, "enterprises", bbox="170,-90,-170,90")["numberMatched"] == 0
    assert items(client, "enterprises", bbox="100,-90,-170,90")["numberMatched"] == 300


@pytest.mark.parametrize(
    ("asked", "found"),
    [("2024-03-01", [4, 6]), ("2024-03-01T10:00:00Z", [4, 6]), ("2024-02-01/2024-02-29", [3]),
     ("../2023-12-31", [1, 2]), ("/2023-06-01", [1]), ("2024-03-02/..", [6]), ("2024-03-31/", [6]),
     ("2025-01-01/..", []), ("2023-12-31/2024-02-29T00:00:00+08:00", [1, 2, 3])],
)  # fmt: skip
def test_dates_as_precise_as_given(client, asked, found):
    """2023 is any day of that year; an undated accident is on no day."""
    page = items(client, "accidents", datetime=asked)
    assert [f["id"] for f in page["features"]] == found
    assert items(client, "accidents")["numberMatched"] == 6


def test_a_dated_layer_says_when_it_begins_and_ends(client):
    told = client.get("/internal/api/collections/accidents").get_json()["extent"]
    assert told["temporal"]["interval"] == [["2023-01-01T00:00:00Z", "2024-03-31T23:59:59Z"]]
    assert "temporal" not in client.get("/internal/api/collections/enterprises").get_json()["extent"]


def test_columns_choose_by_text_number_and_yes_or_no(client):
    assert items(client, "hazard_sources", name=NASTY)["features"][0]["properties"]["name"] == NASTY
    assert items(client, "districts_township", area_km2="40")["numberMatched"] == 8
    assert items(client, "districts_township", area_km2="4e1", grade="2")["numberMatched"] == 2
    assert items(client, "districts_township", grade="2.5")["numberMatched"] == 0
    assert items(client, "hazard_sources", id="H00")["numberMatched"] == 0
    # A column of the schema that no row fills may be asked for as well.
    assert items(client, "hazard_sources", state="in_use")["numberMatched"] == 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("bbox=1,2,3", "four numbers"),
        ("bbox=1,2,3,nan", "four numbers"),
        ("bbox=a,b,c,d", "four numbers"),
        ("bbox=31,120,32,121", "longitude comes first"),
        ("bbox=120,32,121,31", "Exchange"),
        ("limit=0", "from 1 on"),
        ("limit=-3", "from 1 on"),
        ("limit=1e3", "from 1 on"),
        ("limit=٣", "from 1 on"),
        ("offset=-1", "from 0 on"),
        ("offset=99999999999999999999", "from 0 on"),
        ("datetime=2024-01-01", "no date"),
        ("grade=red", "write a number"),
        ("grade=nan", "write a number"),
        ("grad=4", "unknown parameter 'grad'"),
        ("grade=4&grade=3", "2 times"),
        ("crs=EPSG:4549", "CRS84"),
        ("bbox-crs=EPSG:4326", "CRS84"),
        ("f=html", "JSON alone"),
    ],
)
def test_what_makes_no_sense_is_refused_and_told(client, asked, words):
    answer = client.get(f"/internal/api/collections/enterprises/items?{asked}")
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    told = answer.get_json()
    assert set(told) == {"type", "title", "status", "detail"}
    assert words in told["detail"]


@pytest.mark.parametrize(
    "asked", ["/", "2024-01-02/2024-01-01", "2024", "yesterday", "../..", "a/b/c", "2024-01-01//", "2024-02-30"]
)
def test_senseless_times_are_refused(client, asked):
    answer = client.get("/internal/api/collections/accidents/items", query_string={"datetime": asked})
    assert answer.status_code == 400
    assert "datetime" in answer.get_json()["detail"]


def test_one_feature_by_its_number(client, sites):
    one = client.get("/internal/api/collections/hazard_sources/items/7").get_json()
    assert {**one, "links": None} == {**published(sites, "internal", "hazard_sources")[6], "links": None}
    for number in ("0", "31", "-1", "1.0", "x", "٣", "1" * 40, "H006"):
        answer = client.get(f"/internal/api/collections/hazard_sources/items/{quote(number)}")
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert client.get("/internal/api/collections/nothing/items").status_code == 404


def test_a_limit_beyond_the_largest_and_answers_that_weigh_too_much(client, monkeypatch):
    assert items(client, "enterprises", limit=10**6)["numberReturned"] == 300
    monkeypatch.setattr(routes, "LARGEST_ANSWER", 1000)
    few = items(client, "enterprises", limit=300, offset=10)
    assert 1 < few["numberReturned"] < 20
    following = next(link["href"] for link in few["links"] if link["rel"] == "next")
    assert f"offset={10 + few['numberReturned']}" in following
    monkeypatch.setattr(routes, "LARGEST_ANSWER", 1)
    assert items(client, "enterprises")["numberReturned"] == 1


def test_the_public_api_shows_what_the_public_site_shows(client, sites):
    """Same layers, columns, coordinates; no word of what only the internal site tells, in any document."""
    public = client.get("/public/api/collections").get_json()["collections"]
    assert {c["id"] for c in public} == {
        "districts_city", "districts_township", "service_areas_fire_station", "crowded_places",
        "emergency_facilities_fire_station",
    }  # fmt: skip
    text = ""
    for path in ("", "/collections", "/conformance", "/openapi.json"):
        text += client.get(f"/public/api{path}", headers={"Accept": "text/html"}).text
    for layer in (c["id"] for c in public):
        text += client.get(f"/public/api/collections/{layer}/queryables").text
        page = items(client, layer, "public", limit=10_000)
        assert page["features"] == published(sites, "public", layer)
        text += json.dumps(page, ensure_ascii=False)
        key = layer.split("_", 1)[0] if layer.startswith("districts") else layer
        key = next((k for k in ("service_areas", "emergency_facilities") if layer.startswith(k)), key)
        allowed = PUBLIC[key if key in PUBLIC else f"layers/{key}"].columns
        assert {name for f in page["features"] for name in f["properties"]} <= set(allowed)
    for hidden in ("企业", "储罐", "quantity_t", "conflict", "capacity", "H003", "E0007", "管线", "事故"):
        assert hidden not in text
    persons = [f["properties"].get("persons") for f in items(client, "districts_township", "public")["features"]]
    assert persons[0] is None  # 42 residents
    assert persons[1] == 2000
    shares = [f["properties"]["share_red"] for f in items(client, "districts_township", "public")["features"]]
    assert shares == [round(0.01 * k + 0.00456, 2) for k in range(8)]
    for layer in ("enterprises", "hazard_sources", "conflicts", "accidents"):
        for path in ("", "/items", "/items/1", "/queryables"):
            assert client.get(f"/public/api/collections/{layer}{path}").status_code == 404


def test_filters_and_boxes_do_not_tell_what_was_left_out(client):
    """The 42 residents of one township are hidden: no filter finds them, and hidden columns cannot be asked."""
    for asked in ("persons=42", "capacity=10", "n_hazards=4", "id=C001"):
        layer = "districts_township" if asked[0] in "pn" else "crowded_places"
        answer = client.get(f"/public/api/collections/{layer}/items?{asked}")
        assert answer.status_code == 400 or answer.get_json()["numberMatched"] == 0


def test_unchanged_answers_are_told_and_a_new_site_is_read(sites, tmp_path):
    root = tmp_path / "sites"
    shutil.copytree(sites, root)
    client = create_app(root).test_client()
    address = "/internal/api/collections/enterprises/items?limit=2"
    first = client.get(address)
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Last-Modified"]
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get(address, headers=known)
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(address.replace("2", "3"), headers=known).status_code == 200
    shutil.rmtree(root / "internal")
    shutil.copytree(sites / "public", root / "internal")
    assert client.get(address, headers=known).status_code == 404
    assert client.get("/internal/api/collections").get_json()["collections"][0]["id"] == "districts_city"


def test_a_file_that_was_changed_is_not_served(sites, tmp_path):
    shutil.copytree(sites / "internal", tmp_path / "internal")
    path = tmp_path / "internal" / "downloads" / "enterprises.geojson"
    path.write_text(path.read_text("utf-8").replace("企业7有限公司", "企业8有限公司"), "utf-8")
    answer = create_app(tmp_path).test_client().get("/internal/api/collections/enterprises/items")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert "Publish the site again" in answer.get_json()["detail"]


def test_a_site_half_there_is_not_served(sites, tmp_path):
    shutil.copytree(sites / "internal", tmp_path / "internal")
    client = create_app(tmp_path).test_client()
    (tmp_path / "internal" / "manifest.json").write_text("{")
    assert client.get("/internal/api/collections").status_code == 404
    assert Sites(tmp_path).audience("internal") == "internal"


def test_columns_of_many_features_are_put_together_right(tmp_path, monkeypatch):
    """Columns that begin late, end early and are absent, over the border of what is read at once."""
    monkeypatch.setattr("geo_risk.publish.api.collection._AT_ONCE", 3)
    values = [{"a": k} if k < 4 else {"b": '},"geometry":' + str(k)} if k > 6 else {} for k in range(11)]
    shapes = gpd.GeoSeries(shapely.points(np.arange(11), 0.5)).to_list()
    lines = [
        json.dumps({"type": "Feature", "id": k + 1, "properties": v, "geometry": shapely.geometry.mapping(s)})
        for k, (v, s) in enumerate(zip(values, shapes, strict=True))
    ]
    text = "\n".join(('{"type":"FeatureCollection","features":[', ",\n".join(lines), "]}", ""))
    (tmp_path / "x.geojson").write_text(text.replace(', "geometry": ', ',"geometry":'))
    read = read_collection(tmp_path / "x.geojson", 11)
    assert [read.equal("a", k).nonzero()[0].tolist() for k in range(5)] == [[0], [1], [2], [3], []]
    assert read.equal("b", '},"geometry":8').nonzero()[0].tolist() == [8]
    assert read.bounds == (0.0, 0.5, 10.0, 0.5)
