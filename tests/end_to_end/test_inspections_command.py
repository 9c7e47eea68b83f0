"""The command `inspections` on the finished city."""

import json

import pandas as pd

from geo_risk import Region
from geo_risk.cli import main


def test_dues_and_tours(city, tmp_path, capsys):
    file = tmp_path / "plan.xlsx"
    assert main(["inspections", str(city), "--teams", "2", "--days", "2", "--json", "--to", str(file)]) == 0
    rows = pd.DataFrame(json.loads(capsys.readouterr().out))
    layer = Region(city).layer("enterprises")
    working = layer[~layer["state"].isin(["closed", "planned"])] if "state" in layer else layer
    assert set(rows["enterprise_id"]) <= set(working["id"])
    assert rows["enterprise_id"].is_unique
    assert rows["priority"].tolist() == sorted(rows["priority"])
    visits = rows[rows["team"].notna()]
    assert set(visits["team"]) == {1, 2}
    assert visits["day"].nunique() == 2
    for _, tour in visits.sort_values("order").groupby(["team", "day"]):
        assert tour["order"].tolist() == list(range(1, len(tour) + 1))
        assert tour["arrival"].tolist() == sorted(tour["arrival"])
    assert len(pd.read_excel(file, engine="openpyxl")) == len(rows)


def test_a_day_that_is_none_is_refused(city, capsys):
    assert main(["inspections", str(city), "--from", "30 June"]) == 1
    told = capsys.readouterr().err
    assert "30 June" in told
    assert "Traceback" not in told


def test_the_finished_region_is_untouched(city, capsys):
    before = (city / "build" / "tables" / "inspections.parquet").read_bytes()
    assert main(["inspections", str(city), "--teams", "1"]) == 0
    assert "enterprise" in capsys.readouterr().out
    assert (city / "build" / "tables" / "inspections.parquet").read_bytes() == before
