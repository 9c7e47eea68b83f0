"""The risk of a region: point and line sources with their outcomes, summed on a grid, at points, and by source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ...grid import Grid
from .kernels import Kernels, build_kernels, outcome_parts, shares, spans, stamp
from .lines import line_shares, pieces, stamp_lines
from .outcomes import Outcome, Stack, View, individual, societal, stack
from .societal import FN, People, fn_curves
from .weather import PERIODS, Weather

_BATCH = 500  # sources whose kernels are stamped together (at most 115 kB each)
_HELD = 2000  # kernels a model keeps
_LINE_STEP_M = 25.0  # a line whose outcomes have a direction is stamped this often, or eight times within its reach
_PEOPLE_STEP_M = 100.0  # places of an accident along a line: people are known by squares of this side


@dataclass(frozen=True)
class Model:
    """
    Sources and outcomes.

    Parameters
    ----------
    sources : (S,) GeoDataFrame
        One row a source, metric CRS: points, and lines whose outcomes' frequencies are per metre.
    outcomes : of all sources; ``Outcome.source`` is the position of the row.
    weather : Weather
    held : dict
        Kernels made so far, by their content; a model made by ``dataclasses.replace`` shares them.
    """

    sources: gpd.GeoDataFrame
    outcomes: Sequence[Outcome]
    weather: Weather
    lacked: tuple[str, ...] = field(default=())
    held: dict[bytes, tuple[Kernels, int]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def stack(self) -> Stack:
        """The outcomes as flat arrays."""
        return stack(self.outcomes)

    @cached_property
    def reach(self) -> NDArray[np.float64]:
        """(S,) distance beyond which a source kills nobody [m]."""
        return spans(self.stack, len(self.sources))[0]

    @cached_property
    def keys(self) -> list[bytes]:
        """(S,) what the outcomes of each source are: sources of the same key, such as filling stations, are alike."""
        s = self.stack
        first = np.searchsorted(s.source, np.arange(len(self.sources) + 1)).tolist()
        return [b"".join(v[a:b].tobytes() for v in (s.key, s.weather, s.frequency)) for a, b in pairwise(first)]

    @cached_property
    def parts(self) -> Parts:
        """The sources as what is stamped."""
        return _parts(self)


@dataclass(frozen=True)
class Parts:
    """
    What stands where: points (N,) and straight pieces (M,), each with its source and weight.

    A line whose outcomes all look the same in every direction is integrated in closed form
    (``ends``); any other line is a row of points, each standing for some metres.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    source: NDArray[np.int64]
    weight: NDArray[np.float64]
    ends: NDArray[np.float64]
    line: NDArray[np.int64]


