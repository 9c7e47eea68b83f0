"""A table or view -> rows as stored, in an order that is the same every time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .address import Address, transaction
from .catalogue import DatabaseColumn, DatabaseTable, named_table, system_of

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa
    from numpy.typing import NDArray

_BATCH = 20_000  # rows fetched at a time: tens of megabytes however large the table
_SPATIAL = ("geometry", "geography")
_UNREADABLE = ("bytea", "raster", "topogeometry", "pointcloud")
_DTYPES: dict[str, Any] = {"int2": "Int64", "int4": "Int64", "int8": "Int64", "float4": "float64", "float8": "float64",
           "bool": "boolean"}  # fmt: skip
_AS_THEY_ARE = (*_DTYPES, "text", "varchar")


@dataclass(frozen=True)
class Rows:
    """
    What a table held.

    ``frame`` has N rows: numbers and yes/no in nullable dtypes, all else as text, lists joined by
    "；". ``numbers`` (N,) are the values of an integer primary key, else 1 to N in the order of
    ``order``. ``geometry`` (N,) is in ``crs`` (None: not stated); rows whose shape cannot be read
    are in ``broken``, those without a system beside others that have one in ``unstated`` (positions).
    ``reprojected`` counts shapes stored in another system than most, ``skipped`` names columns left.
    """

    frame: pd.DataFrame
    numbers: NDArray[Any]
    order: tuple[str, ...]
    geometry: NDArray[Any] | None
    crs: str | None
    broken: tuple[int, ...] = ()
    unstated: tuple[int, ...] = ()
    reprojected: int = 0
    skipped: tuple[str, ...] = ()


def read_rows(address: Address) -> Rows:
    """
    All rows of the table or view ``address`` names, fetched in batches.

    Raises
    ------
    InputError
        If no table is named or there is none so called, if it has several geometry columns and none
        is named, if a system is not known, or for whatever the server says.
    """
    if not address.table:
        raise InputError(f'{address.shown}: which table? name the table: source = "{address.shown}#schema.table".')
    with transaction(address, f"the table {address.label!r} cannot be read", reading=True) as connection:
        table = named_table(connection, address)
        spatial = _geometry_column(table, address)
        plain = [c for c in table.columns if c.kind not in (*_SPATIAL, *_UNREADABLE)]
        skipped = tuple(c.name for c in table.columns if c not in plain and c.name != spatial)
        frame, wkb = _fetch(connection, table, plain, spatial)
        none: tuple[int, ...] = ()
        geometry, broken = _shapes(wkb) if spatial else (None, none)
        crs, unstated, reprojected = None, none, 0
        if geometry is not None:
            geometry, crs, unstated, reprojected = _one_system(connection, geometry, address)
    order = table.key or tuple(c.name for c in plain)
    return Rows(frame, _numbers(frame, table), order, geometry, crs, broken, unstated, reprojected, skipped)


def _geometry_column(table: DatabaseTable, address: Address) -> str | None:
    spatial = [c.name for c in table.columns if c.kind in _SPATIAL]
    if address.column is not None:
        if address.column not in spatial:
            raise InputError(
                f"{address.shown}: table {address.label!r} has no geometry column {address.column!r}. "
                f"It has: {', '.join(spatial) or 'none'}."
            )
        return address.column
    if len(spatial) > 1:
        raise InputError(
            f"{address.shown}: table {address.label!r} has several geometry columns ({', '.join(spatial)}). "
            f"Name one: #{table.schema}.{table.name}.{spatial[0]}"
        )
    return spatial[0] if spatial else None


def _fetch(
    connection: sa.Connection, table: DatabaseTable, plain: list[DatabaseColumn], spatial: str | None
) -> tuple[pd.DataFrame, list[Any]]:
    import numpy as np
    import pandas as pd
    import sqlalchemy as sa

    shape = [_shape(spatial)] if spatial else []
    values = [*(_value(c) for c in plain), *shape]
    by_key = {c.name: c for c in plain}
    order = [_sorted(by_key[k]) for k in table.key if k in by_key] or [*map(_sorted, plain), *shape]
    query = sa.select(*(v.label(f"c{i}") for i, v in enumerate(values))).order_by(*order)
    query = query.select_from(sa.table(table.name, schema=table.schema))
    parts: list[list[Any]] = [[] for _ in values]
    batches: Iterable[Any] = connection.execution_options(stream_results=True, yield_per=_BATCH).execute(query)
    for batch in batches.partitions(_BATCH):  # type: ignore[attr-defined]
        for part, column in zip(parts, zip(*batch, strict=True), strict=True):
            part.append(np.fromiter(column, object, len(batch)))
    columns = [np.concatenate(part) if part else np.empty(0, object) for part in parts]
    frame = pd.DataFrame({i: _typed(v, c) for i, (v, c) in enumerate(zip(columns, plain, strict=False))})
    frame.columns = pd.Index([c.name for c in plain], dtype=object)
    return frame, list(columns[-1]) if spatial else []


def _shape(column: str) -> Any:
    """Extended WKB of a geometry or geography; arcs as chains of straight pieces."""
    import sqlalchemy as sa

    shape = sa.func.geometry(sa.column(column))
    return sa.func.ST_AsEWKB(sa.case((sa.func.ST_HasArc(shape), sa.func.ST_CurveToLine(shape)), else_=shape))


def _value(column: DatabaseColumn) -> Any:
    """How a column is asked for: few types as they are, lists joined, the rest as the database writes it."""
    import sqlalchemy as sa

    value: Any = sa.column(column.name)
    if column.kind in _AS_THEY_ARE:
        return value
    return sa.func.array_to_string(value, "；", "") if column.category == "A" else sa.cast(value, sa.Text)


def _sorted(column: DatabaseColumn) -> Any:
    """Numbers, dates and yes/no in their order; text by its bytes, as a server's own order depends on its language."""
    import sqlalchemy as sa

    value: Any = sa.column(column.name)
    return value if column.category in "NDB" else sa.collate(sa.cast(value, sa.Text), "C")


