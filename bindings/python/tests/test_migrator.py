# SPDX-License-Identifier: MIT
"""The verbs by URL, on both engines: results, errors, options, events, migrations in memory."""

from __future__ import annotations

import importlib.resources
import logging
import os
import pickle
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any, List

import pytest
from conftest import Database

import libmigrate
from libmigrate import Migration, Migrator


def test_verbs(database: Database, migrations: Path) -> None:
    with Migrator(database.url, dir=migrations) as migrator:
        assert migrator.status().state == "pending"
        assert [m.state for m in migrator.status().migrations] == ["pending", "pending"]
        plan = migrator.plan()
        assert [step.id for step in plan] == ["001_users", "002_orders"] and plan.engine == database.engine
        assert "CREATE TABLE users" in plan.sql()
        report = migrator.apply(plan)
        assert (report.changed, report.from_, report.to, report.applied) == (True, None, "002_orders", ("001_users", "002_orders"))
        assert report.rolled_back == () and report.waited_ms >= 0 and not report.stopped and report.run
        assert database.tables() == ["orders", "users"]
        again = migrator.apply()
        assert (again.changed, again.applied, again.from_, again.to) == (False, (), "002_orders", "002_orders")
        with pytest.raises(libmigrate.StaleError):
            migrator.apply(plan)
        assert migrator.rollback("empty").rolled_back == ("002_orders", "001_users")
        assert migrator.apply("+1").applied == ("001_users",)
        events = migrator.history()
        assert [e.event for e in events] == ["applied", "applied", "rolled_back", "rolled_back", "applied"]
        assert events[0].at is not None and events[0].at.tzinfo is not None and abs(events[0].at.timestamp() - __import__("time").time()) < 600
        assert migrator.status().next == "002_orders" and migrator.status().at == "001_users"


def test_more_verbs(database: Database, migrations: Path) -> None:
    with Migrator(database.url, dir=migrations, backup="off", fingerprint=True) as migrator:
        assert migrator.verify().ok and migrator.verify().good == 2
        rehearsal = migrator.rehearse()
        assert rehearsal.count == 2 and rehearsal.identical and database.tables() == []
        with migrator.run() as run:
            steps = 0
            while run.step():
                steps += 1
        assert steps == 2 and run.report is not None and run.report.applied == ("001_users", "002_orders")
        assert "CREATE TABLE" in migrator.snapshot().sql and migrator.snapshot().facts
        assert migrator.diff().ok
        database.script("CREATE TABLE by_hand (id integer)")
        drift = migrator.diff()
        assert not drift.ok and drift.differences[0].difference == "added"
        assert migrator.check("source").ok and migrator.graph("declared").nodes == 2
        wanted = "CREATE TABLE users (id integer PRIMARY KEY, name text); CREATE TABLE orders (id integer PRIMARY KEY, note text);"
        made = migrator.generate(wanted)
        assert made.differs and "note" in made.up and made.proven
        assert migrator.generate_down("001_users").refused
        assert migrator.mark("forgotten", "002_orders", "a test").steps[0].id == "002_orders"
        assert migrator.mark("applied", "002_orders", "a test").changed
        assert migrator.protect(True, "precious").changed and migrator.status().protected
        with pytest.raises(libmigrate.RefusedError) as caught:
            migrator.rollback()
        assert caught.value.hint
    with Migrator(database.url, dir=migrations, confirm=database.name) as migrator:
        assert migrator.protect(False, "no more").changed


def test_baseline_and_reconcile(database: Database, migrations: Path) -> None:
    database.script("CREATE TABLE users (id integer PRIMARY KEY, name text)")
    with Migrator(database.url, dir=migrations) as migrator:
        with pytest.raises(libmigrate.UnmanagedError) as caught:
            migrator.apply()
        assert isinstance(caught.value, libmigrate.Decide)
        assert migrator.baseline("001_users", "it was there").changed
        assert migrator.apply().applied == ("002_orders",)

    def schema(connection: libmigrate.Connection) -> None:
        connection.execute("CREATE TABLE users (id integer PRIMARY KEY, name text); CREATE TABLE orders (id integer PRIMARY KEY)")
        connection.execute("CREATE TABLE extra (id integer PRIMARY KEY)")

    with Migrator(database.url, dir=migrations, schema=schema) as migrator:
        assert migrator.reconcile().missing >= 1
        done = migrator.reconcile("apply")
        assert done.ok and done.changed and "extra" in database.tables()