def source_ids(sources: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """(S,) what each source is called for good: ``source_id``, else ``id``."""
    return sources["source_id" if "source_id" in sources else "id"].to_numpy(object)


def _parts(model: Model) -> Parts:
    geometry = model.sources.geometry.to_numpy()
    flat = shapely.get_dimensions(geometry)
    reach, turning = model.reach, np.zeros(len(geometry), bool)
    stacked = model.stack
    turning[stacked.source[stacked.plume | (stacked.offset != 0)]] = True
    points = np.flatnonzero(flat == 0)
    centre = geometry[points]
    x, y = [shapely.get_x(centre)], [shapely.get_y(centre)]
    source, weight = [points], [np.ones(len(points))]
    for i in np.flatnonzero((flat == 1) & turning & (reach > 0)):
        at, metres = _along(geometry[i], min(_LINE_STEP_M, max(reach[i] / 8, 1.0)))
        x.append(shapely.get_x(at))
        y.append(shapely.get_y(at))
        source.append(np.full(len(at), i))
        weight.append(np.full(len(at), metres))
    still = np.flatnonzero((flat == 1) & ~turning & (reach > 0))
    ends, owner = pieces(geometry[still], reach[still]) if len(still) else (np.empty((0, 4)), np.empty(0, int))
    return Parts(
        np.concatenate(x), np.concatenate(y), np.concatenate(source).astype(np.int64), np.concatenate(weight),
        np.ascontiguousarray(ends), still[owner].astype(np.int64),
    )  # fmt: skip


def _corner(grid: Grid) -> tuple[float, float, float]:
    return grid.left, grid.top, grid.cell_m


def lsir_surface(
    model: Model, grid: Grid, *, only: NDArray[np.bool_] | None = None, workers: int = 1
) -> NDArray[np.float32]:
    """
    (rows, cols) location-specific individual risk at the cell centres [per year], of the sources ``only`` (S,).

    Bit for bit the same for any number of workers. Zero where no outcome reaches.
    """
    return risk_surface(model, individual(model.weather), grid, only=only, workers=workers)


def risk_surface(
    model: Model, view: View, grid: Grid, *, only: NDArray[np.bool_] | None = None, workers: int = 1
) -> NDArray[np.float32]:
    """(rows, cols) frequency of death of the persons of ``view`` at the cell centres [per year]; see `lsir_surface`."""
    out = np.zeros(grid.shape, np.float32)
    _add(model, view, grid, out, (0, grid.shape[0], 0, grid.shape[1]), workers, only)
    return out


def restamp(
    surface: NDArray[np.float32], before: Model, after: Model, changed: Sequence[int], grid: Grid, *, workers: int = 1
) -> tuple[int, int, int, int]:
    """
    Bring a surface of ``before`` up to date for ``after``, in place, touching only what ``changed`` sources reach.

    Both models have the same rows of sources; those in ``changed`` differ in place, outcomes or
    existence (no outcomes). Bit-equal to `lsir_surface` of ``after``. Returns the window (row0, row1, col0, col1).
    """
    boxes = []
    for model in (before, after):
        reach = model.reach[list(changed)]
        bounds = shapely.bounds(model.sources.geometry.to_numpy()[list(changed)])
        boxes.append(np.column_stack([bounds[:, :2] - reach[:, None], bounds[:, 2:] + reach[:, None]]))
    box = np.concatenate(boxes)
    (row1, row0), (col0, col1) = _rows_cols(grid, box)
    window = (max(0, row0), min(grid.shape[0], row1 + 1), max(0, col0), min(grid.shape[1], col1 + 1))
    if window[0] >= window[1] or window[2] >= window[3]:
        return (0, 0, 0, 0)
    surface[window[0] : window[1], window[2] : window[3]] = 0
    _add(after, individual(after.weather), grid, surface, window, workers)
    return window


def _rows_cols(grid: Grid, box: NDArray[np.float64]) -> tuple[tuple[int, int], tuple[int, int]]:
    rows, cols = grid.rowcol([box[:, 0].min(), box[:, 2].max()], [box[:, 1].min(), box[:, 3].max()])
    return (int(rows[0]), int(rows[1])), (int(cols[0]), int(cols[1]))


def _add(
    model: Model,
    view: View,
    grid: Grid,
    out: NDArray[np.float32],
    window: tuple[int, int, int, int],
    workers: int,
    only: NDArray[np.bool_] | None = None,
) -> None:
    """Add sources to a window of ``out``, in the order of the sources; batches are the same for every window."""
    parts, reach = model.parts, model.reach
    west, east = grid.left + window[2] * grid.cell_m, grid.left + window[3] * grid.cell_m
    north, south = grid.top - window[0] * grid.cell_m, grid.top - window[1] * grid.cell_m
    bounds = shapely.bounds(model.sources.geometry.to_numpy())
    near = (reach > 0) & (bounds[:, 0] - reach < east) & (bounds[:, 2] + reach > west)
    near &= (bounds[:, 1] - reach < north) & (bounds[:, 3] + reach > south)
    if only is not None:
        near &= only
    for batch in batches(near):
        kernels, place = kernels_of(model, view, batch)
        mine = place[parts.source] >= 0
        stamp(kernels, parts.x[mine], parts.y[mine], out, _corner(grid), kernel=place[parts.source[mine]],
              weight=parts.weight[mine], window=window, workers=workers)  # fmt: skip
        mine = place[parts.line] >= 0
        if mine.any():
            ends, kernel = parts.ends[mine], place[parts.line[mine]]
            rate = np.ones(len(kernel))
            stamp_lines(kernels, ends, kernel, rate, out, _corner(grid), window=window, workers=workers)


def batches(wanted: NDArray[np.bool_]) -> Iterator[NDArray[np.int64]]:
    """The wanted sources, by the hundreds; which go together depends on their rows alone."""
    rows = np.flatnonzero(wanted)
    for number in np.unique(rows // _BATCH):
        yield rows[rows // _BATCH == number]


def kernels_of(model: Model, view: View, sources: NDArray[np.int64]) -> tuple[Kernels, NDArray[np.int64]]:
    """The distinct kernels of some sources, and (S,) which of them each source has; -1 for all others."""
    weather, place = model.weather, np.full(len(model.sources), -1)
    start = b"".join(np.ascontiguousarray(v).tobytes() for v in (weather.towards, view.mix, view.weight))
    first: dict[bytes, int] = {}
    for s in sources.tolist():
        first.setdefault(start + model.keys[s], s)
    number = {key: k for k, key in enumerate(first)}
    place[sources] = [number[start + model.keys[s]] for s in sources.tolist()]
    fresh = {key: k for k, key in enumerate(key for key in first if key not in model.held)}
    new = np.array([first[key] for key in fresh], np.int64)
    built = build_kernels(copies(model.stack, new), len(new), weather, view)
    if len(fresh) == len(first):
        kernels = built
    else:
        found = [(built, fresh[key]) if key in fresh else model.held[key] for key in first]
        kernels = Kernels(*(np.array([getattr(of, name)[k] for of, k in found]) for name in Kernels.__match_args__))
    if len(model.held) + len(fresh) <= _HELD:
        model.held.update({key: (built, k) for key, k in fresh.items()})
    return kernels, place


def copies(stacked: Stack, sources: NDArray[np.int64]) -> Stack:
    """Outcomes of new sources 0, 1, ...: the k-th has those of the old source ``sources[k]``."""
    first = np.searchsorted(stacked.source, sources, side="left")
    count = np.searchsorted(stacked.source, sources, side="right") - first
    owner = np.repeat(np.arange(len(sources)), count)
    rows = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return stacked.take(rows, owner)


def lsir_shares(model: Model, at: tuple[float, float]) -> NDArray[np.float64]:
    """(S,) what each source adds to the LSIR at one place (x, y) [m]; their sum is what `lsir_surface` sums there."""
    return _shares(model, individual(model.weather), at)


def _shares(model: Model, view: View, at: tuple[float, float]) -> NDArray[np.float64]:
    parts, out, reach = model.parts, np.zeros(len(model.sources)), model.reach
    bounds = shapely.bounds(model.sources.geometry.to_numpy())
    gap = np.hypot(
        np.maximum(0, np.maximum(bounds[:, 0] - at[0], at[0] - bounds[:, 2])),
        np.maximum(0, np.maximum(bounds[:, 1] - at[1], at[1] - bounds[:, 3])),
    )
    near = np.flatnonzero((reach > 0) & (gap < reach))
    if not len(near):
        return out
    kernels, place = kernels_of(model, view, near)
    mine = place[parts.source] >= 0
    at_points = shares(kernels, parts.x[mine], parts.y[mine], at, kernel=place[parts.source[mine]])
    np.add.at(out, parts.source[mine], at_points * parts.weight[mine])
    mine = place[parts.line] >= 0
    if mine.any():
        ends, kernel = parts.ends[mine], place[parts.line[mine]]
        np.add.at(out, parts.line[mine], line_shares(kernels, ends, kernel, np.ones(len(kernel)), at))
    return out


def outcome_shares(model: Model, at: tuple[float, float]) -> NDArray[np.float64]:
    """(O,) what each outcome of ``model.stack`` adds to the LSIR at one place; sums to `lsir_shares` by source."""
    parts, view, stacked = model.parts, individual(model.weather), model.stack
    out = outcome_parts(stacked, model.weather, view, (parts.x, parts.y, parts.source, parts.weight), at)
    near = model.reach[parts.line]
    box = np.column_stack(
        [np.minimum(parts.ends[:, :2], parts.ends[:, 2:]), np.maximum(parts.ends[:, :2], parts.ends[:, 2:])]
    )
    close = (
        (box[:, 0] - near < at[0])
        & (box[:, 2] + near > at[0])
        & (box[:, 1] - near < at[1])
        & (box[:, 3] + near > at[1])
    )
    for source in np.unique(parts.line[close]):
        mine = close & (parts.line == source)
        rows = np.flatnonzero(stacked.source == source)
        alone = stacked.take(rows, np.arange(len(rows)))
        # One reach for all, so that their nodes are those of the kernel of the whole source.
        alone.reach[:] = model.reach[source]
        kernels = build_kernels(alone, len(rows), model.weather, view)
        for k, row in enumerate(rows):
            out[row] = line_shares(
                kernels, parts.ends[mine], np.full(int(mine.sum()), k), np.ones(int(mine.sum())), at
            ).sum()
    return out


def fn_of(model: Model, people: People, *, only: NDArray[np.bool_] | None = None, workers: int = 1) -> FN:
    """F-N and PLL of every source (S,), zero but for ``only``; a line counts each of its metres as a place to fail."""
    return _fn_of(model, people, only, None, workers)[0]


def fn_with(model: Model, people: People, further: Mapping[str, NDArray], *, workers: int = 1) -> tuple[FN, FN]:
    """F-N and PLL of every source with the people, and with ``further`` persons (N,) by period beside them."""
    without, together = _fn_of(model, people, None, further, workers)
    return without, together


def _fn_of(
    model: Model,
    people: People,
    only: NDArray[np.bool_] | None,
    further: Mapping[str, NDArray] | None,
    workers: int,
) -> list[FN]:
    views = {period: societal(model.weather, period) for period in PERIODS}
    spread = _spread(model, np.ones(len(model.sources), bool) if only is None else only)
    number: dict[bytes, int] = {}
    alike = np.array([number.setdefault(model.keys[s], len(number)) for s in spread.source.tolist()], np.int64)
    found = fn_curves(
        spread.stack, spread.x, spread.y, model.weather, views, people, alike=alike, further=further, workers=workers
    )
    out = []
    for crowd in range(1 if further is None else 2):
        rows = slice(crowd * len(spread.x), (crowd + 1) * len(spread.x))
        frequency, pll = np.zeros((len(model.sources), len(found.deaths))), np.zeros(len(model.sources))
        most = np.zeros(len(model.sources))
        np.add.at(frequency, spread.source, found.frequency[rows] * spread.weight[:, None])
        np.add.at(pll, spread.source, found.pll[rows] * spread.weight)
        np.maximum.at(most, spread.source, found.most[rows])
        out.append(FN(found.deaths, frequency, pll, most))
    return out


@dataclass(frozen=True)
class _Spread:
    stack: Stack
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    source: NDArray[np.int64]
    weight: NDArray[np.float64]


def _spread(model: Model, only: NDArray[np.bool_]) -> _Spread:
    """Every source as points with outcomes of their own: what an accident is, somewhere along a line."""
    geometry, reach = model.sources.geometry.to_numpy(), model.reach
    flat = shapely.get_dimensions(geometry)
    points = np.flatnonzero((flat == 0) & only)
    x, y = [shapely.get_x(geometry[points])], [shapely.get_y(geometry[points])]
    source, weight = [points], [np.ones(len(points))]
    for i in np.flatnonzero((flat == 1) & (reach > 0) & only):
        at, metres = _along(geometry[i], max(_PEOPLE_STEP_M, reach[i] / 8))
        x.append(shapely.get_x(at))
        y.append(shapely.get_y(at))
        source.append(np.full(len(at), i))
        weight.append(np.full(len(at), metres))
    of = np.concatenate(source).astype(np.int64)
    return _Spread(copies(model.stack, of), np.concatenate(x), np.concatenate(y), of, np.concatenate(weight))


def _along(line: shapely.Geometry, step_m: float) -> tuple[NDArray[np.object_], float]:
    """Points in the middle of equal pieces of a line, at most ``step_m`` apart, and the metres each stands for."""
    length = float(shapely.length(line))
    count = max(1, int(np.ceil(length / step_m)))
    return shapely.line_interpolate_point(line, (np.arange(count) + 0.5) / count, normalized=True), length / count
