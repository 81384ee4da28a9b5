#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the scenarios see what they are there for? A server that keeps the contract passes all of them, and one with a fault fails its own.

    faulty.py                    runs the scenarios against each of the faults below
    faulty.py serve [FAULT]      that server, over migratectl

The last line is "N passed, N failed, N skipped".
"""

from __future__ import annotations

import http.server
import concurrent.futures
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import run

FAULTS: Dict[str, str] = {  # and the scenario that must fail of it
    "unlocked": "a",
    "ahead-is-red": "b",
    "ready-too-early": "b",
    "always-green": "c",
    "never-red-for-breaking": "c",
    "serves-all-the-same": "d",
    "exits-with-0": "d",
    "says-nothing": "d",
    "deaf-while-migrating": "e",
    "leaves-the-migration-running": "e",
    "deaf-while-serving": "f",
    "exits-with-1": "f",
    "never-green-again": "g",
}


class Site:
    """What the environment says, and migratectl on it."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.url, self.folder, self.port = (os.environ[name] for name in ("DATABASE_URL", "MIGRATIONS_DIR", "PORT"))
        self.tool = run.find_migratectl() or "migratectl"
        self.child: Optional["subprocess.Popen[bytes]"] = None
        self.was_red = False

    def command(self, *arguments: str) -> List[str]:
        return [self.tool, *arguments, "--url", self.url, "--dir", self.folder]

    def end_while_migrating(self, number: int, frame: Any) -> None:
        if self.fault == "deaf-while-migrating":
            return
        if self.child is None:
            sys.exit(143)
        if self.fault == "leaves-the-migration-running":
            os._exit(143)
        for _ in range(2):  # the first one waits for the migration's end; migrate() sees that of the child
            self.child.send_signal(signal.SIGTERM)
            time.sleep(0.3)

    def migrate(self) -> int:
        error = subprocess.DEVNULL if self.fault == "says-nothing" else None
        if self.fault == "unlocked":
            return self.migrate_unlocked()
        own = self.fault == "leaves-the-migration-running"
        self.child = subprocess.Popen(self.command("up"), stdout=subprocess.DEVNULL, stderr=error, start_new_session=own)
        return self.child.wait()

    def migrate_unlocked(self) -> int:
        """As so many do it: looks what is there, and runs the rest."""
        database = run.Database.psql
        database(self.url, "CREATE TABLE IF NOT EXISTS libmigrate_history (seq serial, event text DEFAULT 'applied', id text)")
        known = database(self.url, "SELECT id FROM libmigrate_history")
        for file in sorted(Path(self.folder).glob("*.sql")):
            if file.stem not in known:
                database(self.url, file.read_text())
                database(self.url, f"INSERT INTO libmigrate_history (id) VALUES ('{file.stem}')")
        return 0

    def ready(self) -> Tuple[int, str]:
        if self.fault in ("always-green", "unlocked") or (self.fault == "never-green-again" and self.was_red):
            return (503 if self.was_red else 200), "so I say"
        more = ["--on-ahead", "fail"] if self.fault == "ahead-is-red" else []
        more = ["--on-ahead", "allow"] if self.fault == "never-red-for-breaking" else more
        check = [*self.command("check", "--wait-timeout", "2s"), *more]
        done = subprocess.run(check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.was_red = self.was_red or done.returncode != 0
        return (503 if done.returncode else 200), done.stdout.strip() or "current"


def serve(fault: str) -> int:
    site = Site(fault)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = site.ready() if self.path == "/ready" else (200, "hello")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: Any) -> None:
            pass

    signal.signal(signal.SIGTERM, site.end_while_migrating)
    early = None
    if fault == "ready-too-early":
        early = subprocess.Popen(site.command("up"))
    else:
        code = site.migrate()
        if code != 0 and fault != "serves-all-the-same":
            return 0 if fault == "exits-with-0" else code

    def end(number: int, frame: Any) -> None:
        if fault != "deaf-while-serving":
            os._exit(1 if fault == "exits-with-1" else 0)

    signal.signal(signal.SIGTERM, end)
    http.server.HTTPServer(("127.0.0.1", int(site.port)), Handler).serve_forever()
    return early.wait() if early else 0


def lives_through(fault: str, letters: str) -> Tuple[int, str]:
    here = Path(__file__).resolve()
    command = [sys.executable, str(here.parent / "run.py"), "--only", letters, fault or "no fault", "--", sys.executable, str(here), "serve", fault]
    environment = {**os.environ, "LIFESPANS_PATIENCE": "4"} if fault else None
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def main() -> int:
    if not os.environ.get("MIGRATE_TEST_POSTGRESQL"):
        print("SKIPPED: MIGRATE_TEST_POSTGRESQL is not set\n0 passed, 0 failed, 1 skipped")
        return 0
    failed = 0
    cases = {"": "".join(run.SCENARIOS), **FAULTS}
    with concurrent.futures.ThreadPoolExecutor(4) as several:  # most of it is waiting
        lived = dict(zip(cases, several.map(lives_through, cases, cases.values())))
    for fault, (code, said) in lived.items():
        seen = ": the scenario itself" not in said and f"FAILED  {fault}" in said
        good = code == 0 if not fault else code == 1 and seen
        failed += not good
        reason = next((line for line in said.splitlines() if line.startswith("FAILED")), "")
        print(f"{'ok     ' if good else 'FAILED '} {fault or 'a server without a fault'} {reason}", flush=True)
        if not good:
            print(said)
    print(f"{len(FAULTS) + 1 - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(serve("".join(sys.argv[2:])) if sys.argv[1:2] == ["serve"] else main())
