# SPDX-License-Identifier: MIT
"""The start-up hook of ASGI applications (FastAPI, Starlette): migrations first, then the application's own lifespan."""

from __future__ import annotations

import contextlib
from typing import Any, AsyncContextManager, AsyncIterator, Callable, Optional

from .aio import startup_async
from .errors import MigrateError

Lifespan = Callable[[Any], AsyncContextManager[Any]]


def lifespan(url: Any = None, *, then: Optional[Lifespan] = None, **arguments: Any) -> Lifespan:
    """app = FastAPI(lifespan=libmigrate.asgi.lifespan("postgresql:///app", dir="migrations", then=my_lifespan))

    Arguments as of libmigrate.startup(). The report is at app.state.migrate_report. Where the migrations fail, start-up fails with the
    whole error as its message, and the server exits; `then` is not entered.
    """

    @contextlib.asynccontextmanager
    async def migrated(app: Any) -> AsyncIterator[Any]:
        report = await startup_async(url, **arguments)
        state = getattr(app, "state", None)
        if state is not None:
            state.migrate_report = report
        if then is None:
            yield None
            return
        async with then(app) as yielded:
            yield yielded

    return migrated


def readiness(url: Any = None, **arguments: Any) -> Callable[[], Any]:
    """A readiness check: ready, why = await check(). True where the schema is equal to the program's, or compatibly ahead of it.

    It only looks (mode check), and opens a connection each time: ask it every few seconds.
    """
    arguments = {"wait_timeout": "2s", **arguments, "mode": "check"}

    async def check() -> "tuple[bool, str]":
        try:
            await startup_async(url, **arguments)
        except MigrateError as error:
            return False, error.message
        return True, "current"

    return check
