# SPDX-License-Identifier: MIT
"""The same for asyncio: each call runs in a worker thread, and a task that is cancelled cancels it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from typing import TYPE_CHECKING, Any, Callable, List, Optional, TypeVar, Union

from . import results
from .aiodrivers import AsyncHost
from .migrator import BackupJob, Migrator, OnEvent, Plan, Schema, startup
from .sources import Migrations
from .tokens import CancelToken

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .options import Options

T = TypeVar("T")


async def in_thread(cancel: Callable[[], None], function: Callable[[], T]) -> T:
    """Waits for the thread in any case: when this ends, nothing of it runs any more."""
    work = asyncio.ensure_future(asyncio.get_running_loop().run_in_executor(None, function))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            try:
                cancel()  # again and again: the thread may not have come to its call yet
                await asyncio.wait([work], timeout=0.1)
            except asyncio.CancelledError:  # once more: it is on its way
                continue
        if not work.cancelled():
            work.exception()  # seen
        raise


def _in_loop(on_event: Optional[OnEvent]) -> Optional[OnEvent]:
    """The callback belongs into the event loop, where the rest of the application runs; what it returns is not waited for."""
    if on_event is None:
        return None
    if inspect.iscoroutinefunction(on_event):
        raise TypeError("on_event must not be asynchronous: let it create a task")
    loop = asyncio.get_running_loop()

    def hand_over(event: results.Event) -> None:
        loop.call_soon_threadsafe(on_event, event)

    return hand_over


async def startup_async(
    url: Union[str, "os.PathLike[str]", None] = None,
    *,
    connection: Any = None,
    dir: Any = None,
    migrations: Optional[Migrations] = None,
    schema: Optional[Schema] = None,
    environment: bool = False,
    on_event: Optional[OnEvent] = None,
    on_backup: Optional[Callable[[BackupJob], Any]] = None,
    token: Optional[CancelToken] = None,
    **options: "Unpack[Options]",
) -> results.Report:
    """As startup(). Cancelling the task ends what runs in the database, rolls it back, and then raises CancelledError."""
    own = CancelToken()
    host = AsyncHost.around(connection)
    if host is not None:
        host.loop = asyncio.get_running_loop()
    if token is not None:
        token._add(own._tell)
    try:
        return await in_thread(
            own.cancel,
            functools.partial(
                startup, url, connection=host or connection, dir=dir, migrations=migrations, schema=schema, environment=environment,
                on_event=_in_loop(on_event), on_backup=on_backup, token=own, **options,
            ),
        )
    finally:
        if token is not None:
            token._remove(own._tell)


class AsyncMigrator:
    """Migrator with await. connection: those of Migrator, and asynchronous ones of the running loop. One of sqlite3 needs check_same_thread=False, as a worker thread uses it. on_event is called in the
    event loop, and cannot cancel; cancel the task, or use a token."""

    def __init__(
        self,
        url: Union[str, "os.PathLike[str]", None] = None,
        *,
        connection: Any = None,
        dir: Any = None,
        migrations: Optional[Migrations] = None,
        schema: Optional[Schema] = None,
        environment: bool = False,
        on_event: Optional[OnEvent] = None,
        on_backup: Optional[Callable[[BackupJob], Any]] = None,
        token: Optional[CancelToken] = None,
        **options: "Unpack[Options]",
    ) -> None:
        self._host = AsyncHost.around(connection)
        self._migrator = Migrator(
            url, connection=self._host or connection, dir=dir, migrations=migrations, schema=schema, environment=environment,
            on_backup=on_backup, token=token, **options,
        )
        self._on_event = on_event

    async def _do(self, function: Callable[..., T], *arguments: Any) -> T:
        if self._on_event is not None and self._migrator.on_event is None:
            self._migrator.on_event = _in_loop(self._on_event)
        if self._host is not None:
            self._host.loop = asyncio.get_running_loop()
        return await in_thread(self._migrator.cancel, functools.partial(function, *arguments))

    async def __aenter__(self) -> "Self":
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.close()

    async def open(self) -> "Self":
        await self._do(self._migrator.open)
        return self

    async def close(self) -> None:
        await self._do(self._migrator.close)

    def cancel(self) -> None:
        self._migrator.cancel()

    def stop(self) -> None:
        self._migrator.stop()

    async def plan(self, target: Optional[str] = None) -> Plan:
        return await self._do(self._migrator.plan, target)

    async def apply(self, plan: Union[Plan, str, None] = None) -> results.Report:
        return await self._do(self._migrator.apply, plan)

    async def rollback(self, target: Optional[str] = None) -> results.Report:
        return await self._do(self._migrator.rollback, target)

    async def startup(self) -> results.Report:
        return await self._do(self._migrator.startup)

    async def status(self) -> results.Status:
        return await self._do(self._migrator.status)

    async def history(self) -> List[results.HistoryEvent]:
        return await self._do(self._migrator.history)

    async def snapshot(self) -> results.Snapshot:
        return await self._do(self._migrator.snapshot)

    async def verify(self, target: Optional[str] = None) -> results.Verification:
        return await self._do(self._migrator.verify, target)

    async def rehearse(self, plan: Optional[Plan] = None) -> results.Rehearsal:
        return await self._do(self._migrator.rehearse, plan)

    async def diff(self) -> results.Drift:
        return await self._do(self._migrator.diff)

    async def generate(self, to: Optional[str] = None) -> results.Generated:
        return await self._do(self._migrator.generate, to)

    async def generate_down(self, id: str) -> results.GeneratedDown:
        return await self._do(self._migrator.generate_down, id)

    async def reconcile(self, mode: str = "report") -> results.Reconciliation:
        return await self._do(self._migrator.reconcile, mode)

    async def check(self, depth: Optional[str] = None) -> results.Check:
        return await self._do(self._migrator.check, depth)

    async def check_against(self, dir: str, base: Optional[str] = None) -> results.Check:
        return await self._do(self._migrator.check_against, dir, base)

    async def graph(self, of: Optional[str] = None, at: Optional[str] = None) -> results.Graph:
        return await self._do(self._migrator.graph, of, at)

    async def backup(self) -> results.Backup:
        return await self._do(self._migrator.backup)

    async def backups(self) -> List[results.Backup]:
        return await self._do(self._migrator.backups)

    async def restore(self, file: Union[str, "os.PathLike[str]", None] = None) -> results.Report:
        return await self._do(self._migrator.restore, file)

    async def protect(self, on: bool = True, reason: Optional[str] = None) -> results.Report:
        return await self._do(self._migrator.protect, on, reason)

    async def mark(self, as_: str, id: Optional[str] = None, reason: Optional[str] = None) -> results.Report:
        return await self._do(self._migrator.mark, as_, id, reason)

    async def baseline(self, target: Optional[str] = None, reason: Optional[str] = None) -> results.Report:
        return await self._do(self._migrator.baseline, target, reason)

    async def baseline_from_table(self, table: str, column: str, reason: Optional[str] = None) -> results.Report:
        return await self._do(self._migrator.baseline_from_table, table, column, reason)
