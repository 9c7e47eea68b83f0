"""The data of a click: small, exact, and only where the profile shows all of it."""

import base64
import gzip
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from geo_risk.grid import Grid
from geo_risk.publish.check import check_site
from geo_risk.publish.spot import TABLES, spot_data

GRID = Grid("EPSG:4549", 500_000.0, 3_560_000.0, 25.0, (400, 600))


def tables() -> dict[str, pd.DataFrame]:
    places = [shapely.Point(501_000, 3_559_000), shapely.Point(502_000, 3_558_000)]
    places.append(shapely.LineString([(503_000, 3_557_000), (504_000, 3_557_000), (504_000, 3_556_000)]))
    sources = gpd.GeoDataFrame(
        {"source_id": ["a", "b", "c"], "id": ["9", "1", "5"], "name": ["甲", None, "丙"]}, geometry=places, crs=GRID.crs
    )
    rows = [(s, "leak", "toxic", 0, 1e-5, 1) for s in (0, 1)] + [(2, "hole", "jet_fire", -1, 2e-6, 0)]
    names = ["source", "scenario", "kind", "weather", "frequency_per_yr", "footprint"]
    prints = pd.DataFrame({
        "x_m": [[0.0, 50.0], [1.0, 10.0, 90.0]], "value": [[1.0, 0.0], [9.0, 6.0, 2.0]],
        "width_m": [None, [1.0, 4.0, 9.0]], "outdoor": [[1.0, 0.0], [1.0]], "indoor": [[1.0, 0.0], [0.1]],
        "slope": [np.inf, 1.375], "offset_m": [0.0, 0.0],
    })  # fmt: skip
    weather = {"stability": ["D"], "speed_mps": [3.0], "period": ["all"], "share": [1.0]}
    weather["towards"] = [np.full(144, 1 / (2 * np.pi))]
    found = (sources, pd.DataFrame(rows, columns=names), prints, pd.DataFrame(weather))
    return dict(zip(TABLES, found, strict=True))


def unpacked(data: dict) -> dict[str, np.ndarray]:
    raw, out, at = gzip.decompress(base64.b64decode(data["data"])), {}, 0
    for name, kind, length in data["arrays"]:
        out[name] = np.frombuffer(raw, f"<{kind}", length, at)
        assert at % out[name].itemsize == 0
        at += out[name].nbytes
    assert at == len(raw)
    return out


def test_what_is_packed_is_what_was_given():
    data = spot_data(tables(), GRID)
    a = unpacked(data)
    assert data["sources"] == [["a", "甲"], ["b", ""], ["c", "丙"]]
    assert a["like"].tolist() == [0, 0, 1]  # two alike share their outcomes
    assert a["first"].tolist() == [0, 1, 2]
    assert [data["scenarios"][k] for k in a["scenario"]] == ["leak", "hole"]
    assert [data["kinds"][k] for k in a["kind"]] == ["toxic", "jet_fire"]
    assert a["footprint"].tolist() == [1, 0]
    assert a["nodes"].tolist() == [2, 3]
    assert a["x"].tolist() == [0, 50, 1, 10, 90]
    assert a["width"].tolist() == [1, 4, 9]
    assert a["segments"].tolist() == [1, 1, 2]
    assert a["segment"].reshape(-1, 4)[[0, 3]].tolist() == [[1000, -1000, 1000, -1000], [4000, -3000, 4000, -4000]]
    assert json.dumps(data) == json.dumps(spot_data(tables(), GRID))


def test_places_are_read_to_a_decimetre():
    data = spot_data(tables(), GRID)
    a, lattice = unpacked(data), data["lattice"]
    east, north = (a[n].reshape(-1, lattice["columns"]) for n in ("east", "north"))
    x, y = np.random.default_rng(1).uniform([0, -10_000], [15_000, 0], (500, 2)).T
    lon, lat = pyproj.Transformer.from_crs(GRID.crs, 4326, always_xy=True).transform(x + GRID.left, y + GRID.top)
    u, v = (lon - lattice["west"]) / lattice["step"], (lat - lattice["south"]) / lattice["step"]
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    for nodes, truth in ((east, x), (north, y)):
        low = nodes[j, i] + (u - i) * (nodes[j, i + 1] - nodes[j, i])
        high = nodes[j + 1, i] + (u - i) * (nodes[j + 1, i + 1] - nodes[j + 1, i])
        np.testing.assert_allclose(low + (v - j) * (high - low), truth, atol=0.1)


@pytest.mark.parametrize("missing", TABLES)
def test_without_all_tables_there_is_nothing(missing):
    assert spot_data({n: t for n, t in tables().items() if n != missing}, GRID) is None


def test_the_gate_refuses_it_on_a_public_map(city, tmp_path):
    import shutil

    from test_site import rehash

    site = tmp_path / "public"
    shutil.copytree(city / "site" / "public", site)
    assert check_site(site) == []
    spot = next((city / "site" / "internal" / "data").glob("spot.*.js"))
    shutil.copy(spot, site / "data" / spot.name)
    rehash(site)
    found = "; ".join(check_site(site))
    assert "may not be shown in profile public" in found
    assert "beside the site and the search index" in found
