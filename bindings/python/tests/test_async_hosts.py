# SPDX-License-Identifier: MIT
"""The application's own asynchronous connection: asyncpg, psycopg, aiosqlite, SQLAlchemy's engines for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any, AsyncIterator, Callable, Coroutine, List

import pytest
from conftest import LIMIT, SERVER, Database, slow

import libmigrate
from libmigrate import AsyncMigrator, Migrator
from libmigrate.aiodrivers import unescaped


@contextlib.asynccontextmanager
async def asyncpg_connection(database: Database) -> AsyncIterator[Any]:
    connection = await pytest.importorskip("asyncpg").connect(database.url)
    yield connection
    await connection.close()


@contextlib.asynccontextmanager
async def asyncpg_pooled(database: Database) -> AsyncIterator[Any]:
    async with pytest.importorskip("asyncpg").create_pool(database.url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as connection:
            yield connection


@contextlib.asynccontextmanager
async def psycopg_connection(database: Database) -> AsyncIterator[Any]:
    async with await pytest.importorskip("psycopg").AsyncConnection.connect(database.url) as connection:
        yield connection


@contextlib.asynccontextmanager
async def aiosqlite_connection(database: Database) -> AsyncIterator[Any]:
    async with pytest.importorskip("aiosqlite").connect(database.place) as connection:
        yield connection


def sqlalchemy_url(database: Database, driver: str) -> str:
    return f"sqlite+aiosqlite:///{database.place}" if driver == "aiosqlite" else database.url.replace("postgresql:", f"postgresql+{driver}:")


def sqlalchemy_engine(driver: str, connect: bool = False) -> Callable[[Database], Any]:
    @contextlib.asynccontextmanager
    async def engine(database: Database) -> AsyncIterator[Any]:
        pytest.importorskip(driver)
        made = pytest.importorskip("sqlalchemy.ext.asyncio").create_async_engine(sqlalchemy_url(database, driver))
        if connect:
            async with made.connect() as connection:
                yield connection
        else:
            yield made
            assert driver == "aiosqlite" or made.pool.checkedout() == 0
        await made.dispose()

    return engine


HOSTS = {
    "asyncpg": asyncpg_connection, "asyncpg pool": asyncpg_pooled, "psycopg": psycopg_connection, "aiosqlite": aiosqlite_connection,
    "engine asyncpg": sqlalchemy_engine("asyncpg"), "engine psycopg": sqlalchemy_engine("psycopg"), "engine aiosqlite": sqlalchemy_engine("aiosqlite"),
    "connection asyncpg": sqlalchemy_engine("asyncpg", True), "connection aiosqlite": sqlalchemy_engine("aiosqlite", True),
}


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest) -> Any:
    """The database, and what opens a connection to it."""
    if "aiosqlite" in request.param:
        return request.getfixturevalue("sqlite_database"), HOSTS[request.param]
    if not SERVER:
        pytest.skip("MIGRATE_TEST_POSTGRESQL is not set")
    return request.getfixturevalue("postgresql"), HOSTS[request.param]


def with_host(host: Any, body: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    database, opens = host

    async def main() -> Any:
        async with opens(database) as connection:
            return await body(connection)

    return asyncio.run(main())


def test_verbs(host: Any, migrations: Path) -> None:
    database, _ = host
    text = "INSERT INTO users VALUES (1, 'a;b%s $1 ä\\n\t\\N'), (2, NULL);\n-- ROLLBACK: DELETE FROM users;\n"
    (migrations / "003_rows.sql").write_text(text, encoding="utf-8")
    events: List[str] = []

    def read(connection: libmigrate.Connection) -> None:
        assert connection.query("SELECT id, name, id = 1 AS one FROM users ORDER BY id") == [
            {"id": "1", "name": "a;b%s $1 ä\\n\t\\N", "one": "t" if connection.engine == "postgresql" else "1"},
            {"id": "2", "name": None, "one": "f" if connection.engine == "postgresql" else "0"},
        ]
        assert connection.query("SELECT id FROM users WHERE id > 5") == []

    more = [libmigrate.Migration("004_read", read)]

    async def body(connection: Any) -> None:
        async with AsyncMigrator(
            connection=connection, dir=migrations, migrations=more, backup="off", on_event=lambda event: events.append(event.name)
        ) as migrator:
            plan = await migrator.plan()
            assert (await migrator.apply(plan)).applied == ("001_users", "002_orders", "003_rows", "004_read")
            assert (await migrator.status()).applied == 4 and "CREATE TABLE" in (await migrator.snapshot()).sql
            assert len(await migrator.history()) == 4
        assert not (await libmigrate.startup_async(connection=connection, dir=migrations, migrations=more)).changed

    with_host(host, body)
    assert events.count("applied") == 4
    assert database.query("SELECT id, name FROM users ORDER BY id") == [(1, "a;b%s $1 ä\\n\t\\N"), (2, None)]
    assert not libmigrate.startup(database.url, dir=migrations, migrations=more).changed  # by URL it is the same


def test_errors(host: Any, migrations: Path) -> None:
    database, _ = host
    (migrations / "003_bad.sql").write_text("CREATE TABLE fine (id integer);\nINSERT INTO absent VALUES (1);\n")

    async def body(connection: Any) -> None:
        with pytest.raises(libmigrate.SqlError) as caught:
            await libmigrate.startup_async(connection=connection, dir=migrations)
        assert caught.value.line == 2 and "absent" in caught.value.message
        if database.engine == "postgresql":
            assert caught.value.sqlstate == "42P01" and caught.value.column == 13
        with pytest.raises(TypeError, match="startup_async"):
            libmigrate.startup(connection=connection, dir=migrations)

    with_host(host, body)
    assert database.tables() == ["orders", "users"]


def test_cancel(host: Any) -> None:
    database, _ = host
    source = {"001_slow.sql": "CREATE TABLE half (id integer);\n" + slow(database.engine)}

    async def body(connection: Any) -> None:
        async with AsyncMigrator(connection=connection, migrations=source) as migrator:
            for way in ("task", "cancel"):
                task = asyncio.create_task(migrator.apply())
                await asyncio.sleep(0.5)
                begun = time.monotonic()
                task.cancel() if way == "task" else migrator.cancel()
                with pytest.raises(asyncio.CancelledError if way == "task" else libmigrate.CancelledError):
                    await task
                assert time.monotonic() - begun < LIMIT, way
                assert (await migrator.status()).pending == 1
        assert "half" not in database.tables()
        # the same connection goes on working, and no lock is left
        assert (await libmigrate.startup_async(connection=connection, migrations={"001_a.sql": "CREATE TABLE a (id integer);"})).changed

    with_host(host, body)
    with Migrator(database.url, migrations={"001_a.sql": "CREATE TABLE a (id integer);"}, wait_timeout="1s") as other:
        assert not other.apply().changed


def test_an_open_transaction(postgresql: Database, migrations: Path) -> None:
    async def body(connection: Any) -> None:
        async with connection.transaction():
            with pytest.raises(libmigrate.InTransactionError):
                await libmigrate.startup_async(connection=connection, dir=migrations)
            await connection.execute("CREATE TABLE own (id integer)")
        assert postgresql.tables() == ["own"]

    with_host((postgresql, asyncpg_connection), body)


def test_what_copy_writes() -> None:
    for written, meant in ((rb"\N", None), (b"", b""), (rb"a\tb\nc", b"a\tb\nc"), (rb"\\N", rb"\N"), (rb"\\\\t\\", rb"\\t\\"[:-1])):
        assert unescaped(written) == meant


def test_what_is_asynchronous_and_must_not_be(sqlite_database: Database) -> None:
    async def code(connection: libmigrate.Connection) -> None:
        connection.execute("CREATE TABLE a (id integer)")

    with pytest.raises(libmigrate.CodeError, match="asynchronous"):
        libmigrate.startup(sqlite_database.url, migrations=[libmigrate.Migration("001_code", code)])

    async def note(event: libmigrate.Event) -> None:
        pass

    with pytest.raises(TypeError, match="on_event"):
        asyncio.run(libmigrate.startup_async(sqlite_database.url, migrations={}, on_event=note))
