# SPDX-License-Identifier: MIT
"""The application's own connection: used, left as it was found, never closed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from conftest import LIMIT, Database, slow

import libmigrate
from libmigrate import AsyncMigrator, CancelToken, Migrator


def by_sqlite3(database: Database) -> Any:
    return sqlite3.connect(database.place)


def by_psycopg(database: Database) -> Any:
    return pytest.importorskip("psycopg").connect(database.url)


def by_psycopg2(database: Database) -> Any:
    return pytest.importorskip("psycopg2").connect(database.url)


@pytest.fixture(params=[by_sqlite3, by_psycopg, by_psycopg2])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """The database, and a connection to it."""
    make: Callable[[Database], Any] = request.param
    database: Database = request.getfixturevalue("sqlite_database" if make is by_sqlite3 else "postgresql")
    connection = make(database)
    yield database, connection
    connection.close()


def execute(connection: Any, sql: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor


def settings(connection: Any) -> Any:
    return [getattr(connection, name, None) for name in ("isolation_level", "text_factory", "row_factory", "autocommit")]


def test_verbs(host: Any, migrations: Path) -> None:
    database, connection = host
    text = "INSERT INTO users VALUES (1, 'a;b%s ä'), (2, NULL);\n-- ROLLBACK: DELETE FROM users;\n"
    (migrations / "003_rows.sql").write_text(text, encoding="utf-8")
    before = settings(connection)
    with Migrator(connection=connection, dir=migrations, backup="off") as migrator:
        assert migrator.apply().applied == ("001_users", "002_orders", "003_rows")
        assert settings(connection) == before
        assert [tuple(row) for row in execute(connection, "SELECT * FROM users ORDER BY id").fetchall()] == [(1, "a;b%s ä"), (2, None)]
        connection.commit()
        assert not migrator.apply().changed
        assert migrator.rollback().rolled_back == ("003_rows",)
        assert migrator.status().engine == database.engine and migrator.history()[0].at is not None
        assert "CREATE TABLE" in migrator.snapshot().sql
    assert settings(connection) == before
    execute(connection, "INSERT INTO users VALUES (7, 'still mine')")
    connection.rollback()
    assert execute(connection, "SELECT count(*) FROM users").fetchone()[0] == 0
    connection.commit()
    assert not libmigrate.startup(database.url, dir=migrations, mode="off").changed
    assert libmigrate.startup(connection=connection, dir=migrations).applied == ("003_rows",)


def test_by_url_it_is_the_same(host: Any, migrations: Path) -> None:
    database, connection = host
    libmigrate.startup(connection=connection, dir=migrations)
    connection.close()
    assert not libmigrate.startup(database.url, dir=migrations).changed


def test_an_open_transaction(host: Any, migrations: Path) -> None:
    database, connection = host
    execute(connection, "CREATE TABLE own (id integer)")
    execute(connection, "INSERT INTO own VALUES (1)")
    if database.engine == "sqlite" and not connection.in_transaction:
        pytest.fail("sqlite3 did not begin a transaction")
    with pytest.raises(libmigrate.InTransactionError):
        libmigrate.startup(connection=connection, dir=migrations)
    (migrations / "001_users.sql").write_text("CREATE TABLE users (id integer);")
    # sqlite3 commits DDL by itself before 3.6 only: the table is there in any case
    libmigrate.startup(connection=connection, dir=migrations, host_transaction="use", on_unmanaged="apply")
    connection.rollback()
    assert "users" not in database.tables()


def test_errors(host: Any, migrations: Path) -> None:
    database, connection = host
    (migrations / "003_bad.sql").write_text("CREATE TABLE fine (id integer);\nINSERT INTO absent VALUES (1);\n")
    before = settings(connection)
    with pytest.raises(libmigrate.SqlError) as caught:
        libmigrate.startup(connection=connection, dir=migrations)
    assert caught.value.line == 2 and "absent" in caught.value.message
    if database.engine == "postgresql":
        assert caught.value.sqlstate == "42P01" and caught.value.column == 13
    assert settings(connection) == before and database.tables() == ["orders", "users"]
    execute(connection, "SELECT 1")


def soon(function: Callable[[], Any]) -> List[float]:
    """Calls it in a while, from a thread; when it did is in the list."""
    at: List[float] = []

    def run() -> None:
        time.sleep(0.4)
        at.append(time.monotonic())
        function()

    threading.Thread(target=run).start()
    return at


def usable(database: Database, connection: Any, migrator: Migrator) -> None:
    """What a cancel has to leave: nothing of the migration, no lock, the connection as it was."""
    assert migrator.status().pending == 1 and "half" not in database.tables()
    execute(connection, "SELECT 1")
    connection.rollback()
    with Migrator(database.url, migrations={}, wait_timeout="1s", on_unmanaged="apply") as other:
        other.apply()


def half(database: Database) -> Any:
    return {"001_slow.sql": "CREATE TABLE half (id integer);\n" + slow(database.engine)}


@pytest.mark.parametrize("way", ["cancel", "token"])
def test_cancel(host: Any, way: str) -> None:
    database, connection = host
    token = CancelToken()
    before = settings(connection)
    with Migrator(connection=connection, migrations=half(database), token=token) as migrator:
        at = soon(migrator.cancel if way == "cancel" else token.cancel)
        with pytest.raises(libmigrate.CancelledError):
            migrator.apply()
        assert time.monotonic() - at[0] < LIMIT and settings(connection) == before
    with Migrator(connection=connection, migrations=half(database)) as migrator:
        usable(database, connection, migrator)


def test_run_deadline(host: Any) -> None:
    database, connection = host
    with Migrator(connection=connection, migrations=half(database), run_deadline="500ms") as migrator:
        begun = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            migrator.apply()
        assert isinstance(caught.value, libmigrate.TimeoutError) and time.monotonic() - begun < 0.5 + LIMIT
        usable(database, connection, migrator)


def test_cancel_in_the_applications_transaction(sqlite_database: Database, migrations: Path) -> None:
    """SQLite may take back a whole transaction with a statement that is interrupted."""
    some = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 6000000) SELECT count(*) FROM c"
    (migrations / "900_long.sql").write_text(f"CREATE TABLE long (id integer);\nINSERT INTO long {some};\nCREATE TABLE behind (id integer);\n")
    connection = sqlite_database.connect()
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE mine (id integer)")
    connection.execute("INSERT INTO mine VALUES (7)")
    token = CancelToken()
    threading.Timer(0.3, token.cancel).start()
    with pytest.raises(libmigrate.CancelledError):
        libmigrate.startup(connection=connection, dir=migrations, host_transaction="use", on_unmanaged="apply", token=token)
    assert connection.in_transaction
    connection.execute("COMMIT")
    assert connection.execute("SELECT id FROM mine").fetchall() == [(7,)]
    connection.close()


def test_control_c(host: Any) -> None:
    database, connection = host
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Migrator(connection=connection, migrations=half(database)) as migrator:
            at = soon(lambda: os.kill(os.getpid(), signal.SIGINT))
            with pytest.raises(KeyboardInterrupt):
                migrator.apply()
            assert time.monotonic() - at[0] < LIMIT
            usable(database, connection, migrator)
    finally:
        signal.signal(signal.SIGINT, former)
    assert signal.set_wakeup_fd(-1) == -1


def test_other_signals_are_left_alone(host: Any) -> None:
    """A handler that wants no end runs when the statement has ended, and an event loop hears of its signals."""
    database, connection = host
    heard: List[int] = []
    sleep = "SELECT pg_sleep(1);" if database.engine == "postgresql" else slow("sqlite").replace("100000000000", "3000000")
    near, far = socket.socketpair()
    near.setblocking(False)
    former = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    wakeup = signal.set_wakeup_fd(near.fileno())
    try:
        soon(lambda: os.kill(os.getpid(), signal.SIGUSR1))
        assert libmigrate.startup(connection=connection, migrations={"001_sleep.sql": sleep}).changed
        time.sleep(0.5)
        assert heard == [signal.SIGUSR1] and far.recv(10) == bytes([signal.SIGUSR1])
    finally:
        assert signal.set_wakeup_fd(wakeup) == near.fileno()
        signal.signal(signal.SIGUSR1, former)
        near.close()
        far.close()


def test_asyncio_cancel(host: Any) -> None:
    database, connection = host
    if database.engine == "sqlite":  # a worker thread uses it
        connection.close()
        connection = sqlite3.connect(database.place, check_same_thread=False)

    async def main() -> float:
        async with AsyncMigrator(connection=connection, migrations=half(database)) as migrator:
            task = asyncio.create_task(migrator.apply())
            await asyncio.sleep(0.4)
            begun = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - begun

    assert asyncio.run(main()) < LIMIT
    with Migrator(connection=connection, migrations=half(database)) as migrator:
        usable(database, connection, migrator)
    connection.close()


def test_a_run_that_was_cancelled(host: Any, migrations: Path) -> None:
    """The Migrator is used again before the run was ended: its session goes, and the run with it."""
    database, connection = host
    with Migrator(connection=connection, dir=migrations, backup="off") as migrator:
        with migrator.run() as run:
            assert run.step()
            migrator.cancel()
            assert migrator.status().applied == 1
            with pytest.raises(libmigrate.MisuseError):
                run.step()
        assert run.report is not None and run.report.applied == ("001_users",)
        run = migrator.run()
        assert run.step()
    assert run.report is not None and run.end() is run.report  # close() has ended it
    assert not libmigrate.startup(connection=connection, dir=migrations).changed


def test_migration_in_python(host: Any, migrations: Path) -> None:
    database, connection = host

    def fill(inside: libmigrate.Connection) -> None:
        inside.execute("INSERT INTO users VALUES (1, 'x')")
        assert inside.query("SELECT id AS number, name FROM users") == [{"number": "1", "name": "x"}]

    report = libmigrate.startup(connection=connection, dir=migrations, migrations=[libmigrate.Migration("003_fill", fill)])
    assert report.applied[-1] == "003_fill" and database.query("SELECT name FROM users") == [("x",)]


def test_a_row_factory_of_the_applications(sqlite_database: Database, migrations: Path) -> None:
    connection = sqlite3.connect(sqlite_database.place, detect_types=sqlite3.PARSE_DECLTYPES)
    connection.row_factory = sqlite3.Row
    libmigrate.startup(connection=connection, dir=migrations)
    assert connection.row_factory is sqlite3.Row and connection.text_factory is str
    psycopg = sqlite3  # the same for a closed one
    connection.close()
    with pytest.raises(psycopg.ProgrammingError):
        libmigrate.startup(connection=connection, dir=migrations)


def test_psycopg_rows_and_adapters(postgresql: Database, migrations: Path) -> None:
    psycopg = pytest.importorskip("psycopg")
    from psycopg.rows import dict_row

    with psycopg.connect(postgresql.url, row_factory=dict_row, autocommit=True, prepare_threshold=0) as connection:
        assert libmigrate.startup(connection=connection, dir=migrations).applied == ("001_users", "002_orders")
        assert connection.autocommit is True


@pytest.mark.parametrize("what", ["engine", "connection"])
def test_sqlalchemy(database: Database, migrations: Path, what: str) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = f"sqlite:///{database.place}" if database.engine == "sqlite" else database.url.replace("postgresql:", "postgresql+psycopg:")
    engine = sqlalchemy.create_engine(url)
    if what == "engine":
        assert libmigrate.startup(connection=engine, dir=migrations).applied == ("001_users", "002_orders")
    else:
        with engine.connect() as connection:
            assert libmigrate.startup(connection=connection, dir=migrations).applied == ("001_users", "002_orders")
            assert connection.execute(sqlalchemy.text("SELECT count(*) FROM users")).scalar() == 0
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO users VALUES (1, 'by sqlalchemy')"))
    assert database.query("SELECT name FROM users") == [("by sqlalchemy",)]
    assert engine.pool.checkedout() == 0 if hasattr(engine.pool, "checkedout") else True
    engine.dispose()


def test_what_is_no_connection() -> None:
    with pytest.raises(TypeError, match="no connection of sqlite3"):
        with Migrator(connection=object()) as migrator:
            migrator.status()
