"""What was said since the last commit, and the ids that were skipped: not in the file yet.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence

from chat_protocol.messages import Message
from tcp_server.log import message_ids
from tcp_server.log.details import write_details
from tcp_server.log.history import position
from tcp_server.log.said_rows import Run


class StagedMessages:
    """The messages as they are now, with their keys; and the skipped ids."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        """In the order of their ids."""
        self._runs: list[Run] = []  # of the same
        self._rarities: list[Message] = []  # of these, those that have more than the rows
        self._skipped: list[range] = []

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._runs or self._skipped)

    def say(
        self,
        messages: Sequence[Message],
        person: bytes,
        refs: Sequence[str],
        entry: int,
        *,
        is_ordered: bool,
    ) -> None:
        """Add what a person has said at one time, at least one text, from an entry, by its position.

        The ids follow one another and the newest one. `is_ordered` as in `Run`.
        """
        first = messages[0]
        texts = [message.text for message in messages]
        its_refs: list[str | None] = [*refs] if refs else [None] * len(texts)
        run = Run(first.id, first.at, first.name, person, entry, texts, its_refs, is_ordered)
        if not (is_ordered and self._runs and self._runs[-1].extend(run)):
            self._runs.append(run)
        self.messages += messages

    def append(self, message: Message, person: bytes | None, ref: str | None, last: int, entry: int) -> None:
        """Add a message of any kind; ids between `last` and its own are skipped."""
        self.skip(range(last + 1, message.id))
        run = Run(
            message.id, message.at, message.name, person, entry, [message.text], [ref], is_ordered=False
        )
        self._runs.append(run)
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
            del self._runs[0].texts[:forgotten], self._runs[0].refs[:forgotten]
        self._rarities = [message for message in self._rarities if message.id >= below]
        self._skipped = [ids for ids in self._skipped if ids.start >= below]

    def drop_refs(self, message_ids: Iterable[int]) -> None:
        """Store those of these messages that are here without their refs, which may be used again."""
        for message_id in message_ids:
            for run in self._runs:
                if message_id in run.ids:
                    run.refs[message_id - run.first] = None

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
