"""Reads messages from the file of a log, also those around a damaged part of it."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import msgspec

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.messages import Message, Notice
from tcp_server.log.log_file import ends, version_of

COLUMNS = "id, at, name, text, notice, deleted"
"""The columns of `messages` that `as_message` takes."""

_FIRST_COLUMNS = "id, at, name, text, NULL, 0"
"""The same in a file of version 1."""

_PAGE = 1000
"""Messages read in one transaction. While one is open, deleted text stays in SQLite's write-ahead log."""

UNREADABLE = "(сообщение не читается: файл сервера повреждён)"
"""The text instead of a message that cannot be read, in the name of the room itself."""

_BLOCK = 32
"""Ids that are tried together where something is damaged."""

_TEMPORARY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM}
"""Errors, by primary result code, that say nothing about the file."""

_MIN_ROW_BYTES = 32
"""Bytes that a message takes in the file at least: its timestamp alone has 24."""

Row = tuple[Any, ...]
_Read = Callable[[range], list[Row]]

_notices = msgspec.json.Decoder(Notice)


class Rows(NamedTuple):
    """Rows of all wanted ids in their order; those that could not be read are made up."""

    rows: list[Row]
    unreadable: Sequence[int]
    """Ids of the latter."""


def as_message(row: Row) -> Message:
    """Return a row of `COLUMNS` as a message."""
    number, at, name, text, notice, deleted = row
    if notice is None and not deleted:
        return Message(number, at, name, text)
    return Message(number, at, name, text, _notices.decode(notice) if notice else None, bool(deleted))


def read_rows(db: sqlite3.Connection, ids: range, columns: str = COLUMNS) -> Rows:
    """Read the rows of these ids, all of which should be there. `columns` begin as `COLUMNS`.

    Raises `sqlite3.Error` if that is impossible at present.
    """
    read = _reader(db, columns)
    try:
        rows = read(ids)
    except sqlite3.Error as error:
        if _is_temporary(error):
            raise
        rows = _read_around_damage(read, ids)
    rows = list(filter(_is_sound, rows))
    if len(rows) == len(ids):
        return Rows(rows, ())
    return _filled(rows, ids, columns.count(",") - COLUMNS.count(","))


def pages(db: sqlite3.Connection) -> Iterator[Rows]:
    """Yield the messages that there are now, in transactions that end before each page is yielded.

    Rows have `session` and `ref` behind `COLUMNS`. Raises `sqlite3.Error`.
    """
    columns = f"{COLUMNS if version_of(db) > 1 else _FIRST_COLUMNS}, session, ref"
    next_id, last = readable_ends(db)
    while next_id <= last:
        db.execute("BEGIN")  # so that nothing is removed between the two
        (first,) = db.execute("SELECT min(id) FROM messages").fetchone()
        start = max(next_id, first or 0)
        ids = range(start, min(start + _PAGE, last + 1))
        page = read_rows(db, ids, columns)
        db.execute("ROLLBACK")  # COMMIT would fail after an error
        next_id = ids.stop
        yield page


def readable_ends(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the first id, and the last one that can be read. Raises `sqlite3.Error`."""
    try:
        return ends(db)
    except sqlite3.DatabaseError as error:
        if _is_temporary(error):
            raise
    (first,) = db.execute("SELECT min(id) FROM messages").fetchone()
    sizes = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")]
    for end in range(first + prod(sizes) // _MIN_ROW_BYTES, first, -_PAGE):
        if rows := _read_around_damage(_reader(db, "id"), range(max(first, end - _PAGE), end)):
            return first, rows[-1][0]
    return first, first


def _is_sound(row: Row) -> bool:
    """Return whether a row was not read in part from where the file lost its end: zeros."""
    _, at, name, text = row[:4]
    return type(text) is type(name) is type(at) is str and "\0" not in at and "\0" not in text


def _reader(db: sqlite3.Connection, columns: str) -> _Read:
    """Return what reads the rows of ids that are there, or raises `sqlite3.Error`."""
    query = f"SELECT {columns} FROM messages WHERE id >= ? AND id < ? ORDER BY id"  # noqa: S608 - ours
    return lambda ids: db.execute(query, (ids.start, ids.stop)).fetchall()


def _read_around_damage(read: _Read, ids: range) -> list[Row]:
    """Read what can be read: blocks of ids, and in those that cannot be read each id by itself."""
    rows: list[Row] = []
    size = _BLOCK if len(ids) > _BLOCK else 1
    for start in range(ids.start, ids.stop, size):
        part = range(start, min(start + size, ids.stop))
        try:
            rows += read(part)
        except sqlite3.Error as error:
            if _is_temporary(error):
                raise
            rows += _read_around_damage(read, part) if len(part) > 1 else []
    return rows


def _filled(rows: list[Row], ids: range, extra: int) -> Rows:
    """Add a row for each id that is missing; those have None in `extra` columns."""
    by_id = {row[0]: row for row in rows}
    unreadable = [id_ for id_ in ids if id_ not in by_id]
    at = rows[0][1] if rows else "1970-01-01T00:00:00.000Z"
    filled = []
    for id_ in ids:
        row = by_id.get(id_) or (id_, at, SYSTEM_NAME, UNREADABLE, None, 0, *[None] * extra)
        at = row[1]
        filled.append(row)
    return Rows(filled, unreadable)


def spans(ids: Sequence[int]) -> str:
    """Return increasing ids in short: `#3 to #7, #9`."""
    parts: list[list[int]] = []
    for id_ in ids:
        if parts and id_ == parts[-1][-1] + 1:
            parts[-1][1:] = [id_]
        else:
            parts.append([id_])
    return ", ".join(" to ".join(f"#{id_}" for id_ in part) for part in parts)


def _is_temporary(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _TEMPORARY
