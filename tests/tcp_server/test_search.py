"""Finding what was said: in memory, in the index beside the log, and through a running server."""

import queue
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_protocol.messages import Found, Message, Search
from tcp_server import search as module
from tcp_server.search import Searcher, scan, words
from tcp_server.sqlite_history import SqliteHistory
from tests.support.processes import running
from tests.support.raw import JsonClient

PATIENCE = 5.0


def said(*texts: str, start: int = 1) -> list[Message]:
    return [Message(number, "at", "Анна", text) for number, text in enumerate(texts, start)]


def ids(found: Found | None) -> list[int]:
    assert found is not None, "the search failed"
    return [message.id for message in found.messages]


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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "room.db"


@pytest.fixture(params=["memory", "disk"])
def find(request: pytest.FixtureRequest, path: Path) -> Iterator[Callable[..., Found | None]]:
    """Search these messages, in memory and on disk with the same result."""
    messages = said(
        "Ёлка уже НАРЯЖЕНА",
        "ещё одна ель, и ещё...",
        "snake_case и CamelCase",
        "ёлки-палки: 42 раза!",
        "Straße, naïve",
        "",
        "🎄",
    )
    if request.param == "memory":
        yield lambda query, **fields: scan(messages, Search(query, **fields))
    else:
        log(path, *[message.text for message in messages])
        with searching(path) as find:
            yield find


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("елка", [1]),
        ("ЁЛК", [1, 4]),
        ("ел", [1, 2, 4]),
        ("наряжена ёлка", [1]),
        ("еще", [2]),
        ("лка", []),
        ("ель раза", []),
        ("палки", [4]),
        ("ёлки-палки", [4]),
        ("4", [4]),
        ("STRASSE", [5]),
        ("case", [3]),
        ("camelcase", [3]),
        ('"елка"*', [1]),
        ("елка OR ель", []),
        ("елка NOT", []),
        ("text:елка", []),
        ("", []),
        ("🎄", []),
        ("...", []),
        ("' ; --", []),
    ],
)
def test_words_are_found_by_their_beginnings(
    find: Callable[..., Found], query: str, expected: list[int]
) -> None:
    assert ids(find(query)) == expected


def test_pages_go_back_in_time(find: Callable[..., Found]) -> None:
    newest = find("ел", limit=2)
    assert (ids(newest), newest.more) == ([2, 4], True)
    rest = find("ел", limit=2, before=2)
    assert (ids(rest), rest.more) == ([1], False)
    assert find("ел", before=1) == Found([], False)
    assert find("ел", limit=0) == Found([], False)
    exact = find("ел", limit=3)
    assert (ids(exact), exact.more) == ([1, 2, 4], False)


def test_what_is_found_is_whole(find: Callable[..., Found]) -> None:
    assert find("snake").messages == [Message(3, "at", "Анна", "snake_case и CamelCase")]


def test_words_are_compared_without_case() -> None:
    assert words("Ёж, ЕЖ\tи ЩЁТКА-2!") == ["еж", "еж", "и", "щетка", "2"]
    assert words("¡! \N{ZERO WIDTH JOINER}") == []


def test_no_answer_is_longer_than_a_hundred(path: Path) -> None:
    log(path, *["слово"] * 120)
    with searching(path) as find:
        found = find("слово", limit=1000)
        assert ids(found) == list(range(21, 121))
        assert found == scan(said(*["слово"] * 120), Search("слово", limit=1000))


_TEXTS = st.text(alphabet="аАёЁеЕйbB_1²ß .-'\"*\N{ZERO WIDTH JOINER}中🎄", max_size=8)


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=12), query=_TEXTS)
def test_memory_and_disk_agree(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], query: str
) -> None:
    path = tmp_path_factory.mktemp("log") / "room.db"
    log(path, *texts)
    with searching(path) as find:
        assert find(query) == scan(said(*texts), Search(query))


# --- the index -------------------------------------------------------------------------


def test_the_index_keeps_up_with_what_is_said(path: Path) -> None:
    history = SqliteHistory(path)
    with closing(history), searching(path) as find:
        for number in range(1, 4):
            history.append(said("слово", start=number), [None])
            history.commit()
            assert ids(find("слово")) == list(range(1, number + 1))


def test_the_index_catches_up_after_a_restart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS", 2)
    log(path, "раз слово")
    with searching(path) as find:
        assert ids(find("слово")) == [1]
    log(path, *["два слова"] * 7)
    with searching(path) as find:
        assert ids(find("слов")) == list(range(1, 9))
        assert ids(find("раз")) == [1]


def test_the_index_catches_up_while_nobody_searches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    monkeypatch.setattr(module, "_ROWS", 2)
    caught_up = threading.Event()
    step = module._Index.step

    def observed(index: module._Index) -> bool:
        more = step(index)
        if not more:
            caught_up.set()
        return more

    monkeypatch.setattr(module._Index, "step", observed)
    log(path, *["слово"] * 5)
    with searching(path):
        assert caught_up.wait(PATIENCE)
    with closing(sqlite3.connect(f"{path}.words")) as db:
        assert db.execute("SELECT last FROM state").fetchone() == (5,)


