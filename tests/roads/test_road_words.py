"""What people read of answers over the network: layers, words, refusals."""

import re

import geopandas as gpd
import pytest
import shapely

from geo_risk import standards
from geo_risk.cli import main
from geo_risk.errors import InputError
from geo_risk.publish.drawn import layers_of
from geo_risk.publish.words import phrase
from geo_risk.region import Region
from geo_risk.roads.plots import Barrier, _said
from geo_risk.roads.rescue import _in_words

CRS = "EPSG:32651"


def routes(**columns) -> gpd.GeoDataFrame:
    n = len(columns["why"])
    lines = [shapely.LineString([(500_000, 3_500_000 + k), (501_000, 3_500_000 + k)]) for k in range(n)]
    ends = {"from_name": "甲", "to_name": "乙"}
    return gpd.GeoDataFrame({"route": range(1, n + 1), **ends, **columns}, geometry=lines, crs=CRS)


def drawn(table: gpd.GeoDataFrame) -> dict[str, list[int]]:
    """The routes by the layer of lines that shows them; their ends and numbers are layers of points."""
    found = [item for item in layers_of({"hazmat_routes": table}) if not isinstance(item, str)]
    return {spec.id: rows["route"].tolist() for spec, rows in found if spec.geometry == "line"}


def test_every_route_of_a_trip_is_drawn_once_in_a_colour_of_its_own():
    why = ["fastest", "other way", "best compromise", "other way", "least risk"]
    table = routes(why=why, flow="", used=None)
    assert drawn(table) == {
        "hazmat_other_way": [2, 4], "hazmat_fastest": [1], "hazmat_least_risk": [5], "hazmat_best_compromise": [3],
    }  # fmt: skip
    specs = [item[0] for item in layers_of({"hazmat_routes": table}) if not isinstance(item, str)]
    ways = [spec for spec in specs if spec.geometry == "line"]
    assert len({spec.color for spec in ways}) == len({spec.dash for spec in ways}) == 4  # without colours, by patterns
    assert [spec.id for spec in specs if spec.geometry == "circle"] == ["hazmat_numbers", "hazmat_start", "hazmat_end"]


def test_of_flows_only_the_used_routes_are_drawn():
    why = ["fastest", "best compromise", "least risk"]
    assert drawn(routes(why=why, flow="row 2", used=[False, True, False])) == {"hazmat_routes": [2]}


@pytest.mark.parametrize("rule", list(standards.table("site_rules").itertuples()), ids=lambda r: r.rule_id)
def test_every_rule_for_a_site_is_told_in_chinese(rule):
    cited = f"{rule.rule_id} {rule.standard} {rule.clause} {rule.en}".replace(" - ", " ")
    told = phrase(f"{cited}: 学府中大道, 130 m of 100 m; {cited}: 运河6, inside")
    assert rule.zh in told
    assert not re.search(r"[a-z]{3}", told.replace("S30b", ""))


def test_a_rule_without_a_distance_forbids_the_ground_and_a_range_tells_its_metres():
    def barrier(required, sure, name):
        return Barrier([None], [name], required, [sure], "conflict", "SR10 project choice from water")

    assert _said(barrier(0.0, 0.0, "公园"), 0, 0.0) == "SR10 project choice from water: 公园, inside"
    assert _said(barrier(0.0, 50.0, ""), 0, 12.4) == "SR10 project choice from water, 12 m of 50 m"
    assert _said(barrier(100.0, 110.0, "澜江"), 0, 90.0) == "SR10 project choice from water: 澜江, 90 m of 100 m"


@pytest.mark.parametrize(("lang", "words"), [("zh", "出发；右转"), ("en", "depart; right")])
def test_the_steps_on_a_page_are_in_its_language(lang, words):
    steps = [{"en": "depart", "zh": "出发"}, {"en": "right", "zh": "右转"}]
    told = {
        "arrivals": [{"facility_kind": "fire_station", "facility_id": "a", "steps": steps}],
        "forbidden": {"en": "chlorine", "zh": "液氯"},
    }
    plan = gpd.GeoDataFrame(
        {"what": ["forbidden", "route", "force"], "facility_kind": [None, "fire_station", "fire_station"],
         "facility_id": [None, "a", "a"], "note": ["chlorine", "depart; right", None]},
        geometry=[shapely.Point(0, 0)] * 3, crs=CRS,
    )  # fmt: skip
    note = _in_words(plan, told, lang)["note"]
    assert note.dropna().tolist() == [told["forbidden"][lang], words]
    assert plan["note"].tolist()[0] == "chlorine"  # the table stays as it was


def test_a_place_far_outside_is_a_mistake_and_one_at_the_edge_is_not(monkeypatch):
    region = object.__new__(Region)  # without a folder
    monkeypatch.setattr(Region, "frame", {"bounds": [123.1, 32.1, 123.3, 32.2], "crs": CRS})
    monkeypatch.setattr(Region, "crs", CRS)
    _, y = region.locate("123.35,32.15")
    assert 3.5e6 < y < 3.6e6
    for place in ("32.15,89", "123.2,32.31", "122.9,32.15"):
        with pytest.raises(InputError, match="the longitude first"):
            region.locate(place)


def test_a_file_in_place_of_the_destination_is_told(capsys):
    assert main(["hazmat", "nowhere", "--from", "A", "--to", "x.html"]) == 1
    assert "--write x.html" in capsys.readouterr().err
