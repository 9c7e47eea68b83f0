import math

import mapbox_vector_tile
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.publish.tiles import mvt
from geo_risk.publish.tiles.mvt import (
    LINE,
    POINT,
    POLYGON,
    Encoder,
    attributes,
    encode_geometries,
    put_varint,
)
from geo_risk.publish.tiles.packed import packed
from geo_risk.publish.tiles.reading import read_heads, read_properties


def slow_varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


@given(st.integers(0, 2**63 - 1))
def test_varints_equal_the_definition(value):
    out = np.zeros(12, np.uint8)
    end = put_varint(out, 1, value)
    assert out[1:end].tobytes() == slow_varint(value)


def streams(kind, xy, part_size, feature_parts):
    packed = encode_geometries(kind, np.array(xy), np.array(part_size), np.array(feature_parts))
    return [list(packed[i]) for i in range(len(packed))]


def layer(name, frame, kinds, geometry):
    rows = np.arange(len(frame))
    return Encoder(name, attributes(frame)).layer(rows, np.array(kinds, int), geometry, rows)


def test_the_example_polygons_of_the_specification():
    # Mapbox Vector Tile 2.1, 4.3.5.6: a polygon, then one of two outer rings with a hole in the second.
    triangle = [(3, 6), (8, 12), (20, 34)]
    squares = [
        (0, 0),
        (10, 0),
        (10, 10),
        (0, 10),
        (11, 11),
        (20, 11),
        (20, 20),
        (11, 20),
        (13, 13),
        (13, 17),
        (17, 17),
        (17, 13),
    ]
    xy = np.array(triangle + squares)
    one, many = streams(POLYGON, xy, [3, 4, 4, 4], [1, 3])
    assert one == [9, 6, 12, 18, 10, 12, 24, 44, 15]
    assert many == [
        *(9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15),
        *(9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15),
        *(9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15),
    ]  # fmt: skip


def test_the_example_points_and_lines_of_the_specification():
    # 4.3.5.1 to 4.3.5.4
    assert streams(POINT, [(25, 17)], [1], [1]) == [[9, 50, 34]]
    assert streams(POINT, [(5, 7), (3, 2)], [2], [1]) == [[17, 10, 14, 3, 9]]
    lines = [(2, 2), (2, 10), (10, 10), (1, 1), (3, 5)]
    assert streams(LINE, lines, [3, 2], [2]) == [[9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8]]


@pytest.mark.parametrize("kind", [POINT, LINE, POLYGON])
def test_nothing_to_draw_is_nothing(kind):
    none = np.empty(0, int)
    assert len(encode_geometries(kind, np.empty((0, 2), int), none, none)) == 0


VALUES = st.one_of(st.text(), st.booleans(), st.integers(-(2**34), 2**34), st.floats(allow_nan=True), st.none())


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20))
def test_properties_survive_and_missing_ones_are_left_out(rows):
    frame = pd.DataFrame(rows, columns=["a", "名"], dtype=object)
    commands = encode_geometries(POINT, np.zeros((len(rows), 2), int), np.ones(len(rows), int), np.ones(len(rows), int))
    tile = layer("x", frame, [POINT] * len(rows), commands)
    expected = []
    for row in rows:
        kept = {}
        for key, value in zip(("a", "名"), row, strict=True):
            if isinstance(value, float):
                value = float(f"{value:.6g}") if math.isfinite(value) else None
            elif isinstance(value, str):
                value = value.encode("utf-8", "replace").decode() or None
            if value is not None:
                kept[key] = value
        expected.append(kept)
    theirs = mapbox_vector_tile.decode(tile)["x"]["features"]
    assert [f["properties"] for f in theirs] == expected
    assert [f["id"] for f in theirs] == list(range(1, len(rows) + 1))
    assert [p for _, _, p in read_properties(tile)] == expected


@given(st.lists(st.text(max_size=3) | st.none(), min_size=1, max_size=20), st.booleans())
def test_columns_taken_for_keys_read_the_same(texts, twice):
    columns = {"a": texts, "b": texts[::-1] if twice else [1.5] * len(texts), "c": ["red", None] * len(texts)}
    frame = pd.DataFrame({name: pd.Series(v[: len(texts)], dtype=object) for name, v in columns.items()})
    one = np.ones(len(texts), int)
    points = encode_geometries(POINT, np.zeros((len(texts), 2), int), one, one)
    with pytest.MonkeyPatch.context() as patch:
        expected = list(read_properties(layer("x", frame, [POINT] * len(texts), points)))
        patch.setattr(mvt, "_MANY", 0)
        patch.setattr(mvt, "_LOOK", 1)
        assert mvt._type_of(pd.Series(["a", "a"], dtype="str")) == "key"
        assert list(read_properties(layer("x", frame, [POINT] * len(texts), points))) == expected


@pytest.mark.parametrize("value", [np.int64(3), np.float32(1.5), np.bool_(True), pd.Timestamp("2026-01-01")])
def test_numpy_and_pandas_values_are_written(value):
    tile = layer("x", pd.DataFrame({"v": [value]}, dtype=object), [POINT], packed([b"\x09\x00\x00"]))
    ((_, _, properties),) = read_properties(tile)
    assert properties["v"] == (str(value) if isinstance(value, pd.Timestamp) else value)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([None, "", "甲", "x" * 300])), max_size=20))
def test_heads_are_those_of_the_properties(rows):
    frame = pd.DataFrame(rows, columns=["persons", "name"])
    commands = encode_geometries(POINT, np.full((len(rows), 2), 7), np.ones(len(rows), int), np.ones(len(rows), int))
    tile = layer("l", frame, [POINT] * len(rows), commands)
    names, ids = read_heads(tile)
    full = list(read_properties(tile))
    assert ids.tolist() == [number for _, number, _ in full] == list(range(1, len(rows) + 1))
    assert names == {name for *_, properties in full for name in properties}
