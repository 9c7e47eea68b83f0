"""The downloads of a site, read back for the gate: the properties of their rows, some at a time."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
from numpy.typing import NDArray

from ..parallel import WRITERS, ahead

# Bytes read at a time.
_BLOCK = 1 << 22
_HEAD = b'{"type":"FeatureCollection","features":['
# No text in JSON holds a bare quotation mark, so this stands nowhere else in a line of `write_geojson`.
_GEOMETRY = re.compile(rb',"geometry":[^\n]*')
_LINE = re.compile(rb'\{"type":"Feature","id":\d+,"properties":\{')


@dataclass(frozen=True)
class Rows:
    """Some rows: the number of each (0 in CSV, where it has none) and its properties."""

    number: NDArray[np.int64]
    properties: pa.Table | list[dict[str, Any]]

    @property
    def names(self) -> set[str]:
        """Properties that some row has."""
        if isinstance(self.properties, pa.Table):
            return set(self.properties.column_names)
        return {name for row in self.properties for name in row}

    def column(self, name: str) -> list[Any]:
        """A property of each row, None where it is missing."""
        if isinstance(self.properties, pa.Table):
            return self.properties[name].to_pylist() if name in self.names else [None] * len(self.number)
        return [row.get(name) for row in self.properties]

    def records(self) -> list[dict[str, Any]]:
        """Each row as a mapping of what it has."""
        rows = self.properties.to_pylist() if isinstance(self.properties, pa.Table) else self.properties
        return [{name: value for name, value in row.items() if value is not None} for row in rows]


def read_download(path: Path) -> Iterator[Rows]:
    """
    The rows of a CSV or GeoJSON file.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if path.suffix == ".csv":
        yield from _csv(path)
    else:
        yield from _geojson(path)


def _csv(path: Path) -> Iterator[Rows]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        heads = next(csv.reader(file), [])
    try:
        texts = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(heads, pa.string()), strings_can_be_null=False)
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        yield from (_unnumbered(pa.Table.from_batches([b])) for b in pyarrow.csv.open_csv(path, None, parse, texts))
    except pa.ArrowInvalid:  # rows of several lengths, or none
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield _unnumbered(list(csv.DictReader(file, restkey="more cells than headings")))


def _unnumbered(properties: pa.Table | list[dict[str, Any]]) -> Rows:
    return Rows(np.zeros(len(properties), np.int64), properties)


def _geojson(path: Path) -> Iterator[Rows]:
    with path.open("rb") as file:
        if file.readline() != _HEAD + b"\n":
            yield _decoded(json.loads(path.read_bytes())["features"])
            return
        yield from ahead(_block, iter(lambda: file.readlines(_BLOCK), []), WRITERS)


def _block(lines: list[bytes]) -> Rows:
    """Features one a line, and the end of the file; their geometry is not looked at."""
    if lines[-1] == b"]}\n":
        lines.pop()
    if not all(map(_LINE.match, lines)):
        return _decoded(json.loads(b"[" + b"".join(lines).rstrip(b",\n") + b"]"))
    text = _GEOMETRY.sub(b"}", b"".join(lines))
    try:
        table = pyarrow.json.read_json(BytesIO(text))
    except pa.ArrowInvalid:  # a property with values of several types
        return _decoded([json.loads(line) for line in text.splitlines()])
    properties = table["properties"].combine_chunks()
    return Rows(table["id"].to_numpy(), pa.Table.from_struct_array(properties))


def _decoded(features: list[dict[str, Any]]) -> Rows:
    number = [int(f["id"]) if isinstance(f.get("id"), int | str) else 0 for f in features]
    return Rows(np.array(number, np.int64), [f["properties"] for f in features])
