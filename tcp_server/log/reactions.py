"""Who has reacted to which messages, and what all are shown of it.

Not thread-safe: the caller holds the sequencer's room lock.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter

from chat_protocol.messages import Reaction

_NAMES_SHOWN = 3

_MAX_CACHED = 100_000
"""Reactions kept in memory of those on disk, from which on they are forgotten with the next commit."""

_Reacted = dict[str, dict[bytes, tuple[int, str]]]
"""The reactions to one message by emoji and person, in order; each has its place among all, and the name."""


class Reactions:
    """Reactions to messages, in memory."""

    def __init__(self) -> None:
        self._by_message: dict[int, _Reacted] = {}
        self._before: dict[int, _Reacted] = {}  # what has changed since the last commit, as it was

    def change(
        self, message_id: int, emoji: str, person: bytes, name: str, *, on: bool
    ) -> Sequence[Reaction] | None:
        """Add a reaction or take it back; return all to that message, None if nothing changes.

        Emojis are in the order of the first reaction with each, names too. Raises `sqlite3.Error`.
        """
        reacted = self._to(message_id)
        present = reacted.get(emoji, {}).get(person)
        if on is (present is not None):
            return None
        self._keep_for_rollback(message_id)
        if present is None:
            place = 1 + max((_last_place(people) for people in reacted.values()), default=0)
            reacted.setdefault(emoji, {})[person] = place, name
            self._note(message_id, place, (emoji, person, name))
        else:
            del reacted[emoji][person]
            if not reacted[emoji]:
                del reacted[emoji]
            self._note(message_id, present[0], None)
        return tuple(
            Reaction(emoji, len(people), [name for _, name in islice(people.values(), _NAMES_SHOWN)])
            for emoji, people in sorted(reacted.items(), key=lambda item: _first_place(item[1]))
        )

    def drop(self, message_id: int) -> None:
        """Remove all reactions to a message. Raises `sqlite3.Error`."""
        self._to(message_id)
        self._keep_for_rollback(message_id)
        self._by_message[message_id] = {}

    def forget(self, below: int) -> None:
        """Remove all reactions to messages with smaller ids; a rollback does not bring them back."""
        for by_message in (self._by_message, self._before):
            for message_id in [one for one in by_message if one < below]:
                del by_message[message_id]

    def of(self, message_ids: Iterable[int], person: bytes) -> dict[int, list[str]]:
        """Return a person's reactions to these messages: emojis by id. Raises `sqlite3.Error`."""
        found = {}
        for message_id in message_ids:
            reacted = self._by_message.get(message_id, {})
            places = [(people[person], emoji) for emoji, people in reacted.items() if person in people]
            if places:
                found[message_id] = [emoji for _, emoji in sorted(places)]
        return found

    def commit(self) -> None:
        self._before.clear()

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        self._by_message |= self._before
        self._before.clear()

    def _to(self, message_id: int) -> _Reacted:
        """Return the reactions to a message. Raises `sqlite3.Error`."""
        return self._by_message.setdefault(message_id, {})

    def _keep_for_rollback(self, message_id: int) -> None:
        if message_id not in self._before:
            now = self._by_message[message_id]
            self._before[message_id] = {emoji: people.copy() for emoji, people in now.items()}

    def _note(self, message_id: int, place: int, reaction: tuple[str, bytes, str] | None) -> None:
        """Take note of what is to be stored at a place: emoji, person and name, or None."""


class StoredReactions(Reactions):
    """Reactions on disk; those to messages that were reacted to lately are in memory too."""

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__()
        self._db = db
        # Not committed yet, by message and place, and the messages that lose all of them.
        self._staged: dict[tuple[int, int], tuple[str, bytes, str] | None] = {}
        self._dropped: set[int] = set()
        self._cached = 0  # at least as many reactions are in memory

    def drop(self, message_id: int) -> None:
        super().drop(message_id)
        self._dropped.add(message_id)

    def forget(self, below: int) -> None:
        super().forget(below)
        self._staged = {place: one for place, one in self._staged.items() if place[0] >= below}

    def of(self, message_ids: Iterable[int], person: bytes) -> dict[int, list[str]]:
        message_ids = list(message_ids)
        found = super().of(message_ids, person)
        unknown = [message_id for message_id in message_ids if message_id not in self._by_message]
        rows = self._db.execute(
            f"SELECT message, emoji FROM reactions WHERE person = ? AND message IN ({marks(unknown)})"  # noqa: S608
            " ORDER BY message, place",
            (person, *unknown),
        )
        for message_id, of_message in groupby(rows, itemgetter(0)):
            found[message_id] = [emoji for _, emoji in of_message]
        return found

    def write(self) -> None:
        """Write what is new into the open transaction. Raises `sqlite3.Error`."""
        if not (self._staged or self._dropped):
            return
        write = self._db.executemany
        write("DELETE FROM reactions WHERE message = ? AND place = ?", self._staged)
        new = [(*place, *reaction) for place, reaction in self._staged.items() if reaction]
        write("INSERT INTO reactions VALUES (?, ?, ?, ?, ?)", new)
        write("DELETE FROM reactions WHERE message = ?", [(message_id,) for message_id in self._dropped])

    def commit(self) -> None:
        super().commit()
        self._clear_staged()
        if self._cached > _MAX_CACHED:
            self._by_message.clear()
            self._cached = 0

    def rollback(self) -> None:
        super().rollback()
        self._clear_staged()

    def _clear_staged(self) -> None:
        self._staged.clear()
        self._dropped.clear()

    def _to(self, message_id: int) -> _Reacted:
        if message_id not in self._by_message:
            reacted: _Reacted = {}
            for place, emoji, person, name in self._db.execute(
                "SELECT place, emoji, person, name FROM reactions WHERE message = ? ORDER BY place",
                (message_id,),
            ):
                reacted.setdefault(emoji, {})[person] = place, name
                self._cached += 1
            self._by_message[message_id] = reacted
        return self._by_message[message_id]

    def _note(self, message_id: int, place: int, reaction: tuple[str, bytes, str] | None) -> None:
        self._staged[message_id, place] = reaction
        self._cached += 1


def marks(values: Sequence[object]) -> str:
    """Return a question mark for each value, for an SQL list."""
    return ", ".join("?" * len(values))


def _first_place(people: dict[bytes, tuple[int, str]]) -> int:
    return next(iter(people.values()))[0]


def _last_place(people: dict[bytes, tuple[int, str]]) -> int:
    return next(reversed(people.values()))[0]
