"""The state that a log leads to, for a server of a cluster that lacks the entries before: it begins there.

It has all that decides, and the messages that are not settled, with what belongs to them, which are the
newest ones. The older ones are missing there, until they are fetched in pieces (`tcp_server.log.pieces`).

These are of at most 50,000 ids as of the last `Settle` and have at most 16 MiB, with what was said since; a
member takes about 150 bytes, and so does a person with a held name or several devices.
"""

import sqlite3
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tcp_server.log import message_ids
from tcp_server.log.folders import sync_names
from tcp_server.log.log_file import LogFile, ends, locked, read_only
from tcp_server.log.message_rows import Row
from tcp_server.log.missing import missing_ids
from tcp_server.log.pieces import ALL_COLUMNS, ROW_BYTES, skipped_rows
from tcp_server.log.said_rows import joined_columns, split
from tcp_server.log.stored_position import stored_position
from tcp_server.log.word_index import remove as remove_index

_FORMAT: Final = 1

_MAX_IDS: Final = 50_000
_MAX_BYTES: Final = 16 * 1024 * 1024
_MIN_IDS: Final = 500
"""Ids that a checkpoint has, and about how many bytes their messages have, unless it is fewer ids."""

_REACTION_BYTES: Final = 80

_ROWS: Final = 1000
"""Rows that are encoded at a time: meanwhile no other thread runs."""

_MAX_ID: Final = 2**63 - 1

_TABLES: Final = (
    ("members", "number, state", ""),
    ("persons", "id, state", ""),
    ("messages", ALL_COLUMNS, ""),
    ("acts", "message, id, at, session, ref", "WHERE id >= :settled"),
    ("reactions", "message, place, emoji, person, name", "WHERE message >= :settled"),
    ("skipped", "first, last, total", ""),
)
"""Tables with their columns, and which rows."""

_LENGTH: Final = struct.Struct(">I")
"""Before each part."""


class BadCheckpoint(Exception):
    """A checkpoint cannot be used; the text says why."""


class _Header(msgspec.Struct, array_like=True, frozen=True):
    """The first part. Rows follow, in parts of a number in `_TABLES` and some of that table."""

    format: int
    position: int
    epoch: str
    settled: int
    first: int  # id of the oldest message of the room
    last: int  # the newest id
    head: bytes
    sanctions: bytes


_header_decoder = msgspec.msgpack.Decoder(_Header)
_rows_decoder = msgspec.msgpack.Decoder(tuple[int, Sequence[Row]])


def to_settle(path: Path) -> int:
    """Return below which id messages can be settled, so that a checkpoint does not become too large.

    Any thread, beside the running server. To be proposed (`Settle`) before each checkpoint; where a room is
    founded with a log that has messages, `History.settle` is called with it before the first entry. Raises
    `sqlite3.Error`.
    """
    with read_only(path) as db:
        db.execute("BEGIN")
        last = _last(db)
        lowest = max(last + 1 - _MAX_IDS, 0)
        reactions: dict[int, int] = dict(
            db.execute("SELECT message, count(*) FROM reactions WHERE message >= ? GROUP BY 1", (lowest,))
        )
        size = 0
        for id_, count, text, refs, details in db.execute(
            "SELECT id, coalesce(count, 1), length(CAST(text AS BLOB)), length(CAST(refs AS BLOB)),"
            " length(CAST(details AS BLOB)) FROM messages WHERE id >= ? ORDER BY id DESC",
            (lowest,),
        ):
            ids = range(id_, id_ + count)
            reacted = sum([reactions.get(one, 0) for one in ids]) if reactions else 0
            size += ROW_BYTES * count + text + (refs or 0) + (details or 0) + reacted * _REACTION_BYTES
            if size > _MAX_BYTES and ids[-1] <= last - _MIN_IDS:
                return ids.stop
        return lowest


def make(path: Path) -> tuple[int, bytes]:
    """Return the position of the last entry in a log, and the checkpoint of it.

    Any thread, beside the running server. Each commit there must have stored the head. Raises
    `sqlite3.Error`.
    """
    compressor = zlib.compressobj(1)
    with read_only(path) as db:
        db.execute("BEGIN")
        epoch, settled, sanctions, head = db.execute(
            "SELECT epoch, settled, sanctions, state FROM log, head"
        ).fetchone()
        first, last_message = ends(db)
        missing = missing_ids(db)
        first = missing.start if missing else first if last_message else settled
        header = _Header(_FORMAT, stored_position(db), epoch, settled, first, _last(db), head, sanctions)
        data = [
            compressor.compress(_LENGTH.pack(len(part)) + part)
            for part in (msgspec.msgpack.encode(header), *_parts(db, settled))
        ]
    return header.position, b"".join([*data, compressor.flush()])


