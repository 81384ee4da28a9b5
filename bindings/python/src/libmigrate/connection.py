# SPDX-License-Identifier: MIT
"""What a migration in Python works on."""

from __future__ import annotations

import ctypes
import json
from typing import Any, Dict, List, Optional

from ._native import decoded, encoded, library, rows_of, take_text
from .drivers import Driver
from .errors import take_error


class Connection:
    """The open connection inside a migration's transaction. It is valid until the function returns."""

    def __init__(self, pointer: int, driver: Optional[Driver] = None) -> None:
        self._pointer: Optional[int] = pointer
        self._driver = driver

    def _open(self) -> int:
        if self._pointer is None:
            raise RuntimeError("a migration's connection must not be used behind the end of its function")
        return self._pointer

    @property
    def engine(self) -> str:
        """sqlite or postgresql."""
        return decoded(library().migrate_connection_engine(self._open())) or ""

    def execute(self, sql: str) -> None:
        """Runs SQL text, one or more statements."""
        error = ctypes.c_void_p()
        code = library().migrate_connection_exec(self._open(), encoded(sql), ctypes.byref(error))
        if code < 0:
            raise take_error(error, code)

    def query(self, sql: str) -> List[Dict[str, Optional[str]]]:
        """Runs one statement; its rows, with every value as text or None."""
        table = ctypes.c_void_p()
        error = ctypes.c_void_p()
        try:
            if self._driver is not None:
                self._driver.naming = True
            code = library().migrate_connection_query(self._open(), encoded(sql), ctypes.byref(table), ctypes.byref(error))
        finally:
            if self._driver is not None:
                self._driver.naming = False
        if code < 0:
            raise take_error(error, code)
        result: List[Dict[str, Any]] = json.loads(rows_of(table))["rows"]
        return result

    def quote(self, text: str) -> str:
        """A text as a literal of the engine's SQL, quotes included."""
        literal = ctypes.c_void_p()
        error = ctypes.c_void_p()
        code = library().migrate_connection_quote(self._open(), encoded(text), ctypes.byref(literal), ctypes.byref(error))
        if code < 0:
            raise take_error(error, code)
        return take_text(literal)

    def _end(self) -> None:
        self._pointer = None
