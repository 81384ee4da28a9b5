# SPDX-License-Identifier: MIT
"""Migrator: a database with its migrations."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import inspect
import json
import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Tuple, Type, TypeVar, Union

from . import _generated as c
from . import results
from ._native import decoded, encoded, library, pointer_out, rows_of, take_text
from ._server import watched
from .calls import Caller
from .connection import Connection
from .drivers import Driver, driver_for
from .errors import MigrateError, MigrationsPending, MisuseError, RunStopped, take_error
from .options import seconds_of, text_of
from .urls import url_text
from .sources import Migrations, is_resource, source_of
from .tokens import CancelToken
from .watching import Watch

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .options import Options

T = TypeVar("T")
log = logging.getLogger("libmigrate")
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
EVENT_VALUES = (
    "id", "name", "file", "direction", "number", "count", "duration_us", "waited_us", "statement", "code", "pid", "tables", "sessions",
    "application", "host", "since", "bytes", "total",
)
OnEvent = Callable[[results.Event], Any]
Schema = Union[str, Callable[[Connection], Any]]


class Handle:
    """What holds something of the library cannot be copied, nor sent to another process."""

    def __reduce__(self) -> "str | Tuple[Any, ...]":
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")


class BackupJob(Handle):
    """What the callback on_backup is asked for: verb is backup, verify or restore. url has the password: never put it into arguments."""

    def __init__(self, pointer: int) -> None:
        lib = library()
        self._pointer = pointer
        self.verb: str = decoded(lib.migrate_backup_job_verb(pointer)) or ""
        self.file: str = decoded(lib.migrate_backup_job_file(pointer)) or ""
        self.url: Optional[str] = decoded(lib.migrate_backup_job_url(pointer))
        self.server: Optional[str] = decoded(lib.migrate_backup_job_server(pointer))
        tables: List[str] = []
        while True:
            table = decoded(lib.migrate_backup_job_table(pointer, len(tables)))
            if table is None:
                break
            tables.append(table)
        self.tables: Tuple[str, ...] = tuple(tables)

    def cancelled(self) -> bool:
        """Ask at least ten times a second, and give up at once when it is true."""
        return bool(library().migrate_backup_job_cancelled(self._pointer))


class Plan(Handle):
    """What would run, for review; Migrator.apply(plan) runs exactly that, or raises StaleError."""

    def __init__(self, pointer: ctypes.c_void_p, kept: Any = None) -> None:
        self._pointer = pointer
        self._kept = kept  # the functions of migrations in Python: the plan may outlive its Migrator
        table = self._table("migrate_plan_rows")
        self.steps: Tuple[results.Step, ...] = results.rows(results.Step, table)
        self.from_: Optional[str] = table["from"]
        self.to: Optional[str] = table["to"]
        self.direction: Optional[str] = table["direction"]
        self.engine: Optional[str] = table["engine"]
        self.findings: Tuple[results.Finding, ...] = results.rows(results.Finding, self._table("migrate_plan_findings"))

    def _table(self, function: str) -> Dict[str, Any]:
        out, error = pointer_out(), pointer_out()
        code = getattr(library(), function)(self._pointer, ctypes.byref(out), ctypes.byref(error))
        if code < 0:
            raise take_error(error, code)
        table: Dict[str, Any] = json.loads(rows_of(out))
        return table

    def sql(self) -> str:
        """The SQL as it would be sent; psql and sqlite3 can run it."""
        out, error = pointer_out(), pointer_out()
        code = library().migrate_plan_sql(self._pointer, ctypes.byref(out), ctypes.byref(error))
        if code < 0:
            raise take_error(error, code)
        return take_text(out)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[results.Step]:
        return iter(self.steps)

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __repr__(self) -> str:
        return f"<Plan {self.direction}: {', '.join(step.id for step in self.steps) or 'nothing'}>"

    def __del__(self) -> None:
        pointer, self._pointer = getattr(self, "_pointer", None), ctypes.c_void_p()
        if pointer:
            library().migrate_plan_free(pointer)


class Run(Handle):
    """A run, pulled: each step() has committed when it returns. Use it as a context manager; `report` is there behind it."""

    def __init__(self, migrator: "Migrator", plan: Optional[Plan]) -> None:
        self._migrator = migrator
        self._pointer = pointer_out()
        self.report: Optional[results.Report] = None
        self._stopped = False
        migrator._call(
            lambda session, error: library().migrate_run_begin(
                session, plan._pointer if plan else None, ctypes.byref(self._pointer), error
            )
        )
        migrator._run = self

    def step(self) -> bool:
        """True: a step was done, call again. False: nothing was left, or the run was stopped."""
        with self._migrator._exclusive():
            if not self._pointer.value:
                raise MisuseError("the run has ended")
            code = self._migrator._invoke(lambda error: library().migrate_run_step(self._pointer, error))
        self._stopped = code == c.STOPPED
        return code == c.MORE

    def end(self) -> Optional[results.Report]:
        """Ends the run, early if steps are left. The end of the with-block does it."""
        with self._migrator._exclusive():
            return self._end()

    def _end(self) -> Optional[results.Report]:
        pointer, self._pointer = self._pointer, pointer_out()
        self._migrator._run = None
        if pointer.value:
            out = pointer_out()
            try:
                self._migrator._invoke(lambda error: library().migrate_run_end(pointer, ctypes.byref(out), error))
            finally:
                if out.value:
                    self.report = results.report(rows_of(out), self._stopped)
        return self.report

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            self.end()
        except MigrateError:
            if kind is None:
                raise


class Migrator(Handle):
    """A database with its migrations. One thread at a time; a with-block, or close(), ends it.

    url         postgresql://..., sqlite:path, whatever libpq takes
    connection  instead of it the application's own: sqlite3, psycopg, psycopg2, SQLAlchemy's Connection or Engine; with AsyncMigrator also
                asyncpg, psycopg's AsyncConnection, aiosqlite, SQLAlchemy's AsyncConnection or AsyncEngine. It stays open
    dir         the folder with the migrations, or a folder of importlib.resources.files()
    migrations  more of them in memory: {"001_users.sql": text}, or a list of Migration
    schema      the schema that the application is written for, as SQL text, or a function that makes it
    environment reads MIGRATE_* and DATABASE_URL first; what stands here as an argument counts
    on_event    gets each Event, in the calling thread; True cancels. All events go to logging.getLogger("libmigrate") as well
    on_backup   makes and reads backups of PostgreSQL (see BackupJob); raises what is wrong
    token       a CancelToken; cancel() and stop() of the Migrator do without
    options     every option of the library: wait_timeout="30s" (or seconds, or a timedelta), on_ahead="fail" ...
    """

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
        self._session = pointer_out()
        self._options = pointer_out()
        self._native_token = pointer_out()
        self._source = None
        self._driver: Optional[Driver] = None
        self._connection = connection
        self._files: Optional[Tuple[Optional[str]]] = None
        self._token = token
        self._spent = False
        self._busy = _Exclusive()
        self._token_lock = threading.RLock()  # a signal handler may come in between
        self._run: Optional[Run] = None
        self._watch: Optional[Watch] = None
        self._caller = Caller(self._cancel_native)
        self._kept: List[Any] = []
        self.on_event = on_event
        if connection is not None and url is not None:
            raise TypeError("Migrator: url or connection, not both")
        try:
            self._set_options(url, dir, environment, dict(options))
            self._set_callbacks(schema, on_backup)
            self._source = source_of(dir, migrations, self._guard_code)
            if self._source is not None:
                self._simple(lambda error: library().migrate_options_set_source(self._options, self._source.pointer, error))  # type: ignore[union-attr]
        except BaseException:
            self.close()
            raise

    @classmethod
    def for_files(cls, dir: Any = None, engine: Optional[str] = None, **arguments: Any) -> "Migrator":
        """The migrations alone, without any database, for check() and graph()."""
        migrator = cls(dir=dir, **arguments)
        migrator._files = (engine,)
        return migrator

    # Setting up

    def _simple(self, function: Callable[[Any], int]) -> None:
        error = pointer_out()
        code = function(ctypes.byref(error))
        if code < 0:
            raise take_error(error, code)

    def _set_options(self, url: Any, dir: Any, environment: bool, options: Dict[str, Any]) -> None:
        lib = library()
        self._simple(lambda error: lib.migrate_options_new(ctypes.byref(self._options), error))
        if environment:
            self._simple(lambda error: lib.migrate_options_from_environment(self._options, error))
        if url is not None:
            options["url"] = url_text(url)
        if dir is not None and not is_resource(dir):
            options["dir"] = dir
        for key, value in options.items():
            text = encoded(text_of(key, value))
            self._simple(lambda error: lib.migrate_options_set(self._options, encoded(key), text, error))

    def _set_callbacks(self, schema: Optional[Schema], on_backup: Optional[Callable[[BackupJob], Any]]) -> None:
        lib = library()
        event = c.migrate_event_fn(self._caller.guard(self._event))
        self._kept.append(event)
        lib.migrate_options_set_event(self._options, event, None)
        if schema is not None:
            text = encoded(schema) if isinstance(schema, str) else None
            make = c.migrate_declare_fn() if isinstance(schema, str) else c.migrate_declare_fn(self._guard_code(schema))
            self._kept.append(make)
            self._simple(lambda error: lib.migrate_options_set_declared(self._options, text, make, None, error))
        if on_backup is not None:
            backup = c.migrate_backup_fn(self._caller.guard(self._backup_body(on_backup)))
            self._kept.append(backup)
            lib.migrate_options_set_backup(self._options, backup, None)

    def _event(self, pointer: int, user: Any) -> int:
        lib = library()
        if self._watch is not None and lib.migrate_event_name(pointer) in (b"plan", b"step"):
            self._watch.work_begins()
        if self.on_event is None and not log.isEnabledFor(LEVELS.get(decoded(lib.migrate_event_level(pointer)) or "", logging.INFO)):
            return 0
        values: Dict[str, Any] = {}
        for key in EVENT_VALUES:
            text = decoded(lib.migrate_event_text(pointer, key.encode()))
            value: Any = text if text is not None else lib.migrate_event_int(pointer, key.encode())
            if value:
                values[key] = value
        event = results.Event(
            decoded(lib.migrate_event_name(pointer)) or "",
            decoded(lib.migrate_event_level(pointer)) or "info",
            decoded(lib.migrate_event_message(pointer)) or "",
            values,
        )
        log.log(LEVELS.get(event.level, logging.INFO), "%s", event.message, extra={"migrate_event": event})
        return 1 if self.on_event is not None and self.on_event(event) is True else 0

    def _guard_code(self, body: Callable[[Any], Any]) -> Callable[..., int]:
        def run(pointer: int, user: Any) -> int:
            connection = Connection(pointer, self._driver)
            try:
                if inspect.isawaitable(waiting := body(connection)):
                    if inspect.iscoroutine(waiting):
                        waiting.close()
                    raise TypeError("the function of a migration must not be asynchronous: it has done nothing")
            except Exception as error:
                library().migrate_connection_fail(pointer, encoded(f"{type(error).__name__}: {error}".replace("\0", " ")))
                raise
            finally:
                connection._end()
            return 0

        return self._caller.guard(run)

    def _backup_body(self, body: Callable[[BackupJob], Any]) -> Callable[..., int]:
        def run(pointer: int, user: Any) -> int:
            try:
                body(BackupJob(pointer))
            except Exception as error:
                library().migrate_backup_job_fail(pointer, encoded(f"{type(error).__name__}: {error}".replace("\0", " ")), None)
                raise
            return 0

        return self._caller.guard(run)

    # The application's own connection

    def _make_driver(self) -> ctypes.c_void_p:
        lib = library()
        self._driver = driver = driver_for(self._connection)
        pointer = pointer_out()

        def run(rows_wanted: bool, sql: bytes, length: int, result: int, user: Any) -> int:
            try:
                columns, rows, names = driver.run_watched(sql.decode("utf-8"), rows_wanted)
            except Exception as error:
                said = driver.failure(error)
                lib.migrate_result_fail(result, encoded(said.sqlstate), said.driver_code, encoded(said.message.replace("\0", " ")), said.position)
                return 1
            if columns:
                lib.migrate_result_columns(result, columns)
            for name in names:
                lib.migrate_result_name(result, encoded(name))
            for row in rows:
                for value in row:
                    lib.migrate_result_value(result, value, 0 if value is None else len(value))
            return 0

        execute, query = (c.migrate_driver_fn(self._caller.guard(functools.partial(run, rows))) for rows in (False, True))
        state = c.migrate_driver_state_fn(self._caller.guard(lambda user: int(driver.in_transaction())))
        self._simple(lambda error: lib.migrate_driver_new(driver.engine.encode(), None, ctypes.byref(pointer), error))
        self._driver_callbacks = (execute, query, state)
        for name, function in (("exec", execute), ("query", query), ("in_transaction", state)):
            lib.migrate_driver_set(pointer, name.encode(), ctypes.cast(function, ctypes.c_void_p))
        return pointer

    # Opening, closing, ending early

    def _renew_token(self) -> None:
        lib = library()
        fresh = pointer_out()
        self._simple(lambda error: lib.migrate_token_new(ctypes.byref(fresh), error))
        self._simple(lambda error: lib.migrate_options_set_token(self._options, fresh, error))
        with self._token_lock:
            former, self._native_token, self._spent = self._native_token, fresh, False
        lib.migrate_token_free(former)
        if self._token is not None:
            self._token._add(self._told)

    def _told(self, state: int) -> None:
        if state == CancelToken.CANCEL:
            self._cancel_native()
            return
        with self._token_lock:
            if self._native_token.value:
                self._spent = True
                library().migrate_token_stop(self._native_token)

    def _cancel_native(self) -> None:
        with self._token_lock:
            if not self._native_token.value:
                return
            self._spent = True
            library().migrate_token_cancel(self._native_token)
        watch = self._watch
        if watch is not None:
            watch.cancel()

    def cancel(self) -> None:
        """Ends the call that runs, from another thread: its statement is cancelled, its migration rolled back, CancelledError raised.
        Later calls work again."""
        self._cancel_native()

    def stop(self) -> None:
        """Ends the call that runs at the next safe point: Report.stopped."""
        self._told(CancelToken.STOP)

    def open(self) -> "Self":
        """Connects; the first call does it by itself."""
        with self._exclusive():
            self._open()
        return self

    def _open(self) -> None:
        if not self._options.value:
            raise MisuseError("the Migrator was closed")
        if self._session.value and not self._spent:
            return
        self._end_session()
        self._renew_token()
        lib = library()
        if self._files is not None:
            engine = encoded(self._files[0])
            self._invoke(lambda error: lib.migrate_open_files(engine, self._options, ctypes.byref(self._session), error))
        elif self._connection is not None:
            driver = self._make_driver()
            try:
                self._invoke(lambda error: lib.migrate_open_host(driver, self._options, ctypes.byref(self._session), error))
            finally:
                lib.migrate_driver_free(driver)
        else:
            self._invoke(lambda error: lib.migrate_open(None, self._options, ctypes.byref(self._session), error))

    def _end_session(self) -> None:
        if self._run is not None:
            with contextlib.suppress(MigrateError):
                self._run._end()
        session, self._session = self._session, pointer_out()
        driver, self._driver = self._driver, None
        if session.value:
            library().migrate_close(session)
        if driver is not None:
            driver.close()

    def close(self) -> None:
        """Closes the session; a call that another thread is in is cancelled first. The application's own connection stays open."""
        if not getattr(self, "_options", None):
            return
        while not self._busy.wait(0.1):
            self._cancel_native()
        try:
            self._close()
        finally:
            self._busy.leave()

    def _close(self) -> None:
        if self._token is not None:
            self._token._remove(self._told)
        self._end_session()
        options, self._options = self._options, pointer_out()
        library().migrate_options_free(options)
        if self._source is not None:
            self._source.free()
        with self._token_lock:
            token, self._native_token = self._native_token, pointer_out()
        library().migrate_token_free(token)

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter ends
            pass

    # Calling

    def _exclusive(self) -> "_Exclusive":
        return self._busy

    def _invoke(self, function: Callable[[Any], int]) -> int:
        """One call of the library, with what its callbacks raised."""
        error = pointer_out()
        driver = self._driver
        if driver is None:
            code = self._caller.call(lambda: function(ctypes.byref(error)), here=False)
        else:
            limit = seconds_of(decoded(library().migrate_options_get(self._options, b"run_deadline")))
            with driver.at_work(), Watch(driver, self._cancel_native, limit) as self._watch:
                code = self._caller.call(lambda: function(ctypes.byref(error)), here=True)
            self._watch = None
        raised, self._caller.raised = self._caller.raised, None
        failure = take_error(error, code) if code < 0 else None
        if raised is not None and (not isinstance(raised, Exception) or code == c.ERROR_CANCELLED):
            raise raised
        if failure is not None:
            raise failure from raised
        return code

    def _call(self, function: Callable[[Any, Any], int]) -> int:
        with self._exclusive():
            self._open()
            return self._invoke(lambda error: function(self._session, error))

    def _rows(self, name: str, *arguments: Any) -> Tuple[int, str]:
        out = pointer_out()
        function = getattr(library(), name)
        sent = [encoded(argument) if isinstance(argument, str) else argument for argument in arguments]
        code = self._call(lambda session, error: function(session, *sent, ctypes.byref(out), error))
        return code, rows_of(out)

    def _table(self, name: str, *arguments: Any) -> Dict[str, Any]:
        table: Dict[str, Any] = json.loads(self._rows(name, *arguments)[1])
        return table

    def _whole(self, cls: Type[T], rows: str, of: type, name: str, *arguments: Any) -> T:
        table = self._table(name, *arguments)
        return results.make(cls, table, **{rows: results.rows(of, table)})

    def _report(self, name: str, *arguments: Any) -> results.Report:
        code, text = self._rows(name, *arguments)
        return results.report(text, code == c.STOPPED)

    # The verbs

    def plan(self, target: Optional[str] = None) -> Plan:
        """What would run. Targets: None (everything pending), "+2", an id or its unique prefix, "only:ID"."""
        out = pointer_out()
        wanted = encoded(target)
        self._call(lambda session, error: library().migrate_plan_make(session, wanted, ctypes.byref(out), error))
        return Plan(out, self._source)

    def apply(self, plan: Union[Plan, str, None] = None) -> results.Report:
        """Runs a plan as reviewed, everything up to a target, or everything pending."""
        if isinstance(plan, str):
            plan = self.plan(plan)
        return self._report("migrate_apply", plan._pointer if plan is not None else None)

    def rollback(self, target: Optional[str] = None) -> results.Report:
        """Rolls back: None (the last one), "-2", an id (so that it is the last applied one), "empty", "only:ID"."""
        return self._report("migrate_rollback", target)

    def startup(self) -> results.Report:
        """The lifespan hook, by the option mode (apply, check, wait, off). MigrationsPending in mode check, RunStopped if it ended early."""
        code, text = self._rows("migrate_startup_session")
        return started(code, text)

    def _startup(self) -> results.Report:
        """By URL in one call of the library, which opens nothing in mode off."""
        if self._connection is not None:
            return self.startup()
        out = pointer_out()
        with self._exclusive():
            self._renew_token()
            code = self._invoke(lambda error: library().migrate_startup(None, self._options, ctypes.byref(out), error))
        return started(code, rows_of(out))

    def run(self, plan: Optional[Plan] = None) -> Run:
        """with migrator.run() as run: while run.step(): ..."""
        return Run(self, plan)

    def status(self) -> results.Status:
        return self._whole(results.Status, "migrations", results.MigrationStatus, "migrate_status")

    def history(self) -> List[results.HistoryEvent]:
        """Every event in the history, oldest first."""
        return list(results.rows(results.HistoryEvent, self._table("migrate_history")))

    def snapshot(self) -> results.Snapshot:
        """The schema, as facts and as SQL that makes it."""
        return self._whole(results.Snapshot, "facts", results.Fact, "migrate_snapshot")

    def verify(self, target: Optional[str] = None) -> results.Verification:
        """Up, down and up in a scratch database: do the rollback texts lead back?"""
        return self._whole(results.Verification, "migrations", results.Verified, "migrate_verify", target)

    def rehearse(self, plan: Optional[Plan] = None) -> results.Rehearsal:
        """Runs a plan for real, and rolls it back: what it costs, what it locks."""
        pointer = plan._pointer if plan is not None else None
        return self._whole(results.Rehearsal, "statements", results.Rehearsed, "migrate_rehearse", pointer)

    def diff(self) -> results.Drift:
        """Was the schema changed by somebody else than the migrations?"""
        return self._whole(results.Drift, "differences", results.Difference, "migrate_diff")

    def generate(self, to: Optional[str] = None) -> results.Generated:
        """The migration that leads to another schema: SQL text, a URL, or None: the declared one."""
        code, text = self._rows("migrate_generate", to)
        table = json.loads(text)
        return results.make(
            results.Generated, table, left_out=results.rows(results.LeftOut, table), differs=code == c.DIFFERS
        )

    def generate_down(self, id: str) -> results.GeneratedDown:
        return results.make(results.GeneratedDown, self._table("migrate_generate_down", id))

    def reconcile(self, mode: str = "report") -> results.Reconciliation:
        """Brings in what is missing of the declared schema; mode report changes nothing, apply does."""
        return self._whole(results.Reconciliation, "facts", results.Reconciled, "migrate_reconcile", mode)

    def check(self, depth: Optional[str] = None) -> results.Check:
        """What is wrong with the migrations: depth source, None, or database."""
        return self._whole(results.Check, "findings", results.Finding, "migrate_check", depth)

    def check_against(self, dir: str, base: Optional[str] = None) -> results.Check:
        """Do the migrations fit to those of another side, before a merge?"""
        return self._whole(results.Check, "findings", results.Finding, "migrate_check_against", os.fspath(dir), base)

    def graph(self, of: Optional[str] = None, at: Optional[str] = None) -> results.Graph:
        """Who needs whom: of migrations, declared or tables."""
        return self._whole(results.Graph, "parts", results.Edge, "migrate_graph", of, at)

    def backup(self) -> results.Backup:
        """Makes a backup now."""
        return results.rows(results.Backup, self._table("migrate_backup"))[0]

    def backups(self) -> List[results.Backup]:
        """The backups of this database, the newest first."""
        return list(results.rows(results.Backup, self._table("migrate_backups")))

    def restore(self, file: Union[str, "os.PathLike[str]", None] = None) -> results.Report:
        """Brings the contents of a backup back (None: the newest). Needs the option confirm."""
        return self._report("migrate_restore", None if file is None else os.fspath(file))

    def protect(self, on: bool = True, reason: Optional[str] = None) -> results.Report:
        """Marks the database as one whose data are precious, or not."""
        return self._report("migrate_protect", int(on), reason)

    def mark(self, as_: str, id: Optional[str] = None, reason: Optional[str] = None) -> results.Report:
        """Writes the history alone: applied, forgotten, accept-checksum, renamed."""
        return self._report("migrate_mark", as_, id, reason)

    def baseline(self, target: Optional[str] = None, reason: Optional[str] = None) -> results.Report:
        """Adopts a database that was built without libmigrate: everything up to target counts as applied."""
        return self._report("migrate_baseline", target, reason)

    def baseline_from_table(self, table: str, column: str, reason: Optional[str] = None) -> results.Report:
        """The same from a table of the former tool."""
        return self._report("migrate_baseline_from_table", table, column, reason)


