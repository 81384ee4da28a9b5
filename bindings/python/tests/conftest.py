# SPDX-License-Identifier: MIT
"""Databases for the tests: a new SQLite file, and a new database on the server of MIGRATE_TEST_POSTGRESQL."""

from __future__ import annotations

import os
import sqlite3
import uuid
from pathlib import Path
from typing import Any, Iterator, List
from urllib.parse import urlsplit, urlunsplit

import pytest

pytest_plugins = ["pytester"]
SANITIZERS = "LIBMIGRATE_TEST_SANITIZERS" in os.environ  # tests/run.sh --sanitizers: slower, with more memory, and leaks are seen otherwise
LIMIT = 3.0 if SANITIZERS else 0.3  # seconds from a cancel to its end
SERVER = os.environ.get("MIGRATE_TEST_POSTGRESQL")
POSTGRESQL = [pytest.mark.skipif(not SERVER, reason="MIGRATE_TEST_POSTGRESQL is not set")]
ENGINES = ["sqlite", pytest.param("postgresql", marks=POSTGRESQL)]


class Database:
    """One empty database, with a connection of the test's own."""

    def __init__(self, engine: str, url: str, place: str, name: str) -> None:
        self.engine, self.url, self.place, self.name = engine, url, place, name

    def connect(self) -> Any:
        if self.engine == "sqlite":
            return sqlite3.connect(self.place, isolation_level=None)
        import psycopg

        return psycopg.connect(self.url, autocommit=True)

    def query(self, sql: str) -> List[Any]:
        connection = self.connect()
        try:
            cursor = connection.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def script(self, sql: str) -> None:
        connection = self.connect()
        try:
            connection.executescript(sql) if self.engine == "sqlite" else connection.execute(sql)
        finally:
            connection.close()

    def tables(self) -> List[str]:
        if self.engine == "sqlite":
            if not Path(self.place).exists():
                return []
            sql = (
                r"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' "
                r"AND name NOT LIKE 'libmigrate\_%' ESCAPE '\' ORDER BY name"
            )
        else:
            sql = (
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
                "AND relname NOT LIKE 'libmigrate\\_%' ORDER BY relname COLLATE \"C\""
            )
        return [row[0] for row in self.query(sql)]


def new_database(engine: str, folder: Path) -> Iterator[Database]:
    if engine == "sqlite":
        path = folder / "data.db"
        yield Database(engine, f"sqlite:{path}", str(path), path.name)
        return
    import psycopg

    assert SERVER is not None
    name = "python_" + uuid.uuid4().hex
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    yield Database(engine, urlunsplit(urlsplit(SERVER)._replace(path="/" + name)), SERVER, name)
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    yield from new_database(request.param, tmp_path)


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    yield from new_database("sqlite", tmp_path)


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Database]:
    if not SERVER:
        pytest.skip("MIGRATE_TEST_POSTGRESQL is not set")
    yield from new_database("postgresql", tmp_path)


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """Two migrations in a folder."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001_users.sql").write_text("CREATE TABLE users (id integer PRIMARY KEY, name text);\n-- ROLLBACK: DROP TABLE users;\n")
    (folder / "002_orders.sql").write_text("CREATE TABLE orders (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE orders;\n")
    return folder


def slow(engine: str) -> str:
    """A statement that takes a minute, at least."""
    if engine == "postgresql":
        return "SELECT pg_sleep(60);"
    return "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000000) SELECT count(*) FROM c;"
