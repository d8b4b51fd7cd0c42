"""The fields of a message that few messages have, as the log stores them: in one column, as JSON."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from chat_protocol.messages import Live, Message, Quote, Reaction


class _Details(msgspec.Struct, omit_defaults=True, frozen=True):
    kind: str | None = None
    reply: int | None = None
    mentions: tuple[str, ...] = ()
    edited: str | None = None
    reactions: tuple[Reaction, ...] = ()
    live: Live | None = None


_decoder = msgspec.json.Decoder(_Details)


def as_fields(details: str) -> dict[str, Any]:
    """Return the fields of a message that are stored as `details`. Raises `msgspec.DecodeError`."""
    stored = _decoder.decode(details)
    reply = None if stored.reply is None else Quote(stored.reply)
    return msgspec.structs.asdict(stored) | {"reply": reply}


def details_of(message: Message) -> str | None:
    """Return what is stored of a message, None if it has nothing rare. Of a reply that is the id only."""
    reply = None if message.reply is None else message.reply.id
    mentions, reactions = tuple(message.mentions), tuple(message.reactions)
    details = _Details(message.kind, reply, mentions, message.edited, reactions, message.live)
    return None if details == _Details() else msgspec.json.encode(details).decode()


def notice_of(message: Message) -> str | None:
    """Return the notice of a message as it is stored, None if it has none."""
    return None if message.notice is None else msgspec.json.encode(message.notice).decode()


def write_details(db: sqlite3.Connection, messages: Sequence[Message]) -> None:
    """Add to the rows of messages what only few have, in the open transaction. Raises `sqlite3.Error`."""
    if messages:
        db.executemany(
            "UPDATE messages SET notice = ?, details = ? WHERE id = ?",
            [(notice_of(one), details_of(one), one.id) for one in messages],
        )
