"""The firms that move hazardous goods: which they are, how much each counts, and the roads their trucks may use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import RegionError
from ..siting.ground import Ground
from .demand import Demand, districts_at
from .plots import parameter

if TYPE_CHECKING:
    import geopandas as gpd

    from ..routing.network import Network

FACILITY = "hazmat_parking"
# Words by which a firm says that it moves or holds hazardous goods, in the columns of enterprises.
_REGULATED = "危险化学品|危化品|危险货物|易制爆|剧毒"
_SECTOR = "危化|危险|化工|加油|加气|油库|燃气"
_CARRIER = "危货|危险品|危险货物|危化品运输|危运|化工物流|油品运输"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Carriers:
    """
    Firms (D,) that move hazardous goods, on the ``network`` of roads open to their trucks at every hour.

    ``trips`` (D,) a year that begin or end there, None where no flows are known; ``demand.weight`` (D,) these, else
    what their kind weighs. ``notes``: what a person must know to judge them.
    """

    network: Network
    demand: Demand
    trips: Floats | None
    notes: list[str]


def carriers_of(ground: Ground) -> Carriers:
    """
    Enterprises that move hazardous goods: regulated for them, of such a trade or name, with a hazard source, or at
    an end of the flows of the settings.

    Raises
    ------
    InputError
        If the file of flows cannot be read.
    RegionError
        If there are no such firms.
    """
    from ..analysis.rows import working
    from ..pipeline.hazmat import always_open
    from ..routing.snap import frame_points, snap_points

    region = ground.region
    frame = ground.layers.get("enterprises")
    if frame is None:
        raise RegionError(f"{region.folder}: this needs a [layers.enterprises] section: lots are to serve firms.")
    trips, lost = _trips(ground)
    moves, weight = _kinds(ground, frame)
    there = (moves | frame["id"].isin(list(trips)).to_numpy(bool)) & working(frame)
    firms = frame[there]
    if not len(firms):
        raise RegionError(
            f"{region.folder}: no enterprise moves hazardous goods by its trade, what it is regulated for or "
            "its hazard sources. Fill the columns regulated (监管类别) or sector (行业) of the enterprises."
        )
    network, local = always_open(region)
    at = snap_points(network, frame_points(firms), max_m=region.settings.rescue.max_access_m)
    told = np.array([trips.get(i, 0.0) for i in firms["id"]]) if trips else None
    weight = weight[there] if told is None else np.where(told > 0, told, parameter(FACILITY, "trips_unlisted"))
    what, ones = np.full(len(firms), "enterprises", object), np.ones(len(firms))
    demand = Demand(what, ones, weight, at, districts_at(ground, at.xy))
    return Carriers(network, demand, told, [*_notes(local, told), *lost])


def _kinds(ground: Ground, frame: gpd.GeoDataFrame) -> tuple[NDArray[np.bool_], Floats]:
    """(N,) which enterprises move hazardous goods by what is known of them, and what each weighs by its kind."""
    from ..analysis.rows import working
    from ..routing.snap import column_text

    def says(column: str, words: str) -> NDArray[np.bool_]:
        return pd.Series(column_text(frame, column)).astype(str).str.contains(words, regex=True).to_numpy(bool)

    carries = says("name", _CARRIER)
    moves = says("regulated", _REGULATED) | says("sector", _SECTOR) | carries
    weight = np.ones(len(frame))
    hazards, major = ground.layers.get("hazard_sources"), ground.table("major_hazards")
    if hazards is not None and "enterprise_id" in hazards:
        holds = frame["id"].isin(hazards.loc[working(hazards), "enterprise_id"].dropna()).to_numpy(bool)
        moves |= holds
        weight[holds] = parameter(FACILITY, "weight_hazard_source")
    if major is not None:
        listed = major.loc[major["verdict"] == "major", "enterprise_id"].dropna()
        weight[frame["id"].isin(listed).to_numpy(bool)] = parameter(FACILITY, "weight_major")
    weight[carries] = np.maximum(weight[carries], parameter(FACILITY, "weight_carrier"))
    return moves, weight


def _trips(ground: Ground) -> tuple[dict[str, float], list[str]]:
    """Trips a year that begin or end at each enterprise by its id, by the flows of the settings; what has no place."""
    from ..pipeline.flows import read_flows, trips_of

    region = ground.region
    if not region.settings.hazmat.flows:
        return {}, []
    owner = _owners(ground)
    out: dict[str, float] = {}
    lost: Counter[str] = Counter()
    for row in read_flows(region.folder / region.settings.hazmat.flows):
        trips = trips_of(row)
        if trips is None:
            lost["flows without a number of trips: not counted"] += 1
            continue
        for end in ("from", "to"):
            firm = owner.get(row[end])
            if firm is None:
                lost["ends of flows are no enterprise of the region: not counted"] += 1
            else:
                out[firm] = out.get(firm, 0.0) + trips
    return out, [f"{n} {what}" for what, n in lost.items()]


def _owners(ground: Ground) -> dict[str, str]:
    """Id or name of an enterprise, or of a hazard source of one -> its id; names that stand twice are left out."""
    pairs: list[tuple[str, str]] = []
    firms, hazards = ground.layers["enterprises"], ground.layers.get("hazard_sources")
    for column in ("name", "id"):
        if hazards is not None and "enterprise_id" in hazards:
            owned = hazards[hazards["enterprise_id"].notna() & hazards[column].notna()]
            pairs += zip(owned[column].astype(str), owned["enterprise_id"].astype(str), strict=True)
        named = firms[firms[column].notna()]
        pairs += zip(named[column].astype(str), named["id"].astype(str), strict=True)
    found: dict[str, set[str]] = {}
    for name, firm in pairs:
        found.setdefault(name, set()).add(firm)
    return {name: next(iter(of)) for name, of in found.items() if len(of) == 1}


def _notes(local: int, trips: Floats | None) -> list[str]:
    notes = ["minutes are those of a hazmat truck on the roads open to it at every hour with any load"]
    if local:
        notes.append(f"{local} stretches of road for local traffic only count as open")
    if trips is None:
        return [*notes, "no flows are known: carriers, major hazards and firms with hazard sources weigh more "
                "(site_parameters.csv, MU)"]  # fmt: skip
    unlisted = int((trips == 0).sum())
    return [*notes, f"firms weigh their trips a year; {unlisted} that the flows do not name "
            f"{parameter(FACILITY, 'trips_unlisted'):g} each (MU)"]  # fmt: skip
