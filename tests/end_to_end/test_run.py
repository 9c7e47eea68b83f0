"""From handed-over files to results: what a run writes, repeats, skips and survives."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import geo_risk
from geo_risk.errors import GeoRiskError
from geo_risk.schema import RESULTS


def ran(region: geo_risk.Region, *steps: str) -> list[str]:
    return [result.name for result in region.run(steps) if result.state == "ran"]


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_the_contract_of_the_folder(city):
    build = city / "build"
    for name in ("layers.gpkg", "quality.json", "quality.html", "manifest.json"):
        assert (build / name).is_file()
    for name in ("findings", "districts", "enterprises", "major_hazards", "travel_times", "service_areas", "coverage"):
        assert (build / "tables" / f"{name}.parquet").is_file()
    for name in ("index", "grade", "index_now", "residual_grade"):
        assert (build / "surfaces" / f"{name}.tif").is_file()
    for profile in ("internal", "public"):
        assert (city / "site" / profile / "index.html").is_file()
    steps = json.loads((build / "manifest.json").read_text(encoding="utf-8"))["steps"]
    for record in steps.values():
        assert record.keys() == {"inputs", "settings", "code", "outputs", "seconds", "peak_mb"}
        assert record["peak_mb"] > 10


def test_every_row_is_accounted_for(city, truth):
    quality = json.loads((city / "build" / "quality.json").read_text(encoding="utf-8"))
    for file in quality["files"]:
        assert file["rows_read"] == file["rows_kept"] + file["rows_rejected"], file["file"]
    by_file = {file["file"]: file for file in quality["files"]}
    for dirt in truth["broken_rows"]:
        unplaced = {kind: dirt["broken"][kind]["count"] for kind in ("zero", "blank") if kind in dirt["broken"]}
        issues = by_file[dirt["file"]]["issues"]
        told = sum(i["count"] for i in issues if i["code"] == "no_coordinates" and i["action"] == "rejected")
        swapped = sum(i["count"] for i in issues if i["code"] == "swapped")
        assert told >= sum(unplaced.values()), dirt["file"]
        assert swapped == dirt["broken"].get("swapped", {"count": 0})["count"], dirt["file"]


def test_seeded_conflicts_and_near_misses_are_found(city, truth):
    findings = geo_risk.Region(city).table("findings")
    keys = ["source_layer", "source_id", "target_layer", "target_id"]
    told = findings.assign(source_id=findings["source_id"].str.replace(r"-\d+$", "", regex=True))
    verdicts = told.groupby(keys)["verdict"].agg(set).to_dict()
    # Parallel pipelines and river intakes have no distance in the built-in tables; the report says so.
    without_rule = ("GB 50251-2015", "HJ 338-2018")
    for kind, verdict in (("conflicts", "conflict"), ("near_misses", "clear")):
        seeded = [c for c in truth[kind] if not c["standard"].startswith(without_rule)]
        assert len(seeded) >= 10
        for c in seeded:
            assert verdicts.get(tuple(c[k] for k in keys)) == {verdict}, c
    seeded = [c for c in truth["conflicts"] if not c["standard"].startswith(without_rule)]
    assert (findings["verdict"] == "conflict").sum() == len(seeded)  # and no conflict by chance


def test_misdeclared_major_hazards_are_found(city, truth):
    major = geo_risk.Region(city).table("major_hazards").set_index("unit_id")
    wrong = major.index[~major["agrees"].fillna(True).astype(bool)]
    assert set(wrong) == {m["unit_id"] for m in truth["misdeclared"]}
    assert {m["unit_id"]: int(major.loc[m["unit_id"], "level"]) for m in truth["misdeclared"]} == {
        m["unit_id"]: m["computed"] for m in truth["misdeclared"]
    }


def test_four_colours_and_shares(city):
    region = geo_risk.Region(city)
    grades = region.surface("grade").array
    assert set(np.unique(grades)) == {0, 1, 2, 3, 4}
    districts = region.table("districts")
    shares = districts[[f"share_{w}" for w in ("red", "orange", "yellow", "blue", "none")]].sum(axis=1)
    np.testing.assert_allclose(shares, 1, atol=1e-9)
    assert set(districts["grade"]) <= {0, 1, 2, 3, 4}


def test_composite_and_current_grades_follow_from_the_published_rasters(city):
    region = geo_risk.Region(city)
    cuts = (12, 30, 70)

    def graded(index):
        return np.where(index > 0, 1 + np.digitize(index, np.float32(cuts)), 0)

    lsir = region.surface("lsir_grade").array
    inside = region.surface("grade").array > 0
    for index, grade in (("index", "grade"), ("index_now", "residual_grade")):
        expected = np.maximum(graded(region.surface(index).array), lsir)
        np.testing.assert_array_equal(region.surface(grade).array[inside], expected[inside])
    now, was = region.surface("index_now").array, region.surface("index").array
    assert (now > was).any()  # hidden dangers
    assert (now < was).any()  # control measures
    districts, firms = region.table("districts"), region.table("enterprises")
    assert set(firms.columns) == {*RESULTS["enterprises"].names, "geometry"}
    assert set(districts.columns) == {*RESULTS["districts"].names, "geometry"}
    assert districts["grade_now"].notna().all()
    assert districts["rule_now"].str.len().gt(5).all()
    assert (firms["grade_now"] != firms["grade"]).any()
    assert firms.loc[firms["grade_now"] != firms["grade"], "reason_now"].str.contains("now: inherent").all()


def test_risk_points_are_graded_and_what_is_wrong_is_told(city, truth):
    region = geo_risk.Region(city)
    points = region.table("risk_points")
    quality = json.loads((city / "build" / "quality.json").read_text(encoding="utf-8"))
    files = [f for f in quality["files"] if f["layer"] == "risk_points"]
    assert sum(f["rows_read"] for f in files) == truth["rows"]["risk_points"]
    assert len(points) == sum(f["rows_kept"] for f in files)
    wrong = points[points["problem"] != ""]
    assert len(wrong) == 2
    assert wrong["problem"].str.contains("L = 4 is not on the scale of LEC").all()
    assert points["grade"].notna().all()  # the two keep what is declared
    assert set(points["grade"]) == {1, 2, 3, 4}
    assert [i["count"] for f in files for i in f["issues"] if i["code"] == "off_scale"] == [2]


def test_a_second_run_does_nothing(city):
    before = hashes(city)
    assert ran(geo_risk.Region(city)) == []
    assert hashes(city) == before


def test_one_touched_input_reruns_what_depends_on_it(own_city):
    region = geo_risk.Region(own_city)
    file = own_city / "inputs" / "事故.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))  # one accident fewer
    told = ran(region)
    assert told[:2] == ["import accidents", "quality"]
    assert {"index", "composite", "districts", "publish internal", "publish public"} <= set(told)
    assert not {"risk", "setbacks", "rescue", "points", "major hazards", "import roads"} & set(told)
    file.write_bytes(b"".join(lines[:-1]) + b"\r\n")  # a blank line: other bytes, the same rows
    assert ran(region) == ["import accidents", "quality"]  # the report names the file's new hash; nothing else follows


def test_settings_rerun_what_depends_on_them(own_city):
    toml = own_city / "region.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + '\n[setbacks]\nstandards = ["GB 55037"]\n', encoding="utf-8")
    assert ran(geo_risk.Region(own_city))[0] == "setbacks"
    findings = geo_risk.Region(own_city).table("findings")
    assert set(findings["standard"].str[:8]) == {"GB 55037"}


def test_two_fresh_runs_give_the_same_bytes(city, tmp_path):
    other = tmp_path / "again"
    geo_risk.demo(other, size="small")
    (other / "region.toml").write_bytes((city / "region.toml").read_bytes())
    geo_risk.Region(other).run(workers=1)  # the other city took every core
    assert hashes(other / "inputs") == hashes(city / "inputs")
    assert hashes(other / "build") == hashes(city / "build")
    assert hashes(other / "site") == hashes(city / "site")


BAD = {
    "missing": (lambda inputs: (inputs / "停车场.csv").unlink(), r"停车场\.csv"),
    "no coordinates": (
        lambda inputs: (inputs / "停车场.csv").write_text("名称,车位数\n甲,10\n", encoding="utf-8"),
        r"no coordinates.*Headers: 名称, 车位数.*columns",
    ),
    "empty": (lambda inputs: (inputs / "停车场.csv").write_bytes(b""), r"停车场\.csv.*empty"),
    "elsewhere": (
        lambda inputs: (inputs / "停车场.csv").write_text(
            "名称,经度,纬度\n甲,2.35,48.85\n乙,2.36,48.86\n", encoding="utf-8"
        ),
        r"停车场\.csv.*outside",
    ),
    "unreadable": (lambda inputs: (inputs / "停车场.csv").write_bytes(bytes(range(128, 256)) * 40), r"停车场\.csv"),
    "no workbook": (lambda inputs: (inputs / "应急力量.xlsx").write_bytes(b"PK\x03\x04 broken"), r"应急力量\.xlsx"),
    "broken GeoPackage": (
        lambda inputs: (inputs / "道路.gpkg").write_bytes(b"SQLite format 3\0" + b"x" * 200),
        r"道路\.gpkg",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_in_one_message_and_leaves_the_results(own_city, capsys, case):
    from geo_risk.cli import main

    damage, message = BAD[case]
    before = hashes(own_city / "build")
    damage(own_city / "inputs")
    assert main(["run", str(own_city)]) == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.startswith("geo-risk: ")]) == 1
    import re

    assert re.search(message, err), err
    assert hashes(own_city / "build") == before


def test_an_unknown_column_is_told(own_city, capsys):
    from geo_risk.cli import main

    toml = own_city / "region.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(
        text.replace("[layers.parking_lots]", '[layers.parking_lots]\ncolumns = { name = "车场名" }'), encoding="utf-8"
    )
    assert main(["run", str(own_city)]) == 1
    err = capsys.readouterr().err
    assert "车场名" in err
    assert "停车场.csv" in err


def test_a_broken_extract_is_told(own_city, capsys):
    from geo_risk.cli import main

    (own_city / "inputs" / "city.osm.pbf").write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader broken")
    toml = own_city / "region.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace("inputs/道路.gpkg", "inputs/city.osm.pbf"), encoding="utf-8"
    )
    before = hashes(own_city / "build")
    assert main(["run", str(own_city)]) == 1
    assert "city.osm.pbf" in capsys.readouterr().err
    assert hashes(own_city / "build") == before


def test_a_killed_run_leaves_the_old_results_or_the_new(own_city):
    """Kill at growing delays until a run survives; after every kill build/ is wholly old or wholly new."""
    toml = own_city / "region.toml"  # without quantified risk, which would only make each run longer
    toml.write_text(toml.read_text(encoding="utf-8").replace("quantified = true", ""), encoding="utf-8")
    geo_risk.Region(own_city).run()
    file = own_city / "inputs" / "加油加气站.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    old = hashes(own_city / "build")
    fresh = own_city.with_name("fresh")
    shutil.copytree(own_city, fresh)
    shutil.rmtree(fresh / "build")
    geo_risk.Region(fresh).run()
    new = hashes(fresh / "build")
    assert old != new
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    delay, kills = 0.8, 0
    while True:
        process = subprocess.Popen(
            [sys.executable, "-m", "geo_risk", "run", str(own_city)], env=environment, stdout=subprocess.DEVNULL
        )
        time.sleep(delay)
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        process.wait()
        kills += 1
        assert hashes(own_city / "build") in (old, new)
        assert kills < 60
        delay *= 1.4
    assert kills
    assert hashes(own_city / "build") == new
    assert hashes(own_city / "site") == hashes(fresh / "site")


def test_the_demo_refuses_a_folder_that_is_not_its_own(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(GeoRiskError, match="not empty and not the demo"):
        geo_risk.demo(tmp_path)
