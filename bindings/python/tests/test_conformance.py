# SPDX-License-Identifier: MIT
"""The conformance suite (tests/conformance of the repository): the same cases in every language. Its README says what a runner does."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from conftest import POSTGRESQL, Database, new_database

import libmigrate
from libmigrate import Migrator
from libmigrate._native import decoded, library

CASES = Path(os.environ.get("LIBMIGRATE_CONFORMANCE") or Path(__file__).resolve().parents[3] / "tests" / "conformance" / "cases")
# What cannot be as it is by URL on a connection of sqlite3 or psycopg, and why.
PLACE, SECOND = "sqlite3 does not tell where in a statement an error is", "it takes a second connection"
OWN = {
    "sqlite": {
        "place_behind_comments": PLACE, "place_byte_order_mark": PLACE, "place_characters": PLACE, "place_crlf": PLACE, "place_in_down_file": PLACE,
        "place_in_rollback": PLACE, "place_of_a_word": PLACE, "fail_in_the_middle": PLACE, "rehearse": PLACE, "backup_before_a_loss": SECOND,
        "backup_not_needed": SECOND, "rollback_generated": SECOND,
    },
    "postgresql": {"sql_copy": "COPY FROM stdin needs a URL"},
}
EVERYTHING = "LIBMIGRATE_TEST_EVERYTHING" in os.environ  # else every fourth case on psycopg's connections, as each takes a new database
GONE = object()
REPORTS = ("apply", "rollback", "startup", "run", "mark", "baseline", "baseline_from_table", "protect", "restore")
INPUTS = {"do", "expect", "options", "url", "cancel_at", "stop_at"}
# What a step takes, in the order of the method's parameters.
TAKES: Dict[str, List[str]] = {
    "open": [], "plan": ["target"], "plan_findings": ["target"], "plan_sql": ["target"], "apply": ["planned", "target"], "rollback": ["target"],
    "startup": [], "run": ["target"], "history": [], "status": [], "snapshot": [], "diff": [], "backup": [], "backups": [], "check": ["depth"],
    "check_files": ["depth"], "graph": ["of", "at"], "mark": ["as", "id", "reason"], "baseline": ["target", "reason"],
    "baseline_from_table": ["table", "column", "reason"], "rehearse": ["target"], "verify": ["target"], "generate": ["to"], "generate_down": ["id"],
    "reconcile": ["mode"], "protect": ["on", "reason"], "restore": ["file"],
}


def chosen(value: Any, engine: str) -> Any:
    """The value under the engine in use, everywhere; GONE: there is none."""
    if isinstance(value, list):
        return [made for made in (chosen(item, engine) for item in value) if made is not GONE]
    if not isinstance(value, dict):
        return value
    if value and set(value) <= {"sqlite", "postgresql"}:
        return chosen(value[engine], engine) if engine in value else GONE
    made = {name: chosen(item, engine) for name, item in value.items()}
    return {name: item for name, item in made.items() if item is not GONE}


def replaced(value: Any, words: Dict[str, str]) -> Any:
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(word, text)
        return value
    if isinstance(value, list):
        return [replaced(item, words) for item in value]
    return {replaced(name, words): replaced(item, words) for name, item in value.items()} if isinstance(value, dict) else value


def plain(value: Any) -> Any:
    """A dataclass of the binding in the words of the suite: `from` without the line below, and numbers where Python has more."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def matches(value: Any, expected: Any, at: str = "") -> None:
    """AssertionError says where they differ."""
    if isinstance(expected, dict) and len(expected) == 1 and next(iter(expected)).startswith("$"):
        return asked(value, *next(iter(expected.items())), at)
    if isinstance(expected, dict):
        assert isinstance(value, dict), f"{at}: {value!r} is no object"
        for name, item in expected.items():
            if name not in value:
                fine = item is None or item == {"$present": False} or (isinstance(item, dict) and set(item) == {"$lacks"})
                assert fine, f"{at}.{name}: not there, among {sorted(value)}"
                continue
            matches(value[name], item, f"{at}.{name}")
    elif isinstance(expected, list):
        assert isinstance(value, list) and len(value) == len(expected), f"{at}: {value!r} is not {expected!r}"
        for number, (mine, theirs) in enumerate(zip(value, expected)):
            matches(mine, theirs, f"{at}[{number}]")
    else:
        assert type(value) is type(expected) and value == expected, f"{at}: {value!r} is not {expected!r}"


def does_match(value: Any, expected: Any) -> bool:
    try:
        matches(value, expected)
    except AssertionError:
        return False
    return True


