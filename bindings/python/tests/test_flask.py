# SPDX-License-Identifier: MIT
"""Flask's command line, from SQLAlchemy's models to the database and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Database

flask = pytest.importorskip("flask")
sqlalchemy = pytest.importorskip("sqlalchemy")


class Db:
    """What Flask-SQLAlchemy has: an engine and metadata."""

    def __init__(self, url: str) -> None:
        self.engine = sqlalchemy.create_engine(url)
        self.metadata = sqlalchemy.MetaData()


@pytest.fixture
def project(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    from libmigrate.flask import Libmigrate

    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{database.place}" if database.engine == "sqlite" else database.url.replace("postgresql:", "postgresql+psycopg:")
    app, db = flask.Flask("project"), Db(url)
    Libmigrate(app, db, backup="off")

    def run(*words: str, code: int = 0) -> str:
        result = app.test_cli_runner().invoke(args=["db", *words])
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return str(result.output)

    yield db, run
    db.engine.dispose()


def test_as_users_type_it(project: Any, database: Database) -> None:
    db, run = project
    users = sqlalchemy.Table("users", db.metadata, sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
                             sqlalchemy.Column("name", sqlalchemy.String(50), index=True))
    run("init")
    assert "users" in run("check", code=1)
    assert "001_add_users.sql" in run("migrate", "-m", "Add users")
    assert "CREATE TABLE" in run("upgrade", "--sql") and database.tables() == []
    assert "up 001_add_users" in run("upgrade")
    assert database.tables() == ["users"] and "nothing to do" in run("upgrade")
    assert "equal" in run("migrate", "-m", "again") and "equal" in run("check")
    users.append_column(sqlalchemy.Column("email", sqlalchemy.String(50)))
    assert "002_email.sql" in run("migrate", "-m", "email")
    run("upgrade")
    assert database.query("SELECT email FROM users") == []
    assert run("current").strip() == "002_email (head)" and run("heads").strip() == "002_email"
    assert "down 002_email" in run("downgrade") and run("current").strip() == "001_add_users (1 pending)"
    assert run("history").count("rolled_back") == 1
    run("downgrade", "base")
    assert database.tables() == []
    assert "003_by_hand.sql" in run("revision", "-m", "by hand")


def test_stamp_and_errors(project: Any, database: Database) -> None:
    db, run = project
    Path("migrations").mkdir()
    Path("migrations/001_users.sql").write_text("CREATE TABLE users (id integer);")
    database.script("CREATE TABLE users (id integer)")
    assert "baseline" in run("upgrade", code=1)
    run("stamp", "head")
    assert "nothing to do" in run("upgrade") and run("current").strip() == "001_users (head)"