def test_backups(sqlite_database: Database, migrations: Path, tmp_path: Path) -> None:
    url, folder = sqlite_database.url, tmp_path / "kept"
    folder.mkdir()
    with Migrator(url, dir=migrations, backup_dir=folder, backup="always", confirm=sqlite_database.name) as migrator:
        migrator.apply()
        sqlite_database.script("INSERT INTO users VALUES (1, 'a')")
        made = migrator.backup()
        assert Path(made.file).exists() and made.verified and made.at is not None
        sqlite_database.script("DELETE FROM users")
        assert migrator.backups()[0].file == made.file
        assert migrator.restore(made.file).backup
    assert sqlite_database.query("SELECT name FROM users") == [("a",)]


def test_backups_by_a_callback(postgresql: Database, migrations: Path, tmp_path: Path) -> None:
    jobs: List[libmigrate.BackupJob] = []

    def keep(job: libmigrate.BackupJob) -> None:
        jobs.append(job)
        assert not job.cancelled()
        if job.verb == "backup":
            Path(job.file).write_text("a dump")

    with Migrator(postgresql.url, dir=migrations, backup="always", backup_dir=tmp_path, on_backup=keep) as migrator:
        migrator.apply("+1")  # nothing is there before
        assert jobs == [] and migrator.apply().backup
    assert [job.verb for job in jobs] == ["backup", "verify"] and jobs[0].url == postgresql.url and jobs[0].server

    def fail(job: libmigrate.BackupJob) -> None:
        raise OSError("no room")

    with Migrator(postgresql.url, dir=migrations, backup="always", backup_dir=tmp_path, on_backup=fail) as migrator:
        with pytest.raises(libmigrate.MigrateError) as caught:
            migrator.rollback()
    assert "no room" in str(caught.value) and isinstance(caught.value.__cause__, OSError)
    assert postgresql.tables() == ["orders", "users"]


def test_errors(database: Database, migrations: Path) -> None:
    (migrations / "003_bad.sql").write_text("CREATE TABLE fine (id integer);\n\nINSERT INTO absent VALUES (1);\n")
    with Migrator(database.url, dir=migrations) as migrator:
        with pytest.raises(libmigrate.SqlError) as caught:
            migrator.apply()
        assert migrator.status().at == "002_orders"  # and it goes on working
    error = caught.value
    assert isinstance(error, libmigrate.FixSource) and isinstance(error, libmigrate.MigrateError)
    assert (error.name, error.class_, error.id, error.line) == ("sql", "source", "003_bad", 3)
    assert error.file is not None and error.file.endswith("003_bad.sql") and error.statement == "INSERT INTO absent VALUES (1)"
    assert error.hint and error.code == -13 and "absent" in error.message and "003_bad.sql:3:" in str(error)
    assert error.sqlstate == ("42P01" if database.engine == "postgresql" else None)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and again.line == 3


def test_every_code_has_its_class() -> None:
    from libmigrate import _generated as c
    from libmigrate._native import decoded, library
    from libmigrate.errors import class_named

    codes = {name: value for name, value in vars(c).items() if name.startswith("ERROR_")}
    assert len(codes) > 30
    for value in codes.values():
        word = decoded(library().migrate_code_name(value))
        assert word and issubclass(getattr(libmigrate, class_named(word)), libmigrate.MigrateError), word


def test_no_password_in_errors() -> None:
    with pytest.raises(libmigrate.MigrateError) as caught:
        libmigrate.startup("postgresql://me:geheim@127.0.0.1:1/none", dir=".", wait_timeout="100ms")
    assert "geheim" not in str(caught.value) + repr(vars(caught.value))
    assert isinstance(caught.value, libmigrate.RetryLater)


def test_options(tmp_path: Path) -> None:
    with pytest.raises(libmigrate.OptionError, match="wait_timeout"):
        Migrator("sqlite:x", wait_timout="1s")  # type: ignore[call-arg]
    with pytest.raises(ValueError):
        Migrator("sqlite:x", mode="aply")  # type: ignore[arg-type]
    from libmigrate._native import decoded, library

    for given, kept in (("30s", b"30s"), (1.5, b"1500000us"), (timedelta(minutes=2), b"120000000us"), (None, b"5min")):
        with Migrator("sqlite:x", wait_timeout=given) as migrator:  # type: ignore[arg-type]
            assert library().migrate_options_get(migrator._options, b"wait_timeout") == kept
    with Migrator("sqlite:x", backup_max_bytes=5000, backup_keep=3, fingerprint=True, backup_dir=tmp_path) as migrator:
        for key, value in (("backup_max_bytes", "5000B"), ("backup_keep", "3"), ("fingerprint", "on"), ("backup_dir", str(tmp_path))):
            assert decoded(library().migrate_options_get(migrator._options, key.encode())) == value
    with pytest.raises(TypeError):
        Migrator("sqlite:x", connection=object())
    with pytest.raises(ValueError, match="NUL"):
        Migrator("sqlite:x", reason="a\0b")


