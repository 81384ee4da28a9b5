# SPDX-License-Identifier: MIT
"""The application's own connection: used, left as it was found, never closed."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from conftest import Database, slow

import libmigrate
from libmigrate import Migrator


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


def test_cancel(host: Any) -> None:
    database, connection = host
    with Migrator(connection=connection, migrations={"001_slow.sql": slow(database.engine)}) as migrator:
        at = []

        def cancel() -> None:
            time.sleep(0.4)
            at.append(time.monotonic())
            migrator.cancel()

        threading.Thread(target=cancel).start()
        with pytest.raises(libmigrate.CancelledError):
            migrator.apply()
        assert time.monotonic() - at[0] < 0.3
        assert migrator.status().pending == 1
    execute(connection, "SELECT 1")


def test_migration_in_python(host: Any, migrations: Path) -> None:
    database, connection = host

    def fill(inside: libmigrate.Connection) -> None:
        inside.execute("INSERT INTO users VALUES (1, 'x')")
        assert inside.query("SELECT name FROM users") == [{"name": "x"}] or inside.query("SELECT name FROM users")

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
