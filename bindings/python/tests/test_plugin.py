# SPDX-License-Identifier: MIT
"""The pytest plugin and the ready-made tests, in a project of their own."""

from __future__ import annotations

import pytest
from conftest import ENGINES, SERVER

MIGRATION = "CREATE TABLE users (id integer PRIMARY KEY, name text);\n-- ROLLBACK: DROP TABLE users;\n"


@pytest.fixture(params=ENGINES)
def project(request: pytest.FixtureRequest, pytester: pytest.Pytester) -> pytest.Pytester:
    url = "" if request.param == "sqlite" else SERVER
    pytester.makeini(f"[pytest]\nlibmigrate_dir = db\nlibmigrate_url = {url}\n")
    (pytester.mkdir("db") / "001_users.sql").write_text(MIGRATION)
    return pytester


def test_fixtures_and_ready_made_tests(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import libmigrate
        from libmigrate.testing import *

        def test_migrated(migrated_db):
            with libmigrate.Migrator(migrated_db, dir="db") as migrator:
                assert migrator.status().applied == 1

        def test_migrator(migrator):
            assert migrator.status().pending == 1
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=6)


def test_what_is_wrong_fails(project: pytest.Pytester) -> None:
    (project.path / "db" / "002_wrong.sql").write_text("CREATE TABLE b (id integer);\n-- ROLLBACK: DROP TABLE users;\n")
    project.makepyfile("from libmigrate.testing import *")
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*002_wrong*differs*"])
