"""The acts on messages in a log on disk: their keys, what they have changed, and the reactions.

Not thread-safe: the caller holds the sequencer's room lock. `sqlite3.Error` is left to the caller.
"""

import sqlite3

from chat_protocol.messages import Message
from tcp_server.log.changes import Changes
from tcp_server.log.keys import Keys
from tcp_server.log.reactions import StoredReactions


class Acts:
    """Acts that are stored, and those that are not committed yet."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.keys = Keys(db)
        self.changes = Changes(db)
        self.reactions = StoredReactions(db)

    def forget(self, below: int) -> None:
        """Drop what is not committed of acts on messages with smaller ids."""
        self.keys.forget(below)
        self.changes.forget(below)
        self.reactions.forget(below)

    def write(self) -> None:
        """Write what is not committed into the open transaction."""
        self.keys.write()
        self.changes.write()
        self.reactions.write()

    def write_forgotten(self, below: int) -> None:
        """Remove in the open transaction all that belongs to messages with smaller ids."""
        self._db.execute("DELETE FROM acts WHERE message < ?", (below,))
        self._db.execute("DELETE FROM reactions WHERE message < ?", (below,))

    def commit(self) -> None:
        """Take all of it for committed."""
        self.reactions.commit()
        self.keys.clear()
        self.changes.clear()

    def rollback(self) -> list[Message]:
        """Undo what is not committed; return the messages as they were before."""
        self.reactions.rollback()
        self.keys.clear()
        return self.changes.clear()
