# SPDX-License-Identifier: MIT
"""Django's system checks: the setting, the files, who owns the database; and, with a database at hand, what is pending."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Iterable, List, Optional

from django.apps import apps
from django.core import checks
from django.db import connections, router

from ..errors import MigrateError
from ..migrator import Migrator
from . import ENGINES, aliases, migrator, options_for


def check_files(**kwargs: Any) -> List[checks.CheckMessage]:
    """Without any database: is the setting right, and can the files be read?"""
    found: List[checks.CheckMessage] = []
    for alias in aliases():
        options = options_for(alias)
        engine = ENGINES.get(connections[alias].vendor)
        if engine is None:
            found.append(checks.Error(f"The database {alias!r} is {connections[alias].vendor}.", hint="libmigrate knows SQLite and PostgreSQL.",
                                      obj=alias, id="libmigrate.E001"))
            continue
        if isinstance(options.get("dir"), (str, Path)) and not Path(options["dir"]).is_dir():
            found.append(checks.Warning(f"The folder for migrations, {options['dir']}, does not exist.",
                                        hint="The first `manage.py libmigrate make` makes it; or set LIBMIGRATE['dir'].", obj=alias, id="libmigrate.W003"))
            continue
        for name in ("url", "shadow_url"):
            options.pop(name, None)
        try:
            with Migrator.for_files(engine=engine, **options) as files:
                findings = files.check("source").findings
        except (MigrateError, TypeError, ValueError) as error:
            found.append(checks.Error(getattr(error, "message", str(error)), hint=getattr(error, "hint", None), obj=alias, id="libmigrate.E002"))
            continue
        found += [
            checks.Error(f"{f.file or f.id}:{f.line or 0}: {f.rule}: {f.message}", hint=f.hint, obj=alias, id="libmigrate.E003")
            for f in findings
            if f.severity == "error"
        ]
    return found


def _has_migrations(config: Any) -> bool:
    from django.db.migrations.loader import MigrationLoader

    name: Optional[str]
    name, _ = MigrationLoader.migrations_module(config.label)
    try:
        return name is not None and importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def check_owner(**kwargs: Any) -> List[checks.CheckMessage]:
    """Two that migrate one database get into each other's way."""
    found: List[checks.CheckMessage] = []
    for alias in aliases():
        both = [
            config.label
            for config in apps.get_app_configs()
            if any(router.allow_migrate_model(alias, model) and model._meta.managed for model in config.get_models()) and _has_migrations(config)
        ]
        if both:
            none = ", ".join(f"{label!r}: None" for label in both)
            found.append(checks.Warning(
                f"On the database {alias!r} Django's own migrate would make the tables of {', '.join(both)}, too.",
                hint=f"libmigrate make writes them with the others. MIGRATION_MODULES = {{{none}}} tells Django so.", obj=alias, id="libmigrate.W002",
            ))
    return found


def check_pending(databases: Optional[Iterable[str]] = None, **kwargs: Any) -> List[checks.CheckMessage]:
    """manage.py check --database default: is the database where the files are?"""
    found: List[checks.CheckMessage] = []
    for alias in sorted(set(databases or ()) & set(aliases())):
        folder = options_for(alias).get("dir")
        if isinstance(folder, (str, Path)) and not Path(folder).is_dir():
            continue  # told of above
        try:
            with migrator(alias, wait_timeout="5s") as opened:
                status = opened.status()
        except Exception as error:  # the database's own library has its own errors
            found.append(checks.Error(getattr(error, "message", str(error)), hint=getattr(error, "hint", None), obj=alias, id="libmigrate.E004"))
            continue
        pending = [m.id for m in status.migrations if m.state == "pending"]
        if pending and status.state != "unmanaged":
            some = ", ".join(pending[:5]) + (" ..." if len(pending) > 5 else "")
            found.append(checks.Warning(f"{len(pending)} migrations are pending on the database {alias!r}: {some}",
                                        hint="manage.py libmigrate up", obj=alias, id="libmigrate.W001"))
        elif status.state not in ("current", "ahead"):
            found.append(checks.Warning(f"The database {alias!r} is {status.state}.", hint="manage.py libmigrate status", obj=alias, id="libmigrate.W004"))
    return found


def register() -> None:
    checks.register(check_files, "libmigrate")
    checks.register(check_owner, "libmigrate")
    checks.register(check_pending, checks.Tags.database)
