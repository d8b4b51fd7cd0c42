"""Searches as the server does them, waiting for the answer."""

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

ANSWER_TIMEOUT = 20.0


def messages_of(*texts: str, start: int = 1) -> list[Message]:
    return [Message(number, "at", "Анна", text) for number, text in enumerate(texts, start)]


def ids(found: Found | None) -> list[int]:
    assert found is not None, "the search failed"
    return [message.id for message in found.messages]


def scan(messages: list[Message], request: Search) -> Found:
    """Return the right answer, from a search without an index."""
    found = find_in(request, Query(request.query), [messages], lambda: False)
    assert found is not None
    return found


def append_to_log(path: Path, *texts: str) -> None:
    """Append messages to the log at `path`, which is created if missing."""
    history = SqliteHistory(path)
    for message in messages_of(*texts, start=history.last + 1):
        history.append(message)
    history.commit()
    history.close()


@contextmanager
def searching(log: Path | list[Message]) -> Iterator[Callable[..., Found | None]]:
    """Yield a function that searches a log on disk, or messages in memory, and waits for the answer."""
    searcher = Searcher(log if isinstance(log, Path) else None)
    answers: queue.SimpleQueue[Found | None] = queue.SimpleQueue()

    def find(query: str, before: int | None = None, **fields: Any) -> Found | None:
        kept = None
        if isinstance(log, list):
            kept = [message for message in log if before is None or message.id < before]
        assert searcher.ask(Search(query, before, **fields), answers.put, kept)
        return answers.get(timeout=ANSWER_TIMEOUT)

    try:
        yield find
    finally:
        searcher.close()
