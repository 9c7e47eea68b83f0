"""Which changed input rows stand behind each changed result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .states import Both, upstream

if TYPE_CHECKING:
    import pandas as pd

    from ..analysis.causes import Inputs, Sources, Zones

Pairs = list[tuple[int, int]]
Rows = dict[int, dict[str, Any]]
# Roads within this of a route are part of it [m].
_ON_ROUTE_M = 1.0
_COVERAGE_LAYERS = ("roads", "emergency_facilities")


class Work:
    """What the causes of every table are found with, each made once, when it is first asked for."""

    def __init__(self, both: Both, inputs: Inputs, general: dict[str, list[dict[str, Any]]]) -> None:
        from ..analysis import causes

        self.both, self.inputs, self.general = both, inputs, general
        self._causes = causes
        self._made: dict[str, Any] = {}
        # What one table's causes tell another's: findings by end, firms by district, places of findings.
        self.found: dict[str, dict[str, list[int]]] = {}
        self.finding_places: list[tuple[list[int], Any]] = []

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    @property
    def layers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The layers that hold or own sources, of either state."""
        names = ("enterprises", "hazard_sources")
        return self._once("layers", lambda: tuple(
            {n: t for n in names if (t := state.table("layers", n)) is not None} for state in self.both
        ))  # fmt: skip

    @property
    def units(self) -> dict[str, list[int]]:
        """Changed input rows behind each unit of GB 18218."""

        def make() -> dict[str, list[int]]:
            tables = tuple(state.table("tables", "major_hazards") for state in self.both)
            return {} if any(t is None for t in tables) else self._causes.unit_causes(self.inputs, self.layers, tables)

        return self._once("units", make)

    @property
    def sources(self) -> Sources:
        """Changed sources of the index."""

        def make() -> Sources:
            tables = self.both.tables("tables", "index_sources")
            if tables is None:
                return self._causes.Sources({}, self._causes.zones([]))
            reach = tuple(np.where(t["score"] > 0, t["reach_m"], 0.0) for t in tables)
            return self._causes.changed_sources(self.inputs, tables, self.layers, self.units, reach)

        return self._once("sources", make)

    @property
    def risk_sources(self) -> Sources:
        """Changed sources of quantified risk."""

        def make() -> Sources:
            tables = self.both.tables("tables", "risk_sources")
            scenarios: list[Any] = [state.table("tables", "scenarios") for state in self.both]
            if tables is None or any(s is None for s in scenarios):
                return self._causes.Sources({}, self._causes.zones([]))
            reach = tuple(
                t["source_id"].map(s.groupby("source_id")["reach_m"].max()).fillna(0).to_numpy(float)
                for t, s in zip(tables, scenarios, strict=True)
            )
            return self._causes.changed_sources(
                self.inputs, tables, self.layers, self.units, reach, key=("source_id",), ignore=("name",)
            )

        return self._once("risk_sources", make)

    @property
    def exposure(self) -> Zones:
        """Where changed people and crowded places change the factor of exposure."""
        radius = max(state.region.settings.risk.exposure_radius_m for state in self.both)
        return self._once("exposure", lambda: self._causes.exposure_zones(self.inputs, radius, self.cell_m))

    @property
    def index_zones(self) -> Zones:
        return self._once("index_zones", lambda: self.sources.zones + self.exposure)

    @property
    def cell_m(self) -> float:
        return max(state.region.grid.cell_m for state in self.both)

    @property
    def counted(self) -> Zones:
        return self._once("counted", lambda: self._causes.counted_zones(self.inputs))

    def zones(self, items: list[tuple[int, Any, float]]) -> Zones:
        return self._causes.zones(items)

    @property
    def owner(self) -> dict[str, list[str]]:
        """Stock id -> the firms that own it in either state."""

        def make() -> dict[str, list[str]]:
            out: dict[str, list[str]] = {}
            for firm, stocks in self.firm_stocks.items():
                for stock in stocks:
                    out.setdefault(stock, []).append(firm)
            return out

        return self._once("owner", make)

    def units_of(self, stock: str) -> list[int]:
        """Changed rows behind the unit of a stock."""
        return self.sources.causes.get(("hazard_sources", stock), [])

    @property
    def firm_stocks(self) -> dict[str, list[str]]:
        return self._once("firm_stocks", lambda: self._causes.firm_stocks(self.layers))

    def behind(self, label: str) -> list[str]:
        """Settings, parts of the program and files that changed and that a result follows from."""
        steps = upstream(self.both.a.records, label) | upstream(self.both.b.records, label)
        return [
            general_text(kind, item)
            for kind, items in self.general.items()
            for item in items
            if steps & set(item["steps"])
        ]


