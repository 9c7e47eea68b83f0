"""River, city limit, canals, lake and hill of the demo city, in local metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon

from .plan import Plan
from .rng import stream, uniform

# The city of 980 km2 the demo is modelled on, scaled with the plan.
_AREA_M2 = 980e6
# The limit from the river's west end round the south to its east end, documented city [m].
_CORNERS = (
    (900, 19_000),
    (2_100, 13_200),
    (6_000, 8_600),
    (12_600, 7_300),
    (18_800, 4_600),
    (26_500, 5_900),
    (33_600, 3_600),
    (40_700, 7_600),
    (44_600, 14_800),
)
# The seed moves the river along its course.
_WAVES = ((900.0, 38_000.0, 0.4), (350.0, 13_000.0, 1.9))


@dataclass(frozen=True)
class Land:
    """The ground the city stands on; all geometries in local metres."""

    limit: Polygon
    river: Polygon
    island: Polygon
    canals: list[Polygon]
    lake: Polygon
    hill: Polygon
    bank: NDArray[np.float64]  # (N, 2) points of the south bank, west to east
    dry: Polygon  # the limit without river, canals and lake

    def bank_y(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Northing of the south bank at x [m]."""
        return np.interp(x, self.bank[:, 0], self.bank[:, 1])


def smooth_noise(rng: np.random.Generator, position: NDArray, waves: int, first: float) -> NDArray[np.float64]:
    """(N,) sum of sine waves of halving length and height, about -1..1; ``first`` is the longest [same as position]."""
    total = np.zeros(len(position))
    for i in range(waves):
        total += 0.55 * 0.5**i * np.sin(2 * np.pi * (position * 2**i / first + rng.random()))
    return total


def displaced(rng: np.random.Generator, corners: NDArray, rounds: int, share: float) -> NDArray[np.float64]:
    """Midpoint displacement of an open line (N, 2): each round halves every piece and moves the middle sideways."""
    line = np.asarray(corners, float)
    for _ in range(rounds):
        step = np.diff(line, axis=0)
        side = np.column_stack([-step[:, 1], step[:, 0]])
        middle = line[:-1] + step / 2 + side * (share * (rng.random(len(step)) - 0.5))[:, None]
        merged = np.empty((2 * len(line) - 1, 2))
        merged[0::2], merged[1::2] = line, middle
        line = merged
    return line


def blob(
    rng: np.random.Generator, centre: tuple[float, float], a: float, b: float, angle: float, rough=0.22
) -> Polygon:
    """A rounded natural outline with half axes a and b [m] turned by ``angle`` [rad]."""
    turn = np.linspace(0, 2 * np.pi, 73)[:-1]
    radius = 1 + rough * sum((0.6**k) * np.sin((k + 2) * turn + 2 * np.pi * rng.random()) for k in range(4))
    x, y = a * radius * np.cos(turn), b * radius * np.sin(turn)
    c, s = np.cos(angle), np.sin(angle)
    return Polygon(np.round(np.column_stack([centre[0] + c * x - s * y, centre[1] + s * x + c * y]), 2))


def make_land(plan: Plan) -> Land:
    """River first, then the limit, then the waters and the hill inside it."""
    rng = stream(plan.seed, "land")
    width, unit = plan.extent[0], plan.unit
    x = np.linspace(0, width, 461)
    bank, half = _river(rng, x, unit)
    limit = _limit(rng, plan, x, bank + half)
    outside = shapely.box(-2e3, -2e3, width + 2e3, plan.extent[1] * 2)
    channel = Polygon(np.round(np.vstack([np.column_stack([x, bank]), np.column_stack([x, bank + 2 * half])[::-1]]), 2))
    island = _island(rng, unit, x, bank, half)
    river = channel.intersection(outside).difference(island)
    canals = _canals(rng, plan, limit, river)
    lake = blob(rng, (29_600 * unit, 11_800 * unit), 1_150 * unit, 690 * unit, uniform(rng, 1, -0.5, 0.5)[0])
    canals = [shapely.set_precision(c.difference(lake), 0.01) for c in canals]
    hill = blob(rng, (13_200 * unit, 11_600 * unit), 4_800 * unit, 500 * unit, 0.2, rough=0.1)
    water = shapely.union_all([river, lake, *canals])
    dry = shapely.set_precision(limit.difference(water), 0.01)
    return Land(limit, river, island, canals, lake, hill, np.column_stack([x, bank]), dry)


