"""Do the units of one level cover the ground once? Borders brought together within 1 m; what remains is told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .districts import LEVELS

SNAP_M = 1.0  # borders of neighbours this close are one border; never moved by more
TOLD_M2 = 1.0  # smaller overlaps and gaps are rounding
OUTSIDE_SHARE = 0.01  # of a unit's area beyond the unit it belongs to, told from here on
_SHOWN = 50  # findings of one kind and level told one by one, the largest; the rest are counted
_TOLD_M = 0.001  # smaller movements are rounding
_EXACT_M = 1e-6  # vertices this close are one


def check_coverage(units: gpd.GeoDataFrame, rows: NDArray, logs: NDArray) -> gpd.GeoDataFrame:
    """
    ``units`` (districts with ids and parents, metric CRS) with the shared borders of each level brought together.

    A vertex within 1 m of a neighbour's vertex or border meets it; no border moves by more than 1 m, and a
    unit that would lose its validity stays as it was. Told in ``logs`` (N,): the largest movement of each
    level, and with areas and places the overlaps, the gaps, and the units that lie outside their parents.
    """
    shapes = units.geometry.to_numpy().copy()
    names = (units["name"].fillna("").astype(str) + " (" + units["id"].astype(str) + ")").to_numpy(object)
    for level in [level for level in (*LEVELS, None) if _of(units, level).any()]:
        index = np.flatnonzero(_of(units, level))
        index = index[np.argsort(units["id"].to_numpy(str)[index], kind="stable")]
        if shapely.coverage_is_valid(shapes[index], gap_width=SNAP_M):
            _tell_gaps(shapes, index, names, rows, logs, units.crs)
            continue
        snapped, moved = snap_borders(shapes[index])
        if moved.max() > _TOLD_M:
            worst = int(moved.argmax())
            logs[index[worst]].repair("borders_snapped", row=rows[index[worst]], count=int((moved > _TOLD_M).sum()),
                                      detail=f"{moved.max():.2f} m ({names[index[worst]]})")  # fmt: skip
        shapes[index] = snapped
        _tell_overlaps(shapes, index, names, rows, logs, units.crs)
        _tell_gaps(shapes, index, names, rows, logs, units.crs)
    units = units.set_geometry(gpd.GeoSeries(shapes, index=units.index, crs=units.crs))
    _tell_outside(units, names, rows, logs)
    return units


def _of(units: gpd.GeoDataFrame, level: str | None) -> NDArray[np.bool_]:
    return (units["level"].isna() if level is None else units["level"] == level).to_numpy(bool)


def snap_borders(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """
    (n,) polygons of one coverage with borders within 1 m of each other made one, and how far each moved [m].

    First vertices meet vertices (the westernmost of them, then southernmost, stays), then borders bend to
    the neighbours' vertices beside them. Only units on a faulty border take part.
    """
    out, moved = shapes.copy(), np.zeros(len(shapes))
    faulty = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes, gap_width=SNAP_M))
    index = np.flatnonzero(faulty)
    if not len(index):
        return out, moved
    single, owner = shapely.get_parts(shapes[index], return_index=True)
    rings, part = shapely.get_rings(single, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    unit = owner[part[ring]]
    xy = _meet(xy, unit)
    xy, ring = _bend(xy, ring, unit)
    rebuilt = _polygons(xy, ring, part, owner, len(index))
    before = shapes[index]
    with np.errstate(invalid="ignore"):
        step = shapely.hausdorff_distance(shapely.boundary(before), shapely.boundary(rebuilt))
    good = shapely.is_valid(rebuilt) & ~shapely.is_empty(rebuilt) & (step <= SNAP_M + _EXACT_M)
    changed = good & ~shapely.equals_exact(before, rebuilt, 0.0)
    out[index[changed]] = rebuilt[changed]
    moved[index[changed]] = step[changed]
    return out, moved


def _meet(xy: NDArray, unit: NDArray) -> NDArray[np.float64]:
    """Vertices moved onto a vertex of another unit within 1 m; those that several units share stay."""
    spots, spot = np.unique(xy, axis=0, return_inverse=True)
    spot = spot.ravel()
    pairs = cKDTree(spots).query_pairs(SNAP_M, output_type="ndarray")
    if not len(pairs):
        return xy
    owners = np.unique(np.stack([spot, unit], axis=1), axis=0)
    shared = np.bincount(owners[:, 0], minlength=len(spots))
    held: dict[int, set[int]] = {}
    for s, u in owners[np.isin(owners[:, 0], pairs)].tolist():
        held.setdefault(s, set()).add(u)
    near: dict[int, list[int]] = {}
    for a, b in pairs.tolist():
        if not held[a] & held[b]:
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    target = np.arange(len(spots))
    fixed: set[int] = set()
    for s in sorted(near, key=lambda s: (-shared[s], s)):
        if s in fixed:
            continue
        fixed.add(s)
        for other in near[s]:
            if other not in fixed:
                target[other] = s
                fixed.add(other)
    return spots[target][spot]


def _bend(xy: NDArray, ring: NDArray, unit: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices of other units within 1 m of a border are inserted in it."""
    start = np.flatnonzero(ring[1:] == ring[:-1])
    edges = shapely.linestrings(np.stack([xy[start], xy[start + 1]], axis=1))
    spots, spot = np.unique(xy, axis=0, return_inverse=True)
    points = shapely.points(spots)
    p, e = shapely.STRtree(edges).query(points, predicate="dwithin", distance=SNAP_M)
    owners = np.unique(np.stack([spot.ravel(), unit], axis=1), axis=0)
    has = set(map(tuple, owners[np.isin(owners[:, 0], p)].tolist()))
    edge_unit = unit[start]
    new = np.array([(a, b) not in has for a, b in zip(p.tolist(), edge_unit[e].tolist(), strict=True)], bool)
    p, e = p[new], e[new]
    along = shapely.line_locate_point(edges[e], points[p])
    away = shapely.distance(edges[e], points[p])
    between = (along > 0) & (along < shapely.length(edges[e]))
    p, e, along, away = p[between], e[between], along[between], away[between]
    order = np.lexsort((e, away, edge_unit[e], p))  # of the borders of one unit the nearest bends
    nearest = np.ones(len(order), bool)
    nearest[1:] = (np.diff(p[order]) != 0) | (np.diff(edge_unit[e][order]) != 0)
    chosen = order[nearest]
    p, e, along = p[chosen], e[chosen], along[chosen]
    all_at = np.concatenate([np.arange(len(xy)), start[e]])
    all_along = np.concatenate([np.zeros(len(xy)), along])
    order = np.lexsort((all_along, all_at))
    return np.concatenate([xy, spots[p]])[order], np.concatenate([ring, ring[start[e]]])[order]


