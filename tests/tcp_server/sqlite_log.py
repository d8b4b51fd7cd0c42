"""A log on disk for tests."""

import math
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path

import pytest
from msgspec.structs import replace

from chat_protocol.message import redacted
from chat_protocol.messages import Ack, Message
from tcp_server.log import said_rows
from tcp_server.log.history import History, Key, find_message
from tcp_server.log.log_file import MIGRATIONS
from tcp_server.log.retention import Limits
from tcp_server.log.sqlite_history import SqliteHistory

ANNA = b"anna's digest   "
AT = "2026-11-22T05:43:03.120Z"


def open_history(path: Path, **limits: int) -> closing[SqliteHistory]:
    """Open a log whose retention begins at once."""
    clock = chain([0.0], repeat(math.inf)).__next__  # at the start, and ever after
    return closing(SqliteHistory(path, limits=Limits(**limits), clock=clock))


def join_a_few(patch: pytest.MonkeyPatch) -> None:
    """From now on, store already two to four messages in one row, if they are said at one time."""
    patch.setattr(said_rows, "_MIN", 2)
    patch.setattr(said_rows, "MOST", 4)
    patch.setattr(said_rows, "MIN_ROW_BYTES", 1)


def make_old(path: Path, version: int) -> None:
    """Write a log as that version of the schema had it, with two messages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript("".join(MIGRATIONS[:version]) + f"PRAGMA user_version = {version};")
        db.executemany(
            "INSERT INTO messages (id, at, name, text, session, ref) VALUES (?, ?, ?, ?, ?, ?)",
            [(1, AT, "Анна", "раз", b"s", "1"), (2, AT, "Анна", "два", None, None)],
        )


def stage(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    """Append messages without a commit."""
    for text in texts:
        history.append(Message(history.last + 1, at, "Анна", text), *(key or ()))


def say(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    """Append messages and commit them."""
    stage(history, *texts, key=key, at=at)
    history.commit()


def say_sparsely(history: SqliteHistory, *texts: str, at: str = AT) -> None:
    """Append messages with ids that end in zero, and commit them: nine of ten ids are of no messages."""
    ten = history.last // 10 * 10
    messages = [Message(ten + 10 * number, at, "Анна", text) for number, text in enumerate(texts, 1)]
    for message in messages:
        history.append(message)
    history.commit()


def prune(history: SqliteHistory) -> bool:
    """Forget some messages that are over the limits, as the room does; return whether there is more to do."""
    below = history.oldest_to_keep(time.time())
    forgets = below > history.first
    if forgets:
        history.forget(below)
        history.commit()
    return bool(history.tidy()) or forgets


def ids(messages: list[Message]) -> list[int]:
    return [message.id for message in messages]


def delete(history: History, message_id: int) -> None:
    """Delete a message, if it is kept."""
    act(history, message_id, redacted)


def edit(history: History, message_id: int, text: str) -> None:
    """Replace the text of a message, if it is kept."""
    act(history, message_id, lambda message: replace(message, text=text, edited=AT))


def react(history: History, message_id: int, emoji: str, person: bytes = ANNA, *, on: bool = True) -> None:
    """Add a reaction to a message that is kept, or take it back."""
    reactions = history.react(message_id, emoji, person, "Анна", on=on)
    if reactions is not None:
        act(history, message_id, lambda message: replace(message, reactions=reactions))


def act(
    history: History, message_id: int, change: Callable[[Message], Message], key: Key | None = None
) -> None:
    """Change a message, if it is kept, by an act that takes an id."""
    message = find_message(history, message_id)
    if message is not None:
        number = history.last + 1
        history.note_act(Ack((key and key[1]) or "", number, AT), message_id, key)
        history.change(change(message), number)
