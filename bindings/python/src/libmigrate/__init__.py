# SPDX-License-Identifier: MIT
"""libmigrate: a program brings its database (SQLite, PostgreSQL) to the schema it was built for, in its own start-up.

    import libmigrate
    libmigrate.startup("postgresql:///app", dir="migrations")
"""

import logging as _logging

from . import asgi
from . import errors as _errors
from . import results as _results
from .aio import AsyncMigrator, startup_async
from .connection import Connection
from .errors import *  # noqa: F401,F403
from .migrator import BackupJob, Migrator, Plan, Run, rules, startup, version
from .options import Options
from .results import *  # noqa: F401,F403
from .sources import Migration
from .tokens import CancelToken

__all__ = [
    "AsyncMigrator", "BackupJob", "CancelToken", "Connection", "Migration", "Migrator", "Options", "Plan", "Run", "asgi", "rules", "startup", "startup_async",
    "version",
]
__all__ += _errors.__all__
__all__ += _results.__all__

_logging.getLogger("libmigrate").addHandler(_logging.NullHandler())
