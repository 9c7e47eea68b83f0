"""A network that was kept answers as the one that was built."""

from dataclasses import fields

import numpy as np
import osmnx
import pyogrio
import pytest

import geo_risk
from geo_risk import store
from geo_risk.pipeline import roads as kept
from geo_risk.routing.network import build_network
from geo_risk.routing.saved import network_arrays, network_from


def test_a_network_comes_back_as_it_was(square, tmp_path):
    made = build_network(square.assign(name="路"), speeds={"road": 36.0})
    store.write_arrays(tmp_path / "network.npz", network_arrays(made))
    first = (tmp_path / "network.npz").read_bytes()
    found = network_from(store.read_arrays(tmp_path / "network.npz"))
    for field in fields(made):
        one, other = getattr(made, field.name), getattr(found, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other
    store.write_arrays(tmp_path / "network.npz", network_arrays(found))
    assert (tmp_path / "network.npz").read_bytes() == first


def test_a_damaged_or_missing_file_is_no_network(tmp_path):
    assert store.read_arrays(tmp_path / "none.npz") == {}
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no archive")
    assert store.read_arrays(tmp_path / "bad.npz") == {}


def test_the_region_builds_anew_only_where_roads_or_settings_changed(own_city, monkeypatch):
    def refuse(region):
        raise AssertionError("built anew")

    region = geo_risk.Region(own_city)
    before = kept.network(region)
    monkeypatch.setattr(kept, "_built", refuse)
    assert len(kept.network(region).metres) == len(before.metres)
    toml = own_city / "region.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "\n[rescue]\nmerge_ends_m = 2.0\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="built anew"):
        kept.network(geo_risk.Region(own_city))


def test_the_network_of_a_region_is_exported(own_city, tmp_path):
    region = geo_risk.Region(own_city)
    assert region.export("network", str(tmp_path / "n.gpkg"))[1] == ""
    assert {"nodes", "edges"} <= set(pyogrio.list_layers(tmp_path / "n.gpkg")[:, 0])
    region.export("network", str(tmp_path / "n.graphml"))
    graph = osmnx.io.load_graphml(tmp_path / "n.graphml", edge_dtypes={"osmid": str})
    assert len(graph) == len(pyogrio.read_dataframe(tmp_path / "n.gpkg", layer="nodes"))
    assert "what" in region.table("network")
