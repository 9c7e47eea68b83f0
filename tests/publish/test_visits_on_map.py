"""Inspections on the map by due date, tours as lines, and links to handbooks."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from publish_city import CRS

from geo_risk.publish.catalogue import EXTRA_DOWNLOADS, LAYERS, Spec, result_tables
from geo_risk.publish.drawn import layers_of
from geo_risk.publish.profile import get_profile, shown_tables
from geo_risk.publish.server import create_app
from geo_risk.schema import RESULTS


def plan() -> gpd.GeoDataFrame:
    """Six visits: team 1 makes three on one day, given out of order, and one on the next; team 2 a single one."""
    table = pd.DataFrame(
        {
            "enterprise_id": list("abcdef"),
            "due": ["overdue", "overdue", "within_30_days", "within_90_days", "later", "overdue"],
            "team": pd.array([1, 1, 1, 1, 2, None], "Int64"),
            "day": ["2026-07-01"] * 3 + ["2026-07-02", "2026-07-01", None],
            "order": pd.array([3, 1, 2, 1, 1, None], "Int64"),
        }
    )
    places = shapely.points(500_000 + 1000 * np.arange(6.0), 3_540_000 + np.zeros(6))
    return gpd.GeoDataFrame(table, geometry=places, crs=CRS)


def test_every_visit_is_in_the_layer_of_its_due_date_and_tours_run_in_order():
    drawn = {item[0].id: item for item in layers_of({"inspections": plan()}) if not isinstance(item, str)}
    ids = {name: rows["enterprise_id"].tolist() for name, (_, rows) in drawn.items() if name.startswith("due_")}
    assert ids == {
        "due_overdue": ["a", "b", "f"], "due_within_30_days": ["c"], "due_within_90_days": ["d"], "due_later": ["e"]
    }  # fmt: skip
    assert [name for name in drawn if name.startswith("tours")] == ["tours_1"]  # one visit is no line
    spec, rows = drawn["tours_1"]
    assert (spec.geometry, rows["day"].tolist()) == ("line", ["2026-07-01"])
    assert shapely.get_coordinates(rows.geometry)[:, 0].tolist() == [501_000, 502_000, 500_000]
    assert "team 1" in spec.en
    assert "第 1 组" in spec.zh


def test_each_code_of_due_has_its_layer():
    codes = set(RESULTS["inspections"].column("due").domain)
    assert codes == {s.where["due"][0] for s in LAYERS if isinstance(s, Spec) and "due" in s.where}


def test_inspections_are_not_public():
    shown, notes = shown_tables(get_profile("public"), {"inspections": plan()})
    assert shown == {}
    assert notes == ["inspections: not shown in profile public"]


def test_a_row_of_the_catalogue_is_all_a_table_needs_to_be_published():
    assert {s.table for s in LAYERS if isinstance(s, Spec) and "/" not in s.table} <= set(result_tables())
    assert set(EXTRA_DOWNLOADS) <= set(result_tables())
    assert set(result_tables()) <= set(RESULTS)


@pytest.mark.parametrize(("there", "status"), [(True, 200), (False, 404)])
def test_the_server_answers_handbooks_where_the_map_looks_for_them(tmp_path, there, status):
    site, books = tmp_path / "site" / "internal", tmp_path / "handbooks"
    for folder in (site, books):
        folder.mkdir(parents=True)
    (site / "index.html").write_text("map")
    (books / "handbooks.js").write_text("window.GEO_RISK_HANDBOOKS = " + json.dumps({"region": "r", "files": {}}))
    (books / ".new").write_text("half")
    client = create_app(tmp_path / "site", handbooks=books if there else None).test_client()
    assert client.get("/handbooks/handbooks.js").status_code == status
    assert client.get("/handbooks/.new").status_code == 404
    assert client.get("/handbooks/../site/internal/index.html").status_code == 404
