"""What would make a project pass: another place near by, or a smaller stock; each proven by a check of its own."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ..crs import geodesic_m
from ..pipeline import SETBACK_LAYERS, model_of
from .answer import HAZARDS, WORST, Check, Project, Siting, worst
from .checks import OF_ROADS, OF_STOCK, decide, stock_checks
from .ground import Ground
from .risks import governs

if TYPE_CHECKING:
    import geopandas as gpd

    from ..analysis.qra.model import Model

Way = dict[str, Any]
FURTHEST_M = 2000.0  # a project moved further is another project
_NEAR = 1 / 8  # part of it that is searched first
_STEP_M = 0.02  # within the free ground by this, so that rounding the move to centimetres stays in it
_PART = 0.01  # the stock is found to this part of it
_LEAST = 1e-3  # part of the stock below which a smaller one is no answer
_COMPASS = (("北", "N"), ("东北", "NE"), ("东", "E"), ("东南", "SE"), ("南", "S"), ("西南", "SW"), ("西", "W"),
            ("西北", "NW"))  # fmt: skip


def ways(ground: Ground, siting: Siting) -> tuple[Way, ...]:
    """
    Ways out for a project that does not pass, the least change first in each kind.

    Rows: ``way`` (move or stock), ``verdict`` of the check that proves it, and of a move ``dx_m``, ``dy_m``,
    ``distance_m``, ``towards``; of a stock ``factor`` and, row by row, the new quantities. Where there is no way
    of a kind, ``verdict`` is that of the best one tried and ``why`` says what stands against it.
    """
    if siting.verdict == "clear":
        return ()
    out = [move(ground, siting.project)]
    if "hazard_sources" in siting.project:
        out.append(less(ground, siting))
    return tuple(way for way in out if way)


def moved(project: Project, dx: float, dy: float) -> dict[str, gpd.GeoDataFrame]:
    """The project elsewhere [m]."""
    return {n: f.set_geometry(f.geometry.translate(dx, dy)) for n, f in project.items()}


def move(ground: Ground, project: Project, furthest_m: float = FURTHEST_M) -> Way:
    """The shortest move after which distances, risk and ground are clear, as far as they can be."""
    import numpy as np
    import shapely

    from ..analysis.siting.room import nearest_free

    outline = shapely.union_all([g for f in project.values() for g in f.geometry])
    corner = shapely.get_coordinates(outline.representative_point())[0]
    inside = shapely.transform(ground.boundary, lambda xy: xy - corner)
    model = ruling_model(ground, project)
    for within_m in (_NEAR * furthest_m, furthest_m):  # most ways are short, and near by far less stands
        taken = forbidden(ground, project, model, outline, within_m)
        free = shapely.intersection(shapely.difference(shapely.Point(0, 0).buffer(within_m), taken), inside)
        step = nearest_free(shapely.buffer(free, -_STEP_M).simplify(0.0))
        if step is not None:
            break
    if step is None:
        return {"way": "move", "verdict": "conflict", "why": _nowhere(furthest_m)}
    dx, dy = (round(v, 2) for v in step)
    if max(abs(dx), abs(dy)) < 2 * _STEP_M:  # the ground is free where it stands: something else is against it
        return {}
    proof = decide(ground, moved(project, dx, dy))
    x, y = float(corner[0]), float(corner[1])
    metres = float(geodesic_m([x], [y], [x + dx], [y + dy], ground.region.crs)[0])
    at = round(np.degrees(np.arctan2(dx, dy)) / 45) % 8
    told: Way = {"way": "move", "verdict": proof.verdict, "dx_m": dx, "dy_m": dy, "distance_m": round(metres, 1)}
    told |= {"towards_zh": _COMPASS[at][0], "towards": _COMPASS[at][1]}
    return told | ({} if proof.verdict == "clear" else {"why": _against(proof)})


def ruling_model(ground: Ground, project: Project) -> Model | None:
    """The risk model of a project's own sources; None where it has none, or where distances alone decide."""
    hazards = {n: project[n] for n in HAZARDS if n in project}
    if not hazards:
        return None
    model, _ = model_of(ground.region, hazards)
    return model if model.outcomes and governs(ground, hazards, model.sources, []) else None


