"""Search in memory, in a log with its index, and through a running server."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_protocol.messages import Found, Message, Search
from tcp_server.log import search as module
from tcp_server.log import word_index
from tcp_server.log.query import Query, distinct_words, words
from tcp_server.log.query import find as find_in
from tcp_server.log.search import Searcher
from tcp_server.log.word_index import WordIndex
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.tcp_server.searching import ANSWER_TIMEOUT, append_to_log, ids, messages_of, scan, searching


@pytest.fixture(params=["memory", "disk"])
def find(request: pytest.FixtureRequest, path: Path) -> Iterator[Callable[..., Found | None]]:
    """Search these messages, in memory and on disk with the same result."""
    messages = messages_of(
        "Ёлка уже НАРЯЖЕНА",
        "ещё одна ель, и ещё...",
        "snake_case и CamelCase",
        "ёлки-палки: 42 раза!",
        "Straße, naïve",
        "",
        "🎄",
    )
    if request.param == "memory":
        with searching(messages) as find:
            yield find
    else:
        append_to_log(path, *[message.text for message in messages])
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
def test_words_are_found_by_their_prefixes(
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


def test_found_messages_are_complete(find: Callable[..., Found]) -> None:
    assert find("snake").messages == [Message(3, "at", "Анна", "snake_case и CamelCase")]


def test_words_are_compared_without_case() -> None:
    assert words("Ёж, ЕЖ\tи ЩЁТКА-2!") == ["еж", "еж", "и", "щетка", "2"]
    assert words("¡! \N{ZERO WIDTH JOINER}") == []


@given(
    text=st.one_of(st.text(), st.text(alphabet="аЁb_1²ß .-'«»\u00a0\u2028\x1f\N{ZERO WIDTH JOINER}中🎄\n"))
)
def test_distinct_words_are_the_words_of_a_text(text: str) -> None:
    assert distinct_words(text) == set(words(text))


def test_an_answer_has_at_most_a_hundred_messages(path: Path) -> None:
    append_to_log(path, *["слово"] * 120)
    with searching(path) as find:
        found = find("слово", limit=1000)
        assert ids(found) == list(range(21, 121))
        assert found == scan(messages_of(*["слово"] * 120), Search("слово", limit=1000))


_TEXTS = st.text(alphabet="аАёЁеЕйbB_1²ß .-'\"*\N{ZERO WIDTH JOINER}中🎄", max_size=8)


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=12), query=_TEXTS)
def test_memory_and_disk_agree(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], query: str
) -> None:
    """Both also agree with a plain comparison of words, for every size of block."""
    path = tmp_path_factory.mktemp("log") / "room.db"
    append_to_log(path, *texts)
    wanted = words(query)
    expected = [
        number
        for number, text in enumerate(texts, 1)
        if wanted and all(any(word.startswith(start) for word in words(text)) for start in wanted)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_index, "_BLOCK", 3)
        with closing(WordIndex(path)) as index:
            while index.update_some():
                pass
        with searching(path) as find, searching(messages_of(*texts)) as find_in_memory:
            assert ids(find(query)) == expected
            assert find(query) == find_in_memory(query)


# --- limits --------------------------------------------------------------------------


def test_redundant_words_of_a_query_are_dropped() -> None:
    assert Query("при б при привет приветы ПРИВЕТ").prefixes == ["б", "приветы"]
    assert len(Query(" ".join(f"{number}ый" for number in range(100, 200))).prefixes) == 8


@pytest.mark.parametrize(("looks", "expected"), [(0, None), (1, None), (2, [2]), (3, [1, 2])])
def test_a_search_that_runs_out_of_time_returns_what_it_has(looks: int, expected: list[int] | None) -> None:
    left = iter([False] * looks)
    texts = {3: "нет", 2: "слово", 1: "слово", 0: "нет"}
    chunks = [messages_of(text, start=number) for number, text in texts.items()]
    found = find_in(Search("слово"), Query("слово"), chunks, lambda: next(left, True))
    assert (found and (ids(found), found.more)) == (expected and (expected, True))


class Endless(Sequence[Message]):
    """More messages than can be searched in time."""

    def __init__(self) -> None:
        self.entered = threading.Event()

    def __len__(self) -> int:
        return 2**40

    def __getitem__(self, _: Any) -> Any:
        self.entered.set()
        return []


def test_a_search_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_SECONDS", 0.2)
    searcher = Searcher()
    answers: queue.SimpleQueue[Found | None] = queue.SimpleQueue()
    try:
        assert searcher.ask(Search("слово"), answers.put, Endless())
        assert answers.get(timeout=ANSWER_TIMEOUT) is None
    finally:
        searcher.close()


def test_close_ends_a_running_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_SECONDS", 1e6)
    searcher = Searcher()
    endless = Endless()
    assert searcher.ask(Search("слово"), lambda _: None, endless)
    assert endless.entered.wait(ANSWER_TIMEOUT)
    searcher.close()


def test_the_queue_is_limited(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_QUEUED", 2)
    append_to_log(path, "слово")
    searcher = Searcher(path)
    asked, go_on = threading.Event(), threading.Event()
    answers: queue.SimpleQueue[Found | None] = queue.SimpleQueue()

    def hold(_: Found | None) -> None:
        asked.set()
        assert go_on.wait(ANSWER_TIMEOUT)

    try:
        assert searcher.ask(Search("слово"), hold)
        assert asked.wait(ANSWER_TIMEOUT)
        taken = [searcher.ask(Search("слово"), answers.put) for _ in range(3)]
        assert taken == [True, True, False]
        go_on.set()
        for _ in range(2):
            assert ids(answers.get(timeout=ANSWER_TIMEOUT)) == [1]
    finally:
        go_on.set()
        searcher.close()


# --- through a server ----------------------------------------------------------------


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


def test_a_server_with_an_unusable_index_works(path: Path) -> None:
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


@pytest.mark.parametrize("flags", [("--history", "memory"), ()], ids=["memory", "disk"])
def test_who_has_called_or_answered_somebody(flags: tuple[str, ...], path: Path) -> None:
    where = flags or ("--history", str(path))
    secret = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ"}
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", *where, env=secret) as server,
        JsonClient(server.address) as anna,
        JsonClient(server.address) as boris,
    ):
        anna.join("Анна", history=0)
        boris.join("Борис", history=0)
        boris.say_json(type="authenticate", password="ключ")
        anna.say_json(type="say", ref="1", text="кто идёт? я, Анна")
        anna.fence()
        boris.say_json(type="say", ref="2", text="@Анна ты идёшь?")
        boris.say_json(type="say", ref="3", text="я", reply=1)
        for ref, text in enumerate(("Анна, имя без знака", "@all в семь", "@Борис сам себе"), 4):
            boris.say_json(type="say", ref=str(ref), text=text)
        boris.fence()
        anna.fence()

        def found(query: str, **more: object) -> list[str]:
            anna.say_json(type="search", query=query, to="Анна", **more)
            return [one["text"] for one in anna.expect_json(type="found")["messages"]]

        assert found("") == ["@Анна ты идёшь?", "я", "@all в семь"]
        assert found("ид") == ["@Анна ты идёшь?"]
        assert found("", limit=1) == ["@all в семь"]
        assert found("", before=3) == ["@Анна ты идёшь?"]
