"""Search requests: one of each client at a time, answered later, with the ref of the request."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chat_protocol.messages import Error, Found, Message, Search
from tcp_server.connection.searches import Searches
from tcp_server.log.history import History
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.search import Answer
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room.outcome import Outcome
from tests.tcp_server.sqlite_log import delete

MESSAGES = [Message(1, "at", "Anna", "word"), Message(2, "at", "Anna", "another word")]

CLIENT: Any = object()
PERSON = b"person"


class Later:
    """A searcher that answers when the test does, and a sequencer that works at once."""

    def __init__(self) -> None:
        self.full = False
        self.answers: list[Answer] = []
        self.outcomes: list[Outcome[Any]] = []

    def ask(self, _request: Search, answer: Answer, kept: Sequence[Message] | None = None) -> bool:
        self.kept = kept
        if not self.full:
            self.answers.append(answer)
        return not self.full

    def submit(self, work: Callable[..., Sequence[Outcome[Any]]], *args: Any) -> None:
        self.outcomes += work(*args)

    def searches(self, history: History, max_in_memory: int = 0) -> Searches:
        searcher: Any = self
        return Searches(history, searcher, self.submit, max_in_memory)


@pytest.fixture(params=["memory", "disk"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made: History = MemoryHistory(10) if request.param == "memory" else SqliteHistory(tmp_path / "room.db")
    with closing(made):
        for message in MESSAGES:
            made.append(message)
        made.commit()
        yield made


def test_what_is_deleted_during_the_search_is_not_found(history: History) -> None:
    later = Later()
    assert later.searches(history).search(CLIENT, Search("word"), PERSON) == []
    delete(history, 1)
    later.answers.pop()(Found(MESSAGES, True))
    assert later.outcomes[0].answer == [
        Found([Message(1, "at", "Anna", "", deleted=True), MESSAGES[1]], True)
    ]


def test_a_history_in_memory_is_searched_as_it_is_at_the_request() -> None:
    history, later = MemoryHistory(10), Later()
    for message in MESSAGES:
        history.append(message)
    searches = later.searches(history, max_in_memory=10)
    searches.search(CLIENT, Search("word"), PERSON)
    assert later.kept == MESSAGES
    searches.search(object(), Search("word", before=2), PERSON)  # type: ignore[arg-type]
    assert later.kept == MESSAGES[:1]


def test_a_second_search_of_the_same_client_is_refused_until_the_first_is_answered() -> None:
    later = Later()
    searches = later.searches(MemoryHistory(10))
    searches.search(CLIENT, Search("word", ref="first"), PERSON)
    [refused] = searches.search(CLIENT, Search("word"), PERSON)
    assert isinstance(error := refused.answer[0], Error)
    assert error.code == "too_fast"
    later.answers.pop()(Found([], False))
    assert later.outcomes[0].answer == [Found([], False, ref="first")]
    assert searches.search(CLIENT, Search("word"), PERSON) == []


def test_a_failed_search_and_a_full_queue_are_errors() -> None:
    later = Later()
    searches = later.searches(MemoryHistory(10))
    searches.search(CLIENT, Search("word", ref="first"), PERSON)
    later.answers.pop()(None)
    assert later.outcomes[0].answer == [Error("unavailable", "the search failed or took too long", "first")]
    later.full = True
    [refused] = searches.search(CLIENT, Search("word"), PERSON)
    assert refused.answer == [Error("too_fast", "too many searches are waiting", retry_after=1.0)]
