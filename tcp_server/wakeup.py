"""Wakes the thread that accepts connections: for other threads, and for signals."""

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue


class Wakeup:
    """A descriptor that becomes readable when its thread, the main one, has something to do.

    A handler alone is not enough for a signal: one that arrives just before `select` blocks would be handled
    only after that. So each signal also writes to the descriptor.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._has_signals = False  # main thread

    def fileno(self) -> int:
        """Return what to wait for."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Make the descriptor readable. Any thread, and signal handlers."""
        with suppress(OSError):
            self._writer.send(b"!")

    def call_on(self, signum: signal.Signals, work: Callable[[], object]) -> None:
        """Have `answer` do this work whenever the signal comes. Main thread."""
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._has_signals = True

        def handle(*_: object) -> None:
            self._calls.put(work)  # which may be called while it runs
            self.wake()

        signal.signal(signum, handle)

    def answer(self) -> None:
        """Do what signals have asked for. Main thread, when the descriptor is readable."""
        self._reader.recv(4096)
        with suppress(Empty):
            while True:
                self._calls.get_nowait()()

    def close(self) -> None:
        """Close the descriptor. Main thread; signals call nothing any more."""
        if self._has_signals:
            signal.set_wakeup_fd(-1)
        self._writer.close()
        self._reader.close()
