# SPDX-License-Identifier: MIT
"""Errors: one class for each code of the library (SqlError, LockedError ...), and one for each answer to "what now?" (RetryLater ...).

An error is both: `except libmigrate.LockedError` and `except libmigrate.RetryLater` catch the same one.
"""

from __future__ import annotations

import builtins
import ctypes
import re
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple, Type, Union

from ._native import decoded, library, take_text

if TYPE_CHECKING:
    from .results import Report

__all__ = [
    "MigrateError", "RetryLater", "FixSource", "FixRights", "FixUsage", "Decide", "FixEnvironment", "Cancelled", "Defect",
    "OutcomeOpen", "NomemError", "MisuseError", "OptionError", "UrlError", "ClientError", "ConnectError", "AuthenticationError",
    "NoDatabaseError", "SourceError", "DuplicateError", "DependencyError", "TargetError", "SqlError", "CodeError",
    "ModifiedError", "MissingError", "LateError", "AheadError", "RenamedError", "UnmanagedError", "HistoryError", "RightsError",
    "ReadOnlyError", "LockedError", "TimeoutError", "CancelledError", "StaleError", "IrreversibleError", "RefusedError",
    "PartialError", "ConnectionLostError", "InTransactionError", "IoError", "InternalError", "FileSystemError",
    "DeviceLockedError", "OutcomeUnknownError", "ShadowError", "SchemaError", "MigrationsPending", "RunStopped",
]


class MigrateError(Exception):
    """What went wrong, where, why, and what to do next. str() of it is the whole story, without any password."""

    code: int = 0
    name: str = ""
    class_: str = ""
    message: str = ""
    detail: Optional[str] = None
    hint: Optional[str] = None
    id: Optional[str] = None
    file: Optional[str] = None
    line: Optional[int] = None
    column: Optional[int] = None
    statement: Optional[str] = None
    sqlstate: Optional[str] = None
    driver_code: Optional[int] = None

    def __init__(self, text: str = "", **fields: Any) -> None:
        super().__init__(text)
        self.__dict__.update(fields)
        if not self.message:
            self.message = text

    def __reduce__(self) -> Union[str, Tuple[Any, ...]]:
        if type(self) in _combined.values():  # made on demand: no module has it under its name
            return _again, (self.args[0] if self.args else "", dict(self.__dict__))
        return super().__reduce__()


class RetryLater(MigrateError):
    """Class "retry": nothing is wrong with the program; try again later."""


class FixSource(MigrateError):
    """Class "source": the migrations have to be mended."""


class FixRights(MigrateError):
    """Class "rights": the role lacks a right; the hint has the GRANT."""


class FixUsage(MigrateError):
    """Class "usage": an argument, an option or the order of calls is wrong."""


class Decide(MigrateError):
    """Class "state": the database and the build differ, and a person has to decide."""


class FixEnvironment(MigrateError):
    """Class "environment": the set-up has to be mended."""


class Cancelled(MigrateError):
    """Class "cancelled": somebody asked for the end."""


class Defect(MigrateError):
    """Class "internal": a defect in the library."""


class OutcomeOpen(MigrateError):
    """Class "unknown": it may have been done or not; run again, the history tells."""


_CLASSES: Dict[str, Type[MigrateError]] = {
    "retry": RetryLater, "source": FixSource, "rights": FixRights, "usage": FixUsage, "state": Decide,
    "environment": FixEnvironment, "cancelled": Cancelled, "internal": Defect, "unknown": OutcomeOpen,
}


class NomemError(MigrateError, MemoryError):
    """Out of memory."""


class MisuseError(MigrateError):
    """An argument is out of range, or a call untimely."""


class OptionError(MigrateError, ValueError):
    """Unknown option or bad value."""


class UrlError(MigrateError):
    """A URL that names no known engine or cannot be read."""


class ClientError(MigrateError):
    """libpq or libsqlite3 is absent, or lacks a function."""


class ConnectError(MigrateError):
    """The database was not reachable within wait_timeout."""


class AuthenticationError(MigrateError):
    """Password, role or host refused by the server."""


class NoDatabaseError(MigrateError):
    """The server has no such database; the file does not exist."""


class SourceError(MigrateError):
    """A directory, file, name or text of the source is not valid."""


class DuplicateError(MigrateError):
    """Two migrations with one id or one number."""


class DependencyError(MigrateError):
    """Depends: names an unknown id, forms a circle, or forbids this rollback."""


class TargetError(MigrateError):
    """Target unknown, or it fits several ids."""


class SqlError(MigrateError):
    """A statement failed; its migration was rolled back."""


