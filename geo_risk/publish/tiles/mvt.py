"""Mapbox Vector Tile 2.1: geometry commands, values and layers to bytes.

Everything that grows with the data is one pass of compiled code over a zoom or a tile.
"""

from __future__ import annotations

import itertools
import struct
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from .packed import Bytes, Ints, Packed, chained, packed, packed_text, text_array

EXTENT = 4096
POINT, LINE, POLYGON = 1, 2, 3
# Digits of a float property: enough for a distance of 99,999.9 m, none of the arithmetic's noise.
FLOAT_DIGITS = 6
Codes = NDArray[np.int32]


@njit(cache=True, nogil=True)
def put_varint(out, at, value):
    """Write ``value`` (not negative) as a protobuf varint at ``out[at]``; the place after it."""
    while value > 0x7F:
        out[at] = value & 0x7F | 0x80
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@njit(cache=True, nogil=True)
def _varint_size(value: int) -> int:
    size = 1
    while value > 0x7F:
        value >>= 7
        size += 1
    return size


@njit(cache=True, nogil=True)
def _put_bytes(out, at, data, first, last):
    for k in range(first, last):
        out[at] = data[k]
        at += 1
    return at


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _head(number: int, size: int) -> bytes:
    """What stands before a field's ``size`` bytes."""
    return _varint(number << 3 | 2) + _varint(size)


def _field(number: int, payload: bytes) -> bytes:
    return _head(number, len(payload)) + payload


def encode_geometries(kind: int, xy: Ints, part_size: Ints, feature_parts: Ints) -> Packed:
    """
    The command streams of features of one kind.

    Parameters
    ----------
    kind : POINT, LINE or POLYGON
    xy : (N, 2)
        Tile coordinates, part after part; rings without their closing point, already oriented.
    part_size : (P,)
        Points of each part: a ring, a line, or all points of a multipoint.
    feature_parts : (F,)
        Parts of each feature, at least one.
    """
    # A number takes five bytes at most: the zigzag of coordinates below 2**33.
    out = np.empty(10 * len(xy) + 11 * len(part_size), np.uint8)
    offset = np.zeros(len(feature_parts) + 1, np.int64)
    _put_commands(kind, xy, part_size, feature_parts, out, offset)
    return Packed(out[: offset[-1]].copy(), offset)


@njit(cache=True, nogil=True)
def _put_commands(kind: int, xy: Ints, part_size: Ints, feature_parts: Ints, out: Bytes, offset: Ints) -> None:
    at, point, part = 0, 0, 0
    for feature in range(len(feature_parts)):
        x, y = 0, 0  # the cursor starts anew in each feature
        for _ in range(feature_parts[feature]):
            size = part_size[part]
            part += 1
            at = put_varint(out, at, (size if kind == POINT else 1) << 3 | 1)
            for k in range(size):
                if k == 1 and kind != POINT:
                    at = put_varint(out, at, (size - 1) << 3 | 2)
                dx, dy = xy[point, 0] - x, xy[point, 1] - y
                at = put_varint(out, at, (dx << 1) ^ (dx >> 63))
                at = put_varint(out, at, (dy << 1) ^ (dy >> 63))
                x, y = xy[point, 0], xy[point, 1]
                point += 1
            if kind == POLYGON:
                at = put_varint(out, at, 1 << 3 | 7)
        offset[feature + 1] = at


@dataclass(frozen=True)
class Attributes:
    """Columns as codes: ``codes`` (N, C) points into ``values`` (encoded layer fields), -1 where missing."""

    keys: tuple[str, ...]
    values: Packed
    codes: Codes


def round_float(value: float) -> float:
    """``value`` with `FLOAT_DIGITS` significant digits."""
    return float(f"{value:.{FLOAT_DIGITS}g}")


def encode_value(value: object) -> bytes:
    """One MVT Value: text, bool, int or float (rounded to `FLOAT_DIGITS` significant digits)."""
    if isinstance(value, bool | np.bool_):
        return b"\x38" + _varint(int(value))
    if isinstance(value, int | np.integer):
        number = int(value)
        return b"\x28" + _varint(number) if number >= 0 else b"\x30" + _varint(-2 * number - 1)
    if isinstance(value, float | np.floating):
        return b"\x19" + struct.pack("<d", round_float(float(value)))
    return _field(1, str(value).encode("utf-8", "replace"))


