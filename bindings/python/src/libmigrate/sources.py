# SPDX-License-Identifier: MIT
"""Where migrations come from: a folder, a package's resources, texts and functions in memory."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from ._generated import migrate_code_fn
from ._native import encoded, library
from .errors import take_error

if TYPE_CHECKING:
    from .connection import Connection

Code = Callable[["Connection"], Any]
Texts = Mapping[str, Union[str, bytes]]


@dataclass(frozen=True)
class Migration:
    """One migration in memory: SQL, or a function that gets the open connection inside the migration's transaction.

    `version` of a function stands where a text's checksum would: change it when the function changes its meaning.
    """

    id: str
    up: Union[str, Code]
    down: Union[str, Code, None] = None
    version: str = "1"


Migrations = Union[Texts, Iterable[Migration]]


def is_resource(place: Any) -> bool:
    """A folder that is not in the file system: a package's resources inside a zip file, for instance."""
    return not isinstance(place, (str, os.PathLike)) and hasattr(place, "iterdir")


def resource_texts(place: Any, prefix: str = "") -> Iterator[Tuple[str, bytes]]:
    for entry in sorted(place.iterdir(), key=lambda entry: str(entry.name)):
        if entry.is_dir():
            yield from resource_texts(entry, prefix + entry.name + "/")
        elif entry.name.endswith(".sql"):
            yield prefix + entry.name, entry.read_bytes()


class MemorySource:
    """The library's source object, and what has to live as long as it."""

    def __init__(self, guard: Callable[[Callable[[Any], Any]], Any]) -> None:
        self.pointer = ctypes.c_void_p()
        self.kept: List[Any] = []
        self._guard = guard
        error = ctypes.c_void_p()
        self._settle(library().migrate_source_new(ctypes.byref(self.pointer), ctypes.byref(error)), error)

    def _settle(self, code: int, error: ctypes.c_void_p) -> None:
        if code < 0:
            raise take_error(error, code)

    def add_file(self, path: str, text: Union[str, bytes]) -> None:
        data = text.encode("utf-8") if isinstance(text, str) else text
        error = ctypes.c_void_p()
        self._settle(library().migrate_source_add_file(self.pointer, encoded(path), data, len(data), ctypes.byref(error)), error)

    def add(self, migration: Migration) -> None:
        error = ctypes.c_void_p()
        lib = library()
        if isinstance(migration.up, str) and not callable(migration.down):
            code = lib.migrate_source_add(
                self.pointer, encoded(migration.id), encoded(migration.up), encoded(migration.down), ctypes.byref(error)
            )
        else:
            if isinstance(migration.up, str) or isinstance(migration.down, str):
                raise TypeError(f"migration {migration.id}: up and down must both be texts, or both be functions")
            up = migrate_code_fn(self._guard(migration.up))
            down = migrate_code_fn(self._guard(migration.down)) if migration.down else migrate_code_fn()
            self.kept += [up, down]
            code = lib.migrate_source_add_code(
                self.pointer, encoded(migration.id), encoded(migration.version), up, down, None, ctypes.byref(error)
            )
        self._settle(code, error)

    def add_all(self, migrations: Migrations) -> None:
        if isinstance(migrations, Mapping):
            texts: Dict[str, Union[str, bytes]] = dict(migrations)
            for path, text in texts.items():
                self.add_file(path, text)
            return
        for migration in migrations:
            self.add(migration)

    def free(self) -> None:
        pointer, self.pointer = self.pointer, ctypes.c_void_p()
        library().migrate_source_free(pointer)


def source_of(place: Optional[Any], migrations: Optional[Migrations], guard: Callable[[Callable[[Any], Any]], Any]) -> Optional[MemorySource]:
    """None: there is nothing in memory."""
    if not is_resource(place) and migrations is None:
        return None
    source = MemorySource(guard)
    try:
        if is_resource(place):
            for path, text in resource_texts(place):
                source.add_file(path, text)
        if migrations is not None:
            source.add_all(migrations)
    except BaseException:
        source.free()
        raise
    return source