def causes_of(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """
    For each pair of rows (earlier, later; -1 none) of result ``name`` the numbers of the input rows behind it.

    A result without a rule of its own is behind the row of its id and what reaches its outline.
    """
    return _RULES.get(name, _by_place)(work, name, before, after, pairs)


def picked(table: pd.DataFrame, numbers: Iterable[int]) -> Rows:
    """Those rows of a table by their number, as plain dictionaries."""
    chosen = sorted({n for n in numbers if n >= 0})
    part = table.iloc[chosen]
    cells = [part[name].to_numpy(object).tolist() for name in part.columns]
    return {
        n: dict(zip(part.columns, row, strict=True)) for n, row in zip(chosen, zip(*cells, strict=True), strict=True)
    }


def _ends(before: Rows, after: Rows, pair: tuple[int, int]) -> list[dict[str, Any]]:
    return [t[n] for t, n in zip((before, after), pair, strict=True) if n >= 0]


def _shapes(before: Rows, after: Rows, pairs: Pairs) -> np.ndarray:
    """(2 N,) old and new outlines, the one that is missing taken from the other."""
    out = np.empty(2 * len(pairs), object)
    for n, pair in enumerate(pairs):
        shapes = [row.get("geometry") for row in _ends(before, after, pair)]
        out[2 * n], out[2 * n + 1] = shapes[0], shapes[-1]
    return out


def _touching(zones: Zones, before: Rows, after: Rows, pairs: Pairs) -> list[set[int]]:
    found = zones.touching(_shapes(before, after, pairs))
    return [{*found[2 * n], *found[2 * n + 1]} for n in range(len(pairs))]


def _by_place(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    own = {"danger_places": "hidden_dangers"}.get(name, name)
    touched = _touching(work.index_zones, before, after, pairs)
    out = []
    for pair, found in zip(pairs, touched, strict=True):
        for row in _ends(before, after, pair):
            found |= {
                *work.inputs.find(own, [row.get("id")]),
                *work.inputs.find("enterprises", [row.get("enterprise_id")]),
            }
        out.append(sorted(found))
    return out


def _enterprises(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Its own row and stocks, what reaches its site, and the rows behind its findings."""
    touched = _touching(_wider(work.index_zones, work.cell_m), before, after, pairs)
    findings = work.found.get("findings", {})
    out = []
    for pair, found in zip(pairs, touched, strict=True):
        rows = _ends(before, after, pair)
        firm = str(rows[-1]["id"])
        stocks = work.firm_stocks.get(firm, [])
        found |= {*work.inputs.find("enterprises", [firm]), *_of_sources(work, stocks)}
        if len({row.get("district_id") for row in rows}) > 1:
            found |= {*work.inputs.find("districts", [row.get("district_id") for row in rows])}
        if len({row.get("n_conflicts") for row in rows}) > 1:
            for end in [("enterprises", firm), *(("hazard_sources", s) for s in stocks)]:
                found |= {*findings.get("/".join(end), ())}
        out.append(sorted(found))
    return out


def _of_sources(work: Work, stocks: Iterable[str]) -> set[int]:
    found: set[int] = set()
    for stock in stocks:
        found |= {*work.sources.causes.get(("hazard_sources", stock), ()), *work.inputs.find("hazard_sources", [stock])}
    return found


def _wider(zones: Zones, metres: float) -> Zones:
    """The zones as cells see them: the cell a site lies in may be reached where the site itself is not."""
    return type(zones)(zones.cause, zones.shape, zones.reach + metres)


def _districts(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """What reaches it, what is counted in it, its own outline, and the rows behind findings and firms in it."""
    touched = _touching(work.index_zones + work.counted, before, after, pairs)
    inside = work.found.get("enterprises in", {})
    out = []
    for pair, found in zip(pairs, touched, strict=True):
        rows = _ends(before, after, pair)
        found |= {*work.inputs.find("districts", [row["id"] for row in rows])}
        if len({row.get("n_conflicts") for row in rows}) > 1:
            found |= {
                n for numbers, shape in work.finding_places if shape.intersects(rows[-1]["geometry"]) for n in numbers
            }
        found |= {*inside.get(str(rows[-1]["id"]), ())}
        out.append(sorted(found))
    return out


def _findings(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """The rows at either end and the firms that own them."""
    out = []
    for pair in pairs:
        found: set[int] = set()
        ends: set[tuple[str, str]] = set()
        for row in _ends(before, after, pair):
            ends |= {(row[f"{end}_layer"], str(row[f"{end}_id"])) for end in ("source", "target")}
        for layer, i in ends:
            found |= {*work.inputs.find(layer, [i])}
            if layer == "hazard_sources":
                found |= {*work.inputs.find("enterprises", work.owner.get(i, ()))} | {*work.units_of(i)}
        for layer, i in ends:
            work.found.setdefault("findings", {}).setdefault(f"{layer}/{i}", []).extend(sorted(found))
        work.finding_places.append((sorted(found), _ends(before, after, pair)[-1]["geometry"]))
        out.append(sorted(found))
    return out


def _units(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    ids = [str(_ends(before, after, pair)[-1]["unit_id"]) for pair in pairs]
    return [work.units.get(unit, []) for unit in ids]


def _targets(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    touched = _touching(_wider(work.risk_sources.zones, work.cell_m), before, after, pairs)
    for pair, found in zip(pairs, touched, strict=True):
        for row in _ends(before, after, pair):
            found |= {*work.inputs.find(row["layer"], [row["id"]])}
    return [sorted(found) for found in touched]


def _times(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """The place, the facilities, and the changed roads the old or the new way runs over."""
    roads = work.inputs.of("roads", "turn_restrictions")
    items = [(int(n), s, _ON_ROUTE_M) for n in roads for s in (work.inputs.before[n], work.inputs.after[n])]
    touched = _touching(work.zones(items), before, after, pairs) if items else [set() for _ in pairs]
    for pair, found in zip(pairs, touched, strict=True):
        for row in _ends(before, after, pair):
            found |= {*work.inputs.find(row["place_layer"], [row["place_id"]])}
            facility = str(row["facility_id"] or "")
            layer, slash, i = facility.rpartition("/")
            found |= {*work.inputs.find(layer if slash else "emergency_facilities", [i if slash else facility])}
    return [sorted(found) for found in touched]


def _coverage(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Roads and facilities anywhere, and the people or places that are counted."""
    ways = {int(n) for n in work.inputs.of(*_COVERAGE_LAYERS)}
    out = []
    for pair in pairs:
        target = _ends(before, after, pair)[-1]["target"]
        counted = work.inputs.of("population" if target == "people" else target, "districts")
        out.append(sorted({*ways, *counted.tolist()}))
    return out


_RULES: dict[str, Callable[[Work, str, Rows, Rows, Pairs], list[list[int]]]] = {
    "enterprises": _enterprises,
    "districts": _districts,
    "findings": _findings,
    "major_hazards": _units,
    "target_risk": _targets,
    "travel_times": _times,
    "coverage": _coverage,
}


def general_text(kind: str, item: dict[str, Any]) -> str:
    """A changed setting, part of the program or file in a few words."""
    if kind == "settings":
        return f"setting {item['key'] or ', '.join(item['steps'])}: {item['before']} -> {item['after']}"
    if kind == "program":
        versions = "" if item["before"] == item["after"] else f" ({item['before']} -> {item['after']})"
        return f"program: {item['key']}{versions}"
    return f"file {item['key']}: {item['before']} -> {item['after']}"
