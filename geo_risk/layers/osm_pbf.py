"""Ways and node places of an OpenStreetMap PBF file as numpy arrays.

A general reader makes one Python object an element; here Protocol Buffers only cuts the messages,
and their packed fields, kept as bytes, are decoded all at once. Format: OSM wiki, PBF Format.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_READ = frozenset(("OsmSchema-V0.6", "DenseNodes"))  # required features understood here
_MAX_HEADER, _MAX_BLOB = 64 * 1024, 32 * 2**20  # bytes, by the format


class Unsupported(Exception):
    """The file uses a part of the format that only the general reader knows."""


class Packed(NamedTuple):
    """Lists one behind the other: list i is ``values[offsets[i]:offsets[i + 1]]``."""

    values: Ints
    offsets: Ints


class Ways(NamedTuple):
    """Ways of one block: ids (n,), keys and values as indices into ``strings``, and node ids."""

    ids: Ints
    keys: Packed
    vals: Packed
    refs: Packed
    strings: Sequence[bytes]


def ways(path: Path) -> Iterator[Ways]:
    """The ways of each block, in file order. Unsupported, or RuntimeError if the file is broken."""
    for block in _blocks(path):
        found = [w for group in block.groups for w in group.ways]
        if found:
            ids = np.fromiter((w.id for w in found), np.int64, len(found))
            refs = _packed([w.refs for w in found])
            refs = refs._replace(values=_sums(_zigzag(refs.values), refs.offsets))
            keys, vals = _packed([w.keys for w in found]), _packed([w.vals for w in found])
            if not np.array_equal(keys.offsets, vals.offsets):
                raise RuntimeError("a way has not as many tag values as keys")
            yield Ways(ids, keys, vals, refs, block.strings.s)


def nodes(path: Path) -> Iterator[tuple[Ints, NDArray[np.float64]]]:
    """Node ids (n,) and places (n, 2) as longitude, latitude [deg, to 1e-7], of each group with nodes."""
    for block in _blocks(path):
        for group in block.groups:
            ids, lat, lon = _group_nodes(group)
            if len(ids):
                x = (block.lon_offset + block.granularity * lon) // 100
                y = (block.lat_offset + block.granularity * lat) // 100
                yield ids, np.column_stack([x, y]) / 1e7


def _group_nodes(group: Any) -> tuple[Ints, Ints, Ints]:
    plain = np.array([(n.id, n.lat, n.lon) for n in group.nodes], np.int64).reshape(-1, 3).T
    dense = [np.cumsum(_zigzag(varints(part)[0])) for part in (group.dense.id, group.dense.lat, group.dense.lon)]
    if len({len(d) for d in dense}) > 1:
        raise RuntimeError("a block of nodes has not as many places as ids")
    return tuple(np.concatenate(pair) for pair in zip(plain, dense, strict=True))  # type: ignore[return-value]


def varints(data: bytes) -> tuple[Ints, Ints]:
    """
    Packed variable-length integers, and the position of each one's last byte.

    Raises
    ------
    RuntimeError
        If the last number is cut off or one has more than ten bytes.
    """
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw < 128)
    if len(raw) and (not len(ends) or ends[-1] != len(raw) - 1):
        raise RuntimeError("a list of numbers is cut off")
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    size = ends - starts
    out = raw[starts].astype(np.uint64) & np.uint64(127)
    for i in range(1, int(size.max(initial=0)) + 1):
        if i > 9:
            raise RuntimeError("a number is longer than ten bytes")
        more = np.flatnonzero(size >= i)
        out[more] |= (raw[starts[more] + i] & np.uint8(127)).astype(np.uint64) << np.uint64(7 * i)
    return out.view(np.int64), ends


def _zigzag(values: Ints) -> Ints:
    unsigned = values.view(np.uint64)
    return (unsigned >> np.uint64(1)).view(np.int64) ^ -(values & 1)


def _packed(parts: list[bytes]) -> Packed:
    values, ends = varints(b"".join(parts))
    sizes = np.fromiter(map(len, parts), np.int64, len(parts))
    return Packed(values, np.searchsorted(ends, np.concatenate([[0], np.cumsum(sizes)])))


def _sums(values: Ints, offsets: Ints) -> Ints:
    """Running sums that start anew with each list."""
    total = np.concatenate([[0], np.cumsum(values)])
    return total[1:] - np.repeat(total[offsets[:-1]], np.diff(offsets))


def _blocks(path: Path) -> Iterator[Any]:
    from google.protobuf.message import DecodeError

    kinds = _messages()
    try:
        with open(path, "rb") as file:
            while start := file.read(4):
                header = kinds["BlobHeader"].FromString(_exactly(file, int.from_bytes(start, "big"), _MAX_HEADER))
                data = _content(kinds["Blob"].FromString(_exactly(file, header.datasize, _MAX_BLOB)))
                if header.type == "OSMHeader":
                    _check(kinds["HeaderBlock"].FromString(data))
                elif header.type == "OSMData":
                    yield kinds["Block"].FromString(data)
    except (DecodeError, zlib.error) as error:
        raise RuntimeError(str(error)) from error


def _exactly(file: Any, size: int, limit: int) -> bytes:
    if not 0 <= size <= limit:
        raise RuntimeError("no block of the format")
    data = file.read(size)
    if len(data) != size:
        raise RuntimeError("the last block is cut off")
    return data


def _content(blob: Any) -> bytes:
    if blob.HasField("zlib_data"):
        inflate = zlib.decompressobj()
        data = inflate.decompress(blob.zlib_data, _MAX_BLOB)
        if not inflate.eof:
            raise RuntimeError("a block is cut off or unpacks to more than the format allows")
        return data
    if blob.HasField("raw"):
        return blob.raw
    raise Unsupported("a packing other than zlib")


def _check(header: Any) -> None:
    strange = [*(set(header.required) - _READ), *(set(header.optional) & {"LocationsOnWays"})]
    if strange:
        raise Unsupported(strange[0])


@cache
def _messages() -> dict[str, Any]:
    """Classes of the format's messages; fields not named here are skipped, packed ones are left as bytes."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    f = descriptor_pb2.FieldDescriptorProto
    text, data, whole, sint = f.TYPE_STRING, f.TYPE_BYTES, f.TYPE_INT64, f.TYPE_SINT64
    one, many = f.LABEL_OPTIONAL, f.LABEL_REPEATED
    layout: dict[str, list[tuple[str, int, Any, Any, str | None]]] = {
        "BlobHeader": [("type", 1, text, one, None), ("datasize", 3, whole, one, None)],
        "Blob": [("raw", 1, data, one, None), ("zlib_data", 3, data, one, None)],
        "HeaderBlock": [("required", 4, text, many, None), ("optional", 5, text, many, None)],
        "StringTable": [("s", 1, data, many, None)],
        "Node": [("id", 1, sint, one, None), ("lat", 8, sint, one, None), ("lon", 9, sint, one, None)],
        "Dense": [("id", 1, data, one, None), ("lat", 8, data, one, None), ("lon", 9, data, one, None)],
        "Way": [("id", 1, whole, one, None), ("keys", 2, data, one, None), ("vals", 3, data, one, None),
                ("refs", 8, data, one, None)],
        "Group": [("nodes", 1, "Node", many, None), ("dense", 2, "Dense", one, None), ("ways", 3, "Way", many, None)],
        "Block": [("strings", 1, "StringTable", one, None), ("groups", 2, "Group", many, None),
                  ("granularity", 17, whole, one, "100"), ("lat_offset", 19, whole, one, None),
                  ("lon_offset", 20, whole, one, None)],
    }  # fmt: skip
    file = descriptor_pb2.FileDescriptorProto(name="geo_risk_osm.proto", package="geo_risk_osm", syntax="proto2")
    for name, members in layout.items():
        message = file.message_type.add(name=name)
        for field, tag, kind, label, default in members:
            made = message.field.add(name=field, number=tag, label=label)
            if isinstance(kind, str):
                made.type, made.type_name = f.TYPE_MESSAGE, f".geo_risk_osm.{kind}"
            else:
                made.type = kind
            if default:
                made.default_value = default
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"geo_risk_osm.{n}")) for n in layout}
