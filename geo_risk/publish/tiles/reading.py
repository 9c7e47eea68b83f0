"""Mapbox Vector Tile 2.1, read back: names, ids and properties, not the geometry."""

from __future__ import annotations

import struct
from collections.abc import Iterator


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
