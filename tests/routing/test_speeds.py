"""The standards tables and the settings that replace their rows."""

import pytest

from geo_risk.errors import SettingsError
from geo_risk.routing.speeds import rescue_default, turnout_seconds, vehicle_speeds
from geo_risk.standards import table


@pytest.mark.parametrize(("name", "key"), [("road_speeds", ["class"]), ("rescue_defaults", ["setting", "kind"])])
def test_rows_are_unique_and_read_ones_name_their_clause(name, key):
    rows = table(name)
    assert not rows.duplicated(key).any()
    assert (rows.loc[rows["confidence"] == "V", ["edition", "clause"]] != "-").all(axis=None)


def test_better_roads_are_not_slower():
    order = ["motorway", "trunk", "primary", "secondary", "tertiary", "residential", "living_street"]
    for vehicle in ("car", "fire_engine", "ambulance"):
        speeds = [vehicle_speeds(vehicle)[name] for name in order]
        assert speeds == sorted(speeds, reverse=True)


def test_published_figures():
    # Fire engines: town core 30-35 km/h, arterial 40-50, county road 60-70, expressway 80; ambulance + 10 %.
    speeds = vehicle_speeds()
    assert speeds["motorway"] == 80
    assert 60 <= speeds["trunk"] <= 70
    assert 40 <= speeds["secondary"] <= speeds["primary"] <= 50
    assert 30 <= speeds["residential"] <= speeds["tertiary"] <= 35
    assert vehicle_speeds("ambulance")["primary"] == pytest.approx(1.1 * speeds["primary"])
    assert speeds["footway"] == 0
    assert turnout_seconds()["fire_station"] == 60
    assert turnout_seconds()["ambulance_base"] == 180


def test_overrides_and_peak_factor():
    speeds = vehicle_speeds(overrides={"primary": 20.0, "track": 0.0}, factor=rescue_default("hour_factor", "peak"))
    assert speeds["primary"] == pytest.approx(14.0)
    assert speeds["track"] == 0
    assert turnout_seconds({"fire_station": 90.0})["fire_station"] == 90


@pytest.mark.parametrize(
    "call",
    [
        lambda: vehicle_speeds("tank"),
        lambda: vehicle_speeds(factor=0.0),
        lambda: vehicle_speeds(overrides={"primary": -1.0}),
        lambda: vehicle_speeds(overrides={"primary": float("nan")}),
        lambda: vehicle_speeds(overrides={"road": 0.0}),
        lambda: turnout_seconds({"hospital": -1.0}),
    ],
)
def test_impossible_settings_are_refused(call):
    with pytest.raises(SettingsError):
        call()


def test_a_default_that_does_not_exist():
    with pytest.raises(KeyError, match="no row 'nonsense'"):
        rescue_default("nonsense")
