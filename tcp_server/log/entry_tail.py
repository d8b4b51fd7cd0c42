"""The newest entries of a journal as they were read: what a journal that has lost its end is given back.

Only where the journal is shared with other servers. Not thread-safe: the caller holds the sequencer's room
lock. `sqlite3.Error` is left to the caller.
"""

import sqlite3
from typing import Final

_KEPT: Final = 10_000
"""Entries that are kept at least."""

_STEP: Final = 256
"""Older entries are removed when there are about so many of them: one at a time would take longer."""

_MAX_WAITING: Final = 64
"""Entries that wait for something else to commit."""


class EntryTail:
    """Entries in the file, and those that are not committed yet."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._staged: list[tuple[int, bytes]] = []
        self._since_removal = _STEP  # entries; at the start it is not known

    @property
    def is_due(self) -> bool:
        """Whether so many entries have changed nothing that they should be stored all the same."""
        return len(self._staged) >= _MAX_WAITING

    def add(self, position: int, data: bytes) -> None:
        """Store an entry with the next commit."""
        self._staged.append((position, data))

    def after(self, position: int) -> list[tuple[int, bytes]]:
        """Return position and data of the entries behind a position, in their order."""
        stored = self._db.execute(
            "SELECT position, data FROM tail WHERE position > ? ORDER BY position", (position,)
        ).fetchall()
        return stored + [entry for entry in self._staged if entry[0] > position]

    def write(self) -> None:
        """Write what is not committed into the open transaction, and remove what is too old."""
        if not self._staged:
            return
        self._db.executemany("INSERT OR REPLACE INTO tail VALUES (?, ?)", self._staged)
        if self._since_removal + len(self._staged) >= _STEP:
            self._db.execute(
                "DELETE FROM tail WHERE position <="
                " (SELECT position FROM tail ORDER BY position DESC LIMIT 1 OFFSET ?)",
                (_KEPT,),
            )

    def commit(self) -> None:
        """Take all of it for committed."""
        self._since_removal = (self._since_removal + len(self._staged)) % _STEP
        self._staged.clear()

    def rollback(self) -> None:
        """Forget what is not committed."""
        self._staged.clear()
