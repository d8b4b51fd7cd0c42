"""What was said since the last commit, and the ids that were skipped: not in the file yet.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from chat_protocol.messages import Message
from tcp_server.log import message_ids
from tcp_server.log.details import write_details
from tcp_server.log.history import position

_MOST_AT_ONCE: Final = 16
"""Rows that are inserted with one statement. Each value that is bound costs, as does each statement: with
these, and what the rows have in common bound once, a row takes 0.7 µs instead of 1.9."""

_INSERTS: Final = {
    rows: "INSERT INTO messages (id, at, name, session, entry, text, ref) VALUES "  # noqa: S608 - ours
    + ", ".join([f"(?1 + {row}, ?2, ?3, ?4, ?5, ?{6 + 2 * row}, ?{7 + 2 * row})" for row in range(rows)])
    for rows in range(1, _MOST_AT_ONCE + 1)
}
"""The statements, by the number of rows."""


class _Run(msgspec.Struct):
    """Rows with ids that follow one another, and all else but texts and refs in common."""

    first: int
    at: str
    name: str
    person: bytes | None
    entry: int
    texts_and_refs: list[str | None]
    """In turns."""

    def goes_on(self, message: Message, person: bytes, entry: int) -> bool:
        """Return whether a message that a person says is the next of these."""
        return (
            (self.entry, self.person) == (entry, person)
            and (self.at, self.name) == (message.at, message.name)
            and self.ids.stop == message.id
        )

    @property
    def ids(self) -> range:
        return range(self.first, self.first + len(self.texts_and_refs) // 2)

    def write(self, db: sqlite3.Connection) -> None:
        """Raises `sqlite3.Error`."""
        common, values = (self.at, self.name, self.person, self.entry), self.texts_and_refs
        for start in range(0, len(values), 2 * _MOST_AT_ONCE):
            some = values[start : start + 2 * _MOST_AT_ONCE]
            db.execute(_INSERTS[len(some) // 2], (self.first + start // 2, *common, *some))


class StagedMessages:
    """The messages as they are now, with their keys; and the skipped ids."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        """In the order of their ids."""
        self._runs: list[_Run] = []  # of the same
        self._rarities: list[Message] = []  # of these, those that have more than the rows
        self._skipped: list[range] = []

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._runs or self._skipped)

    def say(self, messages: Sequence[Message], person: bytes, refs: Sequence[str], entry: int) -> None:
        """Add what a person has said at one time, at least one text, from an entry, by its position.

        The ids follow one another and the newest one.
        """
        first = messages[0]
        values: list[str | None] = [None] * (2 * len(messages))
        values[::2] = [message.text for message in messages]
        if refs:
            values[1::2] = refs
        if self._runs and self._runs[-1].goes_on(first, person, entry):
            self._runs[-1].texts_and_refs += values
        else:
            self._runs.append(_Run(first.id, first.at, first.name, person, entry, values))
        self.messages += messages

    def append(self, message: Message, person: bytes | None, ref: str | None, last: int, entry: int) -> None:
        """Add a message of any kind; ids between `last` and its own are skipped."""
        self.skip(range(last + 1, message.id))
        self._runs.append(_Run(message.id, message.at, message.name, person, entry, [message.text, ref]))
        if message.notice or message.kind or message.reply or message.mentions:
            self._rarities.append(message)
        self.messages.append(message)

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
        del self.messages[:count]
        self._runs = [run for run in self._runs if run.ids.stop > below]
        if self._runs and (forgotten := below - self._runs[0].first) > 0:
            self._runs[0].first = below
            del self._runs[0].texts_and_refs[: 2 * forgotten]
        self._rarities = [message for message in self._rarities if message.id >= below]
        self._skipped = [ids for ids in self._skipped if ids.start >= below]

    def drop_refs(self, message_ids: Iterable[int]) -> None:
        """Store those of these messages that are here without their refs, which may be used again."""
        for message_id in message_ids:
            for run in self._runs:
                if message_id in run.ids:
                    run.texts_and_refs[2 * (message_id - run.first) + 1] = None

    def author(self, message_id: int) -> bytes | None:
        """Return who has said a message, None if that was the room, or it is not here."""
        return next((run.person for run in self._runs if message_id in run.ids), None)

    def own(self, message_ids: Collection[int], person: bytes) -> set[int]:
        """Return those of these messages that the person has said."""
        ids = [run.ids for run in self._runs if run.person == person]
        return {message_id for message_id in message_ids if any(message_id in one for one in ids)}

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return the newest `limit` messages with smaller ids, oldest first."""
        end = position(self.messages, message_id)
        return self.messages[max(0, end - limit) : end]

    def count_after(self, message_id: int) -> int:
        """Return how many messages have greater ids."""
        return len(self.messages) - position(self.messages, message_id + 1)

    def write(self, db: sqlite3.Connection) -> None:
        """Write all of it into the open transaction. Raises `sqlite3.Error`."""
        for run in self._runs:
            run.write(db)
        write_details(db, self._rarities)
        for ids in self._skipped:
            message_ids.skip(db, ids)

    def clear(self) -> None:
        """Forget all of it."""
        self.messages.clear()
        self._runs.clear()
        self._rarities.clear()
        self._skipped.clear()
