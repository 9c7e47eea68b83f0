"""High-consequence areas of long-distance oil and gas pipelines by GB 32167-2015, with what causes each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...standards import CONFIDENCE, parameter, weakest
from ..rows import table_rows
from .causes import Cause
from .chainage import Interval, Route, on_features, stretches, union
from .households import counted
from .location import Band
from .pipes import Pipe, site_reach

SIGMAS = 2.0  # position errors are 68 %; verdicts are given at 95 %
_TOLD = 3  # causes named in the text of an area; all are in its list
_NUMERALS = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ"}


class Piece(NamedTuple):
    """
    A stretch of a route that one cause makes a high-consequence area.

    ``sure`` if that is certain; ``needs`` is what would settle it, or what might still raise its level.
    """

    from_m: float
    to_m: float
    rule: dict[str, Any]
    layer: str
    id: str
    name: str
    kind: str
    distance_m: float
    needs: tuple[str, ...]
    confidence: str
    why: str
    sure: bool


def hca_rows(
    route: Route, pipes: Sequence[Pipe], bands: Sequence[Band], causes: Sequence[Cause]
) -> list[dict[str, Any]]:
    """
    The areas of one route, as plain rows of ``schema.RESULTS["hca"]`` without their geometry, one a feature.

    What is certain and what is undecided make areas of their own; an undecided one within a certain one of at
    least its level is left out. Areas at most 50 m apart are one, with the highest level of its parts.
    """
    pieces = [p for fluid in ("gas", "oil") for p in _pieces(route, pipes, bands, causes, fluid)]
    certain = _areas([p for p in pieces if p.sure])
    maybe = [a for a in _areas([p for p in pieces if not p.sure]) if not _within(a, certain)]
    rows = []
    for verdict, areas in (("found", certain), ("undecided", maybe)):
        for interval, members in areas:
            rows += _rows(route, pipes, interval, members, verdict)
    return rows


def _pieces(
    route: Route, pipes: Sequence[Pipe], bands: Sequence[Band], causes: Sequence[Cause], fluid: str
) -> list[Piece]:
    mine = [r for r in table_rows("hca_rules") if r["fluid"] == fluid]
    applies = union(
        (float(s), float(s + n))
        for r, s, n in zip(route.row, route.start, route.length, strict=True)
        if fluid in pipes[r].fluids
    )
    if not applies:
        return []
    found = _of_bands(bands, mine)
    for rule in mine:
        if rule["what"] != "site":
            found += _of_causes(route, [c for c in causes if c.what == rule["what"]], rule, fluid, bands, pipes)
    if fluid == "gas":
        found += _of_sites(route, pipes, [c for c in causes if c.what == "site"])
    return [_open(p, pipes, route) for p in found]


def _open(piece: Piece, pipes: Sequence[Pipe], route: Route) -> Piece:
    """The piece with what the pipelines it lies on should tell."""
    needs = dict.fromkeys(n for row, _, _ in on_features(route, piece.from_m, piece.to_m) for n in pipes[row].needs)
    return piece._replace(needs=(*needs, *piece.needs), sure=piece.sure and not needs)


def _of_bands(bands: Sequence[Band], rules: list[dict[str, Any]]) -> list[Piece]:
    found = []
    for band in bands:
        for rule in rules:
            least = {"class_4": 3, "class_3": 2}.get(rule["what"], 9)
            if band.rank < least:
                continue
            sure = band.sure_rank >= least
            name = "no household on record"
            if band.households:
                name = f"{counted(band.households)} in {band.window[0]:.0f} to {band.window[1]:.0f} m"
            confidence = weakest(
                [rule["confidence"], "MC" if sure or "households of buildings" not in band.needs else "MU"]
            )
            told = (band.layer or "landuse", "", name, "", np.nan, band.needs, confidence, band.reason, sure)
            found.append(Piece(band.from_m, band.to_m, rule, *told))
    return found


def _of_causes(
    route: Route,
    causes: Sequence[Cause],
    rule: dict[str, Any],
    fluid: str,
    bands: Sequence[Band],
    pipes: Sequence[Pipe],
) -> list[Piece]:
    """Pieces within the rule's distance of its causes; item f of gas holds outside classes 3 and 4 only."""
    found = _around(route, causes, float(rule["reach_m"]), rule, pipes)
    if (fluid, rule["item"]) != ("gas", "f"):
        return found
    outside = union((b.from_m, b.to_m) for b in bands if b.sure_rank < 2)
    return [
        p._replace(from_m=max(p.from_m, a), to_m=min(p.to_m, b))
        for p in found
        for a, b in outside
        if p.from_m < b and p.to_m > a
    ]


def _of_sites(route: Route, pipes: Sequence[Pipe], causes: Sequence[Cause]) -> list[Piece]:
    """Identified sites within the reach of each feature's own diameter and pressure."""
    found = []
    for row in dict.fromkeys(route.row.tolist()):
        (low, low_rule), (high, high_rule), needs = site_reach(pipes[row])
        own = union(
            (float(s), float(s + n)) for r, s, n in zip(route.row, route.start, route.length, strict=True) if r == row
        )
        for piece in _around(route, causes, high, high_rule, pipes, own):
            certain = piece.distance_m <= low
            rule, open_needs = (low_rule, ()) if certain else (high_rule, needs)
            sure = piece.sure and not open_needs
            found.append(piece._replace(needs=(*open_needs, *piece.needs), rule=rule, sure=sure))
    return found


