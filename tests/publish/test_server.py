import pytest

from geo_risk.errors import RegionError
from geo_risk.publish.server import create_app

DATA = bytes(range(256)) * 8


@pytest.fixture
def root(tmp_path):
    for name in ("public", "internal", ".public.new"):
        folder = tmp_path / "site" / name
        (folder / "tiles").mkdir(parents=True)
        (folder / "index.html").write_text(f"<!doctype html>{name}")
        (folder / "tiles" / "a.0123456789ab.pmtiles").write_bytes(DATA)
        (folder / "data.js").write_text("x")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "site" / "notes").mkdir()
    return tmp_path / "site"


@pytest.fixture
def client(root):
    return create_app(root).test_client()


def test_the_list_names_the_maps(client):
    page = client.get("/").get_data(as_text=True)
    assert 'href="public/"' in page
    assert 'href="internal/"' in page
    assert "notes" not in page
    assert ".new" not in page
    assert client.get("/public/").get_data(as_text=True) == "<!doctype html>public"
    assert client.get("/public").status_code in (301, 308)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-126", 0, 126), ("1000-1999", 1000, 1999), ("2000-", 2000, 2047), ("-10", 2038, 2047)],
)
def test_ranges_get_their_bytes(client, asked, first, last):
    answer = client.get("/public/tiles/a.0123456789ab.pmtiles", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206
    assert answer.data == DATA[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/2048"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "Content-Encoding" not in answer.headers


def test_whole_files_and_impossible_ranges(client):
    whole = client.get("/public/tiles/a.0123456789ab.pmtiles")
    assert (whole.status_code, whole.data) == (200, DATA)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert client.get("/public/tiles/a.0123456789ab.pmtiles", headers={"Range": "bytes=9999-"}).status_code == 416


def test_unchanged_files_are_not_sent_again_and_hashed_ones_are_kept(client):
    first = client.get("/public/index.html")
    again = client.get("/public/index.html", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert first.headers["Cache-Control"] == "no-cache"
    assert "immutable" in client.get("/public/tiles/a.0123456789ab.pmtiles").headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/public/../../secret.txt", "/public/..%2f..%2fsecret.txt", "/public/%2e%2e/%2e%2e/secret.txt",
     "/public//etc/passwd", "/public/..\\..\\secret.txt", "/.public.new/index.html", "/public/.hidden", "/notes/x",
     "/%2e%2e/secret.txt", "/public/tiles", "/public/tiles/"],
)  # fmt: skip
def test_nothing_outside_the_sites_is_served(client, root, path):
    (root / "public" / ".hidden").write_text("hidden")
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 404
    assert b"secret" not in answer.data
    assert b"hidden" not in answer.data


def test_every_answer_is_guarded(client):
    for path in ("/", "/public/", "/nothing/"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy
    assert client.post("/public/").status_code == 405


def test_only_local_names_are_answered_unless_told(root, client):
    assert client.get("/internal/", headers={"Host": "evil.example.org"}).status_code == 400
    assert client.get("/internal/", headers={"Host": "localhost:8000"}).status_code == 200
    assert client.get("/internal/", headers={"Host": "127.0.0.1:8000"}).status_code == 200
    passed_on = client.get("/internal/", headers={"X-Forwarded-For": "10.0.0.7"})
    assert passed_on.status_code == 400
    assert "--url" in passed_on.text
    behind = create_app(root, host="0.0.0.0", token="t" * 20).test_client()
    shown = {"Host": "map.example.org", "Authorization": "Bearer " + "t" * 20}
    assert behind.get("/internal/", headers=shown).status_code == 200


def test_a_folder_without_maps_is_refused(tmp_path):
    with pytest.raises(RegionError, match="geo-risk publish"):
        create_app(tmp_path)
