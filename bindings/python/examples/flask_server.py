# SPDX-License-Identifier: MIT
"""Flask: each worker of gunicorn runs the migrations before it serves; one applies, the others wait. /ready answers for the schema.

    DATABASE_URL=... MIGRATIONS_DIR=migrations gunicorn --workers 4 'flask_server:create_app()'
"""

import os
from typing import Tuple

from flask import Flask

import libmigrate

URL, DIR = os.environ["DATABASE_URL"], os.environ["MIGRATIONS_DIR"]


def create_app() -> Flask:
    libmigrate.startup(URL, dir=DIR)
    app = Flask(__name__)

    @app.get("/")
    def root() -> str:
        return str(os.getpid())

    @app.get("/ready")
    def ready() -> Tuple[str, int]:
        try:
            libmigrate.startup(URL, dir=DIR, mode="check", wait_timeout="2s")
        except libmigrate.MigrateError as error:
            return error.message, 503
        return "current", 200

    return app