def install(path: Path, data: bytes) -> int:
    """Put what a checkpoint has in the place of a log, or into a new file; return its position.

    No server may use it. Messages that are older are dropped: entries that this server lacks may have
    changed any of them. Raises `BadCheckpoint`, `BadHistory`, `sqlite3.Error`, `OSError`; then nothing has
    changed, or the log has lost its end.
    """
    path = path.resolve()
    new = path.with_name(path.name + ".installed")
    with locked(path):
        try:
            _remove(new)
            position = _write(new, data)
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            remove_index(path)
            new.rename(path)
            sync_names(path.parent)
        finally:
            _remove(new)
    return position


def _last(db: sqlite3.Connection) -> int:
    """Return the newest id, of a message or a skipped one."""
    return max(ends(db)[1], message_ids.last_skipped(db))


def _parts(db: sqlite3.Connection, settled: int) -> Iterator[bytes]:
    for number, (table, columns, which) in enumerate(_TABLES):
        if table == "skipped":
            yield msgspec.msgpack.encode((number, skipped_rows(db, settled, _MAX_ID)))
            continue
        if table == "messages":
            yield from (msgspec.msgpack.encode((number, rows)) for rows in _messages(db, settled))
            continue
        cursor = db.execute(f"SELECT {columns} FROM {table} {which}", {"settled": settled})  # noqa: S608 - ours
        while rows := cursor.fetchmany(_ROWS):
            yield msgspec.msgpack.encode((number, rows))


def _messages(db: sqlite3.Connection, first: int) -> Iterator[list[Row]]:
    """Yield the rows of messages from an id on, in parts."""
    cursor = db.execute(
        f"SELECT {joined_columns(db)}, {ALL_COLUMNS} FROM messages"  # noqa: S608 - ours
        " WHERE id >= coalesce((SELECT max(id) FROM messages WHERE id <= ?1), ?1)",
        (first,),
    )
    while rows := cursor.fetchmany(_ROWS):
        yield [row for row in split(rows) if row[0] >= first]


def _write(new: Path, data: bytes) -> int:
    """Write a checkpoint into a new file; return its position."""
    try:
        header, parts = _decode(data)
    except (zlib.error, struct.error, msgspec.DecodeError) as error:
        raise BadCheckpoint(f"the checkpoint is damaged, or of another version: {error}") from error
    if header.format != _FORMAT:
        raise BadCheckpoint(f"the checkpoint has format {header.format}, this version knows {_FORMAT}")
    file = LogFile(new)
    try:
        with file.db as db:
            file.begin()
            for number, rows in parts:
                table, columns, _ = _TABLES[number]
                values = ", ".join("?" * len(columns.split(",")))
                db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({values})", rows)  # noqa: S608 - ours
            log = header.epoch, header.settled, header.sanctions
            db.execute("UPDATE log SET epoch = ?, settled = ?, sanctions = ?", log)
            db.execute("UPDATE head SET state = ?", (header.head,))
            if header.first < header.settled:
                missing = header.first, header.settled, header.position, header.last
                db.execute("INSERT INTO missing VALUES (?, ?, ?, ?)", missing)
    finally:
        file.close()
    return header.position


def _decode(data: bytes) -> tuple[_Header, Sequence[tuple[int, Sequence[Row]]]]:
    """Raises `zlib.error`, `struct.error`, `msgspec.DecodeError`."""
    raw = memoryview(zlib.decompress(data))
    parts = []
    start = 0
    while start < len(raw):
        (length,) = _LENGTH.unpack_from(raw, start)
        start += _LENGTH.size
        parts.append(raw[start : start + length])
        start += length
    if not parts:
        raise msgspec.DecodeError("it is empty")
    return _header_decoder.decode(parts[0]), [_rows_decoder.decode(part) for part in parts[1:]]


def _remove(file: Path) -> None:
    """Delete an unfinished file."""
    for ending in ("", "-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
