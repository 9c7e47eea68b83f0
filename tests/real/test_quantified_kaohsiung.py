"""Quantified risk of a real port city whose files tell no stocks and no diameters: everything is there, and adds up."""

import numpy as np
import pytest

import geo_risk
from geo_risk.analysis.qra.points import lsir_points
from geo_risk.answers import risk_model
from geo_risk.store import read_surface

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def kaohsiung(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantified") / "kaohsiung"
    geo_risk.init(folder, [real_data / "kaohsiung"], name="高雄市")
    settings = folder / "region.toml"
    coarse = settings.read_text(encoding="utf-8").replace("[region]\n", "[region]\ncell_m = 100\n", 1)
    settings.write_text(coarse + "\n[risk]\nquantified = true\n", encoding="utf-8")
    region = geo_risk.Region(folder)
    region.run(["risk"])
    return region


def test_every_result_is_there(kaohsiung):
    assert len(kaohsiung.table("risk_contours"))
    curve = kaohsiung.table("fn_curve")
    whole = curve[curve["scope"] == "region"].sort_values("deaths")
    assert (whole["frequency_per_yr"].diff().dropna() <= 0).all()
    assert kaohsiung.table("pll").set_index("scope").loc["region", "pll_per_yr"] > 0
    # 11 a year while a line of 343 km boiled off more than it held and burned along the ground; one real accident in
    # some thirty years killed 32.
    assert 0.5 < kaohsiung.table("pll").set_index("scope").loc["region", "pll_per_yr"] < 5
    assert set(kaohsiung.table("risk_contours")["confidence"]) == {"MU"}
    # Stocks and diameters are defaults of confidence MU, and what rests on them does not pass close to a limit.
    targets = kaohsiung.table("target_risk")
    assert set(targets["verdict"]) <= {"pass", "undecided", "fail"}
    close = (targets["lsir_per_yr"] * 10 > targets["limit_per_yr"]) & (targets["confidence"] == "MU")
    assert "pass" not in set(targets.loc[close, "verdict"])


def test_handlers_are_sources_or_listed(kaohsiung):
    handlers = set("hazard_sources/" + kaohsiung.layer("hazard_sources")["id"])
    sources, missing = kaohsiung.table("risk_sources"), kaohsiung.table("not_quantified")
    assert handlers == set(sources.loc[sources["layer"] == "hazard_sources", "source_id"]) | set(missing["source_id"])
    assert missing["reason"].str.len().min() > 10
    assert {"weather", "some_share"} <= set(kaohsiung.table("unverified")["quantity"])


def test_parts_add_up_at_a_thousand_places(kaohsiung):
    model = risk_model(kaohsiung)
    surface = read_surface(kaohsiung.build / "surfaces" / "lsir.tif")
    rows, cols = np.nonzero(surface.array > 1e-9)
    some = np.random.default_rng(3).choice(len(rows), 1000, replace=False)
    rows, cols = rows[some], cols[some]
    found = lsir_points(model, surface.grid.x[cols], surface.grid.y[rows], top=50)
    assert found.part.sum(axis=1) == pytest.approx(found.total, rel=1e-6)
    assert surface.array[rows, cols] == pytest.approx(found.total, rel=1e-4)