def _around(
    route: Route,
    causes: Sequence[Cause],
    reach_m: float,
    rule: dict[str, Any],
    pipes: Sequence[Pipe],
    own: Sequence[Interval] = ((0.0, np.inf),),
) -> list[Piece]:
    """Pieces of ``own`` within reach of each cause's nearest edge; within the position errors of it not certain."""
    if not causes or not reach_m > 0:
        return []
    shapes = np.array([*(c.shape for c in causes), None], object)[:-1]
    pipe_error = max(pipes[r].error_m for r in route.row)
    u = SIGMAS * np.hypot(pipe_error, np.array([c.error_m for c in causes]))
    near = stretches(route.line, shapes, reach_m + u)
    certain = stretches(route.line, shapes, np.maximum(reach_m - u, 0.0))
    distance: NDArray[np.float64] = shapely.distance(shapes, route.line)
    total, edge = float(route.line.length), parameter("hca_boundary_m")
    sure_spans: dict[int, list[Interval]] = {}
    for k, shape in enumerate(certain.shape.tolist()):
        sure_spans.setdefault(shape, []).append((float(certain.from_m[k]), float(certain.to_m[k])))
    found = []
    for k, i in enumerate(near.shape.tolist()):
        cause = causes[i]
        a, b = float(near.from_m[k]), float(near.to_m[k])
        if not any(a <= y and b >= x for x, y in own):
            continue
        sure = any(s <= b and e >= a for s, e in sure_spans.get(i, []))
        if cause.built:
            a, b = min(a, float(near.near_from[k]) - edge), max(b, float(near.near_to[k]) + edge)
        needs = tuple(n for n in (cause.needs, "" if sure else "a better position: the errors allow both answers") if n)
        confidence = weakest([rule["confidence"], cause.confidence])
        why = f"{distance[i]:.1f} m from {cause.kind or cause.what} '{cause.name or cause.id}'"
        key = (cause.layer, cause.id, cause.name, cause.kind, float(distance[i]))
        found.append(Piece(max(a, 0.0), min(b, total), rule, *key, needs, confidence, why, not needs))
    return found


Area = tuple[Interval, list[Piece]]


def _areas(pieces: Iterable[Piece]) -> list[Area]:
    """Pieces at most 50 m apart as one area, with its pieces from the highest level to the lowest."""
    pieces = [p for p in pieces if p.to_m > p.from_m]
    spans = union(((p.from_m, p.to_m) for p in pieces), parameter("hca_merge_m"))
    rank = sorted(pieces, key=lambda p: (-p.rule["level"], p.rule["rule_id"], p.distance_m, p.layer, p.id, p.from_m))
    return [(span, [p for p in rank if p.from_m >= span[0] and p.to_m <= span[1]]) for span in spans]


def _within(area: Area, others: Sequence[Area]) -> bool:
    (a, b), members = area
    level = max(p.rule["level"] for p in members)
    return any(x <= a and b <= y and max(p.rule["level"] for p in m) >= level for (x, y), m in others)


def _rows(
    route: Route, pipes: Sequence[Pipe], span: Interval, members: list[Piece], verdict: str
) -> list[dict[str, Any]]:
    level = int(max(p.rule["level"] for p in members))
    first = members[0]
    items = list(dict.fromkeys(p.rule["item"] for p in members))
    whole = on_features(route, *span)
    number = f"{pipes[whole[0][0]].id}@{whole[0][1]:.0f}" + ("?" if verdict == "undecided" else "")
    needs = dict.fromkeys(n for p in members for n in p.needs)
    told = {
        "hca_id": number,
        "level": level,
        "verdict": verdict,
        "item": "|".join(items),
        "cause": "; ".join(dict.fromkeys(_told(p) for p in members[:_TOLD])),
        "n_causes": len(members),
        "reason": _reason(first, members),
        "needs": "; ".join(needs),
        "causes": json.dumps([_listed(p) for p in members], ensure_ascii=False),
        "confidence": min((p.confidence for p in members if p.rule["level"] == level), key=CONFIDENCE.index),
        "standard": first.rule["standard"],
        "edition": first.rule["edition"],
        "clause": f"{first.rule['clause']} {first.rule['item']}",
    }
    return [{"row": row, "from_m": a, "to_m": b, **told} for row, a, b in whole]


def _told(piece: Piece) -> str:
    return f"{piece.layer} {piece.id}: {piece.name}" if piece.id else f"{piece.layer}: {piece.name}"


def _reason(first: Piece, members: Sequence[Piece]) -> str:
    clause = f"{first.rule['standard']}-{first.rule['edition']} {first.rule['clause']} {first.rule['item']}"
    pieces = [f"level {_NUMERALS[int(first.rule['level'])]} by {clause}", first.why]
    if np.isfinite(first.rule["level_other"]):
        other = _NUMERALS[int(first.rule["level_other"])]
        pieces.append(f"copies of the standard differ on this level, another has {other}")
    if len(members) > 1:
        pieces.append(f"{len(members) - 1} further causes")
    return "; ".join(pieces)


def _listed(piece: Piece) -> dict[str, Any]:
    distance = round(piece.distance_m, 1) if np.isfinite(piece.distance_m) else None
    return {
        "item": piece.rule["item"],
        "level": int(piece.rule["level"]),
        "layer": piece.layer,
        "id": piece.id,
        "name": piece.name,
        "distance_m": distance,
        "from_m": round(piece.from_m, 1),
        "to_m": round(piece.to_m, 1),
        "needs": "; ".join(piece.needs),
    }
