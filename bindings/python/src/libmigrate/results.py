# SPDX-License-Identifier: MIT
"""What calls give back: frozen dataclasses, one field for each column and value of the library's tables."""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Optional, Tuple, Type, TypeVar

__all__ = [
    "Done", "Report", "Step", "Finding", "Check", "Rule", "MigrationStatus", "Status", "HistoryEvent", "Verified",
    "Verification", "Rehearsed", "Rehearsal", "Difference", "Drift", "LeftOut", "Generated", "GeneratedDown", "Fact", "Snapshot",
    "Reconciled", "Reconciliation", "Edge", "Graph", "Backup", "Event",
]
T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


_known: Dict[type, Dict[str, Any]] = {}


def _fields(cls: Any) -> Dict[str, Any]:
    if cls not in _known:
        hints = typing.get_type_hints(cls)
        _known[cls] = {f.name: hints[f.name] for f in dataclasses.fields(cls)}
    return _known[cls]


def make(cls: Type[T], values: Dict[str, Any], **more: Any) -> T:
    """A dataclass from named values. `from` and `with` are words of Python, hence from_, with_; what this version does not know is left out."""
    known = _fields(cls)
    taken: Dict[str, Any] = {}
    for name, value in values.items():
        name = name + "_" if name in ("from", "with") else name
        if name not in known or name in more:
            continue
        if known[name] == Optional[datetime] and isinstance(value, int):
            value = _EPOCH + timedelta(microseconds=value)
        taken[name] = value
    return cls(**taken, **more)


def rows(cls: Type[T], table: Dict[str, Any]) -> Tuple[T, ...]:
    return tuple(make(cls, row) for row in table["rows"])


@dataclass(frozen=True)
class Done:
    """One step that a run did."""

    id: Optional[str] = None
    name: Optional[str] = None
    kind: Optional[str] = None
    direction: Optional[str] = None
    action: Optional[str] = None
    duration_us: Optional[int] = None
    event: Optional[str] = None
    down: Optional[str] = None


@dataclass(frozen=True)
class Report:
    """What a run did. `applied` and `rolled_back` are ids, in the order of the work; `stopped`: it ended early, at a safe point."""

    changed: bool = False
    from_: Optional[str] = None
    to: Optional[str] = None
    applied: Tuple[str, ...] = ()
    rolled_back: Tuple[str, ...] = ()
    waited_us: int = 0
    pending: Optional[int] = None
    run: Optional[str] = None
    backup: Optional[str] = None
    steps: Tuple[Done, ...] = ()
    stopped: bool = False

    @property
    def waited_ms(self) -> int:
        return self.waited_us // 1000


def report(text: str, stopped: bool = False) -> Report:
    table = json.loads(text)
    steps = rows(Done, table)
    ran = [step for step in steps if step.action != "record"]
    return make(
        Report,
        table,
        steps=steps,
        stopped=stopped,
        applied=tuple(step.id or "" for step in ran if step.direction == "up"),
        rolled_back=tuple(step.id or "" for step in ran if step.direction == "down"),
    )