def attributes(frame: pd.DataFrame) -> Attributes:
    """Code the columns of ``frame``; None, NaN, NaT, infinities and empty text count as missing."""
    codes = np.full((len(frame), len(frame.columns)), -1, np.int32)
    # Columns of a type share their values.
    pools: dict[str, list[int]] = defaultdict(list)
    for number, (_, column) in enumerate(frame.items()):
        pools[_type_of(column)].append(number)
    values: list[Packed] = []
    count = 0
    for kind, numbers in pools.items():
        coded, encoded = _POOLS[kind]([frame.iloc[:, number] for number in numbers])
        for number, code in zip(numbers, coded, strict=True):
            codes[:, number] = np.where(code < 0, -1, code + count)
        values.append(encoded)
        count += len(encoded)
    return Attributes(tuple(map(str, frame.columns)), chained(values), codes)


def _type_of(column: pd.Series) -> str:
    if column.dtype.kind == "f":
        return "float"
    text = isinstance(column.dtype, pd.StringDtype) or pd.api.types.infer_dtype(column, skipna=True) == "string"
    if text and len(column) > _MANY and column.iloc[:_LOOK].is_unique:
        return "key"
    return "text" if text and len(column) else "any"


_MANY = 100_000  # rows from which on a column that looks like a key is taken for one
_LOOK = 1_000  # rows looked at


# For columns of a type: each as codes, -1 for what counts as missing, and the values that the codes count, encoded.
Pool = tuple[list[Ints], Packed]


def _texts(columns: list[pd.Series]) -> Pool:
    coded = pa.chunked_array([text_array(c) for c in columns], pa.large_string()).dictionary_encode()
    known = coded.chunk(0).dictionary
    empty = known.index("").as_py()
    code = [chunk.indices.fill_null(empty).to_numpy() for chunk in coded.chunks]
    pa.default_memory_pool().release_unused()  # what coding a million texts took, a quarter of a gigabyte
    return [np.where(c == empty, -1, c) for c in code], _text_fields(packed_text(known))


def _keys(columns: list[pd.Series]) -> Pool:
    """Texts that hardly repeat: each a value of its own, as comparing a million takes more memory than it saves."""
    arrays = [text_array(c) for c in columns]
    there = [np.diff(packed_text(array).offset) > 0 for array in arrays]
    first = np.cumsum([0, *(len(array) for array in arrays)])
    code = [np.where(t, np.arange(len(t)) + at, -1) for t, at in zip(there, first, strict=False)]
    return code, chained([_text_fields(packed_text(array)) for array in arrays])


def _floats(columns: list[pd.Series]) -> Pool:
    coded, known = _together(columns, _rounded)
    fields = np.empty((len(known), 11), np.uint8)
    fields[:, :3] = 4 << 3 | 2, 9, 3 << 3 | 1
    fields[:, 3:] = known.astype("<f8").view(np.uint8).reshape(-1, 8)
    return coded, Packed(fields.ravel(), np.arange(len(known) + 1) * 11)


def _others(columns: list[pd.Series]) -> Pool:
    coded, known = _together(columns, _encoded)
    return coded, packed(_field(4, value) for value in known)


def _together(columns: list[pd.Series], told: Callable[[NDArray], NDArray]) -> tuple[list[Ints], NDArray]:
    """Codes of ``columns`` and what they count: the values as ``told``, each value of a column told once."""
    factorized = [pd.factorize(column, sort=False) for column in columns]
    code, known = pd.factorize(np.concatenate([told(np.asarray(unique)) for _, unique in factorized]), sort=False)
    places = np.split(code, np.cumsum([len(unique) for _, unique in factorized])[:-1])
    # The last entry serves factorize's -1.
    return [np.append(place, -1)[own] for place, (own, _) in zip(places, factorized, strict=True)], known


_POOLS = {"text": _texts, "key": _keys, "float": _floats, "any": _others}


def _rounded(unique: NDArray) -> NDArray[np.float64]:
    """Floats with `FLOAT_DIGITS` significant digits; NaN for what is not finite."""
    finite = np.where(np.isfinite(unique), unique, np.nan)
    return np.fromiter(map(round_float, finite.tolist()), np.float64, len(finite))


def _encoded(unique: NDArray) -> NDArray[np.object_]:
    """Values of no common type, each encoded; None for what counts as missing."""
    out = np.empty(len(unique), object)
    for i, value in enumerate(unique):
        missing = isinstance(value, str) and value == ""
        missing |= isinstance(value, float | np.floating) and not np.isfinite(value)
        out[i] = None if missing else encode_value(value)
    return out


