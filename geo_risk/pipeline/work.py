"""What the causes of results are found with: changed sources, where they act, who owns what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .states import Both, upstream

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.causes import Inputs, Key, Sources, Zones
    from ..analysis.causes_now import Factors

Pairs = list[tuple[int, int]]
Rows = dict[int, dict[str, Any]]
# Roads within this of a route are part of it [m].
_ON_ROUTE_M = 1.0
# Layers that hold, own or change sources.
_OWNING = ("enterprises", "hazard_sources", "risk_points", "hidden_dangers")
_GRADED_BY_BOTH = ("grade", "residual_grade")
_QUANTIFIED = ("lsir", "lsir_grade", "societal")
_CURRENT = ("index_now", "residual_grade")


class Work:
    """What the causes of every table are found with, each made once, when it is first asked for."""

    def __init__(self, both: Both, inputs: Inputs, general: dict[str, list[dict[str, Any]]]) -> None:
        from ..analysis import causes

        self.both, self.inputs, self.general = both, inputs, general
        self._causes = causes
        self._made: dict[str, Any] = {}
        # What one table's causes tell another's: findings by end, firms, firms by district, places of findings.
        self.found: dict[str, dict[str, list[int]]] = {}
        self.finding_places: list[tuple[list[int], Any]] = []

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    @property
    def layers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The layers that hold, own or change sources, of either state."""
        return self._once("layers", lambda: tuple(
            {n: t for n in _OWNING if (t := state.table("layers", n)) is not None} for state in self.both
        ))  # fmt: skip

    @property
    def firms(self) -> tuple[dict[Key, str], dict[Key, str]]:
        """Firm of each firm, stock and risk point (layer, id), of either state."""
        from ..analysis.current import firms_of

        return self._once("firms", lambda: tuple(firms_of(layers) for layers in self.layers))

    @property
    def owned(self) -> dict[str, list[Key]]:
        """Firm -> itself, its stocks and risk points in either state."""

        def make() -> dict[str, list[Key]]:
            out: dict[str, set[Key]] = {}
            for of in self.firms:
                for key, firm in of.items():
                    out.setdefault(firm, set()).add(key)
            return {firm: sorted(keys) for firm, keys in out.items()}

        return self._once("owned", make)

    @property
    def units(self) -> dict[str, list[int]]:
        """Changed input rows behind each unit of GB 18218."""

        def make() -> dict[str, list[int]]:
            tables = tuple(state.table("tables", "major_hazards") for state in self.both)
            return {} if any(t is None for t in tables) else self._causes.unit_causes(self.inputs, self.layers, tables)

        return self._once("units", make)

    @property
    def segments(self) -> list[Any]:
        """Segments of lines, of the states that have them."""
        tables = [state.table("tables", "segments") for state in self.both]
        return [t for t in tables if t is not None]

    @property
    def behind_source(self) -> Callable[[str, str], list[int]]:
        return self._once(
            "behind", lambda: self._causes.source_causes(self.inputs, self.layers, self.units, self.firms)
        )

    @property
    def sources(self) -> Sources:
        """Changed sources of the index."""
        return self._once("sources", lambda: self._by_score("index_sources", self.behind_source))

    @property
    def sources_now(self) -> Sources:
        """Changed sources of current risk: those of the index, and those whose factor changed."""

        def make() -> Sources:
            tables: list[Any] = [state.table("tables", "current_sources") for state in self.both]
            keys = ([] if t is None else zip(t["layer"], t["id"].astype(str), strict=True) for t in tables)
            ours, theirs = (
                {} if t is None else dict(zip(k, t["factor"], strict=True)) for k, t in zip(keys, tables, strict=True)
            )

            def behind(self, label: str) -> list[str]:
        """Settings, parts of the program and files that changed and that a result follows from."""
        steps = upstream(self.both.a.records, label) | upstream(self.both.b.records, label)
        return [
            general_text(kind, item)
            for kind, items in self.general.items()
            for item in items
            if steps & set(item["steps"])
        ]


def picked(table: pd.DataFrame, numbers: Iterable[int]) -> Rows:
    """Those rows of a table by their number, as plain dictionaries."""
    chosen = sorted({n for n in numbers if n >= 0})
    part = table.iloc[chosen]
    cells = [part[name].to_numpy(object).tolist() for name in part.columns]
    return {
        n: dict(zip(part.columns, row, strict=True)) for n, row in zip(chosen, zip(*cells, strict=True), strict=True)
    }


def ends(before: Rows, after: Rows, pair: tuple[int, int]) -> list[dict[str, Any]]:
    """The earlier and the later row, or the one there is."""
    return [t[n] for t, n in zip((before, after), pair, strict=True) if n >= 0]


def touching(zones: Zones, before: Rows, after: Rows, pairs: Pairs) -> list[set[int]]:
    """For each pair the causes whose zone touches its old or new outline."""
    shapes = np.empty(2 * len(pairs), object)
    for n, pair in enumerate(pairs):
        found = [row.get("geometry") for row in ends(before, after, pair)]
        shapes[2 * n], shapes[2 * n + 1] = found[0], found[-1]
    causes = zones.touching(shapes)
    return [{*causes[2 * n], *causes[2 * n + 1]} for n in range(len(pairs))]


def route_causes(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """
    The place, the facilities of its kind, and the changed roads the old or the new way runs over.

    Where no way is kept, any changed road. Of a place and kind all ranks together: who goes moves up the others.
    """
    roads = work.inputs.of("roads", "turn_restrictions")
    items = [(int(n), s, _ON_ROUTE_M) for n in roads for s in (work.inputs.before[n], work.inputs.after[n])]
    touched = touching(work.zones(items), before, after, pairs)
    together: dict[tuple[str, ...], set[int]] = {}
    keys = []
    for pair, found in zip(pairs, touched, strict=True):
        for row in ends(before, after, pair):
            if "geometry" not in row:
                found |= {*roads.tolist()}
            found |= {*work.inputs.find(row["place_layer"], [row["place_id"]])}
            facility = str(row["facility_id"] or "")
            layer, slash, i = facility.rpartition("/")
            found |= {*work.inputs.find(layer if slash else "emergency_facilities", [i if slash else facility])}
        keys.append((row["place_layer"], str(row["place_id"]), row["facility_kind"]))
        together.setdefault(keys[-1], set()).update(found)
    return [sorted(together[key]) for key in keys]


def general_text(kind: str, item: dict[str, Any]) -> str:
    """A changed setting, part of the program or file in a few words."""
    if kind == "settings":
        return f"setting {item['key'] or ', '.join(item['steps'])}: {item['before']} -> {item['after']}"
    if kind == "program":
        versions = "" if item["before"] == item["after"] else f" ({item['before']} -> {item['after']})"
        return f"program: {item['key']}{versions}"
    return f"file {item['key']}: {item['before']} -> {item['after']}"
