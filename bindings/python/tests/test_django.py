# SPDX-License-Identifier: MIT
"""Django: a real project with its own processes, from models to the database and back, on its own connection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import urlsplit

import pytest
from conftest import Database

pytest.importorskip("django")

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "a test"
USE_TZ = True
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop", "libmigrate.django"]
MIGRATION_MODULES = {"auth": None, "contenttypes": None}
DATABASES = {"default": %r}
LIBMIGRATE = {"dir": BASE_DIR / "sql", "backup": "off", "wait_timeout": "10s"}
"""
MODELS = """
import django
from django.contrib.auth.models import User
from django.db import models

WORD = "condition" if django.VERSION >= (5, 1) else "check"

class Tag(models.Model):
    word = models.SlugField(unique=True)

class Product(models.Model):
    name = models.CharField(max_length=50, db_index=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    owner = models.ForeignKey(User, models.CASCADE, null=True, related_name="products")
    tags = models.ManyToManyField(Tag)
    # MORE

    class Meta:
        indexes = [models.Index(fields=["name", "price"], name="name_price")]
        constraints = [models.CheckConstraint(**{WORD: models.Q(price__gte=0)}, name="price_positive")]

class Elsewhere(models.Model):
    class Meta:
        managed = False
"""
WSGI = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
import libmigrate.django
report = libmigrate.django.startup()
"""
TESTS = """
from django.db import connection
from django.test import TestCase
from shop.models import Product