def forbidden(ground: Ground, project: Project, model: Model | None, outline: Any, within_m: float | None) -> Any:
    """
    The moves of ``outline`` [m] that distances, risk or the ground forbid.

    ``model`` is the `ruling_model`. ``within_m``: moves up to so far from where it is; None: of the whole region.
    """
    import numpy as np
    import shapely

    from ..analysis.siting.near import near
    from ..analysis.siting.room import blocks, taken

    used = {n: f for n, f in ground.layers.items() if n in SETBACK_LAYERS}
    reach = float(ground.rules.frame["distance_m"].max())
    around = used if within_m is None else near(used, project, reach + within_m)
    found = blocks(around, project, ground.rules)
    shapes, metres = [b.shape for b in found], [b.distance_m for b in found]
    ruled = {(b.layer, b.id) for b in found}
    for name in ("water", "buildings", "roads"):
        layer = ground.layers.get(name)
        if layer is None or shapely.get_dimensions(outline) < 2:
            continue
        kept = np.array([(name, i) not in ruled for i in layer["id"].astype(str)], bool)
        if within_m is not None:
            kept &= shapely.dwithin(layer.geometry.to_numpy(), outline, within_m)
        if name == "water":
            kept &= shapely.get_dimensions(layer.geometry.to_numpy()) == 2
        shapes += layer.geometry[kept].tolist()
        metres += [0.0] * int(kept.sum())
    for pipe, metres_off in pipe_ranges(ground, project):
        if within_m is None or shapely.dwithin(pipe, outline, within_m + metres_off):
            shapes.append(pipe)
            metres.append(metres_off)
    whole = taken(outline, np.array([*shapes, None], object)[:-1], np.array(metres), quadrant=_corners(within_m))
    return shapely.union_all([whole, *_risk_rooms(ground, project, model, outline, within_m)])


def pipe_ranges(ground: Ground, project: Project) -> list[tuple[Any, float]]:
    """(line, distance [m]) by which a structure is sure to keep off the protection range of each pipeline."""
    import numpy as np

    from ..analysis.pipelines.encroachment import SIGMAS, protection_range

    if set(project) == {"gas_pipelines"}:
        return []
    own = max(float(np.nan_to_num(f["position_error_m"].astype(float), nan=0.0).max()) for f in project.values())
    out = []
    for pipe in ground.pipes:
        ranged = protection_range(pipe)
        if ranged is not None:
            out.append((pipe.geometry, ranged.high + SIGMAS * float(np.hypot(pipe.error_m, own))))
    return out


def _corners(within_m: float | None) -> int:
    """Rounder near by, where the least move is wanted, than over a whole region."""
    from ..analysis.siting.room import QUADRANT

    return QUADRANT // 2 if within_m is None else QUADRANT


def _risk_rooms(
    ground: Ground, project: Project, model: Model | None, outline: Any, within_m: float | None
) -> list[Any]:
    """The moves [m] by which a limit of individual risk would be passed; none where the risk sum does not decide."""
    out = []
    if model is not None:
        out.append(_kept_from(ground, model, outline, within_m))
    if "crowded_places" in project and ground.quantified:
        out.append(_kept_out(ground, project["crowded_places"], outline, within_m))
    return out


def _kept_from(ground: Ground, model: Model, outline: Any, within_m: float | None) -> Any:
    """Moves that bring a target within the reach at which the sources of a project pass its limit."""
    import numpy as np
    import shapely

    from ..analysis.alike import alike
    from ..analysis.qra.criteria import group_of, individual_limit
    from ..analysis.qra.targets import LAYERS
    from ..analysis.siting.risk import reach_above
    from ..analysis.siting.room import taken

    @cache
    def reach(limit: float) -> float:
        return reach_above(model, limit, ground.region.grid.cell_m) if np.isfinite(limit) else 0.0

    shapes, metres = [np.empty(0, object)], [np.empty(0)]
    furthest = None if within_m is None else within_m + float(model.reach.max())
    for name in LAYERS:
        layer = ground.layers.get(name)
        if layer is None:
            continue
        near = layer if furthest is None else layer[shapely.dwithin(layer.geometry.to_numpy(), outline, furthest)]
        code, groups = alike(near, partial(group_of, name))
        limits = [min((individual_limit(g, "new") for g in found.groups), default=np.inf) for found in groups]
        shapes.append(near.geometry.to_numpy())
        metres.append(np.array([*map(reach, limits), 0.0])[code])
    kept = np.concatenate(metres) > 0
    points = shapely.union_all(list(model.sources.geometry.representative_point()))
    some = np.concatenate(shapes)[kept]
    return taken(points, some, np.concatenate(metres)[kept], quadrant=_corners(within_m))


