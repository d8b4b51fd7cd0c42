"""The newest entries of a journal as they were read: what a journal that has lost its end is given back.

Only where the journal is shared with other servers. Not thread-safe: the caller holds the sequencer's room
lock. `sqlite3.Error` is left to the caller.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from chat_protocol.messages import Ack, Message
from tcp_server.log import said_rows

_KEPT: Final = 10_000
_KEPT_BYTES: Final = 256 * 1024 * 1024
"""Entries that are kept at least, but no more bytes: those are half a minute of the fastest talk, and a Redis
that has lost its end lacks a second or two."""

_STEP: Final = 256
_STEP_BYTES: Final = 16 * 1024 * 1024
"""Older entries are removed when they are so many, or have so many bytes: one at a time would take longer."""

_MAX_WAITING: Final = 64
"""Entries that wait for something else to commit."""


class Replaced(NamedTuple):
    """A text that is not needed in the entries any more: a deletion or an edit has replaced it.

    Or it was repeated, which has no effect: then it has no `text`, but the `ref` in one entry.
    """

    id: int
    """Of the message that had it, or of what is repeated."""
    person: bytes | None
    """Who has said that; None for the room."""
    ref: str | None
    """Of the say, or of what is repeated."""
    position: int | None = None
    """Of the entry that the message came with."""
    text: str | None = None
    is_live: bool = False
    """Whether it was a live message: its output is not needed either."""


Redact = Callable[[bytes, int, Replaced], bytes]
"""Takes a text out of an entry at a position."""


def entries_in(db: sqlite3.Connection, after: int) -> list[tuple[int, bytes]]:
    """Return position and data of the entries that a file has behind a position. Raises `sqlite3.Error`."""
    return db.execute(
        "SELECT position, data FROM tail WHERE position > ? ORDER BY position", (after,)
    ).fetchall()


class EntryTail:
    """Entries in the file, and those that are not committed yet."""

    def __init__(self, db: sqlite3.Connection, redact: Redact | None) -> None:
        """Without `redact` there can be no entries. Raises `sqlite3.Error`."""
        self._db = db
        self._redact = redact
        self._staged: list[tuple[int, bytes]] = []
        # Positions of those that are not committed yet: by the acts on messages in them, and with repeats.
        self._acts: dict[int, int] = {}
        self._repeats: list[tuple[int, Replaced]] = []
        sizes = db.execute("SELECT position, length(data) FROM tail ORDER BY position") if redact else ()
        self._sizes = deque[tuple[int, int]](sizes)  # of all in the file, by position
        self._bytes = sum([size for _, size in self._sizes])  # of these
        self._kept_from = 0  # a position below which those in the file are removed with the next commit

    @property
    def is_due(self) -> bool:
        """Whether so many entries have changed nothing that they should be stored all the same."""
        return len(self._staged) >= _MAX_WAITING

    def add(self, position: int, data: bytes) -> None:
        """Store an entry with the next commit."""
        assert self._redact is not None
        self._staged.append((position, data))

    def note_act(self, position: int, act: int) -> None:
        """Note that an entry has an act on a message, with this id."""
        self._acts[act] = position

    def note_repeats(self, position: int, person: bytes, acks: Iterable[Ack]) -> None:
        """Note that in an entry a person repeats what has these acks."""
        for ack in acks:
            if self._acts.get(ack.id) != position:  # else both are in the same entry
                self._repeats.append((position, Replaced(ack.id, person, ack.ref)))

    def after(self, position: int) -> list[tuple[int, bytes]]:
        """Return position and data of the entries behind a position, in their order."""
        return entries_in(self._db, position) + [entry for entry in self._staged if entry[0] > position]

    def write(self, before: Sequence[Message], committed: int) -> None:
        """Write what is not committed into the open transaction, and remove what is too old.

        `before` are messages as they were before their text was replaced, which is overwritten;
        `committed` is the newest id in the file.
        """
        if self._redact is None:
            return
        if self._staged:
            self._write_staged()
            self._remove_repeats(self._redact, committed)
        for message in before:
            self._remove_text(self._replaced(message), self._redact)

    def _write_staged(self) -> None:
        with_acts = set(self._acts.values())
        self._db.executemany(
            "INSERT OR REPLACE INTO tail VALUES (?, ?, ?)",
            [(position, position in with_acts, data) for position, data in self._staged],
        )
        self._kept_from = self._oldest_to_keep()
        if self._kept_from:
            self._db.execute("DELETE FROM tail WHERE position < ?", (self._kept_from,))

    def _oldest_to_keep(self) -> int:
        """Return the position below which entries in the file are too old, 0 if that are not many yet."""
        entries = len(self._sizes) + len(self._staged)
        size = self._bytes + sum([len(data) for _, data in self._staged])
        if entries < _KEPT + _STEP and size < _KEPT_BYTES + _STEP_BYTES:
            return 0
        for position, its_size in self._sizes:
            if entries <= _KEPT and size <= _KEPT_BYTES:
                return position
            entries, size = entries - 1, size - its_size
        return self._staged[0][0]

    def commit(self) -> None:
        """Take all of it for committed."""
        if self._staged:
            while self._sizes and self._sizes[0][0] < self._kept_from:
                self._bytes -= self._sizes.popleft()[1]
            self._sizes += [(position, len(data)) for position, data in self._staged]
            self._bytes += sum([len(data) for _, data in self._staged])
        if self._staged or self._acts or self._repeats:
            self.rollback()

    def rollback(self) -> None:
        """Forget what is not committed."""
        self._staged.clear()
        self._acts.clear()
        self._repeats.clear()
        self._kept_from = 0

    # --- texts that are replaced -----------------------------------------------------

    def _replaced(self, message: Message) -> Replaced:
        person, ref, position = self._db.execute(
            "SELECT session, ref, entry FROM messages WHERE id = ?", (message.id,)
        ).fetchone()
        if message.notice is None:
            return Replaced(message.id, person, ref, position, message.text, message.live is not None)
        (ref,) = self._db.execute(
            "SELECT ref FROM acts WHERE message = ? AND id = message", (message.id,)
        ).fetchone() or (None,)
        return Replaced(message.id, None, ref, position, message.notice.text)

    def _remove_text(self, replaced: Replaced, redact: Redact) -> None:
        """Overwrite it in the entry that the message came with, and in edits."""
        rows = self._db.execute(
            "SELECT position, data FROM tail WHERE position = ?1"
            " UNION ALL SELECT position, data FROM tail WHERE acts AND position IS NOT ?1",
            (replaced.position,),
        )
        text = (replaced.text or "").encode()
        found = [row for row in rows if text in row[1]]
        if replaced.is_live:
            found += self._db.execute(
                "SELECT position, data FROM tail WHERE position >= ? AND (acts OR instr(data, ?))",
                (replaced.position, b"body"),
            )
        for position, data in found:
            self._update(position, redact(data, position, replaced))

    def _remove_repeats(self, redact: Redact, committed: int) -> None:
        """Overwrite the texts of repeats: they have no effect, and nobody would find them later."""
        staged = {position for position, _ in self._staged}
        for position, repeated in self._repeats:
            said = said_rows.read(self._db, "entry", repeated.id)
            if position not in staged or said == (position,):  # nobody has repeated it in an entry
                continue
            rows = self._db.execute(
                "SELECT data FROM tail WHERE position = ?1"
                " AND NOT EXISTS (SELECT 1 FROM messages WHERE id > ?2 AND entry = ?1 AND session IS NOT ?4"
                " AND (ref = ?3 OR instr(char(10) || refs || char(10), char(10) || ?3 || char(10))))",
                (position, committed, repeated.ref, repeated.person),
            )
            for (data,) in rows.fetchall():
                self._update(position, redact(data, position, repeated))

    def _update(self, position: int, data: bytes) -> None:
        self._db.execute("UPDATE tail SET data = ? WHERE position = ?", (data, position))
