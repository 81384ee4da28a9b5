# SPDX-License-Identifier: MIT
"""FastAPI and Starlette: the lifespan in the application's process, and under uvicorn with four workers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, AsyncIterator, Iterator, List

import pytest
from conftest import Database, slow

import libmigrate
import libmigrate.asgi

fastapi = pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

APPLICATION = """
import contextlib, os
from fastapi import FastAPI, Request, Response
import libmigrate, libmigrate.asgi

URL, DIR = os.environ["URL"], os.environ["DIR"]

@contextlib.asynccontextmanager
async def mine(app):
    yield {"mine": "yes"}

app = FastAPI(lifespan=libmigrate.asgi.lifespan(URL, dir=DIR, then=mine))
check = libmigrate.asgi.readiness(URL, dir=DIR)

@app.get("/")
async def root(request: Request):
    report = request.app.state.migrate_report
    return {"pid": os.getpid(), "applied": list(report.applied), "mine": request.state.mine}

@app.get("/ready")
async def ready():
    good, why = await check()
    return Response(why, 200 if good else 503)
"""


def test_in_process(database: Database, migrations: Path) -> None:
    from fastapi.testclient import TestClient

    order: List[str] = []

    @contextlib.asynccontextmanager
    async def mine(app: Any) -> AsyncIterator[Any]:
        order.extend(database.tables())
        yield {"mine": 1}
        order.append("end")

    app = fastapi.FastAPI(lifespan=libmigrate.asgi.lifespan(database.url, dir=migrations, then=mine))
    with TestClient(app) as client:
        assert client.get("/nothing").status_code == 404
        assert app.state.migrate_report.applied == ("001_users", "002_orders")
    assert order == ["orders", "users", "end"]
    plain = fastapi.FastAPI(lifespan=libmigrate.asgi.lifespan(database.url, dir=migrations, mode="check"))
    with TestClient(plain):
        assert not plain.state.migrate_report.changed


def test_failures_reach_the_server(database: Database, migrations: Path) -> None:
    from fastapi.testclient import TestClient

    app = fastapi.FastAPI(lifespan=libmigrate.asgi.lifespan(database.url, dir=migrations, mode="check"))
    with pytest.raises(libmigrate.MigrationsPending):
        with TestClient(app):
            pass


def test_readiness(database: Database, migrations: Path) -> None:
    check = libmigrate.asgi.readiness(database.url, dir=migrations)
    assert asyncio.run(check())[0] is False
    libmigrate.startup(database.url, dir=migrations)
    assert asyncio.run(check()) == (True, "current")
    (migrations / "003_new.sql").write_text("CREATE TABLE new (id integer);")
    libmigrate.startup(database.url, dir=migrations)
    (migrations / "003_new.sql").unlink()  # this is the old build
    assert asyncio.run(check())[0] is (database.engine == "postgresql")


class Server:
    """uvicorn, as one starts it."""

    def __init__(self, folder: Path, database: Database, migrations: Path, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "application.py").write_text(APPLICATION)
        self.output = open(folder / "output", "w+")
        command = [sys.executable, "-m", "uvicorn", "application:app", "--port", str(self.port), "--workers", str(workers), "--lifespan", "on"]
        environment = {**os.environ, "URL": database.url, "DIR": str(migrations)}
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=self.output, stderr=subprocess.STDOUT)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def wait(self) -> None:
        end = time.monotonic() + 30
        while True:
            try:
                self.get("/")
                return
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, self.said()
                time.sleep(0.1)

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        finally:
            self.process.kill()


@pytest.fixture
def servers() -> Iterator[List[Server]]:
    made: List[Server] = []
    yield made
    for server in made:
        server.stop()
        server.output.close()


def test_four_workers(postgresql: Database, migrations: Path, tmp_path: Path, servers: List[Server]) -> None:
    server = Server(tmp_path, postgresql, migrations, 4)
    servers.append(server)
    server.wait()
    end = time.monotonic() + 20
    while server.said().count("Application startup complete") < 4:
        assert time.monotonic() < end, server.said()
        time.sleep(0.1)
    assert '"mine":"yes"' in server.get("/") and server.get("/ready") == "current"
    # each of the two was applied once, by whichever worker came first
    assert postgresql.query("SELECT event, count(*) FROM libmigrate_history GROUP BY event") == [("applied", 2)]
    assert postgresql.tables() == ["orders", "users"]
    # a newer build migrates: the old process stays green
    (migrations / "003_new.sql").write_text("CREATE TABLE new (id integer);")
    libmigrate.startup(postgresql.url, dir=migrations)
    (migrations / "003_new.sql").unlink()
    assert server.get("/ready") == "current"
    server.stop()


def test_a_broken_migration_ends_the_start(postgresql: Database, migrations: Path, tmp_path: Path, servers: List[Server]) -> None:
    (migrations / "003_bad.sql").write_text("INSERT INTO absent VALUES (1);")
    server = Server(tmp_path, postgresql, migrations, 1)
    servers.append(server)
    assert server.process.wait(30) == 3  # uvicorn's code for a start-up that failed
    assert "003_bad.sql:1:13" in server.said() and "absent" in server.said()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_while_it_migrates(
    postgresql: Database, migrations: Path, tmp_path: Path, servers: List[Server], number: signal.Signals
) -> None:
    """uvicorn alone would wait for the lifespan whatever SIGTERM says, until somebody loses patience: nothing half-done stays either way."""
    asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    (migrations / "003_slow.sql").write_text("CREATE TABLE half (id integer);\n" + slow("postgresql"))
    server = Server(tmp_path, postgresql, migrations, 1)
    servers.append(server)
    end = time.monotonic() + 30
    while not postgresql.query(asleep):
        assert time.monotonic() < end, server.said()
        time.sleep(0.1)
    server.process.send_signal(number)
    assert server.process.wait(10) == (3 if number == signal.SIGTERM else -number)
    end = time.monotonic() + 10
    while postgresql.query(asleep):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert "half" not in postgresql.tables()
    (migrations / "003_slow.sql").unlink()
    assert not libmigrate.startup(postgresql.url, dir=migrations).changed
