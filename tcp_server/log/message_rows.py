"""Reads messages from the file of a log, also those around a damaged part of it."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from chat_protocol.contract import SYSTEM_NAME
from chat_protocol.messages import Message, Notice
from tcp_server.log import message_ids
from tcp_server.log.details import as_fields
from tcp_server.log.log_file import ends, is_temporary, last_id, version_of
from tcp_server.log.said_rows import MIN_ROW_BYTES, joined_columns, split

COLUMNS = "id, at, name, text, notice, deleted, details"
"""The columns of `messages` that `as_message` takes."""

MORE_COLUMNS = "session, ref, changed, rewritten"
"""Those that `pages` adds."""

_OLD_COLUMNS = (
    (1, "id, at, name, text, NULL, 0, NULL, session, ref, NULL, NULL"),
    (6, "id, at, name, text, notice, deleted, NULL, session, ref, NULL, NULL"),
)
"""All of these in a file up to a version of the schema."""

_PAGE = 1000
"""Messages read in one transaction. While one is open, deleted text stays in SQLite's write-ahead log."""

UNREADABLE = "(сообщение не читается: файл сервера повреждён)"
"""The text instead of a message that cannot be read, in the name of the room itself."""

_BLOCK = 32
"""Ids that are tried together where something is damaged."""

_MAX_ID = 2**63 - 1

Row = tuple[Any, ...]
_Read = Callable[[range], list[Row]]

_notices = msgspec.json.Decoder(Notice)


class Rows(NamedTuple):
    """Rows of all wanted messages in their order; those that could not be read are made up."""

    rows: list[Row]
    unreadable: Sequence[int]
    """Ids of the latter."""


def as_message(row: Row) -> Message:
    """Return a row of `COLUMNS` as a message."""
    number, at, name, text, notice, deleted, details = row
    if notice is None and details is None and not deleted:
        return Message(number, at, name, text)
    fields = as_fields(details) if details else {}
    return Message(
        number, at, name, text, _notices.decode(notice) if notice else None, bool(deleted), **fields
    )


def read_rows(db: sqlite3.Connection, ids: range, columns: str = COLUMNS) -> list[Row]:
    """Read the rows with these ids that are there and not damaged. `columns` begin as `COLUMNS`.

    Raises `sqlite3.Error` if that is impossible at present.
    """
    read = _reader(db, columns)
    try:
        rows = read(ids)
    except sqlite3.Error as error:
        if is_temporary(error):
            raise
        rows = _read_around_damage(read, ids)
    return list(filter(_is_sound, rows))


def read_texts(db: sqlite3.Connection, ids: range) -> str:
    """Read only the texts of these messages, perhaps also of damaged ones, joined by LF.

    `ids` begin and end at multiples of `said_rows.MOST`. Raises as `read_rows`. One string, as a row for each
    text would take twice as long.
    """
    query = "SELECT group_concat(text, char(10)) FROM messages WHERE id >= ? AND id < ?"
    try:
        (texts,) = db.execute(query, (ids.start, ids.stop)).fetchone()
    except sqlite3.Error as error:
        if is_temporary(error):
            raise
        rows = _read_around_damage(_row_reader(db, "text"), ids)
        return "\n".join([text for (text,) in rows if isinstance(text, str)])
    return texts or ""


def read_all(db: sqlite3.Connection, ids: range, columns: str = COLUMNS) -> Rows:
    """The same with the others: all of these ids that were not skipped should be there."""
    rows = read_rows(db, ids, columns)
    if len(rows) == len(ids):
        return Rows(rows, ())
    skipped, end = _readable_skipped(db, ids)
    wanted = message_ids.without(range(ids.start, end), skipped)
    return fill(rows, wanted, columns.count(",") - COLUMNS.count(","))


def pages(db: sqlite3.Connection) -> Iterator[Rows]:
    """Yield the messages that there are now, in transactions that end before each page is yielded.

    Rows have `MORE_COLUMNS` behind `COLUMNS`. Raises `sqlite3.Error`.
    """
    version = version_of(db)
    old = [columns for last, columns in _OLD_COLUMNS if version <= last]
    columns = old[0] if old else f"{COLUMNS}, {MORE_COLUMNS}"
    next_id, last = readable_ends(db)
    while next_id <= last:
        db.execute("BEGIN")  # so that nothing is removed between the two
        (first,) = db.execute("SELECT min(id) FROM messages").fetchone()
        ids = _next_page(db, range(max(next_id, first or 0), last + 1))
        page = read_all(db, ids, columns)
        db.execute("ROLLBACK")  # COMMIT would fail after an error
        next_id = ids.stop
        yield page


