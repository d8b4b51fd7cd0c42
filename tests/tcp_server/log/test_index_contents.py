"""The search index has the words of the log, however that has come about."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcp_server.log import word_index
from tcp_server.log.history import find_message
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.log.word_index import WordIndex
from tests.tcp_server.log.word_indexes import indexed_blocks, open_current_index, rows_of
from tests.tcp_server.searching import append_to_log
from tests.tcp_server.sqlite_log import delete, edit

pytestmark = pytest.mark.usefixtures("small_blocks")


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["say", "say", "edit", "delete", "prune", "search", "index", "all"]),
            st.integers(0, 9),
        ),
        max_size=30,
    )
)
def test_an_index_that_follows_the_log_is_the_same_as_a_new_one(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "room.db"
    with closing(SqliteHistory(path)) as history, closing(WordIndex(path)) as index:
        for number, (kind, count) in enumerate(steps):
            chosen = max(history.first, history.last - count)
            if kind == "say":
                history.say(b"anna", "Анна", "at", [f"said {number} {one}" for one in range(count)], ())
            elif kind in {"edit", "delete"} and find_message(history, chosen):
                edit(history, chosen, f"edited {number}") if kind == "edit" else delete(history, chosen)
            elif kind == "prune":
                history.forget(chosen)
            elif kind == "search":
                list(index.chunks(["said"], None))
            history.commit()
            while kind in {"index", "all"} and index.update_some() and kind == "all":
                pass
        while index.update_some():
            pass
        followed = rows_of(path)
        with closing(sqlite3.connect(f"{path}.words")) as db:
            db.execute("DELETE FROM blocks")
            db.commit()
        with open_current_index(path):
            assert rows_of(path) == followed


def test_few_blocks_of_long_texts_are_indexed_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index, "_BLOCKS", 100)
    monkeypatch.setattr(word_index, "_CHARACTERS", 5000)
    append_to_log(path, *["слово"] * 40, *["слово " * 200] * 40)
    with closing(WordIndex(path)) as index:
        counts = []
        while index.update_some():
            counts.append(len(indexed_blocks(path)))
    assert counts == [2, 4, 6, 8, 10, 20]


def test_all_words_of_long_texts_are_indexed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index, "_PART", 16)
    texts = ["", "один", "два " * 10 + "три\nчетыре", "x" * 40 + " пять", "", "шесть", "семь", "восемь"]
    append_to_log(path, *texts)
    with open_current_index(path):
        pass
    with closing(sqlite3.connect(f"{path}.words")) as db:
        rows = db.execute("SELECT words FROM blocks ORDER BY number").fetchall()
    assert [set(row[0].decode().split()) for row in rows] == [
        {"один", "два", "три", "четыре"},
        {"x" * 40, "пять", "шесть", "семь"},
    ]


def test_what_is_left_of_a_damaged_block_is_indexed(path: Path) -> None:
    """Each text fills a page of the file; that of #2 is destroyed."""
    append_to_log(
        path, *[f"{number} {word} {'-' * 2500}" for number, word in enumerate(["раз", "два", "три"], 1)]
    )
    content = bytearray(path.read_bytes())
    start = content.index("2 два".encode()) // 4096 * 4096
    content[start : start + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with open_current_index(path):
        pass
    with closing(sqlite3.connect(f"{path}.words")) as db:
        (row,) = db.execute("SELECT words FROM blocks").fetchall()
    assert row[0].decode().split() == ["1", "3", "раз", "три"]
