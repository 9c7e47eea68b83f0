import html.parser
import json
import re

import folium
import numpy as np
import pytest
import shapely
from branca.element import JavascriptLink
from folium.plugins import HeatMap, MarkerCluster
from publish_city import NASTY, frame

from geo_risk.errors import GeoRiskError
from geo_risk.publish.check import outside_addresses
from geo_risk.publish.folium_map import folium_map, single_file

# Any address with a host, wherever it stands, but for the names of XML vocabularies.
ADDRESS = re.compile(r"(?i)(?:\b(?:https?|wss?|ftp):)//[^\s\"'<>)]+|[\"'(]//[a-z0-9-]+\.[^\s\"'<>)]+")


def outside(page: str) -> set[str]:
    return {a for a in ADDRESS.findall(page) if not a.startswith("http://www.w3.org/")}


def layers(page: str) -> dict[str, list]:
    """Features by the name of the layer in the switch."""
    names = dict(re.findall(r'"((?:[^"\\]|\\.)+)" : (geo_risk_features_\w+),', page))
    found = re.findall(r"var (geo_risk_features_\w+) = geoRiskLayer\((\[.*?\]), \{\"geometry\"", page)
    data = {name: json.loads(text) for name, text in found}
    titles = {json.loads(f'"{title}"'): name for title, name in names.items() if name in data}
    return {re.sub(r"^<i [^>]*></i>", "", title): data[name] for title, name in titles.items()}  # without the swatch


class Page(html.parser.HTMLParser):
    """What stands outside scripts."""

    def __init__(self):
        super().__init__()
        self.inside, self.text, self.tags = False, "", []

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "script"
        self.tags.append(tag)

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.text += "" if self.inside else data


@pytest.fixture(scope="module")
def page(tables, surfaces, meta):
    return single_file(folium_map(tables, surfaces, meta))


def test_the_page_asks_nobody(page):
    assert outside(page) == set()
    assert outside_addresses(page, "html") == []
    assert "sourceMappingURL" not in page
    assert "bootstrap" not in page
    assert "setPrefix('Leaflet')" in page
    assert page.count("L.Icon.Default.mergeOptions") == 1


def test_the_layers_are_those_of_the_tables(page, tables):
    found = layers(page)
    assert len(found["企业风险等级"]) == 300
    assert [f["properties"]["grade"] for f in found["企业风险等级"]] == sorted(
        tables["enterprises"]["grade"]
    )  # red on top
    assert len(found["间距冲突"]) == 20
    assert len(found["危险源"]) == 30
    assert page.count("data:image/png;base64") >= 2
    for word in ("重大 红", "较大 橙", "一般 黄", "低 蓝"):
        assert word in page


def test_names_cannot_leave_their_place(page):
    assert "<b>`" not in page
    parsed = Page()
    parsed.feed(page)
    assert "厂" not in parsed.text
    assert "b" not in parsed.tags
    assert page.count("</script>") == parsed.tags.count("script") == 5
    assert any(f["properties"]["name"] == NASTY for f in layers(page)["镇街风险等级"])


def test_titles_are_text(tables, surfaces, meta):
    import dataclasses

    nasty = dataclasses.replace(meta, title={"zh": NASTY, "en": "x"}, note={"zh": "<img src=x>", "en": ""})
    out = single_file(folium_map({}, {}, nasty))
    assert "<b>`" not in out
    assert "<img src=x>" not in out
    assert "临江&lt;/script&gt;" in out


def test_the_same_map_is_the_same_file_and_shows_in_a_notebook(tables, surfaces, meta, page):
    again = folium_map(tables, surfaces, meta)
    assert single_file(again) == page
    assert single_file(again) == page  # rendering does not change the map
    assert outside(again._repr_html_().replace("&quot;", '"').replace("&#x27;", "'")) == set()


def test_plugins_that_packages_carry_are_inlined_others_refused(tables, meta):
    at = [(31.9, 120.1), (31.91, 120.12)]
    clustered = folium_map({"districts": tables["districts"]}, {}, meta)
    MarkerCluster(at, popups=["a", "b"]).add_to(clustered)
    folium.Marker(at[0]).add_to(clustered)
    out = single_file(clustered)
    assert outside(out) == set()
    assert "markerClusterGroup" in out
    assert "marker-cluster-small" in out
    heated = folium_map({"districts": tables["districts"]}, {}, meta)
    HeatMap(at).add_to(heated)
    with pytest.raises(GeoRiskError, match=r"asks for https://.*which no installed package carries.*Remove it"):
        single_file(heated)
    linked = folium_map({}, {}, meta)
    linked.get_root().header.add_child(JavascriptLink("https://example.org/x.js"))
    with pytest.raises(GeoRiskError, match=r"example\.org/x\.js"):
        single_file(linked)


def test_too_many_features_keep_the_worst_and_say_so(tables, surfaces, meta):
    out = single_file(folium_map(tables, surfaces, meta, max_features=100))
    found = layers(out)
    drawn = sum(map(len, found.values()))
    assert drawn <= 100
    assert len(found["间距冲突"]) == 20
    assert "要素过多，仅显示" in out
    rows = re.search(r"企业风险等级: (\d+) / 300", out)
    assert rows
    if int(rows[1]):
        grades = [f["properties"]["grade"] for f in found["企业风险等级"]]
        assert grades == sorted(sorted(tables["enterprises"]["grade"], reverse=True)[: int(rows[1])])


def test_the_public_map_holds_no_secret(tables, surfaces, meta):
    out = single_file(folium_map(tables, surfaces, meta, profile="public"))
    for word in ("储罐", "企业", "quantity_t", "管线", "verdict"):
        assert word not in out
    assert "学校" in out


def test_english_and_empty_maps(meta):
    import dataclasses

    english = dataclasses.replace(meta, languages=("en", "zh"))
    one = frame([shapely.Point(505_000, 3_535_000)], id=["a"], name=["Tank"], kind=["tank_farm"], quantity_t=[np.nan])
    out = single_file(folium_map({"layers/hazard_sources": one}, {}, english))
    assert list(layers(out)) == ["Hazard sources"]
    assert "Major R" in out


def test_base_areas_lie_below_the_surface():
    """Leaflet draws images at z-index 400: an area of the base map above that would hide red."""
    from geo_risk.publish.page import read_resource

    assert 'look.base && look.geometry === "fill" ? "base"' in read_resource("templates", "single_file.js")
