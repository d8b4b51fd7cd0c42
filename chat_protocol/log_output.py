"""Log lines on standard error, which may stop taking them: a paused terminal, a full pipe, a full disk."""

import logging
import os
import select
import sys
import threading
from collections import deque
from typing import Final

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"

_STDERR: Final = 2
"""The descriptor: no other thread can hold a lock on it, as on `sys.stderr`."""

_MAX_WAITING: Final = 1000
"""Most lines that wait to be written; further ones are dropped, and counted."""

_CLOSE_TIMEOUT: Final = 1.0
"""Longest time, in seconds, that the end of the program waits for what is not written yet."""


class LogOutput(logging.Handler):
    """Hands log lines to a thread of its own, which writes them to a descriptor: who logs never waits.

    Any thread may log. After a fork the child needs a new one.
    """

    def __init__(self, descriptor: int = _STDERR) -> None:
        """Start the thread. Raises `RuntimeError` if the system allows no more threads."""
        self._descriptor = descriptor
        self._encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        self._changed = threading.Condition()  # guards the next three; taken under the handler's own lock
        self._waiting: deque[str] = deque()
        self._dropped = 0  # lines since the last one that could be kept
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="log output", daemon=True)
        self._thread.start()
        super().__init__()  # after what may fail: from now on `logging` closes it at the end
        self.setFormatter(logging.Formatter(_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record as text, or drop it if too many wait."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as all handlers do: a mistake in a log line must not harm its caller
            self.handleError(record)
            return
        with self._changed:
            if len(self._waiting) >= _MAX_WAITING:
                self._dropped += 1
                return
            self._tell_of_dropped()
            self._waiting.append(line)
            self._changed.notify()

    def close(self) -> None:
        """Wait until everything is written, or for one second. `logging` does this when the program ends."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(_CLOSE_TIMEOUT)
        super().close()

    def _tell_of_dropped(self) -> None:
        """Queue a line that says how many were dropped, if any. Requires holding `_changed`."""
        if self._dropped:
            text = f"lines of this log that could not be written: {self._dropped}"
            record = logging.makeLogRecord({"levelno": logging.WARNING, "levelname": "WARNING", "msg": text})
            self._waiting.append(self.format(record))
            self._dropped = 0

    def _run(self) -> None:
        was_written = True
        while (line := self._next(was_written=was_written)) is not None:
            was_written = self._write(f"{line}\n".encode(self._encoding, "backslashreplace"))

    def _next(self, *, was_written: bool) -> str | None:
        """Wait for the next line to write, given how it went with the last; None if none will come."""
        with self._changed:
            if not was_written:
                self._dropped += 1
            elif not self._waiting:
                self._tell_of_dropped()
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            return self._waiting.popleft() if self._waiting else None

    def _write(self, data: bytes) -> bool:
        """Write it all, however long that takes; return whether it could be written."""
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # some other program that has the descriptor made it non-blocking
                writable = select.poll()
                writable.register(self._descriptor, select.POLLOUT)
                writable.poll()
            except OSError:
                return False
        return True


def log_to_stderr(level: int) -> None:
    """Have everything of that level and above logged to standard error. Raises as `LogOutput`."""
    logging.basicConfig(level=level, handlers=[LogOutput()], force=True)
