# SPDX-License-Identifier: MIT
"""Types: the sample of user code passes mypy --strict and runs; the package says that it is typed."""

from __future__ import annotations

import importlib.resources
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Database

SAMPLE = Path(__file__).resolve().parent / "typing" / "sample.py"


def test_sample_under_strict(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unreachable", "--config-file", "/dev/null", "--cache-dir", str(tmp_path), str(SAMPLE)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_sample_runs(sqlite_database: Database, tmp_path: Path) -> None:
    pytest.importorskip("typing_extensions")
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001_users.sql").write_text("CREATE TABLE users (id integer, name text);")
    done = subprocess.run([sys.executable, str(SAMPLE), sqlite_database.url, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert sqlite_database.query("SELECT name FROM users") == [("it's",)]


def test_the_package_is_typed() -> None:
    assert importlib.resources.files("libmigrate").joinpath("py.typed").is_file()