class CodeError(MigrateError):
    """A migration in Python, or a callback, failed; __cause__ is its exception."""


class ModifiedError(MigrateError):
    """An applied migration's text has changed."""


class MissingError(MigrateError):
    """An applied migration is not in the source."""


class LateError(MigrateError):
    """A pending number is lower than an applied one."""


class AheadError(MigrateError):
    """The database is ahead of this build."""


class RenamedError(MigrateError):
    """An applied migration stands in the source under a new id."""


class UnmanagedError(MigrateError):
    """The database has objects but no history."""


class HistoryError(MigrateError):
    """The history table is not ours, newer than this library, or damaged."""


class RightsError(MigrateError):
    """The role lacks a right."""


class ReadOnlyError(MigrateError):
    """Read-only file or server."""


class LockedError(MigrateError):
    """Another runner or writer holds the lock beyond wait_timeout, or a table's lock was not to be had."""


class TimeoutError(MigrateError, builtins.TimeoutError):
    """run_deadline, max_blocking, or mode wait beyond wait_timeout."""


class CancelledError(MigrateError):
    """Cancelled by a token or by the event callback."""


class StaleError(MigrateError):
    """The plan no longer fits the database or the source."""


class IrreversibleError(MigrateError):
    """No rollback text."""


class RefusedError(MigrateError):
    """Refused by a guard."""


class PartialError(MigrateError):
    """Non-transactional work ended half-way; a new run goes on behind the last done statement."""


class ConnectionLostError(MigrateError):
    """The connection broke during the run; what was under way was not committed."""


class InTransactionError(MigrateError):
    """The host's connection is inside a transaction."""


class IoError(MigrateError):
    """Disk full, I/O error, damaged database file."""


class InternalError(MigrateError):
    """A defect in the library: please report it."""


class FileSystemError(MigrateError):
    """SQLite: the file is on a network file system, or one without locks."""


class DeviceLockedError(MigrateError):
    """SQLite: the file is there only once the device is unlocked."""


class OutcomeUnknownError(MigrateError):
    """The connection broke during COMMIT and the database could not be asked."""


class ShadowError(MigrateError):
    """No scratch database to try things in."""


class SchemaError(MigrateError):
    """The schema is not the one that was claimed or wanted."""


class MigrationsPending(MigrateError):
    """Start-up in mode check: migrations are pending. `report` says how many."""

    report: "Report"


class RunStopped(MigrateError):
    """Start-up ended early at a safe point (run_budget, or a token's stop): start again. `report` says what was done."""

    report: "Report"


def class_named(name: str) -> str:
    """The class for a code's word: "read_only" -> "ReadOnlyError"."""
    return "".join(part.capitalize() for part in re.split(r"[_ -]", name)) + "Error"


_combined: Dict[Tuple[type, type], Type[MigrateError]] = {}


def _class_for(name: str, class_: str) -> Type[MigrateError]:
    by_name: Type[MigrateError] = globals().get(class_named(name), MigrateError)
    by_class = _CLASSES.get(class_, MigrateError)
    if by_name is MigrateError or by_class is MigrateError:
        return by_class if by_name is MigrateError else by_name
    key = (by_name, by_class)
    if key not in _combined:
        _combined[key] = type(by_name.__name__, key, {"__module__": "libmigrate", "__doc__": by_name.__doc__})
    return _combined[key]


def _again(text: str, fields: Dict[str, Any]) -> MigrateError:
    return _class_for(fields.get("name", ""), fields.get("class_", ""))(text, **fields)


def take_error(pointer: ctypes.c_void_p, code: int) -> MigrateError:
    """The library's error object as an exception; the object is freed here."""
    lib = library()
    if not pointer.value:
        name = decoded(lib.migrate_code_name(code)) or "error"
        return _class_for(name, "")(f"libmigrate: {name}", code=code, name=name)
    try:
        text = ctypes.c_void_p()
        lib.migrate_error_text(pointer, ctypes.byref(text))
        fields: Dict[str, Any] = {"code": lib.migrate_error_code(pointer), "class_": decoded(lib.migrate_error_class(pointer))}
        for key in ("name", "message", "detail", "hint", "id", "file", "statement", "sqlstate"):
            fields[key] = decoded(getattr(lib, "migrate_error_" + key)(pointer))
        for key in ("line", "column", "driver_code"):
            fields[key] = getattr(lib, "migrate_error_" + key)(pointer) or None
        whole = take_text(text).rstrip("\n")
        return _class_for(fields["name"] or "", fields["class_"] or "")(whole or fields["message"] or "", **fields)
    finally:
        lib.migrate_error_free(pointer)
