"""Maps of roads as readers see them: marks, ends, numbers, closed roads, forbidden ground, one language a page."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

import geo_risk
from geo_risk import answers, pipeline
from geo_risk.publish.catalogue import LAYERS
from geo_risk.publish.columns import popup_columns
from geo_risk.publish.drawn import layers_of
from geo_risk.publish.trips import ends, limited_roads, numbers
from geo_risk.publish.words import TRANSLATED, phrase
from geo_risk.roads.barred import barred_ground
from geo_risk.roads.parking import barriers_of
from geo_risk.roads.plots import Plots, judged
from geo_risk.siting.ground import Ground

HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{2,}[ _]+[a-z]{2,}|(?<![A-Za-z])[a-z]{4,}")
IDS = re.compile(r"［[a-z][\w-]*；")  # the row of a table of standards that a number is from
CRS = "EPSG:4549"


def routes(*lines) -> gpd.GeoDataFrame:
    names = {"from_name": ["甲"] * len(lines), "to_name": ["乙"] * len(lines), "route": range(1, len(lines) + 1)}
    return gpd.GeoDataFrame(names, geometry=[shapely.LineString(line) for line in lines], crs=CRS)


def test_ends_and_numbers_of_routes_by_hand():
    """A square in two ways: the ends once, and each number half way along the side that it does not share."""
    rows = routes([(0, 0), (0, 100), (100, 100)], [(0, 0), (100, 0), (100, 100)])
    start, end = ends(rows, 0, "from_name"), ends(rows, -1, "to_name")
    assert start.to_dict("list")["from_name"] == ["甲"]
    assert [(p.x, p.y) for p in (*start.geometry, *end.geometry)] == [(0, 0), (100, 100)]
    first, second = numbers(rows).geometry
    assert first.distance(shapely.Point(0, 100)) < 2.0
    assert second.distance(shapely.Point(100, 0)) < 2.0
    (alone,) = numbers(rows.iloc[:1]).geometry
    assert alone.distance(shapely.Point(0, 100)) < 2.0  # half way


def test_roads_that_say_they_are_open_are_not_limited():
    said = [None, "", "yes", "允许通行", "no", "7:00-21:00禁行", "Designated"]
    rows = gpd.GeoDataFrame({"hazmat": said}, geometry=[shapely.LineString([(0, 0), (1, 1)])] * len(said), crs=CRS)
    assert limited_roads(rows)["hazmat"].tolist() == ["no", "7:00-21:00禁行"]


def test_water_does_not_hide_who_comes():
    kinds = ["hydrant"] * 50 + ["water_source", "fire_station", "hospital", "depot", "rescue_team", "something new"]
    rows = gpd.GeoDataFrame(
        {"id": [str(i) for i in range(len(kinds))], "name": "某", "kind": kinds},
        geometry=[shapely.Point(i, 0) for i in range(len(kinds))], crs=CRS,
    )  # fmt: skip
    found = [item for item in layers_of({"layers/emergency_facilities": rows}) if not isinstance(item, str)]
    drawn = {spec.id: (spec, len(part)) for spec, part in found}
    hydrants, count = drawn["emergency_facilities_hydrant"]
    assert (hydrants.group, hydrants.visible, hydrants.style, count) == ("water_supply", False, "glyph", 50)
    assert hydrants.first_zoom == ("", {}, 13)
    forces = [s for s, _ in drawn.values() if s.group == "rescue"]
    assert {s.id: n for s, n in drawn.values()}["emergency_facilities"] == 1  # a kind nobody foresaw
    assert [s.id.removeprefix("emergency_facilities_") for s in forces][-1] == "fire_station"  # on top
    marks = [s.mark for s in forces if any(s.mark)]
    assert len(marks) == len(set(marks)) == 4


@pytest.fixture(scope="module")
def ground(city) -> Ground:
    return Ground(geo_risk.Region(city))


def test_forbidden_ground_is_what_plots_are_judged_by(ground):
    """Places by the thousand: in a drawn area exactly where the rules, and water, judge a plot there."""
    barriers = barriers_of(ground, 40)
    drawn = barred_ground(ground, barriers).set_index("state").geometry
    rng = np.random.default_rng(3)
    left, bottom, right, top = ground.boundary.bounds
    at = shapely.points(rng.uniform(left, right, 2000), rng.uniform(bottom, top, 2000))
    at = at[shapely.contains(ground.boundary, at)]
    n = len(at)
    front = np.full((n, 2), np.nan)
    plain = Plots(front, at, np.full(n, "", object), np.full(n, "clear", object), np.full(n, "", object))
    said = judged(ground, plain, barriers, built=True).verdict
    water = ground.layers["water"].geometry.to_numpy()
    wet = shapely.contains(shapely.union_all(water[shapely.get_dimensions(water) == 2]), at)
    said = np.where(wet, "conflict", said)
    here = {state: shapely.contains(shape, at) for state, shape in drawn.items()}
    seen = np.where(here["barred"], "conflict", np.where(here["unsure"], "undecided", "clear"))
    edge = np.min([shapely.distance(shapely.boundary(shape), at) for shape in drawn], axis=0)
    sure = edge > 8.0  # outlines are smoothed, circles are polygons
    assert {*said[sure]} == {"conflict", "undecided", "clear"}
    assert (seen[sure] == said[sure]).all()


def test_nothing_on_a_chinese_map_is_english(city):
    """Every text of every layer as the popup of the Chinese page has it."""
    tables, _, _ = pipeline.site_parts(geo_risk.Region(city))
    english, foreign = {}, []
    for item in layers_of(tables):
        if isinstance(item, str) or item[0].base:
            continue
        spec, rows = item
        columns = popup_columns(spec, list(rows.columns))
        foreign += [word for word in (spec.en, *(c["en"] for c in columns)) if HAN.search(word)]
        foreign += [w["en"] for c in columns for w in c["domain"].values() if HAN.search(w["en"])]
        for column in columns:
            name = column["name"]
            if column["dtype"] != "string" or name.endswith("_id") or name == "source_file":
                continue
            for value in rows[name].dropna().astype(str).unique():
                if not value or value in column["domain"] or value.startswith(("{", "[{")):
                    continue
                told = IDS.sub("［", phrase(value) if name in TRANSLATED else value)
                if ENGLISH.search(re.sub(r"\S+\.(csv|xlsx|zip|gpkg|geojson)\S*", "", told)):
                    english[spec.id, name] = told
    assert english == {}
    assert foreign == []


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("parking", ("plots_barred", "plots_unsure", "parking_existing", "parking_new")),
        ("stations", ("reach_before", "reach_gained", "stations_existing", "stations_plan", "plots_barred")),
        ("hazmat", ("hazmat_start", "hazmat_end", "hazmat_numbers", "hazmat_closed", "hazmat_fastest")),
        ("rescue", ("rescue_incident", "rescue_staging", "rescue_force", "rescue_route", "rescue_forbidden")),
    ],
)
def test_pages_speak_one_language_and_show_what_they_must(city, tmp_path, monkeypatch, page, shown):
    """What a page says of its own in Chinese and in English, and the layers that must be on it."""
    region = geo_risk.Region(city)
    fuel = region.layer("hazard_sources").query("kind == 'filling_station'")["id"].tolist()
    ask = {
        "parking": lambda to: region.parking(sites=1, bays=20, to=to),
        "stations": lambda to: region.stations(add=1, to=to),
        "hazmat": lambda to: region.hazmat(fuel[0], fuel[-1], substance="汽油", at="10:00", to=[to]),
        "rescue": lambda to: region.rescue(fuel[0], wind=(90.0, 3.0), substance="液氯", to=to),
    }
    told = {}
    write = answers.write_page

    def written(region, to, tables, surfaces, title, about, note, facts):
        told.update(title=title, note=note, facts=facts)
        write(region, to, tables, surfaces, title, about, note, facts)

    monkeypatch.setattr(answers, "write_page", written)
    path = tmp_path / "page.html"
    ask[page](str(path))
    for table in told["facts"]["en"]:
        assert not HAN.search(" ".join(table[0])), table[0]
        assert len({len(row) for row in table}) == 1
    said = [told["title"]["zh"], told["note"]["zh"], *(v for t in told["facts"]["zh"] for row in t for v in row)]
    assert [text for text in said if ENGLISH.search(text)] == []
    assert [len(t) for t in told["facts"]["zh"]] == [len(t) for t in told["facts"]["en"]]
    text = path.read_text(encoding="utf-8")
    names = {s.id: s.zh for s in LAYERS if not isinstance(s, str)}
    assert [id for id in shown if f'"name":"{names[id]}"' not in text] == []
    if page == "hazmat":
        assert told["title"]["en"] == "Hazmat routes: gasoline"
        assert "geo-risk-arrow" in text
        assert told["facts"]["zh"][0][1][0].startswith("1 最快")
