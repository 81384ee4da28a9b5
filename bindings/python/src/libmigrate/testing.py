# SPDX-License-Identifier: MIT
"""Ready-made tests of a project's migrations. In a test file of yours: from libmigrate.testing import *

They use the fixture `migrator` of the pytest plugin (see libmigrate.pytest_plugin), which says where migrations and database are.
"""

from __future__ import annotations

from .migrator import Migrator

__all__ = ["test_all_migrations_apply", "test_no_findings", "test_one_line_of_migrations", "test_up_down_up"]


def test_all_migrations_apply(migrator: Migrator) -> None:
    """From nothing to the newest migration, and nothing is left to do."""
    migrator.apply()
    status = migrator.status()
    assert status.pending == 0, f"still pending: {[m.id for m in status.migrations if m.state == 'pending']}"
    assert not migrator.apply().changed


def test_up_down_up(migrator: Migrator) -> None:
    """Each migration up, down and up again, with rows in its tables: its rollback text brings back what was."""
    verification = migrator.verify()
    bad = [m for m in verification.migrations if m.result in ("differs", "fails", "up")]
    assert not bad, "\n".join(f"{m.file or m.id}:{m.line or 0}: {m.result}: {m.detail}" for m in bad)


def test_no_findings(migrator: Migrator) -> None:
    """No finding of the severity error. The option rules decides which those are."""
    check = migrator.check()
    errors = [f for f in check.findings if f.severity == "error"]
    assert not errors, "\n".join(f"{f.file}:{f.line}: {f.rule} {f.message} ({f.hint})" for f in errors)


def test_one_line_of_migrations(migrator: Migrator) -> None:
    """Where migrations name what they depend on, there is one newest one."""
    graph = migrator.graph("declared")
    assert graph.heads <= 1, f"{graph.heads} heads; join them with: {graph.merge}"
