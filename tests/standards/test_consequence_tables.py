"""Tables of the consequence models: how many rows, unique keys, and the order their numbers must have."""

import pytest

from geo_risk import standards

TABLES = {
    "britter_mcquaid": (42, ["release", "ratio", "alpha_to"]),
    "dispersion_sigmas": (48, ["set", "stability", "axis"]),
    "overpressure_probits": (3, ["set"]),
    "pipeline_frequencies": (23, ["set", "condition", "wall_from_mm", "hole"]),
    "pipeline_ignition": (6, ["hole", "diameter_over_mm"]),
    "probits": (31, ["set", "cas"]),
    "thermal_probits": (6, ["set"]),
    "wind_profile": (12, ["surface", "stability"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_and_keys(name):
    rows, key = TABLES[name]
    frame = standards.table(name)
    assert len(frame) == rows
    assert not frame.duplicated(key).any()


def test_knots_of_heavy_clouds_lie_in_order():
    """The first pieces of each curve are flat, and a thinner cloud is reached farther away."""
    frame = standards.table("britter_mcquaid")
    for _, curve in frame.groupby("release"):
        first = curve.groupby("ratio")["intercept"].first().sort_index(ascending=False)
        assert first.is_monotonic_increasing
        assert (curve.groupby("ratio")["alpha_to"].last() == 1).all()


def test_unverified_rows_are_marked():
    frame = standards.table("pipeline_frequencies").set_index(["set", "hole"])
    assert frame.loc[("egig", "pinhole"), "confidence"] == "MU"
    assert set(frame.loc["gb_t_34346", "confidence"]) == {"V"}
