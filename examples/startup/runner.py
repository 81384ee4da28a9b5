# SPDX-License-Identifier: MIT
"""A runner that stands alone: a line for each checkpoint, no password in any of them, exit code 0 or 1.

    DATABASE_URL=postgresql+psycopg://... MIGRATIONS_DIR=migrations PROTECTED=faqs,leads python runner.py

Makes everything in an empty database (by schema.sql, where the folder has one), applies what is pending in any other. The protected tables are
counted before and after; a migration that takes rows from one of them is rolled back.
"""

import os
import sys
import time
from typing import Dict

import sqlalchemy

import libmigrate

begun = time.monotonic()


def checkpoint(text: str) -> None:
    print(f"[{time.monotonic() - begun:7.3f}] {text}", flush=True)


def tell(event: libmigrate.Event) -> None:
    if event.level != "debug":
        checkpoint(event.message)


def count(engine: sqlalchemy.Engine, tables: str) -> Dict[str, int]:
    there = sqlalchemy.inspect(engine)
    with engine.connect() as connection:
        select = (sqlalchemy.select(sqlalchemy.func.count()).select_from(sqlalchemy.table(t)) for t in tables.split(","))
        return {t: connection.scalar(s) or 0 for t, s in zip(tables.split(","), select) if there.has_table(t)}


def main() -> int:
    protected = os.environ["PROTECTED"]
    engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"])
    checkpoint(f"database {engine.url.render_as_string(hide_password=True)}")
    try:
        before = count(engine, protected)
        checkpoint(f"rows before: {before or 'nothing is there'}")
        with libmigrate.Migrator(connection=engine, dir=os.environ["MIGRATIONS_DIR"], protect=protected, on_event=tell) as migrator:
            report = migrator.apply()
        checkpoint(f"rows after: {count(engine, protected)}")
        checkpoint(f"done, at {report.to}: {len(report.steps)} steps")
    except (libmigrate.MigrateError, sqlalchemy.exc.SQLAlchemyError) as error:
        checkpoint(f"failed: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
