# SPDX-License-Identifier: MIT
"""The application's own connection as the library's driver: sqlite3, psycopg, psycopg2, SQLAlchemy.

SQL goes through the connection's own library, so no second SQLite or libpq meets the database. While a call runs the connection is in
autocommit mode, because the library begins and ends transactions by itself; it is left as it was found.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

Value = Optional[bytes]
INTERRUPTED = 9  # SQLite's code for it; PostgreSQL's is 57014, which the library knows of every driver


class Answer(NamedTuple):
    columns: int
    rows: Iterable[Sequence[Value]]
    names: Sequence[str] = ()  # of all columns; none: not known


class Failure(NamedTuple):
    """What the database said."""

    message: str
    sqlstate: Optional[str] = None
    driver_code: int = 0
    position: int = 0


class Driver:
    """A connection of some library. Subclasses say how that library does it."""

    engine = ""

    def __init__(self, connection: Any, release: Optional[Callable[[], None]] = None) -> None:
        self.connection = connection
        self._release = release
        self.began: Optional[float] = None  # since when a statement runs, by time.monotonic()
        self.naming = False  # a migration in Python asks: names of columns are worth what they cost

    def run(self, sql: str, rows: bool = True) -> Answer:
        """rows: they are wanted, if there are some."""
        raise NotImplementedError

    def run_watched(self, sql: str, rows: bool) -> Answer:
        self.began = time.monotonic()
        try:
            return self.run(sql, rows)
        finally:
            self.began = None

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def failure(self, error: BaseException) -> Failure:
        return Failure(str(error) or type(error).__name__)

    def in_transaction(self) -> bool:
        raise NotImplementedError

    def interrupt(self) -> None:
        """Ends the statement that runs; from another thread."""

    def enter(self) -> None:
        """Before a call: the connection must not begin transactions by itself."""

    def leave(self) -> None:
        """Behind it: as it was found."""

    def close(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()


class SqliteDriver(Driver):
    engine = "sqlite"
    _saved: Optional[Tuple[Any, ...]] = None
    _whole = True  # the application has no transaction open

    def run(self, sql: str, rows: bool = True) -> Answer:
        cursor = self.connection.cursor()
        try:
            cursor.row_factory = None
            cursor.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return Answer(len(names), [[self._value(value) for value in row] for row in cursor.fetchall()] if names else [], names)
        finally:
            cursor.close()

    @staticmethod
    def _value(value: Any) -> Value:
        if value is None or isinstance(value, bytes):
            return value
        return (repr(value) if isinstance(value, float) else str(value)).encode("utf-8", "surrogatepass")

    def failure(self, error: BaseException) -> Failure:
        code = getattr(error, "sqlite_errorcode", 0)  # Python 3.11
        if not code:
            text = str(error)
            code = INTERRUPTED if text == "interrupted" else 5 if "is locked" in text else 19 if isinstance(error, sqlite3.IntegrityError) else 1
        return Failure(str(error), "57014" if code == INTERRUPTED else None, code)

    def in_transaction(self) -> bool:
        return bool(self.connection.in_transaction)

    def interrupt(self) -> None:
        if self._whole:  # else SQLite may take back the application's own work with the statement: the cancel is heard behind it
            self.connection.interrupt()

    def enter(self) -> None:
        self._whole = not self.connection.in_transaction
        self._saved = (self.connection.text_factory, self.connection.isolation_level)
        self.connection.text_factory = bytes
        if not self.connection.in_transaction:  # setting it would commit, and within a transaction nothing is begun
            self.connection.isolation_level = None

    def leave(self) -> None:
        saved, self._saved = self._saved, None
        if saved is None:
            return
        self.connection.text_factory = saved[0]
        if self.connection.isolation_level != saved[1]:
            self.connection.isolation_level = saved[1]


def psycopg_failure(connection: Any, error: BaseException) -> Failure:
    diagnosis = getattr(error, "diag", None)
    sqlstate = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    position = getattr(diagnosis, "statement_position", None)
    message = getattr(diagnosis, "message_primary", None) or str(error).strip() or type(error).__name__
    if sqlstate is None and connection.closed:
        sqlstate = "08006"
    return Failure(message, sqlstate, 0, int(position) if position else 0)


def psycopg_in_transaction(connection: Any) -> bool:
    return int(connection.pgconn.transaction_status) != 0


def psycopg_answer(result: Any) -> Answer:
    if result is None or not result.nfields:
        return Answer(0, [])
    columns = range(result.nfields)
    values = [[result.get_value(row, column) for column in columns] for row in range(result.ntuples)]
    return Answer(result.nfields, values, [result.fname(column).decode("utf-8", "replace") for column in columns])


class PostgresqlDriver(Driver):
    """What psycopg and psycopg2 have in common."""

    engine = "postgresql"
    _autocommit: Optional[bool] = None

    def failure(self, error: BaseException) -> Failure:
        return psycopg_failure(self.connection, error)

    def interrupt(self) -> None:
        self.connection.cancel()

    def enter(self) -> None:
        self._autocommit = self.connection.autocommit
        if not self._autocommit and not self.in_transaction():
            self.connection.autocommit = True

    def leave(self) -> None:
        saved, self._autocommit = self._autocommit, None
        if saved is not None and not self.connection.closed and self.connection.autocommit != saved and not self.in_transaction():
            self.connection.autocommit = saved


class PsycopgDriver(PostgresqlDriver):
    def run(self, sql: str, rows: bool = True) -> Answer:
        import psycopg

        with psycopg.Cursor(self.connection) as cursor:
            cursor.execute(sql.encode("utf-8"), prepare=False)
            return psycopg_answer(cursor.pgresult)

    def in_transaction(self) -> bool:
        return psycopg_in_transaction(self.connection)


class Psycopg2Driver(PostgresqlDriver):
    def run(self, sql: str, rows: bool = True) -> Answer:
        from psycopg2 import extensions

        with extensions.cursor(self.connection) as cursor:
            # Values as the server writes them, whatever types the application has registered.
            extensions.register_type(extensions.new_type(tuple(extensions.string_types), "AS_IT_IS", lambda value, _: value), cursor)
            cursor.execute(sql)
            if cursor.description is None:
                return Answer(0, [])
            values: List[List[Value]] = [[None if value is None else str(value).encode("utf-8") for value in row] for row in cursor.fetchall()]
            return Answer(len(cursor.description), values, [column.name for column in cursor.description])

    def in_transaction(self) -> bool:
        return int(self.connection.get_transaction_status()) != 0


def _from_sqlalchemy(thing: Any) -> Optional[Driver]:
    if not type(thing).__module__.startswith("sqlalchemy.") and not any(
        base.__module__.startswith("sqlalchemy.") for base in type(thing).__mro__
    ):
        return None
    if hasattr(thing, "raw_connection"):  # an engine: one connection, given back in close()
        raw = thing.raw_connection()
        try:
            driver = driver_for(raw.driver_connection)
        except BaseException:
            raw.close()
            raise
        driver._release = raw.close
        return driver
    return driver_for(thing.connection.driver_connection)


def driver_for(connection: Any) -> Driver:
    """TypeError: it is none that is known."""
    if isinstance(connection, Driver):
        return connection
    if isinstance(connection, sqlite3.Connection):
        return SqliteDriver(connection)
    for base in type(connection).__mro__:
        name = f"{base.__module__}.{base.__qualname__}"
        if name in ("psycopg.Connection", "psycopg.connection.Connection"):
            return PsycopgDriver(connection)
        if name == "psycopg2.extensions.connection":
            return Psycopg2Driver(connection)
    from .aiodrivers import AsyncHost

    if isinstance(connection, AsyncHost):
        return connection.driver()
    name = f"{type(connection).__module__}.{type(connection).__qualname__}"
    if AsyncHost.fits(connection):
        raise TypeError(f"connection: {name} is asynchronous: use it with AsyncMigrator or startup_async(), or give the URL")
    driver = _from_sqlalchemy(connection)
    if driver is None:
        raise TypeError(f"connection: {name} is no connection of sqlite3, psycopg, psycopg2 or SQLAlchemy")
    return driver