def asked(value: Any, question: str, wanted: Any, at: str) -> None:
    words = wanted if isinstance(wanted, list) else [wanted]
    if question == "$contains":
        assert isinstance(value, str) and all(word in value for word in words), f"{at}: {value!r} does not contain {wanted!r}"
    elif question == "$lacks":
        assert value is None or not any(word in value for word in words), f"{at}: {value!r} contains {wanted!r}"
    elif question == "$present":
        assert (value is not None) is wanted, f"{at}: {value!r}"
    elif question == "$includes":
        assert isinstance(value, list) and all(any(does_match(v, w) for v in value) for w in words), f"{at}: {value!r} lacks some of {wanted!r}"
    elif question == "$excludes":
        assert isinstance(value, list) and not any(does_match(v, w) for v in value for w in words), f"{at}: {value!r} has some of {wanted!r}"
    elif question == "$count":
        assert isinstance(value, list) and len(value) == wanted, f"{at}: {value!r} are not {wanted}"
    elif question == "$least":
        assert not isinstance(value, bool) and isinstance(value, (int, float)) and value >= wanted, f"{at}: {value!r} is lower than {wanted}"
    else:
        pytest.fail(f"{at}: the runner does not know {question}")


class World:
    """One case: its database, its folders, the plan that is kept."""

    def __init__(self, case: Dict[str, Any], database: Database, folder: Path, own: bool) -> None:
        self.own = own
        self.connections: List[Any] = []
        self.database, self.folder, self.dir = database, folder / "own", folder / "own" / "migrations"
        self.folder.mkdir()
        self.dir.mkdir()
        words = {"${dir}": str(self.dir), "${folder}": str(self.folder), "${url}": database.url, "${database}": database.name}
        self.case = replaced(chosen(case, database.engine), words)
        self.kept: Optional[Migrator] = None
        self.plan: Any = None

    def write(self, files: Dict[str, Optional[str]]) -> None:
        for name, text in files.items():
            path = self.dir / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))

    def end(self) -> None:
        if self.kept is not None:
            self.kept.close()
        self.kept = self.plan = None
        while self.connections:
            self.connections.pop().close()

    def step(self, step: Dict[str, Any]) -> None:
        do = step["do"]
        if do == "files":
            return self.write(step["files"])
        if do == "sql":
            return self.database.script(step["sql"])
        if do == "tables":
            return matches(self.database.tables(), step["expect"], "tables")
        if do == "query":
            rows = [[None if value is None else value if isinstance(value, str) else str(value) for value in row] for row in self.database.query(step["sql"])]
            return matches(rows, step["expect"], "rows")
        assert do in TAKES, f"the runner does not know {do}"
        assert set(step) <= INPUTS | set(TAKES[do]), f"the runner does not know some of {sorted(step)}"
        matches(self.answer(do, step), {"code": "ok", **step.get("expect", {})}, do)

    def answer(self, do: str, step: Dict[str, Any]) -> Dict[str, Any]:
        events: List[str] = []
        holder: List[Migrator] = []

        def note(event: libmigrate.Event) -> None:
            events.append(event.name)
            if event.name == "step" and event.id in (step.get("cancel_at"), step.get("stop_at")):
                holder[0].cancel() if event.id == step.get("cancel_at") else holder[0].stop()

        answer: Dict[str, Any]
        try:
            answer = self.call(do, step, note, holder)
        except libmigrate.MigrationsPending as error:
            answer = {**words_of(error.report), "code": "pending"}
        except libmigrate.RunStopped as error:
            answer = {**words_of(error.report), "code": "stopped"}
        except libmigrate.MigrateError as error:
            fields = {name: value for name, value in vars(error).items() if value is not None}
            fields["class"] = fields.pop("class_")
            if error.file:
                fields["place"] = f"{error.file}:{error.line or 0}:{error.column or 0}"
            answer = {"code": error.name, "error": fields}
        answer = without(answer, str(self.dir) + "/")
        return {**answer, "events": events}

    def call(self, do: str, step: Dict[str, Any], note: Any, holder: List[Migrator]) -> Dict[str, Any]:
        planned = do == "apply" and step.get("planned")
        if not planned:
            self.end()
        options = {"dir": str(self.dir), "wait_timeout": "10s", **self.case.get("options", {}), **step.get("options", {})}
        options = {name: value for name, value in options.items() if value is not None}
        if planned:
            assert self.kept is not None
            migrator = self.kept
            migrator.on_event = note
        elif do == "check_files":
            migrator = Migrator.for_files(engine=self.database.engine, on_event=note, **options)
        elif self.own and "url" not in step and "url" not in options:
            self.connections.append(self.database.connect())
            if self.database.engine == "postgresql":  # a connection makes no others
                options.setdefault("shadow_url", self.database.url)
            migrator = Migrator(connection=self.connections[-1], on_event=note, **options)
        else:
            migrator = Migrator(step.get("url", self.database.url), on_event=note, **options)
        holder.append(migrator)
        try:
            arguments = [step.get(name) for name in TAKES[do]]
            return getattr(self, "do_" + do, self.table)(do, migrator, *arguments)  # type: ignore[no-any-return]
        finally:
            if do == "plan":
                self.kept = migrator
            elif not planned:
                migrator.close()

    # Calls whose results are no plain tables; the dataclasses' own fields are looked at in test_migrator.py.

    def do_open(self, do: str, migrator: Migrator) -> Dict[str, Any]:
        migrator.open()
        return {"code": "ok"}

    def do_plan(self, do: str, migrator: Migrator, target: Optional[str]) -> Dict[str, Any]:
        self.plan = plan = migrator.plan(target)
        whole = {**plan._table("migrate_plan_rows")}
        assert [row["id"] for row in whole["rows"]] == [step.id for step in plan]
        return {**whole, "code": "ok"}

    def do_plan_findings(self, do: str, migrator: Migrator, target: Optional[str]) -> Dict[str, Any]:
        return {**migrator.plan(target)._table("migrate_plan_findings"), "code": "ok"}

    def do_plan_sql(self, do: str, migrator: Migrator, target: Optional[str]) -> Dict[str, Any]:
        return {"sql": migrator.plan(target).sql(), "code": "ok"}

    def do_apply(self, do: str, migrator: Migrator, planned: Any, target: Optional[str]) -> Dict[str, Any]:
        return words_of(migrator.apply(self.plan if planned else target))

    def do_run(self, do: str, migrator: Migrator, target: Optional[str]) -> Dict[str, Any]:
        with migrator.run(migrator.plan(target) if target is not None else None) as run:
            while run.step():
                pass
        assert run.report is not None
        return words_of(run.report)

    def do_startup(self, do: str, migrator: Migrator) -> Dict[str, Any]:
        return words_of(migrator._startup())

    def do_rehearse(self, do: str, migrator: Migrator, target: Optional[str]) -> Dict[str, Any]:
        plan = migrator.plan(target) if target is not None else None
        return self.table(do, migrator, plan._pointer if plan is not None else None)

    def do_check_files(self, do: str, migrator: Migrator, depth: Optional[str]) -> Dict[str, Any]:
        return self.table("check", migrator, depth)

    def table(self, do: str, migrator: Migrator, *arguments: Any) -> Dict[str, Any]:
        if do in REPORTS:
            method = getattr(migrator, do)
            return words_of(method(*[bool(a) if do == "protect" and n == 0 else a for n, a in enumerate(arguments)]))
        code, text = migrator._rows("migrate_" + do, *arguments)
        return {**json.loads(text), "code": decoded(library().migrate_code_name(code))}


