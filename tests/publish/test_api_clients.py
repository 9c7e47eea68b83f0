"""What others make of the API: GDAL, which QGIS uses, on a running server; the description checked and tried."""

import gzip
import http.client
import json
import re
import subprocess
import sys
from contextlib import contextmanager, nullcontext

import geopandas as gpd
import openapi_spec_validator
import pyogrio
import pytest
import schemathesis
import shapely

from geo_risk.publish.api.questions import Question
from geo_risk.publish.server import create_app

TOKEN = "correct-horse-battery-staple"
WORD = {"word": {"type": "string", "minLength": 1, "description": "any"}}
BODY = {"type": "object", "additionalProperties": {"type": "string"}}


def questions():
    return [
        Question("echo", "say it again", lambda sent: sent, parameters=WORD),
        Question("post", "say it again", lambda sent: sent, body=BODY),
    ]


@pytest.fixture(scope="module")
def address(sites, built_page, tmp_path_factory):
    """
    Address of `geo-risk serve` on the made-up city, whose internal site needs the token.

    A process of its own: GDAL holds this one's interpreter while it waits for an answer.
    """
    folder = tmp_path_factory.mktemp("region")
    (folder / "region.toml").write_text(
        '[region]\nname = "临澜市"\n[layers.districts]\nsource = "d.geojson"\n', "utf-8"
    )
    (folder / "site").symlink_to(sites, target_is_directory=True)
    (folder / "token").write_text(TOKEN + "\n")
    command = [sys.executable, "-m", "geo_risk", "serve", str(folder), "--port", "0", "--token-file"]
    with subprocess.Popen([*command, str(folder / "token")], stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            yield re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        finally:
            server.kill()


def test_the_running_server_guards_and_packs(address):
    def get(path, **headers):
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    path = "/public/api/collections/crowded_places/items"
    status, headers, body = get(path)
    assert (status, json.loads(body)["numberMatched"]) == (200, 60)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Server"] is None
    status, headers, packed = get(path, **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed) == body
    assert get(path, **{"If-None-Match": headers["ETag"]})[0] == 304
    assert get(path, Host="evil.example")[0] == get(path, **{"X-Forwarded-For": "10.0.0.1"})[0] == 400
    assert get("/internal/api/")[0] == get("/desk")[0] == get("/api/kinds")[0] == 401
    assert get("/desk", Authorization=f"Bearer {TOKEN}")[0] == 302
    assert get("/public/../internal/manifest.json")[0] in (401, 404)


@contextmanager
def shown_token():
    pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": f"qgis:{TOKEN}"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": None})


@pytest.mark.parametrize("profile", ["internal", "public"])
def test_gdal_reads_every_layer(sites, address, profile):
    source = f"OAPIF:{address}/{profile}/api"
    with shown_token() if profile == "internal" else nullcontext():
        names = [name for name, _ in pyogrio.list_layers(source)]
        assert sorted(names) == sorted(p.stem for p in (sites / profile / "downloads").glob("*.geojson"))
        for name in names:
            read = pyogrio.read_dataframe(source, layer=name)
            offered = gpd.read_file(sites / profile / "downloads" / f"{name}.geojson")
            assert len(read) == len(offered)
            assert read.crs.to_authority() in (("OGC", "CRS84"), ("EPSG", "4326"))
            assert shapely.equals(read.geometry, offered.geometry).all()
            for column in set(offered.columns) - {"geometry", "id"}:
                assert read[column].astype(str).tolist() == offered[column].astype(str).tolist(), (name, column)


def test_gdal_chooses_by_box_and_column(sites, address):
    source = f"OAPIF:{address}/internal/api"
    offered = gpd.read_file(sites / "internal" / "downloads" / "enterprises.geojson")
    box = tuple(offered.geometry.iloc[:20].total_bounds)
    with shown_token():
        read = pyogrio.read_dataframe(source, layer="enterprises", bbox=box)
        assert sorted(read["name"]) == sorted(offered[offered.intersects(shapely.box(*box))]["name"])
        read = pyogrio.read_dataframe(source, layer="enterprises", where="grade = 4")
        assert sorted(read["name"]) == sorted(offered[offered["grade"] == 4]["name"])


def test_gdal_needs_the_token_inside(address):
    source = f"OAPIF:{address}/internal/api"
    with pytest.raises(pyogrio.errors.DataSourceError):
        pyogrio.list_layers(source)
    named = pyogrio.read_dataframe(source, layer="enterprises", USERPWD=f"qgis:{TOKEN}")
    assert len(named) == 300


def test_the_description_is_valid_and_says_what_there_is(sites):
    client = create_app(sites, questions=questions()).test_client()
    for profile in ("internal", "public"):
        answer = client.get(f"/{profile}/api/openapi.json")
        assert answer.content_type == "application/vnd.oai.openapi+json;version=3.0"
        told = answer.get_json()
        layers = {c["id"] for c in client.get(f"/{profile}/api/collections").get_json()["collections"]}
        assert {f"/collections/{layer}/items" for layer in layers} <= set(told["paths"])
        assert ("/echo" in told["paths"]) == (profile == "internal")
        openapi_spec_validator.validate(told)


def test_every_link_leads_somewhere(sites):
    """From the landing page on, as a crawler would."""
    client = create_app(sites).test_client()
    seen, ahead = set(), ["http://localhost/internal/api/", "http://localhost/public/api/"]
    while ahead:
        address = ahead.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code == 200, address
        if not answer.is_json or address.endswith(("downloads", ".geojson")):
            continue
        told = answer.get_json()
        for holder in (told, *told.get("collections", ())):
            for link in holder.get("links", ()):
                ahead.append(link["href"])
                assert {"rel", "type", "title"} <= set(link)
    assert len(seen) > 60


def test_the_landing_page_is_a_page_for_browsers_and_json_for_programs(sites):
    client = create_app(sites).test_client()
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page = client.get("/internal/api/", headers=browser)
    assert page.content_type == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "http://localhost/internal/api/" in page.text
    assert client.get("/internal/api/?f=json", headers=browser).is_json
    assert client.get("/internal/api/", headers={"Accept": "application/json"}).is_json
    assert client.get("/internal/api/").is_json
    assert client.get("/internal/api/?f=html").content_type == "text/html; charset=utf-8"
    assert client.get("/internal/api/?f=xml").status_code == 400
    known = {"If-None-Match": page.headers["ETag"]}
    assert client.get("/internal/api/", headers=known | browser).status_code == 304
    assert client.get("/internal/api/", headers=known).status_code == 200


def test_no_request_made_from_the_description_breaks_the_server(sites):
    """Schemathesis: no 5xx, and answers of the status, type and schema that the description says."""
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    app = create_app(sites, questions=questions())
    told = app.test_client().get("/internal/api/openapi.json").get_json()
    described = schemathesis.openapi.from_wsgi("/internal/api/openapi.json", app)
    tried = settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) == sum(len(path) for path in told["paths"].values()) - 1  # but the description itself
    codes = set()
    # Of the layers, which are asked alike, the one with dates and codes speaks for all.
    alike = [o for o in operations if o.path.endswith("/items") and "accidents" not in o.path]
    operations = [o for o in operations if o not in alike]
    assert len(operations) == 9
    for operation in operations:
        for mode in schemathesis.GenerationMode:

            @tried
            @given(case=operation.as_strategy(generation_mode=mode))
            def one(case):
                answer = case.call(headers={"Accept-Encoding": "identity"})
                codes.add(answer.status_code)
                case.validate_response(answer, checks=checks)

            one()
    assert {200, 400, 404} <= codes, json.dumps(sorted(codes))
