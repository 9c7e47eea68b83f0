"""The search index: what can be found by name, one entry a line, and read back for the gate."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .page import safe_json
from .pinyin import initials

# Entries at work at a time.
_ROWS = 1 << 15
HEAD, TAIL = b"window.GEO_RISK_SEARCH = [", b"];\n"


def entries(names: pd.Series, layer: int, lonlat: NDArray[np.float64], ids: pd.Series, after: bool) -> Iterator[bytes]:
    """
    [name, layer, lon, lat, id, initials] of all that has a name, a piece at a time; empty ends are left out.

    ``lonlat`` (N, 2) [degrees] is rounded already; ``after``: entries stand before these.
    """
    for first in range(0, len(names), _ROWS):
        rows = slice(first, first + _ROWS)
        columns = names.iloc[rows].tolist(), lonlat[rows].tolist(), ids.iloc[rows].tolist()
        found = [
            (name, x, y, str(key)) for name, (x, y), key in zip(*columns, strict=True) if isinstance(name, str) and name
        ]
        lines: list[str] = []
        for (name, x, y, key), short in zip(found, initials(name for name, *_ in found), strict=True):
            end = (
                f",{encode_basestring(key)},{encode_basestring(short)}"
                if short
                else f",{encode_basestring(key)}"
                if key
                else ""
            )
            lines.append(f"{',' if after or lines else ''}\n[{encode_basestring(name)},{layer},{x!r},{y!r}{end}]")
        after = after or bool(lines)
        yield safe_json("".join(lines)).encode()


def write_search(folder: Path, pieces: Iterable[bytes]) -> str:
    """The script of the ``pieces`` that `entries` gave; its path."""
    unnamed = folder / "data" / "search.js"
    told = hashlib.sha256()
    with unnamed.open("wb") as file:
        for piece in itertools.chain((HEAD,), pieces, (b"\n", TAIL)):
            told.update(piece)
            file.write(piece)
    path = f"data/search.{told.hexdigest()[:12]}.js"
    unnamed.rename(folder / path)
    return path


def read_entries(path: Path) -> Iterator[list]:
    """
    The entries of a script.

    Raises
    ------
    ValueError
        If it does more than assign them.
    """
    odd = ValueError(f"{path.name} does more than assign window.GEO_RISK_SEARCH, one entry a line")
    with path.open("rb") as file:
        if file.readline() != HEAD + b"\n":
            raise odd
        lines = [b""]
        while lines[-1] != TAIL:
            lines = file.readlines(1 << 20)
            if not lines or (TAIL in lines and file.read(1)):
                raise odd
            text = b"".join(line for line in lines if line != TAIL)
            yield from json.loads(b"[" + text.rstrip(b",\n") + b"]")