class _Exclusive:
    """A Migrator serves one thread at a time; a second one is told so instead of waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: Optional[int] = None

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise MisuseError("the Migrator is in use: another thread's call runs, or a callback calls it")
        self._owner = threading.get_ident()

    def wait(self, timeout: float) -> bool:
        if self._owner == threading.get_ident():
            raise MisuseError("a callback must not close the Migrator that calls it")
        if self._lock.acquire(timeout=timeout):
            self._owner = threading.get_ident()
            return True
        return False

    def leave(self) -> None:
        self._owner = None
        self._lock.release()

    def __exit__(self, *error: Any) -> None:
        self.leave()


def started(code: int, text: str) -> results.Report:
    """The report of a start-up, unless its answer is that the program must not start."""
    report = results.report(text, code == c.STOPPED)
    failure: Union[MigrationsPending, RunStopped]
    if code == c.PENDING:
        failure = MigrationsPending(f"{report.pending} migrations are pending, and mode=check does not apply them", name="pending", code=code)
    elif code == c.STOPPED:
        failure = RunStopped("the migrations ended early, at a safe point; start again to go on", name="stopped", code=code)
    else:
        return report
    failure.report = report
    raise failure


def startup(
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
    """The lifespan hook in one call: brings the database to the schema of this program, by mode (apply, check, wait, off).

    Arguments as of Migrator. Raises MigrateError: the program must not start; str() of it says what to do.
    """
    with Migrator(
        url, connection=connection, dir=dir, migrations=migrations, schema=schema, environment=environment, on_event=watched(on_event),
        on_backup=on_backup, token=token, **options,
    ) as migrator:
        return migrator._startup()


def rules() -> List[results.Rule]:
    """The rules of check(), with their severities."""
    out, error = pointer_out(), pointer_out()
    code = library().migrate_check_rules(ctypes.byref(out), ctypes.byref(error))
    if code < 0:
        raise take_error(error, code)
    return list(results.rows(results.Rule, json.loads(rows_of(out))))


def version() -> str:
    """Of the C library."""
    return decoded(library().migrate_version()) or ""
