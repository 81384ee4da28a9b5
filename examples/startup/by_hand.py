# SPDX-License-Identifier: MIT
"""The start only tells where the database is, and which command to run; people migrate by hand.

    python by_hand.py               starts the application, if the database is up to date
    python by_hand.py upgrade       applies what is pending, or up to an id
    python by_hand.py downgrade     rolls the last one back, or down to an id

SQLite in development, PostgreSQL in production: DATABASE_URL says which. What differs between the two stands in files of its own
(003_search.sqlite.sql, 003_search.postgresql.sql).
"""

import os
import sys
from typing import Optional

import libmigrate

URL = os.environ.get("DATABASE_URL", "sqlite:development.db")
DIR = os.environ.get("MIGRATIONS_DIR", "migrations")


def up_to_date(migrator: libmigrate.Migrator) -> bool:
    status = migrator.status()
    print(f"database ({status.engine}): {status.state}, at {status.at or 'nothing'}, {status.pending} pending")
    if status.pending:
        print(f"next is {status.next}; to go on: python {sys.argv[0]} upgrade")
    return status.state in ("current", "ahead")


def main(command: str = "start", target: Optional[str] = None) -> int:
    try:
        with libmigrate.Migrator(URL, dir=DIR) as migrator:
            if command == "upgrade":
                print("applied:", *migrator.apply(target).applied or ["nothing"])
            elif command == "downgrade":
                print("rolled back:", *migrator.rollback(target).rolled_back or ["nothing"])
            elif not up_to_date(migrator):
                return 1
    except libmigrate.MigrateError as error:
        print(error, file=sys.stderr)
        return 1
    if command == "start":
        print("the application starts")  # and opens the database: the Migrator has closed its file
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
