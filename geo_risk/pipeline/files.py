"""Where the steps' files lie, and small helpers every group of steps shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import store
from ..region import Region

SHARED_CODE = ("schema.py", "columns.py", "grid.py", "crs.py", "store.py", "pipeline/files.py")


def tables(region: Region, *names: str) -> tuple[Path, ...]:
    """Files of result tables."""
    return tuple(region.build / "tables" / f"{name}.parquet" for name in names)


def surfaces(region: Region, *names: str) -> tuple[Path, ...]:
    """Files of surfaces."""
    return tuple(region.build / "surfaces" / f"{name}.tif" for name in names)


def layer_files(region: Region, *names: str) -> tuple[Path, ...]:
    """Files of those of the layers ``names`` that the region has (rasters are surfaces)."""
    return tuple(region.build / "layers" / f"{name}.parquet" for name in names if name in region.vector_layers)


def write_tables(region: Region, **tables: Any) -> None:
    """Write result tables by name."""
    for name, table in tables.items():
        store.write_table(region.build / "tables" / f"{name}.parquet", table)
