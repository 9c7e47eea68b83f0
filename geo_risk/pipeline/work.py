"""What the causes of results are found with: changed sources, where they act, who owns what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import store
from ..schema import RESULTS
from .states import Both, upstream

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.causes import Inputs, Key, Sources, Zones
    from ..analysis.causes_now import Factors
    from .states import State

Pairs = list[tuple[int, int]]
Rows = dict[int, dict[str, Any]]
# Roads within this of a route are part of it [m].
ON_ROUTE_M = 1.0
# Layers that hold, own or change sources.
_OWNING = ("enterprises", "hazard_sources", "risk_points", "hidden_dangers")
_GRADED_BY_BOTH = ("grade", "residual_grade")
_QUANTIFIED = ("lsir", "lsir_grade", "societal")
# Scope of expected deaths beside the region -> column of the quantified sources.
_SCOPES = {"park": "park", "enterprise": "enterprise_id", "source": "source_id"}
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
    def segments(self) -> list[tuple[Any, Any, Any, Any]]:
        """Layers, ids, names and outlines (N,) of the segments of lines, of the states that have them."""
        columns = ("layer", "id", "name", "geometry")

        def make() -> list[tuple[Any, ...]]:
            tables = [state.table("tables", "segments") for state in self.both]
            return [tuple(t[c].to_numpy(object) for c in columns) for t in tables if t is not None]

        return self._once("segments", make)

    @property
    def behind_source(self) -> Callable[[str, str], list[int]]:
        """Changed rows behind a source (layer, id); behind a stretch with a flow those of the flow."""

        def make() -> Callable[[str, str], list[int]]:
            own = self._causes.source_causes(self.inputs, self.layers, self.units, self.firms)
            return lambda layer, i: own(layer, i) or (self._stretches.get(i, []) if layer == "roads" else [])

        return self._once("behind", make)

    @property
    def ways(self) -> Zones:
        """The old and new ways of every changed flow of dangerous goods, with the rows behind it."""
        from .reasons_roads import changed_ways

        return self._once("ways", lambda: changed_ways(self))

    @property
    def _stretches(self) -> dict[str, list[int]]:
        """Id of a source that is a stretch of road with a flow's load -> the rows behind the flow."""

        def make() -> dict[str, list[int]]:
            out: dict[str, list[int]] = {}
            for table in self.both.tables("tables", "hazmat_links") or ():
                found = self.ways.touching(table.geometry.to_numpy())
                for i, load, causes in zip(table["id"], table["substance"], found, strict=True):
                    out[f"{i}/{load}"] = self._causes.merged(out.get(f"{i}/{load}", ()), causes)
            return out

        return self._once("stretches", make)

    @property
    def sources(self) -> Sources:
        """Changed sources of the index."""
        return self._once("sources", lambda: self._by_score("index_sources", self.behind_source))

    @property
    def sources_now(self) -> Sources:
        """Changed sources of current risk: those of the index, and those whose factor changed."""

        def make() -> Sources:
            factors = [_factors(t) for t in self._scored("current_sources") or ()]

            def behind(layer: str, i: str) -> list[int]:
                mine = self.sources.causes.get((layer, i), [])
                same = len({of.get((layer, i)) for of in factors}) == 1
                return mine if same else self._causes.merged(mine, self.factors.behind(layer, i))

            return self._by_score("current_sources", behind)

        return self._once("sources_now", make)

    def _by_score(self, name: str, behind: Callable[[str, str], list[int]]) -> Sources:
        tables = self._scored(name)
        if tables is None:
            return self._causes.Sources({}, self._causes.zones([]))
        ours, theirs = (np.where(t["score"] > 0, t["reach_m"], 0.0) for t in tables)
        return self._causes.changed_sources(behind, tables, (ours, theirs))

    def _scored(self, name: str) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """Both versions of a table of sources, outlines as WKB; None where it is the same, or not in both."""
        paths = [state.region.build / "tables" / f"{name}.parquet" for state in self.both]
        if not self.both.differ(f"build/tables/{name}.parquet") or not all(path.is_file() for path in paths):
            return None
        columns = [c for c in RESULTS[name].names if c not in ("name", "reason")]
        return self._once(name, lambda: tuple(store.read_columns(path, [*columns, "geometry"]) for path in paths))

    @property
    def factors(self) -> Factors:
        """Changed rows behind controls, hidden dangers, alarms and rescue."""
        from ..analysis.causes_now import Factors, firm_factors

        def make() -> Factors:
            days = (self.both.a.region.data_date, self.both.b.region.data_date)
            firm = firm_factors(self.inputs, self.layers, days, self.dating)
            return Factors(self.inputs, firm, self._rescue(), self.firms)

        return self._once("factors", make)

    @property
    def dating(self) -> list[int]:
        """Changed rows the data dates rest on, where these differ."""
        told = [state.date for state in self.both]
        if told[0].get("date") == told[1].get("date"):
            return []
        return self._causes.merged(*(self.inputs.find(t["layer"], [t["id"]]) for t in told if "layer" in t))

    def _rescue(self) -> dict[Key, list[int]]:
        """(layer, id) of a place -> changed rows behind the minutes of its first fire engine."""
        from ..analysis.causes import differences
        from ..analysis.changes import changed_rows
        from ..analysis.current import first_engines

        tables = self.both.tables("tables", "travel_times")
        if tables is None:
            return {}
        before, after = (first_engines(t) for t in tables)
        key, columns = ["place_layer", "place_id"], ["place_layer", "place_id", "minutes"]
        pairs = differences(before, after, changed_rows(before[columns], after[columns], key))
        old, new = picked(before, [i for i, _ in pairs]), picked(after, [j for _, j in pairs])
        found = route_causes(self, old, new, pairs)
        rows = [ends(old, new, pair)[-1] for pair in pairs]
        return {(r["place_layer"], str(r["place_id"])): causes for r, causes in zip(rows, found, strict=True)}

    @property
    def risk_sources(self) -> Sources:
        """Changed sources of quantified risk."""

        def make() -> Sources:
            tables = self.both.tables("tables", "risk_sources")
            if tables is None or any(reach is None for reach in self.reaches):
                return self._causes.Sources({}, self._causes.zones([]))
            reach = tuple(
                t["source_id"].map(r).fillna(0).to_numpy(float) for t, r in zip(tables, self.reaches, strict=True)
            )
            return self._causes.changed_sources(self.behind_source, tables, reach, ("source_id",), ("name",))

        return self._once("risk_sources", make)

    @property
    def reaches(self) -> list[pd.Series | None]:
        """Largest reach [m] of the scenarios of each quantified source by its id, of either state; None without."""

        def reach(state: State) -> pd.Series | None:
            path = state.region.build / "tables" / "scenarios.parquet"
            if not path.is_file():
                return None
            return store.read_columns(path, ("source_id", "reach_m")).groupby("source_id")["reach_m"].max()

        return self._once("reaches", lambda: [reach(state) for state in self.both])

    @property
    def behind_scope(self) -> dict[tuple[str, str], list[int]]:
        """(scope, id) of expected deaths -> changed rows behind its quantified sources and the people they reach."""

        def make() -> dict[tuple[str, str], list[int]]:
            out: dict[tuple[str, str], set[int]] = {}
            presence = self._causes.presence_zones(self.inputs)
            for state, reach in zip(self.both, self.reaches, strict=True):
                table = state.table("tables", "risk_sources")
                if table is None or reach is None:
                    continue
                metres = table["source_id"].map(reach).fillna(0).to_numpy(float)
                people = presence.touching(table.geometry.buffer(metres).to_numpy())
                columns = [table[c].tolist() if c in table else [None] * len(table) for c in _SCOPES.values()]
                keys = (table[c].tolist() for c in ("layer", "id"))
                for layer, i, near, *ids in zip(*keys, people, *columns, strict=True):
                    found = {*self.risk_sources.causes.get((layer, str(i)), ()), *near}
                    for scope, of in (("region", ""), *zip(_SCOPES, ids, strict=True)):
                        if isinstance(of, str):
                            out.setdefault((scope, of), set()).update(found)
            return {key: sorted(found) for key, found in out.items()}

        return self._once("behind_scope", make)

    @property
    def exposure(self) -> Zones:
        """Where changed people and crowded places change the factor of exposure."""
        radius = max(state.region.settings.risk.exposure_radius_m for state in self.both)
        return self._once("exposure", lambda: self._causes.exposure_zones(self.inputs, radius, self.cell_m))

    def zones_of(self, surface: str) -> Zones:
        """Where changed rows act on a surface."""

        def make() -> Zones:
            if surface in _QUANTIFIED:
                found = self.risk_sources.zones
                return found + self._causes.presence_zones(self.inputs) if surface == "societal" else found
            found = (self.sources_now if surface in _CURRENT else self.sources).zones + self.exposure
            return found + self.risk_sources.zones if surface in _GRADED_BY_BOTH else found

        return self._once(f"zones of {surface}", make)

    @property
    def graded_zones(self) -> Zones:
        """Where changed rows act on grades and index, inherent or current, as what takes them from cells sees it."""
        return self._once(
            "graded", lambda: (self.zones_of("grade") + self.zones_of("residual_grade")).wider(self.cell_m)
        )

    @property
    def cell_m(self) -> float:
        return max(state.region.grid.cell_m for state in self.both)

    @property
    def counted(self) -> Zones:
        return self._once("counted", lambda: self._causes.counted_zones(self.inputs))

    def zones(self, items: list[tuple[int, Any, float]]) -> Zones:
        return self._causes.zones(items)

    def behind(self, label: str) -> list[str]:
        """Settings, parts of the program and files that changed and that a result follows from."""
        steps = upstream(self.both.a.records, label) | upstream(self.both.b.records, label)
        return [
            general_text(kind, item)
            for kind, items in self.general.items()
            for item in items
            if steps & set(item["steps"])
        ]


def _factors(sources: pd.DataFrame) -> dict[Key, float]:
    """(layer, id) of a source of current risk -> the multiplier of its level."""
    rows = zip(*(sources[c].tolist() for c in ("layer", "id", "factor")), strict=True)
    return {(layer, str(i)): factor for layer, i, factor in rows}


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
    items = [(int(n), s, ON_ROUTE_M) for n in roads for s in (work.inputs.before[n], work.inputs.after[n])]
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