def test_urls_of_sqlalchemy(database: Database, migrations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    from libmigrate.urls import url_text

    monkeypatch.chdir(tmp_path)
    for given, meant in (
        ("postgresql+asyncpg://u:p@h/d?a=b", "postgresql://u:p@h/d?a=b"), (sqlalchemy.make_url("postgresql+psycopg://u:p@h/d"), "postgresql://u:p@h/d"),
        (sqlalchemy.make_url("postgresql://u:p@h/d"), "postgresql://u:p@h/d"), ("sqlite+aiosqlite:///app.db", "sqlite:app.db"),
        (sqlalchemy.make_url("sqlite:////tmp/app.db"), "sqlite:/tmp/app.db"), (sqlalchemy.make_url("sqlite:///app.db"), "sqlite:app.db"),
        (sqlalchemy.make_url("sqlite://"), "sqlite::memory:"), ("sqlite:///app.db", "sqlite:///app.db"), ("host=h dbname=d", "host=h dbname=d"),
        (Path("x.db"), "x.db"),
    ):
        assert url_text(given) == meant, given
    url = sqlalchemy.make_url(f"sqlite:///{database.name}" if database.engine == "sqlite" else database.url)
    assert libmigrate.startup(url, dir=migrations).changed and database.tables() == ["orders", "users"]


def test_durations() -> None:
    from libmigrate.options import seconds_of

    for text, seconds in (("500ms", 0.5), ("1500000us", 1.5), ("5min", 300.0), ("none", None), ("0", None), (None, None)):
        assert seconds_of(text) == seconds


def test_environment(sqlite_database: Database, migrations: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("MIGRATE_DIR", str(migrations))
    assert libmigrate.startup(environment=True).applied == ("001_users", "002_orders")


def test_events_and_logging(database: Database, migrations: Path, caplog: pytest.LogCaptureFixture) -> None:
    events: List[libmigrate.Event] = []
    with caplog.at_level(logging.DEBUG, logger="libmigrate"):
        with Migrator(database.url, dir=migrations, on_event=events.append) as migrator:
            migrator.apply()
    names = [event.name for event in events]
    assert names.count("applied") == 2 and names[-1] == "finished"
    applied = [event for event in events if event.name == "applied"][0]
    assert applied.id == "001_users" and applied.values["id"] == "001_users" and applied.level == "info" and applied.nothing is None
    records = [record for record in caplog.records if record.name == "libmigrate"]
    assert len(records) == len(events) and records[0].migrate_event == events[0]  # type: ignore[attr-defined]
    root = logging.getLogger("libmigrate")
    assert all(isinstance(handler, logging.NullHandler) for handler in root.handlers)  # nothing was set up


def test_events_may_cancel_and_may_fail(database: Database, migrations: Path) -> None:
    with Migrator(database.url, dir=migrations, on_event=lambda event: event.name == "step") as migrator:
        with pytest.raises(libmigrate.CancelledError):
            migrator.apply()

    def broken(event: libmigrate.Event) -> None:
        raise ZeroDivisionError(event.name)

    with Migrator(database.url, dir=migrations, on_event=broken) as migrator:
        with pytest.raises(ZeroDivisionError):
            migrator.apply()
    assert database.tables() == []


def test_migrations_in_memory(database: Database, migrations: Path) -> None:
    def fill(connection: libmigrate.Connection) -> None:
        assert connection.engine == database.engine
        connection.execute(f"INSERT INTO users VALUES (1, {connection.quote(chr(39) + 'ä')})")
        assert connection.query("SELECT id, name FROM users") == [{"id": "1", "name": "'ä"}]

    def empty(connection: libmigrate.Connection) -> None:
        connection.execute("DELETE FROM users")

    more = [Migration("003_fill", fill, empty, version="1"), Migration("004_tags", "CREATE TABLE tags (id integer)", "DROP TABLE tags")]
    with Migrator(database.url, dir=migrations, migrations=more) as migrator:
        assert migrator.apply().applied == ("001_users", "002_orders", "003_fill", "004_tags")
        assert database.query("SELECT name FROM users") == [("'ä",)]
        assert migrator.rollback("002_orders").rolled_back == ("004_tags", "003_fill")
    assert database.query("SELECT name FROM users") == []


def test_texts_in_memory(sqlite_database: Database) -> None:
    texts = {"001_a.sql": "CREATE TABLE a (id integer);", "002_b.sql": b"CREATE TABLE b (id integer);"}
    assert libmigrate.startup(sqlite_database.url, migrations=texts).applied == ("001_a", "002_b")
    with pytest.raises(libmigrate.SourceError):
        Migrator(sqlite_database.url, migrations={"../a": ""})


def test_a_migration_that_raises(database: Database) -> None:
    kept: List[Any] = []

    def fail(connection: libmigrate.Connection) -> None:
        kept.append(connection)
        connection.execute("CREATE TABLE half (id integer)")
        raise LookupError("no such thing")

    with pytest.raises(libmigrate.CodeError, match="no such thing") as caught:
        libmigrate.startup(database.url, migrations=[Migration("001_fail", fail)])
    assert isinstance(caught.value.__cause__, LookupError) and database.tables() == []
    with pytest.raises(RuntimeError, match="behind the end"):
        kept[0].execute("SELECT 1")


def test_resources(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed_app/__init__.py", "")
        packed.writestr("packed_app/migrations/001_a.sql", "CREATE TABLE a (id integer);")
        packed.writestr("packed_app/migrations/repeatable/v.sql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT id FROM a;")
    monkeypatch.syspath_prepend(str(archive))
    folder = importlib.resources.files("packed_app") / "migrations"
    report = libmigrate.startup(sqlite_database.url, dir=folder)
    assert "001_a" in report.applied and sqlite_database.query("SELECT * FROM v") == []


def test_startup_modes(database: Database, migrations: Path) -> None:
    assert not libmigrate.startup(database.url, dir=migrations, mode="off").changed
    with pytest.raises(libmigrate.MigrationsPending) as caught:
        libmigrate.startup(database.url, dir=migrations, mode="check")
    assert caught.value.report.pending == 2 and database.tables() == []
    with pytest.raises(TimeoutError):
        libmigrate.startup(database.url, dir=migrations, mode="wait", wait_timeout=0.2)
    assert libmigrate.startup(database.url, dir=migrations).applied == ("001_users", "002_orders")
    assert not libmigrate.startup(database.url, dir=migrations, mode="check").changed
    assert not libmigrate.startup(database.url, dir=migrations, mode="wait").changed
    with Migrator(database.url, dir=migrations, mode="check") as migrator:
        assert migrator.startup().pending == 0


def test_for_files(migrations: Path) -> None:
    (migrations / "003_x.sql").write_text("CREATE TABEL x (id integer);\n")
    with Migrator.for_files(migrations, "sqlite") as migrator:
        check = migrator.check()
        assert not check.ok and check.findings[0].id == "003_x"
        with pytest.raises(libmigrate.MisuseError):
            migrator.apply()
    assert len(libmigrate.rules()) > 50


def test_misuse(sqlite_database: Database, migrations: Path) -> None:
    inside: List[BaseException] = []

    def call_again(event: libmigrate.Event) -> None:
        try:
            migrator.status()
        except libmigrate.MisuseError as error:
            inside.append(error)

    migrator = Migrator(sqlite_database.url, dir=migrations, on_event=call_again)
    migrator.apply()
    assert inside
    migrator.close()
    migrator.close()
    with pytest.raises(libmigrate.MisuseError, match="closed"):
        migrator.status()


def test_generated_files_are_current() -> None:
    here = Path(__file__).resolve().parents[1]
    if not (here.parents[1] / "include" / "migrate.h").exists():
        pytest.skip("without the repository")
    import subprocess

    from libmigrate._native import _places

    done = subprocess.run([sys.executable, str(here / "tools" / "generate.py"), "--check"], capture_output=True, text=True,
                          env={**os.environ, "LIBMIGRATE_LIBRARY": next(_places())})
    assert done.returncode == 0, done.stderr


def test_every_function_is_declared() -> None:
    """The header's functions are those of the library's map, and all are there."""
    import re

    from libmigrate._generated import FUNCTIONS
    from libmigrate._native import library

    for name in FUNCTIONS:
        assert getattr(library(), name).restype is FUNCTIONS[name][0]
    symbols = Path(__file__).resolve().parents[3] / "lib" / "libmigrate.map"
    if symbols.exists():
        assert set(re.findall(r"\bmigrate_\w+(?=;)", symbols.read_text())) == set(FUNCTIONS)


def test_version() -> None:
    from importlib.metadata import version

    assert libmigrate.version() == version("libmigrate")
