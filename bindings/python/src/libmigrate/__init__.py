# SPDX-License-Identifier: MIT
"""libmigrate: a program brings its database (SQLite, PostgreSQL) to the schema it was built for, in its own start-up.

    import libmigrate
    libmigrate.startup("postgresql:///app", dir="migrations")
"""

import logging as _logging

from .aio import AsyncMigrator, startup_async
from .connection import Connection
from .errors import *  # noqa: F401,F403
from .errors import MigrateError
from .migrator import BackupJob, Migrator, Plan, Run, rules, startup, version
from .options import Options
from .results import *  # noqa: F401,F403
from .results import Event, Report, Status
from .sources import Migration
from .tokens import CancelToken

_logging.getLogger("libmigrate").addHandler(_logging.NullHandler())
