"""Why a result differs between two states: the changed input rows whose reach touches it.

A *zone* is where a changed input row can act: the old and new place of a source with its reach, the square over
which persons are spread, a place that is counted. What lies in no zone is not explained by any row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..grid import Grid
from .changes import Changes, changed_rows, outlines

# Residents are counted within this of a unit (GB 18218-2018, 4.3.2).
RESIDENTS_M = 500.0
# People of a place change the count of squares this far off: day persons are shared out over 5 x 5 squares of 100 m,
# of which one is 2 squares and the place's own away at most (qra/people).
PRESENCE_M = 3 * 100 * 2**0.5
# A cell-and-zone pair costs some 50 ns; beyond this cells are not counted for each row.
_PAIRS = 30_000_000
# Outlines are simplified to 1/20 of a cell before distances are taken (index_kernel).
_SLACK_CELLS = 1 / 20
_EXPOSURE = {
    "population": ("persons", "day_persons", "geometry"),
    "crowded_places": ("capacity", "beds", "kind", "state", "geometry"),
}
_COUNTED = ("enterprises", "hazard_sources")

Tables = Mapping[str, gpd.GeoDataFrame]
Pair = tuple[Tables, Tables]
# Layer and id of a row.
Key = tuple[str, str]


@dataclass(frozen=True)
class Inputs:
    """
    Changed input rows in a fixed order: ``table`` with layer, id, id_before, name, change, columns, moved_m.

    ``before`` and ``after`` (N,) are their old and new shapes (None where there was or is none).
    """

    table: pd.DataFrame
    before: NDArray[np.object_]
    after: NDArray[np.object_]

    def find(self, layer: str, ids: Iterable[object]) -> list[int]:
        """Numbers of the changed rows of a layer with one of the ids, old or new."""
        at = self._index()
        return sorted({n for i in ids for n in at.get((layer, str(i)), ())})

    def of(self, *layers: str) -> NDArray[np.int64]:
        """Numbers of the changed rows of the layers."""
        return np.flatnonzero(self.table["layer"].isin(layers))

    def _index(self) -> dict[tuple[str, str], list[int]]:
        if "_at" not in self.__dict__:
            at: dict[tuple[str, str], list[int]] = {}
            for n, row in enumerate(self.table[["layer", "id", "id_before"]].itertuples(index=False)):
                for i in {row.id, row.id_before} - {None}:
                    at.setdefault((row.layer, i), []).append(n)
            self.__dict__["_at"] = at
        return self.__dict__["_at"]


@dataclass(frozen=True)
class Zones:
    """``cause`` (Z,) numbers of changed input rows, their shapes (Z,) and reaches (Z,) [m]."""

    cause: NDArray[np.int64]
    shape: NDArray[np.object_]
    reach: NDArray[np.float64]

    def touching(self, shapes: NDArray[np.object_]) -> list[list[int]]:
        """For each shape (N,) the causes whose zone touches it, in order."""
        found: list[set[int]] = [set() for _ in shapes]
        if len(self.cause) and len(shapes):
            zone, at = shapely.STRtree(shapes).query(self.shape, predicate="dwithin", distance=self.reach)
            for n, i in zip(self.cause[zone].tolist(), at.tolist(), strict=True):
                found[i].add(n)
        return [sorted(causes) for causes in found]

    def wider(self, metres: float) -> Zones:
        """The zones as what takes its value from cells of ``metres`` sees them: any part of a touched cell counts."""
        return Zones(self.cause, self.shape, np.maximum(self.reach, metres) + metres)

    def __add__(self, other: Zones) -> Zones:
        return Zones(
            np.concatenate([self.cause, other.cause]),
            np.concatenate([self.shape, other.shape]),
            np.concatenate([self.reach, other.reach]),
        )


def zones(items: Sequence[tuple[int, object, float]]) -> Zones:
    """Zones from (cause, shape, reach [m]); shapes that are missing are left out."""
    kept = [(n, s, r) for n, s, r in items if s is not None and not shapely.is_empty(s)]
    shape = np.empty(len(kept), object)
    shape[:] = [s for _, s, _ in kept]
    return Zones(np.array([n for n, _, _ in kept], np.int64), shape, np.array([r for _, _, r in kept], float))


def exposure_zones(inputs: Inputs, radius_m: float, cell_m: float) -> Zones:
    """Squares over which the persons of changed population and crowded places are spread, old and new."""
    items: list[tuple[int, object, float]] = []
    for n in inputs.of(*_EXPOSURE):
        row = inputs.table.iloc[n]
        if row["change"] != "changed" or set(row["columns"]) & set(_EXPOSURE[row["layer"]]):
            for shape in (inputs.before[n], inputs.after[n]):
                if shape is not None:
                    wide = shapely.buffer(shape, radius_m + cell_m, cap_style="square", join_style="mitre")
                    items.append((int(n), wide, 0.0))
    return zones(items)


def presence_zones(inputs: Inputs) -> Zones:
    """Places of changed people: residents, crowded places and firms with their staff, old and new."""
    rows = inputs.of(*_EXPOSURE, "enterprises")
    return zones([(int(n), shape, PRESENCE_M) for n in rows for shape in (inputs.before[n], inputs.after[n])])


def counted_zones(inputs: Inputs) -> Zones:
    """Places of the changed rows that a district counts: those that came, went, moved, opened or closed."""
    items: list[tuple[int, object, float]] = []
    for n in inputs.of(*_COUNTED):
        row = inputs.table.iloc[n]
        if row["change"] != "changed" or {"geometry", "state"} & set(row["columns"]):
            items += [(int(n), inputs.before[n], 0.0), (int(n), inputs.after[n], 0.0)]
    return zones(items)


def unit_causes(inputs: Inputs, layers: Pair, major: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> dict[str, list[int]]:
    """Unit of GB 18218 -> changed rows behind it: its stocks, and the residents around it if their number changed."""
    out: dict[str, set[int]] = {}
    for state in layers:
        if "hazard_sources" in state:
            for i, unit in _units(state["hazard_sources"]).items():
                for n in inputs.find("hazard_sources", [i]):
                    out.setdefault(unit, set()).add(n)
    people = inputs.of("population")
    changes = changed_rows(*major, key=("unit_id",))
    for i, j, columns in zip(changes.before, changes.after, changes.columns, strict=True):
        if {"residents_500m", "alpha"} & set(columns) and len(people):
            around = [major[0].geometry.iloc[i], major[1].geometry.iloc[j]]
            near = zones([(0, shape, RESIDENTS_M) for shape in around])
            for n in people:
                shapes = [s for s in (inputs.before[n], inputs.after[n]) if s is not None]
                if any(near.touching(np.array(shapes, object))):
                    out.setdefault(str(major[1]["unit_id"].iloc[j]), set()).add(int(n))
    return {unit: sorted(found) for unit, found in out.items()}


def _units(hazards: gpd.GeoDataFrame) -> dict[str, str]:
    """Stock id -> the unit it belongs to, its own id where it names none."""
    unit = hazards["unit_id"].astype(object) if "unit_id" in hazards else pd.Series(None, hazards.index, object)
    unit = unit.where(unit.notna() & (unit != ""), hazards["id"])
    return dict(zip(hazards["id"].astype(str), unit.astype(str), strict=True))


@dataclass(frozen=True)
class Sources:
    """
    Changed sources of a surface.

    ``causes`` by (layer, id): the changed input rows behind each; ``zones`` where they act.
    """

    causes: dict[Key, list[int]]
    zones: Zones


def changed_sources(
    behind: Callable[[str, str], list[int]],
    tables: tuple[pd.DataFrame, pd.DataFrame],
    reach: tuple[NDArray[np.float64], NDArray[np.float64]],
    key: Sequence[str] = ("layer", "id"),
    ignore: Sequence[str] = ("name", "reason"),
) -> Sources:
    """
    The sources that differ between two states, the input rows behind them and the zones they act in.

    ``behind`` tells the changed input rows behind a source (layer, id). ``reach`` (N,), (M,) [m] of the rows of
    each table; NaN or 0 and less: a row that acts nowhere. Outlines of the tables are shapes or WKB.
    """
    before, after = (t.drop(columns=[c for c in ignore if c in t]) for t in tables)
    changes = changed_rows(before, after, key)
    causes: dict[Key, list[int]] = {}
    items: list[tuple[int, object, float]] = []
    for table, rows, metres in (
        (before, [*changes.removed, *changes.before], reach[0]),
        (after, [*changes.added, *changes.after], reach[1]),
    ):
        part = table.iloc[rows]
        ids = zip(part["layer"].astype(str), part["id"].astype(str), strict=True)
        shapes = outlines(np.asarray(part["geometry"].array))
        for (layer, i), shape, reached in zip(ids, shapes, metres[rows], strict=True):
            mine = causes[layer, i] = behind(layer, i)
            if reached > 0:
                items += [(n, shape, float(reached)) for n in mine]
    return Sources(causes, zones(items))


def source_causes(
    inputs: Inputs, layers: Pair, units: Mapping[str, list[int]], firms: Sequence[Mapping[Key, str]]
) -> Callable[[str, str], list[int]]:
    """
    Function from (layer, id) of a source to the changed rows behind it.

    They are its own row or, for a stock, those of its unit, else of another stock of its firm.
    """
    unit_of: dict[str, str] = {}
    for state in layers:
        unit_of |= _units(state["hazard_sources"]) if "hazard_sources" in state else {}

    def behind(layer: str, i: str) -> list[int]:
        mine = inputs.find(layer, [i])
        if layer != "hazard_sources":
            return mine
        mine = merged(mine, units.get(unit_of.get(i, i), ()))
        return mine or inputs.find(layer, _siblings(i, firms))

    return behind


def _siblings(stock: str, firms: Sequence[Mapping[Key, str]]) -> list[str]:
    mine = {of[key] for of in firms if (key := ("hazard_sources", stock)) in of}
    return sorted({i for of in firms for (layer, i), firm in of.items() if firm in mine and layer == "hazard_sources"})


def cells_explained(
    changed: NDArray[np.bool_], grid: Grid, acting: Zones, rows: int
) -> tuple[NDArray[np.int64] | None, int]:
    """
    How many changed cells each of the ``rows`` changed input rows reaches, and how many none reaches.

    A cell is reached where its centre lies within the reach. The counts are None where there are too many
    pairs to count; then a cell at the rim of a zone may pass for reached.
    """
    open_cells = changed.copy()
    windows = _windows(acting, grid)
    pairs = int(((windows[:, 1] - windows[:, 0]) * (windows[:, 3] - windows[:, 2])).sum()) if len(windows) else 0
    if pairs > _PAIRS:
        return None, int((changed & ~_rasterised(acting, grid)).sum())
    reached: dict[int, list[NDArray[np.int64]]] = {}
    for n, shape, metres, (row0, row1, col0, col1) in zip(
        acting.cause.tolist(), acting.shape, acting.reach, windows, strict=True
    ):
        row, col = np.nonzero(changed[row0:row1, col0:col1])
        row, col = row + row0, col + col0
        slack = grid.cell_m * _SLACK_CELLS
        shapely.prepare(shape)
        hit = shapely.dwithin(shape, shapely.points(grid.x[col], grid.y[row]), max(metres, grid.cell_m) + slack)
        open_cells[row[hit], col[hit]] = False
        reached.setdefault(n, []).append(row[hit] * grid.shape[1] + col[hit])
    counts = np.zeros(rows, np.int64)
    for n, parts in reached.items():
        counts[n] = len(np.unique(np.concatenate(parts)))
    return counts, int(open_cells.sum())


def _windows(acting: Zones, grid: Grid) -> NDArray[np.int64]:
    """(Z, 4) row0, row1, col0, col1 of the cells around each zone."""
    if not len(acting.cause):
        return np.zeros((0, 4), np.int64)
    box = shapely.bounds(acting.shape)
    wide = acting.reach + 2 * grid.cell_m
    row0, col0 = grid.rowcol(box[:, 0] - wide, box[:, 3] + wide)
    row1, col1 = grid.rowcol(box[:, 2] + wide, box[:, 1] - wide)
    rows, cols = grid.shape
    return np.stack([row0.clip(0, rows), row1.clip(0, rows), col0.clip(0, cols), col1.clip(0, cols)], axis=1)


def _rasterised(acting: Zones, grid: Grid) -> NDArray[np.bool_]:
    from rasterio.features import rasterize

    areas = shapely.buffer(acting.shape, np.maximum(acting.reach, grid.cell_m))
    return rasterize(areas, grid.shape, transform=grid.transform, all_touched=True, dtype=np.uint8).astype(bool)


def merged(*parts: Iterable[int]) -> list[int]:
    """Numbers of causes, each once, in order."""
    return sorted({n for part in parts for n in part})


def differences(before: pd.DataFrame, after: pd.DataFrame, changes: Changes) -> list[tuple[int, int]]:
    """(earlier row, later row) of every difference, -1 where there is none: changed, added, then removed rows."""
    pairs = [(int(i), int(j)) for i, j in zip(changes.before, changes.after, strict=True)]
    return [*pairs, *((-1, int(j)) for j in changes.added), *((int(i), -1) for i in changes.removed)]
