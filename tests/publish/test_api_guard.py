"""Who may ask: tokens, names, proxies, paths; what every answer carries; what is sent in which form."""

import base64
import gzip
import threading
from pathlib import Path

import pytest

from geo_risk.errors import GeoRiskError, InputError, RegionError, SettingsError
from geo_risk.publish import guard
from geo_risk.publish.api.questions import Question
from geo_risk.publish.api.routes import LARGEST_BODY, WAITING
from geo_risk.publish.server import create_app, is_loopback
from geo_risk.publish.twins import CODINGS

TOKEN = "correct-horse-battery-staple"
INSIDE = ("/internal/", "/internal/manifest.json", "/internal/api/", "/internal/api/collections/enterprises/items",
          "/internal/api/openapi.json", "/internal/api/echo?word=a", "/nothing/")  # fmt: skip
OPEN = (
    "/",
    "/public/downloads/crowded_places.csv",
    "/public/",
    "/public/manifest.json",
    "/public/api/",
    "/public/api/collections",
)


def echo(sent):
    if sent.get("word") == "bad":
        raise InputError("bad: write a good word.")
    return {"told": sent, "half": float("nan")}


WORD = {"word": {"type": "string", "description": "any"}}
QUESTIONS = [
    Question("echo", "say it again", echo, parameters=WORD),
    Question("post", "say it again", echo, body={"type": "object"}),
]


@pytest.fixture(scope="module")
def client(sites):
    return create_app(sites, questions=QUESTIONS).test_client()


@pytest.fixture(scope="module")
def network(sites):
    """A client somewhere on the network, of a server with a token."""
    return create_app(sites, host="0.0.0.0", token=TOKEN, questions=QUESTIONS).test_client()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


@pytest.mark.parametrize("path", INSIDE)
def test_others_than_this_machine_need_the_token_for_everything_internal(network, path):
    for wrong in (None, "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", basic(""), basic("x" * 28), "Basic %%",
                  f"Digest {TOKEN}", f"Bearer {TOKEN.upper()}", "Bearer \u00e9"):  # fmt: skip
        answer = network.get(path, headers={"Authorization": wrong} if wrong else {})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
        assert b"enterprises" not in answer.data
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for right in (f"Bearer {TOKEN}", basic(TOKEN), f"bearer {TOKEN}"):
        expected = 404 if path == "/nothing/" else 200
        assert network.get(path, headers={"Authorization": right}).status_code == expected


@pytest.mark.parametrize("path", OPEN)
def test_public_sites_need_no_token(network, path):
    assert network.get(path).status_code == 200


def test_an_internal_site_in_a_folder_called_public_stays_inside(sites, tmp_path):
    (tmp_path / "public").symlink_to(sites / "internal", target_is_directory=True)
    with pytest.raises(SettingsError, match="token"):
        create_app(tmp_path, host="0.0.0.0")
    there = create_app(tmp_path, host="0.0.0.0", token=TOKEN).test_client()
    assert there.get("/public/").status_code == 401
    assert there.get("/public/api/").status_code == 401


def test_without_a_token_no_internal_site_leaves_this_machine(sites):
    for how in ({"host": "0.0.0.0"}, {"host": "192.168.1.5"}, {"host": "::"}, {"url": "https://map.example.org/"}):
        with pytest.raises(SettingsError, match="--token-file"):
            create_app(sites, **how)
        alone = create_app(sites, only="public", **how).test_client()
        assert alone.get("/public/").status_code == 200
        for path in ("/internal/", "/internal/api/", "/internal/manifest.json", "/internal/api/collections"):
            assert alone.get(path).status_code == 404
    with pytest.raises(RegionError, match="no secret map"):
        create_app(sites, only="secret")
    assert [is_loopback(h) for h in ("127.0.0.1", "localhost", "::1", "[::1]", "127.9.9.9")] == [True] * 5
    assert [is_loopback(h) for h in ("0.0.0.0", "::", "10.0.0.1", "map.example.org", "")] == [False] * 5


@pytest.mark.parametrize(
    "token", ["", "short", "x" * 19, "x" * 10 + " " + "x" * 10, "密码" * 10, "x" * 30 + "\n" + "x"]
)
def test_weak_tokens_are_refused(sites, token):
    with pytest.raises(SettingsError, match="20 or more"):
        create_app(sites, token=token)


def test_tokens_are_compared_in_constant_time(network, monkeypatch):
    seen = []
    monkeypatch.setattr(guard.hmac, "compare_digest", lambda a, b: seen.append((len(a), len(b))) or False)
    for shown in (f"Bearer {TOKEN}", "Bearer x", "nothing"):
        assert network.get("/internal/", headers={"Authorization": shown}).status_code == 401
    assert seen == [(32, 32)] * 3