def readable_ends(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the first id, and the last one that can be read. Raises `sqlite3.Error`."""
    try:
        return ends(db)
    except sqlite3.DatabaseError as error:
        if is_temporary(error):
            raise
    (first,) = db.execute("SELECT min(id) FROM messages").fetchone()
    sizes = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")]
    skipped, _ = _readable_skipped(db, range(first, _MAX_ID))
    end = max([first, *[ids.stop for ids in skipped]]) + prod(sizes) // MIN_ROW_BYTES
    for ids in reversed(message_ids.without(range(first, end), skipped)):
        for stop in range(ids.stop, ids.start, -_PAGE):
            part = range(max(ids.start, stop - _PAGE), stop)
            if rows := _read_around_damage(_row_reader(db, last_id(db)), part):
                return first, rows[-1][0]
    return first, first


def _next_page(db: sqlite3.Connection, ids: range) -> range:
    """Return the beginning of `ids` with the messages of one page."""
    try:
        return message_ids.oldest(db, ids, _PAGE)
    except sqlite3.Error as error:
        if is_temporary(error):
            raise
        return ids[:_PAGE]


def _readable_skipped(db: sqlite3.Connection, ids: range) -> tuple[list[range], int]:
    """Return the skipped ones of these ids, and the id below which all of them could be read."""
    skipped: list[range] = []
    try:
        skipped.extend(message_ids.skipped_in(db, ids))
    except sqlite3.Error as error:
        if is_temporary(error):
            raise
        return skipped, skipped[-1].stop if skipped else ids.start
    return skipped, ids.stop


def _is_sound(row: Row) -> bool:
    """Return whether a row was not read in part from where the file lost its end: zeros."""
    _, at, name, text, notice, _, details = row[:7]
    return (
        type(text) is type(name) is type(at) is str
        and not ("\0" in at or "\0" in text)
        and not (notice and "\0" in notice)
        and not (details and "\0" in details)
    )


def _reader(db: sqlite3.Connection, columns: str) -> _Read:
    """Return what reads the messages with ids that are there, or raises `sqlite3.Error`."""
    columns = f"{joined_columns(db)}, {columns}"
    read_some = _row_reader(db, columns)

    def read_messages(ids: range) -> list[Row]:
        rows = read_some(ids)
        if not rows or rows[0][2] != ids.start:  # that may be in the row before
            query = f"SELECT {columns} FROM messages WHERE id < ? ORDER BY id DESC LIMIT 1"  # noqa: S608 - ours
            rows[:0] = db.execute(query, (ids.start,)).fetchall()
        messages = split(rows)
        if messages and messages[0][0] >= ids.start and messages[-1][0] < ids.stop:  # nearly always
            return messages
        return [row for row in messages if row[0] in ids]

    return read_messages


def _row_reader(db: sqlite3.Connection, columns: str) -> _Read:
    """Return what reads the rows that begin with these ids, as they are, or raises `sqlite3.Error`."""
    # Without the limit SQLite would look for the end on the next page, which may be a damaged one.
    query = f"SELECT {columns} FROM messages WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"  # noqa: S608 - ours
    return lambda ids: db.execute(query, (ids.start, ids.stop, len(ids))).fetchall()


def _read_around_damage(read: _Read, ids: range) -> list[Row]:
    """Read what can be read: blocks of ids, and in those that cannot be read each id by itself."""
    rows: list[Row] = []
    size = _BLOCK if len(ids) > _BLOCK else 1
    for start in range(ids.start, ids.stop, size):
        part = range(start, min(start + size, ids.stop))
        try:
            rows += read(part)
        except sqlite3.Error as error:
            if is_temporary(error):
                raise
            rows += _read_around_damage(read, part) if len(part) > 1 else []
    return rows


def fill(rows: list[Row], wanted: Sequence[range], extra: int) -> Rows:
    """Add a row for each wanted id that is missing; those have None in `extra` columns. In order."""
    there = {row[0] for row in rows}
    unreadable = [id_ for id_ in chain.from_iterable(wanted) if id_ not in there]
    if not unreadable:
        return Rows(rows, ())
    made_up = [(id_, "", SYSTEM_NAME, UNREADABLE, None, 0, None, *[None] * extra) for id_ in unreadable]
    at = rows[0][1] if rows else "1970-01-01T00:00:00.000Z"
    filled = []
    for id_, time, *rest in sorted([*rows, *made_up], key=itemgetter(0)):
        at = time or at
        filled.append((id_, at, *rest))
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
