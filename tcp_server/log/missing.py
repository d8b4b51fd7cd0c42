"""The older messages that a server of a cluster has not got yet: it came in at a checkpoint.

They are fetched from another server in pieces, from the newest one down. All of them are settled
(`History.settled`), so that no more than a deletion can happen to them meanwhile; those are kept here,
and applied to what is fetched.

Not thread-safe: the caller holds the sequencer's room lock. `sqlite3.Error` is left to the caller.
"""

import sqlite3
from typing import Final

from tcp_server.log.log_file import version_of

FIRST_IN_CLUSTERS: Final = 11
"""The version of the first schema with all that a server of a cluster keeps."""


class Missing:
    """The one range of ids that is missing, and what was deleted of it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        row = db.execute("SELECT first, stop, position, last FROM missing").fetchone() or (0, 0, 0, 0)
        self.ids = range(*row[:2])
        """From the oldest message of the room to the oldest one here; empty if nothing is missing."""
        self.position = int(row[2])
        """The position of the checkpoint: who has applied less does not have what is missing here."""
        self.last = int(row[3])
        """The id up to which acts may have changed what is missing."""
        self._staged: dict[int, int] = {}  # acts of deletion that are not committed yet, by message
        self._forgotten = 0  # an id, with the next commit

    def delete(self, message_id: int, act: int) -> None:
        """Delete a missing message with the next commit; `act` is the id of the act."""
        self._staged[message_id] = act

    def deletions(self, ids: range) -> dict[int, int]:
        """Return the acts that have deleted some of these messages, by message."""
        rows = self._db.execute(
            "SELECT message, act FROM missing_deletions WHERE message BETWEEN ? AND ?",
            (ids.start, ids.stop - 1),
        )
        return dict(rows.fetchall()) | {id_: act for id_, act in self._staged.items() if id_ in ids}

    def forget(self, below: int) -> None:
        """Note that messages with smaller ids are no longer missing, but forgotten; with the next commit."""
        if below > self.ids.start:
            self.ids = range(min(below, self.ids.stop), self.ids.stop)
            self._forgotten = below

    def write(self) -> None:
        """Write what is not committed into the open transaction."""
        if self._staged:
            self._db.executemany(
                "INSERT OR REPLACE INTO missing_deletions VALUES (?, ?)", self._staged.items()
            )
            self._db.execute("UPDATE missing SET last = ?", (max(self._staged.values()),))
        if self._forgotten:
            self.write_rest(self.ids)

    def write_rest(self, ids: range) -> None:
        """Write into the open transaction that only these ids are still missing."""
        self._db.execute(
            "DELETE FROM missing_deletions WHERE message NOT BETWEEN ? AND ?", (ids.start, ids.stop - 1)
        )
        self._db.execute("UPDATE missing SET first = ?, stop = ?", (ids.start, ids.stop))
        self._db.execute("DELETE FROM missing WHERE first >= stop")

    def commit(self) -> None:
        """Take all of it for committed."""
        if self._staged:
            self.last = max(self._staged.values())
        self._staged.clear()
        self._forgotten = 0

    def rollback(self) -> None:
        """Undo the deletions that are not committed."""
        self._staged.clear()


def missing_ids(db: sqlite3.Connection) -> range:
    """Return the ids of the messages that a file has not got yet; none in one of an older version."""
    query = "SELECT first, stop FROM missing"
    row = db.execute(query).fetchone() if version_of(db) >= FIRST_IN_CLUSTERS else None
    return range(*row) if row else range(0)


def settled_below(db: sqlite3.Connection) -> int:
    """Return `History.settled` of a file, also of one of an older version."""
    query = "SELECT settled FROM log"
    (settled,) = db.execute(query).fetchone() if version_of(db) >= FIRST_IN_CLUSTERS else (0,)
    return int(settled)
