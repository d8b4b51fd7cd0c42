"""What one person has said at one time, in rows of the table `messages`: one for each text, or one for many.

A row of many, a joined one, has the id of the first, how many there are (`count`), and their texts and refs
joined by LF; their ids follow one another. It takes a fifth of the time to write, and half of the bytes.
Before something is done to one of its messages all of them get rows of their own (`separate`).

`sqlite3.Error` is left to the caller.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec

from tcp_server.log.log_file import JOINED, version_of

MOST: Final = 64
"""Messages of a joined row at most, and no such row goes over a multiple of this: who reads ids between two
multiples reads whole rows."""

MIN_ROW_BYTES: Final = 32
"""Bytes that a message takes in the file at least: its timestamp alone has 24. In a joined row too."""

_MIN: Final = 8
_MAX_CHARACTERS: Final = 7000
"""Fewest messages of a joined row, and most characters: such a row takes two or three pages of the file, and
where one of them is damaged not much more is lost than with rows of one message."""

_MOST_AT_ONCE: Final = 16
"""Rows that are inserted with one statement. Each value that is bound costs, as does each statement: with
these, and what the rows have in common bound once, a row takes 0.7 µs instead of 1.9."""

_INSERTS: Final = {
    rows: "INSERT INTO messages (id, at, name, session, entry, text, ref) VALUES "  # noqa: S608 - ours
    + ", ".join([f"(?1 + {row}, ?2, ?3, ?4, ?5, ?{6 + 2 * row}, ?{7 + 2 * row})" for row in range(rows)])
    for rows in range(1, _MOST_AT_ONCE + 1)
}
"""The statements, by the number of rows."""

_INSERT_JOINED: Final = (
    "INSERT INTO messages (id, at, name, session, entry, text, ref, refs, count)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_REF: Final = 4
"""Place of the ref behind the text."""

_Row = tuple[Any, ...]

_count_of = itemgetter(0)


class Run(msgspec.Struct):
    """Texts with ids that follow one another, and all else but their refs in common."""

    first: int
    at: str
    name: str
    person: bytes | None
    entry: int
    texts: list[str]
    refs: list[str | None]
    is_ordered: bool
    """Whether the refs, if there are any, ascend, and are greater than all that the person has used before.

    Only then is there one joined row at most that can have a ref: that with the greatest first one up to it.
    """

    @property
    def ids(self) -> range:
        return range(self.first, self.first + len(self.texts))

    def extend(self, run: "Run") -> bool:
        """Add another run, which is ordered, if it goes on with this one; return whether it does."""
        goes_on = (
            self.is_ordered
            and (self.entry, self.person, self.at, self.name) == (run.entry, run.person, run.at, run.name)
            and self.ids.stop == run.first
        )
        if goes_on:
            self.texts += run.texts
            self.refs += run.refs
        return goes_on

    def write(self, db: sqlite3.Connection) -> None:
        """Write it into the open transaction."""
        start = 0
        while start < len(self.texts):
            stop = min(start + MOST - (self.first + start) % MOST, len(self.texts))
            texts, refs = self.texts[start:stop], self.refs[start:stop]
            joined = _joined(texts, refs) if self.is_ordered else None
            if joined:
                common = self.first + start, self.at, self.name, self.person, self.entry
                db.execute(_INSERT_JOINED, (*common, *joined, len(texts)))
            else:
                self._write_rows(db, self.first + start, texts, refs)
            start = stop

    def _write_rows(
        self, db: sqlite3.Connection, first: int, texts: Sequence[str], refs: Sequence[str | None]
    ) -> None:
        """Write a row for each text."""
        common = self.at, self.name, self.person, self.entry
        values: list[str | None] = [None] * (2 * len(texts))
        values[::2], values[1::2] = texts, refs
        for start in range(0, len(values), 2 * _MOST_AT_ONCE):
            some = values[start : start + 2 * _MOST_AT_ONCE]
            db.execute(_INSERTS[len(some) // 2], (first + start // 2, *common, *some))


def _joined(texts: Sequence[str], refs: Sequence[str | None]) -> tuple[str, str | None, str | None] | None:
    """Return texts, the first ref, and all refs as a joined row has them, None if they cannot be in one."""
    if len(texts) < _MIN:
        return None
    given = [ref for ref in refs if ref is not None]
    if len(given) not in (0, len(texts)):
        return None
    text, ref = "\n".join(texts), "\n".join(given)
    size, breaks = len(text) + len(ref), len(texts) - 1
    if not MIN_ROW_BYTES * len(texts) <= size <= _MAX_CHARACTERS:
        return None
    if text.count("\n") != breaks or (given and ref.count("\n") != breaks):
        return None  # there is an LF in one of them
    return (text, given[0], ref) if given else (text, None, None)


def joined_columns(db: sqlite3.Connection) -> str:
    """Return the two columns that say whether a row is joined, as they are to be read in this file."""
    return "count, refs" if version_of(db) >= JOINED else "NULL, NULL"


def split(rows: Sequence[_Row]) -> list[_Row]:
    """Return a row for each message, of rows that have the `joined_columns` before those of `COLUMNS`.

    If they have more, that is the person, the ref, and whatever follows. What is damaged is left out.
    """
    if {*map(_count_of, rows)} <= {None}:  # nearly always
        return [row[2:] for row in rows]
    return [single for row in rows for single in _split(*row)]


def _split(count: Any, refs: Any, *row: Any) -> list[_Row]:
    if count is None:
        return [row]
    first, at, name, text, *more = row
    most = count if type(count) is int and count > 0 else MOST  # it is the end of the row: damaged first
    texts = text.split("\n")[:most] if isinstance(text, str) else []
    if len(more) <= _REF:
        return [(id_, at, name, one, *more) for id_, one in enumerate(texts, first)]
    known = refs.split("\n") if isinstance(refs, str) else []
    all_refs = [*known, *[None] * (len(texts) - len(known))]
    return [
        (id_, at, name, one, *more[:_REF], ref, *more[_REF + 1 :])
        for id_, (one, ref) in enumerate(zip(texts, all_refs, strict=False), first)
    ]


def read(db: sqlite3.Connection, columns: str, message_id: int) -> _Row | None:
    """Return columns of the row that has a message, joined or not; None if none has."""
    query = f"SELECT id, count, {columns} FROM messages WHERE id <= ? ORDER BY id DESC LIMIT 1"  # noqa: S608 - ours
    row = db.execute(query, (message_id,)).fetchone()
    return row[2:] if row and message_id < row[0] + (row[1] or 1) else None


def delete_below(db: sqlite3.Connection, message_id: int) -> None:
    """Delete all messages with smaller ids, in the open transaction."""
    if read(db, "id", message_id - 1) == read(db, "id", message_id):
        separate(db, [message_id])
    db.execute("DELETE FROM messages WHERE id < ?", (message_id,))


def separate(db: sqlite3.Connection, message_ids: Iterable[int]) -> None:
    """Give each of these messages, and those in a row with it, a row of its own, in the open transaction."""
    for message_id in message_ids:
        columns = "count, refs, id, at, name, text, notice, deleted, details, session, ref, entry"
        row = read(db, columns, message_id)
        if row is None or row[0] is None:
            continue
        first, at, name, *_, person, _, entry = row[2:]
        singles = _split(*row)
        texts, refs = [single[3] for single in singles], [single[8] for single in singles]
        db.execute("DELETE FROM messages WHERE id = ?", (first,))
        Run(first, at, name, person, entry, texts, refs, is_ordered=False).write(db)
