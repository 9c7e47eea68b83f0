"""Ground that rescuers keep out of: the plume of a source of the region, else the distances of ERG 2024."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .. import answers
from ..analysis.qra.effects import erg_distances
from ..analysis.qra.zones import downwind_square
from ..analysis.rows import table_rows
from ..publish.words import phrase
from ..routing.speeds import rescue_default

if TYPE_CHECKING:
    from ..region import Region

_UNKNOWN_CARGO = 111  # ERG guide of unknown or mixed cargo


@dataclass(frozen=True)
class Forbidden:
    """
    Ground to keep out of, in the region's CRS.

    ``upwind`` is the direction from the place into the wind [rad, from east over north], None where the wind is not
    known; ``kinds`` the outcomes of the accident, empty where they are not known; ``why`` gives the source.
    """

    area: Any
    upwind: float | None
    kinds: tuple[str, ...]
    pool_m2: float | None
    why: dict[str, str]


def of_source(region: Region, source: str, wind: tuple[float, float] | None) -> tuple[tuple[float, float], Forbidden]:
    """The place of a risk source, and the keep-out ground of its farthest-reaching accident in a wind."""
    found = answers.accident(region, source, near=None, scenario=None, wind=wind, hour=0.0)
    told = found.told
    area = shapely.union_all(found.zones.geometry[found.zones["effect"] == "keep out"].to_numpy())
    blows, at = told["wind"], told["at"]
    who = told["source"]["name"] or told["source"]["id"]
    wind_en = f"wind from {blows['from_deg']:.0f} degrees, {blows['speed_mps']:.1f} m/s"
    wind_zh = f"风从 {blows['from_deg']:.0f}° 来，{blows['speed_mps']:.1f} m/s"
    scenario = told["scenario"].replace("_", " ").replace("/", ", ")
    why = {
        "en": f"{who}, {scenario}, by night, {wind_en}: death 1 %, 12.5 kW/m2, 10 kPa, AEGL-3 or ERG isolation",
        "zh": f"{who}，{phrase(told['scenario'])}，夜间，{wind_zh}：死亡 1 %、12.5 kW/m²、10 kPa、AEGL-3 或 "
        "ERG 隔离范围",
    }
    kinds = tuple(row["kind"] for row in told["outcomes"])
    pool = _pool(region, told["source"]["id"])
    return (at["x"], at["y"]), Forbidden(area, np.radians(90.0 - blows["from_deg"]), kinds, pool, why)


def of_substance(at: tuple[float, float], substance: str, wind: tuple[float, float] | None) -> Forbidden:
    """
    Isolation all round and the protective distance downwind of ERG 2024, for a large spill by night, the worse case.

    Without a wind the protective distance counts all round. A substance that its Tables 1 and 3 do not list has
    the isolation distance of unknown cargo, and no protective distance.
    """
    row = erg_distances(substance, "night", rescue_default("wind_mps") if wind is None else wind[1], large=True)
    upwind = None if wind is None else float(np.radians(90.0 - wind[0]))
    if row is None:
        guide = next(r for r in table_rows("erg_guides") if int(r["guide"]) == _UNKNOWN_CARGO)
        metres = float(guide["isolate_m"])
        why = {
            "en": f"{substance} is not in ERG 2024 Tables 1 and 3: {metres:g} m all round as for unknown cargo "
            f"(ERG 2024 guide {_UNKNOWN_CARGO}); heat and blast are not counted",
            "zh": f"{substance}不在 ERG 2024 表 1、表 3 中：按不明货物四周隔离 {metres:g} m（ERG 2024 指南 "
            f"{_UNKNOWN_CARGO}）；未计热辐射与爆炸",
        }
        return Forbidden(shapely.Point(at).buffer(metres, quad_segs=32), upwind, (), None, why)
    isolate, protect = float(row["isolate_m"]), float(row["protect_m"])
    isolated = shapely.Point(at).buffer(isolate, quad_segs=32)
    if upwind is None:
        shape, where_en, where_zh = shapely.Point(at).buffer(protect, quad_segs=32), "all round, no wind given", "四周"
    else:
        shape, where_en, where_zh = downwind_square(protect, at, upwind + np.pi), "downwind", "下风向"
    least = (" or more", "以上") if str(row["or_more"]) == "yes" else ("", "")
    why = {
        "en": f"ERG 2024, UN {row['un']}, large spill ({row['container']}) by night: isolate {isolate:g} m, "
        f"protect {protect:g} m{least[0]} {where_en}",
        "zh": f"ERG 2024，UN {row['un']}，夜间大量泄漏（{phrase(row['container'])}）：四周隔离 {isolate:g} m，"
        f"{where_zh}防护 {protect:g} m{least[1]}",
    }
    return Forbidden(shapely.union(isolated, shape), upwind, ("toxic",), None, why)


def _pool(region: Region, source_id: str) -> float | None:
    """Largest pool of a source [m2]; None where it has none."""
    sources = region.table("risk_sources")
    pool = sources.loc[sources["source_id"] == source_id, "pool_m2"].to_numpy(float)
    return float(pool[0]) if len(pool) and pool[0] > 0 else None
