# SPDX-License-Identifier: MIT
"""Ending early: from another thread, by a token, by Ctrl-C, by asyncio; and what stays is usable."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from conftest import LIMIT, Database, slow

import libmigrate
from libmigrate import AsyncMigrator, CancelToken, Migrator


@pytest.fixture(autouse=True)
def control_c() -> Iterator[None]:
    """A shell's background jobs ignore SIGINT, and so would Python."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def later(function: Callable[[], Any], after: float = 0.4) -> List[float]:
    """Calls it soon, from a thread; when it did is in the list."""
    at: List[float] = []

    def run() -> None:
        time.sleep(after)
        at.append(time.monotonic())
        function()

    threading.Thread(target=run).start()
    return at


def source(database: Database) -> Any:
    return {"001_fine.sql": "CREATE TABLE fine (id integer);", "002_slow.sql": "CREATE TABLE half (id integer);\n" + slow(database.engine)}


def test_from_another_thread(database: Database) -> None:
    with Migrator(database.url, migrations=source(database)) as migrator:
        at = later(migrator.cancel)
        with pytest.raises(libmigrate.CancelledError) as caught:
            migrator.apply()
        assert time.monotonic() - at[0] < LIMIT
        assert isinstance(caught.value, libmigrate.Cancelled)
        assert "half" not in database.tables()
        assert migrator.status().pending >= 1  # usable again


def test_by_a_token(database: Database) -> None:
    token = CancelToken()
    at = later(token.cancel)
    with pytest.raises(libmigrate.CancelledError):
        libmigrate.startup(database.url, migrations=source(database), token=token)
    assert time.monotonic() - at[0] < LIMIT and token.cancelled
    with pytest.raises(libmigrate.CancelledError):  # a token stays what it is
        libmigrate.startup(database.url, migrations=source(database), token=token)


def test_stop_at_a_safe_point(database: Database) -> None:
    def stop(event: libmigrate.Event) -> None:
        if event.name == "step":
            migrator.stop()

    texts = {f"00{n}_t.sql": f"CREATE TABLE t{n} (id integer);" for n in range(1, 4)}
    with Migrator(database.url, migrations=texts, on_event=stop) as migrator:
        report = migrator.apply()
        assert report.stopped and report.applied == ("001_t",)
        migrator.on_event = None
        assert migrator.apply().applied == ("002_t", "003_t")
    with pytest.raises(libmigrate.RunStopped):
        token = CancelToken()
        more = {**texts, "004_t.sql": "CREATE TABLE t4 (id integer);", "005_t.sql": "CREATE TABLE t5 (id integer);"}
        libmigrate.startup(database.url, migrations=more, token=token, on_event=lambda e: token.stop() if e.name == "step" else None)


def test_control_c(database: Database) -> None:
    with Migrator(database.url, migrations=source(database)) as migrator:
        at = later(lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            migrator.apply()
        assert time.monotonic() - at[0] < LIMIT
        assert "half" not in database.tables() and migrator.status().pending >= 1


def test_control_c_in_a_callback(database: Database) -> None:
    def interrupt(event: libmigrate.Event) -> None:
        assert threading.current_thread() is threading.main_thread()
        if event.name == "step":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

    with Migrator(database.url, migrations={"001_a.sql": "CREATE TABLE a (id integer);"}, on_event=interrupt) as migrator:
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            migrator.apply()
        assert time.monotonic() - started < 2 and database.tables() == []


def test_a_signal_handler_that_raises(database: Database) -> None:
    def terminate(number: int, frame: Any) -> None:
        raise SystemExit(143)

    former = signal.signal(signal.SIGTERM, terminate)
    try:
        at = later(lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(SystemExit):
            libmigrate.startup(database.url, migrations=source(database))
        assert time.monotonic() - at[0] < LIMIT and "half" not in database.tables()
    finally:
        signal.signal(signal.SIGTERM, former)


def test_while_waiting_for_the_database() -> None:
    token = CancelToken()
    at = later(token.cancel)
    with pytest.raises(libmigrate.CancelledError):
        libmigrate.startup("postgresql://127.0.0.1:1/none", migrations={}, token=token)
    assert time.monotonic() - at[0] < LIMIT


def test_asyncio(database: Database, migrations: Path) -> None:
    events: List[str] = []

    async def main() -> None:
        loop_thread = threading.get_ident()

        def note(event: libmigrate.Event) -> None:
            assert threading.get_ident() == loop_thread
            events.append(event.name)

        async with AsyncMigrator(database.url, dir=migrations, on_event=note) as migrator:
            assert (await migrator.apply(await migrator.plan())).applied == ("001_users", "002_orders")
            assert (await migrator.status()).applied == 2 and len(await migrator.history()) == 2
        await asyncio.sleep(0)
        assert not (await libmigrate.startup_async(database.url, dir=migrations)).changed

    asyncio.run(main())
    assert events.count("applied") == 2


def test_asyncio_cancel(database: Database) -> None:
    async def main() -> float:
        ticks = 0
        async with AsyncMigrator(database.url, migrations=source(database)) as migrator:
            task = asyncio.create_task(migrator.apply())
            for _ in range(20):  # the loop goes on meanwhile
                await asyncio.sleep(0.02)
                ticks += 1
            assert ticks == 20 and not task.done()
            begun = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            took = time.monotonic() - begun
            assert (await migrator.status()).pending >= 1
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(libmigrate.startup_async(database.url, migrations=source(database)), 0.3)
        task = asyncio.create_task(libmigrate.startup_async(database.url, migrations=source(database)))
        await asyncio.sleep(0)
        task.cancel()  # before it came to its call
        with pytest.raises(asyncio.CancelledError):
            await task
        return took

    assert asyncio.run(main()) < LIMIT
    assert "half" not in database.tables()


def test_close_ends_a_call_of_another_thread(database: Database) -> None:
    migrator = Migrator(database.url, migrations=source(database))
    caught: List[BaseException] = []

    def work() -> None:
        try:
            migrator.apply()
        except libmigrate.MigrateError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.4)
    begun = time.monotonic()
    migrator.close()
    assert time.monotonic() - begun < LIMIT
    thread.join(1)
    assert isinstance(caught[0], libmigrate.CancelledError) and "half" not in database.tables()


def test_close_in_a_callback(database: Database, migrations: Path) -> None:
    with Migrator(database.url, dir=migrations, on_event=lambda event: migrator.close()) as migrator:
        with pytest.raises(libmigrate.MisuseError, match="callback"):
            migrator.apply()
    assert database.tables() == []
