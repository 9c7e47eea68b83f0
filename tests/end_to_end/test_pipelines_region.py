"""What was put beside the demo city's pipelines on purpose is found, and told by the region's tables and maps."""

import json

import geo_risk


def test_every_seeded_house_on_a_pipeline_is_found_and_no_other(city, truth):
    table = geo_risk.Region(city).table("encroachments")
    found = table[(table["kind"] == "protection") & (table["verdict"] == "conflict")]
    seeded = {(c["source_id"], c["target_id"]): c["clearance_m"] for c in truth["conflicts"] if c["clause"] == "30"}
    told = dict(zip(zip(found["id"], found["target_id"], strict=True), found["distance_m"], strict=True))
    assert len(seeded) >= 5
    assert told.keys() == seeded.keys()
    assert all(abs(told[key] - clearance) < 0.05 for key, clearance in seeded.items())
    near_misses = {c["target_id"] for c in truth["near_misses"] if c["clause"] == "30"}
    assert near_misses
    assert not near_misses & set(table[table["kind"] == "protection"]["target_id"])


def test_every_seeded_place_in_an_impact_circle_causes_an_area(city, truth):
    hca = geo_risk.Region(city).table("hca")
    causes = {
        (row["id"], cause["id"]): cause
        for row in hca[hca["verdict"] == "found"].to_dict("records")
        for cause in json.loads(row["causes"])
        if cause["layer"] == "crowded_places"
    }
    assert len(truth["in_impact_circle"]) == 5
    for seeded in truth["in_impact_circle"]:
        cause = causes[seeded["pipeline_id"], seeded["place_id"]]
        assert cause["item"] == "c"
        assert abs(cause["distance_m"] - seeded["distance_m"]) < 1.0  # positions of the file are rounded


def test_classes_cover_every_gas_trunk_and_the_public_map_shows_none(city):
    region = geo_risk.Region(city)
    pipes, classes = region.layer("gas_pipelines"), region.table("location_classes")
    trunk = pipes[(pipes["kind"] == "long_distance") & (pipes["medium"] == "natural_gas")]
    covered = (classes["to_m"] - classes["from_m"]).groupby(classes["id"]).sum()
    assert len(trunk) >= 1
    for pipe_id, length in zip(trunk["id"], trunk.length, strict=True):
        assert abs(covered[pipe_id] - length) < 0.01
    shown = {profile: layers_of(city / "site" / profile) for profile in ("internal", "public")}
    ours = {"hca_2", "class_3", "encroachments", "crossings"}
    assert ours <= shown["internal"].keys()
    assert not any(ours & {name} or layer.get("group") == "pipelines" for name, layer in shown["public"].items())


def layers_of(site):
    """The layers of a published map by id."""
    (data,) = (site / "data").glob("site.*.js")
    told = data.read_text(encoding="utf-8")
    return {layer["id"]: layer for layer in json.loads(told[told.index("{") : told.rindex("}") + 1])["layers"]}
