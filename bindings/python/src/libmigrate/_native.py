# SPDX-License-Identifier: MIT
"""The library behind the package: where it is found, and how its texts and tables come over."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

from ._generated import FUNCTIONS

FOLDER = Path(__file__).resolve().parent / "_library"
NAME = {"darwin": "libmigrate.1.dylib"}.get(sys.platform, "libmigrate.so.1")


def _places() -> Iterator[str]:
    """The package's own copy comes first; distributions that take it out have theirs in the prefix, or where the system looks."""
    named = os.environ.get("LIBMIGRATE_LIBRARY")
    if named:
        yield named
        return
    for path in (FOLDER / NAME, Path(sys.prefix) / "lib" / NAME):
        if path.exists():
            yield str(path)
    found = ctypes.util.find_library("migrate")
    if found:
        yield found


@lru_cache(maxsize=None)
def library() -> Any:
    """The loaded library, with every function of migrate.h declared."""
    tried: List[str] = []
    for place in _places():
        try:
            loaded = ctypes.CDLL(place)
        except OSError as error:
            tried.append(str(error))
            continue
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(loaded, name, None)
            if function is not None:  # an older library: what is missing fails when it is called
                function.restype = result
                function.argtypes = arguments
        return loaded
    raise ImportError(
        "libmigrate: its C library was not found: neither in the package nor in the system"
        + (f" ({'; '.join(tried)})" if tried else "")
        + ". Install the wheel, or name the file in LIBMIGRATE_LIBRARY."
    )


def take_text(pointer: ctypes.c_void_p) -> str:
    """A text that the library handed over, and that is freed here."""
    try:
        return ctypes.string_at(pointer.value or 0).decode("utf-8", "replace") if pointer.value else ""
    finally:
        library().migrate_free(pointer)


def rows_of(pointer: ctypes.c_void_p) -> str:
    """A table of results as JSON; it is freed here."""
    text = ctypes.c_void_p()
    try:
        if library().migrate_rows_json(pointer, ctypes.byref(text), None) != 0:
            raise MemoryError("libmigrate: out of memory")
        return take_text(text)
    finally:
        library().migrate_rows_free(pointer)


def encoded(text: Optional[str]) -> Optional[bytes]:
    """For C: UTF-8; what would end it early is an error here."""
    if text is None:
        return None
    if "\0" in text:
        raise ValueError("a text for libmigrate must not contain NUL")
    return text.encode("utf-8")


def decoded(text: Optional[bytes]) -> Optional[str]:
    return None if text is None else text.decode("utf-8", "replace")


def pointer_out() -> ctypes.c_void_p:
    return ctypes.c_void_p()


Call = Callable[..., int]
