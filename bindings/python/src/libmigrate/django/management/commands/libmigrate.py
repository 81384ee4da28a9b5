# SPDX-License-Identifier: MIT
"""manage.py libmigrate: up, down, plan, status, history, check, make, baseline."""

from __future__ import annotations

from argparse import SUPPRESS
from pathlib import Path
from typing import Any, Dict

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from libmigrate import MigrateError, Migrator, results
from libmigrate.django import migrator, models_sql, options_for, tell_applications
from libmigrate.writing import write_migration

MARKS = {"applied": "[X]", "pending": "[ ]"}


class Command(BaseCommand):  # type: ignore[misc]
    help = "Schema migrations in plain SQL (libmigrate)."
    requires_system_checks: "list[str]" = []  # as Django's migrate: they may need what is about to be made

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def verb(name: str, help: str, *other: str) -> CommandParser:
            made: CommandParser = verbs.add_parser(name, help=help, aliases=other, description=help)
            made.set_defaults(run=getattr(self, "do_" + name))
            made.add_argument("--database", default=DEFAULT_DB_ALIAS, help="Alias of settings.DATABASES.")
            made.add_argument("-o", "--option", action="append", default=[], metavar="KEY=VALUE", help="An option of libmigrate, for this call.")
            made.add_argument("-v", "--verbosity", type=int, default=SUPPRESS, choices=range(4), help=SUPPRESS)  # here too
            return made

        up = verb("up", "Applies what is pending, or everything up to a target.", "upgrade")
        up.add_argument("target", nargs="?", help="An id, its number, +N")
        down = verb("down", "Rolls the last one back, or down to a target.", "downgrade")
        down.add_argument("target", nargs="?", help="An id, its number, -N, empty")
        plan = verb("plan", "What would run.")
        plan.add_argument("target", nargs="?")
        plan.add_argument("--sql", action="store_true", help="The SQL, as it would be sent.")
        verb("status", "Which migrations are applied, which are not.")
        verb("history", "What happened to the database.")
        check = verb("check", "Exit code 1 where a migration is wrong, or the models need one that is not there.")
        check.add_argument("--depth", choices=["source", "scratch", "database"], default="scratch", help="How closely to look.")
        check.add_argument("--no-models", action="store_true", help="Leave the models out.")
        make = verb("make", "Writes the migration that leads to the models.")
        make.add_argument("-m", "--message", default="models", help="For the file's name.")
        make.add_argument("--empty", action="store_true", help="An empty one, to be written by hand.")
        make.add_argument("--initial", action="store_true", help="All of the models, for a database that has them already; then: baseline.")
        make.add_argument("--dry-run", action="store_true", help="Print it.")
        baseline = verb("baseline", "A database that has its tables counts as being at a target; nothing runs.")
        baseline.add_argument("target", nargs="?")
        baseline.add_argument("--reason")

    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        if alias not in connections:
            raise CommandError(f"there is no database {alias!r} in settings.DATABASES")
        try:
            options["run"](alias, self._given(options["option"]), options)
        except MigrateError as error:
            raise CommandError(str(error)) from error

    @staticmethod
    def _given(words: "list[str]") -> Dict[str, str]:
        given: Dict[str, str] = {}
        for word in words:
            key, equals, value = word.partition("=")
            if not equals:
                raise CommandError(f"--option {word}: KEY=VALUE is needed")
            given[key.replace("-", "_")] = value
        return given

    def _say(self, report: results.Report) -> None:
        for step in report.steps:
            self.stdout.write(f"{step.direction or step.event} {step.id}")
        if report.backup:
            self.stdout.write(f"what was there before is in {report.backup}")
        where = report.to or "nothing"
        self.stdout.write(self.style.SUCCESS(f"at {where}" if report.changed else f"nothing to do, at {where}"))

    def _open(self, alias: str, given: Dict[str, str]) -> Migrator:
        return migrator(alias, **given)

    def do_up(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        with self._open(alias, given) as opened:
            report = opened.apply(options["target"])
        self._say(report)
        if report.changed and not tell_applications(alias, options["verbosity"]) and options["verbosity"] > 1:
            self.stdout.write("post_migrate was not sent: models have no table yet")
        if report.stopped:
            raise CommandError("it ended early, at a safe point: run it again to go on")

    def do_down(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        with self._open(alias, given) as opened:
            self._say(opened.rollback(options["target"]))

    def do_plan(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        with self._open(alias, given) as opened:
            plan = opened.plan(options["target"])
        if options["sql"]:
            self.stdout.write(plan.sql())
            return
        for step in plan:
            self.stdout.write(f"{step.direction} {step.id}  {step.file or ''}".rstrip())
        for finding in plan.findings:
            self._tell(finding)
        if not plan:
            self.stdout.write("nothing to do")

    def do_status(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        with self._open(alias, given) as opened:
            status = opened.status()
        for migration in status.migrations:
            mark = MARKS.get(migration.state)
            self.stdout.write(f"{mark} {migration.id}" if mark else f"[!] {migration.id} ({migration.state})")
        self.stdout.write(f"{status.state}: {status.applied} applied, {status.pending} pending")

    def do_history(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        with self._open(alias, given) as opened:
            for event in opened.history():
                at = f"{event.at:%Y-%m-%d %H:%M:%S}" if event.at else "-"
                self.stdout.write(f"{at} {event.event} {event.id or ''} {event.reason or ''}".rstrip())

    def _tell(self, finding: results.Finding) -> None:
        style = {"error": self.style.ERROR, "warning": self.style.WARNING}.get(finding.severity, str)
        self.stdout.write(style(f"{finding.file or finding.id}:{finding.line or 0}: {finding.severity} {finding.rule}: {finding.message}"))

    def do_check(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        made = None
        with self._open(alias, given) as opened:
            found = opened.check(None if options["depth"] == "scratch" else options["depth"])
            if not options["no_models"]:
                made = opened.generate(models_sql(alias))
        for finding in found.findings:
            self._tell(finding)
        if made is not None and made.differs:
            raise CommandError(f"the models need a migration: manage.py libmigrate make\n{made.up}")
        if not found.ok:
            raise CommandError(f"{found.errors} errors")
        self.stdout.write(self.style.SUCCESS("nothing is wrong"))

    def do_make(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        folder = options_for(alias).get("dir")
        if folder is None:
            raise CommandError("LIBMIGRATE['dir'] says where migrations are written, and is not set")
        folder = Path(folder)
        if options["empty"]:
            return self._write(folder, options, "-- SQL goes here\n", "-- and here what takes it back\n")
        if options["initial"]:
            if any(folder.glob("*.sql")):
                raise CommandError(f"{folder} has migrations already: --initial is for the first one")
            connections[alias].ensure_connection()
            self._write(folder, options, models_sql(alias), "")
            self.stdout.write("a database that has these tables: manage.py libmigrate baseline")
            return None
        folder.mkdir(parents=True, exist_ok=True)
        with self._open(alias, given) as opened:
            made = opened.generate(models_sql(alias))
        if not made.differs:
            self.stdout.write("the models and the schema are equal: nothing to write")
            return None
        self._write(folder, options, made.up, made.down)
        self.stdout.write(f"{made.changes} changes" + ("" if made.proven else ", not tried"))
        for left in made.left_out:
            self.stdout.write(self.style.WARNING(f"left out: {left.kind} {left.ident}: {left.reason}"))
        if made.down_refused:
            self.stdout.write(f"no way back: {made.down_refused}")
        if made.loses:
            self.stdout.write(self.style.WARNING("it drops tables or columns: read it before it runs"))
        return None

    def _write(self, folder: Path, options: Dict[str, Any], up: str, down: str) -> None:
        if options["dry_run"]:
            self.stdout.write(up)
        else:
            self.stdout.write(str(write_migration(folder, options["message"], up, down)))

    def do_baseline(self, alias: str, given: Dict[str, str], options: Dict[str, Any]) -> None:
        with self._open(alias, given) as opened:
            self._say(opened.baseline(options["target"], options["reason"] or "manage.py libmigrate baseline"))
