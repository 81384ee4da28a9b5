# SPDX-License-Identifier: MIT
"""Every column and every value that a call of the library gives has its field in the binding, and every field its column or value."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import pytest
from conftest import Database

import libmigrate
from libmigrate import Migrator, migrator, results
from libmigrate._native import decoded, library

# Fields that are made of the others, or hold the rows.
MADE: Dict[type, Set[str]] = {
    results.Report: {"steps", "stopped"}, results.Generated: {"differs", "left_out"}, results.GeneratedDown: set(), results.Status: {"migrations"},
    results.Check: {"findings"}, results.Verification: {"migrations"}, results.Rehearsal: {"statements"}, results.Drift: {"differences"},
    results.Snapshot: {"facts"}, results.Reconciliation: {"facts"}, results.Graph: {"parts"},
}


def fields(cls: Optional[type]) -> Set[str]:
    return set() if cls is None else {field.name.rstrip("_") for field in dataclasses.fields(cls)} - MADE.get(cls, set())


class Seen:
    """What the newest table had."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.columns: List[str] = []
        self.values: Set[str] = set()
        original = migrator.rows_of

        def look(pointer: Any) -> str:
            lib = library()
            self.columns = [decoded(lib.migrate_rows_column_name(pointer, n)) or "" for n in range(lib.migrate_rows_columns(pointer))]
            text = original(pointer)
            self.values = set(json.loads(text)) - {"rows"}
            return text

        monkeypatch.setattr(migrator, "rows_of", look)


Calls = List[Tuple[str, Callable[[Migrator], Any], Optional[type], Optional[type]]]
RUNS: Calls = [
    ("apply", lambda m: m.apply("+1"), results.Report, results.Done),
    ("apply nothing", lambda m: m.apply("001_users"), results.Report, results.Done),
    ("startup", lambda m: m.startup(), results.Report, results.Done),
    ("startup by url", lambda m: m._startup(), results.Report, results.Done),
    ("rollback", lambda m: m.rollback(), results.Report, results.Done),
    ("mark", lambda m: m.mark("applied", "002_orders", "a test"), results.Report, results.Done),
    ("mark forgotten", lambda m: m.mark("forgotten", "002_orders", "a test"), results.Report, results.Done),
    ("run", lambda m: end(m), results.Report, results.Done),
    ("protect", lambda m: m.protect(True, "a test"), results.Report, results.Done),
    ("protect no more", lambda m: m.protect(False, "a test"), results.Report, results.Done),
    ("reconcile", lambda m: m.reconcile("report"), results.Reconciliation, results.Reconciled),
]
LOOKS: Calls = [
    ("status", lambda m: m.status(), results.Status, results.MigrationStatus),
    ("history", lambda m: m.history(), None, results.HistoryEvent),
    ("snapshot", lambda m: m.snapshot(), results.Snapshot, results.Fact),
    ("verify", lambda m: m.verify(), results.Verification, results.Verified),
    ("rehearse", lambda m: m.rehearse(), results.Rehearsal, results.Rehearsed),
    ("diff", lambda m: m.diff(), results.Drift, results.Difference),
    ("generate", lambda m: m.generate(), results.Generated, results.LeftOut),
    ("generate_down", lambda m: m.generate_down("001_users"), results.GeneratedDown, results.LeftOut),  # never any rows
    ("check", lambda m: m.check("source"), results.Check, results.Finding),
    ("check, everything", lambda m: m.check(), results.Check, results.Finding),
    ("check_against", lambda m: m.check_against(m._test_dir), results.Check, results.Finding),  # type: ignore[attr-defined]
    ("graph", lambda m: m.graph(), results.Graph, results.Edge),
    ("rules", lambda m: libmigrate.rules(), None, results.Rule),
    ("plan, its findings", lambda m: m.plan(), None, results.Finding),
    ("plan", lambda m: m.plan()._table("migrate_plan_rows"), None, results.Step),
]
BACKUPS: Calls = [
    ("backup", lambda m: m.backup(), None, results.Backup),
    ("backups", lambda m: m.backups(), None, results.Backup),
    ("restore", lambda m: m.restore(), results.Report, results.Done),
]
WHOLE = {"history", "rules", "plan", "plan, its findings", "backup", "backups"}  # whose values have a place elsewhere


def end(m: Migrator) -> None:
    with m.run() as run:
        while run.step():
            pass


def compared(seen: Seen, m: Migrator, calls: Calls) -> None:
    for name, call, whole, row in calls:
        call(m)
        known = fields(row)
        if seen.columns or row is None:
            # a plan's findings and a check's are one class, which has the columns of both
            fits = set(seen.columns) <= known if row is results.Finding else set(seen.columns) == known
            assert fits, f"{name}: columns {sorted(seen.columns)}, fields {sorted(known)}"
        else:
            pytest.fail(f"{name}: a table without columns")
        if name not in WHOLE:
            assert seen.values <= fields(whole), f"{name}: values without a field: {seen.values - fields(whole)}"
            missing = fields(whole) - seen.values
            assert missing <= {"pending"} or whole is not results.Report, f"{name}: fields without a value: {missing}"
            assert not missing or whole is results.Report, f"{name}: fields without a value: {missing}"


def test_every_table(database: Database, migrations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(monkeypatch)
    options = {"dir": migrations, "schema": "CREATE TABLE t (id integer);", "confirm": database.name, "backup_dir": tmp_path / "kept"}
    (tmp_path / "kept").mkdir()
    with Migrator(database.url, backup="off", **options) as m:  # type: ignore[arg-type]
        m._test_dir = str(migrations)  # type: ignore[attr-defined]
        compared(seen, m, LOOKS)
        compared(seen, m, RUNS)
        compared(seen, m, LOOKS)
        if database.engine == "sqlite":
            compared(seen, m, BACKUPS)


def test_every_call_is_compared() -> None:
    """A new method that gives results has to stand above."""
    told = {name.split(",")[0].split(" ")[0] for name, *_ in RUNS + LOOKS + BACKUPS} | {"baseline", "baseline_from_table"}  # reports as apply's
    methods = {name for name in vars(Migrator) if not name.startswith("_")} - {"open", "close", "cancel", "stop", "for_files"}
    assert methods <= told, methods - told


def test_the_asynchronous_one_has_all_of_it() -> None:
    import inspect

    sync = {name for name in vars(Migrator) if not name.startswith("_")} - {"for_files", "run"}
    asynchronous = {name for name in vars(libmigrate.AsyncMigrator) if not name.startswith("_")}
    assert sync <= asynchronous, sync - asynchronous
    for name in sync:
        mine, other = (inspect.signature(getattr(cls, name)).parameters for cls in (Migrator, libmigrate.AsyncMigrator))
        assert list(mine) == list(other) and all(mine[key].default == other[key].default for key in mine), name
