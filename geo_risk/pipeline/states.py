"""Two states of a region side by side: what differs by hash, read once and only where it differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .. import store
from ..errors import InputError
from ..grid import Grid
from ..manifest import MANIFEST, records
from ..region import Region

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass
class State:
    """A region as its last run left it: its records, and tables read once."""

    region: Region
    _read: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def records(self) -> dict[str, Any]:
        return records(self.region.build)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Hash of every result by its name."""
        return {label: h for record in self.records.values() for label, h in record["outputs"].items()}

    @cached_property
    def program(self) -> str:
        return str(store.read_json(self.region.build / MANIFEST).get("geo_risk", ""))

    @cached_property
    def date(self) -> dict[str, Any]:
        """The data date and what it rests on; empty where the state does not tell."""
        path = self.region.build / "date.json"
        return store.read_json(path) if path.is_file() else {}

    def table(self, kind: str, name: str) -> gpd.GeoDataFrame | pd.DataFrame | None:
        """A layer (``kind`` "layers") or result ("tables"); None if the state has none."""
        label = f"{kind}/{name}"
        if label not in self._read:
            path = self.region.build / kind / f"{name}.parquet"
            self._read[label] = store.read_table(path) if path.is_file() else None
        return self._read[label]

    def surface(self, name: str) -> store.Surface | None:
        path = self.region.build / "surfaces" / f"{name}.tif"
        return store.read_surface(path) if path.is_file() else None


@dataclass
class Both:
    """The earlier state ``a`` and the later one ``b``."""

    a: State
    b: State

    def __iter__(self) -> Iterator[State]:
        return iter((self.a, self.b))

    def differ(self, label: str) -> bool:
        """Whether a result differs, by its recorded hash; True where a state does not record it."""
        ours, theirs = self.a.hashes.get(label), self.b.hashes.get(label)
        return ours is None or ours != theirs

    def tables(self, kind: str, name: str) -> tuple[Any, Any] | None:
        """Both versions of a table that differs; None if it is the same, or not in both."""
        if not self.differ(f"build/{kind}/{name}.parquet"):
            return None
        found = self.a.table(kind, name), self.b.table(kind, name)
        return None if found[0] is None or found[1] is None else found

    def check_crs(self) -> None:
        """InputError unless both are measured in one CRS."""
        ours, theirs = (state.region.crs for state in self)
        if ours != theirs:
            raise InputError(
                f"{self.a.region.folder} is computed in {ours}, {self.b.region.folder} in {theirs}: places cannot be "
                f'compared. Write crs = "{theirs}" under [region] of both and run them again.'
            )

    def shared_grid(self) -> Grid | str:
        """The grid of the cells of grades and index both have; a sentence where there is none."""
        ours, theirs = (state.region.grid for state in self)
        found = _shared(ours, theirs)
        if found is not None:
            return found
        if ours.cell_m == theirs.cell_m:
            return "cells are not compared: the two states cover no common ground."
        return (
            f"cells are not compared: {ours.cell_m:g} m in the earlier state, {theirs.cell_m:g} m in the later. "
            "Write the same cell_m under [region] and run again."
        )


def _shared(ours: Grid, theirs: Grid) -> Grid | None:
    """
    The grid of the cells both have; None where there is none.

    Cells are compared as they are, never resampled: their edges lie on multiples of their side.
    """
    side = ours.cell_m
    left, top = max(ours.left, theirs.left), min(ours.top, theirs.top)
    right = min(ours.bounds[2], theirs.bounds[2])
    bottom = max(ours.bounds[1], theirs.bounds[1])
    rows, cols = round((top - bottom) / side), round((right - left) / side)
    return None if side != theirs.cell_m or rows < 1 or cols < 1 else Grid(ours.crs, left, top, side, (rows, cols))


def _part(whole: Grid, grid: Grid) -> tuple[slice, slice]:
    row, col = round((whole.top - grid.top) / grid.cell_m), round((grid.left - whole.left) / grid.cell_m)
    return slice(row, row + grid.shape[0]), slice(col, col + grid.shape[1])


def arrays(both: Both, name: str) -> tuple[Grid, NDArray[np.generic], NDArray[np.generic]] | None:
    """Both versions of a surface that differs, on the cells both have; None if it is the same or not in both."""
    if not both.differ(f"build/surfaces/{name}.tif"):
        return None
    ours, theirs = (state.surface(name) for state in both)
    if ours is None or theirs is None:
        return None
    grid = _shared(ours.grid, theirs.grid)
    if grid is None:
        return None
    return grid, ours.array[_part(ours.grid, grid)], theirs.array[_part(theirs.grid, grid)]


def upstream(known: dict[str, Any], label: str) -> set[str]:
    """Names of the steps a result follows from, its own included."""
    maker = {output: name for name, record in known.items() for output in record["outputs"]}
    found: set[str] = set()
    open_labels = [label]
    while open_labels:
        name = maker.get(open_labels.pop())
        if name is not None and name not in found:
            found.add(name)
            open_labels += [i for i in known[name]["inputs"] if i.startswith("build/")]
    return found


def general_changes(both: Both) -> dict[str, list[dict[str, Any]]]:
    """
    What changed besides rows: ``settings`` (key, before, after), parts of the ``program`` and other ``files``.

    Each item names the ``steps`` it bears on.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(kind: str, key: str, step: str, before: Any, after: Any) -> None:
        label = json.dumps([key, before, after], ensure_ascii=False, sort_keys=True)
        item = found.setdefault((kind, label), {"key": key, "before": before, "after": after, "steps": []})
        item["steps"].append(step)

    ours, theirs = both.a.records, both.b.records
    for step in sorted(set(ours) & set(theirs)):
        if step.startswith("publish ") or step in ("store", "quality"):
            continue
        for key, before, after in _differing(ours[step]["settings"], theirs[step]["settings"]):
            add("settings", key, step, before, after)
        for part, _, _ in _differing(ours[step]["code"], theirs[step]["code"]):
            add("program", part, step, both.a.program, both.b.program)
        if not step.startswith("import "):
            files = [{k: v for k, v in r[step]["inputs"].items() if not k.startswith("build/")} for r in (ours, theirs)]
            for file, before, after in _differing(*files):
                add("files", file, step, _presence(before), _presence(after))
    out: dict[str, list[dict[str, Any]]] = {"settings": [], "program": [], "files": []}
    for kind, label in sorted(found):
        out[kind].append(found[kind, label])
    return out


def _presence(digest: Any) -> str:
    return "missing" if digest in (None, "missing") else str(digest)[:12]


def _differing(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """(key, before, after) of what differs in two JSON values; values that are no tables as a whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [("", before, after)]
    keys = sorted(set(before) | set(after))
    return [(k, before.get(k), after.get(k)) for k in keys if before.get(k) != after.get(k)]
