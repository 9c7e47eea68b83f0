"""Mapbox Vector Tile 2.1: geometry commands, values and layers to bytes, and properties back.

Everything that grows with the data is one NumPy pass over a whole zoom; only the joining of a
feature's four fields is a Python loop.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EXTENT = 4096
POINT, LINE, POLYGON = 1, 2, 3
_MOVE_ONE, _CLOSE, _LINE_TO = 1 | 1 << 3, 7 | 1 << 3, 2
# Digits of a float property: enough for a distance of 99,999.9 m, none of the arithmetic's noise.
FLOAT_DIGITS = 6

Ints = NDArray[np.int64]


def varints(values: NDArray) -> tuple[NDArray[np.uint8], Ints]:
    """(bytes, starts) of unsigned integers below 2**35 as protobuf varints; starts is (N + 1,)."""
    values = np.asarray(values, np.uint64)
    size = np.ones(len(values), np.int64)
    for shift in (7, 14, 21, 28):
        size += (values >> np.uint64(shift)) > 0
    starts = np.concatenate(([0], np.cumsum(size)))
    out = np.empty(starts[-1], np.uint8)
    for k in range(int(size.max(initial=0))):
        has = size > k
        byte = (values[has] >> np.uint64(7 * k)) & np.uint64(0x7F)
        out[starts[:-1][has] + k] = byte.astype(np.uint8) | ((size[has] > k + 1).astype(np.uint8) << 7)
    return out, starts


def _slow_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


# Lengths and ids of an ordinary tile; a third of the encoder's time without it.
_VARINTS = tuple(map(_slow_varint, range(1 << 14)))


def _varint(value: int) -> bytes:
    return _VARINTS[value] if value < 1 << 14 else _slow_varint(value)


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _zigzag(values: NDArray) -> Ints:
    return (values << 1) ^ (values >> 63)


def encode_geometries(kind: int, xy: Ints, part_size: Ints, feature_parts: Ints) -> list[bytes]:
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

    Returns
    -------
    list of F byte strings
    """
    first_of_part = np.cumsum(part_size) - part_size
    first_part = np.cumsum(feature_parts) - feature_parts
    previous = np.roll(xy, 1, axis=0)
    previous[first_of_part[first_part]] = 0  # the cursor starts anew in each feature
    delta = _zigzag(xy - previous)

    rank = np.arange(len(xy)) - np.repeat(first_of_part, part_size)
    words_of_part = 1 + 2 * part_size + (kind != POINT) + (kind == POLYGON)
    start = np.concatenate(([0], np.cumsum(words_of_part)))
    words = np.empty(start[-1], np.int64)
    at = np.repeat(start[:-1], part_size) + 1 + 2 * rank + (0 if kind == POINT else (rank > 0))
    words[at], words[at + 1] = delta[:, 0], delta[:, 1]
    if kind == POINT:
        words[start[:-1]] = 1 | part_size << 3
    else:
        words[start[:-1]] = _MOVE_ONE
        words[start[:-1] + 3] = _LINE_TO | (part_size - 1) << 3
    if kind == POLYGON:
        words[start[1:] - 1] = _CLOSE
    data, offset = varints(words)
    edges = offset[start[np.concatenate((first_part, [len(part_size)]))]]
    raw = data.tobytes()
    return [raw[a:b] for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]


@dataclass(frozen=True)
class Attributes:
    """Columns as codes: ``codes`` (N, C) points into ``values`` (encoded layer fields), -1 where missing."""

    keys: tuple[str, ...]
    values: tuple[bytes, ...]
    codes: NDArray[np.int64]


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
    values: list[bytes] = []
    known: dict[bytes, int] = {}
    codes = np.full((len(frame), len(frame.columns)), -1, np.int64)
    for number, column in enumerate(frame.columns):
        code, unique = pd.factorize(frame[column], sort=False)
        local = np.full(len(unique) + 1, -1, np.int64)  # the last entry serves factorize's -1
        for i, value in enumerate(unique):
            if value == "" or (isinstance(value, float | np.floating) and not np.isfinite(value)):
                continue
            encoded = encode_value(value)
            local[i] = known.setdefault(encoded, len(values))
            if local[i] == len(values):
                values.append(_field(4, encoded))
        codes[:, number] = local[code]
    return Attributes(tuple(map(str, frame.columns)), tuple(values), codes)


