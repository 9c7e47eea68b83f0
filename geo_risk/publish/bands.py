"""The lists of the surfaces: area and residents of each grade or band, by district, in a script of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from .catalogue import table_schema
from .columns import column_words
from .downloads import records

TABLE = "surface_bands"
# What the list does not show: the surface is chosen, districts are known by name.
_HIDDEN = ("surface", "district_id", "level")
# Villages would make the script as heavy as the first view; the download has them.
_LEFT_OUT = "village"
_DECIMALS = {"area_km2": 4, "share": 5, "persons": 1}


def band_lists(tables: Mapping[str, pd.DataFrame], surfaces: Sequence[str]) -> dict[str, Any]:
    """
    What the page lists of ``surfaces``; empty where the profile's tables tell nothing of them.

    ``columns`` are the manifest's column objects, ``rows`` lists of values by surface, ``all`` how many rows the
    download has of each.
    """
    table = tables.get(TABLE)
    if table is None:
        return {}
    table = table.round({name: n for name, n in _DECIMALS.items() if name in table.columns})
    shown = [c for c in table_schema(TABLE).columns if c.name in table.columns and c.name not in _HIDDEN]
    out: dict[str, Any] = {"columns": [column_words(c) for c in shown], "rows": {}, "all": {}}
    for name in surfaces:
        rows = table[table["surface"] == name]
        if len(rows):
            out["rows"][name] = records(rows.loc[rows["level"] != _LEFT_OUT, [c.name for c in shown]])
            out["all"][name] = len(rows)
    return out if out["rows"] else {}