def test_strange_names_and_unannounced_proxies_are_refused(client):
    """A page of evil.example that resolves to 127.0.0.1 must not read the map through the browser."""
    for path in ("/", "/internal/api/collections", "/internal/api/echo?word=a"):
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400
        assert client.get(path, headers={"Host": "127.0.0.1.evil.example:8000"}).status_code == 400
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"):
            assert client.get(path, headers={name: "10.0.0.1"}).status_code == 400
        assert client.get(path, headers={"Host": "127.0.0.1:8000"}).status_code == 200


def test_behind_a_proxy_links_lead_to_its_address(sites):
    app = create_app(sites, url="https://map.example.org/risk/", only="public")
    for path in ("/risk/public/api/", "/public/api/"):
        answer = app.test_client().get(path, headers={"Host": "127.0.0.1:8000", "X-Forwarded-Host": "evil.example"})
        links = [link["href"] for link in answer.get_json()["links"]]
        assert all(link.startswith("https://map.example.org/risk/public/") for link in links)
    assert app.test_client().get("/risky/public/api/").status_code == 404
    moved = app.test_client().get("/risk/public")
    assert moved.headers["Location"] == "https://map.example.org/risk/public/"
    for wrong in ("map.example.org", "ftp://x/", "https://", "https://a@b/", "https://x/?a=b"):
        with pytest.raises(SettingsError, match="--url"):
            create_app(sites, url=wrong, only="public")


@pytest.mark.parametrize(
    "path",
    ["/public/api/../../internal/manifest.json", "/public/../internal/", "/public/api/%2e%2e/%2e%2e/internal/",
     "/public/api/collections/..%2f..%2f..%2finternal%2fmanifest.json", "/public/api/collections/%2e%2e/items",
     "/public/..%5c..%5cinternal%5cmanifest.json", "/public/downloads/../../internal/manifest.json",
     "/public/%00", "/%00/api/", "/public/api/collections/%00/items", "//internal/", "/./internal/manifest.json",
     "/public/downloads/enterprises.geojson", "/public/data/../../../internal/index.html"],
)  # fmt: skip
def test_no_path_leads_out_of_a_public_site(sites, path):
    alone = create_app(sites, only="public").test_client()
    answer = alone.get(path, follow_redirects=True)
    assert answer.status_code in (400, 404)
    assert "企业" not in answer.text


