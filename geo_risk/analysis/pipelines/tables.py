"""Plain rows of pipelines as result tables of the schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from ...schema import RESULTS
from .chainage import cut
from .pipes import Pipe

_DTYPES = {"int": "Int64", "float": "float64", "string": "object", "json": "object"}
Skipped = Counter[tuple[str, str]]


def result_table(name: str, rows: list[dict[str, Any]], pipes: Sequence[Pipe], crs: Any) -> gpd.GeoDataFrame:
    """
    Rows with ``row`` (index of the pipeline), ``from_m`` and ``to_m`` as the table ``name``, along the pipelines.

    Where a row has no geometry it is the pipeline's own line between the two.
    """
    full = [{"id": pipes[r["row"]].id, "name": pipes[r["row"]].name, **r} for r in rows]
    full.sort(key=lambda r: (r["row"], r["from_m"], r["to_m"], *(str(r.get(c, "")) for c in _TIES)))
    shapes = [r["geometry"] if "geometry" in r else cut(pipes[r["row"]].geometry, r["from_m"], r["to_m"]) for r in full]
    cells = {c.name: pd.array([r[c.name] for r in full], dtype=_DTYPES[c.dtype]) for c in RESULTS[name].columns}
    return gpd.GeoDataFrame(cells, geometry=shapes, crs=crs)


_TIES = ("verdict", "level", "kind", "target_layer", "target_id")


def unchecked_table(skipped: Mapping[str, Skipped], missing: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """``schema.RESULTS["pipelines_unchecked"]`` from what each check left out and what no layer shows."""
    rows: list[tuple[str, str, int | None, str]] = [
        (check, layer, n, why) for check, left in skipped.items() for (layer, why), n in sorted(left.items())
    ]
    rows += [(check, "", None, why) for check, whys in missing.items() for why in whys]
    table = pd.DataFrame(rows, columns=list(RESULTS["pipelines_unchecked"].names))
    return table.astype({"count": "Int64"})
