"""What was said since the last commit, and the ids that were skipped: not in the file yet.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import sqlite3
from collections.abc import Collection, Sequence
from itertools import pairwise

from chat_protocol.messages import Message
from tcp_server.log import message_ids
from tcp_server.log.details import write_details
from tcp_server.log.history import Key, position

_NO_KEY: Key | tuple[None, None] = None, None


class StagedMessages:
    """The messages as they are now, with their keys; and the skipped ids."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        """In the order of their ids."""
        self._rows: list[tuple[int, str, str, str, bytes | None, str | None, int]] = []  # of the same
        self._rarities: list[Message] = []  # of these, those that have more than the rows
        self._skipped: list[range] = []

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._rows or self._skipped)

    def add(self, messages: Sequence[Message], keys: Sequence[Key | None], last: int, entry: int) -> None:
        """Add messages from an entry, by its position; ids between theirs and `last` are skipped."""
        if messages and messages[-1].id - last > len(messages):
            ids = [last, *[message.id for message in messages]]
            self._skipped += [range(one + 1, next_) for one, next_ in pairwise(ids) if next_ - one > 1]
        for message, key in zip(messages, keys, strict=True):
            person, ref = key or _NO_KEY
            self._rows.append((message.id, message.at, message.name, message.text, person, ref, entry))
            if message.notice or message.kind or message.reply or message.mentions:
                self._rarities.append(message)
        self.messages.extend(messages)

    def skip(self, ids: range) -> None:
        """Add skipped ids, if there are any, which are above all others."""
        if ids:
            self._skipped.append(ids)

    def replace(self, message: Message) -> None:
        """Put a message in place of the one with its id, which must be here. An act writes it."""
        self.messages[position(self.messages, message.id)] = message

    def forget(self, below: int) -> None:
        """Forget messages and skipped ids below an id, which is of a message."""
        count = position(self.messages, below)
        del self.messages[:count], self._rows[:count]
        self._rarities = [message for message in self._rarities if message.id >= below]
        self._skipped = [ids for ids in self._skipped if ids.start >= below]

    def author(self, message_id: int) -> bytes | None:
        """Return who has said a message, None if that was the room, or it is not here."""
        return next((row[4] for row in self._rows if row[0] == message_id), None)

    def own(self, message_ids: Collection[int], person: bytes) -> set[int]:
        """Return those of these messages that the person has said."""
        return {row[0] for row in self._rows if row[4] == person and row[0] in message_ids}

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return the newest `limit` messages with smaller ids, oldest first."""
        end = position(self.messages, message_id)
        return self.messages[max(0, end - limit) : end]

    def count_after(self, message_id: int) -> int:
        """Return how many messages have greater ids."""
        return len(self.messages) - position(self.messages, message_id + 1)

    def write(self, db: sqlite3.Connection) -> None:
        """Write all of it into the open transaction. Raises `sqlite3.Error`."""
        db.executemany(
            "INSERT INTO messages (id, at, name, text, session, ref, entry) VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._rows,
        )
        write_details(db, self._rarities)
        for ids in self._skipped:
            message_ids.skip(db, ids)

    def clear(self) -> None:
        """Forget all of it."""
        self.messages.clear()
        self._rows.clear()
        self._rarities.clear()
        self._skipped.clear()
