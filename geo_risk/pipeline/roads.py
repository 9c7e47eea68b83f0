"""The road network of a region, kept beside its results for questions to come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import store
from .._version import __version__
from ..region import Region

if TYPE_CHECKING:
    from ..routing.network import Network

# Layers a network is built from, those the region has.
ROAD_LAYERS = ("roads", "turn_restrictions")
# Files that hold the network itself, not what is wrong with it.
GRAPHS = (".graphml", ".gpkg")
_KEY = "key"


def network_file(region: Region) -> Path:
    """Where the step of rescue keeps the network it built."""
    return region.build / "network.npz"


def network(region: Region) -> Network:
    """The road network with the speeds of the settings: the kept one if roads and settings are those of now."""
    from ..routing.saved import network_from

    kept = store.read_arrays(network_file(region))
    if kept and np.array_equal(kept.pop(_KEY), _key(region)):
        return network_from(kept)
    return _built(region)


def keep_network(region: Region) -> Network:
    """The road network, built and kept."""
    from ..routing.saved import network_arrays

    made = _built(region)
    store.write_arrays(network_file(region), network_arrays(made) | {_KEY: _key(region)})
    return made


def _key(region: Region) -> np.ndarray:
    """What the network depends on: the files of its layers, the settings, the program and what it keeps."""
    from ..routing.network import Network

    files = [region.build / "layers" / f"{name}.parquet" for name in ROAD_LAYERS]
    roads = [store.sha256(path) if path.is_file() else None for path in files]
    text = json.dumps(
        [*roads, asdict(region.settings.rescue), __version__, [f.name for f in fields(Network)]], sort_keys=True
    )
    return np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)


def network_for(region: Region, vehicle: str, speeds: Mapping[str, float]) -> Network:
    """The road network of another vehicle at its speeds: its roads, and the turn restrictions that mean it."""
    from ..routing.network import with_speeds
    from ..routing.roads import usable_by
    from ..routing.vehicles import known_vehicle

    roads, own = region.layer("roads"), region.settings.rescue.vehicle
    mine, theirs = (usable_by(roads, speeds, known_vehicle(name)) for name in (vehicle, own))
    if "turn_restrictions" in region.settings.layers or not np.array_equal(mine, theirs):
        return _built(region, vehicle, speeds)
    return with_speeds(network(region), speeds)


def _built(region: Region, vehicle: str | None = None, speeds: Mapping[str, float] | None = None) -> Network:
    """The network of the settings, or of a ``vehicle``, that has no leave to ignore turn restrictions."""
    from ..routing.network import build_network
    from ..routing.speeds import vehicle_speeds

    rescue = region.settings.rescue
    ignored = rescue.ignore_turns and vehicle is None
    return build_network(
        region.layer("roads"),
        speeds=speeds or vehicle_speeds(rescue.vehicle, overrides=rescue.speeds_kmh),
        snap_m=rescue.merge_ends_m,
        connect_m=rescue.connect_m,
        split_crossings=rescue.split_crossings,
        turns=None if ignored else region.layers(*ROAD_LAYERS).get("turn_restrictions"),
        vehicle=vehicle or rescue.vehicle,
    )


def export_network(region: Region, to: str) -> tuple[str, str]:
    """
    Write the road network as a graph: .graphml as OSMnx reads it, .gpkg as layers of nodes and edges.

    Returns
    -------
    (str, str)
        Where it was written, and what of it the format could not hold.
    """
    from ..routing.interop import network_layers, write_graphml

    made = network(region)
    with store.replacing(Path(to)) as temporary:
        if to.lower().endswith(".gpkg"):
            store.write_geopackage(temporary, network_layers(made))
        else:
            write_graphml(made, temporary)
    kept = made.report.turns
    return to, f"{kept} turn restrictions are not in it" if kept else ""
