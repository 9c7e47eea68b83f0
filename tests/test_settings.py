"""region.toml: what is accepted, and what each refusal says."""

import pytest

from geo_risk.errors import SettingsError
from geo_risk.settings import describe, load_settings, parse_settings

BASE = {
    "region": {"name": "临澜市"},
    "layers": {"districts": {"source": "a.geojson"}, "enterprises": {"source": ["b.csv", "c.csv"]}},
}


def with_key(section, key, value):
    return {**BASE, section: {**BASE.get(section, {}), key: value}}


def test_defaults_and_lists():
    settings = parse_settings(BASE)
    assert settings.region.boundary == "districts"
    assert settings.rescue.limits_min == (5.0, 10.0, 15.0)
    assert settings.layers["enterprises"].source == ("b.csv", "c.csv")
    assert settings.layers["districts"].columns == {}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"layers": BASE["layers"]}, r"\[region\] name is missing"),
        ({"region": {"name": "x"}}, r"no \[layers.NAME\] section"),
        ({**BASE, "rescu": {}}, r"unknown section \[rescu\]. Did you mean 'rescue'"),
        ({**BASE, "layers": {"enterprise": {"source": "a"}}}, r"\[layers.enterprise\]. Did you mean 'enterprises'"),
        ({**BASE, "layers": {"roads": {}}}, r"\[layers.roads\] source is missing"),
        (with_key("region", "cel_m", 25), r"no key 'cel_m'. Did you mean 'cell_m'"),
        (with_key("region", "cell_m", "25 m"), r"cell_m = '25 m': must be a number"),
        (with_key("region", "cell_m", True), r"cell_m = True: must be a number"),
        (with_key("region", "cell_m", -25), r"cell_m = -25: must be a number above 0 m"),
        (with_key("risk", "cuts", [3, 2, 1, 0]), r"cuts = \[3, 2, 1, 0\]: must be four rising numbers within 0 to 100"),
        (with_key("risk", "cuts", [0, 1, 2]), r"cuts = \[0, 1, 2\]: must be four rising numbers"),
        (with_key("risk", "weight_base", 0), r"weight_base = 0: must be a number above 0"),
        (with_key("risk", "weight_population", float("nan")), r"weight_population = nan: must be a number"),
        (with_key("risk", "district_min_share", 0), r"district_min_share = 0: must be a number above 0"),
        (with_key("rescue", "limits_min", [10, 5]), r"limits_min = \[10, 5\]: must be positive, rising numbers"),
        (with_key("rescue", "limits_min", 5), r"limits_min = 5: must be a list of numbers"),
        (with_key("rescue", "speeds_kmh", {"trunk": "fast"}), r"speeds_kmh = .* must be a table of numbers"),
        (with_key("publish", "languages", ["de"]), r"languages = \['de'\]: must be one of 'zh', 'en'"),
        (with_key("compute", "workers", 1.5), r"workers = 1.5: must be a whole number"),
        ({**BASE, "region": 3}, r"\[region\] must be a section"),
    ],
)
def test_refusals_name_key_value_and_what_is_allowed(document, message):
    with pytest.raises(SettingsError, match=message):
        parse_settings(document)


def test_file_troubles(tmp_path):
    with pytest.raises(SettingsError, match=r"no such file\. Start a region with: geo-risk init"):
        load_settings(tmp_path / "region.toml")
    (tmp_path / "region.toml").write_bytes("name = '临'".encode("gbk"))
    with pytest.raises(SettingsError, match="Save it as UTF-8"):
        load_settings(tmp_path / "region.toml")
    (tmp_path / "region.toml").write_text("[region\n")
    with pytest.raises(SettingsError, match=r"not valid TOML: .*line 1"):
        load_settings(tmp_path / "region.toml")


def test_every_key_is_described():
    for row in describe():
        assert row["meaning"], row
        assert not row["meaning"].endswith("."), row
        assert row["default"], row
        number = "number" in row["type"]
        assert not (row["key"].endswith(("_m", "_s", "_min", "_kmh", "_gb")) and number) or row["unit"], row
