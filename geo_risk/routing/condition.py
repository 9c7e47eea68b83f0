"""What is wrong with a road network and whom it leaves out, as a table a person can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from .facilities import KINDS, facility_starts
from .network import Network
from .snap import snap_frame

NEAR_M = 2.0  # loose ends this close to another line's end were most likely meant to meet [m]


def network_condition(
    network: Network,
    places: Mapping[str, gpd.GeoDataFrame],
    facilities: gpd.GeoDataFrame | None = None,
    *,
    kinds: Sequence[str] = KINDS,
    access_max_m: float | None = None,
    promised: int = 1,
) -> pd.DataFrame:
    """
    One row a finding (``schema.RESULTS["network"]``): what, count, share and why; zero counts are left out.

    Roads left out, values not taken as written, ends merged and connected, crossings joined or not, turn
    restrictions kept to or left out, one-way roads, loose ends within 2 m of another end, the length [km] outside
    the largest part connected both ways, and, by layer, the places whose nearest road is on such an island or that no
    road is near; then the emergency facilities of these kinds that no result counts, or that stand on such islands,
    and kinds with fewer than are ``promised`` in time.
    """
    report = network.report
    rows: list[tuple[str, float, float, str]] = [("roads used", report.used, report.used / report.roads, "")]
    rows += [("roads left out", n, n / report.roads, why) for why, n in report.skipped.items()]
    rows += [("values not taken as written", n, n / report.roads, why) for why, n in report.corrected.items()]
    rows += [
        ("line ends merged", report.merged_ends, np.nan, "within merge_ends_m under [rescue]"),
        ("loose ends connected", report.connected_ends, np.nan, "within connect_m under [rescue]"),
        ("crossings joined", report.split_crossings, np.nan, "same level, no bridge or tunnel"),
        ("crossings without a common vertex", report.unjoined_crossings or 0, np.nan,
         "the roads are not cut there: if they meet, set split_crossings under [rescue]"),
        ("loose ends near another end", _near_ends(network), np.nan,
         f"within {NEAR_M:g} m: if they meet, raise merge_ends_m under [rescue]"),
    ]  # fmt: skip
    rows.append(("turn restrictions kept to", report.turns, np.nan, ""))
    rows += [("turn restrictions kept to at all hours", n, np.nan, why) for why, n in report.turns_widened.items()]
    rows += [("turn restrictions left out", n, np.nan, why) for why, n in report.turns_left_out.items()]
    single = network.forward != network.backward
    km_single = network.metres[single].sum() / 1000
    rows.append(("km one-way", km_single, km_single / report.length_km, "check the one-way column if this is too much"))
    island = ~network.main
    rows.append(
        ("km outside the main part", network.metres[island].sum() / 1000, 1 - report.main_share,
         f"{report.components} parts: islands, wrong one-way values or gaps")
    )  # fmt: skip
    for name, frame in places.items():
        if not len(frame):
            continue
        at = snap_frame(network, frame, name, max_m=access_max_m)
        lost = at.edge < 0
        on_island = ~lost & island[np.where(lost, 0, at.edge)]
        for found, why in ((on_island, "on islands of the network"), (lost, "without a road near")):
            rows.append((f"places of {name}", float(found.sum()), float(found.mean()), why))
    rows += [] if facilities is None else _idle(network, facilities, kinds, access_max_m, promised)
    rows += [("warning", 1.0, np.nan, text) for text in report.warnings]
    frame = pd.DataFrame(rows, columns=["what", "count", "share", "why"]).astype({"count": float, "share": float})
    return frame[frame["count"] > 0].reset_index(drop=True)


def _idle(
    network: Network,
    facilities: gpd.GeoDataFrame,
    kinds: Sequence[str],
    access_max_m: float | None,
    promised: int,
) -> list[tuple[str, float, float, str]]:
    served, starts, idle = facility_starts(network, facilities, kinds, access_max_m=access_max_m)
    total = pd.concat([served["kind"], idle["kind"]]).value_counts()
    here = {kind: int((served["kind"] == kind).sum()) for kind in kinds}
    apart = served[~network.main[starts.at.edge]]
    return [
        (f"{kind} not counted", float(len(rows)), len(rows) / total[kind], f"{reason}: {_named(rows)}")
        for (kind, reason), rows in idle.groupby(["kind", "reason"])
    ] + [
        (f"{kind} on islands of the network", float(len(rows)), len(rows) / total[kind],
         f"check gaps and one-way values of the roads there, few are reached from it: {_named(rows)}")
        for kind, rows in apart.groupby("kind")
    ] + [
        (f"{kind} fewer than promised", float(promised - n), np.nan,
         f"{n} for promised = {promised} under [rescue]: no place keeps that promise, so no road is a weak link")
        for kind, n in here.items() if n < promised and promised > 1
    ]  # fmt: skip


def _named(rows: pd.DataFrame) -> str:
    return "、".join(rows["name"].where(rows["name"] != "", rows["id"]))


def _near_ends(network: Network) -> int:
    """Dead ends of the network within 2 m of another node that no edge joins to them."""
    degree = np.bincount(np.concatenate([network.tail, network.head]), minlength=len(network.x))
    xy = np.column_stack([network.x, network.y])[: network.junctions]
    pairs = cKDTree(xy).query_pairs(NEAR_M, output_type="ndarray")
    if not len(pairs):
        return 0
    n = len(network.x)
    joined = np.unique(np.minimum(network.tail, network.head) * n + np.maximum(network.tail, network.head))
    apart = ~np.isin(pairs.min(axis=1) * n + pairs.max(axis=1), joined)
    return len(np.intersect1d(pairs[apart], np.flatnonzero(degree == 1)))
