"""Rows that differ between two tables, against a plain loop over rows and cells."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_risk.analysis.changes import changed_rows

CRS = "EPSG:4549"
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c", "d", None]),
            "name": st.sampled_from(["x", "y", "", None]),
            "number": st.sampled_from([0.0, 1.5, float("nan")]),
            "count": st.integers(0, 2),
            "open": st.booleans(),
            "at": st.sampled_from([(0.0, 0.0), (0.0, 3.0), None]),
        }
    ),
    max_size=6,
)


def frame(cells: list[dict]) -> gpd.GeoDataFrame:
    table = pd.DataFrame(cells, columns=["id", "name", "number", "count", "open", "at"])
    shapes = [None if at is None or at != at else shapely.Point(at) for at in table.pop("at")]
    kinds = {"id": "str", "name": "str", "number": float, "count": int, "open": bool}
    return gpd.GeoDataFrame(table.astype(kinds), geometry=gpd.GeoSeries(shapes, index=table.index, crs=CRS))


def by_hand(before: list[dict], after: list[dict]) -> tuple[set, set, dict]:
    """Added and removed row numbers, and columns by pair of rows: the n-th row of a key meets the n-th."""

    def numbered(cells):
        seen: dict = {}
        for n, row in enumerate(cells):
            times = seen[row["id"]] = seen.get(row["id"], -1) + 1
            yield (row["id"], times), n

    left, right = dict(numbered(before)), dict(numbered(after))
    changed = {}
    for key in left.keys() & right.keys():
        old, new = before[left[key]], after[right[key]]
        names = {c for c in old if old[c] != new[c] and not (old[c] != old[c] and new[c] != new[c])}
        if names:
            changed[left[key], right[key]] = {"geometry" if c == "at" else c for c in names}
    return {right[k] for k in right.keys() - left}, {left[k] for k in left.keys() - right}, changed


@settings(max_examples=150, deadline=None)
@given(rows, rows, st.booleans())
def test_it_is_what_a_plain_loop_finds(before, after, as_wkb):
    tables = [frame(cells) for cells in (before, after)]
    if as_wkb:
        tables = [pd.DataFrame(t).assign(geometry=np.asarray(t.geometry.to_wkb(), object)) for t in tables]
    found = changed_rows(*tables)
    added, removed, changed = by_hand(before, after)
    assert set(found.added.tolist()) == added
    assert set(found.removed.tolist()) == removed
    pairs = zip(found.before.tolist(), found.after.tolist(), strict=True)
    assert {pair: set(names) for pair, names in zip(pairs, found.columns, strict=True)} == changed
    for names, metres, j in zip(found.columns, found.moved_m, found.after, strict=True):
        both_there = before[found.before[list(found.after).index(j)]]["at"] and after[j]["at"]
        expected = 0.0 if "geometry" not in names else 3.0 if both_there else np.nan
        assert metres == pytest.approx(expected, nan_ok=True)


def test_kinds_of_numbers_are_no_change():
    """A column of whole numbers that got a gap is read as floats; 1 is 1.0, and the gap is the only change."""
    before = pd.DataFrame({"id": ["a", "b"], "n": [1, 2]})
    after = pd.DataFrame({"id": ["a", "b"], "n": [1.0, None]})
    found = changed_rows(before, after)
    assert found.before.tolist() == [1]
    assert found.columns == [("n",)]
