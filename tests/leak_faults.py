"""What of a published folder (`leak_reader`) must not be there."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import numpy as np
import shapely
from leak_reader import ENCODINGS, Content
from pyproj import Transformer

_HEX = re.compile(r"(?<![0-9a-zA-Z+/])[0-9a-f]{8,64}(?![0-9a-zA-Z+/])")
_WORD = re.compile(r"[0-9A-Za-z_\-\u3400-\u9fff]+")
# What outlines may be moved by before they are drawn [m]: reaches of rescue by 8.
_MOVED_M = 10.0


def held(content: Content, words: Iterable[str]) -> dict[str, str]:
    """{word: where} of the words (of two characters or more) that stand in any text, alone or within another."""
    wanted = {str(w) for w in words}
    lengths = sorted({len(w) for w in wanted})
    heads = {w[:2] for w in wanted}
    first = re.compile("[" + "".join(re.escape(c) for c in sorted({w[0] for w in wanted})) + "]") if wanted else None
    found: dict[str, str] = {}
    for text, where in content.texts.items() if first else ():
        for match in first.finditer(text):
            i = match.start()
            if text[i : i + 2] in heads:
                found |= {text[i : i + n]: where for n in lengths if text[i : i + n] in wanted}
    return found


def held_in_bytes(content: Content, words: Iterable[str]) -> dict[str, str]:
    """{word: where} of a few words, in the bytes of every part, in every encoding and as escapes."""
    found: dict[str, str] = {}
    for word in words:
        forms = {word.encode(e, "ignore") for e in ENCODINGS} | {json.dumps(word)[1:-1].encode()}
        forms |= {html.escape(word).encode(), "".join(f"&#{ord(c)};" for c in word).encode()}
        for where, data in content.bytes.items():
            if any(form and form in data for form in forms):
                found.setdefault(word, where)
    return found


def ids_held(content: Content, ids: Iterable[str]) -> dict[str, str]:
    """{id: where} of ids that stand on their own, not as a part of a longer word or number."""
    wanted = {str(i) for i in ids}
    out: dict[str, str] = {}
    for text, where in content.texts.items():
        out |= {word: where for word in {text, *_WORD.findall(text)} & wanted}
    return out


def hashes_held(content: Content, words: Iterable[str]) -> dict[str, str]:
    """{word: where} of words whose hash, or 8 digits or more of its beginning, stands anywhere: such can be guessed."""
    told = {hit: where for text, where in content.texts.items() for hit in _HEX.findall(text)}
    lengths = {len(hit) for hit in told}
    out = {}
    for word in words:
        for method in ("md5", "sha1", "sha256"):
            full = hashlib.new(method, str(word).encode()).hexdigest()
            out.update((word, told[full[:n]]) for n in lengths if full[:n] in told)
    return out


def columns_held(content: Content, allowed: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """{where: columns} of tables and tiles that are none of the layer's ``allowed``; of layers not named all."""
    out = {}
    for where, keys in content.keys.items():
        file = where.removesuffix(" unpacked").removesuffix(".csv").removesuffix(".geojson")
        layer = re.sub(r"^(.*[/ ])?", "", file)
        own = next((allowed[name] for name in sorted(allowed, key=len, reverse=True) if layer.startswith(name)), set())
        if keys - own:
            out[where] = keys - own
    return out


@cache
def _between(here, there) -> Transformer:
    return Transformer.from_crs(here, there, always_xy=True)


def metres(geometry, crs: str):
    """Geometry in degrees as metres of ``crs``."""
    to = _between(4326, crs)
    return shapely.transform(geometry, lambda xy: np.column_stack(to.transform(xy[:, 0], xy[:, 1])))


def pieces(lines: Iterable) -> np.ndarray:
    """The straight pieces of lines: a tree finds these, not the box of a coast."""
    xy, of = shapely.get_coordinates(shapely.get_parts(np.array(list(lines))), return_index=True)
    together = of[1:] == of[:-1]
    return shapely.linestrings(np.stack([xy[:-1][together], xy[1:][together]], axis=1))


