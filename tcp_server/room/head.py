"""Where the room is in its journal, as the log stores it beside members, sanctions and messages."""

import msgspec

from chat_protocol.messages import Topic
from tcp_server.log.history import History
from tcp_server.room.lives import OpenLive
from tcp_server.room.runs import Run


class Head(msgspec.Struct, array_like=True):
    """The position of the last entry, and what decides beside all that has a table of its own."""

    position: int = 0
    next_member: int = 1
    runs: dict[bytes, Run] = {}
    """The present run of each server, by incarnation."""
    digest: int = 0
    """Of what the journal has told the room (`Digests`)."""
    settings: dict[str, int | float] = {}
    """Those that decide for all servers; empty where there is one server."""
    topic: Topic | None = None
    lives: dict[int, OpenLive] = {}
    """The live messages that are open."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)


def encode_head(head: Head) -> bytes:
    """Return a head as it is stored."""
    return _encoder.encode(head)


def decode_head(data: bytes) -> Head:
    """Return the head that was stored; of a new log the first one."""
    return _decoder.decode(data) if data else Head()


def position_of(history: History) -> int:
    """Return the position of the last entry that a log has the effect of."""
    return max(decode_head(history.head).position, history.position)


def newest_run(history: History) -> bytes:
    """Return the incarnation of the server that has begun its run last; empty in a new log."""
    runs = decode_head(history.head).runs
    return max(runs, key=lambda incarnation: runs[incarnation].since, default=b"")