def words_of(report: libmigrate.Report) -> Dict[str, Any]:
    words = {name.rstrip("_"): plain(value) for name, value in vars(report).items()}
    words["rows"] = [vars(step) for step in words.pop("steps")]
    return {**words, "waited_ms": report.waited_ms, "code": "stopped" if words.pop("stopped") else "ok"}


def without(value: Any, text: str) -> Any:
    return replaced(value, {text: ""})


def cases_here() -> List[Path]:
    return sorted(CASES.glob("*.json")) if CASES.is_dir() else []


def cases() -> List[Any]:
    """Each with the engines and the ways that it is for."""
    found: List[Any] = []
    for number, path in enumerate(cases_here()):
        case = json.loads(path.read_text(encoding="utf-8"))
        for engine, mark in (("sqlite", []), ("postgresql", POSTGRESQL)):
            for way in ("url", "own"):
                left_out = way == "own" and (case.get("connection") == "url" or (engine == "postgresql" and number % 4 != 0 and not EVERYTHING))
                if case.get("engine", "any") in ("any", engine) and not left_out:
                    found.append(pytest.param(path, engine, way, id=f"{path.stem}-{engine}-{way}", marks=mark))
    return found


@pytest.mark.skipif(not cases_here(), reason=f"there are no cases in {CASES}")
@pytest.mark.parametrize("path, engine, way", cases())
def test_case(path: Path, engine: str, way: str, tmp_path: Path) -> None:
    """way: by URL, or on connections of sqlite3 and psycopg."""
    reason = OWN[engine].get(path.stem) if way == "own" else None
    if reason is None:
        return run_case(path, engine, way, tmp_path)
    with pytest.raises(AssertionError):
        run_case(path, engine, way, tmp_path)
    pytest.skip(f"not on the application's own connection: {reason}")


def run_case(path: Path, engine: str, way: str, tmp_path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    for database in new_database(engine, tmp_path):
        world = World(case, database, tmp_path, way == "own")
        try:
            world.write(world.case.get("files", {}))
            if world.case.get("database"):
                database.script(world.case["database"])
            for number, step in enumerate(world.case["steps"], 1):
                try:
                    world.step(step)
                except AssertionError as error:
                    raise AssertionError(f"step {number}, {step['do']}: {error}") from None
        finally:
            world.end()


def test_the_runner_can_fail() -> None:
    for value, expected in ((1, True), ([1], [1, 2]), ({"a": 1}, {"b": 1}), ("ab", {"$contains": "x"}), ([1], {"$excludes": [1]}), (None, {"$present": True})):
        assert not does_match(value, expected)
