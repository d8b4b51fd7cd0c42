"""Pieces of the older messages, from the log of one server of a cluster into that of another.

`sqlite3.Error` is left to the caller.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tcp_server.log.acts import TABLES
from tcp_server.log.history import NotFetched
from tcp_server.log.log_file import read_only
from tcp_server.log.message_rows import COLUMNS, MORE_COLUMNS, Row
from tcp_server.log.missing import Missing, missing_ids
from tcp_server.log.said_rows import split
from tcp_server.log.stored_position import stored_position

ALL_COLUMNS: Final = f"{COLUMNS}, {MORE_COLUMNS}, entry"
"""The columns of `messages`, but for those of joined rows."""

ROW_BYTES: Final = 150
"""About how many bytes a row has beside its text and its rarer fields."""

_INSERT = f"INSERT INTO messages ({ALL_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - ours

_WITHOUT_REF = f"count, NULL, {ALL_COLUMNS.replace(' ref,', ' NULL,')}"
"""A settled ref is unknown everywhere, and its index is what takes longest to write."""


class BadPiece(Exception):
    """A piece does not fit to what is missing."""

    def __init__(self) -> None:
        super().__init__("it is of another log, of other messages, or too old")


class Piece(msgspec.Struct, array_like=True, frozen=True):
    """The messages with ids from `first` to below `stop`, and what belongs to them, as rows of the tables."""

    epoch: str
    position: int
    """Of the last entry that they have the effects of."""
    first: int
    stop: int
    messages: Sequence[Row]
    acts: Sequence[Row]
    reactions: Sequence[Row]
    skipped: Sequence[Row]


_decoder = msgspec.msgpack.Decoder(Piece)


def read_piece(path: Path, before: int, max_bytes: int) -> bytes:
    """Return the newest messages with ids below `before`, of about so many bytes, at least one: for `fill`.

    Any thread, beside the running server. The last piece begins with the oldest message that is kept.
    Raises `NotFetched` if they are missing here too, `sqlite3.Error`.
    """
    with read_only(path) as db:
        db.execute("BEGIN")
        missing = missing_ids(db)
        if before <= missing.stop and missing:
            raise NotFetched
        first, messages = _newest(db, before, max_bytes)
        (is_more,) = db.execute("SELECT EXISTS (SELECT 1 FROM messages WHERE id < ?)", (first,)).fetchone()
        if not is_more:  # what is older was skipped, or is missing here too
            first = missing.stop if missing else 0
        (epoch,) = db.execute("SELECT epoch FROM log").fetchone()
        acts, reactions = (_rows_of(db, table, first, before) for table in TABLES)
        skipped = skipped_rows(db, first, before)
        piece = Piece(epoch, stored_position(db), first, before, messages, acts, reactions, skipped)
    return zlib.compress(msgspec.msgpack.encode(piece), 1)


def skipped_rows(db: sqlite3.Connection, first: int, stop: int) -> list[Row]:
    """Return the spans of skipped ids in a range, and the one before it: it says how many there were."""
    return db.execute(
        "SELECT * FROM skipped WHERE first < ?2 AND"
        " first >= coalesce((SELECT max(first) FROM skipped WHERE first < ?1), 0)",
        (first, stop),
    ).fetchall()


def _rows_of(db: sqlite3.Connection, table: str, first: int, stop: int) -> list[Row]:
    """Return the rows of one of `TABLES` that belong to these messages."""
    query = f"SELECT * FROM {table} WHERE message >= ? AND message < ?"  # noqa: S608 - ours
    return db.execute(query, (first, stop)).fetchall()


def _newest(db: sqlite3.Connection, before: int, max_bytes: int) -> tuple[int, list[Row]]:
    """Return the id of the oldest of them, and their rows, oldest first."""
    rows: list[Row] = []
    query = f"SELECT {_WITHOUT_REF} FROM messages WHERE id < ? ORDER BY id DESC"  # noqa: S608 - ours
    for found in db.execute(query, (before,)):
        single = [row for row in split([found]) if row[0] < before]
        rows += reversed(single)
        max_bytes -= sum(map(_size, single))
        if max_bytes <= 0:
            break
    return rows[-1][0] if rows else before, rows[::-1]


def _size(row: Row) -> int:
    """Return about how many bytes a row has."""
    return ROW_BYTES + sum(len(one.encode()) for one in row[3:7] if isinstance(one, str))


def decode_piece(data: bytes) -> Piece:
    """Raises `BadPiece`."""
    try:
        return _decoder.decode(zlib.decompress(data))
    except (zlib.error, msgspec.DecodeError) as error:
        raise BadPiece from error


def write_piece(db: sqlite3.Connection, piece: Piece, missing: Missing) -> tuple[int, range]:
    """Write into the open transaction what is missing; return how many messages, and what still is."""
    ids = range(max(piece.first, missing.ids.start), piece.stop)
    deletions = missing.deletions(ids)
    messages = [_as_now(row, deletions.get(row[0])) for row in _of(piece.messages, ids)]
    reactions = [row for row in _of(piece.reactions, ids) if row[0] not in deletions]
    db.executemany(_INSERT, messages)
    for table, rows in zip(TABLES, (_of(piece.acts, ids), reactions), strict=True):
        db.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608 - ours
    db.executemany("INSERT OR REPLACE INTO skipped VALUES (?, ?, ?)", piece.skipped)
    rest = range(missing.ids.start, ids.start)
    missing.write_rest(rest)
    return len(messages), rest


def _of(rows: Iterable[Row], ids: range) -> list[Row]:
    """Return the rows that belong to some messages."""
    return [row for row in rows if row[0] in ids]


def _as_now(row: Row, deletion: int | None) -> Row:
    """Return a row of `ALL_COLUMNS` with the effect of the act that has deleted the message since."""
    if deletion is None:
        return row
    id_, at, name, _, _, deleted, _, person, ref, _, rewritten, entry = row
    return id_, at, name, "", None, 1, None, person, ref, deletion, rewritten if deleted else deletion, entry
