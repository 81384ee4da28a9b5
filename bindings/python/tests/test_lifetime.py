# SPDX-License-Identifier: MIT
"""A thousand times open, apply, close: memory stays flat, and nothing is left open."""

from __future__ import annotations

import gc
import os
import resource
import sqlite3
from pathlib import Path

import pytest
from conftest import SANITIZERS, Database

import libmigrate
from libmigrate import Migrator


def resident() -> int:
    """KiB."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
    except OSError:
        pytest.skip("no /proc here")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def flat(memory: int) -> None:
    more = resident() - memory
    assert SANITIZERS or more < 1024, f"{more} KiB more"  # what AddressSanitizer holds back of freed memory is no leak; it tells of those


def cycles(database: Database, migrations: Path, count: int, **arguments: object) -> None:
    for _ in range(count):
        with Migrator(database.url, dir=migrations, **arguments) as migrator:  # type: ignore[arg-type]
            assert not migrator.apply().changed
    gc.collect()


def test_a_thousand_cycles(database: Database, migrations: Path) -> None:
    count = 100 if SANITIZERS else 1000
    libmigrate.startup(database.url, dir=migrations)
    cycles(database, migrations, count // 10)
    memory, files = resident(), open_files()
    cycles(database, migrations, count)
    flat(memory)
    assert open_files() == files


def test_a_thousand_cycles_with_callbacks(sqlite_database: Database, migrations: Path) -> None:
    """Through the application's own connection, with migrations and callbacks in Python, errors too."""
    connection = sqlite3.connect(sqlite_database.place)

    def code(inside: libmigrate.Connection) -> None:
        inside.execute("CREATE TABLE code (id integer)")

    def fail(inside: libmigrate.Connection) -> None:
        raise ValueError("on purpose")

    good = [libmigrate.Migration("003_code", code)]
    bad = [*good, libmigrate.Migration("004_fail", fail)]
    libmigrate.startup(connection=connection, dir=migrations, migrations=good)

    def run(count: int) -> None:
        for number in range(count):
            try:
                with Migrator(connection=connection, dir=migrations, migrations=bad if number % 2 else good, on_event=lambda e: None) as migrator:
                    migrator.plan()
                    migrator.apply()
            except libmigrate.CodeError:
                pass
        gc.collect()

    run(100)
    memory, files = resident(), open_files()
    run(100 if SANITIZERS else 1000)
    flat(memory)
    assert open_files() == files
    connection.close()


def test_a_thousand_cycles_on_the_applications_connection(postgresql: Database, migrations: Path) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgresql.url) as connection:
        libmigrate.startup(connection=connection, dir=migrations)

        def run(count: int) -> None:
            for _ in range(count):
                with Migrator(connection=connection, dir=migrations) as migrator:
                    assert not migrator.apply().changed
            gc.collect()

        count = 100 if SANITIZERS else 1000
        run(100)
        memory, files = resident(), open_files()
        run(count)
        flat(memory)
        assert open_files() == files
