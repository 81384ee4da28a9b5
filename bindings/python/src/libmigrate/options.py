# SPDX-License-Identifier: MIT
"""Python's values as the library's texts."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import Any, Optional

from ._options import TYPES, Options

__all__ = ["Options", "seconds_of", "text_of"]
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def text_of(key: str, value: Any) -> Optional[str]:
    """Durations: a text with a unit, seconds, or a timedelta; sizes: a text, or bytes; on and off: truth values too. None: the default."""
    if value is None:
        return None
    kind = TYPES.get(key)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)}us"
    if isinstance(value, (int, float)):
        if kind == "duration":
            return f"{round(value * 1_000_000)}us"
        return f"{value}B" if kind == "size" else str(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def seconds_of(duration: Optional[str]) -> Optional[float]:
    """A duration as the library writes it; None: no limit."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(us|ms|s|min|h|d)", duration or "")
    return float(found.group(1)) * UNITS[found.group(2)] or None if found else None
