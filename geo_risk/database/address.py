"""Addresses of tables, and transactions whose errors name the next step and never a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import sqlalchemy as sa

_SCHEME = re.compile(r"(postgresql|postgres|postgis)(\+\w+)?://")
_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')
NAME_BYTES = 63  # PostgreSQL cuts longer names in silence (NAMEDATALEN - 1)
_CONNECT_S = 10  # a server that has not answered by then is taken as absent

# What the driver takes beside the server's own parameters: ours to set, or transactions would not be whole.
_DRIVER_KEYS = ("autocommit", "context", "cursor_factory", "prepare_threshold", "row_factory")

# What to do about it, by the server's error code (SQLSTATE) or its first two characters (class).
_NEXT_STEP = {
    "28": "Check the user, and the password in PGPASSWORD or the password file.",
    "3D": "Check the name of the database.",
    "42501": "Ask the owner of the database for the right.",
    "55P03": "Someone else holds the table. Try again when they are done.",
    "2BP01": "Its columns changed and other objects, such as views, need the old ones. Drop those first.",
    "53": "The server is out of room. Ask its administrator.",
    "22": "The database cannot hold this value. Mend the value, or use a database with the encoding UTF8.",
    "23": "The table in the database has rules of its own. Name another table.",
}
_UNREACHABLE = "Check address, user and password (PGPASSWORD or the password file), and that the server runs."


@dataclass(frozen=True)
class Address:
    """A database and, where named, a table in it and its geometry column."""

    url: sa.URL
    schema: str | None = None
    table: str | None = None
    column: str | None = None

    @property
    def shown(self) -> str:
        """The database as messages name it: *** for the password."""
        told = self.url.set(drivername="postgresql").difference_update_query(["sslpassword"])
        return told.render_as_string(hide_password=True)

    @property
    def label(self) -> str:
        """The table as messages name it."""
        return ".".join(part for part in (self.schema, self.table) if part)


def is_address(text: str) -> bool:
    """Whether ``text`` is the address of a PostgreSQL database, and not a file."""
    return bool(_SCHEME.match(text))


def parse(text: str) -> Address:
    """
    Address from ``postgresql://user@host/database#[schema.]table`` or ``…#schema.table.column``.

    ``postgis://`` and ``postgresql+psycopg://`` are the same. A name with a dot or a quote in it is
    written in double quotes, as in SQL. Whatever is left out (host, user, password) comes from the
    service file, the password file or PGHOST, PGUSER, PGPASSWORD and so on.

    Raises
    ------
    InputError
        If it cannot be read; the message does not repeat it, as it may hold a password.
    """
    import sqlalchemy as sa

    address, _, fragment = text.partition("#")
    how = "Write postgresql://user@host/database#schema.table"
    if "@" in fragment and '"' not in fragment:
        raise InputError(f"the address of the database cannot be read: in a password # is written %23. {how}.")
    try:
        url = sa.engine.make_url(_SCHEME.sub("postgresql+psycopg://", address, count=1))
    except (sa.exc.ArgumentError, ValueError):
        raise InputError(
            f"the address of the database cannot be read. {how}; in a password @ : / # % are written "
            "%40 %3A %2F %23 %25."
        ) from None
    if "password" in url.query:
        url = url.set(password=str(url.query["password"])).difference_update_query(["password"])
    found = Address(url.difference_update_query(_DRIVER_KEYS))
    if not fragment:
        return found
    names = _names(fragment)
    if not 1 <= len(names) <= 3:
        raise InputError(f"{found.shown}#{fragment}: not the name of a table. {how}.")
    for name in names:
        check_name(name)
    if len(names) == 1:
        return replace(found, table=names[0])
    return replace(found, schema=names[0], table=names[1], column=names[2] if len(names) == 3 else None)


def _names(fragment: str) -> list[str]:
    """The parts of a dotted name; none if it is not one."""
    names, at = [], 0
    while match := _PART.match(fragment, at):
        names.append(match[1].replace('""', '"') if match[1] else match[2])
        at = match.end()
        if at == len(fragment):
            return names
        if fragment[at] != ".":
            return []
        at += 1
    return []


def check_name(name: str) -> str:
    """``name`` if PostgreSQL can hold it whole; InputError if not."""
    size = len(name.encode("utf-8", "replace"))
    if size > NAME_BYTES or "\0" in name or not name:
        raise InputError(
            f"{name!r}: no name for a schema, table or column: it has {size} bytes in UTF-8 and PostgreSQL takes "
            f"1 to {NAME_BYTES} (a Chinese character is 3). Choose a shorter one."
        )
    return name


@contextmanager
def transaction(address: Address, doing: str, *, reading: bool = False) -> Iterator[sa.Connection]:
    """
    A connection in one transaction, undone as a whole if the block fails.

    PostGIS is on the search path wherever it is installed. ``doing`` begins the messages, such as
    "cannot write roads". With ``reading`` the transaction sees one state and can change nothing.

    Raises
    ------
    InputError
        For whatever the server or the driver says, with the next step and without the password.
    """
    import sqlalchemy as sa

    try:
        import psycopg
    except ImportError:
        raise InputError('PostGIS needs the driver psycopg. Install it: pip install "geo_risk[postgis]".') from None
    # Prepared statements are off: a pooler between us and the server may not keep them.
    given = {"connect_timeout": str(_CONNECT_S), "application_name": "geo_risk"}
    own: dict[str, Any] = {"client_encoding": "utf8", "prepare_threshold": None} | {
        k: v for k, v in given.items() if k not in address.url.query
    }
    engine = sa.create_engine(address.url, poolclass=sa.pool.NullPool, connect_args=own, use_native_hstore=False)
    if reading:
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    try:
        with engine.begin() as connection:
            _prepare(connection)
            yield connection
    except (sa.exc.SQLAlchemyError, psycopg.Error, UnicodeError) as error:
        raise InputError(f"{address.shown}: {doing}: {_told(error, address)}") from None
    finally:
        engine.dispose()


def _prepare(connection: sa.Connection) -> None:
    """Dates as ISO text, and PostGIS found in whatever schema it was installed."""
    import sqlalchemy as sa

    connection.execute(sa.text("SELECT pg_catalog.set_config('datestyle', 'ISO, YMD', true)"))
    connection.execute(
        sa.text(
            "SELECT pg_catalog.set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), "
            "quote_ident(n.nspname)), true) FROM pg_catalog.pg_extension e "
            "JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'"
        )
    )


def _told(error: Any, address: Address) -> str:
    """What went wrong, in one line, and the next step."""
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or ""
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    said = "; ".join(lines[:2]) or type(cause).__name__
    if address.url.password:
        said = said.replace(str(address.url.password), "***")
    connecting = not state or state[:2] in ("08", "57")
    step = _NEXT_STEP.get(state) or _NEXT_STEP.get(state[:2]) or (_UNREACHABLE if connecting else "")
    return f"{said.rstrip('.')}. {step}".strip()
