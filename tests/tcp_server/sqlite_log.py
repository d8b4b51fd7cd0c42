"""A log on disk for tests."""

from contextlib import closing
from pathlib import Path
from typing import Any

from chat_protocol.messages import Message
from tcp_server.log.history import Key
from tcp_server.log.sqlite_history import SqliteHistory

ANNA = b"anna's digest   "
AT = "2026-11-22T05:43:03.120Z"


def open_history(path: Path, **settings: Any) -> closing[SqliteHistory]:
    return closing(SqliteHistory(path, **settings))


def stage(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    """Append messages without a commit."""
    for text in texts:
        history.append([Message(history.last + 1, at, "Анна", text)], [key])


def say(history: SqliteHistory, *texts: str, key: Key | None = None, at: str = AT) -> None:
    """Append messages and commit them."""
    stage(history, *texts, key=key, at=at)
    history.commit()


def ids(messages: list[Message]) -> list[int]:
    return [message.id for message in messages]
