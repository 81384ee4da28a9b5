# SPDX-License-Identifier: MIT
"""A start-up below uvicorn and gunicorn hears what they know. (tests/lifespans.sh runs the real ones through whole lives.)"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from conftest import Database, slow

import libmigrate


class Server:
    """What both have: methods that handle signals, and notes of what they were told."""

    started = False
    should_exit = False

    def handle_exit(self, number: int, frame: Any) -> None:
        self.should_exit = True


@pytest.fixture
def handles() -> Iterator[Callable[[Any], Any]]:
    before = signal.getsignal(signal.SIGTERM)
    yield lambda server: signal.signal(signal.SIGTERM, server.handle_exit)
    signal.signal(signal.SIGTERM, before)


def of(module: str) -> Any:
    return type("Server", (Server,), {"__module__": module})()


def test_sigterm_cancels_the_start(database: Database, migrations: Path, handles: Callable[[Any], Any]) -> None:
    (migrations / "003_slow.sql").write_text("CREATE TABLE half (id integer);\n" + slow(database.engine))
    server = of("uvicorn.server")
    handles(server)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    begun = time.monotonic()
    with pytest.raises(libmigrate.CancelledError):
        libmigrate.startup(database.url, dir=migrations)
    assert time.monotonic() - begun < 5
    assert database.tables() == ["orders", "users"]


def test_only_while_the_server_starts(database: Database, migrations: Path, handles: Callable[[Any], Any]) -> None:
    for server in (of("uvicorn.server"), of("somebody.elses")):
        server.should_exit = True
        server.started = server.__class__.__module__ == "uvicorn.server"
        handles(server)
        libmigrate.startup(database.url, dir=migrations)


def test_events_reach_the_application(database: Database, migrations: Path, handles: Callable[[Any], Any]) -> None:
    handles(of("gunicorn.workers.base"))
    seen = []
    libmigrate.startup(database.url, dir=migrations, on_event=lambda event: seen.append(event.name))
    assert "applied" in seen
    with pytest.raises(libmigrate.CancelledError):
        (migrations / "003_more.sql").write_text("CREATE TABLE more (id integer);")
        libmigrate.startup(database.url, dir=migrations, on_event=lambda event: event.name == "step")
