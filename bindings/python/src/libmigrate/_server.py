# SPDX-License-Identifier: MIT
"""What uvicorn and gunicorn say to a program that starts below them: read, nothing of theirs is changed.

Both hear SIGTERM while the program starts, note it in the object whose method handles the signal, and look there only behind the start: a long
migration would be waited for until somebody kills the process. And gunicorn kills a worker that does not call notify() for --timeout
(30 s), which a worker in its start does not.
"""

from __future__ import annotations

import signal
from typing import Any, Callable, List, Optional

from . import results

SERVERS = ("uvicorn", "gunicorn")


def _servers() -> List[Any]:
    """Those whose methods handle signals here: uvicorn's Server SIGTERM, gunicorn's Worker SIGUSR1, and SIGTERM unless uvicorn does."""
    numbers = [number for number in (signal.SIGTERM, getattr(signal, "SIGUSR1", None)) if number is not None]
    owners = [getattr(signal.getsignal(number), "__self__", None) for number in numbers]
    return [o for o in owners if any(kind.__module__.partition(".")[0] in SERVERS for kind in type(o).__mro__)]


def _starting_was_told_to_end(server: Any) -> bool:
    uvicorn = getattr(server, "should_exit", False) is True and getattr(server, "started", True) is False
    gunicorn = getattr(server, "alive", True) is False and getattr(server, "booted", True) is False
    return uvicorn or gunicorn


def watched(on_event: Optional[Callable[[results.Event], Any]]) -> Optional[Callable[[results.Event], Any]]:
    """The callback of a start-up (an event comes at least once a second), which also cancels it when the server was told to end."""
    servers = _servers()
    if not servers:
        return on_event

    def watch(event: results.Event) -> Any:
        for server in servers:
            if getattr(server, "booted", True) is False and callable(getattr(server, "notify", None)):
                server.notify()
        if any(_starting_was_told_to_end(server) for server in servers):
            return True
        return on_event(event) if on_event is not None else None

    return watch