def encode_layer(name: str, table: Attributes, rows: Ints, kinds: Sequence[int], geometry: Sequence[bytes]) -> bytes:
    """
    A tile with one layer.

    Parameters
    ----------
    table : Attributes
        Of the whole layer; row r becomes feature id r + 1.
    rows, kinds, geometry : (F,)
        Row, kind and command stream of each feature, in drawing order.
    """
    codes = table.codes[rows]
    present = codes >= 0
    used, local = np.unique(codes[present], return_inverse=True)
    keys = np.flatnonzero(present.any(axis=0))
    key_of = np.zeros(codes.shape[1], np.int64)
    key_of[keys] = np.arange(len(keys))
    pairs = np.stack((key_of[np.nonzero(present)[1]], local), axis=1).ravel()
    data, offset = varints(pairs)
    raw = data.tobytes()
    edges = offset[np.concatenate(([0], 2 * np.cumsum(present.sum(axis=1))))].tolist()

    parts = [_field(1, name.encode())]
    for i, (row, kind, commands) in enumerate(zip(rows.tolist(), kinds, geometry, strict=True)):
        tags = raw[edges[i] : edges[i + 1]]
        feature = b"".join(
            (
                b"\x08",
                _varint(row + 1),
                b"\x12" + _varint(len(tags)) + tags if tags else b"",
                b"\x18",
                bytes((kind,)),
                b"\x22",
                _varint(len(commands)),
                commands,
            )
        )
        parts += (b"\x12", _varint(len(feature)), feature)
    parts += (_field(3, table.keys[k].encode()) for k in keys)
    parts += (table.values[v] for v in used)
    parts.append(b"\x28" + _varint(EXTENT) + b"\x78\x02")
    return _field(3, b"".join(parts))


# Reading back: what the gate needs (names, ids, properties), not the geometry.


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a protobuf message; fixed-width values come as bytes."""
    at, end = 0, len(data)
    while at < end:
        key, at = _read_varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _read_varint(data, at)
            yield key >> 3, value
            continue
        size = 8
        if wire == 2:
            size, at = _read_varint(data, at)
        elif wire == 5:
            size = 4
        yield key >> 3, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7


def _read_value(data: bytes) -> object:
    number, value = next(_fields(data))
    if isinstance(value, bytes):
        if number == 1:
            return value.decode()
        return struct.unpack("<d" if number == 3 else "<f", value)[0]
    if number == 6:
        return value >> 1 if value % 2 == 0 else -(value >> 1) - 1
    return bool(value) if number == 7 else value


def read_heads(tile: bytes) -> tuple[set[str], list[int]]:
    """(column names, feature ids) of an unzipped tile, in order; a tenth of the time of `read_properties`."""
    names: set[str] = set()
    ids: list[int] = []
    for number, layer in _fields(tile):
        if number != 3 or not isinstance(layer, bytes):
            continue
        for part, value in _fields(layer):
            if part == 2 and isinstance(value, bytes):
                ids.append(next((v for n, v in _fields(value) if n == 1 and isinstance(v, int)), 0))
            elif part == 3 and isinstance(value, bytes):
                names.add(value.decode())
    return names, ids


def read_properties(tile: bytes) -> Iterator[tuple[str, int, dict[str, object]]]:
    """(layer name, feature id, properties) of every feature of an unzipped tile, in order."""
    for number, layer in _fields(tile):
        if number != 3 or not isinstance(layer, bytes):
            continue
        name, features, keys, values = "", [], [], []
        for part, value in _fields(layer):
            if not isinstance(value, bytes):
                continue
            if part == 1:
                name = value.decode()
            elif part == 2:
                features.append(value)
            elif part == 3:
                keys.append(value.decode())
            elif part == 4:
                values.append(_read_value(value))
        for feature in features:
            yield name, *_read_feature(feature, keys, values)


def _read_feature(feature: bytes, keys: list[str], values: list[object]) -> tuple[int, dict[str, object]]:
    feature_id, properties, at = 0, {}, 0
    for number, value in _fields(feature):
        if number == 1 and isinstance(value, int):
            feature_id = value
        elif number == 2 and isinstance(value, bytes):
            while at < len(value):
                key, at = _read_varint(value, at)
                code, at = _read_varint(value, at)
                properties[keys[key]] = values[code]
    return feature_id, properties
