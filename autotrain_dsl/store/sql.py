"""SQL databases: where a table is, transactions on it, whole tables as frames, and failures in plain words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import sqlalchemy as sa

from autotrain_dsl.store.base import ConflictError, StoreError
from autotrain_dsl.store.sql_tables import LONGEST_NAME, Tables

PATIENCE = 60.0

_FORMS = "sqlite:///FILE#TABLE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE#TABLE"
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_LONGEST_SUFFIX = len("_generations")
_CONNECTING = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "fallback_application_name": "autotrain-dsl",
}


class NoFileError(StoreError):
    """There is no SQLite file yet, in a folder that is there."""


def read_table(uri: str, patience: float = PATIENCE) -> pd.DataFrame | None:
    """All rows of the table at a URI, or None where the database has no such table.

    Every column has the dtype object and holds what the driver gives (whole numbers stay whole, NULL is None).
    Raises StoreError for any other failure, also where there is no SQLite file: reading never makes one.
    """
    with reading(locate(uri, patience)) as tables:
        return tables.frame() if tables.has() else None


@dataclass(frozen=True, slots=True)
class Place:
    """A table in a database; ``patience`` is how many seconds others may hold it before it counts as locked."""

    url: sa.URL = field(repr=False)
    schema: str | None
    table: str
    patience: float

    @property
    def shown(self) -> str:
        """The URI as a person may see it: without the password and without options."""
        name = self.table if self.schema is None else f"{self.schema}.{self.table}"
        return f"{self.url.set(query={}).render_as_string(hide_password=True)}#{name}"

    @property
    def is_file(self) -> bool:
        """Whether the database is an SQLite file."""
        return self.url.drivername == "sqlite"

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(self.url.database or "")

    def scrubbed(self, text: str) -> str:
        """A driver's message on one line, of bounded length, and without the password in any spelling."""
        text = " ".join(text.split())
        secrets = [str(self.url.password or ""), *(str(v) for k, v in self.url.query.items() if "pass" in k.lower())]
        for spelling in sorted({*secrets, *(quote(secret, safe="") for secret in secrets)} - {""}, key=len)[::-1]:
            text = text.replace(spelling, "***")
        return text[:400]


def locate(uri: str, patience: float = PATIENCE) -> Place:
    """The place that a URI names, an SQLAlchemy URL with ``#table`` or ``#schema.table`` behind it.

    Raises StoreError, as wrong use, where it names none. No message repeats more of it than the kind of database:
    where an address is malformed, any part of it may be the password.
    """
    address, _, name = uri.rpartition("#")
    scheme, colon, _ = address.partition("://")
    if not name or not address or not uri.isprintable() or set("@/") & set(name):
        raise _wrong("the address of a table in a database ends in `#TABLE` (in a password, a # is written %23)")
    if not colon or scheme not in _DRIVERS:
        kind = (
            f"`{scheme[:40]}` is no database that this program knows" if colon else "this is no address of a database"
        )
        raise _wrong(kind)
    try:
        url = sa.make_url(address).set(drivername=_DRIVERS[scheme])
    except (ValueError, sa.exc.ArgumentError):
        raise _wrong(f"the address behind `{scheme}://` is malformed (is the port a number?)") from None
    schema, dot, table = name.rpartition(".")
    fault = _file_fault(url, dot) if url.drivername == "sqlite" else _server_fault(url, name)
    if fault or not table or (dot and not schema):
        raise _wrong(fault or f"`{name}` is no name of a table")
    return Place(url, schema or None, table, patience)


def _wrong(fault: str) -> StoreError:
    return StoreError(f"{fault}; write {_FORMS}", wrong_use=True)


def _file_fault(url: sa.URL, dot: str) -> str:
    if url.host or url.username or url.password or url.port:
        return "the path of an SQLite file follows three slashes, of which the third may be its first"
    if not url.database or url.database == ":memory:" or not url.database.isprintable():
        return "an SQLite database needs the path of a file"
    if dot:
        return "tables of SQLite have no schema, and no dot in their name"
    if dict(url.query) not in ({}, {"mode": "ro"}):
        return "the only option of an SQLite file is `?mode=ro`"
    return ""


def _server_fault(url: sa.URL, name: str) -> str:
    if "@" in (url.host or ""):
        return "in a password, an @ is written %40"
    if name.count(".") > 1:
        return "the name of a table has one dot at most, between the schema and the table"
    longest = LONGEST_NAME - _LONGEST_SUFFIX
    if max(len(part.encode()) for part in name.split(".")) > longest:
        return f"the name of a table has {longest} bytes at most, so that the tables beside it have names as well"
    return ""


