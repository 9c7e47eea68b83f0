"""Every command, as a user types it."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

import geo_risk
from geo_risk.cli import main
from geo_risk.store import read_surface


def ask(capsys, *argv: str) -> tuple[int, str]:
    code = main([str(a) for a in argv])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out + captured.err


def test_run_prints_a_table(city, capsys):
    code, out = ask(capsys, "run", city)
    assert code == 0
    assert re.search(r"^setbacks +up to date$", out, re.M)
    assert "0 steps ran" in out
    code, out = ask(capsys, "run", city, "--json")
    assert {r["state"] for r in json.loads(out)} == {"unchanged"}


def test_check_says_what_was_rejected(city, capsys):
    code, out = ask(capsys, "check", city)
    assert code == 3
    assert re.search(r"enterprises +\d+ read +\d+ kept +\d+ rejected", out)
    assert "quality.html" in out


def test_setbacks(city, capsys):
    code, out = ask(capsys, "setbacks", city)
    assert code == 3
    assert re.search(r"\d+ conflicts, \d+ undecided", out)
    assert "not checked:" in out
    code, out = ask(capsys, "setbacks", city, "--json")
    rows = json.loads(out)
    assert code == 3
    assert {
        "finding_id",
        "rule_id",
        "clause",
        "required_m",
        "clearance_m",
        "uncertainty_m",
        "verdict",
        "geometry",
    } <= set(rows[0])
    assert all(
        abs(lon - 123.2) < 0.5 and abs(lat - 32.2) < 0.5 for row in rows for lon, lat in row["geometry"]["coordinates"]
    )


def worst_cell(city: Path) -> str:
    """LON,LAT of a red cell."""
    import numpy as np
    from pyproj import Transformer

    surface = geo_risk.Region(city).surface("grade")
    row, col = (int(v[0]) for v in np.nonzero(surface.array == 4))
    lon, lat = Transformer.from_crs(surface.grid.crs, 4326, always_xy=True).transform(
        surface.grid.x[col], surface.grid.y[row]
    )
    return f"{lon:.7f},{lat:.7f}"


def test_explain_adds_up_and_equals_the_surface(city, capsys):
    place = worst_cell(city)
    code, out = ask(capsys, "explain", city, place, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["grade"] == told["surface"]["grade"] == 4
    assert told["index"] == pytest.approx(told["surface"]["index"], rel=1e-5)
    assert sum(s["share_percent"] for s in told["sources"]) == pytest.approx(100)
    assert told["grade"] == max(told["index_grade"], told["lsir_grade"])
    now = told["current"]
    assert now["grade"] == told["surface"]["residual_grade"]
    assert now["index"] == pytest.approx(told["surface"]["index_now"], rel=1e-5)
    assert sum(s["share_percent"] for s in now["sources"]) == pytest.approx(100)
    assert all(s["reason"].startswith("inherent") for s in now["sources"])
    code, out = ask(capsys, "explain", city, place)
    assert "重大" in out
    assert "current risk:" in out
    assert re.search(r"\d+(\.\d)? %", out)
    code, out = ask(capsys, "explain", city, "2.35,48.85")
    assert code == 1
    assert "outside the region" in out


def test_rescue_by_name_and_place(city, capsys):
    name = geo_risk.Region(city).layer("crowded_places")["name"].drop_duplicates(keep=False).iloc[0]
    code, out = ask(capsys, "rescue", city, "--at", name, "--json")
    rows = json.loads(out)["arrivals"]
    assert code == 0
    fire = [r for r in rows if r["facility_kind"] == "fire_station"]
    assert [r["rank"] for r in fire] == sorted(r["rank"] for r in fire)
    assert all(r["minutes"] >= 1 for r in fire)  # the turnout alone is a minute
    assert all(r["lost_min"] == 0 for r in rows)  # nothing is closed
    page = city / "rescue.html"
    lon, lat = (json.loads(out)["at"][c] for c in ("lon", "lat"))
    a, b, c, d = lon - 0.004, lat - 0.004, lon + 0.004, lat + 0.004
    closed = f"POLYGON (({a} {b}, {c} {b}, {c} {d}, {a} {d}, {a} {b}))"
    code, out = ask(
        capsys, "rescue", city, "--at", name, "--substance", "液氨", "--wind", "90", "--close", closed,
        "--hour", "peak", "--to", page,
    )  # fmt: skip
    assert code == 0
    assert "UN 1005" in out
    assert "closed:" in out
    assert "http://" not in page.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
    code, out = ask(capsys, "rescue", city, "--at", chlorine(city), "--wind", "112.5,3", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["forbidden"]["area_km2"] > 0
    assert {n["need"] for n in told["needs"]} >= {"fire_engines", "water_lps"}
    code, out = ask(capsys, "rescue", city, "--at", name, "--wind", "90")
    assert code == 1
    assert "nothing is known that the wind would carry" in out
    code, out = ask(capsys, "rescue", city, "--at", "没有这个单位")
    assert code == 1
    assert "nothing is called so" in out


@pytest.mark.parametrize("ending", ["csv", "xlsx", "geojson", "gpkg", "parquet"])
def test_export(city, tmp_path, capsys, ending):
    file = tmp_path / f"out.{ending}"
    code, _ = ask(capsys, "export", city, "major_hazards", "--to", file)
    assert code == 0
    assert file.stat().st_size > 500


def test_export_of_a_layer_and_of_nothing(city, tmp_path, capsys):
    file = tmp_path / "out.csv"
    assert ask(capsys, "export", city, "hidden_dangers", "--to", file)[0] == 0
    assert len(pd.read_csv(file)) == len(geo_risk.Region(city).layer("hidden_dangers"))
    code, out = ask(capsys, "export", city, "findingz", "--to", file)
    assert code == 1
    assert "findings" in out


@pytest.mark.postgis
def test_export_to_postgis_and_a_layer_from_it(own_city, postgis_url, capsys):
    assert ask(capsys, "export", own_city, "parking_lots", "--to", postgis_url)[0] == 0
    before = geo_risk.Region(own_city).layer("parking_lots")
    toml = own_city / "region.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('"inputs/停车场.csv"', f'"{postgis_url}#parking_lots"'), encoding="utf-8")
    code, out = ask(capsys, "run", own_city, "import parking_lots")
    assert code == 0, out
    after = geo_risk.Region(own_city).layer("parking_lots")
    assert after["id"].tolist() == before["id"].tolist()
    assert after.geometry.geom_equals_exact(before.geometry, 0.01).all()


def test_single_file_asks_nobody(city, tmp_path, capsys):
    file = tmp_path / "map.html"
    code, out = ask(capsys, "publish", city, "--single-file", "--profile", "internal", "--to", file)
    assert code == 0, out
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)
    assert "临澜" in text


def test_publish_elsewhere_and_never_over_foreign_files(city, tmp_path, capsys):
    code, _ = ask(capsys, "publish", city, "--profile", "public", "--to", tmp_path / "portal")
    assert code == 0
    assert (tmp_path / "portal" / "index.html").is_file()
    code, _ = ask(capsys, "publish", city, "--profile", "public", "--to", tmp_path / "portal")
    assert code == 0  # a site may be replaced
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    code, _ = ask(capsys, "publish", city, "--profile", "public", "--to", tmp_path / "thesis")
    assert code == 1
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "mine"


def test_init_on_the_demos_files(city, tmp_path, capsys):
    code, out = ask(capsys, "init", tmp_path / "mine", city / "inputs", "--name", "试")
    assert code == 0, out
    assert "企业名录.xlsx#企业名录: enterprises" in out
    given = {p.name for p in (city / "inputs").iterdir()}
    assert all(name in out for name in given)
    text = (tmp_path / "mine" / "region.toml").read_text(encoding="utf-8")
    for layer in (
        "enterprises",
        "hazard_sources",
        "gas_pipelines",
        "crowded_places",
        "roads",
        "districts",
        "population",
    ):
        assert f"[layers.{layer}]" in text
    code, out = ask(capsys, "init", tmp_path / "mine", city / "inputs")
    assert code == 1
    assert "is there already" in out
    code, out = ask(capsys, "init", tmp_path / "other", tmp_path / "nowhere.csv")
    assert code == 1
    assert "no such file" in out
    # What no evidence tells is asked, for all files at once; the answers wait in region.toml.
    code, out = ask(capsys, "run", tmp_path / "mine", "quality")
    assert code == 1
    assert "人口.csv: no coordinate system stated" in out
    text = text.replace('\n# crs = "wgs84"', '\ncrs = "wgs84"')
    (tmp_path / "mine" / "region.toml").write_text(text, encoding="utf-8")
    code, out = ask(capsys, "run", tmp_path / "mine", "quality")
    assert code == 0, out


def test_a_region_that_is_not_there(tmp_path, capsys):
    code, out = ask(capsys, "run", tmp_path)
    assert code == 1
    assert "geo-risk init" in out


def test_usage_errors_are_2():
    with pytest.raises(SystemExit) as stop:
        main(["run"])
    assert stop.value.code == 2


def test_the_server_shows_the_map(city):
    client = geo_risk.Region(city).app().test_client()
    assert client.get("/").status_code == 200
    assert client.get("/internal/").status_code == 200
    tile = next((city / "site" / "internal" / "tiles").glob("grade*.pmtiles"))
    answer = client.get(f"/internal/tiles/{tile.name}", headers={"Range": "bytes=0-6"})
    assert answer.status_code == 206
    assert answer.data == b"PMTiles"


def test_explain_tells_individual_risk(city, capsys):
    cell = worst_cell(city)
    code, out = ask(capsys, "explain", city, cell, "--json")
    risk = json.loads(out)["risk"]
    assert code == 0
    assert risk["lsir_per_yr"] > 0
    for part in ("sources", "scenarios", "outcomes", "weathers"):
        assert sum(row["share_percent"] for row in risk[part]) == pytest.approx(100)
    assert "individual risk:" in ask(capsys, "explain", city, cell)[1]


def chlorine(city: Path) -> str:
    sources = geo_risk.Region(city).table("risk_sources")
    return sources.loc[sources["substance"].isin(["氯", "氨"]), "source_id"].iloc[0]


def test_accident(city, capsys, tmp_path):
    source = chlorine(city)
    code, out = ask(capsys, "accident", city, source, "--wind", "112.5,3", "--at", "14:20", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["wind"]["from_deg"] == pytest.approx(112.5)
    assert told["period"] == "day"
    assert {"death"} <= {z["effect"] for z in told["zones"]}
    assert all(z["geometry"]["type"].endswith("Polygon") for z in told["zones"])
    assert told["rescue"]
    page = tmp_path / "accident.html"
    code, out = ask(capsys, "accident", city, source, "--to", page)
    assert code == 0
    assert "no wind given" in out
    assert "http://" not in page.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
    table = tmp_path / "zones.geojson"
    assert ask(capsys, "accident", city, source, "--to", table)[0] == 0
    assert json.loads(table.read_text(encoding="utf-8"))["features"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--wind", "east"], "write DEG,MPS"),
        (["--wind", "400,3"], "degrees within 0 to 360"),
        (["--at", "25:00"], "write a time of day"),
        (["--scenario", "none"], "this source has"),
    ],
)
def test_accident_refuses(city, capsys, more, message):
    code, out = ask(capsys, "accident", city, chlorine(city), *more)
    assert code == 1
    assert message in out


def test_an_unknown_source_is_told(city, capsys):
    assert "no risk source is called so" in ask(capsys, "accident", city, "nobody")[1]


def test_what_if(city, capsys, tmp_path):
    source = chlorine(city)
    code, out = ask(capsys, "what-if", city, source, "--to", tmp_path / "difference.tif", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["cells_computed"] > 0
    assert all(row["area_after_km2"] <= row["area_km2"] for row in told["contours"])
    assert (tmp_path / "difference.tif").is_file()
    assert "frequencies x 0.1" in ask(capsys, "what-if", city, source, "--factor", "0.1")[1]


def test_risk_tables_hold_together(city):
    region = geo_risk.Region(city)
    targets, curve, pll = (region.table(name) for name in ("target_risk", "fn_curve", "pll"))
    assert set(targets["verdict"]) <= {"pass", "fail", "undecided"}
    assert (targets.loc[targets["verdict"] == "fail", "margin"] < 1).all()
    assert (targets.loc[targets["verdict"] == "pass", "lsir_per_yr"] <= targets["limit_per_yr"].max()).all()
    whole = curve[curve["scope"] == "region"]
    assert (whole["frequency_per_yr"].diff().dropna() <= 0).all()
    region_pll = pll.loc[pll["scope"] == "region", "pll_per_yr"].iloc[0]
    assert pll.loc[pll["scope"] == "source", "pll_per_yr"].sum() == pytest.approx(region_pll)
    assert pll["lacked"].str.contains("no road tells its hazmat trips").all()


def test_uncertainty_takes_a_bounded_time(city, capsys, tmp_path):
    """The small city with the defaults: cells chosen by its size, three nested contours, within a minute."""
    import time

    from geo_risk.answers import UNSURE_DRAWS

    began = time.process_time()
    code, out = ask(capsys, "uncertainty", city, "--to", tmp_path, "--json")
    assert code == 0
    assert time.process_time() - began < 60
    rows = {(r["scope"], r["level_per_yr"]): r["area_km2"] for r in json.loads(out)["contours"]}
    levels = {level for _, level in rows}
    assert all(rows.get(("p05", v), 0) <= rows.get(("p50", v), 0) <= rows.get(("p95", v), 0) for v in levels)
    assert rows["p95", min(levels)] > 0
    assert (tmp_path / "index.html").is_file()
    drawn = read_surface(tmp_path / "lsir_p50.tif").grid
    assert drawn.shape[0] * drawn.shape[1] * 400 <= 1.2 * UNSURE_DRAWS


def test_a_pipeline_fails_at_the_place_given(city, capsys):
    region = geo_risk.Region(city)
    lines = region.table("risk_sources")
    line = lines[lines["layer"] == "gas_pipelines"].iloc[0]
    lon, lat = next(iter(lines.loc[[line.name]].to_crs(4326).geometry)).coords[0][:2]
    code, out = ask(capsys, "accident", city, f"{line['source_id']}@{lon:.6f},{lat:.6f}", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["at"]["lon"], told["at"]["lat"]) == pytest.approx((lon, lat), abs=2e-5)
    assert "0 m off" in told["at"]["why"]
    assert (
        "most people within" in json.loads(ask(capsys, "accident", city, line["source_id"], "--json")[1])["at"]["why"]
    )
    code, out = ask(capsys, "accident", city, f"{chlorine(city)}@{lon:.6f},{lat:.6f}")
    assert code == 1
    assert "stands at one place" in out
