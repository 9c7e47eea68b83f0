"""Which changed input rows stand behind the factors of current risk (`current.current_sources`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from .causes import Inputs, Key, Pair, merged
from .current import danger_state
from .grading import owners
from .rows import records

# What of a firm's own row is a factor, or tells what is the firm's.
_OF_FIRM = frozenset({"standardisation", "alarms", "id", "name"})


@dataclass(frozen=True)
class Factors:
    """
    Changed rows behind what changes a source's level now.

    ``firm`` by firm (its row, its hidden dangers, the date by which they are overdue), ``rescue`` by source (the
    first fire engine), ``firms`` the firm of each source in either state.
    """

    inputs: Inputs
    firm: Mapping[str, list[int]]
    rescue: Mapping[Key, list[int]]
    firms: Sequence[Mapping[Key, str]]

    def behind(self, layer: str, i: str) -> list[int]:
        """Numbers of the changed rows behind the factor of a source: also its own, with measures and owner."""
        own = () if layer == "enterprises" else self.inputs.find(layer, [i])
        of_firms = [self.firm.get(of[layer, i], ()) for of in self.firms if (layer, i) in of]
        return merged(own, self.rescue.get((layer, i), ()), *of_firms)


def firm_factors(inputs: Inputs, layers: Pair, as_of: tuple[str, str], dating: Sequence[int]) -> dict[str, list[int]]:
    """
    Firm id -> changed rows behind the factors it has as a whole.

    Parameters
    ----------
    as_of
        Data date of either state.
    dating
        Changed rows the data dates rest on; behind what became overdue, or no longer is, by the date alone.
    """
    found: dict[str, set[int]] = {}
    for n in inputs.of("enterprises"):
        row = inputs.table.iloc[n]
        if row["change"] != "changed" or _OF_FIRM & set(row["columns"]):
            for firm in {row["id"], row["id_before"]} - {None}:
                found.setdefault(firm, set()).add(int(n))
    for state in layers:
        if {"hidden_dangers", "enterprises"} <= set(state):
            _add_dangers(found, inputs, state["hidden_dangers"], state["enterprises"], as_of, dating)
    return {firm: sorted(rows) for firm, rows in found.items()}


def _add_dangers(
    found: dict[str, set[int]],
    inputs: Inputs,
    dangers: gpd.GeoDataFrame,
    enterprises: gpd.GeoDataFrame,
    as_of: tuple[str, str],
    dating: Sequence[int],
) -> None:
    for row, firm in zip(records(pd.DataFrame(dangers)), owners(dangers, enterprises), strict=True):
        if firm is not None:
            mine = inputs.find("hidden_dangers", [row["id"]])
            if dating and danger_state(row, as_of[0]) != danger_state(row, as_of[1]):
                mine = [*mine, *dating]
            if mine:
                found.setdefault(str(firm), set()).update(mine)