def test_every_answer_is_guarded_whatever_becomes_of_it(client):
    asked = [client.get(path) for path in ("/", "/internal/", "/internal/api/", "/internal/api/x", "/x/y/z")]
    asked += [client.post("/internal/api/"), client.get("/internal/api/collections/enterprises/items?limit=0")]
    asked += [client.get("/", headers={"Host": "evil.example"}), client.options("/internal/api/")]
    assert sorted(answer.status_code for answer in asked) == [200, 200, 200, 200, 400, 400, 404, 404, 405]
    for answer in asked:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["script-src"] == policy["default-src"] == "'self'"
        assert policy["object-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
        kept = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer"}
        for name, value in (kept | {"Cross-Origin-Resource-Policy": "same-origin"}).items():
            assert answer.headers[name] == value
        assert "Server" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_api_only_reads(client):
    for method in ("post", "put", "delete", "patch"):
        for path in ("/internal/api/", "/internal/api/collections/enterprises/items", "/internal/manifest.json"):
            answer = getattr(client, method)(path)
            assert answer.status_code == 405
            assert "GET" in answer.headers["Allow"]


def test_questions_are_for_the_internal_site_and_told_what_is_wrong(client):
    answer = client.get("/internal/api/echo?word=临")
    assert (answer.get_json(), answer.headers["Cache-Control"]) == ({"told": {"word": "临"}, "half": None}, "no-store")
    assert client.get("/public/api/echo?word=a").status_code == 404
    assert "echo" not in client.get("/public/api/openapi.json").text
    assert "/echo" in client.get("/internal/api/openapi.json").get_json()["paths"]
    for asked, code, words in (("", 400, "word missing"), ("?word=", 400, "word missing"), ("?x=1&word=a", 400, "'x'"),
                               ("?word=a&word=b", 400, "2 times"), ("?word=bad", 422, "good word")):  # fmt: skip
        answer = client.get(f"/internal/api/echo{asked}")
        assert (answer.status_code, answer.content_type) == (code, "application/problem+json")
        assert words in answer.get_json()["detail"]


def test_questions_by_post_come_from_no_foreign_page(client):
    address = "/internal/api/post"
    assert client.post(address, json={"word": "a"}).get_json()["told"] == {"word": "a"}
    assert client.post(address, json={}, headers={"Origin": "http://localhost"}).status_code == 200
    for origin in ("http://evil.example", "null", "https://localhost", "http://localhost:81"):
        assert client.post(address, json={}, headers={"Origin": origin}).status_code == 403
    # What a form of a foreign page can send without asking first.
    assert client.post(address, data='{"word": "a"}', content_type="text/plain").status_code == 415
    for body in ("", "{", "[]", "1", "null", "[" * 200_000, '{"a":' * 200_000, "1" * 5000, "\x00"):
        assert client.post(address, data=body, content_type="application/json").status_code == 400
    half = client.post(address, data='{"word": "\\ud800"}', content_type="application/json")
    assert half.get_json()["told"] == {"word": "?"}
    bad = client.post(address, data='{"\\ud800": 1, "word": "bad"}', content_type="application/json")
    assert bad.status_code == 422
    large = '{"word": "' + "x" * LARGEST_BODY + '"}'
    answer = client.post(address, data=large, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
    assert client.get(address).status_code == 405


def test_only_some_questions_wait(sites):
    """One is answered, the others wait; who comes then is told to come again."""
    begun, go = threading.Semaphore(0), threading.Event()

    def slow(sent):
        begun.release()
        go.wait(20)
        return sent

    app = create_app(sites, questions=[Question("slow", "wait", slow, parameters={"word": WORD["word"]})])
    codes = []

    def ask():
        codes.append(app.test_client().get("/internal/api/slow?word=a").status_code)

    threads = [threading.Thread(target=ask) for _ in range(3 * WAITING)]
    for thread in threads:
        thread.start()
    begun.acquire(timeout=20)
    while len(codes) < 2 * WAITING:
        begun.acquire(timeout=0.01)
    go.set()
    for thread in threads:
        thread.join(20)
    assert sorted(codes) == [200] * WAITING + [429] * 2 * WAITING


def test_texts_are_packed_and_tiles_are_not(sites):
    client = create_app(sites).test_client()
    for path in ("/internal/downloads/enterprises.geojson", "/internal/api/collections/enterprises/items?limit=300"):
        whole = client.get(path)
        packed = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in whole.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert gzip.decompress(packed.data) == whole.data
        assert len(packed.data) < len(whole.data) / 3
        assert packed.headers["ETag"] != whole.headers["ETag"]
        for seen in (whole, packed):
            known = {"If-None-Match": seen.headers["ETag"], "Accept-Encoding": "gzip"}
            assert client.get(path, headers=known).status_code == 304
        assert client.get(path, headers={"Accept-Encoding": "br, gzip"}).headers["Content-Encoding"] == "br"
    tile = next((sites / "internal" / "tiles").glob("enterprises*.pmtiles"))
    for asked in ({}, {"Range": "bytes=0-126"}):
        answer = client.get(f"/internal/tiles/{tile.name}", headers={"Accept-Encoding": "br, gzip"} | asked)
        assert "Content-Encoding" not in answer.headers
        assert answer.data == tile.read_bytes()[: 127 if asked else None]
    part = client.get(
        "/internal/downloads/enterprises.geojson", headers={"Accept-Encoding": "gzip", "Range": "bytes=5-20"}
    )
    assert (part.status_code, "Content-Encoding" in part.headers, len(part.data)) == (206, False, 16)


def test_texts_of_the_page_are_sent_as_they_were_packed(sites):
    client = create_app(sites).test_client()
    folder = sites / "internal"
    script = next((folder / "data").glob("site.*.js"))
    for name in ("", "index.html", f"data/{script.name}"):
        path, text = f"/internal/{name}", (folder / (name or "index.html"))
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert plain.data == text.read_bytes()
        tags = {plain.headers["ETag"]}
        for asked, coding in (("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")):
            packed = client.get(path, headers={"Accept-Encoding": asked})
            assert packed.data == Path(f"{text}{CODINGS[coding][0]}").read_bytes()
            assert packed.headers["Content-Encoding"] == coding
            assert packed.content_type == plain.content_type
            assert "Accept-Encoding" in packed.headers["Vary"]
            assert packed.headers["Cache-Control"] == plain.headers["Cache-Control"]
            known = {"If-None-Match": packed.headers["ETag"], "Accept-Encoding": asked}
            assert client.get(path, headers=known).status_code == 304
            tags.add(packed.headers["ETag"])
        assert len(tags) == 3
        assert "Accept-Encoding" in plain.headers["Vary"]
    part = client.get(f"/internal/data/{script.name}", headers={"Accept-Encoding": "br", "Range": "bytes=5-20"})
    assert (part.status_code, part.data) == (206, script.read_bytes()[5:21])
    assert "Content-Encoding" not in part.headers


def test_an_error_of_the_program_tells_nothing(sites, caplog):
    def broken(sent):
        raise KeyError("/secret/path")

    def missing(sent):
        raise GeoRiskError("no such thing")

    asked = [Question(n, n, a, parameters=WORD) for n, a in (("broken", broken), ("missing", missing))]
    client = create_app(sites, questions=asked).test_client()
    answer = client.get("/internal/api/broken?word=a")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert "secret" in caplog.text
    # The next one is answered: the lock was given back.
    assert client.get("/internal/api/missing?word=a").status_code == 422
