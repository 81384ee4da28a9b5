# SPDX-License-Identifier: MIT
"""The pytest plugin: an empty database and a migrated one for each test.

    [pytest]
    libmigrate_dir = migrations
    libmigrate_url = postgresql:///postgres      # a server, where each test gets a database of its own; left out: a SQLite file

Fixtures: migrator (a Migrator on an empty database), migrated_db (the URL of a database with all migrations applied). Override the
fixture libmigrate_options to give more options, migrations in memory among them.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any, Dict, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from .migrator import Migrator


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("libmigrate")
    group.addoption("--libmigrate-url", default=None, help="SQLite by default; or the URL of a PostgreSQL server for the tests' databases")
    parser.addini("libmigrate_dir", "Folder with the migrations", default="migrations")
    parser.addini("libmigrate_url", "As --libmigrate-url; environment variables ($NAME) are replaced", default="")


@pytest.fixture
def libmigrate_options(request: pytest.FixtureRequest) -> Dict[str, Any]:
    """Arguments for Migrator. Override it: return {"dir": ..., "migrations": ..., "rules": ...}."""
    folder = Path(request.config.rootpath) / str(request.config.getini("libmigrate_dir"))
    return {"dir": folder}


def _server(config: pytest.Config) -> str:
    return os.path.expandvars(config.getoption("--libmigrate-url") or str(config.getini("libmigrate_url")))


def _on_server(server: str, sql: str) -> None:
    """CREATE and DROP DATABASE, as migrations without a transaction would do it, need no driver but the library's own."""
    try:
        import psycopg
    except ImportError:
        psycopg2 = pytest.importorskip("psycopg2", reason="libmigrate_url needs psycopg or psycopg2 to make databases")
        connection = psycopg2.connect(server)
        connection.autocommit = True
    else:
        connection = psycopg.connect(server, autocommit=True)
    try:
        connection.cursor().execute(sql)
    finally:
        connection.close()


@pytest.fixture
def libmigrate_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    server = _server(request.config)
    if not server:
        yield f"sqlite:{tmp_path / 'test.db'}"
        return
    name = "libmigrate_test_" + uuid.uuid4().hex[:20]
    _on_server(server, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path="/" + name))
    finally:
        _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def migrator(libmigrate_database: str, libmigrate_options: Dict[str, Any]) -> Iterator[Migrator]:
    """A Migrator on an empty database."""
    with Migrator(libmigrate_database, **libmigrate_options) as made:
        yield made


@pytest.fixture
def migrated_db(libmigrate_database: str, libmigrate_options: Dict[str, Any]) -> str:
    """The URL of a database with all migrations applied. Nobody has it open."""
    with Migrator(libmigrate_database, **libmigrate_options) as made:
        made.apply()
    return libmigrate_database
