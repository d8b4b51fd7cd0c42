"""A log on disk, written as a test needs it."""

from contextlib import closing
from pathlib import Path
from typing import Any

from chat_protocol.messages import Message
from tcp_server.log.history import Key
from tcp_server.log.sqlite_history import SqliteHistory

ANNA = b"anna's digest   "
AT = "2026-11-22T05:43:03.120Z"


def opened(path: Path, **settings: Any) -> closing[SqliteHistory]:
    return closing(SqliteHistory(path, **settings))


def stage(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    """Say something that is not committed yet."""
    for text in texts:
        history.append([Message(history.last + 1, at, "Анна", text)], [key])


def say(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    stage(history, *texts, key=key, at=at)
    history.commit()


def ids(messages: list[Message]) -> list[int]:
    return [message.id for message in messages]
