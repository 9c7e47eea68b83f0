"""Emergency facilities as starts of journeys: which may serve, from which road, after which turnout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .network import Network
from .reach import Starts
from .snap import access_ms, column_text, snap_frame
from .speeds import rescue_default, turnout_seconds

KINDS = ("fire_station", "hospital", "ambulance_base", "rescue_team")
OUT_OF_SERVICE = ("closed", "stopped", "planned")


def facility_starts(
    network: Network,
    facilities: gpd.GeoDataFrame,
    kinds: Sequence[str] = KINDS,
    *,
    turnout_s: Mapping[str, float] | None = None,
    access_kmh: float | None = None,
    access_max_m: float | None = None,
) -> tuple[pd.DataFrame, Starts, pd.DataFrame]:
    """
    The facilities that can serve, and those that cannot.

    Parameters
    ----------
    facilities : GeoDataFrame
        ``schema.LAYERS["emergency_facilities"]``; its ``turnout_s`` [s] counts before the setting.
    turnout_s : mapping
        Kind -> turnout [s], in place of the rows of standards/rescue_defaults.csv.

    Returns
    -------
    served : DataFrame
        id, name, kind, turnout_s of the facilities in service, by kind, then id.
    starts : Starts
        The same rows on the network.
    idle : DataFrame
        id, name, kind, reason of the facilities of these kinds that cannot serve.

    Raises
    ------
    InputError
        If the column kind is missing or a turnout is negative.
    """
    if "kind" not in facilities and len(facilities):
        raise InputError("emergency_facilities: there is no column 'kind'; it says fire_station, hospital, ...")
    frame = facilities[np.isin(column_text(facilities, "kind"), list(kinds))]
    table = _table(frame, turnout_seconds(turnout_s))
    max_m = rescue_default("access_max_m") if access_max_m is None else access_max_m
    snapped = snap_frame(network, frame, "emergency_facilities", max_m=max_m)
    out = unserviceable(frame)
    reason = np.select(
        [out, np.isnan(snapped.xy).any(axis=1), snapped.edge < 0],
        ["out of service", "no position", f"no road within {max_m:g} m"],
        "",
    )
    kind_order = table["kind"].map({kind: i for i, kind in enumerate(kinds)}).to_numpy(float)
    order = np.lexsort((np.arange(len(table)), table["id"].to_numpy(str), kind_order))
    able, idle = order[reason[order] == ""], order[reason[order] != ""]
    at = snapped.take(able)
    served = table.iloc[able].reset_index(drop=True)
    starts = Starts(at, served["turnout_s"].to_numpy(float) * 1000.0 + access_ms(at, access_kmh))
    left = table.iloc[idle][["id", "name", "kind"]].assign(reason=reason[idle]).reset_index(drop=True)
    return served, starts, left


def unserviceable(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """(N,) whether a facility is out of service by its ``state``."""
    state = frame["state"].to_numpy(object) if "state" in frame else np.full(len(frame), None, object)
    return pd.Series(state, dtype=object).isin(OUT_OF_SERVICE).to_numpy()


def _table(frame: gpd.GeoDataFrame, turnout: Mapping[str, float]) -> pd.DataFrame:
    """id, name, kind, turnout_s."""
    text = {name: column_text(frame, name) for name in ("id", "name", "kind")}
    seconds = pd.Series(text["kind"], dtype=object).map(dict(turnout)).fillna(turnout["other"]).to_numpy(float)
    if "turnout_s" in frame:
        own = pd.to_numeric(frame["turnout_s"]).to_numpy(dtype=float, na_value=np.nan)
        if (own < 0).any():
            row = int(np.flatnonzero(own < 0)[0])
            raise InputError(
                f"emergency_facilities: {text['name'][row]!r} has turnout_s {own[row]:g}: write seconds, 0 or more."
            )
        seconds = np.where(np.isnan(own), seconds, own)
    return pd.DataFrame(text | {"turnout_s": seconds})
