"""A log on disk for tests."""

import math
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path

from chat_protocol.messages import Message
from tcp_server.log.history import History, Key, find_message, redacted
from tcp_server.log.retention import Limits
from tcp_server.log.sqlite_history import SqliteHistory

ANNA = b"anna's digest   "
AT = "2026-11-22T05:43:03.120Z"


def open_history(path: Path, **limits: int) -> closing[SqliteHistory]:
    """Open a log whose retention begins at once."""
    clock = chain([0.0], repeat(math.inf)).__next__  # at the start, and ever after
    return closing(SqliteHistory(path, limits=Limits(**limits), clock=clock))


def stage(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    """Append messages without a commit."""
    for text in texts:
        history.append([Message(history.last + 1, at, "Анна", text)], [key])


def say(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    """Append messages and commit them."""
    stage(history, *texts, key=key, at=at)
    history.commit()


def say_sparsely(history: SqliteHistory, *texts: str, at: str = AT) -> None:
    """Append messages with ids that end in zero, and commit them: nine of ten ids are of no messages."""
    ten = history.last // 10 * 10
    messages = [Message(ten + 10 * number, at, "Анна", text) for number, text in enumerate(texts, 1)]
    history.append(messages, [None] * len(messages))
    history.commit()


def prune(history: SqliteHistory) -> bool:
    """Forget some messages that are over the limits, as the room does; return whether there is more to do."""
    below = history.oldest_to_keep()
    forgets = below > history.first
    if forgets:
        history.forget(below)
        history.commit()
    return bool(history.tidy()) or forgets


def ids(messages: list[Message]) -> list[int]:
    return [message.id for message in messages]


def delete(history: History, message_id: int) -> None:
    """Delete a message, if it is kept; the next message is the notice of that."""
    message = find_message(history, message_id)
    if message is not None:
        history.change(redacted(message), history.last + 1)
