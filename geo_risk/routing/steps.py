"""A route in words: turn by turn, with road names, metres and minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .network import Network
from .reach import SAME_M, Pieces, piece_lines

MS_PER_MIN = 60_000.0
HEADINGS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
HEADINGS_ZH = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
# Change of direction up to which [deg] it is called so; beyond the last one drives back.
_TURNS = (
    (20.0, "straight", "直行"),
    (50.0, "slight {}", "稍向{}转"),
    (130.0, "{}", "{}转"),
    (160.0, "sharp {}", "向{}急转"),
)
_BACK = ("back", "掉头")
_SIDES = {False: ("left", "左"), True: ("right", "右")}


def heading(degrees: float) -> tuple[str, str]:
    """(English, Chinese) of a direction clockwise from north [deg], one of eight."""
    eighth = round(degrees / 45.0) % 8
    return HEADINGS[eighth], HEADINGS_ZH[eighth]


def turn(degrees: float) -> tuple[str, str]:
    """(English, Chinese) of a change of direction [deg], clockwise positive."""
    bend = (degrees + 180.0) % 360.0 - 180.0
    en, zh = next((names for most, *names in _TURNS if abs(bend) <= most), _BACK)
    side = _SIDES[bend > 0]
    return en.format(side[0]), zh.format(side[1])


def route_steps(network: Network, pieces: Pieces, names: NDArray[np.object_]) -> dict[int, list[dict[str, Any]]]:
    """
    The steps of each route of `reach.route_pieces`, by its ``line``.

    Parameters
    ----------
    names : (r,)
        Name of each road of the network, "" where it has none.

    Returns
    -------
    dict
        Route -> steps in driving order: road ("" without a name), road_class, metres, minutes, heading_deg
        (at its beginning, clockwise from north), turn, and the step in words (en, zh). Consecutive
        stretches of one name are one step. A route without any length has none.
    """
    driven = np.flatnonzero(np.abs(pieces.end_m - pieces.begin_m) > SAME_M)
    line, edge = pieces.line[driven], pieces.edge[driven]
    metres = np.abs(pieces.end_m - pieces.begin_m)[driven]
    minutes = metres / network.metres[edge] * network.ms[edge] / MS_PER_MIN
    apart = Pieces(np.arange(len(driven)), edge, pieces.begin_m[driven], pieces.end_m[driven])
    enter, leave = _bearings(piece_lines(network, apart)) if len(driven) else (np.empty(0), np.empty(0))
    road = network.road[edge]
    words = [str(names[r]) or str(network.road_class[r]) for r in road]
    new = [i == 0 or line[i] != line[i - 1] or words[i] != words[i - 1] for i in range(len(driven))]
    first = np.flatnonzero(new)
    out: dict[int, list[dict[str, Any]]] = {}
    for a, b in zip(first, [*first[1:], len(driven)], strict=True):
        steps = out.setdefault(int(line[a]), [])
        bend = turn(enter[a] - leave[a - 1]) if steps else ("depart", "出发")
        one: dict[str, Any] = {"road": str(names[road[a]]), "road_class": str(network.road_class[road[a]] or "")}
        one |= {"metres": float(metres[a:b].sum()), "minutes": float(minutes[a:b].sum())}
        one |= {"heading_deg": float(enter[a]), "turn": bend[0]}
        steps.append(one | _words(one, bend))
    return out


def _words(step: dict[str, Any], bend: tuple[str, str]) -> dict[str, str]:
    en, zh = heading(step["heading_deg"])
    name_en, name_zh = step["road"] or "unnamed road", step["road"] or "无名道路"
    far = f"{step['metres'] / 1000:.1f} km" if step["metres"] >= 1000 else f"{step['metres']:.0f} m"
    return {
        "en": f"{bend[0]}: {name_en}, {en}, {far}, {step['minutes']:.1f} min",
        "zh": f"{bend[1]}，沿{name_zh}向{zh}行驶 {far}，{step['minutes']:.1f} 分钟",
    }


def _bearings(lines: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(P,) direction clockwise from north [deg] at the beginning and at the end of each line."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.searchsorted(owner, np.arange(len(lines)))
    last = np.append(first[1:], len(owner)) - 1
    begin, end = xy[first + 1] - xy[first], xy[last] - xy[last - 1]
    first_deg, last_deg = (np.degrees(np.arctan2(d[:, 0], d[:, 1])) % 360.0 for d in (begin, end))
    return first_deg, last_deg