def strays(shapes: Iterable, points: Iterable, lines: Iterable, crs: str) -> Iterator[str]:
    """
    Published ``shapes`` (as `Content` has them) that are no ``points`` and on none of the ``lines`` [m, ``crs``].

    A published point must be one of the points; a corner of a line or area must lie on one of the lines.
    """
    trees = {True: shapely.STRtree(list(points)), False: shapely.STRtree(pieces(lines))}
    groups: dict[tuple[bool, float], list] = defaultdict(list)
    for where, step, geometry in shapes:
        groups[geometry.geom_type == "Point", step].append((where, geometry))
    for (point, step), items in groups.items():
        corners = [shapely.multipoints(shapely.get_coordinates(g)) for _, g in items]
        xy, of = shapely.get_coordinates(metres(np.array(corners), crs), return_index=True)
        slack = 1.5 * step + (0 if point else _MOVED_M)
        near = np.zeros(len(xy), bool)
        near[trees[point].query(shapely.points(xy), predicate="dwithin", distance=slack)[0]] = True
        for k in np.flatnonzero(~near):
            yield f"{items[of[k]][0]}: {xy[k].round(1).tolist()} is nothing that may be shown"


def small_groups(content: Content, least: float) -> Iterator[str]:
    """Counts of people below ``least`` or finer than it, differences of a parent and its parts, counts in sentences."""
    people: dict[str, tuple[str, float]] = {}
    for where, row in content.rows:
        for name, value in row.items():
            if name.startswith(("persons", "people")) and value not in (None, ""):
                if float(value) < least or float(value) % least:
                    yield f"{where}: {name} = {value}"
                if name == "persons" and "id" in row:
                    people[str(row["id"])] = str(row.get("parent_id")), float(value)
    parts: dict[str, float] = defaultdict(float)
    for parent, count in people.values():
        parts[parent] += count
    for parent, count in parts.items():
        if parent in people and 0 < abs(people[parent][1] - count) < least:
            yield f"the parts of {parent} leave {people[parent][1] - count:g} persons"
    for text, where in content.texts.items():
        if len(text) < 500 and re.search(r"\d ?(residents|persons|people|人)(?!均)", text):
            yield f"{where}: {text!r} counts people"


def fine_cells(content: Content, side_m: float, crs: str, colours: Mapping[tuple[int, int, int], int]) -> Iterator[str]:
    """
    Surfaces with cells smaller than ``side_m``, in files and, by their pixels, in tiles.

    ``colours`` {red, green, blue: grade} of the palette; every pixel of a block well inside it has the same grade.
    """
    for where, cell in content.cells.items():
        if cell < side_m:
            yield f"{where}: cells of {cell:g} m"
    block: dict[tuple[str, int], int] = {}
    to = _between(3857, crs)
    for where, (zoom, x, y), picture in content.pictures:
        px = 2 * 20037508.342789244 / 2**zoom / picture.shape[0]
        # One pixel in four tells enough.
        row, col = (2 * k for k in np.nonzero(picture[::2, ::2, 3]))
        east = (x * picture.shape[1] + col + 0.5) * px - 20037508.342789244
        north = 20037508.342789244 - (y * picture.shape[0] + row + 0.5) * px
        at = np.column_stack(to.transform(east, north))
        inside = (np.abs((at / side_m + 0.5) % 1 - 0.5) * side_m > 2 * px).all(axis=1)
        # Rows as whole numbers, which sort faster than rows.
        cells = np.floor(at[inside] / side_m).astype(np.int64) @ (2**31, 1)
        places, first = np.unique(cells, return_inverse=True)
        shades, shade = np.unique(picture[row[inside], col[inside], :3] @ (65536, 256, 1), return_inverse=True)
        codes = np.array([colours.get((c >> 16, c >> 8 & 255, c & 255), -1) for c in shades.tolist()], np.int64)
        grade = codes[shade]
        if (grade < 0).any():
            yield f"{where}: colours that are none of a grade"
        low, high = np.full(len(places), 99), np.full(len(places), -1)
        np.minimum.at(low, first, grade)
        np.maximum.at(high, first, grade)
        for place, a, b in zip(places.tolist(), low.tolist(), high.tolist(), strict=True):
            if a != b or block.setdefault((where, place), a) != a:
                yield f"{where}: more than one grade in the block of {side_m:g} m at {divmod(place, 2**31)}"
