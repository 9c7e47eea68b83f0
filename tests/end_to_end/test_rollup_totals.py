"""Grades, shares and totals of a whole region, computed again from the rasters it publishes."""

import json

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from geo_risk import Region
from geo_risk.cli import main

GRADES = ("none", "blue", "yellow", "orange", "red")


def cell_shares(area, transform, shape):
    """(rows, cols) share of each cell that the area covers, from the polygons of the cells."""
    side, left, top = transform.a, transform.c, transform.f
    col, row = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    boxes = shapely.box(left + col * side, top - (row + 1) * side, left + (col + 1) * side, top - row * side)
    shapely.prepare(area)
    share = shapely.contains_properly(area, boxes).astype(float)
    rim = shapely.intersects(area, boxes) & (share == 0)
    share[rim] = shapely.area(shapely.intersection(boxes[rim], area)) / side**2
    return share


def test_districts_from_the_published_rasters(city):
    region = Region(city)
    with rasterio.open(region.build / "surfaces" / "grade.tif") as file:
        grade, transform = file.read(1), file.transform
    with rasterio.open(region.build / "surfaces" / "index.tif") as file:
        index = file.read(1)
    districts = region.table("districts")
    for _, row in districts.iterrows():
        share = cell_shares(row.geometry, transform, grade.shape)
        for g, word in enumerate(GRADES):
            assert row[f"share_{word}"] == pytest.approx(share[grade == g].sum() / share.sum(), abs=1e-9)
        assert row["index_mean"] == pytest.approx((share * index).sum() / share.sum(), rel=1e-6)
        assert row["index_max"] == pytest.approx(index[share > 1e-9].max())
    towns = districts[districts["level"] == "township"]
    city_row = districts[districts["level"] == "city"].iloc[0]
    assert towns["persons"].sum() == pytest.approx(city_row["persons"])


def test_enterprises_by_trade_park_and_district_are_all_of_them(city):
    region = Region(city)
    firms, layer = region.table("enterprises"), region.layer("enterprises")
    open_ones = ~layer["state"].isin(["closed", "planned"])
    groups = region.table("groups")
    trades = groups[groups["scope"] == "trade"]
    by_hand = pd.crosstab(layer["sector"][open_ones], firms["grade"][open_ones])
    for _, row in trades.iterrows():
        for g, word in enumerate(GRADES):
            assert row[f"n_{word}"] == (by_hand.loc[row["scope_id"]].get(g, 0))
    assert trades["n"].sum() == (open_ones & layer["sector"].notna()).sum()
    whole = groups[groups["scope"] == "region"].iloc[0]
    assert whole["n"] == open_ones.sum()
    balance = region.table("balance")
    assert balance["difference"].abs().max() < 1e-6 * balance["whole"].abs().max()
    persons = balance[balance["what"] == "residents of the layer"].iloc[0]
    assert persons["whole"] == pytest.approx(region.layer("population")["persons"].sum())
    assert persons["parts"] == pytest.approx(whole["persons"])


def test_segments_tile_the_pipelines(city):
    region = Region(city)
    cut = region.table("segments")
    pipes = region.layer("gas_pipelines")
    length = cut[cut["layer"] == "gas_pipelines"].length.groupby(cut["id"]).sum()
    np.testing.assert_allclose(length.reindex(pipes["id"]), pipes.length, rtol=1e-9)
    assert cut.length.max() <= region.settings.risk.segment_m * (1 + 1e-9)


def test_robustness_tells_how_sure_and_why(city, capsys):
    """The number of region.toml, so that nothing is computed anew."""
    assert main(["robustness", str(city), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert all(0 < row["certainty"] <= 1 for row in told["districts"])
    assert main(["robustness", str(city)]) == 0
    assert "certainty" in capsys.readouterr().out
    assert main(["robustness", str(city), "--samples", "12"]) == 1
    assert "power of two" in capsys.readouterr().err
    x, y = Region(city).layer("enterprises").to_crs(4326).geometry.iloc[0].representative_point().coords[0]
    assert main(["explain", str(city), f"{x},{y}"]) == 0
    assert "of the samples keep this colour" in capsys.readouterr().out