@contextmanager
def reading(place: Place) -> Iterator[Tables]:
    """A transaction that sees one state of the database and changes nothing.

    Raises NoFileError where there is no SQLite file, and StoreError for every other failure within.
    """
    with _failures(place, "read"), _engine(place, "rw").connect() as connection:
        if place.is_file:
            _begin(connection, place, "BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield Tables(connection, place.table, place.schema, place.shown)


@contextmanager
def writing(place: Place) -> Iterator[Tables]:
    """A transaction that no other ``writing`` on the same table overlaps; undone unless it is committed within.

    Makes the SQLite file where there is none. Raises ConflictError where somebody else was faster, StoreError for
    every other failure within.
    """
    with _failures(place, "write"), _engine(place, "rwc").connect() as connection:
        if place.is_file:
            _begin(connection, place, "BEGIN IMMEDIATE")
        else:
            # A lock on a name, not on a table: it serialises the first publish too, when there are no tables yet.
            limit = f"{max(1, int(place.patience * 1000))}ms"
            key = int.from_bytes(sha256(f"autotrain-dsl {place.table}".encode()).digest()[:8], "big", signed=True)
            connection.execute(sa.select(sa.func.set_config("lock_timeout", limit, sa.true())))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.literal(key, sa.BigInteger))))
        yield Tables(connection, place.table, place.schema, place.shown)


def _begin(connection: sa.Connection, place: Place, statement: str) -> None:
    """Begin on a file, with a first look at it.

    While another process undoes what a killed one has left beside the file, it cannot be opened for a moment.
    """
    for look in range(_LOOKS):
        try:
            connection.exec_driver_sql(statement)
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        except sa.exc.OperationalError as error:
            name = str(getattr(error.orig, "sqlite_errorname", ""))
            if look == _LOOKS - 1 or not name.startswith("SQLITE_CANTOPEN") or not place.file.is_file():
                raise
            with suppress(sa.exc.OperationalError):  # it may not have begun
                connection.exec_driver_sql("ROLLBACK")
            time.sleep(_LOOK_AGAIN)
        else:
            return


def _engine(place: Place, mode: str) -> sa.Engine:
    # No pool: a run has few transactions, and a connection that was kept may be dead in the next one.
    if place.is_file:
        opener = partial(_open_file, place, str(place.url.query.get("mode", mode)))
        return sa.create_engine("sqlite://", creator=opener, poolclass=sa.NullPool, pool_reset_on_return=None)
    options = {name: value for name, value in _CONNECTING.items() if name not in place.url.query}
    return sa.create_engine(place.url, connect_args=options, poolclass=sa.NullPool, pool_reset_on_return=None)


def _open_file(place: Place, mode: str) -> sqlite3.Connection:
    uri = f"{place.file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=place.patience, isolation_level=None)


@contextmanager
def _failures(place: Place, doing: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise in_words(place, doing, error) from error
    except ImportError as error:
        raise StoreError(f"`{place.shown}`: the driver is missing; install autotrain-dsl[sql]") from error
    except (sa.exc.SQLAlchemyError, OverflowError, UnicodeError) as error:
        raise StoreError(f"cannot {doing} `{place.shown}`: {place.scrubbed(str(error))}") from error


def in_words(place: Place, doing: str, error: sa.exc.DBAPIError) -> StoreError:
    """A driver's error as one that says what to do; a ConflictError where somebody else was faster."""
    driver = error.orig
    code = getattr(driver, "sqlite_errorname", None) or getattr(driver, "sqlstate", None) or ""
    said = place.scrubbed(str(driver))
    if code.startswith("SQLITE_CANTOPEN"):
        return _cannot_open(place, doing)
    hint = next((f"; {hint}" for sign, hint in _HINTS if sign in f"{code} {said}"), "")
    faster = doing == "write" and code.startswith(_FASTER)
    return (ConflictError if faster else StoreError)(f"cannot {doing} `{place.shown}`: {said}{hint}")


def _cannot_open(place: Place, doing: str) -> StoreError:
    file = place.file.resolve()
    try:
        file.stat()
    except FileNotFoundError:
        if file.parent.is_dir():
            return NoFileError(f"cannot {doing} `{place.shown}`: there is no file `{place.file}`")
        reason = f"there is no folder `{file.parent}`"
    except OSError as error:
        reason = str(error.strerror or error)
    else:
        reason = "it is a folder" if file.is_dir() else "the file cannot be opened, or no file can be made beside it"
    return StoreError(f"cannot {doing} `{place.shown}`: {reason}")


_LOOKS, _LOOK_AGAIN = 60, 0.05  # s
_FASTER = (
    "23505", "40001", "40P01", "42P07",
    "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID",
)  # fmt: skip
_HINTS = (
    ("SQLITE_BUSY", "another program holds the file: close it there, or try again later"),
    ("SQLITE_LOCKED", "another program holds the file: close it there, or try again later"),
    ("SQLITE_READONLY", "the file may be read only: change its permissions, or those of its folder"),
    ("SQLITE_FULL", "the disk is full: make room"),
    ("SQLITE_IOERR", "the disk failed, or there is no room left on it"),
    ("SQLITE_NOTADB", "this is another kind of file: check the path"),
    ("SQLITE_CORRUPT", "the file is damaged: restore it from a backup"),
    ("42501", "ask whoever runs the server to GRANT this user what is missing"),
    ("55P03", "another program holds the table: end its transaction, or try again later"),
    ("53100", "the server's disk is full"),
    ("25006", "this server can only be read: use the address of the primary one"),
    ("password authentication failed", "check the user and the password in the address"),
    ("no password supplied", "the address has no password: write USER:PASSWORD@HOST"),
    ("connection failed", "check the host, the port, the database and the user, and whether the server runs"),
)
