"""Writes a checkpoint from time to time, and trims the stream: one server does it for all."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from chat_protocol.log_event import INFO, WARNING, log_event, log_often
from tcp_server.cluster.stream import Away, Stream
from tcp_server.log.checkpoint import make, to_settle
from tcp_server.room.shared_room import SharedRoom

_ENTRIES: Final = 10_000
"""A checkpoint is due after so many entries."""

_REMOVAL_SECONDS: Final = 60.0
"""Seconds after which one is due if a text was deleted or edited: it is still in the stream."""

_RETRY_SECONDS: Final = 10.0


class Checkpoints:
    """When to make one. Owned by one thread, which waits here."""

    def __init__(self, stream: Stream, path: Path, settle: Callable[[int], None]) -> None:
        """`path` is that of the log; `settle` proposes that older messages are settled."""
        self._stream = stream
        self._settle = settle
        self._path = path
        self._entries = 0  # that were applied when the last one was made
        self._removed_at: float | None = None  # since when a text is to be removed; monotonic
        self._removals = 0  # checkpoints to be made for that: the one before the newest is kept too
        self._position = 0  # of the newest one that was made here
        self._try_at = self._settle_at = 0.0  # monotonic

    def make_soon(self) -> None:
        """Have one made with the next call of `keep`: Redis may have lost it. Any thread."""
        self._entries = -_ENTRIES

    def keep(self, room: SharedRoom[Any]) -> None:
        """Make a checkpoint if one is due, and this server is the one that makes it. Often."""
        if not room.view.is_oldest:
            self._entries, self._position = room.entries, 0
            return
        now = time.monotonic()
        if room.has_removed:
            room.has_removed = False
            self._removals = 2
            self._removed_at = self._removed_at or now
        is_removal_due = self._removed_at is not None and now >= self._removed_at + _REMOVAL_SECONDS
        if now < self._try_at or not (is_removal_due or room.entries >= self._entries + _ENTRIES):
            return
        try:
            if now >= self._settle_at:
                self._settle_at = now + _RETRY_SECONDS
                if room.view.settled < (below := to_settle(self._path)):
                    self._settle(below)
                    return  # made with a later call: most likely that was applied then
            self._try_at = now + _RETRY_SECONDS
            self._make(room)
        except (Away, OSError, sqlite3.Error) as error:
            log_often(
                WARNING, "no checkpoint", reason="away" if isinstance(error, Away) else "log", error=error
            )
            return
        if self._removals:
            self._removals -= 1
            self._removed_at = now if self._removals else None

    def _make(self, room: SharedRoom[Any]) -> None:
        """Raises `Away`, `OSError`, `sqlite3.Error`."""
        if not self._position and (before := self._stream.load_checkpoint()):
            self._position = before[0]
        entries = room.entries
        position, data = make(self._path)
        self._stream.save_checkpoint(position, data)
        self._stream.trim(min(self._position, room.view.applied_by_all))
        log_event(INFO, "checkpoint", position=position, size=len(data))
        self._position, self._entries = position, entries