def _polygons(xy: NDArray, ring: NDArray, part: NDArray, owner: NDArray, count: int) -> NDArray[np.object_]:
    """(count,) (multi)polygons of rings; repeated vertices and rings without extent are left out."""
    keep = np.append(True, (xy[1:] != xy[:-1]).any(axis=1) | (ring[1:] != ring[:-1]))
    xy, ring = xy[keep], ring[keep]
    size = np.bincount(ring, minlength=len(part))
    enough = size[ring] >= 4
    rings = np.full(len(part), None, object)
    there = np.flatnonzero(size >= 4)
    if len(there):
        rings[there] = shapely.linearrings(xy[enough], indices=np.searchsorted(there, ring[enough]))
    out = np.full(count, shapely.from_wkt("POLYGON EMPTY"), object)
    polygons: dict[int, list[shapely.Geometry]] = {}
    starts = np.flatnonzero(np.append(True, part[1:] != part[:-1]))
    for a, b in zip(starts, np.append(starts[1:], len(part)), strict=True):
        if rings[a] is not None:
            holes = [r for r in rings[a + 1 : b] if r is not None]
            polygons.setdefault(int(owner[part[a]]), []).append(shapely.polygons(rings[a], holes or None))
    for u, found in polygons.items():
        out[u] = found[0] if len(found) == 1 else shapely.multipolygons(found)
    return out


def _tell_overlaps(shapes: NDArray, index: NDArray, names: NDArray, rows: NDArray, logs: NDArray, crs) -> None:
    mine = shapes[index]
    faulty = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(mine)))
    a, b = shapely.STRtree(mine[faulty]).query(mine[faulty], predicate="intersects")
    a, b = faulty[a[a < b]], faulty[b[a < b]]
    common = shapely.intersection(mine[a], mine[b])
    area = shapely.area(common)
    found = [
        (float(area[k]), index[b[k]], f"{names[index[a[k]]]}, {names[index[b[k]]]}", common[k])
        for k in np.flatnonzero(area > TOLD_M2)
    ]
    _tell("overlap", found, rows, logs, crs)


