"""Up to where in the journal a log's file has the effects of entries."""

import sqlite3

import msgspec


class _Head(msgspec.Struct, array_like=True):
    """The first field of what the room stores as `History.head`."""

    position: int


_decoder = msgspec.msgpack.Decoder(_Head)


def stored_position(db: sqlite3.Connection) -> int:
    """Return the position of the last entry; 0 in a new file. Raises `sqlite3.Error`."""
    (head,) = db.execute("SELECT state FROM head").fetchone()
    (entry,) = db.execute("SELECT entry FROM messages ORDER BY id DESC LIMIT 1").fetchone() or (None,)
    return max(_decoder.decode(head).position if head else 0, entry or 0)
