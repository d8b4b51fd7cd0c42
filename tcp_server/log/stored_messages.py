"""The committed messages of a log on disk: which ids they have, how many they are, and what they say.

Not thread-safe: the caller holds the sequencer's room lock. `sqlite3.Error` is left to the caller.
"""

import logging
import sqlite3
from pathlib import Path

from chat_protocol.messages import Message
from tcp_server.log import message_ids
from tcp_server.log.log_file import ends
from tcp_server.log.message_rows import COLUMNS, Row, as_message, read_all, spans

_log = logging.getLogger(__name__)


class StoredMessages:
    """Those in the file, as of the last commit."""

    def __init__(self, db: sqlite3.Connection, path: Path, missing: range) -> None:
        self._db = db
        self._path = path
        self._is_damage_logged = False
        first, last = ends(db)
        self.last = max(last, message_ids.last_skipped(db))
        """The newest id, of a message or a skipped one."""
        self.first = missing.stop if missing else first if last else self.last + 1
        """The id of the oldest message, or a skipped one before it; without one that after the newest id."""
        self.count = message_ids.count(db, self.ids)
        """How many messages there are. Any thread."""

    @property
    def ids(self) -> range:
        """The ids from the oldest message on, with those skipped there."""
        return range(self.first, self.last + 1)

    def note_commit(self, first: int, last: int, messages: int) -> None:
        """Note the ends after a commit, and how many messages have come with it."""
        self.first, self.last = first, last
        self.count += messages

    def note_older(self, first: int, messages: int) -> None:
        """Note that some are there now that were missing."""
        self.first = first
        self.count += messages

    def forget(self, below: int) -> None:
        """Note that messages with smaller ids are removed."""
        below = min(below, self.last + 1)
        self.count -= message_ids.count(self._db, range(self.first, below))
        self.first = below

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return the newest `limit` messages with smaller ids, oldest first."""
        ids = range(self.first, min(message_id, self.last + 1))
        return list(map(as_message, self._read(message_ids.newest(self._db, ids, limit))))

    def newest(self, limit: int) -> list[tuple[Message, bytes | None, str | None]]:
        """Return the newest messages, at most `limit`, oldest first, each with its person and ref."""
        rows = self._read(message_ids.newest(self._db, self.ids, limit), f"{COLUMNS}, session, ref")
        return [(as_message(row[:-2]), row[-2], row[-1]) for row in rows]

    def count_after(self, message_id: int) -> int:
        """Return how many messages have greater ids; that one may be the one before the first."""
        return message_ids.count(self._db, range(message_id + 1, self.last + 1))

    def _read(self, ids: range, columns: str = COLUMNS) -> list[Row]:
        rows, unreadable = read_all(self._db, ids, columns)
        if unreadable and not self._is_damage_logged:
            self._is_damage_logged = True
            _log.error(
                "%s is damaged: messages that cannot be read (%s) are shown as such; "
                "`oneroom-server check` finds all of them",
                self._path,
                spans(unreadable),
            )
        return rows
