# SPDX-License-Identifier: MIT
"""Flask: migrations from SQLAlchemy's models, by the commands that users of Flask-Migrate type.

    db = SQLAlchemy(app)
    Libmigrate(app, db)                     # flask db init, flask db migrate -m "add users", flask db upgrade ...

Where Flask-Migrate is installed too, its `flask db` comes first: give another name, Libmigrate(app, db, group="schema").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Optional

import click
import flask
from flask.cli import AppGroup, with_appcontext

from . import results
from .errors import MigrateError
from .migrator import Migrator
from .writing import write_migration


def metadata_sql(metadata: Any, dialect: Any) -> str:
    """The tables and indexes of SQLAlchemy's metadata as DDL: the schema that the application is written for."""
    from sqlalchemy.schema import CreateIndex, CreateTable

    statements = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        statements += [str(CreateIndex(i).compile(dialect=dialect)).strip() for i in sorted(table.indexes, key=lambda i: str(i.name))]
    return "".join(statement + ";\n" for statement in statements)


class Libmigrate:
    """The extension. db: Flask-SQLAlchemy's object (or anything with `engine` and `metadata`). options: those of Migrator."""

    def __init__(self, app: Optional[flask.Flask] = None, db: Any = None, directory: str = "migrations", group: str = "db", **options: Any) -> None:
        self.db, self.directory, self.group, self.options = db, directory, group, options
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: flask.Flask, db: Any = None) -> None:
        self.db = db if db is not None else self.db
        app.extensions["libmigrate"] = self
        app.cli.add_command(commands(self.group))

    def folder(self) -> Path:
        return Path(self.directory)

    def migrator(self, **options: Any) -> Migrator:
        """On the application's engine; within an application context."""
        engine = self.db.engine
        schema = metadata_sql(self.db.metadata, engine.dialect)
        standard: Dict[str, Any] = {"dir": self.folder(), "schema": schema}
        if engine.dialect.name == "postgresql":  # an engine makes no further connections: scratch databases go by URL
            standard["shadow_url"] = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return Migrator(connection=engine, **{**standard, **self.options, **options})


def _extension() -> Libmigrate:
    found: Libmigrate = flask.current_app.extensions["libmigrate"]
    return found


class _Group(AppGroup):
    """An error of the library is a message and exit code 1, not a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except MigrateError as error:
            raise click.ClickException(str(error)) from error


def _say(report: results.Report) -> None:
    for step in report.steps:
        click.echo(f"{step.direction} {step.id}")
    click.echo(f"at {report.to or 'nothing'}" if report.changed else f"nothing to do, at {report.to or 'nothing'}")


def commands(name: str) -> click.Group:
    group = _Group(name, help="Database migrations (libmigrate).")

    def command(word: str) -> Callable[[Callable[..., None]], click.Command]:
        def add(function: Callable[..., None]) -> click.Command:
            made = click.command(word)(with_appcontext(function))
            group.add_command(made)
            return made

        return add

    @command("init")
    def init() -> None:
        """Makes the folder for migrations."""
        folder = _extension().folder()
        folder.mkdir(parents=True, exist_ok=True)
        click.echo(f"{folder}: ready; go on with: flask {name} migrate -m MESSAGE")

    @command("migrate")
    @click.option("-m", "--message", default="migration")
    def migrate(message: str) -> None:
        """Writes the migration that leads from the migrations (or the database) to the models."""
        extension = _extension()
        with extension.migrator() as migrator:
            made = migrator.generate()
        if not made.differs:
            click.echo("the models and the schema are equal: nothing to write")
            return
        path = write_migration(extension.folder(), message, made.up, made.down)
        click.echo(f"{path}: {made.changes} changes{'' if made.proven else ', not tried'}")
        for left in made.left_out:
            click.echo(f"left out: {left.kind} {left.ident}: {left.reason}")
        if made.loses:
            click.echo("it drops tables or columns: read it before it runs")

    @command("revision")
    @click.option("-m", "--message", default="migration")
    def revision(message: str) -> None:
        """Writes an empty migration."""
        click.echo(str(write_migration(_extension().folder(), message, "-- SQL goes here\n", "-- and here what takes it back\n")))

    @command("upgrade")
    @click.option("--sql", is_flag=True, help="Only print the SQL.")
    @click.argument("target", default="head")
    def upgrade(sql: bool, target: str) -> None:
        """Applies what is pending, or everything up to an id."""
        with _extension().migrator() as migrator:
            wanted = None if target in ("head", "heads") else target
            if sql:
                click.echo(migrator.plan(wanted).sql())
                return
            _say(migrator.apply(wanted))

    @command("downgrade")
    @click.argument("target", default="-1")
    def downgrade(target: str) -> None:
        """Rolls the last one back, or down to an id, or to base."""
        with _extension().migrator() as migrator:
            _say(migrator.rollback("empty" if target == "base" else target))

    @command("history")
    def history() -> None:
        """What happened to the database."""
        with _extension().migrator() as migrator:
            for event in migrator.history():
                click.echo(f"{event.at:%Y-%m-%d %H:%M:%S} {event.event} {event.id}")

    @command("current")
    def current() -> None:
        """The last applied migration."""
        with _extension().migrator() as migrator:
            status = migrator.status()
        click.echo(f"{status.at or 'nothing'}{' (head)' if not status.pending else f' ({status.pending} pending)'}")

    @command("heads")
    def heads() -> None:
        """The newest migration of the folder."""
        with _extension().migrator() as migrator:
            known = [m.id for m in migrator.status().migrations if m.kind == "versioned"]
        click.echo(known[-1] if known else "nothing")

    @command("stamp")
    @click.argument("target", default="head")
    def stamp(target: str) -> None:
        """The database counts as being at an id; nothing runs."""
        with _extension().migrator() as migrator:
            _say(migrator.baseline(None if target in ("head", "heads") else target, "flask stamp"))

    @command("check")
    def check() -> None:
        """Exit code 1 where the models need a migration that is not there, or a migration is wrong."""
        with _extension().migrator() as migrator:
            found = migrator.check()
            made = migrator.generate()
        for finding in found.findings:
            click.echo(f"{finding.file}:{finding.line}: {finding.severity} {finding.rule}: {finding.message}")
        if made.differs:
            raise click.ClickException(f"the models need a migration: flask {name} migrate\n{made.up}")
        if not found.ok:
            raise click.ClickException(f"{found.errors} errors")
        click.echo("the models and the migrations are equal")

    return group
