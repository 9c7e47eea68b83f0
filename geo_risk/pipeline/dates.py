"""The step that settles which day the data stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import store
from ..manifest import Step
from ..region import Region
from ..schema import LAYERS
from .files import SHARED_CODE, layer_files

if TYPE_CHECKING:
    from collections.abc import Sequence

# Dates that lie ahead of the data by their meaning.
_AHEAD = ("due_date",)
_DAY = len("2026-09-30")


def date_step(region: Region) -> Step:
    """``build/date.json``: the data date and what it rests on."""
    dated = [name for name in region.vector_layers if _date_columns(name)]
    return Step(
        "date",
        lambda: store.write_json(region.build / "date.json", data_date(region, dated)),
        layer_files(region, *dated),
        (region.build / "date.json",),
        {"data_date": region.settings.region.data_date},
        ("pipeline/dates.py", *SHARED_CODE),
    )


def _date_columns(layer: str) -> list[str]:
    return [c.name for c in LAYERS[layer].columns if c.dtype == "date" and c.name not in _AHEAD]


def data_date(region: Region, layers: Sequence[str]) -> dict[str, Any]:
    """
    The day the data stand for: [region] data_date, else the newest date in the layers' own date columns.

    A deadline does not count, nor does the time a file was written. As precise as written (a year, a month or
    a day), empty where nothing says. ``from`` is "setting", "inputs" or "nothing"; of "inputs" the
    layer, column and the first row with that date are told, so that a slip of the pen is found.
    """
    given = region.settings.region.data_date
    if given is not None:
        return {"date": given, "from": "setting"}
    found: list[tuple[str, str, str]] = []
    for layer in layers:
        table = store.read_columns(region.build / "layers" / f"{layer}.parquet", _date_columns(layer))
        for column in table.columns:
            days = table[column].dropna().astype(str).str[:_DAY]
            if len(days):
                found.append((days.max(), layer, column))
    if not found:
        return {"date": "", "from": "nothing"}
    newest = max(day for day, _, _ in found)
    _, layer, column = next(item for item in found if item[0] == newest)
    wanted = [column, "id", "source_file", "source_row"]
    table = store.read_columns(region.build / "layers" / f"{layer}.parquet", wanted)
    row = table[table[column].astype(str).str[:_DAY] == newest].iloc[0]
    number = row["source_row"]
    place: dict[str, Any] = {"id": str(row["id"]), "source_file": str(row["source_file"])}
    place["source_row"] = None if number is None or number != number else int(number)
    return {"date": newest, "from": "inputs", "layer": layer, "column": column, **place}