def _typed(values: NDArray[Any], column: DatabaseColumn) -> Any:
    import pandas as pd

    if column.kind in _DTYPES:
        return pd.Series(pd.array(values, dtype=_DTYPES[column.kind]))
    if column.kind == "numeric":  # 120.3500 of numeric(10, 4) says no more than 120.35, and an id stays whole
        values = pd.Series(values, dtype=object).map(_shortest).to_numpy(object)
    return pd.Series(values, dtype=object)


def _shortest(number: str | None) -> str | None:
    if number is None or number == "NaN":
        return None
    return number.rstrip("0").rstrip(".") if "." in number else number


def _shapes(wkb: list[Any]) -> tuple[NDArray[Any], tuple[int, ...]]:
    """(N,) shapes, None where there is none; positions of those of a kind that cannot be read."""
    import numpy as np
    import shapely

    data = np.fromiter((None if w is None else bytes(w) for w in wkb), object, len(wkb))
    shapes = np.asarray(shapely.from_wkb(data, on_invalid="ignore"), object)
    broken = [i for i, w in enumerate(data) if w is not None and shapes[i] is None]
    return shapes, tuple(broken)


def _one_system(
    connection: sa.Connection, shapes: NDArray[Any], address: Address
) -> tuple[NDArray[Any], str | None, tuple[int, ...], int]:
    """Shapes in the system most have, its name, positions of those that state none, count of those transformed."""
    import geopandas as gpd
    import numpy as np
    import shapely

    there = ~shapely.is_missing(shapes)
    srids = np.where(there, shapely.get_srid(shapes), 0)
    stated, counts = np.unique(srids[there & (srids > 0)], return_counts=True)
    if not len(stated):
        return shapes, None, (), 0
    systems = {int(s): system_of(connection, int(s)) for s in stated}
    unknown = [s for s, name in systems.items() if name is None]
    if unknown:
        raise InputError(
            f"{address.shown}: table {address.label!r}: its coordinate system {unknown[0]} is not in spatial_ref_sys. "
            "Ask for its definition, or have the column's SRID mended with UpdateGeometrySRID."
        )
    main = int(stated[np.argmax(counts)])
    out = np.asarray(shapely.set_srid(shapes, 0), object)
    for srid in stated[stated != main]:
        at = srids == srid
        out[at] = gpd.GeoSeries(out[at], crs=systems[int(srid)]).to_crs(systems[main]).to_numpy()
    others = int(counts.sum() - counts.max())
    return out, systems[main], tuple(np.flatnonzero(there & (srids == 0)).tolist()), others


def _numbers(frame: pd.DataFrame, table: DatabaseTable) -> NDArray[Any]:
    import numpy as np

    if len(table.key) == 1 and frame[table.key[0]].dtype == "Int64":
        return frame[table.key[0]].to_numpy(np.int64)
    return np.arange(1, len(frame) + 1)
