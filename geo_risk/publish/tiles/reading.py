"""Mapbox Vector Tile 2.1, read back: names, ids and properties, not the geometry."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numba import njit

from .packed import Bytes, Ints


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


def read_heads(tile: bytes) -> tuple[set[str], Ints]:
    """(column names, feature ids) of an unzipped tile, in order, without its values."""
    names: set[str] = set()
    ids = [np.empty(0, np.int64)]
    for number, layer in _fields(tile):
        if number != 3 or not isinstance(layer, bytes):
            continue
        data = np.frombuffer(layer, np.uint8)
        found, keys = _heads(data)
        ids.append(found)
        names |= {layer[a:b].decode() for a, b in keys.tolist()}
    return names, np.concatenate(ids)


@njit(cache=True, nogil=True)
def _heads(layer: Bytes) -> tuple[Ints, Ints]:
    """(id of each feature, 0 if it has none, (K, 2) start and end of each key) of a layer."""
    ids, keys = np.empty(len(layer) // 2 + 1, np.int64), np.empty((len(layer) // 2 + 1, 2), np.int64)
    features = columns = at = 0
    while at < len(layer):
        field, first, last = _next(layer, at)
        if field == 2:
            ids[features] = _id(layer, first, last)
            features += 1
        elif field == 3:
            keys[columns] = first, last
            columns += 1
        at = last
    return ids[:features].copy(), keys[:columns].copy()


@njit(cache=True, nogil=True)
def _id(layer, at, end):
    while at < end:
        field, first, last = _next(layer, at)
        if field == 1:
            return _number(layer, first)[0]
        at = last
    return 0


@njit(cache=True, nogil=True)
def _next(data, at):
    """(number, start, end of the value) of the field at ``at``."""
    key, at = _number(data, at)
    wire = key & 7
    if wire == 0:
        return key >> 3, at, _number(data, at)[1]
    size = 4 if wire == 5 else 8
    if wire == 2:
        size, at = _number(data, at)
    return key >> 3, at, at + size


@njit(cache=True, nogil=True)
def _number(data, at):
    """(value, place after it) of a varint."""
    value = np.int64(0)
    shift = 0
    while at < len(data) and data[at] > 0x7F:
        value |= (np.int64(data[at]) & 0x7F) << shift
        shift += 7
        at += 1
    return (value | np.int64(data[at]) << shift, at + 1) if at < len(data) else (value, at)


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