@pytest.mark.parametrize("damage", ["beginning", "pages", "not a database", "gone"])
def test_a_damaged_index_is_made_anew(path: Path, damage: str) -> None:
    texts = [f"слово{number} и ещё много чего" for number in range(2000)]
    log(path, *texts)
    with searching(path) as find:
        assert ids(find("слово7")) != []
    beside = path.with_name("room.db.words")
    content = bytearray(beside.read_bytes())
    match damage:
        case "beginning":
            content[:100] = b"\xff" * 100
        case "pages":
            for page in range(4096, len(content), 4096):
                content[page : page + 256] = b"\xff" * 256
        case "not a database":
            content[:] = b"no"
    beside.write_bytes(content)
    if damage == "gone":
        beside.unlink()
    with searching(path) as find:
        assert ids(find("слово1234")) == [1235]
        assert find("слово7", limit=5) == scan(said(*texts), Search("слово7", limit=5))


def test_the_index_of_another_log_is_not_used(path: Path) -> None:
    log(path, "старое слово", "ещё слово")
    with searching(path) as find:
        assert ids(find("слово")) == [1, 2]
    path.unlink()
    log(path, "новое слово")
    with searching(path) as find:
        assert ids(find("слово")) == [1]
        assert ids(find("старое")) == []


def test_the_index_of_a_log_that_was_put_back_is_not_used(path: Path) -> None:
    log(path, "раз слово")
    backup = path.read_bytes()
    log(path, "два слова")
    with searching(path) as find:
        assert ids(find("слов")) == [1, 2]
    path.write_bytes(backup)
    with searching(path) as find:
        assert ids(find("слов")) == [1]
        log(path, "три слова")
        assert ids(find("слов")) == [1, 2]
        assert ids(find("два")) == []


def test_what_the_log_forgot_is_not_found(path: Path) -> None:
    log(path, *["слово"] * 5)
    with searching(path) as find:
        assert ids(find("слово")) == [1, 2, 3, 4, 5]
        history = SqliteHistory(path, keep=2)
        history.prune()
        history.close()
        found = find("слово", limit=2)
        assert found == Found(said("слово", "слово", start=4), False)


def test_a_full_disk_is_no_damage(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log(path, "раз слово")
    with searching(path) as find:
        assert ids(find("слово")) == [1]
        log(path, "два слова")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            assert find("слово") is None
            assert find("слово") is None
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert ids(find("слово")) == [1]
        assert ids(find("слов")) == [1, 2]
    assert all("cannot search" in record.message for record in caplog.records)


def test_only_so_many_may_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAITING", 2)
    log(path, "слово")
    searcher = Searcher(path)
    asked, go_on = threading.Event(), threading.Event()
    answers: queue.SimpleQueue[Found | None] = queue.SimpleQueue()

    def hold(_: Found | None) -> None:
        asked.set()
        assert go_on.wait(PATIENCE)

    try:
        assert searcher.ask(Search("слово"), hold)
        assert asked.wait(PATIENCE)
        taken = [searcher.ask(Search("слово"), answers.put) for _ in range(3)]
        assert taken == [True, True, False]
        go_on.set()
        for _ in range(2):
            assert ids(answers.get(timeout=PATIENCE)) == [1]
    finally:
        go_on.set()
        searcher.close()


# --- through the server ------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["memory", "disk"])
def test_a_client_searches(path: Path, kept: str) -> None:
    flags = ("--host=127.0.0.1", "--port=0", f"--history={path if kept == 'disk' else kept}")
    with running("tcp_server", *flags) as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        for number, text in enumerate(("Ёлка", "ель", "и ещё ёлки"), 1):
            anna.say_json(type="say", ref=str(number), text=text)
            anna.expect_json(type="ack", id=number)
        anna.say_json(type="search", query="елк")
        found = anna.expect_json(type="found", more=False)["messages"]
        assert [(message["id"], message["text"]) for message in found] == [(1, "Ёлка"), (3, "и ещё ёлки")]
        anna.say_json(type="search", query="е", limit=1)
        found = anna.expect_json(type="found", more=True)["messages"]
        assert [message["id"] for message in found] == [3]


def test_a_room_without_a_usable_index_is_a_room_all_the_same(path: Path) -> None:
    path.with_name("room.db.words").mkdir()
    flags = ("--host=127.0.0.1", "--port=0", f"--history={path}")
    with running("tcp_server", *flags) as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        anna.say_json(type="search", query="слово")
        anna.expect_json(type="error", code="unavailable")
        anna.say_json(type="say", ref="1", text="слово")
        anna.expect_json(type="ack", id=1)
        path.with_name("room.db.words").rmdir()
        anna.say_json(type="search", query="слово")
        assert [message["id"] for message in anna.expect_json(type="found")["messages"]] == [1]
