"""Log lines on standard error, which may stop taking them: a paused terminal, a full pipe, a full disk."""

import logging
import os
import select
import sys
import threading
from collections import deque
from time import monotonic
from typing import Final
from weakref import WeakSet

from chat_protocol.log_format import LogFormat, LogLevel, fields_of, formatter

_STDERR: Final = 2
"""The descriptor: no other thread can hold a lock on it, as on `sys.stderr`."""

_MAX_WAITING: Final = 1000
"""Most lines that wait to be written; further ones are dropped, and counted."""

_CLOSE_TIMEOUT: Final = 1.0
"""Longest time, in seconds, that the end of the program waits for what is not written yet."""

_COUNTING_TIME: Final = 10.0
"""Seconds in which events of one kind (`log_often`) become one line."""

Kind = tuple[str, str]


class _Counted:
    """Events of one kind since its last line."""

    def __init__(self) -> None:
        self.due_at = monotonic() + _COUNTING_TIME
        self.times = 0
        self.last: logging.LogRecord | None = None


class LogOutput(logging.Handler):
    """Hands log records to a thread of its own, which writes them to a descriptor: who logs never waits.

    They wait until a formatter is set: how lines look is a setting, and loading settings may log.
    Any thread may log. A child made by a fork gets a thread of its own, and writes nothing of its parent's.
    """

    def __init__(self, descriptor: int = _STDERR) -> None:
        """Start the thread. Raises `RuntimeError` if the system allows no more threads."""
        self._descriptor = descriptor
        self._encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        self.formatter: logging.Formatter | None = None
        self.start()
        super().__init__()  # after what may fail: from now on `logging` closes it at the end
        _outputs.add(self)

    def start(self) -> None:
        """Begin with nothing to write, in a new thread. Only to be called again in a new process."""
        self._changed = threading.Condition()  # guards the next four; taken under the handler's own lock
        self._waiting: deque[logging.LogRecord] = deque()
        self._counted: dict[Kind, _Counted] = {}
        self._dropped = 0  # lines since the last one that could be kept
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="log output", daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether it writes nothing any more."""
        return self._is_closed

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record, or drop it if too many wait. Its arguments must not change any more."""
        kind: Kind | None = getattr(record, "kind", None)
        with self._changed:
            if kind is not None and not self._is_first(kind, record):
                return
            self._queue(record)
            self._changed.notify()

    def setFormatter(self, fmt: logging.Formatter | None) -> None:  # noqa: N802 - the library's name
        """Set how lines look from now on."""
        super().setFormatter(fmt)
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        """Wait until everything is written, or for one second. `logging` does this when the program ends."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(_CLOSE_TIMEOUT)
        super().close()

    # --- requires holding `_changed` -------------------------------------------------

    def _is_first(self, kind: Kind, record: logging.LogRecord) -> bool:
        """Return whether a record is the first of its kind for a while; otherwise count it."""
        if (counted := self._counted.get(kind)) is None:
            self._counted[kind] = _Counted()
            return True
        counted.times += 1
        counted.last = record
        return False

    def _queue(self, record: logging.LogRecord) -> None:
        if len(self._waiting) >= _MAX_WAITING:
            self._dropped += 1
            return
        self._queue_number_dropped()
        self._waiting.append(record)

    def _queue_number_dropped(self) -> None:
        """Queue a line that says how many were dropped, if any."""
        if self._dropped:
            text = f"lines of this log that could not be written: {self._dropped}"
            self._waiting.append(
                logging.makeLogRecord({"levelno": logging.WARNING, "levelname": "WARNING", "msg": text})
            )
            self._dropped = 0

    def _queue_counted(self) -> float | None:
        """Queue what was counted for long enough; return in how many seconds to look again, if at all."""
        now = monotonic()
        for kind, counted in list(self._counted.items()):
            if counted.due_at > now and not self._is_closed:
                continue
            del self._counted[kind]
            if counted.last is not None:
                fields_of(counted.last)["times"] = counted.times
                self._queue(counted.last)
                self._counted[kind] = _Counted()
        return min((counted.due_at - now for counted in self._counted.values()), default=None)

    # --- the thread ------------------------------------------------------------------

    def _run(self) -> None:
        was_written = True
        while (record := self._next(was_written=was_written)) is not None:
            try:
                line = self.format(record)
            except Exception:  # noqa: BLE001 - as all handlers do: a mistake in a log line ends nothing
                self.handleError(record)
                continue
            was_written = self._write(f"{line}\n".encode(self._encoding, "backslashreplace"))

    def _next(self, *, was_written: bool) -> logging.LogRecord | None:
        """Wait for the next record to write, given how it went with the last; None if none will come."""
        with self._changed:
            if not was_written:
                self._dropped += 1
            elif not self._waiting:
                self._queue_number_dropped()
            while True:
                seconds = self._queue_counted()
                if self._waiting and (self.formatter is not None or self._is_closed):
                    return self._waiting.popleft()
                if self._is_closed:
                    return None
                self._changed.wait(seconds)

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


_outputs: WeakSet[LogOutput] = WeakSet()


def _start_again() -> None:
    for output in _outputs:
        if not output.is_closed:
            output.start()


os.register_at_fork(after_in_child=_start_again)


def log_to_stderr(level: LogLevel = "info", form: LogFormat | None = None) -> None:
    """Have everything of that level and above logged to standard error; may be called again to change it.

    Without `form` lines wait until it is called with one, or until the end. Raises as `LogOutput`.
    """
    root = logging.getLogger()
    output = next((handler for handler in root.handlers if isinstance(handler, LogOutput)), None)
    if output is None:
        output = LogOutput()
        root.addHandler(output)
    if form is not None:
        output.setFormatter(formatter(form))
    root.setLevel(level.upper())