def _tell_gaps(shapes: NDArray, index: NDArray, names: NDArray, rows: NDArray, logs: NDArray, crs) -> None:
    """Ground that the units enclose and none of them covers."""
    mine = shapes[index]
    valid = shapely.coverage_is_valid(mine)
    whole = shapely.get_parts(shapely.coverage_union_all(mine) if valid else shapely.union_all(mine))
    holes = [shapely.polygons(shapely.get_interior_ring(w, i)) for w in whole for i in range(len(w.interiors))]
    holes = sorted((h for h in holes if h.area > TOLD_M2), key=lambda h: (-h.area, h.bounds))
    tree = shapely.STRtree(mine)
    found = []
    for n, hole in enumerate(holes):
        inner = hole
        beside = np.sort(tree.query(hole, predicate="dwithin", distance=_EXACT_M)) if n < _SHOWN else np.array([0])
        if n < _SHOWN:  # an island may lie in it
            inner = hole.difference(shapely.union_all(mine[beside]))
        if inner.area > TOLD_M2 and len(beside):
            found.append((inner.area, index[beside[0]], ", ".join(names[index[beside]][:6]), inner))
    _tell("gap", found, rows, logs, crs)


def _tell(code: str, found: list[tuple[float, int, str, shapely.Geometry]], rows: NDArray, logs: NDArray, crs) -> None:
    """The largest findings one by one, with area, units and place; the rest by their number and total."""
    found = sorted(found, key=lambda f: (-f[0], f[2]))
    if not found:
        return
    spots = gpd.GeoSeries(shapely.point_on_surface([f[3] for f in found[:_SHOWN]]), crs=crs).to_crs("EPSG:4326")
    for (area, at, who, _), spot in zip(found, spots, strict=False):
        logs[at].note(code, row=rows[at], value=who, detail=f"{area:,.0f} m2 at {spot.x:.5f} E, {spot.y:.5f} N: {who}")
    if len(found) > _SHOWN:
        rest = found[_SHOWN:]
        logs[rest[0][1]].note(code, count=len(rest), detail=f"{len(rest)} more, {sum(f[0] for f in rest):,.0f} m2")


def _tell_outside(units: gpd.GeoDataFrame, names: NDArray, rows: NDArray, logs: NDArray) -> None:
    """Units of which more than 1 % lies outside the unit they belong to."""
    shapes = units.geometry.to_numpy()
    place = {value: n for n, value in enumerate(units["id"])}
    parent = np.array([place.get(p, -1) for p in units["parent_id"]], int)
    child = np.flatnonzero(parent >= 0)
    child = child[~shapely.covered_by(shapes[child], shapes[parent[child]])]
    rest = shapely.difference(shapes[child], shapes[parent[child]])
    share = shapely.area(rest) / shapely.area(shapes[child])
    found = [
        (float(shapely.area(rest[k])), child[k], f"{names[child[k]]}, {names[parent[child[k]]]}", rest[k])
        for k in np.flatnonzero(share > OUTSIDE_SHARE)
    ]
    _tell("outside_parent", found, rows, logs, units.crs)


def other_versions(units: gpd.GeoDataFrame, rows: NDArray, logs: NDArray) -> NDArray[np.bool_]:
    """
    (N,) units that stay where two outlines of one unit disagree: the first, in the order of the files.

    Two units of one level are versions of one if they share more than half of their joint area. The
    others are told as rejected with the area of the difference.
    """
    shapes = units.geometry.to_numpy()
    level = units["level"].fillna("").to_numpy(str)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pick = (a < b) & (level[a] == level[b])
    a, b = a[pick], b[pick]
    size = shapely.area(shapes)
    pick = np.minimum(size[a], size[b]) > 0.5 * np.maximum(size[a], size[b])
    a, b = a[pick], b[pick]
    box_a, box_b = shapely.bounds(shapes[a]), shapely.bounds(shapes[b])
    wide = np.minimum(box_a[:, 2:], box_b[:, 2:]) - np.maximum(box_a[:, :2], box_b[:, :2])
    pick = wide.prod(axis=1) > 0.5 * np.minimum(size[a], size[b])  # neighbours meet in a thin box
    a, b = a[pick], b[pick]
    common = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    joint = size[a] + size[b] - common
    keep = np.ones(len(units), bool)
    order = np.lexsort((b, a))
    for k in order[common[order] > 0.5 * joint[order]]:
        if keep[a[k]] and keep[b[k]]:
            keep[b[k]] = False
            apart = joint[k] - common[k]
            file = "" if logs[a[k]] is logs[b[k]] else f" of {logs[a[k]].file}"
            told = f"{rows[a[k]]}{file}: {apart / 1e6:.3g} km2 ({apart / joint[k]:.1%})"
            logs[b[k]].reject("other_version", [rows[b[k]]], values=[units["name"].iloc[b[k]]], details=[told])
    return keep
