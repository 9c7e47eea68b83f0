"""What a database says of its tables: columns with types, primary key, coordinate systems."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError
from .address import Address

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True)
class DatabaseColumn:
    """``kind`` is the type's own name (int4, geometry), ``category`` its group (N number, S text, A array)."""

    name: str
    kind: str
    category: str
    declared: str


@dataclass(frozen=True)
class DatabaseTable:
    """A table or view as it stands."""

    schema: str
    name: str
    columns: tuple[DatabaseColumn, ...]
    key: tuple[str, ...]


def find_table(connection: sa.Connection, schema: str | None, name: str) -> DatabaseTable | None:
    """The table or view; without ``schema`` the one a plain name means. None if there is none."""
    import sqlalchemy as sa

    query = sa.text(
        "SELECT c.oid, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relname = :name AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND (n.nspname = :schema "
        "OR (CAST(:schema AS text) IS NULL AND pg_catalog.pg_table_is_visible(c.oid)))"
    )
    row = connection.execute(query, {"name": name, "schema": schema}).first()
    if row is None:
        return None
    # The type behind a domain (a named restriction of a type) decides how its values are read.
    columns = sa.text(
        "SELECT a.attname, coalesce(b.typname, t.typname), coalesce(b.typcategory, t.typcategory), "
        "pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a "
        "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype "
        "WHERE a.attrelid = :oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
    key = sa.text(
        "SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid "
        "AND a.attnum = ANY(i.indkey) WHERE i.indrelid = :oid AND i.indisprimary "
        "ORDER BY array_position(CAST(i.indkey AS int2[]), a.attnum)"
    )
    return DatabaseTable(
        row.nspname,
        name,
        tuple(DatabaseColumn(*c) for c in connection.execute(columns, {"oid": row.oid})),
        tuple(connection.execute(key, {"oid": row.oid}).scalars()),
    )


def named_table(connection: sa.Connection, address: Address) -> DatabaseTable:
    """The table an address names; InputError with the nearest names if there is none."""
    import sqlalchemy as sa

    assert address.table is not None
    found = find_table(connection, address.schema, address.table)
    if found is not None:
        return found
    every = connection.execute(
        sa.text(
            "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname <> 'pg_catalog' "
            "AND n.nspname <> 'information_schema' ORDER BY 1"
        )
    )
    names = list(every.scalars())
    wanted = address.label if address.schema else f"public.{address.table}"
    near = difflib.get_close_matches(wanted, names, 3, 0.5) or names[:10]
    said = f"Near to it: {', '.join(near)}." if near else "It has no tables."
    raise InputError(f"{address.shown}: the database has no table {address.label!r}. {said}")


def system_of(connection: sa.Connection, srid: int) -> str | None:
    """The coordinate system behind a number of this database, as "EPSG:4549" or WKT; None if it has no entry."""
    import sqlalchemy as sa

    query = sa.text("SELECT auth_name, auth_srid, srtext FROM spatial_ref_sys WHERE srid = :srid")
    row = connection.execute(query, {"srid": srid}).first()
    if row is None:
        return None
    return f"{row.auth_name}:{row.auth_srid}" if row.auth_name in ("EPSG", "ESRI") else row.srtext


def has_postgis(connection: sa.Connection) -> bool:
    """Whether the database has the extension."""
    import sqlalchemy as sa

    found = connection.execute(sa.text("SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = 'postgis'"))
    return bool(found.scalar())