class Cheap(TestCase):
    def test_view(self):
        Product.objects.create(name="x", price=1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM cheap")
            self.assertEqual(cursor.fetchall(), [("x",)])
"""
TABLES = ["auth_group", "auth_group_permissions", "auth_permission", "auth_user", "auth_user_groups", "auth_user_user_permissions",
          "django_content_type", "shop_product", "shop_product_tags", "shop_tag"]


class Project:
    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        folder.mkdir()
        if database.engine == "sqlite":
            place: Any = {"ENGINE": "django.db.backends.sqlite3", "NAME": database.place}
        else:
            url = urlsplit(database.url)
            place = {"ENGINE": "django.db.backends.postgresql", "NAME": database.name, "USER": url.username, "HOST": url.hostname, "PORT": url.port,
                     "PASSWORD": url.password or "", "OPTIONS": {"connect_timeout": 10}}
        (folder / "settings.py").write_text(SETTINGS % place)
        (folder / "urls.py").write_text("urlpatterns = []\n")
        (folder / "wsgi.py").write_text(WSGI)
        (folder / "shop").mkdir()
        (folder / "shop" / "__init__.py").write_text("")
        self.models()

    def models(self, more: str = "") -> None:
        (self.folder / "shop" / "models.py").write_text(MODELS.replace("# MORE", more))

    def settings(self, more: str) -> None:
        with open(self.folder / "settings.py", "a") as file:
            file.write(more + "\n")

    def python(self, *words: str, code: int = 0) -> str:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, *words], cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == code, done.stdout
        return done.stdout

    def manage(self, *words: str, code: int = 0) -> str:
        return self.python("-m", "django", *words, code=code)

    def run(self, *words: str, code: int = 0) -> str:
        return self.manage("libmigrate", *words, code=code)

    def together(self, *commands: str) -> str:
        """Several in one process, because each start of Django takes its time."""
        body = "".join(f"call_command(*{command.split()!r})\n" for command in commands)
        return self.python("-c", f"import django\nfrom django.core.management import call_command\ndjango.setup()\n{body}")


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Iterator[Project]:
    yield Project(tmp_path / "project", database)


def test_from_models_and_back(project: Project) -> None:
    database = project.database
    said = project.together("libmigrate make -m first_models", "libmigrate plan --sql", "check --database default")
    assert "001_first_models.sql" in said and "CREATE TABLE" in said and database.tables() == []
    assert "libmigrate.W001" in said and "pending on the database 'default': 001_first_models" in said
    assert "up 001_first_models" in project.run("up", "-v", "2")
    assert database.tables() == TABLES
    # content types and permissions, as behind Django's migrate
    assert database.query("SELECT count(*) FROM auth_permission WHERE codename LIKE '%product'") == [(4,)]
    said = project.together("libmigrate check --depth source", "libmigrate status", "check --database default")
    assert "nothing is wrong" in said and "[X] 001_first_models" in said and "W0" not in said
    # Django works on what was made
    use = "import django; django.setup(); from shop.models import *; p = Product.objects.create(name='x', price=1); p.tags.create(word='w'); print(p.pk)"
    assert project.python("-c", use).strip() == "1"

    project.models("note = models.CharField(max_length=20, null=True)")
    assert "need a migration" in project.run("check", "--depth", "source", code=1)
    said = project.together("libmigrate make -m note", "libmigrate upgrade")
    assert "002_note.sql" in said and "ADD COLUMN" in (project.folder / "sql" / "002_note.sql").read_text() and "up 002_note" in said
    assert database.query("SELECT name, note FROM shop_product") == [("x", None)]
    said = project.together("libmigrate down", "libmigrate history", "libmigrate make --empty -m by_hand")
    assert "down 002_note" in said and "rolled_back 002_note" in said and "003_by_hand.sql" in said


def test_a_database_that_django_made(project: Project) -> None:
    project.settings("MIGRATION_MODULES = {}")
    said = project.together("makemigrations shop", "migrate", "check")
    assert "libmigrate.W002" in said and "libmigrate.W003" in said  # the apps are Django's still; there are no files
    project.settings('MIGRATION_MODULES = {"auth": None, "contenttypes": None, "shop": None}')
    project.run("make", "--initial")
    assert "baseline" in project.run("up", code=1)
    said = project.together("libmigrate baseline --reason django", "libmigrate up", "libmigrate make -m what_differs")
    assert "nothing to do, at 001_models" in said
    assert "drops" not in said, said  # names may differ; but nothing goes, not even Django's own history


def test_startup_of_a_server(project: Project) -> None:
    project.run("make")
    assert project.python("-c", "import wsgi; print(wsgi.report.applied)").strip() == "('001_models',)"
    inside = "import asyncio\nasync def main():\n import wsgi\n print(wsgi.report.changed)\nasyncio.run(main())"  # as uvicorn imports it
    assert project.python("-c", inside).strip() == "False"
    (project.folder / "sql" / "002_bad.sql").write_text("CREATE TABLE fine (id integer);\nINSERT INTO absent VALUES (1);\n")
    said = project.python("-c", "import wsgi", code=1)
    assert "002_bad.sql:2:" in said and "absent" in said and "fine" not in project.database.tables()
    said = project.run("up", code=1)
    assert "CommandError" in said and "Traceback" not in said and "002_bad.sql:2:" in said
    project.settings("LIBMIGRATE['mode'] = 'off'")
    assert project.python("-c", "import wsgi; print(wsgi.report.changed)").strip() == "False"


def test_databases_for_tests(project: Project) -> None:
    """Django's test runner: the tables are the migrations', views among them."""
    project.run("make", "--initial")
    (project.folder / "sql" / "002_view.sql").write_text("CREATE VIEW cheap AS SELECT name FROM shop_product WHERE price < 5;")
    (project.folder / "shop" / "tests.py").write_text(TESTS)
    assert "no such table: cheap" in (said := project.manage("test", "shop", code=1)) or "cheap" in said
    project.settings("LIBMIGRATE['WITH_MIGRATE'] = True")
    assert "OK" in project.manage("test", "shop") and project.database.tables() == []


def test_what_is_wrong_is_told_by_checks(sqlite_database: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", sqlite_database)
    assert "libmigrate.W003" in project.manage("check")
    sql = project.folder / "sql"
    sql.mkdir()
    (sql / "001_a.sql").write_text("CREATE TABLE a (id integer);")
    assert "no issues" in project.manage("check")
    (sql / "001_b.sql").write_text("CREATE TABLE b (id integer);")
    assert "001_" in project.manage("check", code=1)
    (sql / "001_b.sql").unlink()
    project.settings("LIBMIGRATE['wait_timout'] = '1s'")
    assert "wait_timeout" in project.manage("check", code=1)
    project.settings("del LIBMIGRATE['wait_timout']; DATABASES['archive'] = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'archive.db'}")
    project.settings("LIBMIGRATE['databases'] = {'archive': {'dir': BASE_DIR / 'archive'}}")
    (project.folder / "archive").mkdir()
    (project.folder / "archive" / "001_old.sql").write_text("CREATE TABLE old (id integer);")
    assert "up 001_old" in project.run("up", "--database", "archive") and "001_old" in project.run("history", "--database", "archive")
    assert "no database" in project.run("up", "--database", "nowhere", code=1)
    assert "--option" in project.run("up", "-o", "mode", code=1)
