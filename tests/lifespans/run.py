#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lives through what a server lives through: real processes on real PostgreSQL, for a server in any language.

    run.py [--workers N] [--exit-code any] [--sqlite] [--only LETTERS] NAME -- COMMAND...

README.md has the contract that the server keeps. MIGRATE_TEST_POSTGRESQL is the URL of a server where databases may be made; each
scenario has one of its own. MIGRATECTL is the command line (default: the build's). The last line is "N passed, N failed, N skipped".
"""

from __future__ import annotations

import argparse
import concurrent.futures
import http.client
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

ROOT = Path(__file__).resolve().parents[2]
START = 40.0  # seconds until a server that starts has to serve, on a machine with other work
FEW = float(os.environ.get("LIFESPANS_PATIENCE", "10"))  # seconds until a server that was told to end is gone: 5 by contract, on a machine at rest
ENDED = {0, -signal.SIGTERM, 128 + signal.SIGTERM}  # how processes end that were asked to


class Broken(Exception):
    """What the server did that it must not, or did not that it must."""


def need(truth: Any, why: str) -> None:
    if not truth:
        raise Broken(why)


def until(ask: Callable[[], Any], seconds: float, why: Callable[[], str]) -> Any:
    """Asks again and again; what it answers when that is true."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Broken(f"not within {seconds:.3g} s: {why()}")
        time.sleep(0.05)


def free_port() -> int:
    """Below those that the system gives to outgoing connections, of which there are many here."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Database:
    """A database of a scenario's own, looked at by psql."""

    absent = 'relation "absent" does not exist'
    nap = "SELECT pg_sleep(0.05);\n"

    def __init__(self, server: str, name: str) -> None:
        self.server, self.name = server, name
        self.url = urllib.parse.urlunsplit(urllib.parse.urlsplit(server)._replace(path="/" + name))
        self.psql(server, f"CREATE DATABASE {name}")

    @staticmethod
    def psql(url: str, sql: str) -> List[str]:
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", url]
        done = subprocess.run(command, input=sql, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def rows(self, sql: str) -> List[str]:
        return self.psql(self.url, sql)

    def tables(self) -> List[str]:
        return self.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND relname NOT LIKE 'libmigrate%' ORDER BY relname COLLATE \"C\""
        )

    def applied(self) -> List[str]:
        """Ids in the order in which they were applied, each as often as it was."""
        return self.rows("SELECT id FROM libmigrate_history WHERE event = 'applied' ORDER BY seq")

    def asleep(self) -> bool:
        """A migration is at its pg_sleep()."""
        return self.sessions("wait_event = 'PgSleep'") != []

    def sessions(self, which: str = "true") -> List[str]:
        return self.psql(
            self.server,
            "SELECT concat_ws(' ', pid, application_name, state, left(query, 60)) FROM pg_stat_activity "
            f"WHERE datname = '{self.name}' AND backend_type = 'client backend' AND {which}",
        )

    def locks(self) -> List[str]:
        return self.psql(
            self.server,
            "SELECT concat_ws(' ', l.pid, l.locktype, l.mode) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            f"WHERE d.datname = '{self.name}' AND l.locktype <> 'virtualxid'",
        )

    def left_alone(self) -> None:
        """Nobody is connected any more, so nobody holds a lock."""
        until(lambda: not self.sessions() and not self.locks(), FEW, lambda: f"still there: {self.sessions()} {self.locks()}")

    def drop(self) -> None:
        self.psql(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


class SqliteDatabase(Database):
    """A file."""

    absent = "no such table: absent"
    nap = "\n"

    def __init__(self, folder: Path) -> None:
        self.file = folder / "app.db"
        self.url = f"sqlite:{self.file}"

    def rows(self, sql: str) -> List[str]:
        connection = sqlite3.connect(self.file)
        try:
            return [str(row[0]) for row in connection.execute(sql)]
        finally:
            connection.close()

    def tables(self) -> List[str]:
        return self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'libmigrate%' ORDER BY name")

    def left_alone(self) -> None:
        """Whoever writes is not locked out."""
        connection = sqlite3.connect(self.file, timeout=FEW, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Broken(f"somebody holds a lock: {error}") from error
        finally:
            connection.close()

    def drop(self) -> None:
        pass


class Server:
    """One start of the command: a process, its children, its port."""

    def __init__(self, command: List[str], database: Database, migrations: Path, folder: Path) -> None:
        self.port = free_port()
        self.files = [folder / f"{self.port}.stdout", folder / f"{self.port}.stderr"]
        environment = {**os.environ, "DATABASE_URL": database.url, "MIGRATIONS_DIR": str(migrations), "PORT": str(self.port)}
        with open(self.files[0], "wb") as out, open(self.files[1], "wb") as err:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )

    def get(self, path: str, timeout: float = 10.0) -> Tuple[int, str]:
        """Status and body; status 0: no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace").strip()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def errors(self) -> str:
        return self.files[1].read_text("utf-8", "replace")

    def said(self) -> str:
        text = "".join(file.read_text("utf-8", "replace") for file in self.files)
        return "\n".join("    | " + line for line in text.splitlines()[-40:])

    def alive(self) -> bool:
        """The process, or one of its children."""
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def green(self) -> None:
        """Serves, and is ready."""
        until(lambda: self.process.poll() is not None or self.get("/ready", 2)[0] == 200, START, lambda: f"GET /ready: {self.get('/ready')}")
        need(self.process.poll() is None, f"ended with {self.process.returncode} instead of serving")
        need(self.get("/")[0] == 200, f"GET /: {self.get('/')}")

    def is_green(self, when: str) -> None:
        status, body = self.get("/ready")
        need(status == 200, f"GET /ready {when}: {status} {body}, expected 200")

    def becomes(self, status: int, when: str) -> str:
        until(lambda: self.get("/ready")[0] == status, FEW, lambda: f"GET /ready {when}: {self.get('/ready')}, expected {status}")
        need(self.get("/")[0] == 200, f"GET / {when}: {self.get('/')}")
        return self.get("/ready")[1]

    def ask_to_end(self) -> None:
        os.kill(self.process.pid, signal.SIGTERM)

    def gone(self, begun: float) -> None:
        rest = max(0.1, FEW - (time.monotonic() - begun))
        until(lambda: not self.alive(), rest, lambda: f"there {FEW:g} s after SIGTERM")

    def stop(self) -> int:
        begun = time.monotonic()
        self.ask_to_end()
        self.gone(begun)
        return int(self.process.wait())

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Scenario:
    """What a scenario works with: a database, a folder, and the servers that it has started."""

    def __init__(self, arguments: argparse.Namespace, letter: str) -> None:
        self.command: List[str] = arguments.command
        self.workers: int = arguments.workers
        self.any_code: bool = arguments.exit_code == "any"
        self.migratectl: str = arguments.migratectl
        self.servers: List[Server] = []
        self.folder = Path(tempfile.mkdtemp(prefix="lifespans-"))
        self.database = (
            SqliteDatabase(self.folder) if arguments.sqlite else Database(arguments.postgresql, f"lifespans_{os.getpid()}_{letter}")
        )

    def migrations(self, name: str, files: Dict[str, str]) -> Path:
        folder = self.folder / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text)
        return folder

    def start(self, migrations: Path) -> Server:
        server = Server(self.command, self.database, migrations, self.folder)
        self.servers.append(server)
        return server

    def by_hand(self, migrations: Path, *arguments: str) -> None:
        command = [self.migratectl, *arguments, "--url", self.database.url, "--dir", str(migrations)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)}: exit code {done.returncode}: {done.stdout}")

    def end(self) -> None:
        for server in self.servers:
            server.kill()
        self.database.drop()
        shutil.rmtree(self.folder, ignore_errors=True)


def table(name: str, more: str = "") -> str:
    return f"CREATE TABLE {name} (id integer PRIMARY KEY);\n{more}-- ROLLBACK: DROP TABLE {name};\n"


def pids(server: Server, number: int) -> Set[str]:
    """Process ids of workers that have answered; many ask at once, so that no worker can take all."""
    with concurrent.futures.ThreadPoolExecutor(2 * number) as several:
        answers = list(several.map(lambda _: server.get("/"), range(4 * number)))
    for status, body in answers:
        need(status == 200 and body.isdigit(), f"GET / of a server with workers: {status} {body!r}, expected its process id")
    return {body for _, body in answers}


def all_start_together(s: Scenario) -> None:
    names = [f"{number:03d}_t{number}" for number in range(1, 7)]
    files = {f"{name}.sql": f"CREATE TABLE t{name[-1]} (id integer);\n{s.database.nap}" for name in names}
    folder = s.migrations("all", files)
    servers = [s.start(folder) for _ in range(4 if s.workers == 1 else 1)]
    for server in servers:
        server.green()
    need(s.database.applied() == names, f"applied {s.database.applied()}, expected each of {names} once")
    events = s.database.rows("SELECT DISTINCT event FROM libmigrate_history")
    need(events == ["applied"], f"events in the history: {events}")
    if s.workers > 1:
        seen: Set[str] = set()

        def all_seen() -> bool:
            seen.update(pids(servers[0], s.workers))
            return len(seen) == s.workers

        until(all_seen, START, lambda: f"{len(seen)} workers serve, expected {s.workers}")
    for server in servers:
        server.is_green("behind it all")


def old_stays_green(s: Scenario) -> None:
    files = {"001_a.sql": table("a"), "002_b.sql": table("b")}
    old_folder = s.migrations("old", files)
    new_folder = s.migrations("new", {**files, "003_slow.sql": "ALTER TABLE a ADD COLUMN note text;\nSELECT pg_sleep(2);\n"})
    old = s.start(old_folder)
    old.green()
    new = s.start(new_folder)
    until(s.database.asleep, START, lambda: "the new server does not migrate")
    asked = 0
    while s.database.asleep():
        old.is_green("of the old server while the new one migrates")
        status = new.get("/", 0.2)[0]
        need(status == 0 or not s.database.asleep(), f"the new server answers ({status}) before it has migrated")
        asked += 1
    need(asked > 1, "the slow migration was too quick to be watched")
    new.green()
    old.is_green("of the old server behind the new one's migration")
    need(s.database.applied() == ["001_a", "002_b", "003_slow"], f"applied {s.database.applied()}")
    again = s.start(old_folder)
    again.green()
    need(s.database.applied() == ["001_a", "002_b", "003_slow"], f"a start of the old server has left {s.database.applied()}")


def pending_is_red(s: Scenario) -> None:
    files = {"001_a.sql": table("a"), "003_c.sql": table("c")}
    folder = s.migrations("own", files)
    other = s.migrations("other", {**files, "002_b.sql": table("b")})
    beyond = s.migrations("beyond", {**files, "004_d.sql": "-- migrate: breaking\n" + table("d")})
    server = s.start(folder)
    server.green()
    s.by_hand(folder, "down")
    need(server.becomes(503, "with a migration pending"), "503 without a reason")
    s.by_hand(folder, "up")
    server.becomes(200, "with nothing pending any more")
    s.by_hand(folder, "down")
    s.by_hand(other, "up")
    need(server.becomes(503, "with a migration applied that is missing in its source"), "503 without a reason")
    s.by_hand(other, "down", "--to", "001_a")
    s.by_hand(folder, "up")
    server.becomes(200, "with the database as it was")
    s.by_hand(beyond, "up")
    need(server.becomes(503, "ahead by a migration that is breaking"), "503 without a reason")


def broken_migration(s: Scenario) -> None:
    text = "CREATE TABLE half (id integer);\nINSERT INTO absent VALUES (1);\n"
    folder = s.migrations("broken", {"001_a.sql": table("a"), "002_bad.sql": text})
    s.by_hand(folder, "goto", "001_a")
    server = s.start(folder)
    begun = time.monotonic()
    while server.alive():
        status = server.get("/", 0.3)[0]
        need(status == 0, f"it serves (GET /: {status}), although a migration has failed")
        need(time.monotonic() - begun < START / 2, f"it runs {START / 2:g} s behind a migration that fails")
        time.sleep(0.1)
    code = server.process.wait()
    need(code > 0 or s.any_code, f"exit code {code}")
    for words in ("002_bad.sql:2", s.database.absent):
        need(words in server.errors(), f"not on stderr: {words}")
    s.database.left_alone()
    need(s.database.tables() == ["a"], f"tables behind a migration that failed: {s.database.tables()}")
    need(s.database.applied() == ["001_a"], f"applied {s.database.applied()}")
    (folder / "002_bad.sql").write_text(text.replace("INTO absent", "INTO half"))
    s.start(folder).green()
    need(s.database.tables() == ["a", "half"], f"tables behind the mended start: {s.database.tables()}")


def told_to_end_while_migrating(s: Scenario) -> None:
    brake = "CREATE TABLE brake AS SELECT 1 AS id;\n"
    slow = "CREATE TABLE half (id integer);\nSELECT pg_sleep(60) FROM brake;\n"
    folder = s.migrations("slow", {"001_brake.sql": brake, "002_slow.sql": slow})
    servers = [s.start(folder) for _ in range(2 if s.workers == 1 else 1)]  # one migrates, the others wait for it
    until(s.database.asleep, START, lambda: "the server does not migrate")
    time.sleep(1)  # the others come to their waiting
    begun = time.monotonic()
    for server in servers:
        server.ask_to_end()
    for server in servers:
        server.gone(begun)
    print(f"        gone {time.monotonic() - begun:.2f} s behind SIGTERM in the middle of a migration")
    s.database.left_alone()
    need(s.database.tables() == ["brake"], f"tables behind a migration that was cancelled: {s.database.tables()}")
    need(s.database.applied() == ["001_brake"], f"applied {s.database.applied()}")
    s.database.rows("DELETE FROM brake")
    s.start(folder).green()
    need(s.database.tables() == ["brake", "half"], f"tables behind the next start: {s.database.tables()}")
    need(s.database.applied() == ["001_brake", "002_slow"], f"applied {s.database.applied()}")


def told_to_end_while_serving(s: Scenario) -> None:
    server = s.start(s.migrations("plain", {"001_a.sql": table("a")}))
    server.green()
    begun = time.monotonic()
    code = server.stop()
    print(f"        gone {time.monotonic() - begun:.2f} s behind SIGTERM while serving, exit code {code}")
    need(code in ENDED, f"exit code {code} behind SIGTERM, expected 0")
    s.database.left_alone()
    need("Traceback" not in server.errors(), "a traceback on stderr")
    need(server.get("/")[0] == 0, "somebody answers still")


def database_comes_back(s: Scenario) -> None:
    server = s.start(s.migrations("plain", {"001_a.sql": table("a")}))
    server.green()
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{s.database.name}'"
    s.database.psql(s.database.server, f"ALTER DATABASE {s.database.name} ALLOW_CONNECTIONS false;{cut};")
    need(server.becomes(503, "without the database"), "503 without a reason")
    s.database.psql(s.database.server, f"ALTER DATABASE {s.database.name} ALLOW_CONNECTIONS true")
    server.becomes(200, "with the database back")


SCENARIOS: Dict[str, Tuple[str, Callable[[Scenario], None]]] = {
    "a": ("all start together", all_start_together),
    "b": ("an old process stays green while a new one migrates", old_stays_green),
    "c": ("pending, missing and breaking are red", pending_is_red),
    "d": ("a broken migration ends the start", broken_migration),
    "e": ("SIGTERM in the middle of a migration", told_to_end_while_migrating),
    "f": ("SIGTERM while serving", told_to_end_while_serving),
    "g": ("the database goes and comes back", database_comes_back),
}
ON_SQLITE = "acdf"  # the others are about sessions on a server


def run(arguments: argparse.Namespace, letter: str) -> bool:
    title, body = SCENARIOS[letter]
    scenario: Optional[Scenario] = None
    begun = time.monotonic()
    try:
        scenario = Scenario(arguments, letter)
        body(scenario)
    except Broken as broken:
        print(f"FAILED  {arguments.name}: {title}: {broken}")
        for server in scenario.servers if scenario else []:
            print(f"    the server on port {server.port} said:\n{server.said()}")
        return False
    except Exception:
        print(f"FAILED  {arguments.name}: {title}: the scenario itself\n{traceback.format_exc()}")
        return False
    finally:
        if scenario is not None:
            scenario.end()
    print(f"ok      {arguments.name}: {title} ({time.monotonic() - begun:.1f} s)", flush=True)
    return True


def find_migratectl() -> Optional[str]:
    built = ROOT / "build/examples/migratectl/migratectl"
    found = os.environ.get("MIGRATECTL") or (str(built) if built.exists() else shutil.which("migratectl"))
    return os.path.abspath(found) if found else None


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(usage="run.py [--workers N] [--exit-code any] [--sqlite] [--only LETTERS] NAME -- COMMAND...")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve, of one start of the command")
    parser.add_argument("--exit-code", choices=["any", "failure"], default="failure", help="any: the server's parent hides a failed start")
    parser.add_argument("--sqlite", action="store_true", help=f"on a file, scenarios {ON_SQLITE} alone")
    parser.add_argument("--only", metavar="LETTERS", help="; ".join(f"{k}: {v[0]}" for k, v in SCENARIOS.items()))
    parser.add_argument("name")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    arguments.command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    known = ON_SQLITE if arguments.sqlite else "".join(SCENARIOS)
    arguments.only = arguments.only or known
    if not arguments.command or set(arguments.only) - set(known) or arguments.workers < 1:
        parser.error("a name, a command, and letters of scenarios")
    return arguments


def main() -> int:
    arguments = read_arguments()
    arguments.postgresql = os.environ.get("MIGRATE_TEST_POSTGRESQL", "")
    arguments.migratectl = find_migratectl()
    missing = None
    if not arguments.postgresql and not arguments.sqlite:
        missing = "MIGRATE_TEST_POSTGRESQL is not set"
    elif not arguments.sqlite and shutil.which("psql") is None:
        missing = "there is no psql"
    elif arguments.migratectl is None:
        missing = "there is no migratectl (MIGRATECTL, or the build's)"
    if missing:
        print(f"SKIPPED: lifespans of {arguments.name}: {missing}")
        print(f"0 passed, 0 failed, {len(arguments.only)} skipped")
        return 0
    done = [run(arguments, letter) for letter in arguments.only]
    print(f"{sum(done)} passed, {len(done) - sum(done)} failed, 0 skipped")
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
