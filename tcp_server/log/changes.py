"""Messages on disk that acts have changed.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from chat_protocol.messages import Message
from tcp_server.log.details import details_of, notice_of
from tcp_server.log.message_rows import COLUMNS, as_message
from tcp_server.log.reactions import marks
from tcp_server.log.said_rows import separate


class Change(NamedTuple):
    """A message that acts have changed since the last commit."""

    message: Message
    """As it is now."""
    act: int
    """Id of the last act on it."""
    rewritten: int | None
    """Id of the last act that has replaced its text."""
    original: Message
    """As it is on disk."""


class Changes:
    """The changes that are not committed yet, and questions about all of them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._staged: dict[int, Change] = {}  # by message, in the order of the last act
        self.replaced: list[Message] = []
        """Messages as they were before their text was replaced."""

    def add(self, before: Message, message: Message, act: int) -> None:
        """Put a message in place of what it was before."""
        earlier = self._staged.pop(message.id, None)
        rewritten = earlier and earlier.rewritten
        if message.text != before.text:
            rewritten = act
            self.replaced.append(before)
        self._staged[message.id] = Change(message, act, rewritten, earlier.original if earlier else before)

    def forget(self, below: int) -> None:
        """Drop what is staged of messages with smaller ids."""
        self._staged = {id_: change for id_, change in self._staged.items() if id_ >= below}
        self.replaced = [message for message in self.replaced if message.id >= below]

    def write(self) -> None:
        """Write what is staged into the open transaction. Raises `sqlite3.Error`."""
        separate(self._db, self._staged)
        self._db.executemany(
            "UPDATE messages SET text = ?, notice = ?, deleted = ?, details = ?, changed = ?,"
            " rewritten = coalesce(?, rewritten) WHERE id = ?",
            [
                (one.text, notice_of(one), one.deleted, details_of(one), act, rewritten, one.id)
                for one, act, rewritten, _ in self._staged.values()
            ],
        )

    def clear(self) -> list[Change]:
        """Drop what is staged, and return it."""
        changes = [*self._staged.values()]
        self._staged.clear()
        self.replaced.clear()
        return changes

    def with_staged(self, messages: Sequence[Message]) -> list[Message]:
        """Return messages as they were read, but those with staged changes as they are now."""
        if not self._staged:
            return [*messages]
        return [change.message if (change := self._staged.get(one.id)) else one for one in messages]

    def after(self, act: int, limit: int, first: int) -> list[Message]:
        """Return messages with ids from `first` to that of an act which later acts have changed.

        At most `limit`, the first ones in the order of the last act on each. Raises `sqlite3.Error`.
        """
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM messages WHERE changed > ? AND id BETWEEN ? AND ?"  # noqa: S608
            " ORDER BY changed LIMIT ?",
            (act, first, act, limit + len(self._staged)),
        )
        stored = [as_message(row) for row in rows if row[0] not in self._staged]
        staged = [one.message for one in self._staged.values() if one.message.id <= act < one.act]
        return [*stored, *staged][:limit]

    def as_now(self, messages: Sequence[Message]) -> list[Message]:
        """Return messages that were read before, as they are now. Raises `sqlite3.Error`."""
        ids = [message.id for message in messages]
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM messages WHERE changed IS NOT NULL AND id IN ({marks(ids)})",  # noqa: S608
            ids,
        )
        changed = {row[0]: as_message(row) for row in rows}
        return self.with_staged([changed.get(one.id, one) for one in messages])
