"""Which changed input rows stand behind each changed result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .. import store
from . import reasons_pipelines, reasons_roads
from .roads import ROAD_LAYERS
from .work import Pairs, Rows, Work, ends, route_causes, touching

if TYPE_CHECKING:
    from ..analysis.causes import Key
    from .states import State

_COVERAGE_LAYERS = (*ROAD_LAYERS, "emergency_facilities")
# Scope of a group -> the layer of lines it gathers.
_OF_LINES = {"pipeline": "gas_pipelines", "road": "roads"}


def causes_of(work: Work, name: str, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """For each pair of rows (earlier, later; -1 none) of result ``name`` the numbers of the input rows behind it."""
    return _RULES[name](work, before, after, pairs)


def _points(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Its own row."""
    return [work.inputs.find("risk_points", [row["id"] for row in ends(before, after, pair)]) for pair in pairs]


def _enterprises(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Its own row, stocks and risk points, what reaches its site, and the rows behind its findings and factors."""
    touched = touching(work.zones_of("index").wider(work.cell_m), before, after, pairs)
    findings, firms = work.found.get("findings", {}), work.found.setdefault("firms", {})
    out = []
    for pair, found in zip(pairs, touched, strict=True):
        rows = ends(before, after, pair)
        firm = str(rows[-1]["id"])
        owned = work.owned.get(firm, [])
        found |= {*work.inputs.find("enterprises", [firm]), *_of_sources(work, owned)}
        if len({row.get("district_id") for row in rows}) > 1:
            found |= {*work.inputs.find("districts", [row.get("district_id") for row in rows])}
        if len({row.get("n_conflicts") for row in rows}) > 1:
            found |= {n for key in owned for n in findings.get("/".join(key), ())}
        if len({(row.get("grade_now"), row.get("reason_now")) for row in rows}) > 1:
            found |= {n for key in owned for n in work.factors.behind(*key)}
        firms[firm] = sorted(found)
        out.append(firms[firm])
    return out


def _of_sources(work: Work, keys: Iterable[Key]) -> set[int]:
    found: set[int] = set()
    for layer, i in keys:
        found |= {*work.sources.causes.get((layer, i), ()), *work.inputs.find(layer, [i])}
    return found


def _districts(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """What reaches it, what is counted in it, its own outline, and the rows behind findings and firms in it."""
    touched = touching(work.graded_zones + work.counted, before, after, pairs)
    inside = work.found.get("enterprises in", {})
    out = []
    for pair, found in zip(pairs, touched, strict=True):
        rows = ends(before, after, pair)
        found |= {*work.inputs.find("districts", [row["id"] for row in rows])}
        if len({row.get("n_conflicts") for row in rows}) > 1:
            found |= {
                n for numbers, shape in work.finding_places if shape.intersects(rows[-1]["geometry"]) for n in numbers
            }
        found |= {*inside.get(str(rows[-1]["id"]), ())}
        out.append(sorted(found))
    return out


def _findings(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """The rows at either end and the firms that own them."""
    out = []
    for pair in pairs:
        found: set[int] = set()
        keys: set[Key] = set()
        for row in ends(before, after, pair):
            keys |= {(row[f"{end}_layer"], str(row[f"{end}_id"])) for end in ("source", "target")}
        for layer, i in keys:
            found |= {*work.inputs.find(layer, [i])}
            if layer == "hazard_sources":
                owner = [of[layer, i] for of in work.firms if (layer, i) in of]
                found |= {*work.inputs.find("enterprises", owner), *work.sources.causes.get((layer, i), ())}
        for layer, i in keys:
            work.found.setdefault("findings", {}).setdefault(f"{layer}/{i}", []).extend(sorted(found))
        work.finding_places.append((sorted(found), ends(before, after, pair)[-1]["geometry"]))
        out.append(sorted(found))
    return out


def _units(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    ids = [str(ends(before, after, pair)[-1]["unit_id"]) for pair in pairs]
    return [work.units.get(unit, []) for unit in ids]


def _targets(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Its own row, and the risk that reaches where it may lie."""
    wide = [_where_it_may_lie(state, rows) for state, rows in zip(work.both, (before, after), strict=True)]
    touched = touching(work.zones_of("lsir").wider(work.cell_m), wide[0], wide[1], pairs)
    for pair, found in zip(pairs, touched, strict=True):
        for row in ends(before, after, pair):
            found |= {*work.inputs.find(row["layer"], [row["id"]])}
    return [sorted(found) for found in touched]


def _where_it_may_lie(state: State, rows: Rows) -> Rows:
    """The rows with outlines as wide as the errors of their positions."""
    from ..analysis.qra.criteria import TWO_SIGMA

    errors: dict[Key, float] = {}
    for name in sorted({row["layer"] for row in rows.values()}):
        path = state.region.build / "layers" / f"{name}.parquet"
        layer = store.read_columns(path, ("id", "position_error_m")) if path.is_file() else None
        if layer is not None and "position_error_m" in layer:
            metres = (TWO_SIGMA * layer["position_error_m"].astype(float)).fillna(0.0)
            wide = (metres > 0).to_numpy()
            errors |= {(name, str(i)): m for i, m in zip(layer["id"][wide], metres[wide], strict=True)}
    out = {}
    for n, row in rows.items():
        metres = errors.get((row["layer"], str(row["id"])), 0.0)
        out[n] = row | {"geometry": shapely.buffer(row["geometry"], metres)} if metres > 0 else row
    return out


def _coverage(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Roads and facilities anywhere, and the people or places that are counted."""
    ways = {int(n) for n in work.inputs.of(*_COVERAGE_LAYERS)}
    out = []
    for pair in pairs:
        target = ends(before, after, pair)[-1]["target"]
        counted = work.inputs.of("population" if target == "people" else target, "districts")
        out.append(sorted({*ways, *counted.tolist()}))
    return out


def _dangers(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Its own row, its firm, the township it lies in, and the row behind the date by which it is judged."""
    out = []
    for pair in pairs:
        rows = ends(before, after, pair)
        found = {*work.inputs.find("hidden_dangers", [row["id"] for row in rows])}
        found |= {*_of_firms(work, [str(row["enterprise_id"]) for row in rows])}
        if len({row["district_id"] for row in rows}) > 1:
            found |= {*work.inputs.find("districts", [row["district_id"] for row in rows])}
        if len({(row["state"], row["problem"]) for row in rows}) > 1:
            found |= {*work.dating}
        out.append(sorted(found))
    return out


def _segments(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Its own line, and what reaches the cells it runs through."""
    touched = touching(work.graded_zones, before, after, pairs)
    for pair, found in zip(pairs, touched, strict=True):
        for row in ends(before, after, pair):
            found |= {*work.inputs.find(row["layer"], [row["id"]])}
    return [sorted(found) for found in touched]


def _groups(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """What is behind its members: firms, the stretch of a line, the region."""
    from ..analysis.rows import FIRM_GROUPS

    out = []
    for pair in pairs:
        row = ends(before, after, pair)[-1]
        scope, key = row["scope"], row["scope_id"]
        if scope in FIRM_GROUPS:
            out.append(_of_firms(work, _members(work, FIRM_GROUPS[scope], key)))
        elif scope in _OF_LINES:
            out.append(_of_lines(work, _OF_LINES[scope], key))
        else:
            out.append(_of_region(work))
    return out


def _spots(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """Dangers and firms anywhere: a spot is hot beside all others."""
    causes = sorted({*work.inputs.of("hidden_dangers", "enterprises", "districts").tolist(), *work.dating})
    return [causes for _ in pairs]


def _visits(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """What is behind its firm and the firm's dangers, and the row behind the date."""
    ids = [str(ends(before, after, pair)[-1]["enterprise_id"]) for pair in pairs]
    return [sorted({*_of_firms(work, [i]), *work.factors.firm.get(i, ()), *work.dating}) for i in ids]


def _deaths(work: Work, before: Rows, after: Rows, pairs: Pairs) -> list[list[int]]:
    """The sources of its scope that changed, and the people in their reach that did; of a district what reaches it."""
    outlines: dict[str, list[Any]] = {}
    for table in (state.table("layers", "districts") for state in work.both):
        if table is not None:
            for i, shape in zip(table["id"].astype(str), table.geometry, strict=True):
                outlines.setdefault(i, []).append(shape)
    reaching = work.zones_of("societal").wider(work.cell_m)
    out = []
    for pair in pairs:
        row = ends(before, after, pair)[-1]
        if row["scope"] == "district":
            touched = reaching.touching(np.array(outlines.get(str(row["scope_id"]), []), object))
            out.append(sorted({n for causes in touched for n in causes}))
        else:
            out.append(work.behind_scope.get((row["scope"], str(row["scope_id"])), []))
    return out


def _members(work: Work, column: str, key: str) -> list[str]:
    """Ids of the firms whose ``column`` is ``key`` in either state."""
    found: set[str] = set()
    for layers in work.layers:
        firms = layers.get("enterprises")
        if firms is not None and column in firms:
            found |= {*firms.loc[firms[column].astype(str) == key, "id"].astype(str)}
    return sorted(found)


def _of_firms(work: Work, firms: Iterable[str]) -> list[int]:
    changed = work.found.get("firms", {})
    return sorted({*work.inputs.find("enterprises", firms), *(n for firm in firms for n in changed.get(firm, ()))})


def _of_lines(work: Work, layer: str, key: str) -> list[int]:
    """Rows of the lines of an id or name, and what reaches them."""
    found: set[int] = set()
    shapes = []
    for layers, ids, names, outlines in work.segments:
        mine = (layers == layer) & ((ids == key) | (names == key))
        found |= {*work.inputs.find(layer, set(ids[mine]))}
        shapes.append(outlines[mine])
    touched = work.graded_zones.touching(np.concatenate(shapes))
    return sorted(found.union(*touched))


def _of_region(work: Work) -> list[int]:
    """What reaches the region, its firms, and its outline where that changed."""
    outlines = [store.read_table(state.region.build / "boundary.parquet").geometry.array for state in work.both]
    found = {n for touched in work.graded_zones.touching(np.concatenate(outlines)) for n in touched}
    found |= {*_of_firms(work, work.owned)}
    if work.both.differ("build/boundary.parquet"):
        found |= {*work.inputs.of("districts").tolist()}
    return sorted(found)


_RULES: dict[str, Callable[[Work, Rows, Rows, Pairs], list[list[int]]]] = {
    "risk_points": _points,
    "enterprises": _enterprises,
    "districts": _districts,
    "findings": _findings,
    "major_hazards": _units,
    "target_risk": _targets,
    "travel_times": route_causes,
    "enterprise_rescue": route_causes,
    "coverage": _coverage,
    "segments": _segments,
    "groups": _groups,
    "danger_places": _dangers,
    "danger_spots": _spots,
    "inspections": _visits,
    "pll": _deaths,
    "hca": reasons_pipelines.areas,
    "location_classes": reasons_pipelines.areas,
    "encroachments": reasons_pipelines.contacts,
    "crossings": reasons_pipelines.contacts,
    "catchments": reasons_roads.grounds,
    "gaps": reasons_roads.links,
    "weak_links": reasons_roads.links,
    "hazmat_routes": reasons_roads.flows,
    "hazmat_links": reasons_roads.passing,
}
