"""Profiles made in region.toml: less than a built-in one, or more for a reason."""

import json

import pytest
from publish_city import TEMPLATE

from geo_risk.errors import SettingsError
from geo_risk.pipeline import require_stated
from geo_risk.publish.catalogue import table_schema
from geo_risk.publish.own_profile import profile_of
from geo_risk.publish.site import build_site
from geo_risk.region import Region
from geo_risk.sections import ProfileSettings
from geo_risk.settings import parse_settings

REASON = "市安委办〔2026〕12号"


def made(name="partners", **keys):
    return profile_of(name, {name: ProfileSettings(**keys)})


def test_without_a_section_the_built_in_ones_stand():
    assert profile_of("public", {}).name == "public"
    with pytest.raises(SettingsError, match="no publishing profile 'press'"):
        profile_of("press", {})
    assert made().columns("layers/enterprises") is None  # of the public one where no base is named


def test_hidden_tables_columns_and_surfaces_are_left_out():
    mine = made(base="internal", hide=("hidden_dangers", "enterprises.address", "lsir"))
    assert mine.columns("layers/hidden_dangers") is None
    assert mine.columns("layers/enterprises") == tuple(
        n for n in table_schema("layers/enterprises").names if n != "address"
    )
    assert made(base="internal", hide=("enterprises",)).columns("enterprises") is None  # the result with the layer
    assert mine.block_m("lsir") is None
    assert mine.block_m("grade") == 0.0
    assert made(base="internal", cell_m=200.0).block_m("grade") == 200.0
    assert made(base="public", cell_m=800.0).block_m("grade") == 800.0


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"show": ("hazard_sources.name",)}, "layers/hazard_sources.name"),
        ({"show": ("findings",)}, "findings"),
        ({"show": ("lsir",)}, "lsir"),
        ({"cell_m": 100.0}, "cells of 100 m .finer than 500 m."),
        ({"levels": ("township", "village")}, "areas of level village"),
        ({"min_persons": 10.0}, "groups of fewer than 100 persons"),
    ],
)
def test_more_than_the_base_takes_a_reason_which_is_told(keys, told):
    with pytest.raises(SettingsError, match=rf"\[profiles.partners\] shows more than public may: {told}.*reason ="):
        made(base="public", **keys)
    allowed = made(base="public", reason=REASON, **keys)
    assert len(allowed.beyond) == 1
    assert allowed.reason == REASON


def test_what_is_shown_beyond_is_that_column_alone():
    mine = made(base="public", show=("hazard_sources.name", "lsir"), reason=REASON)
    assert mine.columns("layers/hazard_sources") == ("name",)
    assert mine.block_m("lsir") == 500.0
    assert mine.columns("layers/enterprises") is None


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"hide": ("enterprizes",)}, "enterprizes.: no table, table.column or surface"),
        ({"hide": ("enterprises.phones",)}, "no table, table.column or surface"),
        ({"base": "internal", "hide": ("districts.grade",)}, "drawn by it"),
    ],
)
def test_what_cannot_be_is_refused(keys, told):
    with pytest.raises(SettingsError, match=told):
        made(**keys)
    with pytest.raises(SettingsError, match="stays its own base"):
        made("public", base="internal")


def test_sections_are_read_and_named_sites_must_have_one():
    layers = {"enterprises": {"source": "a.csv"}}
    region = {"name": "x", "boundary": "districts"}
    given = {"region": region, "layers": layers, "profiles": {"press": {"hide": ["water"]}}}
    found = parse_settings(given | {"publish": {"profiles": ["press"]}})
    assert found.profiles["press"].hide == ("water",)
    with pytest.raises(SettingsError, match=r"there is no \[profiles.pres\]. Did you mean 'press'"):
        parse_settings(given | {"publish": {"profiles": ["pres"]}})
    with pytest.raises(SettingsError, match="the name is a folder's"):
        parse_settings(given | {"profiles": {"../up": {}}})


def test_a_public_map_without_sources_or_date_is_not_published(tmp_path):
    toml = '[region]\nname = "x"\nboundary = "districts"\n[layers.enterprises]\nsource = "a.csv"\n[publish]\n'
    lines = {"": ("note", "date"), 'note = "登记 2026"\n': ("date",), 'date = "2026-11-01"\nunstated = ["note"]\n': ()}
    for more, lacking in lines.items():
        (tmp_path / "region.toml").write_text(toml + more, encoding="utf-8")
        region = Region(tmp_path)
        require_stated(region, "internal")
        if not lacking:
            require_stated(region, "public")
            continue
        with pytest.raises(SettingsError, match=r"the public map is not published.*unstated = \[") as told:
            require_stated(region, "public")
        assert all(f"({key} under [publish])" in str(told.value) for key in lacking)


def test_the_site_keeps_to_it_and_states_reason_and_watermark(tmp_path, tables, surfaces, meta, static):
    mine = made(base="public", show=("hazard_sources.name",), reason=REASON, watermark="仅供联动单位使用")
    build_site(tmp_path / "site", tables, surfaces, meta, mine, template=TEMPLATE, static=static)
    manifest = json.loads((tmp_path / "site" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["profile"] == "partners"
    assert manifest["beyond"] == {"shown": ["layers/hazard_sources.name"], "reason": REASON}
    (script,) = (tmp_path / "site" / "data").glob("site.*.js")
    data = json.loads(script.read_text(encoding="utf-8").removeprefix("window.GEO_RISK = ").removesuffix(";\n"))
    assert data["watermark"] == "仅供联动单位使用"
    layer = next(each for each in data["layers"] if each["id"] == "hazard_sources")
    assert [c["name"] for c in layer["columns"]] == ["name"]
    assert not [each for each in data["layers"] if each["id"].startswith("enterprises")]
