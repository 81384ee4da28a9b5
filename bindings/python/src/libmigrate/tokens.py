# SPDX-License-Identifier: MIT
"""A token asks calls that wait or run to end."""

from __future__ import annotations

from typing import Callable, Set

Listener = Callable[[int], None]


class CancelToken:
    """Give one to any number of Migrators, then call cancel() or stop() from another thread or a signal handler.

    stop(): nothing new is begun. cancel(): the statement that runs is cancelled too, and its migration rolled back.
    """

    STOP = 1
    CANCEL = 2

    def __init__(self) -> None:
        self._state = 0
        self._listeners: Set[Listener] = set()

    @property
    def state(self) -> int:
        """0: nothing asked; CancelToken.STOP, CancelToken.CANCEL."""
        return self._state

    @property
    def cancelled(self) -> bool:
        return self._state == self.CANCEL

    def stop(self) -> None:
        self._tell(self.STOP)

    def cancel(self) -> None:
        self._tell(self.CANCEL)

    # No lock: a signal handler may interrupt whoever holds it. Who listens looks at the state once more behind its adding.
    def _tell(self, state: int) -> None:
        self._state = max(self._state, state)
        for listener in list(self._listeners):
            listener(self._state)

    def _add(self, listener: Listener) -> None:
        self._listeners.add(listener)
        if self._state:
            listener(self._state)

    def _remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)
