# SPDX-License-Identifier: MIT
"""Code as users write it, for mypy --strict: it has to pass, and each `type: ignore` has to be needed. It is run, too."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, AsyncContextManager, Callable, List, Optional, Tuple

from typing_extensions import assert_type

import libmigrate
from libmigrate import AsyncMigrator, CancelToken, Connection, Event, Migration, MigrateError, Migrator, Options, Plan, Report, Run, Status, asgi, startup


def fill(connection: Connection) -> None:
    connection.execute("INSERT INTO users VALUES (1, " + connection.quote("it's") + ")")
    assert_type(connection.query("SELECT name FROM users")[0]["name"], Optional[str])


def note(event: Event) -> Optional[bool]:
    return event.level == "error"


def synchronous(url: str, folder: Path) -> None:
    migrations = [Migration("002_fill", fill, version="1")]
    options: Options = {"wait_timeout": timedelta(seconds=5), "mode": "apply", "backup": "off", "fingerprint": True}
    report = startup(url, dir=folder, migrations=migrations, on_event=note, token=CancelToken(), **options)
    assert_type(report, Report)
    assert_type(report.applied, Tuple[str, ...])
    with Migrator(url, dir=folder, migrations=migrations, backup="off") as migrator:
        assert_type(migrator, Migrator)
        plan = migrator.plan()
        assert_type(plan, Plan)
        assert_type([step.id for step in plan], List[str])
        status = migrator.status()
        assert_type(status, Status)
        assert_type(status.migrations[0].at, Optional[datetime])
        with migrator.run(plan) as run:
            assert_type(run, Run)
            while run.step():
                pass
        assert_type(run.report, Optional[Report])
    with Migrator.for_files(folder, "sqlite") as files:
        assert_type(files.check().ok, bool)
    try:
        startup(url, dir=folder, mode="check")
    except libmigrate.AheadError as error:
        assert_type(error.line, Optional[int])
    except (libmigrate.RetryLater, libmigrate.MigrationsPending) as error:
        assert_type(error.hint, Optional[str])
    except MigrateError as error:
        assert_type(error.message, str)


async def asynchronous(url: str, folder: Path) -> None:
    migrations = [Migration("002_fill", fill, version="1")]
    async with AsyncMigrator(url, dir=folder, migrations=migrations, wait_timeout=5) as migrator:
        assert_type(migrator, AsyncMigrator)
        assert_type(await migrator.apply(await migrator.plan()), Report)
    assert_type(await libmigrate.startup_async(url, dir=folder, migrations=migrations, run_deadline="1min"), Report)
    hook: Callable[[Any], AsyncContextManager[Any]] = asgi.lifespan(url, dir=folder)
    assert hook is not None


def wrong(url: str) -> None:
    """What a type checker is to find."""
    startup(url, wait_timout="1s")  # type: ignore[call-arg]
    startup(url, mode="aply")  # type: ignore[arg-type]
    Migrator(url, on_ahead=True)  # type: ignore[arg-type]
    AsyncMigrator(url, backup="sometimes")  # type: ignore[arg-type]
    Migrator(url).apply(3)  # type: ignore[arg-type]
    startup(url).aplied  # type: ignore[attr-defined]
    startup(url).changed = True  # type: ignore[misc]


if __name__ == "__main__":
    synchronous(sys.argv[1], Path(sys.argv[2]))
    asyncio.run(asynchronous(sys.argv[1], Path(sys.argv[2])))
