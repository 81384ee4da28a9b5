# SPDX-License-Identifier: MIT
"""Django: an app with the management command `libmigrate`, and the start-up of a server.

    INSTALLED_APPS = [..., "libmigrate.django"]
    LIBMIGRATE = {"dir": BASE_DIR / "migrations", "wait_timeout": "30s"}

LIBMIGRATE has the keywords of libmigrate.Migrator; "databases" has more of them for single aliases: {"archive": {"dir": ...}}. The work is
done on Django's own connection, unless there is a "url". "with_migrate": True lets Django's `migrate`, and with it the making of databases
for tests, begin with these migrations. One database has one owner: where libmigrate has it, Django's `migrate` must not
run there (see the check libmigrate.W002).
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, TypeVar

from .. import results
from .._server import watched
from ..migrator import Migrator

T = TypeVar("T")
ENGINES = {"sqlite": "sqlite", "postgresql": "postgresql"}
__all__ = ["aliases", "migrator", "models_sql", "options_for", "startup"]


def _settings() -> Dict[str, Any]:
    from django.conf import settings

    return {str(key).lower(): value for key, value in getattr(settings, "LIBMIGRATE", {}).items()}


def aliases() -> List[str]:
    """The databases that libmigrate has."""
    return sorted({"default", *_settings().get("databases", {})})


def _all_for(alias: str) -> Dict[str, Any]:
    own = _settings()
    special: Mapping[str, Any] = own.pop("databases", {}).get(alias, {})
    own.update({str(key).lower(): value for key, value in special.items()})
    return own


def with_migrate(alias: str) -> bool:
    """Does Django's migrate begin with libmigrate's migrations?"""
    return alias in aliases() and bool(_all_for(alias).get("with_migrate", False))


def options_for(alias: str = "default") -> Dict[str, Any]:
    """Arguments for Migrator, without the connection."""
    from django.conf import settings

    own = _all_for(alias)
    own.pop("with_migrate", None)
    if "dir" not in own and "migrations" not in own and hasattr(settings, "BASE_DIR"):
        own["dir"] = Path(settings.BASE_DIR) / "migrations"
    return own


def models_sql(alias: str = "default") -> str:
    """What Django's schema editor makes of all models of a database: the schema that the project is written for.

    The table django_migrations, where the database has it, counts as wanted: it is Django's to drop.
    """
    from django.apps import apps
    from django.db import connections, router
    from django.db.migrations.recorder import MigrationRecorder

    connection = connections[alias]
    editor = connection.SchemaEditorClass(connection, collect_sql=True, atomic=False)
    editor.deferred_sql = []  # as its __enter__ does, which would also look into the database
    models: List[Any] = [
        model for model in apps.get_models() if model._meta.can_migrate(connection) and router.allow_migrate_model(alias, model)
    ]
    if MigrationRecorder(connection).has_table():
        models.append(MigrationRecorder.Migration)
    for model in models:
        editor.create_model(model)
    for statement in editor.deferred_sql:
        editor.execute(statement, None)
    return "\n".join(["-- Django's models", *editor.collected_sql, ""])


def _scratch_url(connection: Any) -> str:
    """PostgreSQL: a connection makes no further ones, so scratch databases go by URL, with the same parameters."""
    from urllib.parse import quote, urlencode

    given = {key: str(value) for key, value in connection.get_connection_params().items() if isinstance(value, (str, int))}
    name = given.pop("dbname", "")
    for key in ("client_encoding", "prepare_threshold"):
        given.pop(key, None)
    return f"postgresql:///{quote(name, safe='')}?{urlencode(given, quote_via=quote)}"


def migrator(alias: str = "default", **options: Any) -> Migrator:
    """On the alias's connection, with the options of the setting LIBMIGRATE."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import connections

    connection = connections[alias]
    if connection.vendor not in ENGINES:
        raise ImproperlyConfigured(f"libmigrate: the database {alias!r} is {connection.vendor}; it knows SQLite and PostgreSQL")
    arguments = {**options_for(alias), **options}
    if arguments.get("reconcile") not in (None, False, "off") and "schema" not in arguments:
        arguments["schema"] = models_sql(alias)
    if arguments.get("url") is not None:
        return Migrator(**arguments)
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        arguments.setdefault("shadow_url", _scratch_url(connection))
    return Migrator(connection=connection.connection, **arguments)


def tell_applications(alias: str, verbosity: int = 1, interactive: bool = False) -> bool:
    """Sends post_migrate, by which Django makes content types, permissions and sites. Not before all tables of models are there."""
    from django.apps import apps
    from django.core.management.sql import emit_post_migrate_signal
    from django.db import connections, router

    connection = connections[alias]
    there = set(connection.introspection.table_names())
    wanted = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.can_migrate(connection) and router.allow_migrate_model(alias, model)
    }
    if not wanted <= there:
        return False
    emit_post_migrate_signal(verbosity, interactive, alias)
    return True


def _outside_of_event_loops(function: Callable[[], T], alias: str) -> T:
    """Where a loop runs in this thread (uvicorn imports asgi.py inside of one), Django refuses to connect: then in a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function()
    from django.db import connections

    outcome: List[Tuple[Optional[T], Optional[BaseException]]] = []

    def work() -> None:
        try:
            outcome.append((function(), None))
        except BaseException as error:
            outcome.append((None, error))
        finally:
            connections[alias].close()

    thread = threading.Thread(target=work, name="libmigrate")
    thread.start()
    thread.join()
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


def startup(alias: str = "default", **options: Any) -> results.Report:
    """For wsgi.py and asgi.py, behind get_wsgi_application(): what the option mode says (apply, check, wait, off).

    Raises libmigrate.MigrateError where the server must not start.
    """

    on_event = watched(options.pop("on_event", None))  # the end of uvicorn or gunicorn is heard

    def work() -> results.Report:
        with migrator(alias, on_event=on_event, **options) as opened:
            report = opened.startup()
        if report.changed:
            tell_applications(alias, verbosity=0)
        return report

    if str(options.get("mode", options_for(alias).get("mode"))) == "off":
        return results.Report()
    return _outside_of_event_loops(work, alias)
