"""Whether the file of a log is whole, and the digest of what it contains."""

import hashlib
import sqlite3
from itertools import chain
from typing import NamedTuple

import msgspec

from tcp_server.log.acts import TABLES
from tcp_server.log.acts import rows as act_rows
from tcp_server.log.bodies import read_body, stored_sizes
from tcp_server.log.log_file import is_temporary, version_of
from tcp_server.log.message_ids import are_consistent
from tcp_server.log.message_rows import COLUMNS, MORE_COLUMNS, pages, readable_ends, spans
from tcp_server.log.missing import settled_below

_REF = f"{COLUMNS}, {MORE_COLUMNS}".split(", ").index("ref")
"""Its place in a row."""

_MAX_FAULTS = 10
"""Maximum number of faults that SQLite lists."""


class Report(NamedTuple):
    """What a check found."""

    version: int
    """Of the schema."""
    epoch: str
    """Empty if it cannot be read."""
    first: int
    last: int
    """Ids of messages; 1 and 0 without them."""
    messages: int
    """How many messages there are, with those that cannot be read."""
    digest: str
    """SHA-256 in hex of all messages and acts on them: equal where all of them are. Without refs of settled
    messages, which not every server of a cluster has."""
    bodies: int
    body_bytes: int
    """How many outputs of commands there are, and how many bytes they have; not in the digest, as each server
    keeps its own."""
    faults: list[str]
    """Empty if the file is whole."""


def examine(db: sqlite3.Connection) -> Report:
    """Read the whole file. Raises `sqlite3.Error` if it is no log, or cannot be read at all."""
    epoch = _epoch(db)
    faults = _faults(db)
    if not epoch:
        faults.append("the epoch cannot be read")
    first, last = readable_ends(db)
    digest = hashlib.sha256()
    unreadable: list[int] = []
    count, settled = 0, settled_below(db) if epoch else 0
    for rows, missing in pages(db):
        unreadable += missing
        count += len(rows)
        for row in rows:
            seen = (*row[:_REF], None, *row[_REF + 1 :]) if row[0] < settled else row
            digest.update(msgspec.msgpack.encode(seen))
    try:
        for row in chain.from_iterable(act_rows(db, table) for table in TABLES):
            digest.update(msgspec.msgpack.encode(row))
    except sqlite3.DatabaseError as error:
        if is_temporary(error):
            raise
        faults.append(f"acts on messages cannot be read: {error}")
    sizes = {}
    try:
        sizes = stored_sizes(db)
        faults += [
            f"the output of #{message} is not whole"
            for message, size in sizes.items()
            if read_body(db, message).size != size
        ]
    except sqlite3.DatabaseError as error:
        if is_temporary(error):
            raise
        faults.append(f"outputs of commands cannot be read: {error}")
    faults += [f"messages that cannot be read: {spans(unreadable)}"] * bool(unreadable)
    outputs = len(sizes), sum(sizes.values())
    return Report(version_of(db), epoch, first, last, count, digest.hexdigest(), *outputs, faults)


def _epoch(db: sqlite3.Connection) -> str:
    """Return the epoch, empty if that part of the file is damaged. Raises `sqlite3.Error` if it is no log."""
    try:
        (epoch,) = db.execute("SELECT epoch FROM log").fetchone() or ("",)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_CORRUPT:
            raise
        return ""
    return epoch or ""


def _faults(db: sqlite3.Connection) -> list[str]:
    """Return what is wrong with the file as a database, and with the numbers in it."""
    try:
        found = db.execute(f"PRAGMA integrity_check({_MAX_FAULTS})").fetchall()
    except sqlite3.DatabaseError as error:
        return [str(error)]
    faults = [text for (text,) in found if text != "ok"]
    if not faults and not are_consistent(db):
        faults.append("the numbers that are of no messages contradict the messages")
    return faults
