"""The acts on messages in a log on disk: their keys, what they have changed, and the reactions.

Not thread-safe: the caller holds the sequencer's room lock. `sqlite3.Error` is left to the caller.
"""

import sqlite3
from collections.abc import Iterator

from chat_protocol.messages import Message
from tcp_server.log.changes import Changes
from tcp_server.log.keys import Keys
from tcp_server.log.log_file import version_of
from tcp_server.log.message_rows import Row
from tcp_server.log.reactions import StoredReactions

_VERSION = 7
"""Of the first schema with acts."""

TABLES = ("acts", "reactions")
"""The tables with what the messages do not have of them; each has five columns, first the message."""


class Acts:
    """Acts that are stored, and those that are not committed yet."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.keys = Keys(db)
        self.changes = Changes(db)
        self.reactions = StoredReactions(db)
        self.are_new = False
        """Whether any are not committed yet, which whoever adds one sets."""

    def forget(self, below: int) -> None:
        """Drop what is not committed of acts on messages with smaller ids."""
        self.keys.forget(below)
        self.changes.forget(below)
        self.reactions.forget(below)

    def write(self) -> None:
        """Write what is not committed into the open transaction."""
        if not self.are_new:
            return
        self.keys.write()
        self.changes.write()
        self.reactions.write()

    def write_forgotten(self, below: int) -> None:
        """Remove in the open transaction all that belongs to messages with smaller ids."""
        self._db.execute("DELETE FROM acts WHERE message < ?", (below,))
        self._db.execute("DELETE FROM reactions WHERE message < ?", (below,))

    def commit(self) -> bool:
        """Take all of it for committed; return whether it has replaced text, which the WAL still contains."""
        self.reactions.commit()
        self.keys.clear()
        self.are_new = False
        return any(change.rewritten for change in self.changes.clear())

    def rollback(self) -> list[Message]:
        """Undo what is not committed; return the messages as they were before."""
        self.reactions.rollback()
        self.keys.clear()
        self.are_new = False
        return [change.original for change in self.changes.clear()]


def rows(db: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Yield the rows of one of `TABLES` by message, none from a file of an older version."""
    if version_of(db) >= _VERSION:
        yield from db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608 - ours
