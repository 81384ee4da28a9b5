#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The extension in a host that is not ours: Python's own sqlite3.

    test_extension.py EXTENSION MIGRATECTL SAMPLE
"""
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

EXTENSION = MIGRATECTL = SAMPLE = None

A = "CREATE TABLE a (id integer PRIMARY KEY);\n-- ROLLBACK:\n-- DROP TABLE a;\n"
B = "CREATE TABLE b (id integer REFERENCES a);\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (1);\n-- ROLLBACK:\n-- DROP TABLE b;\n-- DELETE FROM a;\n"


class Extension(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.dir = self.folder / "migrations"
        self.dir.mkdir()
        self.write("001_a.sql", A)
        self.write("002_b.sql", B)
        self.file = str(self.folder / "app.db")
        self.db = self.connect()

    def connect(self, file=None):
        db = sqlite3.connect(file or self.file, isolation_level=None, check_same_thread=False)
        self.addCleanup(db.close)
        db.enable_load_extension(True)
        db.load_extension(EXTENSION)
        db.enable_load_extension(False)
        return db

    def write(self, name, text):
        (self.dir / name).write_text(text)

    def ask(self, function, *arguments, db=None):
        marks = ",".join("?" * (1 + len(arguments)))
        rows = (db or self.db).execute(f"SELECT {function}({marks})", (str(self.dir), *arguments)).fetchall()
        return json.loads(rows[0][0])

    def all(self, sql, *arguments):
        return self.db.execute(sql, arguments).fetchall()

    def tables(self):
        return [name for name, in self.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'libmigrate%' ORDER BY name")]

    def refused(self, words, call, *arguments):
        with self.assertRaises(sqlite3.Error) as caught:
            call(*arguments)
        self.assertIn(words, str(caught.exception))
        return caught.exception

    def test_apply_roll_back_and_look(self):
        done = self.ask("migrate_apply")
        self.assertEqual((done["code"], done["changed"], done["from"], done["to"], done["applied"]), ("ok", True, None, "002_b", 2))
        self.assertEqual([row["id"] for row in done["rows"]], ["001_a", "002_b"])
        self.assertEqual(self.all("SELECT id FROM b"), [(1,)])
        self.assertFalse(self.ask("migrate_startup")["changed"])
        self.assertEqual(self.ask("migrate_rollback")["to"], "001_a")
        self.assertEqual(self.ask("migrate_rollback", "target=empty")["to"], None)
        self.assertEqual(self.tables(), [])
        self.assertEqual(self.ask("migrate_apply", "target=001_a")["applied"], 1)
        self.assertEqual(self.tables(), ["a"])

    def test_all_of_the_sample(self):
        rows = self.db.execute("SELECT migrate_apply(?)", (SAMPLE,)).fetchall()
        self.assertTrue(json.loads(rows[0][0])["changed"])
        by_ctl = subprocess.run([MIGRATECTL, "status", "--url", "sqlite:" + self.file, "--dir", SAMPLE, "--format", "json"],
                                capture_output=True, text=True)
        self.assertEqual(json.loads(by_ctl.stdout)["pending"], 0, by_ctl.stdout + by_ctl.stderr)

    def test_tables(self):
        d = str(self.dir)
        self.assertEqual(self.all("SELECT number, id, direction FROM migrate_plan(?)", d), [(1, "001_a", "up"), (2, "002_b", "up")])
        self.assertEqual(self.all("SELECT id FROM migrate_plan(?, 'target=+1')", d), [("001_a",)])
        self.assertEqual(self.all("SELECT id, state FROM migrate_status(?) ORDER BY 1 DESC", d), [("002_b", "pending"), ("001_a", "pending")])
        self.assertEqual(self.all("SELECT count(*) FROM migrate_history(?)", d), [(0,)])
        self.assertFalse(os.path.exists(self.file) and os.path.getsize(self.file), "looking has written")
        self.ask("migrate_apply", "actor=Ada")
        self.assertEqual(self.all("SELECT id, actor, typeof(at), breaking FROM migrate_history(?) WHERE event = 'applied'", d),
                         [("001_a", "Ada", "integer", 0), ("002_b", "Ada", "integer", 0)])
        joined = self.all("SELECT s.id, h.event FROM migrate_status(?1) s JOIN migrate_history(?1) h USING (id) ORDER BY s.id", d)
        self.assertEqual(joined, [("001_a", "applied"), ("002_b", "applied")])
        self.assertEqual(self.all("SELECT s.id FROM (SELECT ? AS d) AS x, migrate_status(x.d) AS s", d), [("001_a",), ("002_b",)])
        self.db.execute("BEGIN")
        self.db.execute("INSERT INTO a VALUES (7)")
        self.assertEqual(self.all("SELECT count(*) FROM migrate_status(?) WHERE state = 'applied'", d), [(2,)])
        self.db.execute("ROLLBACK")
        self.db.execute("CREATE TABLE copy AS SELECT id, state FROM migrate_status(?)", (d,))
        self.assertEqual(self.all("SELECT count(*) FROM copy"), [(2,)])

    def test_columns_are_the_library_s(self):
        self.ask("migrate_apply", "target=001_a")
        for table, verb in (("migrate_history", "history"), ("migrate_status", "status"), ("migrate_plan", "plan")):
            out = subprocess.run([MIGRATECTL, verb, "--url", "sqlite:" + self.file, "--dir", str(self.dir), "--format", "json"],
                                 capture_output=True, text=True).stdout
            theirs = list(json.loads(out)["rows"][0])
            ours = [name for name, in self.all("SELECT name FROM pragma_table_info(?)", table)]
            self.assertEqual(ours, theirs, table)

    def test_errors(self):
        self.write("003_bad.sql", "CREATE TABLE c (id integer);\nINSERT INTO nowhere VALUES (1);\n")
        problem = self.refused("003_bad.sql:2:1: no such table: nowhere", self.ask, "migrate_apply")
        self.assertIn("HINT: ", str(problem))
        self.assertEqual(self.tables(), ["a", "b"])
        self.refused("directory", self.all, "SELECT migrate_apply()")
        self.refused("directory", self.all, "SELECT * FROM migrate_status")
        self.refused("key=value", self.ask, "migrate_apply", "fast")
        self.refused("wait_timeout", self.ask, "migrate_apply", "wait_timeuot=1s")
        self.refused("no url", self.ask, "migrate_apply", "url=sqlite:other.db")
        self.refused("/no/such/dir", self.all, "SELECT migrate_apply('/no/such/dir')")
        self.refused("/no/such/dir", self.all, "SELECT * FROM migrate_status('/no/such/dir')")
        self.refused("no target", self.ask, "migrate_startup", "target=+1")

    def test_answers(self):
        answer = self.ask("migrate_startup", "mode=check")
        self.assertEqual((answer["code"], answer["pending"]), ("pending", 2))
        self.assertEqual(self.ask("migrate_startup", "mode=off")["code"], "ok")
        self.assertEqual(self.tables(), [])

    def test_refused_at_the_wrong_time(self):
        self.ask("migrate_apply", "target=001_a")
        d = str(self.dir)
        self.db.execute("BEGIN")
        self.refused("inside a transaction", self.ask, "migrate_apply")
        self.db.execute("COMMIT")
        self.db.executemany("INSERT INTO a VALUES (?)", [(10,), (11,), (12,)])
        reader = self.db.execute("SELECT id FROM a")
        reader.fetchone()
        self.refused("another statement", self.ask, "migrate_apply")
        reader.fetchall()
        self.refused("without FROM", self.all, "SELECT migrate_apply(?) FROM a", d)
        self.refused("that writes", self.all, "INSERT INTO a SELECT migrate_apply(?)", d)
        self.assertEqual(self.tables(), ["a"])
        self.refused("unsafe use", self.db.executescript, f"CREATE VIEW v AS SELECT migrate_apply('{d}'); SELECT * FROM v")
        self.refused("unsafe use", self.db.executescript, f"CREATE VIEW w AS SELECT * FROM migrate_status('{d}'); SELECT * FROM w")
        self.refused("unsafe use", self.db.executescript,
                     f"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT migrate_apply('{d}'); END; INSERT INTO a VALUES (99)")
        self.db.executescript("DROP VIEW v; DROP VIEW w; DROP TRIGGER t")
        self.assertEqual(self.ask("migrate_apply")["to"], "002_b")

    def test_settings_stay(self):
        self.db.execute("PRAGMA foreign_keys = ON")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.ask("migrate_apply")
        self.assertEqual(self.all("PRAGMA foreign_keys"), [(1,)])
        self.assertFalse(self.db.in_transaction)
        self.assertEqual(self.all("PRAGMA integrity_check"), [("ok",)])

    def test_in_memory(self):
        db = self.connect(":memory:")
        self.assertEqual(self.ask("migrate_apply", db=db)["applied"], 2)

    def test_locked_by_another(self):
        other = sqlite3.connect(self.file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            self.db.execute("PRAGMA busy_timeout = 100")  # the host's own patience comes first, at each attempt
            begun = time.monotonic()
            with self.assertRaises(sqlite3.OperationalError) as caught:
                self.ask("migrate_apply", "wait_timeout=300ms")
            self.assertLess(time.monotonic() - begun, 3)
            self.assertIn("lock", str(caught.exception))
        finally:
            other.close()
        self.assertTrue(self.ask("migrate_apply")["changed"])

    def interrupt(self, text):
        """The host's own way to cancel: nothing stays, and no transaction is left open."""
        self.write("003_long.sql", text)
        asked = []

        def end():
            time.sleep(0.4)
            asked.append(time.monotonic())
            self.db.interrupt()

        thread = threading.Thread(target=end)
        thread.start()
        with self.assertRaises(sqlite3.OperationalError):
            self.ask("migrate_apply")
        took = time.monotonic() - asked[0] if asked else 99
        thread.join()
        self.assertLess(took, 0.3)
        self.assertFalse(self.db.in_transaction)
        self.assertNotIn("c", self.tables())
        self.assertEqual(self.all("PRAGMA user_version"), [(0,)])
        self.write("003_long.sql", "CREATE TABLE c (id integer);\n")
        self.assertEqual(self.ask("migrate_apply")["to"], "003_long")

    COUNT = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 9000000000) SELECT count(*) AS x FROM n"

    def test_interrupt_a_statement_that_writes(self):
        self.interrupt(f"CREATE TABLE c (id integer);\nINSERT INTO c {self.COUNT};\n")

    def test_interrupt_a_statement_that_reads(self):
        self.interrupt(f"CREATE TABLE c (id integer);\nCREATE INDEX ci ON c (id);\n{self.COUNT};\n")

    def test_two_processes_at_once(self):
        script = ("import sqlite3, sys; d = sqlite3.connect(sys.argv[1], isolation_level=None); d.enable_load_extension(True);"
                  "d.load_extension(sys.argv[2]); print(d.execute('SELECT migrate_apply(?)', (sys.argv[3],)).fetchone()[0])")
        command = [sys.executable, "-c", script, self.file, EXTENSION, str(self.dir)]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
        answers = [json.loads(process.communicate()[0]) for process in started]
        self.assertEqual(sum(answer["applied"] for answer in answers), 2)
        self.assertTrue(all(answer["to"] == "002_b" for answer in answers))

    def test_a_thousand_times(self):
        self.ask("migrate_apply")

        def pages():
            return int(pathlib.Path("/proc/self/statm").read_text().split()[1])

        for _ in range(200):
            self.ask("migrate_startup")
        before = pages()
        for _ in range(800):
            self.ask("migrate_startup")
            self.all("SELECT * FROM migrate_history(?)", str(self.dir))
        self.assertLess(pages() - before, 256)


if __name__ == "__main__":
    EXTENSION, MIGRATECTL, SAMPLE = sys.argv[1:4]
    if not hasattr(sqlite3.Connection, "enable_load_extension"):
        print("SKIPPED: this Python's sqlite3 was built without extensions:", sys.executable)
        sys.exit(77)
    EXTENSION = os.path.splitext(EXTENSION)[0]  # SQLite adds the suffix
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=1)
