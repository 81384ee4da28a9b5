# SPDX-License-Identifier: MIT
"""What calls give back, as values: they may be copied, pickled, compared, and outlive what made them."""

from __future__ import annotations

import copy
import dataclasses
import gc
import multiprocessing
import pickle
from pathlib import Path
from typing import Any, List

import pytest
from conftest import Database

import libmigrate
from libmigrate import Migration, Migrator, results


def everything(database: Database, migrations: Path) -> List[Any]:
    events: List[libmigrate.Event] = []
    with Migrator(database.url, dir=migrations, backup="off", on_event=events.append) as m:
        plan = m.plan()
        made = [*plan.steps, m.rehearse(), m.apply(), m.status(), *m.history(), m.snapshot(), m.diff(), m.check("source"), m.graph("declared"),
                m.generate("CREATE TABLE t (id integer);"), m.generate_down("001_users"), *libmigrate.rules()[:2]]
    return made + events[:3]


def test_copies(database: Database, migrations: Path) -> None:
    for value in everything(database, migrations):
        assert dataclasses.is_dataclass(value)
        for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)), dataclasses.replace(value)):  # type: ignore[type-var]
            assert again == value and hash(again) == hash(value) and type(again) is type(value)
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.more = 1


def fails(queue: Any, url: str) -> None:
    try:
        libmigrate.startup(url, migrations={"001_a.sql": "INSERT INTO absent VALUES (1);"})
    except libmigrate.MigrateError as error:
        queue.put(error)


def test_errors(database: Database) -> None:
    with pytest.raises(libmigrate.SqlError) as caught:
        libmigrate.startup(database.url, migrations={"001_a.sql": "INSERT INTO absent VALUES (1);"})
    for again in (copy.copy(caught.value), copy.deepcopy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert type(again) is type(caught.value) and str(again) == str(caught.value)
        assert {**vars(again)} == {**vars(caught.value)} and isinstance(again, libmigrate.FixSource)
    with pytest.raises(libmigrate.MigrationsPending) as pending:
        libmigrate.startup(database.url, migrations={"001_a.sql": "SELECT 1;"}, mode="check")
    again = pickle.loads(pickle.dumps(pending.value))
    assert type(again) is libmigrate.MigrationsPending and again.report == pending.value.report


def test_errors_from_another_process(database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=fails, args=(queue, database.url))
    process.start()
    error = queue.get(timeout=20)
    process.join()
    assert isinstance(error, libmigrate.SqlError) and error.line == 1


def test_what_holds_something_is_not_pickled(sqlite_database: Database, migrations: Path) -> None:
    with Migrator(sqlite_database.url, dir=migrations) as migrator:
        for thing in (migrator, migrator.plan()):
            for way in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError, match=type(thing).__name__):
                    way(thing)  # type: ignore[operator]


def test_a_plan_outlives_its_migrator(database: Database) -> None:
    """To be looked at; it runs by the Migrator that made it."""

    def made() -> Migrator:
        return Migrator(database.url, migrations=[Migration("001_code", lambda connection: connection.execute("SELECT 1"))])

    first = made()
    plan = first.plan()
    first.close()
    del first
    gc.collect()
    assert plan.sql() and [step.id for step in plan] == ["001_code"]
    with made() as second, pytest.raises(libmigrate.StaleError, match="another session"):
        second.apply(plan)


def test_every_dataclass_is_exported() -> None:
    for name in dir(results):
        thing = getattr(results, name)
        if isinstance(thing, type) and dataclasses.is_dataclass(thing):
            assert getattr(libmigrate, name) is thing and name in libmigrate.__all__
