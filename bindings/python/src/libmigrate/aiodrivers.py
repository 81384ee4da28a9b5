# SPDX-License-Identifier: MIT
"""An asynchronous connection as the library's driver: asyncpg, psycopg's AsyncConnection, aiosqlite, SQLAlchemy's AsyncEngine.

The library works in a thread of its own and waits there, while each statement runs as a task in the connection's event loop.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable, Coroutine, List, Optional, Tuple

from .drivers import Answer, Driver, Failure, SqliteDriver, Value, psycopg_answer, psycopg_failure, psycopg_in_transaction

ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
COPY = "COPY ("


class Interrupted(Exception):
    """The task of a statement was cancelled."""


class Bridge:
    """Runs coroutines in an event loop, for a thread that waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: "Optional[asyncio.Task[Any]]" = None

    def wait(self, function: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        """Until the task has ended, cancelled or not: a connection does one thing at a time."""
        ended = threading.Event()

        def begin() -> None:
            self._task = self._loop.create_task(function(*arguments))
            self._task.add_done_callback(lambda task: ended.set())

        self._loop.call_soon_threadsafe(begin)
        ended.wait()
        task, self._task = self._task, None
        assert task is not None
        if task.cancelled():
            raise Interrupted("cancelled")
        return task.result()

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(lambda: self._task is not None and self._task.cancel())


class AsyncDriver(Driver):
    """bridge: to the loop that the connection belongs to."""

    def __init__(self, connection: Any, bridge: Bridge) -> None:
        super().__init__(connection)
        self.bridge = bridge

    def failure(self, error: BaseException) -> Failure:
        if isinstance(error, Interrupted):
            return Failure("cancelled", "57014", 9)
        return self.said(error)

    def said(self, error: BaseException) -> Failure:
        raise NotImplementedError

    def interrupt(self) -> None:
        self.bridge.cancel()


class AsyncpgDriver(AsyncDriver):
    """asyncpg gives values as objects of Python, by types; COPY gives them as the server writes them."""

    engine = "postgresql"

    def run(self, sql: str, rows: bool = True) -> Answer:
        if not rows:
            self.bridge.wait(self.connection.execute, sql)
            return Answer(0, [])
        if sql.lstrip("( \t\r\n").upper().startswith(("SELECT", "VALUES", "WITH")):
            names = self.bridge.wait(self._columns, sql) if self.naming else []
            lines = self.bridge.wait(self._copy, sql.rstrip().rstrip(";"))
            return Answer(len(lines[0]) if lines else len(names), lines, names)
        records = self.bridge.wait(self.connection.fetch, sql)
        names = list(records[0].keys()) if records else []
        return Answer(len(names), [[self._text(value) for value in record] for record in records], names)

    async def _columns(self, sql: str) -> List[str]:
        return [attribute.name for attribute in (await self.connection.prepare(sql)).get_attributes()]

    @staticmethod
    def _text(value: Any) -> Value:
        if value is None or isinstance(value, bytes):
            return value
        return ("t" if value else "f").encode() if isinstance(value, bool) else str(value).encode("utf-8")

    async def _copy(self, sql: str) -> List[List[Value]]:
        parts: List[bytes] = []

        async def take(data: bytes) -> None:
            parts.append(bytes(data))

        await self.connection.copy_from_query(sql + "\n", output=take, format="text")
        return [[unescaped(field) for field in line.split(b"\t")] for line in b"".join(parts).split(b"\n")[:-1]]

    def said(self, error: BaseException) -> Failure:
        sqlstate = getattr(error, "sqlstate", None)
        if self.connection.is_closed():
            sqlstate = "08006"
        position = int(getattr(error, "position", None) or 0)
        query = str(getattr(error, "query", None) or "")
        if query.startswith(COPY):
            position = max(position - len(COPY), 0)
        return Failure(getattr(error, "message", None) or str(error) or type(error).__name__, sqlstate, 0, position)

    def in_transaction(self) -> bool:
        return bool(self.connection.is_in_transaction())


def unescaped(field: bytes) -> Value:
    """A field of COPY's text format."""
    if field == rb"\N":
        return None
    if b"\\" not in field:
        return field
    parts = field.split(b"\\\\")
    return b"\\".join(_simple(part) for part in parts)


def _simple(part: bytes) -> bytes:
    first, *others = part.split(b"\\")
    return first + b"".join(ESCAPES.get(other[:1], other[:1]) + other[1:] for other in others)


class AsyncPsycopgDriver(AsyncDriver):
    engine = "postgresql"
    _autocommit: Optional[bool] = None

    def run(self, sql: str, rows: bool = True) -> Answer:
        answer: Answer = self.bridge.wait(self._run, sql)
        return answer

    async def _run(self, sql: str) -> Answer:
        import psycopg

        async with psycopg.AsyncCursor(self.connection) as cursor:
            await cursor.execute(sql.encode("utf-8"), prepare=False)
            return psycopg_answer(cursor.pgresult)

    def said(self, error: BaseException) -> Failure:
        return psycopg_failure(self.connection, error)

    def in_transaction(self) -> bool:
        return psycopg_in_transaction(self.connection)

    def enter(self) -> None:
        self._autocommit = self.connection.autocommit
        if not self._autocommit and not self.in_transaction():
            self.bridge.wait(self.connection.set_autocommit, True)

    def leave(self) -> None:
        saved, self._autocommit = self._autocommit, None
        if saved is not None and not self.connection.closed and self.connection.autocommit != saved and not self.in_transaction():
            self.bridge.wait(self.connection.set_autocommit, saved)


class AiosqliteDriver(AsyncDriver):
    """aiosqlite has a connection of sqlite3, in a thread of its own."""

    engine = "sqlite"

    def __init__(self, connection: Any, bridge: Bridge) -> None:
        super().__init__(connection, bridge)
        self._inner = SqliteDriver(connection._conn)

    def _there(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self.bridge.wait(self.connection._execute, function, *arguments)

    def run(self, sql: str, rows: bool = True) -> Answer:
        answer: Answer = self._there(self._inner.run, sql)
        return answer

    def said(self, error: BaseException) -> Failure:
        return self._inner.failure(error)

    def in_transaction(self) -> bool:
        return bool(self.connection.in_transaction)

    def interrupt(self) -> None:
        self._inner.interrupt()  # the task that waits for its thread ends with it

    def enter(self) -> None:
        self._there(self._inner.enter)

    def leave(self) -> None:
        self._there(self._inner.leave)


def _class_names(thing: Any) -> List[str]:
    return [f"{base.__module__}.{base.__qualname__}" for base in type(thing).__mro__]


DRIVERS = {
    "asyncpg.connection.Connection": AsyncpgDriver, "psycopg.AsyncConnection": AsyncPsycopgDriver,
    "psycopg.connection_async.AsyncConnection": AsyncPsycopgDriver, "aiosqlite.core.Connection": AiosqliteDriver,
}
ENGINES = ("sqlalchemy.ext.asyncio.engine.AsyncEngine", "sqlalchemy.ext.asyncio.engine.AsyncConnection")


class AsyncHost:
    """What the application gave, until there is an event loop to use it in."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.loop: Optional[asyncio.AbstractEventLoop] = None

    @staticmethod
    def fits(thing: Any) -> bool:
        return any(name in DRIVERS or name in ENGINES for name in _class_names(thing)) or (
            "asyncpg.pool.PoolConnectionProxy" in _class_names(thing)
        )

    @classmethod
    def around(cls, thing: Any) -> "Optional[AsyncHost]":
        """None: it is no asynchronous connection."""
        return cls(thing) if cls.fits(thing) else None

    async def _open(self) -> Tuple[Any, Any]:
        """The connection of the database's own library, and what has to be closed behind it."""
        thing = self.thing
        if "asyncpg.pool.PoolConnectionProxy" in _class_names(thing):
            return thing._con, None
        if ENGINES[0] in _class_names(thing):
            held = await thing.connect()
            return (await held.get_raw_connection()).driver_connection, held
        if ENGINES[1] in _class_names(thing):
            return (await thing.get_raw_connection()).driver_connection, None
        return thing, None

    def driver(self) -> Driver:
        """In the thread that calls the library, not in the loop's."""
        assert self.loop is not None
        bridge = Bridge(self.loop)
        connection, held = bridge.wait(self._open)
        kinds = [DRIVERS[name] for name in _class_names(connection) if name in DRIVERS]
        if not kinds:
            bridge.wait(held.close)
            raise TypeError(f"connection: {type(connection).__module__}.{type(connection).__qualname__} is none that libmigrate knows")
        driver = kinds[0](connection, bridge)
        if held is not None:
            driver._release = lambda: bridge.wait(held.close)
        return driver
