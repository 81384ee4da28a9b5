# SPDX-License-Identifier: MIT
"""The start-up sequences of examples/startup, as processes on real databases: that they work, how they fail, and what they say then."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Dict, Iterator, List, Optional

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples/startup"
sys.path.insert(0, str(ROOT / "tests/lifespans"))

import run as lifespans  # noqa: E402

SERVER = os.environ.get("MIGRATE_TEST_POSTGRESQL", "")
MIGRATECTL = lifespans.find_migratectl() or "migratectl"
USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text);\n-- ROLLBACK: DROP TABLE users;\n"
FAQS = "CREATE TABLE faqs (id integer PRIMARY KEY, question text);\nINSERT INTO faqs VALUES (1, 'why'), (2, 'how');\n-- ROLLBACK: DROP TABLE faqs;\n"
BROKEN = "CREATE TABLE half (id integer);\nINSERT INTO absent VALUES (1);\n"


class Data:
    """A database of a test's own, on either engine."""

    def __init__(self, url: str, file: Optional[Path] = None) -> None:
        self.url, self.file = url, file

    def rows(self, sql: str) -> List[str]:
        if self.file is None:
            return lifespans.Database.psql(self.url, sql)
        done = subprocess.run(["sqlite3", str(self.file), sql], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.splitlines()

    def tables(self) -> List[str]:
        catalog = "pg_tables WHERE schemaname = 'public' AND tablename" if self.file is None else "sqlite_schema WHERE type = 'table' AND tbl_name"
        column = catalog.rsplit(" ", 1)[1]
        return sorted(row for row in self.rows(f"SELECT {column} FROM {catalog} NOT LIKE 'libmigrate%'"))


@pytest.fixture
def postgresql() -> Iterator[Data]:
    if not SERVER:
        pytest.skip("MIGRATE_TEST_POSTGRESQL is not set")
    made = lifespans.Database(SERVER, "startup_" + uuid.uuid4().hex)
    yield Data(made.url)
    made.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Data:
    if request.param == "sqlite":
        return Data(f"sqlite:{tmp_path}/app.db", tmp_path / "app.db")
    found: Data = request.getfixturevalue("postgresql")
    return found


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001_users.sql").write_text(USERS)
    (folder / "002_faqs.sql").write_text(FAQS)
    return folder


def environment(url: str, migrations: Path, **more: str) -> Dict[str, str]:
    path = f"{Path(MIGRATECTL).parent}:{os.environ['PATH']}"
    return {**os.environ, "DATABASE_URL": url, "MIGRATIONS_DIR": str(migrations), "PATH": path, **more}


def ran(folder: Path, env: Dict[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)


# 1. migrations, reconcile, create-missing, pool


class Uvicorn:
    def __init__(self, folder: Path, env: Dict[str, str], workers: int) -> None:
        self.port = lifespans.free_port()
        self.output = folder / f"uvicorn.{self.port}"
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", str(self.port), "--workers", str(workers), "lifespan:app"]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output)

    def said(self) -> str:
        return self.output.read_text()

    def visits(self) -> int:
        end = time.monotonic() + 40
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                    return int(json.load(answer)["visits"])
            except (OSError, urllib.error.URLError):
                assert self.process.poll() is None and time.monotonic() < end, self.said()
                time.sleep(0.1)

    def started(self, workers: int) -> None:
        lifespans.until(lambda: self.said().count("Application startup complete") == workers, 40, self.said)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    file = tmp_path / "declared.sql"
    file.write_text("CREATE TABLE users (id integer PRIMARY KEY, name text, mail text);\nCREATE INDEX users_mail ON users (mail);\n" + FAQS.split("\n")[0])
    return file


def test_lifespan(postgresql: Data, migrations: Path, tmp_path: Path, declared: Path) -> None:
    env = environment(postgresql.url, migrations, DECLARED=str(declared))
    server = Uvicorn(tmp_path, env, 4)
    try:
        assert server.visits() == 1
        server.started(4)
        assert server.visits() == 2
    finally:
        server.stop()
    # whichever worker came first: each once
    history = "SELECT module || ':' || event || ':' || coalesce(id, '') FROM libmigrate_history ORDER BY module, seq"
    assert [row for row in postgresql.rows(history) if ":applied:" in row] == [":applied:001_users", ":applied:002_faqs"], server.said()
    # The models' table is new to a worker that looked for what is declared before it: that one looks again, and notes it.
    assert {row.rsplit(":", 1)[0] for row in postgresql.rows(history) if "reconciled" in row} == {":reconciled", "models:reconciled"}
    assert postgresql.tables() == ["faqs", "users", "visits"]
    # somebody loses an index, and the table of the models: the next start brings both back, and nothing else
    postgresql.rows("DROP INDEX users_mail; DROP TABLE visits; INSERT INTO users VALUES (1, 'ann', 'a@b')")
    server = Uvicorn(tmp_path, env, 1)
    try:
        assert server.visits() == 1
    finally:
        server.stop()
    assert postgresql.rows("SELECT count(*) FROM pg_indexes WHERE indexname = 'users_mail'") == ["1"]
    assert postgresql.rows("SELECT mail FROM users") == ["a@b"]


def test_lifespan_ends_where_it_fails(postgresql: Data, migrations: Path, tmp_path: Path, declared: Path) -> None:
    (migrations / "003_bad.sql").write_text(BROKEN)
    server = Uvicorn(tmp_path, environment(postgresql.url, migrations, DECLARED=str(declared)), 1)
    assert server.process.wait(40) == 3, server.said()
    assert "003_bad.sql:2:13" in server.said() and 'relation "absent" does not exist' in server.said()
    assert postgresql.tables() == ["faqs", "users"]  # neither half nor visits: the steps behind it were not reached
    assert postgresql.rows("SELECT count(*) FROM pg_indexes WHERE indexname = 'users_mail'") == ["0"]


# 2. a container


class Late:
    """A server that is not there yet: its port, behind which the real one answers from a certain time on."""

    def __init__(self, seconds: float) -> None:
        self.port = lifespans.free_port()
        self.real = urllib.parse.urlsplit(SERVER)
        self.seconds = seconds
        threading.Thread(target=self.serve, daemon=True).start()

    def url(self, name: str) -> str:
        return urllib.parse.urlunsplit(self.real._replace(netloc=f"{self.real.username}@127.0.0.1:{self.port}", path="/" + name))

    def serve(self) -> None:
        time.sleep(self.seconds)
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            while True:
                client, _ = listener.accept()
                real = socket.create_connection((self.real.hostname or "127.0.0.1", self.real.port or 5432))
                for one, other in ((client, real), (real, client)):
                    threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    @staticmethod
    def carry(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def test_container_waits_migrates_and_becomes_the_server(postgresql: Data, migrations: Path, tmp_path: Path) -> None:
    late = Late(2)
    env = environment(late.url(postgresql.url.rsplit("/", 1)[1]), migrations)
    command = [str(EXAMPLES / "entrypoint.sh"), "sh", "-c", "echo serving as $$; exec sleep 60"]
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"serving as {process.pid}\n"  # the same process: it gets the signals
        assert time.monotonic() - begun > 2
        assert postgresql.tables() == ["faqs", "users"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM
    finally:
        process.kill()


def test_container_that_must_not_serve(postgresql: Data, migrations: Path, tmp_path: Path) -> None:
    entry = [str(EXAMPLES / "entrypoint.sh"), "touch", str(tmp_path / "served")]
    nobody = environment(f"postgresql://postgres@127.0.0.1:{lifespans.free_port()}/app", migrations, MIGRATE_WAIT_TIMEOUT="1s")
    done = ran(tmp_path, nobody, *entry)
    assert done.returncode == 5 and "waited 1s" in done.stderr, done.stderr
    begun = time.monotonic()
    done = ran(tmp_path, environment(postgresql.url + "_absent", migrations), *entry)
    assert done.returncode != 0 and "_absent" in done.stderr and time.monotonic() - begun < 10, done.stderr
    (migrations / "003_bad.sql").write_text(BROKEN)
    done = ran(tmp_path, environment(postgresql.url, migrations), *entry)
    assert done.returncode == 1 and "003_bad.sql:2:13" in done.stderr, done.stderr
    assert not (tmp_path / "served").exists()


def test_container_that_is_stopped(postgresql: Data, migrations: Path, tmp_path: Path) -> None:
    (migrations / "003_slow.sql").write_text("CREATE TABLE half (id integer);\nSELECT pg_sleep(60);\n")
    entry = [str(EXAMPLES / "entrypoint.sh"), "touch", str(tmp_path / "served")]
    process = subprocess.Popen(entry, cwd=tmp_path, env=environment(postgresql.url, migrations), stderr=subprocess.PIPE, text=True)
    try:
        asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        lifespans.until(lambda: postgresql.rows(asleep), 20, lambda: "it does not migrate")
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 143
        lifespans.until(lambda: not postgresql.rows(asleep), 5, lambda: "the migration runs on")
    finally:
        process.kill()
        process.communicate()
    assert postgresql.tables() == ["faqs", "users"] and not (tmp_path / "served").exists()


# 3. by hand


def test_by_hand(data: Data, migrations: Path, tmp_path: Path) -> None:
    (migrations / "003_search.sqlite.sql").write_text("CREATE TABLE search_sqlite (id integer);\n-- ROLLBACK: DROP TABLE search_sqlite;\n")
    (migrations / "003_search.postgresql.sql").write_text("CREATE TABLE search_pg (id serial);\n-- ROLLBACK: DROP TABLE search_pg;\n")
    env = environment(data.url, migrations)
    engine = "sqlite" if data.file else "postgresql"

    def by_hand(*words: str) -> "subprocess.CompletedProcess[str]":
        return ran(tmp_path, env, sys.executable, str(EXAMPLES / "by_hand.py"), *words)

    done = by_hand()
    assert done.returncode == 1 and f"database ({engine}): pending, at nothing, 3 pending" in done.stdout
    assert f"python {EXAMPLES}/by_hand.py upgrade" in done.stdout and "starts" not in done.stdout
    assert not data.file or not data.file.exists()  # a look makes no file
    assert by_hand("upgrade", "002").stdout == "applied: 001_users 002_faqs\n"
    assert by_hand("upgrade").stdout == "applied: 003_search\n"
    assert data.tables() == ["faqs", "search_sqlite" if data.file else "search_pg", "users"]
    done = by_hand()
    assert done.returncode == 0 and "the application starts" in done.stdout and "current, at 003_search, 0 pending" in done.stdout
    assert by_hand("downgrade").stdout == "rolled back: 003_search\n"
    assert by_hand("downgrade", "001").stdout == "rolled back: 002_faqs\n" and data.tables() == ["users"]
    assert by_hand().returncode == 1


def test_by_hand_tells_what_is_wrong(data: Data, migrations: Path, tmp_path: Path) -> None:
    (migrations / "003_bad.sql").write_text(BROKEN)
    env = environment(data.url, migrations)
    done = ran(tmp_path, env, sys.executable, str(EXAMPLES / "by_hand.py"), "upgrade")
    assert done.returncode == 1 and "003_bad.sql:2" in done.stderr and "absent" in done.stderr and done.stdout == ""
    assert data.tables() == ["faqs", "users"]
    done = ran(tmp_path, env, sys.executable, str(EXAMPLES / "by_hand.py"), "upgrade", "009")
    assert done.returncode == 1 and "009" in done.stderr and "Traceback" not in done.stderr


# 4. validate, back up, dry-run, run, verify


def deploy(data: Data, migrations: Path, tmp_path: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    env = environment("", migrations, MIGRATE_URL=data.url, MIGRATE_DIR=str(migrations), **more)
    return ran(tmp_path, env, str(EXAMPLES / "deploy.sh"))


def backups(data: Data, tmp_path: Path) -> List[Path]:
    return [*tmp_path.glob("*.bak"), *tmp_path.glob("backups/*")]


def steps(done: "subprocess.CompletedProcess[str]") -> List[str]:
    return [line[3:] for line in done.stdout.splitlines() if line.startswith("== ")]


def test_deploy(data: Data, migrations: Path, tmp_path: Path) -> None:
    assert ran(tmp_path, environment(data.url, migrations), MIGRATECTL, "up", "1", "--dir", str(migrations)).returncode == 0
    done = deploy(data, migrations, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert steps(done) == ["validate", "back up", "dry-run", "run", "verify", "done"]
    assert data.tables() == ["faqs", "users"] and len(backups(data, tmp_path)) == 1
    done = deploy(data, migrations, tmp_path)  # nothing to do
    assert done.returncode == 0 and steps(done)[-1] == "done", done.stdout + done.stderr


def test_deploy_ends_at_the_step_that_fails(data: Data, migrations: Path, tmp_path: Path) -> None:
    env = environment(data.url, migrations)
    assert ran(tmp_path, env, MIGRATECTL, "up", "--dir", str(migrations), "--fingerprint", "on").returncode == 0
    bad = migrations / "003_bad.sql"
    bad.write_text(BROKEN)  # it never runs
    done = deploy(data, migrations, tmp_path)
    assert done.returncode == 3 and steps(done) == ["validate"] and "003_bad.sql" in done.stdout + done.stderr
    assert not backups(data, tmp_path)
    bad.write_text("CREATE TABLE more (id integer);\n-- ROLLBACK: DROP TABLE users;\n")  # its rollback leads elsewhere
    done = deploy(data, migrations, tmp_path)
    assert done.returncode == 3 and steps(done) == ["validate"] and "validate: failed with 3" in done.stderr
    # only the rows that are there forbid it
    bad.write_text("CREATE UNIQUE INDEX faqs_one ON faqs ((id / 10));\n-- ROLLBACK: DROP INDEX faqs_one;\n")
    done = deploy(data, migrations, tmp_path)
    assert done.returncode != 0 and steps(done) in (["validate"], ["validate", "back up", "dry-run"]) and "faqs_one" in done.stdout + done.stderr
    assert data.tables() == ["faqs", "users"]
    # what somebody does by hand in the same minute
    bad.write_text("CREATE TABLE more (id integer);\n-- ROLLBACK: DROP TABLE more;\n")
    assert deploy(data, migrations, tmp_path).returncode == 0
    data.rows("ALTER TABLE users ADD COLUMN by_hand text")
    done = deploy(data, migrations, tmp_path)
    assert done.returncode == 3 and steps(done)[-1] == "verify" and "by_hand" in done.stdout, done.stdout + done.stderr


# 5. the runner


def runner(url: str, migrations: Path, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "sqlite":
        url = "sqlite:///" + parts.path
    else:
        user = f"{parts.username}:secret-word@{parts.hostname}:{parts.port}"
        url = urllib.parse.urlunsplit(parts._replace(scheme="postgresql+psycopg", netloc=user))
    return ran(tmp_path, environment(url, migrations, PROTECTED="faqs,users"), sys.executable, str(EXAMPLES / "runner.py"))


def test_runner(data: Data, migrations: Path, tmp_path: Path) -> None:
    done = runner(data.url, migrations, tmp_path)
    lines = [line.split("] ", 1)[1] for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout + done.stderr
    assert lines[0].startswith("database ") and (data.file or ":***@" in lines[0])
    assert lines[1] == "rows before: nothing is there" and lines[-2:] == ["rows after: {'faqs': 2, 'users': 0}", "done, at 002_faqs: 2 steps"]
    assert "applying 001_users" in lines and "002_faqs applied" in lines
    assert "secret-word" not in done.stdout + done.stderr
    done = runner(data.url, migrations, tmp_path)
    assert done.returncode == 0 and "rows before: {'faqs': 2, 'users': 0}" in done.stdout and "done, at 002_faqs: 0 steps" in done.stdout


def test_runner_by_the_schema_file(data: Data, migrations: Path, tmp_path: Path) -> None:
    both = (USERS + FAQS).replace("-- ROLLBACK", "-- not")
    (migrations / "schema.sql").write_text("-- migrate: stands-for 002_faqs\n" + both)
    done = runner(data.url, migrations, tmp_path)
    assert done.returncode == 0 and "rows after: {'faqs': 2, 'users': 0}" in done.stdout, done.stdout + done.stderr
    assert data.tables() == ["faqs", "users"]
    assert data.rows("SELECT DISTINCT event FROM libmigrate_history") == ["baselined"]


def test_runner_that_fails(data: Data, migrations: Path, tmp_path: Path) -> None:
    assert runner(data.url, migrations, tmp_path).returncode == 0
    (migrations / "003_tidy.sql").write_text("DELETE FROM faqs WHERE id > 1;\n")
    done = runner(data.url, migrations, tmp_path)
    assert done.returncode == 1 and "had 2 before" in done.stdout and "rows after" not in done.stdout
    assert data.rows("SELECT count(*) FROM faqs") == ["2"]
    (migrations / "003_tidy.sql").write_text(BROKEN)
    done = runner(data.url, migrations, tmp_path)
    assert done.returncode == 1 and "003_tidy.sql:2" in done.stdout and "absent" in done.stdout
    assert "Traceback" not in done.stderr and "secret-word" not in done.stdout + done.stderr
    assert data.tables() == ["faqs", "users"]
