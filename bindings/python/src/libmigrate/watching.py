# SPDX-License-Identifier: MIT
"""Ends a statement on the application's own connection.

The thread that called is inside of that connection's C library meanwhile, where it hears neither Ctrl-C nor a cancel; and it has to be that
thread, because sqlite3 serves no other. So a second one listens for the time of the call, and asks the connection to interrupt itself.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from typing_extensions import Self

    from .drivers import Driver

AGAIN = 0.1  # seconds: a connection that was asked just before its statement began did not hear it
NUDGE = b"\0"  # Python writes the numbers of signals; this is none


class Watch:
    """For one call. cancel: what Ctrl-C calls, where Python's own handler is to raise KeyboardInterrupt. limit: run_deadline, in seconds."""

    def __init__(self, driver: "Driver", cancel: Callable[[], None], limit: Optional[float] = None) -> None:
        self._driver, self._cancel, self._limit = driver, cancel, limit
        self._cancelled: Optional[float] = None
        self._deadline: Optional[float] = None
        self._ended = False
        self._former = -1
        self._main = threading.current_thread() is threading.main_thread()

    def cancel(self) -> None:
        """From any thread, and from a signal handler."""
        self._cancelled = self._cancelled or time.monotonic()
        self._nudge()

    def work_begins(self) -> None:
        """From now on the limit counts. The library's own count has begun by now, so it will see that the time is over, too."""
        if self._limit is not None and self._deadline is None:
            self._deadline = time.monotonic() + self._limit
            self._nudge()

    def _nudge(self) -> None:
        try:
            self._near.send(NUDGE)
        except OSError:  # full: it is awake in any case; closed: the call has ended
            pass

    def __enter__(self) -> "Self":
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._heard = bytearray()
        self._thread = threading.Thread(target=self._listen, name="libmigrate watch", daemon=True)
        self._thread.start()
        if self._main:  # an event loop's, perhaps; it is put back, and what came meanwhile is passed on
            self._former = signal.set_wakeup_fd(self._near.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *error: Any) -> None:
        if self._main:
            signal.set_wakeup_fd(self._former)
        self._ended = True
        self._nudge()
        self._thread.join()
        self._near.close()
        self._far.close()
        if self._former >= 0 and self._heard:
            self._pass_on()

    def _pass_on(self) -> None:
        try:
            os.write(self._former, self._heard)
        except OSError:  # full: its owner wakes up in any case
            pass

    def _listen(self) -> None:
        while not self._ended:
            select.select([self._far], [], [], self._patience())
            try:
                bytes_ = self._far.recv(4096)
            except BlockingIOError:
                bytes_ = b""
            signals = bytes_.replace(NUDGE, b"")
            self._heard += signals
            # Other handlers of the application may want something else than an end; they run when the statement has ended.
            if signal.SIGINT in signals and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                self._cancel()
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._cancelled = self._cancelled or self._deadline
            self._interrupt()

    def _patience(self) -> Optional[float]:
        if self._cancelled is not None:
            return AGAIN
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _interrupt(self) -> None:
        """What began behind the cancel is cleaning up, and has time for it."""
        began, cancelled = self._driver.began, self._cancelled
        if cancelled is None or began is None:
            return
        if began <= cancelled or time.monotonic() - began > AGAIN:
            try:
                self._driver.interrupt()
            except Exception:  # the connection is gone: so is its statement
                pass
