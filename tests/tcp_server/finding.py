"""Searching as the server does, and waiting for the answer."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chat_protocol.messages import Found, Message, Search
from tcp_server.log.query import Query
from tcp_server.log.query import find as find_in
from tcp_server.log.search import Searcher
from tcp_server.log.sqlite_history import SqliteHistory

PATIENCE = 20.0


def said(*texts: str, start: int = 1) -> list[Message]:
    return [Message(number, "at", "Анна", text) for number, text in enumerate(texts, start)]


def ids(found: Found | None) -> list[int]:
    assert found is not None, "the search failed"
    return [message.id for message in found.messages]


def scan(messages: list[Message], request: Search) -> Found:
    """Say what is to be found."""
    found = find_in(request, Query(request.query), [messages], lambda: False)
    assert found is not None
    return found


def log(path: Path, *texts: str) -> None:
    """Add to the log at `path`, which need not exist."""
    history = SqliteHistory(path)
    history.append(said(*texts, start=history.last + 1), [None] * len(texts))
    history.commit()
    history.close()


@contextmanager
def searching(path: Path) -> Iterator[Callable[..., Found | None]]:
    searcher = Searcher(path)
    answers: queue.SimpleQueue[Found | None] = queue.SimpleQueue()

    def find(query: str, **fields: Any) -> Found | None:
        assert searcher.ask(Search(query, **fields), answers.put)
        return answers.get(timeout=PATIENCE)

    try:
        yield find
    finally:
        searcher.close()


@contextmanager
def searching_in(messages: list[Message]) -> Iterator[Callable[..., Found | None]]:
    """Search these, as the server does without a log on disk."""
    searcher = Searcher()
    answers: queue.SimpleQueue[Found | None] = queue.SimpleQueue()

    def find(query: str, before: int = 2**53, **fields: Any) -> Found | None:
        kept = [message for message in messages if message.id < before]
        assert searcher.ask(Search(query, before, **fields), answers.put, kept)
        return answers.get(timeout=PATIENCE)

    try:
        yield find
    finally:
        searcher.close()
