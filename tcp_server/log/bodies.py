"""The bodies of live messages: the final lines of each.

They decide nothing, so servers of one room may keep different ones. Not thread-safe: the caller holds the
sequencer's room lock.
"""

import logging
import sqlite3
from collections.abc import Container, Iterable
from contextlib import suppress
from typing import Final

from tcp_server.log.body import Body
from tcp_server.log.log_file import version_of

_log = logging.getLogger(__name__)

_MAX_LOADED: Final = 64
"""Bodies on disk that are kept in memory once they were read or added to: as many as can be open."""


_VERSION: Final = 12
"""Of the first schema with bodies."""


class Bodies:
    """Those in memory."""

    def __init__(self) -> None:
        self._bodies: dict[int, Body] = {}
        self._sizes: dict[int, int] = {}  # bytes of each, by message
        self._dropped: dict[
            int, tuple[int, Body | None]
        ] = {}  # since the last commit: size, and what is loaded
        self.bytes = 0
        """How many bytes all of them have."""

    def find(self, message: int) -> Body | None:
        """Return the body of a message, None if it has none, or that is gone. Only to be read."""
        return self._bodies.get(message)

    def kept(self, messages: Iterable[int]) -> set[int]:
        """Return which of these messages have a body."""
        return {message for message in messages if message in self._sizes}

    def add(self, message: int, offset: int, text: str) -> None:
        """Add final lines to the body of a message, as `Body.add`. Stored by the next commit."""
        if not text:
            return  # it was taken out of an entry
        body = self.find(message)
        if body is None:
            body = self._bodies[message] = Body()
        body.add(offset, text.encode())
        self.bytes += body.size - self._sizes.get(message, 0)
        self._sizes[message] = body.size

    def drop(self, message: int) -> None:
        """Remove the body of a message, if it has one. On disk by the next commit."""
        if (size := self._sizes.pop(message, None)) is not None:
            self._dropped[message] = size, self._bodies.pop(message, None)
            self.bytes -= size

    def forget(self, below: int) -> None:
        """Remove the bodies of all messages with smaller ids."""
        for message in [one for one in self._sizes if one < below]:
            self.drop(message)

    def commit(self) -> None:
        """Forget what was removed."""
        self._dropped.clear()

    def rollback(self, last: int) -> None:
        """Put back what was removed since the last commit; remove the bodies of messages above an id."""
        for message, (size, body) in self._dropped.items():
            self._sizes[message] = size
            self.bytes += size
            if body is not None:
                self._bodies[message] = body
        self._dropped.clear()
        for message in [one for one in self._sizes if one > last]:  # their ids are given again
            self._bodies.pop(message, None)
            self.bytes -= self._sizes.pop(message)

    def keep_at_most(self, size: int, growing: Container[int]) -> None:
        """Remove the body of the oldest message that has one and does not grow, if all have more bytes."""
        if self.bytes > size and (found := [one for one in self._sizes if one not in growing]):
            self.drop(min(found))


class StoredBodies(Bodies):
    """Those in a file, in parts as they were added. `sqlite3.Error` is left to the caller, but for `find`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__()
        self._db = db
        self._sizes = stored_sizes(db)
        self.bytes = sum(self._sizes.values())
        self._parts: list[tuple[int, int, bytes]] = []  # to be written
        self.has_removed = False
        """Whether what was written last has removed text."""

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._parts or self._dropped)

    def find(self, message: int) -> Body | None:
        """As `Bodies.find`; of what cannot be read also None."""
        if message not in self._sizes:
            return None
        body = self._bodies.pop(message, None)
        if body is None:
            try:
                body = read_body(self._db, message)
            except sqlite3.Error as error:
                _log.error("the body of #%d cannot be read: %s", message, error)
                return None
            self._unload()
        self._bodies[message] = body  # the newest
        return body

    def add(self, message: int, offset: int, text: str) -> None:
        super().add(message, offset, text)
        self._parts.append((message, offset, text.encode()))

    def write(self) -> None:
        """Write what is not committed yet, within a transaction."""
        self.has_removed = bool(self._dropped)
        dropped = [(message,) for message in self._dropped]
        self._db.executemany("DELETE FROM bodies WHERE message = ?", dropped)
        self._db.executemany("DELETE FROM body_parts WHERE message = ?", dropped)
        parts = [part for part in self._parts if part[0] in self._sizes]
        self._db.executemany("INSERT OR REPLACE INTO body_parts VALUES (?, ?, ?)", parts)
        for message in {part[0] for part in parts}:
            body = self._bodies[message]
            self._db.execute(
                "INSERT OR REPLACE INTO bodies VALUES (?, ?, ?)", (message, body.size, body.lines)
            )
            if (left_out := body.left_out) is not None:
                self._db.execute(
                    "DELETE FROM body_parts WHERE message = ? AND start >= ? AND start + length(text) <= ?",
                    (message, *left_out),
                )

    def rollback(self, last: int) -> None:
        super().rollback(last)
        self._parts = [part for part in self._parts if part[0] <= last]

    def commit(self) -> None:
        """Take what was written for committed."""
        super().commit()
        self._parts.clear()

    def _unload(self) -> None:
        """Make room for one more in memory; those with parts to be written stay."""
        if len(self._bodies) >= _MAX_LOADED:
            unwritten = {part[0] for part in self._parts}
            if (oldest := next((one for one in self._bodies if one not in unwritten), None)) is not None:
                del self._bodies[oldest]


def stored_sizes(db: sqlite3.Connection) -> dict[int, int]:
    """Return how many bytes the bodies in a file have, by message; none in one of an older version."""
    if version_of(db) < _VERSION:
        return {}
    return dict(db.execute("SELECT message, size FROM bodies ORDER BY message"))


def read_body(db: sqlite3.Connection, message: int) -> Body:
    """Return a body that a file has."""
    body = Body()
    for start, text in db.execute(
        "SELECT start, text FROM body_parts WHERE message = ? ORDER BY start", (message,)
    ):
        body.add(start, text)
    (body.lines,) = db.execute("SELECT lines FROM bodies WHERE message = ?", (message,)).fetchone()
    return body


def copy_bodies(new: sqlite3.Connection, old: sqlite3.Connection) -> None:
    """Copy the bodies of messages that both files have, as far as they can be read; none is open then."""
    for message in stored_sizes(old):
        with suppress(sqlite3.DatabaseError):
            sizes = old.execute("SELECT * FROM bodies WHERE message = ?", (message,)).fetchall()
            parts = old.execute("SELECT * FROM body_parts WHERE message = ?", (message,)).fetchall()
            if new.execute("SELECT 1 FROM messages WHERE id = ?", (message,)).fetchone():
                new.executemany("INSERT OR IGNORE INTO bodies VALUES (?, ?, ?)", sizes)
                new.executemany("INSERT OR IGNORE INTO body_parts VALUES (?, ?, ?)", parts)
    new.execute(
        "UPDATE messages SET details = json_set(details, '$.live.state', 'lost')"
        " WHERE json_extract(details, '$.live.state') = 'open'"
    )
