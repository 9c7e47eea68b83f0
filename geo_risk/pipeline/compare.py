"""What changed between two states of a region, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..region import Region
from ..schema import LAYERS
from .reasons import causes_of
from .reasons_roads import KEY
from .states import Both, State, arrays, general_changes
from .work import Rows, Work, picked

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from ..analysis.causes import Inputs
    from ..grid import Grid

# Surfaces of grades, worst 4; and of numbers.
GRADED = ("grade", "residual_grade", "lsir_grade")
NUMBERS = ("index", "index_now", "lsir", "societal")
# Input rows are told the cells they reach on the first of these that differs there.
_COUNTED_ON = ("index", "index_now", "grade", "residual_grade", *NUMBERS, *GRADED)
# What a person is told of a row beside its name.
_GRADES = ("grade", "grade_now")
_INPUT_FACTS = ("state", "enterprise_id", "enterprise_name", "found_date", "due_date")
_FACTS = (
    "level", "verdict", "standard", "edition", "clause", "source_layer", "source_id", "target_layer", "target_id",
    "target_name", "facility_kind", "rank", "minutes", "state", "scope", "district_id", "enterprise_id",
    "enterprise_name",
)  # fmt: skip


@dataclass(frozen=True)
class Watched:
    """
    A result table: what identifies a row, which columns count (all when empty), which is its name.

    ``ignored`` columns never count; numbers are compared to ``digits`` significant ones, 0: to the last bit.
    """

    key: tuple[str, ...]
    columns: tuple[str, ...] = ()
    name: str = "name"
    ignored: tuple[str, ...] = ()
    digits: int = 0

    def seen(self, table: pd.DataFrame) -> pd.DataFrame:
        """The columns that count, as they are compared."""
        out = table[[c for c in table if self.counts(c)]]
        floats = [c for c in out if self.digits and out[c].dtype.kind == "f"]
        return out.assign(**{c: [float(f"{v:.{self.digits}g}") for v in out[c]] for c in floats})

    def counts(self, column: str) -> bool:
        """Whether a change of the column is a change of the row."""
        return column in self.key or (column in self.columns if self.columns else column not in self.ignored)


_RESCUE = Watched(
    ("place_layer", "place_id", "facility_kind", "rank"),
    ("place_name", "facility_id", "facility_name", "minutes", "reason"),
    "place_name",
)
# How sure a colour is, is drawn at random for all of them together: any source moves every one of them a little.
_GRADED_ROW = Watched(("id",), ignored=("certainty",))
# In this order: the causes of a finding are those of its firm, a firm's those of its district and its groups.
TABLES = {
    "major_hazards": Watched(("unit_id",)),
    "findings": Watched(("finding_id",), name="source_name"),
    "enterprises": _GRADED_ROW,
    "districts": _GRADED_ROW,
    "target_risk": Watched(("layer", "id")),
    "travel_times": _RESCUE,
    "enterprise_rescue": _RESCUE,
    "coverage": Watched(("facility_kind", "limit_min", "hour", "target", "district_id"), name="target"),
    "risk_points": Watched(("id",)),
    "segments": Watched(("layer", "id", "segment"), ("grade", "grade_now")),
    "groups": Watched(("scope", "scope_id")),
    # Days open and overdue grow with the data date and say nothing new.
    "danger_places": Watched(("id",), ("enterprise_id", "district_id", "level", "state", "problem", "grade")),
    "danger_spots": Watched(("id",), ("n", "significance")),
    "inspections": Watched(("enterprise_id",), ("last_visit", "interval_days", "due_date", "rule"), "enterprise_name"),
    # The zone is that of the F-N curve. Shares change wherever any other source does; sums over people have rounding.
    "pll": Watched(("scope", "scope_id"), ("pll_per_yr", "worst_deaths", "zone"), "scope_name", digits=12),
    "hca": Watched(("id", "hca_id"), ignored=("reason", "geometry")),
    "location_classes": Watched(("id", "from_m"), ignored=("reason", "geometry")),
    # All chainage beyond a changed vertex moves; what stands and crosses there does not.
    "encroachments": Watched(
        ("id", "kind", "target_layer", "target_id"), ignored=("from_m", "to_m", "reason", "geometry"), digits=6
    ),
    "crossings": Watched(("id", "target_layer", "target_id"), ("kind", "angle_deg", "laying", "monitoring"), digits=6),
    "catchments": Watched(("facility_kind", "facility_id", "hour"), name="facility_name", ignored=("geometry",)),
    "gaps": Watched(("facility_kind", "limit_min", "hour", "district_id"), name="district_name", ignored=("geometry",)),
    "weak_links": Watched(("facility_kind", "limit_min", "hour", "road_id"), name="road_name", ignored=("geometry",)),
    # Rows of a file and ranks of routes shift; where from, where to and what do not.
    "hazmat_routes": Watched(KEY, name="from_name", ignored=("flow", "route", "geometry"), digits=12),
    "hazmat_links": Watched(("road_id", "substance"), ignored=("id", "geometry"), digits=12),
}


@dataclass(frozen=True)
class Comparison:
    """
    ``told`` is plain JSON: before, after, settings, program, files, inputs, surfaces, tables, notes, counts.

    ``changes`` is one row a changed input or result row (schema: changes); ``grid`` and ``grades`` are the
    earlier and later grades (rows, cols) of each graded surface that differs, on the cells both states have;
    ``input_shapes`` the later (or last) outlines of ``told["inputs"]``.
    """

    told: dict[str, Any]
    changes: gpd.GeoDataFrame
    grid: Grid | None
    grades: dict[str, tuple[NDArray[Any], NDArray[Any]]]
    input_shapes: list[Any]
    a: Region
    b: Region


def compare(a: Region, b: Region) -> Comparison:
    """
    Everything that differs from state ``a`` to state ``b``, each with its causes.

    Only results whose recorded hash differs are read. Causes are numbers of ``told["inputs"]``: rows
    that changed and whose reach touches the result. ``general`` beside them names settings,
    parts of the program and files behind it. Where there is neither, ``unexplained`` counts it.

    Raises
    ------
    InputError
        If the states are in different CRSs.
    RegionError
        If a state has no results.
    """
    both = Both(State(a), State(b))
    both.check_crs()
    general = general_changes(both)
    notes: list[str] = []
    inputs = changed_inputs(both, notes)
    work = Work(both, inputs, general)
    surfaces, grid, grades, cells = _surfaces(work, notes)
    tables = {name: found for name in TABLES if (found := _table(work, name, notes))}
    told_inputs = [_told_input(inputs, n, both, cells) for n in range(len(inputs.table))]
    told: dict[str, Any] = {
        "before": _told_state(both.a),
        "after": _told_state(both.b),
        **general,
        "inputs": told_inputs,
        "surfaces": surfaces,
        "tables": tables,
        "notes": notes,
    }
    told["counts"] = {
        "inputs": len(told_inputs),
        **{name: len(rows) for name, rows in tables.items()},
        "unexplained": sum(not r["causes"] and not r["general"] for rows in tables.values() for r in rows),
    }
    shapes = [old if new is None else new for old, new in zip(inputs.before, inputs.after, strict=True)]
    return Comparison(told, _changes(told, work), grid, grades, shapes, a, b)


def changed_inputs(both: Both, notes: list[str]) -> Inputs:
    """Rows of the clean layers that came, went or changed."""
    import pandas as pd

    from ..analysis.causes import Inputs, differences
    from ..analysis.changes import changed_rows

    rows: list[dict[str, Any]] = []
    shapes: list[tuple[Any, Any]] = []
    for layer in LAYERS:
        have = (
            [layer in state.region.vector_layers and state.table("layers", layer) is not None for state in both]
            if (both.differ(f"build/layers/{layer}.parquet"))
            else [False, False]
        )
        if have[0] != have[1]:
            notes.append(f"layer {layer} is only in the {'earlier' if have[0] else 'later'} state")
        if not any(have):
            continue
        found = [state.table("layers", layer) for state in both]
        there = next(t for t in found if t is not None)
        before, after = (there.iloc[:0] if t is None else t for t in found)
        changes = changed_rows(before, after, by_name=True)
        notes += [f"column {c} of layer {layer} is only in one of the states" for c in changes.only]
        moved = dict(zip(changes.after.tolist(), changes.moved_m.tolist(), strict=True))
        columns = dict(zip(changes.after.tolist(), changes.columns, strict=True))
        for i, j in differences(before, after, changes):
            old, new = (None if i < 0 else before.iloc[i]), (None if j < 0 else after.iloc[j])
            shapes.append(tuple(None if r is None else r.get("geometry") for r in (old, new)))  # type: ignore[arg-type]
            rows.append(_input_row(layer, old, new, columns.get(j, ()) if i >= 0 else (), moved.get(j)))
    table = pd.DataFrame(
        rows, columns=["layer", "id", "id_before", "name", "change", "columns", "values", "moved_m", "facts"]
    )
    before_shapes, after_shapes = np.empty(len(rows), object), np.empty(len(rows), object)
    for n, (x, y) in enumerate(shapes):
        before_shapes[n], after_shapes[n] = x, y
    return Inputs(table, before_shapes, after_shapes)


def _input_row(layer: str, old: Any, new: Any, columns: Sequence[str], moved: float | None) -> dict[str, Any]:
    from ..analysis.changes import plain

    row = old if new is None else new
    change = "added" if old is None else "removed" if new is None else "changed"
    values = [{"column": c, "before": plain(old[c]), "after": plain(new[c])} for c in columns if c != "geometry"]
    id_before = None if old is None else str(old["id"])
    name = plain(row.get("name")) or ""
    moved = moved if moved is not None and change == "changed" and "geometry" in columns else None
    facts = {c: plain(row[c]) for c in _INPUT_FACTS if c in row}
    return dict(
        layer=layer, id=str(row["id"]), id_before=id_before, name=str(name), change=change, columns=tuple(columns),
        values=values, moved_m=plain(moved), facts=facts,
    )  # fmt: skip


def _table(work: Work, name: str, notes: list[str]) -> list[dict[str, Any]]:
    """Every difference of a result table, with its causes."""
    from ..analysis.causes import differences
    from ..analysis.changes import changed_rows

    have = [state.table("tables", name) is not None for state in work.both] if _differs(work.both, name) else [False]
    if any(have) and not all(have):
        notes.append(f"table {name} is only in the {'earlier' if have[0] else 'later'} state; not compared")
    found = work.both.tables("tables", name)
    if found is None:
        return []
    watched, (before, after) = TABLES[name], found
    lost = [c for c in watched.key if c not in before or c not in after]
    if lost:
        notes.append(f"table {name} is not compared: only one of the states has the column {', '.join(lost)}")
        return []
    changes = changed_rows(watched.seen(before), watched.seen(after), watched.key)
    notes += [f"column {c} of table {name} is only in one of the states" for c in changes.only]
    pairs = differences(before, after, changes)
    columns = [*changes.columns, *(() for _ in range(len(pairs) - len(changes.columns)))]
    old, new = picked(before, [i for i, _ in pairs]), picked(after, [j for _, j in pairs])
    causes = causes_of(work, name, old, new, pairs)
    general = work.behind(f"build/tables/{name}.parquet")
    if name == "enterprises":
        _by_district(work, old, new, pairs, causes)
    return [
        _told_row(watched, old.get(pair[0]), new.get(pair[1]), pair, own, numbers, general)
        for pair, own, numbers in zip(pairs, columns, causes, strict=True)
    ]


def _differs(both: Both, name: str) -> bool:
    return both.differ(f"build/tables/{name}.parquet")


def _by_district(work: Work, before: Rows, after: Rows, pairs: list[tuple[int, int]], causes: list[list[int]]) -> None:
    """Keep the causes of firms whose grade changed for the districts they lie in."""
    inside = work.found.setdefault("enterprises in", {})
    parents = {str(row["id"]): row.get("parent_id") for t in (work.both.a, work.both.b) for row in _district_rows(t)}
    for (i, j), numbers in zip(pairs, causes, strict=True):
        rows = [t[n] for t, n in ((before, i), (after, j)) if n >= 0]
        if len(rows) == 2 and all(rows[0].get(g) == rows[1].get(g) for g in _GRADES):
            continue
        for row in rows:
            district = row.get("district_id")
            seen: set[str] = set()
            while isinstance(district, str) and district not in seen:
                inside.setdefault(district, []).extend(numbers)
                seen.add(district)
                district = parents.get(district)


def _district_rows(state: State) -> list[dict[str, Any]]:
    table = state.table("layers", "districts")
    return [] if table is None else table[[c for c in ("id", "parent_id") if c in table]].to_dict("records")


def _told_row(
    watched: Watched,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    pair: tuple[int, int],
    columns: Sequence[str],
    causes: list[int],
    general: list[str],
) -> dict[str, Any]:
    from ..analysis.changes import plain

    row = new or old or {}
    told: dict[str, Any] = {"id": "/".join(str(plain(row[c])) for c in watched.key)}
    told["name"] = plain(row.get(watched.name)) or ""
    told["change"] = "added" if old is None else "removed" if new is None else "changed"
    for column in _GRADES:
        if column in row:
            told[f"{column}_before"] = None if old is None else plain(old.get(column))
            told[f"{column}_after"] = None if new is None else plain(new.get(column))
    told["columns"] = [
        {"column": c, "before": plain((old or {})[c]), "after": plain((new or {})[c])}
        for c in columns
        if c != "geometry"
    ]
    told["outline_changed"] = "geometry" in columns
    told["causes"], told["general"] = [n + 1 for n in causes], general  # the numbers of the input rows, from 1
    told["facts"] = {c: plain(row[c]) for c in _FACTS if c in row}
    told["row"] = list(pair)
    return told


def _surfaces(
    work: Work, notes: list[str]
) -> tuple[dict[str, Any], Grid | None, dict[str, Any], NDArray[np.int64] | None]:
    """Figures of every surface that differs; the grades themselves; how many changed cells each input row reaches."""
    from ..analysis.causes import cells_explained

    shared = work.both.shared_grid()
    if isinstance(shared, str):
        notes.append(shared)
        return {}, None, {}, None
    for state, word in ((work.both.a, "earlier"), (work.both.b, "later")):
        alone = state.region.grid.shape[0] * state.region.grid.shape[1] - shared.shape[0] * shared.shape[1]
        if alone:
            notes.append(f"{alone} cells are only in the {word} state and are not compared")
    told: dict[str, Any] = {}
    grades: dict[str, Any] = {}
    reached: dict[str, NDArray[np.int64] | None] = {}
    for name in (*GRADED, *NUMBERS):
        found = arrays(work.both, name)
        if found is None:
            continue
        grid, before, after = found
        changed = (before != after) & ~((before != before) & (after != after))
        reached[name], open_cells = cells_explained(changed, grid, work.zones_of(name), len(work.inputs.table))
        told[name] = _figures(before, after, changed, grid.cell_m) | {
            "unexplained": open_cells,
            "general": work.behind(f"build/surfaces/{name}.tif"),
        }
        if name in GRADED:
            grades[name] = before, after
    return told, shared, grades, _reached_first(reached)


def _reached_first(reached: dict[str, NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    """(N,) cells each input row reaches on the first surface on which it reaches any; None where not counted."""
    counts = [found for name in dict.fromkeys(_COUNTED_ON) if (found := reached.get(name)) is not None]
    if not counts:
        return None
    table = np.stack(counts)
    return table[np.argmax(table > 0, axis=0), np.arange(table.shape[1])]


def _figures(before: Any, after: Any, changed: Any, cell_m: float) -> dict[str, Any]:
    """Cells that changed, that got worse and better; of grades from which to which, of numbers by how much at most."""
    rise = after[changed].astype(np.float64) - before[changed].astype(np.float64)
    told: dict[str, Any] = {
        "cells": int(changed.sum()),
        "worse": int((rise > 0).sum()),
        "better": int((rise < 0).sum()),
    }
    told["km2"] = told["cells"] * cell_m**2 / 1e6
    if before.dtype.kind == "u":
        pairs = np.bincount(before[changed].astype(np.int64) * 5 + after[changed], minlength=25).reshape(5, 5)
        told["from_to"] = pairs.tolist()
    else:
        told["largest_rise"], told["largest_fall"] = float(rise.max(initial=0)), float(rise.min(initial=0))
    return told


def _told_state(state: State) -> dict[str, Any]:
    region = state.region
    names = {"name": region.names["zh"], "name_en": region.names["en"]}
    return {"folder": str(region.folder), **names, "date": region.data_date, "program": state.program}


def _told_input(inputs: Inputs, n: int, both: Both, cells: NDArray[np.int64] | None) -> dict[str, Any]:
    row = inputs.table.iloc[n]
    columns = {"columns": row["values"], "moved_m": row["moved_m"], "outline_changed": "geometry" in row["columns"]}
    told = {
        "number": n + 1,
        **{c: row[c] for c in ("layer", "id", "id_before", "name", "change")},
        **columns,
        "facts": row["facts"],
    }
    return told | {
        "moved_m": None if row["moved_m"] != row["moved_m"] else row["moved_m"],
        "cells": None if cells is None else int(cells[n]),
    }


def _changes(told: dict[str, Any], work: Work) -> gpd.GeoDataFrame:
    """schema.RESULTS["changes"]."""
    import geopandas as gpd

    rows: list[dict[str, Any]] = []
    for item in told["inputs"]:
        n = item["number"] - 1
        shape = work.inputs.before[n] if work.inputs.after[n] is None else work.inputs.after[n]
        rows.append(
            {
                "kind": "input",
                "table": item["layer"],
                **_flat(item, told),
                "moved_m": item["moved_m"],
                "cells": item["cells"],
                "causes": "",
                "geometry": shape,
            }
        )
    for name, items in told["tables"].items():
        tables: list[Any] = [state.table("tables", name) for state in work.both]
        shapes = [table["geometry"].array if "geometry" in table else None for table in tables]
        for item in items:
            i, j = item.pop("row")
            places, at = (shapes[0], i) if j < 0 else (shapes[1], j)
            shape = None if places is None else places[at]
            causes = [cause_text(told["inputs"][n - 1]) for n in item["causes"]] + item["general"]
            rows.append(
                {"kind": "result", "table": name, **_flat(item, told), "causes": "; ".join(causes), "geometry": shape}
            )
    columns = [
        "kind",
        "table",
        "id",
        "name",
        "change",
        "grade_before",
        "grade_after",
        "columns",
        "moved_m",
        "cells",
        "causes",
        "geometry",
    ]
    frame = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=work.both.b.region.crs)
    for column in ("grade_before", "grade_after", "cells"):
        frame[column] = frame[column].astype("Int64")
    return frame.assign(moved_m=frame["moved_m"].astype(float))


def _flat(item: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    import json

    keys = ("id", "name", "change", "grade_before", "grade_after")
    return {k: item.get(k) for k in keys} | {"columns": json.dumps(item["columns"], ensure_ascii=False)}


def cause_text(item: dict[str, Any]) -> str:
    """A changed input row in a few words."""
    parts = [f"{c['column']} {c['before']} -> {c['after']}" for c in item["columns"][:3]]
    if item["moved_m"]:
        parts.append(f"moved {item['moved_m']:.1f} m")
    what = item["change"] if item["change"] != "changed" else ", ".join(parts) or "outline changed"
    return f"{item['layer']} {item['id']} {item['name']}: {what}"