def _kept_out(ground: Ground, places: gpd.GeoDataFrame, outline: Any, within_m: float | None) -> Any:
    """Moves that bring a place onto ground where the sources that decide are not sure to keep its limit."""
    import numpy as np
    import shapely

    from ..analysis.qra.criteria import group_of, individual_limit
    from ..analysis.qra.model import lsir_surface
    from ..analysis.rows import records
    from ..analysis.siting.risk import reaching, restricted, zone_above
    from ..analysis.siting.room import taken
    from ..grid import grid_of

    groups = [g for row in records(places) for g in group_of("crowded_places", row).groups]
    limit = min((individual_limit(g, "in_service") for g in groups), default=np.inf)
    grid, model = ground.region.grid, restricted(ground.model, ground.ruled)
    if not len(model.sources) or not np.isfinite(limit):
        return shapely.Polygon()
    if within_m is not None:
        box = shapely.buffer(outline, within_m + 2 * grid.cell_m)
        grid = grid_of(tuple(shapely.bounds(box).tolist()), grid.cell_m, grid.crs)
        model = reaching(model, box)
    zone = zone_above(lsir_surface(model, grid), grid, limit, bool((model.sources["confidence"] == "MU").any()))
    return taken(outline, np.array([zone], object), np.array([grid.cell_m]))


def less(ground: Ground, siting: Siting) -> Way:
    """
    The largest part of the stock with which the project passes, or comes as near to it as any stock brings it.

    All quantities and volumes of hazard sources shrink alike. Found by halving, assuming that less is never worse.
    Empty where the stock is not against it.
    """
    project = siting.project
    now = worst(c for c in siting.checks if c.name not in OF_ROADS)
    if now == "clear":  # roads alone are against it, which no stock changes
        return {}
    fixed = [c for c in siting.checks if c.name not in (*OF_ROADS, *OF_STOCK) and c.verdict == now]
    if fixed:
        return {"way": "stock", "verdict": now, "why": _told(fixed)}
    least = decide(ground, shrunk(project, _LEAST))
    goal = least.verdict
    if goal == now:
        return {"way": "stock", "verdict": goal, "why": _against(least)}
    # What reaches the goal with the whole stock does so with less.
    asked = {c.name for c in siting.checks if WORST.index(goal) > _rank(c)}
    low, high = _LEAST, 1.0
    while high / low > 1 + _PART:
        middle = (low * high) ** 0.5
        checks = stock_checks(ground, shrunk(project, middle), asked)
        reached = all(_rank(c) >= WORST.index(goal) for c in checks)
        low, high = (middle, high) if reached else (low, middle)
    best = shrunk(project, low)
    proof = decide(ground, best)
    rows = best["hazard_sources"][["name", "quantity_t", "volume_m3"]].to_dict("records")
    told: Way = {"way": "stock", "verdict": proof.verdict, "factor": round(low, 4), "rows": _plain(rows)}
    return told | ({} if proof.verdict == "clear" else {"why": _against(proof)})


def shrunk(project: Project, factor: float) -> dict[str, gpd.GeoDataFrame]:
    """The project with a part of its stock, rounded down to three digits."""
    frame = project["hazard_sources"]
    new = {c: [_down(v * factor) for v in frame[c].astype(float)] for c in ("quantity_t", "volume_m3")}
    return {**project, "hazard_sources": frame.assign(**new)}


def _down(value: float) -> float:
    from math import floor, isfinite, log10

    if not isfinite(value) or value <= 0:
        return value
    unit = 10.0 ** (floor(log10(value)) - 2)
    return round(floor(value / unit + 1e-9) * unit, 12)


def _plain(rows: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    return [{str(k): (None if v != v else v) for k, v in row.items()} for row in rows]


def _nowhere(metres: float) -> dict[str, str]:
    return {"zh": f"{metres:.0f} m 以内没有可行位置", "en": f"no free place within {metres:.0f} m"}


def _rank(check: Check) -> int:
    """Place of a check's verdict from the worst; what is only told is behind all."""
    return WORST.index(check.verdict) if check.verdict in WORST else len(WORST)


def _against(siting: Siting) -> dict[str, str]:
    """What keeps a siting from a better verdict."""
    return _told([c for c in siting.checks if c.verdict == siting.verdict])


def _told(against: list[Check]) -> dict[str, str]:
    return {"zh": "；".join(c.zh for c in against), "en": "; ".join(c.en for c in against)}
