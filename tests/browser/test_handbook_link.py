"""The popup of an enterprise links its handbook where one lies beside the site, and nothing where none does."""

import json
import shutil

import pytest

pytestmark = pytest.mark.browser

REGION = "临澜市"


@pytest.fixture
def region(site, tmp_path):
    """A region folder with the made-up site as its internal one."""
    inner = tmp_path / "site" / "internal"
    shutil.copytree(site, inner)
    (script,) = (inner / "data").glob("site*.js")
    told = json.dumps({"folder": "../../handbooks", "region": REGION}, ensure_ascii=False)
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("= {", f'= {{"handbooks": {told}, ', 1), encoding="utf-8")
    (tmp_path / "handbooks").mkdir()
    return tmp_path


def opened(region, visit, of: str, files):
    """The page with the popup of a red enterprise; ``files`` makes the list of handbooks from its id."""
    page = visit((region / "site" / "internal" / "index.html").as_uri())
    spot = page.evaluate("""() => {
        const map = __geoRisk.map, box = map.getContainer().getBoundingClientRect();
        const [f] = map.queryRenderedFeatures({layers: ['enterprises']}).filter(f => f.properties.grade === 4);
        const at = map.project(f.geometry.coordinates);
        return [box.x + at.x, box.y + at.y, f.properties.id];
    }""")
    listed = json.dumps({"region": of, "files": files(spot[2])}, ensure_ascii=False)
    (region / "handbooks" / "handbooks.js").write_text(f"window.GEO_RISK_HANDBOOKS = {listed};\n", encoding="utf-8")
    page.mouse.click(spot[0], spot[1])
    page.locator(".facts h2").first.wait_for()
    return page


def test_a_listed_handbook_is_linked(region, visit):
    page = opened(region, visit, REGION, lambda firm: {firm: "a b#1.html"})
    link = page.locator(".facts .handbook a").first
    link.wait_for()
    assert link.evaluate("a => a.href") == (region / "handbooks").as_uri() + "/a%20b%231.html"
    assert "一企一手册" in link.inner_text()


@pytest.mark.parametrize(
    ("of", "files"), [("别处", lambda firm: {firm: "a.html"}), (REGION, lambda firm: {f"not {firm}": "a.html"})]
)
def test_handbooks_of_others_are_not_linked(region, visit, of, files):
    page = opened(region, visit, of, files)
    page.wait_for_function("() => window.GEO_RISK_HANDBOOKS")
    page.evaluate("() => new Promise(done => setTimeout(done, 0))")
    assert page.locator(".handbook").count() == 0
