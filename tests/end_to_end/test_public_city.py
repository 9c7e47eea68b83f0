"""The public map of the demo city, its one file and its API, against everything the city's results hold."""

import leak_region
import pytest
from leak_reader import Content, read, read_folder

import geo_risk
from geo_risk.publish.server import create_app

NOTES = ("虚构城市，全部名称与数据均为虚构", "数据截至 ")


@pytest.fixture(scope="module")
def region(city) -> leak_region.Region:
    return leak_region.Region(leak_region.tables_of(city))


def test_there_is_much_to_keep(region):
    assert len(region.names()) > 1000
    assert len(region.ids()) > 5000


def test_the_public_site_tells_nothing_it_must_not(city, region):
    assert leak_region.faults(region, read_folder(city / "site" / "public"), NOTES) == []


def test_the_internal_site_would_not_pass(city, region):
    found = "\n".join(leak_region.faults(region, read_folder(city / "site" / "internal" / "downloads")))
    for fault in ("name '", "id '", "columns [", "persons = ", "an area of level ", "is nothing that may be shown"):
        assert fault in found, fault


def test_the_public_file_tells_nothing_it_must_not(city, region, tmp_path):
    geo_risk.Region(city).publish(single_file=True, profile="public", to=tmp_path / "single.html")
    content = read_folder(tmp_path)
    assert len(content.shapes) > 100
    assert leak_region.faults(region, content, NOTES) == []


def test_the_public_api_tells_nothing_it_must_not(city, region):
    client = create_app(city / "site", only="public").test_client()
    content, open_ = (
        Content(),
        ["/public/api/", "/public/api/openapi.json", "/public/api/collections", "/public/api/conformance"],
    )
    listed = client.get("/public/api/collections").json["collections"]
    for entry in listed:
        open_ += [f"/public/api/collections/{entry['id']}{tail}" for tail in ("", "/items?limit=10000", "/queryables")]
    for address in open_:
        answer = client.get(address)
        assert answer.status_code == 200, address
        where = next((f"/{e['id']}" for e in listed if f"/{e['id']}/items" in address), "/api")
        read(content, f"{where}.json", answer.data)
    assert len(listed) > 5
    assert len(content.shapes) > 100
    assert leak_region.faults(region, content) == []
    for question in ("explain", "accident", "rescue", "siting_check"):
        assert client.get(f"/public/api/{question}?place=123.2,32.1").status_code == 404
