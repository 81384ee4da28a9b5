# SPDX-License-Identifier: MIT
"""FastAPI: the migrations run in the lifespan, before uvicorn listens; /ready answers for the schema.

    DATABASE_URL=... MIGRATIONS_DIR=migrations uvicorn fastapi_server:app
    DATABASE_URL=... MIGRATIONS_DIR=migrations PORT=8000 python fastapi_server.py

The second one has four workers and migrates before it starts them, because the parent of uvicorn's workers ends with exit code 0 when
their start fails. (Each worker's own lifespan then finds nothing to do: one query.)
"""

import os
import signal
import sys

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

import libmigrate
import libmigrate.asgi

URL, DIR = os.environ["DATABASE_URL"], os.environ["MIGRATIONS_DIR"]

app = FastAPI(lifespan=libmigrate.asgi.lifespan(URL, dir=DIR))
readiness = libmigrate.asgi.readiness(URL, dir=DIR)


@app.get("/", response_class=PlainTextResponse)
async def root() -> str:
    return str(os.getpid())


@app.get("/ready")
async def ready() -> PlainTextResponse:
    good, why = await readiness()
    return PlainTextResponse(why, 200 if good else 503)


if __name__ == "__main__":
    import uvicorn

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # cancels the migration that runs
    try:
        libmigrate.startup(URL, dir=DIR)
    except libmigrate.MigrateError as error:
        sys.exit(str(error))
    uvicorn.run("fastapi_server:app", port=int(os.environ["PORT"]), workers=4)
