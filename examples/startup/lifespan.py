# SPDX-License-Identifier: MIT
"""FastAPI: the migrations, then what the database lacks of the declared schema, then tables of the models, then the pool of connections.

    DATABASE_URL=postgresql://... MIGRATIONS_DIR=migrations DECLARED=schema.sql uvicorn --workers 4 lifespan:app

Whichever worker comes first does the work, under one lock; a step that fails ends the start, and those behind it are not reached.
"""

import contextlib
import os
from typing import AsyncIterator

from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

import libmigrate

URL, DIR, DECLARED = (os.environ[name] for name in ("DATABASE_URL", "MIGRATIONS_DIR", "DECLARED"))

models = MetaData()  # tables that nobody writes migrations for
Table("visits", models, Column("id", Integer, primary_key=True), Column("at", DateTime, server_default=func.now()))


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # 1. migrations; 2. reconcile: adds columns, indexes, constraints that were lost; drops and changes nothing
    app.state.report = await libmigrate.startup_async(URL, dir=DIR, declared=DECLARED, reconcile="apply")
    # 3. create-missing: what create_all() does, but under a lock, and with an event in a history of its own
    tables = "".join(f"{CreateTable(table).compile(dialect=postgresql.dialect())};\n" for table in models.sorted_tables)
    await libmigrate.startup_async(URL, module="models", schema=tables, reconcile="apply")
    # 4. the pool
    async with AsyncConnectionPool(URL, open=False) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def visit(request: Request) -> "dict[str, int]":
    async with request.app.state.pool.connection() as connection:
        await connection.execute("INSERT INTO visits DEFAULT VALUES")
        cursor = await connection.execute("SELECT count(*) FROM visits")
        return {"pid": os.getpid(), "visits": (await cursor.fetchone())[0]}