def _river(rng, x: NDArray, unit: float) -> tuple[NDArray, NDArray]:
    shift = 2 * np.pi * rng.random(3)
    bank = 25_200.0 + sum(
        height * np.sin(2 * np.pi * x / unit / length + phase + s)
        for (height, length, phase), s in zip(_WAVES, shift[:2], strict=True)
    )
    half = 1_150 + 260 * np.sin(2 * np.pi * x / unit / 21_000 + 1 + shift[2])
    return bank * unit, half * unit


def _limit(rng, plan: Plan, x: NDArray, middle: NDArray) -> Polygon:
    """The limit: mid-river in the north, a natural line elsewhere, stretched southwards to the documented area."""
    corners = np.array(_CORNERS, float) * plan.unit
    corners += 500 * plan.unit * (rng.random(corners.shape) - 0.5)
    ends = np.array([[0.0, middle[0]]]), np.array([[x[-1], middle[-1]]])
    south = displaced(rng, np.vstack([ends[0], corners, ends[1]]), 5, 0.32)
    north = np.column_stack([x, middle])[::-1]
    stretch, base = 1.0, 21_000 * plan.unit
    for _ in range(30):
        line = south.copy()
        low = line[:, 1] < base
        line[low, 1] = base - stretch * (base - line[low, 1])
        outline = Polygon(np.vstack([line, north[1:-1]]))
        stretch *= 1 + 0.9 * (_AREA_M2 * plan.scale / outline.area - 1)
    return Polygon(np.round(shapely.get_coordinates(outline), 2)).buffer(0)


def _island(rng, unit: float, x: NDArray, bank: NDArray, half: NDArray) -> Polygon:
    """A sandbar: a leaf that follows the bank."""
    along = np.linspace(-1, 1, 41)
    cx = (9_000 + 4_000 * rng.random()) * unit
    ix = cx + 1_800 * unit * along
    spine = np.interp(ix, x, bank + 0.6 * half)
    wide = 0.28 * np.interp(ix, x, half) * (1 - along**2) ** 0.6 * (1 + 0.15 * smooth_noise(rng, along, 3, 1.3))
    return Polygon(
        np.round(np.vstack([np.column_stack([ix, spine - wide]), np.column_stack([ix, spine + wide])[::-1][1:-1]]), 2)
    )


def _canals(rng, plan: Plan, limit: Polygon, river: Polygon) -> list[Polygon]:
    """Four canals north-south and two east-west, meandering."""
    (width, height), unit = plan.extent, plan.unit
    along = np.linspace(0, 1, 121)
    lines = []
    for share in (0.21, 0.385, 0.62, 0.87):
        wave = smooth_noise(rng, along, 4, 0.8)
        lines.append(np.column_stack([width * share + 1_300 * unit * wave, height * along]))
    for share in (0.3, 0.56):
        wave = smooth_noise(rng, along, 5, 0.6)
        lines.append(np.column_stack([width * along, height * share + 1_100 * unit * wave]))
    wide = np.concatenate([uniform(rng, 4, 50, 80), uniform(rng, 2, 40, 60)])
    kept = [LineString(np.round(line, 2)).intersection(limit) for line in lines]
    return [
        line.buffer(w / 2, quad_segs=2).intersection(limit).difference(river)
        for line, w in zip(kept, wide, strict=True)
    ]


def ditches(plan: Plan, land: Land, centres: NDArray, radius: NDArray) -> list[LineString]:
    """Polder ditches every 600-1,200 m outside the towns, as lines."""
    rng = stream(plan.seed, "ditches")
    width, height = plan.extent
    open_land = (
        land.dry.difference(land.hill.buffer(200))
        .difference(shapely.union_all(shapely.buffer(shapely.points(centres), radius)))
        .buffer(-40)
    )
    raw, y = [], 2_000.0 * plan.unit
    while y < height:
        x = np.arange(0.0, width + 1, 150.0)
        raw.append(LineString(np.column_stack([x, y + 160 * smooth_noise(rng, x, 4, 5_200.0)])))
        y += 600 + 600 * rng.random()
    x0 = 500.0
    while x0 < width:
        y_along = np.arange(0.0, height + 1, 150.0)
        raw.append(LineString(np.column_stack([x0 + 160 * smooth_noise(rng, y_along, 4, 4_700.0), y_along])))
        x0 += 900 + 1_500 * rng.random()
    pieces = shapely.get_parts(shapely.intersection(np.array(raw), open_land))
    pieces = pieces[shapely.length(pieces) > 400]
    keep = rng.random(len(pieces)) < 0.8
    return list(shapely.transform(pieces[keep], lambda xy: np.round(xy, 2)))
