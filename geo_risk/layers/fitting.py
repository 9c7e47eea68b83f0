"""How well a file fits a layer: by its headers, the values under them, its shapes and its name."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ..schema import LAYERS, Table
from . import headers
from .attributes import canonical, strings
from .raw import Raw
from .text import key, plain

# Weights of the evidence. A column only this layer has tells most; a file's name decides ties.
OWN, _COMMON, _NAME, _VALUES, _SHAPE, _MISSING = 1.0, 0.3, 1.5, 2.0, 0.5, -1.5
_GENERIC = frozenset(("id", "name", "address", "state", "district", "position_error_m", "year", "kind"))
_SAMPLE = 2000  # rows whose values are looked at


def can_hold(table: Table, shape: str | None, columns: dict[str, str]) -> bool:
    """Whether a layer takes such shapes; a table without any must name the enterprise it belongs to."""
    if shape is None:
        return bool({"enterprise_id", "enterprise_name"} & set(columns)) and "enterprise_id" in table.names
    return table.geometry in ("any", shape)


def worth(table: Table, raw: Raw, names: list[str], shape: str | None, stem: str) -> tuple[float, dict[str, str]]:
    """(worth, canonical column -> header) of a table as a layer; ``stem`` is the file's name."""
    columns, _ = headers.match(table, names, raw.labels)
    ranks = headers.ranks(table, names, raw.labels)
    score = _NAME * name_hits(stem, table)
    for column, header in columns.items():
        rank = dict((h, r) for r, h in ranks[column])[header] / 3
        score += rank * (_COMMON if column in _GENERIC and not _particular(header) else OWN)
        domain = table.column(column).domain
        if domain:
            known = _known_share(raw, header, domain)
            score += _VALUES * known if known >= 0.3 else -_COMMON * (column == "kind")
    by_name = domain_in_name(table, stem)
    score += _NAME / 2 * bool(by_name)
    for needed in table.columns:
        if needed.required and needed.name not in columns and not (needed.name == "kind" and by_name):
            score += _MISSING
    if shape is not None and table.geometry == shape:
        score += _SHAPE
    return score, columns


@cache
def _particular(header: str) -> bool:
    """Whether only one layer knows the header: TOWN_ID says more than 编号."""
    known = [t.name for t in LAYERS.values() for c in t.columns if key(header) in map(key, (c.name, c.zh, *c.aliases))]
    return len(set(known)) == 1


def _known_share(raw: Raw, header: str, domain: Any) -> float:
    """Share of the values that are words of the domain."""
    values = [t for t in strings(raw.frame[header].iloc[:_SAMPLE]) if t is not None]
    table = {v: canonical(v, domain)[0] is not None and not plain(v).isdigit() for v in dict.fromkeys(values)}
    return sum(table[v] for v in values) / len(values) if values else 0.0


def _words(stem: str) -> list[str]:
    return [w for w in re.split(r"[^0-9a-z\u4e00-\u9fff]+", plain(stem).casefold()) if w]


def in_name(word: str, stem: str) -> bool:
    """Whether a file's name has the word: whole for Latin letters (a plural s allowed), anywhere for Chinese."""
    if not word.isascii():
        return key(word) in key(stem)
    wanted, have = _words(word.replace("_", " ")), _words(stem.replace("_", " "))
    size = len(wanted)
    joined = [have[i : i + size] for i in range(len(have) - size + 1)]
    return any(all(a in (b, b + "s") or a + "s" == b for a, b in zip(w, wanted, strict=True)) for w in joined)


def name_hits(stem: str, table: Table) -> float:
    """1 for a word of the layer in the file's name, a little more for each further one."""
    hits = sum(in_name(alias, stem) for alias in {key(a): a for a in table.aliases}.values())
    return 1 + 0.1 * (hits - 1) if hits else 0.0


def domain_in_name(table: Table, stem: str) -> str | None:
    """The one kind the file's name states, if the layer has kinds."""
    if "kind" not in table.names or table.name == "gas_pipelines":
        return None
    domain = table.column("kind").domain
    found = {v for v, words in domain.items() if any(in_name(w, stem) for w in (v, *words) if len(w) > 1)}
    return found.pop() if len(found) == 1 else None