@dataclass(frozen=True)
class Step:
    """One step of a plan."""

    number: int = 0
    id: str = ""
    name: Optional[str] = None
    kind: Optional[str] = None
    direction: Optional[str] = None
    action: Optional[str] = None
    file: Optional[str] = None
    transaction: Optional[str] = None
    reversible: Optional[str] = None
    stored: Optional[bool] = None
    checksum: Optional[str] = None
    breaking: Optional[bool] = None
    segments: Optional[int] = None


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a migration, or will be when it runs."""

    rule: str = ""
    severity: str = ""
    id: Optional[str] = None
    file: Optional[str] = None
    line: Optional[int] = None
    column: Optional[int] = None
    message: str = ""
    hint: Optional[str] = None
    name: Optional[str] = None
    other: Optional[str] = None
    guess: Optional[bool] = None


@dataclass(frozen=True)
class Check:
    """The findings of a check. `ok`: none of them is an error."""

    findings: Tuple[Finding, ...] = ()
    count: int = 0
    errors: int = 0
    warnings: int = 0
    infos: int = 0
    ignored: int = 0
    by: Optional[str] = None
    reason: Optional[str] = None
    order: Optional[str] = None
    engine: Optional[str] = None

    @property
    def ok(self) -> bool:
        return self.errors == 0


@dataclass(frozen=True)
class Rule:
    rule: str = ""
    name: Optional[str] = None
    severity: Optional[str] = None
    summary: Optional[str] = None


@dataclass(frozen=True)
class MigrationStatus:
    """One migration of the source or of the history."""

    id: str = ""
    name: Optional[str] = None
    kind: Optional[str] = None
    state: str = ""
    at: Optional[datetime] = None
    duration_us: Optional[int] = None
    actor: Optional[str] = None
    file: Optional[str] = None
    reversible: Optional[str] = None
    checksum: Optional[str] = None
    recorded_checksum: Optional[str] = None
    note: Optional[str] = None
    breaking: Optional[bool] = None


@dataclass(frozen=True)
class Status:
    """Where the database is. `at`: the last applied id; `next`: the first pending one."""

    state: str = ""
    applied: int = 0
    pending: int = 0
    at: Optional[str] = None
    engine: Optional[str] = None
    next: Optional[str] = None
    protected: bool = False
    confirm: Optional[str] = None
    database: Optional[str] = None
    late: int = 0
    modified: int = 0
    missing: int = 0
    renamed: int = 0
    ahead: int = 0
    migrations: Tuple[MigrationStatus, ...] = ()


@dataclass(frozen=True)
class HistoryEvent:
    """One row of the history."""

    seq: int = 0
    event: str = ""
    effect: Optional[str] = None
    kind: Optional[str] = None
    id: Optional[str] = None
    name: Optional[str] = None
    at: Optional[datetime] = None
    duration_us: Optional[int] = None
    run: Optional[str] = None
    db_user: Optional[str] = None
    actor: Optional[str] = None
    host: Optional[str] = None
    application: Optional[str] = None
    library: Optional[str] = None
    reason: Optional[str] = None
    error: Optional[str] = None
    checksum: Optional[str] = None
    statement: Optional[int] = None
    breaking: Optional[bool] = None
    fingerprint: Optional[str] = None


@dataclass(frozen=True)
class Verified:
    """What up, down and up of one migration led to."""

    id: Optional[str] = None
    down: Optional[str] = None
    result: str = ""
    detail: Optional[str] = None
    file: Optional[str] = None
    line: Optional[int] = None
    column: Optional[int] = None


@dataclass(frozen=True)
class Verification:
    """`ok`: no rollback text is bad."""

    migrations: Tuple[Verified, ...] = ()
    count: int = 0
    good: int = 0
    bad: int = 0
    untried: int = 0

    @property
    def ok(self) -> bool:
        return self.bad == 0


@dataclass(frozen=True)
class Rehearsed:
    """One statement of a rehearsal."""

    id: Optional[str] = None
    statement: Optional[int] = None
    sql: Optional[str] = None
    file: Optional[str] = None
    line: Optional[int] = None
    where: Optional[str] = None
    duration_us: Optional[int] = None
    lock: Optional[str] = None
    locked: Optional[str] = None
    rewritten: Optional[str] = None
    scanned: Optional[str] = None
    rows: Optional[int] = None
    reason: Optional[str] = None


@dataclass(frozen=True)
class Rehearsal:
    """What a plan would do, run for real and rolled back."""

    statements: Tuple[Rehearsed, ...] = ()
    count: int = 0
    not_run: int = 0
    duration_us: int = 0
    identical: Optional[bool] = None
    differs: Optional[str] = None
    left: Optional[str] = None
    engine: Optional[str] = None


@dataclass(frozen=True)
class Difference:
    difference: str = ""
    kind: Optional[str] = None
    ident: Optional[str] = None
    expected: Optional[str] = None
    actual: Optional[str] = None
    restore: Optional[str] = None
    adopt: Optional[str] = None
    with_: Optional[str] = None
    note: Optional[str] = None


@dataclass(frozen=True)
class Drift:
    """How the schema differs from what the migrations made. `ok`: in nothing."""

    differences: Tuple[Difference, ...] = ()
    by: Optional[str] = None
    expected: Optional[str] = None
    actual: Optional[str] = None
    count: int = 0
    column_order: Optional[bool] = None
    restore: Optional[str] = None
    adopt: Optional[str] = None
    proven: Optional[bool] = None

    @property
    def ok(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class LeftOut:
    kind: Optional[str] = None
    ident: Optional[str] = None
    reason: Optional[str] = None


@dataclass(frozen=True)
class Generated:
    """A migration from here to the wanted schema. `differs`: there is anything to change."""

    differs: bool = False
    up: str = ""
    down: str = ""
    down_refused: Optional[str] = None
    changes: int = 0
    proven: Optional[bool] = None
    down_proven: Optional[bool] = None
    column_order: Optional[bool] = None
    loses: Optional[bool] = None
    from_: Optional[str] = None
    left_out: Tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class GeneratedDown:
    """The rollback text of one migration. down is "" where it would lie, with the reason in `refused`."""

    id: Optional[str] = None
    file: Optional[str] = None
    down: str = ""
    refused: Optional[str] = None
    proven: Optional[bool] = None


@dataclass(frozen=True)
class Fact:
    kind: str = ""
    ident: str = ""
    value: Optional[str] = None
    make: Optional[str] = None
    undo: Optional[str] = None


@dataclass(frozen=True)
class Snapshot:
    """The schema. `sql` makes it in an empty database."""

    fingerprint: str = ""
    engine: Optional[str] = None
    version: Optional[str] = None
    sql: str = ""
    facts: Tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Reconciled:
    done: str = ""
    kind: Optional[str] = None
    ident: Optional[str] = None
    sql: Optional[str] = None
    reason: Optional[str] = None


@dataclass(frozen=True)
class Reconciliation:
    """What of the declared schema was missing. `ok`: nothing is missing any more."""

    facts: Tuple[Reconciled, ...] = ()
    changed: bool = False
    missing: int = 0
    left: int = 0

    @property
    def ok(self) -> bool:
        return self.missing == 0 and self.left == 0


@dataclass(frozen=True)
class Edge:
    kind: str = ""
    from_: Optional[str] = None
    to: Optional[str] = None
    label: Optional[str] = None
    head: Optional[bool] = None


@dataclass(frozen=True)
class Graph:
    """Who needs whom. dot, mermaid and text are the graph in those forms."""

    parts: Tuple[Edge, ...] = ()
    nodes: int = 0
    edges: int = 0
    heads: int = 0
    merge: Optional[str] = None
    by: Optional[str] = None
    dot: Optional[str] = None
    mermaid: Optional[str] = None
    text: Optional[str] = None


@dataclass(frozen=True)
class Backup:
    file: str = ""
    at: Optional[datetime] = None
    bytes: Optional[int] = None
    id: Optional[str] = None
    verified: Optional[bool] = None
    tables: Optional[str] = None


@dataclass(frozen=True)
class Event:
    """Progress, a log line, a checkpoint: what the callback on_event gets. `values` has whatever else this event says."""

    name: str
    level: str
    message: str
    values: Dict[str, Any] = field(default_factory=dict, hash=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "values":  # which is not there yet while it is unpickled
            raise AttributeError(name)
        return self.values.get(name)
