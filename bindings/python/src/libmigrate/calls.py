# SPDX-License-Identifier: MIT
"""Calls of the library that can be interrupted, and callbacks that come back to the caller's own thread.

Python runs a signal's handler (Ctrl-C) in the main thread, between two of its own instructions: inside a C function that takes a minute
it would wait for a minute. So the main thread leaves the C function to a helper thread, waits, and runs the callbacks itself; what
interrupts the waiting cancels the call.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Optional

POLL = 0.5  # seconds; a wake-up that got lost in an interruption costs no more


class _Request:
    """A callback on its way to the thread that called."""

    def __init__(self, body: Callable[[], int]) -> None:
        self.body = body
        self.started = False
        self.value: int = 1
        self.error: Optional[BaseException] = None
        self.answered = threading.Event()

    def run(self, interrupted: Optional[BaseException]) -> None:
        if self.started:  # an interruption came between its begin and its end
            self.error = self.error or interrupted
            self.answered.set()
            return
        self.started = True
        try:
            self.value = self.body()
        except BaseException as error:
            self.error = error
        self.answered.set()


class Caller:
    """Runs one call of the library at a time."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._request: Optional[_Request] = None
        self._wake: Optional[threading.Semaphore] = None
        self._helper: Optional[int] = None
        self.raised: Optional[BaseException] = None

    def call(self, function: Callable[[], int], here: bool) -> int:
        """here: in the calling thread, whichever it is, because what the callbacks use belongs to it."""
        self.raised = None
        if here or threading.current_thread() is not threading.main_thread():
            return function()
        return self._by_helper(function)

    def _by_helper(self, function: Callable[[], int]) -> int:
        wake = self._wake = threading.Semaphore(0)
        self._request = None
        outcome: list[Any] = []

        def work() -> None:
            self._helper = threading.get_ident()
            try:
                outcome.append(function())
            except BaseException as error:
                outcome.append(error)
            wake.release()

        helper = threading.Thread(target=work, name="libmigrate", daemon=True)
        helper.start()
        while not outcome:
            try:
                wake.acquire(timeout=POLL)
                request = self._request
                if request is not None and not request.answered.is_set():
                    request.run(self.raised)
            except BaseException as error:
                self.note(error)
        self._helper = None
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return int(outcome[0])

    def note(self, error: BaseException) -> None:
        """The first one counts. What is no Exception (KeyboardInterrupt, SystemExit) ends the call at once."""
        self.raised = self.raised or error
        if not isinstance(error, Exception):
            self._cancel()

    def guard(self, body: Callable[..., int]) -> Callable[..., int]:
        """A callback for C: runs where the call came from; an exception becomes 1, and is kept."""

        def callback(*arguments: Any) -> int:
            try:
                if self._helper != threading.get_ident():
                    return body(*arguments)
                request = self._request = _Request(lambda: body(*arguments))
                assert self._wake is not None
                self._wake.release()
                request.answered.wait()
                if request.error is not None:
                    raise request.error
                return request.value
            except BaseException as error:
                self.note(error)
                return 1

        return callback
