"""Tables replaced whole: readers see the old rows or the new, and a kill leaves the old.

All tables of one call change in one transaction, one writer a schema at a time. A table
``geo_risk_contents`` in the same schema says which tables are ours, what they hold, and by which
transaction their rows were written, so that lost, added or changed rows are noticed.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import InputError
from .address import Address, check_name, transaction
from .catalogue import find_table
from .columns import Field, fields_of, rows_of

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

CONTENTS = "geo_risk_contents"
PATIENCE_S = 5  # another writer is mentioned after this
LOCK_WAIT_S = 600  # and waited for at most this long in all; a million rows take about one minute

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """What a table shall hold: ``load()`` gives it, ``sha256`` tells it from any other ("": always written)."""

    sha256: str
    load: Callable[[], pd.DataFrame]


def replace_tables(address: Address, contents: Mapping[str, Content], *, owner: str = "") -> list[str]:
    """
    Bring tables in the schema of ``address`` (else the database's own) up to date, all or none.

    Rows, grants and views of a table whose columns stay the same outlive the change. Tables that
    hold what they shall are left alone.

    Parameters
    ----------
    contents : what each table shall hold, by name.
    owner : whose the tables are, such as a region's name. Its other tables in the schema are
        dropped, and those of another owner refused. Without it none is dropped.

    Returns
    -------
    list of str
        The tables written or dropped.

    Raises
    ------
    InputError
        If a table of that name is not ours, a name or the CRS has no place in PostGIS, another
        writer does not end within `LOCK_WAIT_S`, or for whatever the server says.
    """
    for name in contents:
        check_name(name)
    names = ", ".join(contents) if len(contents) < 4 else f"{len(contents)} tables"
    with transaction(address, f"cannot write {names}") as connection:
        schema = address.schema or _own_schema(connection, address)
        _wait_for_turn(connection, schema, address)
        known = _known(connection, schema)
        changed = []
        for name in sorted(contents):
            if not _holds(connection, schema, name, contents[name], owner, known.get(name)):
                _check_ours(connection, schema, name, owner, known.get(name), address)
                _replace(connection, schema, name, contents[name], owner)
                changed.append(name)
        for name, row in sorted(known.items()):
            if owner and row.owner == owner and name not in contents:
                _drop(connection, schema, name)
                changed.append(name)
    return changed


def _own_schema(connection: sa.Connection, address: Address) -> str:
    import sqlalchemy as sa

    schema = connection.execute(sa.select(sa.func.current_schema())).scalar()
    if schema is None:
        raise InputError(f"{address.shown}: it has no schema of its own for tables. Name one: #schema.table")
    return schema


def _wait_for_turn(connection: sa.Connection, schema: str, address: Address) -> None:
    """Hold the lock of the schema until the transaction ends; a writer that was killed holds none."""
    import sqlalchemy as sa

    digest = hashlib.blake2b(f"geo_risk {schema}".encode(), digest_size=8).digest()
    key = int.from_bytes(digest, "big", signed=True)
    for seconds in (PATIENCE_S, LOCK_WAIT_S - PATIENCE_S):
        try:
            with connection.begin_nested():
                connection.execute(sa.select(sa.func.set_config("lock_timeout", f"{seconds}s", True)))
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(key, sa.BigInteger))))
            return
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "55P03":  # lock not available
                raise
        if seconds == PATIENCE_S:
            _log.warning("%s: another run or export is writing to schema %s; waiting for it to end, %d min at most",
                         address.shown, schema, LOCK_WAIT_S // 60)  # fmt: skip
    raise InputError(
        f"{address.shown}: another run or export has been writing to schema {schema!r} for {LOCK_WAIT_S // 60} min. "
        "Wait for it to end, or end its connection (pg_stat_activity, application_name geo_risk), and try again."
    )


def _contents(schema: str) -> sa.Table:
    import sqlalchemy as sa

    return sa.Table(
        CONTENTS,
        sa.MetaData(),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False, comment="region whose run wrote it; empty: an export"),
        sa.Column("sha256", sa.Text, nullable=False, comment="hash of the file it was written from"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("columns", sa.Text, nullable=False, comment="names and types"),
        sa.Column("writer", sa.Text, nullable=False, comment="transaction that wrote every row"),
        sa.Column("version", sa.Text, nullable=False, comment="geo_risk that wrote it"),
        schema=schema,
    )


def _known(connection: sa.Connection, schema: str) -> dict[str, Any]:
    """What was written into the schema, by table; makes schema and record where they are missing."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_schema(schema):
        connection.execute(sa.schema.CreateSchema(check_name(schema)))
    table = _contents(schema)
    table.create(connection, checkfirst=True)
    return {row.name: row for row in connection.execute(sa.select(table))}


def _holds(connection: sa.Connection, schema: str, name: str, content: Content, owner: str, row: Any) -> bool:
    """Whether the table still is what the record says, and that is what it shall hold."""
    import sqlalchemy as sa

    shall = (content.sha256, owner, __version__)
    if row is None or not content.sha256 or (row.sha256, row.owner, row.version) != shall:
        return False
    if _columns_there(connection, schema, name) != row.columns:
        return False
    # PostgreSQL marks each row with the transaction that wrote it: a row changed or added later has another.
    ours = sa.func.count().filter(sa.cast(sa.literal_column("xmin"), sa.Text) == row.writer)
    counts = connection.execute(sa.select(sa.func.count(), ours).select_from(sa.table(name, schema=schema))).one()
    return tuple(counts) == (row.rows, row.rows)


def _check_ours(connection: sa.Connection, schema: str, name: str, owner: str, row: Any, address: Address) -> None:
    if row is not None and row.owner and owner and row.owner != owner:
        raise InputError(
            f"{address.shown}: table {schema}.{name} belongs to the region {row.owner!r}. Give this region a schema "
            "of its own (schema under [store] in region.toml), or drop those tables if that region is no more."
        )
    if name == CONTENTS or (row is None and find_table(connection, schema, name) is not None):
        raise InputError(
            f"{address.shown}: table {schema}.{name} is there already and was not written by geo_risk; it is left "
            "alone. Name another table or schema, or drop it first."
        )


def _replace(connection: sa.Connection, schema: str, name: str, content: Content, owner: str) -> None:
    import sqlalchemy as sa

    frame = content.load()
    fields = fields_of(connection, frame, name)
    key = ["id"] if "id" in frame and frame["id"].notna().all() and frame["id"].is_unique else []
    columns = [sa.Column(f.name, f.type, primary_key=f.name in key, autoincrement=False) for f in fields]
    table = sa.Table(name, sa.MetaData(), *columns, schema=schema)
    wanted = _spelled([(f.name, f.declared) for f in fields], key)
    there = _columns_there(connection, schema, name)
    if there == wanted:
        connection.execute(sa.delete(table))
        _copy(connection, table, frame, fields)
    else:
        table.drop(connection, checkfirst=True)
        table.create(connection)
        _copy(connection, table, frame, fields)
        _index(connection, table, fields, key)
    record = _contents(schema)
    connection.execute(sa.delete(record).where(record.c.name == name))
    row = dict(name=name, owner=owner, sha256=content.sha256, rows=len(frame), columns=wanted, version=__version__)
    connection.execute(sa.insert(record).values(**row, writer=_transaction_id(connection)))


def _drop(connection: sa.Connection, schema: str, name: str) -> None:
    import sqlalchemy as sa

    sa.Table(name, sa.MetaData(), schema=schema).drop(connection, checkfirst=True)
    record = _contents(schema)
    connection.execute(sa.delete(record).where(record.c.name == name))


def _transaction_id(connection: sa.Connection) -> str:
    """This transaction as the rows' xmin tells it: 32 bits."""
    import sqlalchemy as sa

    return str(connection.execute(sa.select(sa.func.txid_current())).scalar_one() % 2**32)


def _columns_there(connection: sa.Connection, schema: str, name: str) -> str:
    found = find_table(connection, schema, name)
    return _spelled([(c.name, c.declared) for c in found.columns], list(found.key)) if found else ""


def _spelled(columns: list[tuple[str, str]], key: list[str]) -> str:
    """Columns and key as one text, to be compared."""
    return json.dumps([*([n, t.lower()] for n, t in columns), key], ensure_ascii=False)


def _copy(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame, fields: list[Field]) -> None:
    """Stream the rows; COPY is several times as fast as INSERT."""
    from psycopg import sql

    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(str(table.schema), table.name), sql.SQL(", ").join(sql.Identifier(f.name) for f in fields)
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows_of(frame, fields, table.name):
            copy.write_row(row)


def _index(connection: sa.Connection, table: sa.Table, fields: list[Field], key: list[str]) -> None:
    """A spatial index, an index on a repeated id, and the statistics a planner needs to use them."""
    import sqlalchemy as sa
    from psycopg import sql

    for field in fields:
        spatial = field.declared.startswith("geometry")
        if spatial or (field.name == "id" and not key):
            # Indexes are named by their schema, in 63 bytes: table and column may fill those alone.
            told = hashlib.blake2b(f"{table.name}\0{field.name}".encode(), digest_size=8).hexdigest()
            using = "gist" if spatial else "btree"
            sa.Index(f"geo_risk_{told}", table.c[field.name], postgresql_using=using).create(connection)
    driver: Any = connection.connection.driver_connection
    driver.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(str(table.schema), table.name)))
