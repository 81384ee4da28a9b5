# SPDX-License-Identifier: MIT
"""What uvicorn and gunicorn say to a program that starts below them: read, nothing of theirs is changed.

Both hear SIGTERM while the program starts, note it in the object whose method handles the signal, and look there only behind the start: a long
migration would be waited for until somebody kills the process.
"""

from __future__ import annotations

import signal
from typing import Any, Callable, Optional

from . import results

SERVERS = ("uvicorn", "gunicorn")


def _server() -> Any:
    """The one whose method handles SIGTERM here: uvicorn's Server (also below gunicorn), or gunicorn's Worker."""
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner if any(kind.__module__.partition(".")[0] in SERVERS for kind in type(owner).__mro__) else None


def _starts(server: Any) -> bool:
    return getattr(server, "booted", getattr(server, "started", True)) is False


def _ends(server: Any) -> bool:
    return getattr(server, "should_exit", False) is True or getattr(server, "alive", True) is False


def watched(on_event: Optional[Callable[[results.Event], Any]]) -> Optional[Callable[[results.Event], Any]]:
    """The callback of a start-up (an event comes at least once a second), which also cancels it when the server was told to end. Only while
    the server itself starts: one that serves and ends lets its requests come to their ends."""
    server = _server()
    if not _starts(server):
        return on_event

    def watch(event: results.Event) -> Any:
        if _ends(server):
            return True
        return on_event(event) if on_event is not None else None

    return watch
