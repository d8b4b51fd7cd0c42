"""What is kept of a log on disk: limits of number, age and size; and a file that shrinks again."""

import logging
import sqlite3
import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from chat_protocol.log_event import INFO, log_event
from tcp_server.log import message_ids, said_rows

_log = logging.getLogger(__name__)

_REMOVED_AT_ONCE = 500
"""Maximum number of messages removed in one step, which takes some milliseconds."""

_FREED_AT_ONCE = 64
"""Maximum number of pages that the file shrinks by in one step, which takes about a millisecond."""

_FREE_PAGES = 1024
_FREE_PART = 10
"""Unused pages up to this number, or to one in ten, are left for new messages."""

_RESPITE = 60.0
"""Seconds from the start in which limits that would remove something can be put back."""


class Limits(NamedTuple):
    """Of what is kept; 0 means no limit. `size` is in bytes, without unused pages."""

    keep: int = 0
    days: int = 0
    size: int = 0


class Retention:
    """Finds the oldest messages of a file that are over the limits, in small steps.

    Not thread-safe: the caller holds the sequencer's room lock. The newest message is never removed.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` returns monotonic seconds. Raises `sqlite3.Error`."""
        self._db = db
        self._limits = limits
        self._clock = clock
        self._may_shrink = db.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        self._begins_at: float | None = None  # not known before it is asked for: only then is the time
        self._deleted = 0

    def oldest_to_keep(self, ids: range, count: int, now: float) -> int:
        """Return the id below which some of the `count` messages with these ids are to be removed.

        `ids.start` if none are; `now` is in seconds since 1970. Raises `sqlite3.Error`.
        """
        if self._begins_at is None:
            self._begins_at = self._announced(ids, count, now)
        if self._clock() < self._begins_at:
            return ids.start
        over = self._surplus(count) or self._expired(count, now) or self._oversized(count)
        removed = min(over, _REMOVED_AT_ONCE)
        if not removed:
            if self._begins_at and self._deleted:
                log_event(INFO, "messages over the limits deleted", messages=self._deleted)
                self._begins_at = 0.0
            return ids.start
        self._deleted += removed
        return message_ids.oldest(self._db, ids, removed + 1).stop - 1

    def shrink_some(self) -> bool:
        """Give some unused pages back to the system; return whether it did. Raises `sqlite3.Error`."""
        unused = self._pragma("freelist_count") if self._may_shrink else 0
        if unused <= max(_FREE_PAGES, self._pragma("page_count") // _FREE_PART):
            return False
        self._db.execute(f"PRAGMA incremental_vacuum({_FREED_AT_ONCE})").fetchall()
        return True

    def _announced(self, ids: range, count: int, now: float) -> float:
        """Tell what is over the limits at a start; return when that may be deleted, 0 if it is nothing."""
        surplus = max(self._surplus(count), self._all_expired(ids, count, now), self._oversized(count))
        if not surplus:
            return 0.0
        _log.warning(
            "%d of %d messages are over the limits (--keep %d --keep-days %d --keep-bytes %d); they will "
            "be deleted in %d s, unless you restart with greater limits before that",
            surplus,
            count,
            *self._limits,
            _RESPITE,
        )
        return self._clock() + _RESPITE

    def _surplus(self, count: int) -> int:
        """Return how many messages are over the limit of number."""
        return max(0, count - self._limits.keep) if self._limits.keep else 0

    def _oversized(self, count: int) -> int:
        """Return about how many messages are over the limit of size."""
        if not self._limits.size:
            return 0
        pages = self._pragma("page_count") - self._pragma("freelist_count")
        over = 1 - self._limits.size / (pages * self._pragma("page_size"))
        return max(0, min(int(over * count) + 1, count - 1)) if over > 0 else 0

    def _expired(self, count: int, now: float) -> int:
        """Return how many of the oldest messages are over the limit of age, at most those of one step."""
        oldest = self._oldest_kept(now)
        limit = max(0, min(_REMOVED_AT_ONCE, count - 1)) if oldest else 0
        rows = self._db.execute("SELECT at, coalesce(count, 1) FROM messages ORDER BY id LIMIT ?", (limit,))
        expired: int = sum(messages for _, messages in takewhile(lambda row: row[0] < oldest, rows))
        return min(expired, limit)

    def _all_expired(self, ids: range, count: int, now: float) -> int:
        """Return how many are over it altogether."""
        if not (oldest := self._oldest_kept(now)):
            return 0
        expired = ids[: bisect_left(ids, oldest, key=self._time_from)]
        return max(0, min(message_ids.count(self._db, expired), count - 1))

    def _time_from(self, id_: int) -> str:
        """Return the time of the first message from an id on."""
        query = "SELECT at FROM messages WHERE id >= ? ORDER BY id LIMIT 1"
        row = said_rows.read(self._db, "at", id_) or self._db.execute(query, (id_,)).fetchone()
        return str(row[0]) if row else "~"  # behind all times

    def _oldest_kept(self, now: float) -> str:
        """Return the timestamp before which messages are too old; empty if none are."""
        days = self._limits.days
        return (datetime.fromtimestamp(now, UTC) - timedelta(days=days)).isoformat() if days else ""

    def _pragma(self, name: str) -> int:
        (value,) = self._db.execute(f"PRAGMA {name}").fetchone()
        return int(value)
