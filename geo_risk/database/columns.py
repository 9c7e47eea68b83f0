"""Columns of a table as PostgreSQL types, and its values as COPY takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .address import check_name
from .catalogue import has_postgis, system_of

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa
    from sqlalchemy.sql.type_api import TypeEngine

_BATCH = 10_000  # rows turned into text at a time, so that a large table is not held twice


@dataclass(frozen=True)
class Field:
    """A column to be: ``declared`` is its type as PostgreSQL spells it."""

    name: str
    type: TypeEngine
    declared: str


def fields_of(connection: sa.Connection, frame: pd.DataFrame, name: str) -> list[Field]:
    """The columns ``frame`` needs; InputError for names, shapes or a CRS that have no place in PostGIS."""
    import pandas as pd
    import sqlalchemy as sa

    dtypes = pd.api.types
    out = []
    for column, dtype in frame.dtypes.items():
        check_name(str(column))
        if str(dtype) == "geometry":
            out.append(_geometry_field(connection, frame, str(column), name))
        elif dtypes.is_bool_dtype(dtype):
            out.append(Field(str(column), sa.Boolean(), "boolean"))
        elif dtypes.is_integer_dtype(dtype):
            out.append(Field(str(column), sa.BigInteger(), "bigint"))
        elif dtypes.is_float_dtype(dtype):
            out.append(Field(str(column), sa.Double(), "double precision"))
        else:
            out.append(Field(str(column), sa.Text(), "text"))
    return out


def _geometry_field(connection: sa.Connection, frame: pd.DataFrame, column: str, name: str) -> Field:
    import shapely
    from geoalchemy2 import Geometry

    if not has_postgis(connection):
        raise InputError(
            f"cannot write {name}: the database has no PostGIS. "
            "Its administrator adds it with: CREATE EXTENSION postgis"
        )
    crs = frame[column].crs
    srid = crs.to_epsg(min_confidence=100) if crs is not None else None
    if srid is None:
        raise InputError(
            f"cannot write {name}: its coordinate system {crs.name if crs else 'is not stated and'} has no EPSG code, "
            'by which PostGIS knows systems. Write crs = "EPSG:4549", or the like, under [region].'
        )
    if system_of(connection, srid) is None:
        raise InputError(
            f"cannot write {name}: the database does not know EPSG:{srid}. "
            "Update it: SELECT PostGIS_Extensions_Upgrade()"
        )
    shapes = frame[column].dropna().to_numpy()
    kinds = set(frame[column].dropna().geom_type)
    kind = kinds.pop() if len(kinds) == 1 else "Geometry"
    kind = "Geometry" if kind == "LinearRing" else kind
    high = shapely.has_z(shapes)
    if high.any() and not high.all():
        raise InputError(f"cannot write {name}: some of its shapes have heights and some have none. Drop the heights.")
    kind += "Z" if high.any() else ""
    return Field(column, Geometry(kind.upper(), srid, spatial_index=False), f"geometry({kind},{srid})")


def rows_of(frame: pd.DataFrame, fields: list[Field], name: str) -> Iterator[tuple[Any, ...]]:
    """Rows for COPY; missing values are None. InputError for a text with NUL in it."""
    for start in range(0, len(frame), _BATCH):
        part = frame.iloc[start : start + _BATCH]
        yield from zip(*(_cells(part[f.name], f, name, start) for f in fields), strict=True)


def _cells(values: pd.Series, field: Field, name: str, start: int) -> list[Any]:
    import shapely

    if field.declared.startswith("geometry"):
        srid = int(field.declared.rpartition(",")[2][:-1])
        # Extended WKB in hexadecimal is how PostGIS takes a geometry as text, every bit of it.
        return list(shapely.to_wkb(shapely.set_srid(values.to_numpy(), srid), hex=True, include_srid=True))
    cells = values.astype(object).where(values.notna(), None).tolist()
    if field.declared != "text":
        return cells
    for i, cell in enumerate(cells):
        if cell is not None and not isinstance(cell, str):
            cells[i] = cell = json.dumps(cell, ensure_ascii=False, default=str)
        if cell is not None and "\0" in cell:
            raise InputError(
                f"cannot write {name}: row {start + i + 1}, column {field.name!r}, value {cell[:50]!r}: PostgreSQL has "
                "no place for the character NUL in text. Remove it."
            )
    return cells