@njit(cache=True, nogil=True)
def _text_sizes(given: Ints) -> Ints:
    """Where each text's value ends."""
    offset = np.zeros(len(given), np.int64)
    for i in range(len(given) - 1):
        inner = 1 + _varint_size(given[i + 1] - given[i]) + given[i + 1] - given[i]
        offset[i + 1] = offset[i] + 1 + _varint_size(inner) + inner
    return offset


def _text_fields(texts: Packed) -> Packed:
    """Texts as values of a layer."""
    offset = _text_sizes(texts.offset)
    out = np.empty(offset[-1], np.uint8)
    _put_texts(texts.data, texts.offset, out)
    return Packed(out, offset)


@njit(cache=True, nogil=True)
def _put_texts(data: Bytes, given: Ints, out: Bytes) -> None:
    at = 0
    for i in range(len(given) - 1):
        size = given[i + 1] - given[i]
        out[at] = 4 << 3 | 2
        at = put_varint(out, at + 1, 1 + _varint_size(size) + size)
        out[at] = 1 << 3 | 2
        at = _put_bytes(out, put_varint(out, at + 1, size), data, given[i], given[i + 1])


class Encoder:
    """Layers of one table, one tile after another (not by two threads at once)."""

    def __init__(self, name: str, table: Attributes) -> None:
        self._start = _field(1, name.encode())
        self._keys = [_field(3, key.encode()) for key in table.keys]
        self._end = b"\x28" + _varint(EXTENT) + b"\x78\x02"
        self._table = table
        # Place of each value in the tile at work, -1 outside it: as long as the table, so made once.
        self._place = np.full(len(table.values), -1, np.int32)

    def layer(
        self, rows: Ints, kinds: Ints, geometry: Packed, which: Ints, columns: Sequence[str] | None = None
    ) -> bytes:
        """
        A tile with one layer.

        Parameters
        ----------
        rows, kinds, which : (F,)
            Row (feature id r + 1), kind and place in ``geometry`` of each feature, in drawing order.
        columns : optional
            Only these of the table.
        """
        codes, names = self._table.codes, self._table.keys
        asked = np.array([columns is None or name in columns for name in names], bool)
        there = (codes[rows] >= 0).any(axis=0) & asked
        key = np.where(there, np.cumsum(there) - 1, -1)
        size = int((geometry.offset[which + 1] - geometry.offset[which]).sum())
        out = np.empty(size + len(rows) * (40 + 10 * len(names)), np.uint8)
        used = np.empty(min(len(self._place), len(rows) * len(names)), np.int64)
        given = (rows, kinds, geometry.data, geometry.offset, which)
        end, count = _put_features(codes, key, *given, self._place, used, out)
        keys = b"".join(itertools.compress(self._keys, there))
        values = self._table.values.joined(used[:count])
        pieces = (self._start, out[:end].data, keys, values.data, self._end)
        return b"".join((_head(3, sum(map(len, pieces))), *pieces))


@njit(cache=True, nogil=True)
def _put_features(codes, key, rows, kinds, data, offset, which, place, used, out):
    """Features one after another; (bytes, values used). ``place`` is left as it was: -1 everywhere."""
    tags = np.empty(10 * codes.shape[1], np.uint8)
    at, count = 0, 0
    for i in range(len(rows)):
        row, first, last = rows[i], offset[which[i]], offset[which[i] + 1]
        tagged, count = _put_tags(codes[row], key, place, used, count, tags)
        size = 4 + _varint_size(row + 1) + _varint_size(last - first) + last - first
        if tagged:
            size += 1 + _varint_size(tagged) + tagged
        out[at] = 2 << 3 | 2
        at = put_varint(out, at + 1, size)
        out[at] = 1 << 3
        at = put_varint(out, at + 1, row + 1)
        if tagged:
            out[at] = 2 << 3 | 2
            at = _put_bytes(out, put_varint(out, at + 1, tagged), tags, 0, tagged)
        out[at] = 3 << 3
        out[at + 1] = kinds[i]
        out[at + 2] = 4 << 3 | 2
        at = _put_bytes(out, put_varint(out, at + 3, last - first), data, first, last)
    for i in range(count):
        place[used[i]] = -1
    return at, count


@njit(cache=True, nogil=True)
def _put_tags(codes, key, place, used, count, tags):
    """Places of key and value of each column that has one; (bytes, values used so far)."""
    at = 0
    for c in range(len(codes)):
        code = codes[c]
        if key[c] < 0 or code < 0:
            continue
        if place[code] < 0:
            place[code] = count
            used[count] = code
            count += 1
        at = put_varint(tags, at, key[c])
        at = put_varint(tags, at, int(place[code]))
    return at, count
