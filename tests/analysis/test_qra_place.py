"""Where on a line an accident happens, and own frequencies under a given wind."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from qra_city import CRS

from geo_risk.analysis.qra.accident import place_of
from geo_risk.analysis.qra.overrides import checked
from geo_risk.analysis.qra.report import accident
from geo_risk.analysis.qra.scenarios import risk_model
from geo_risk.analysis.qra.societal import People
from geo_risk.errors import InputError
from geo_risk.sections import RiskSettings

LINE = shapely.LineString([(0, 0), (10_000, 0)])


def people(*rows: tuple[float, float, float, float]) -> People:
    x, y, day, night = np.array(rows, float).T
    return People(x, y, 100.0, {"day": day, "night": night})


def test_a_line_fails_where_most_people_are():
    """Steps of 100 m: 300 m about x = 7050 and 7150 hold both villages of the day, the first of them is taken."""
    crowd = people((2000, 0, 500, 900), (7000, 100, 400, 100), (7200, -100, 300, 100), (9000, 5000, 10_000, 10_000))
    x, y, why = place_of(LINE, 300.0, crowd, "day")
    assert 7000 - 300 < x < 7200 + 300
    persons = crowd.persons["day"][np.hypot(crowd.x - x, crowd.y - y) <= 300].sum()
    assert (persons, y) == (700, 0)
    assert "most people within 300 m by day" in why
    night = place_of(LINE, 300.0, crowd, "night")[0]
    assert abs(night - 2000) < 300


def test_no_place_along_the_line_has_more_people():
    rng = np.random.default_rng(5)
    crowd = people(
        *zip(rng.uniform(0, 10_000, 200), rng.normal(0, 400, 200), *rng.integers(0, 90, (2, 200)), strict=True)
    )
    x, _, _ = place_of(LINE, 400.0, crowd, "day")

    def near(at: float) -> float:
        return float(crowd.persons["day"][np.hypot(crowd.x - at, crowd.y) <= 400].sum())

    assert near(x) == max(near(50 + 100 * k) for k in range(100))


def test_a_place_given_is_brought_to_the_line():
    crowd = people((2000, 0, 500, 900))
    x, y, why = place_of(LINE, 300.0, crowd, "day", (4321.0, 77.0))
    assert (x, y) == (4321.0, 0.0)
    assert "77 m off" in why
    assert place_of(LINE, 300.0, people((5000, 9000, 1, 1)), "day")[2].startswith("nobody within reach")
    with pytest.raises(InputError, match="leave out @LON,LAT"):
        place_of(shapely.Point(1, 2), 300.0, crowd, "day", (0.0, 0.0))


def test_a_given_wind_keeps_own_frequencies():
    tank = {"id": ["T1"], "name": ["液氯储罐"], "kind": ["tank_farm"], "substance": ["液氯"], "quantity_t": [20.0]}
    tank |= {"storage": ["pressurised"], "enterprise_id": ["E1"]}
    layer = {"hazard_sources": gpd.GeoDataFrame(tank, geometry=[shapely.Point(0, 0)], crs=CRS)}
    plain, made = risk_model(layer, None, RiskSettings())
    scenario = plain.outcomes[0].scenario
    rows = {"source_id": ["hazard_sources/T1"], "scenario": [scenario], "frequency_per_yr": ["0.125"]}
    rules = checked(pd.DataFrame(rows), made["risk_sources"])
    crowd = people((1000, 0, 5, 5))

    def rate(**more) -> float:
        told = accident(plain, crowd, {}, RiskSettings(), scenario=scenario, wind=(270.0, 3.0), **more)[0]
        return sum(row["frequency_per_yr"] for row in told["outcomes"])

    assert rate(rules=rules) == pytest.approx(0.125)
    assert rate() < 1e-4
