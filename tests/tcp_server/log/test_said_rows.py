"""What a person says at one time is one row of the file, and still so many messages."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.messages import Ack, Message
from tcp_server.log.integrity import examine
from tcp_server.log.log_file import MIGRATIONS, read_only
from tcp_server.log.message_rows import COLUMNS, MORE_COLUMNS, read_rows
from tcp_server.log.query import Query
from tcp_server.log.said_rows import MOST, Run
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.log.word_index import WordIndex
from tests.tcp_server.sqlite_log import ANNA, AT, delete, edit, ids, open_history, prune, say

COUNT = 300
REFS = [f"{number:09}" for number in range(1, COUNT + 1)]
TEXTS = [f"text{number:03} with words so that it is not short" for number in range(1, COUNT + 1)]

texts = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=60), max_size=150)


def say_at_once(history: SqliteHistory, texts: Sequence[str], refs: Sequence[str] = ()) -> None:
    """Commit what Anna says at one time, as the room does."""
    assert history.find_acks(ANNA, refs) == {}
    history.say(ANNA, "Анна", AT, texts, refs)
    history.commit()


@pytest.fixture
def flood(path: Path) -> Path:
    """A log with messages that were said at one time."""
    with open_history(path) as history:
        say_at_once(history, TEXTS, REFS)
    return path


def rows(path: Path) -> int:
    with read_only(path) as db:
        return int(db.execute("SELECT count(*) FROM messages").fetchone()[0])


def digest(path: Path) -> str:
    with read_only(path) as db:
        report = examine(db)
    assert report.faults == []
    return report.digest


def test_what_is_said_at_one_time_takes_few_rows(flood: Path, tmp_path: Path) -> None:
    with open_history(tmp_path / "each.db") as history:
        for text, ref in zip(TEXTS, REFS, strict=True):
            say(history, text, key=(ANNA, ref))
    assert rows(flood) == 1 + COUNT // MOST
    assert rows(tmp_path / "each.db") == COUNT
    assert digest(flood) == digest(tmp_path / "each.db")


@pytest.mark.parametrize("limit", [1, MOST, 2 * MOST, COUNT])
def test_any_part_can_be_read(flood: Path, limit: int) -> None:
    with open_history(flood) as history:
        for end in (1, 2, MOST, MOST + 1, 3 * MOST - 1, COUNT, COUNT + 1):
            first = max(1, end - limit)
            expected = [Message(id_, AT, "Анна", TEXTS[id_ - 1]) for id_ in range(first, end)]
            assert history.before(end, limit) == expected
        for id_ in (1, MOST - 1, MOST, COUNT):
            assert history.author(id_) == ANNA
        assert history.author(COUNT + 1) is None
        assert history.own(history.before(COUNT + 1, COUNT), ANNA) == {*range(1, COUNT + 1)}


def test_repeats_are_recognised(flood: Path) -> None:
    with open_history(flood) as history:
        for id_ in (1, 2, MOST - 1, MOST, MOST + 1, COUNT):
            assert history.find_acks(ANNA, [REFS[id_ - 1]]) == {REFS[id_ - 1]: Ack(REFS[id_ - 1], id_, AT)}
        assert history.find_acks(ANNA, ["000000001a", "0", "z"]) == {}
        assert history.find_acks(b"boris", REFS[:1]) == {}
        more = [f"{number:09}" for number in range(COUNT - 3, COUNT + 20)]
        assert [*history.find_acks(ANNA, more)] == more[:4]
        say_at_once(history, ["some words that are not short"] * 19, more[4:])
        assert history.find_acks(ANNA, [more[-1]])[more[-1]].id == COUNT + 19


def test_new_refs_are_looked_for_once_in_each_row(flood: Path) -> None:
    with open_history(flood) as history:
        statements: list[str] = []
        history._db.set_trace_callback(statements.append)
        assert history.find_acks(ANNA, [f"{ref}a" for ref in REFS]) == {}
    assert len(statements) < 20


@pytest.mark.parametrize(
    ("texts", "refs"),
    [
        (TEXTS[:7], REFS[:7]),
        (["short"] * 100, [f"{number:03}" for number in range(100)]),
        (TEXTS[:40], REFS[:40][::-1]),
        (TEXTS[:40], [f"{ref}\n" for ref in REFS[:40]]),
        ([f"{text}\nmore" for text in TEXTS[:40]], REFS[:40]),
        (["a text that is quite long. " * 20] * 40, REFS[:40]),
    ],
    ids=["few", "short", "refs in another order", "LF in a ref", "LF in a text", "long"],
)
def test_others_have_a_row_each(path: Path, texts: Sequence[str], refs: Sequence[str]) -> None:
    with open_history(path) as history:
        say_at_once(history, texts, refs)
        assert rows(path) == len(texts)
    with open_history(path) as history:
        assert [message.text for message in history.before(1000, 1000)] == [*texts]
        for id_, ref in enumerate(refs, 1):
            assert history.find_acks(ANNA, [ref]) == {ref: Ack(ref, id_, AT)}


def test_refs_that_are_not_the_greatest_have_a_row_each(path: Path) -> None:
    with open_history(path) as history:
        say(history, "раз", key=(ANNA, REFS[50]))
        say_at_once(history, TEXTS[:40], REFS[:40])
        assert rows(path) == 41
        say_at_once(history, TEXTS[60:100], REFS[60:100])
        assert rows(path) < 50


def test_without_refs_they_take_few_rows_too(path: Path) -> None:
    with open_history(path) as history:
        say_at_once(history, TEXTS)
        assert rows(path) == 1 + COUNT // MOST
        assert [message.text for message in history.before(1000, 1000)] == TEXTS


@given(texts=texts, first=st.integers(1, 200), has_refs=st.booleans())
def test_each_message_is_read_as_it_was_said(texts: list[str], first: int, has_refs: bool) -> None:
    refs: list[str | None] = [f"{number:03}" if has_refs else None for number in range(len(texts))]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript("".join(MIGRATIONS) + f"PRAGMA user_version = {len(MIGRATIONS)};")
        Run(first, AT, "Анна", ANNA, 7, texts, refs, is_ordered=True).write(db)
        found = read_rows(db, range(1, 1000), f"{COLUMNS}, {MORE_COLUMNS}")
        assert [(row[0], row[3], row[8]) for row in found] == [
            (id_, text, ref) for id_, (text, ref) in enumerate(zip(texts, refs, strict=True), first)
        ]


@pytest.mark.parametrize("damage", ["count = 0", "count = 'x'", "count = -7", "refs = ''", "refs = x'00'"])
def test_texts_are_read_where_the_rest_of_their_row_is_damaged(flood: Path, damage: str) -> None:
    with closing(sqlite3.connect(flood)) as db, db:
        db.execute(f"UPDATE messages SET {damage} WHERE id = {MOST}")
    with read_only(flood) as db:
        found = read_rows(db, range(1, COUNT + 1), f"{COLUMNS}, {MORE_COLUMNS}")
    assert [row[3] for row in found] == TEXTS


def test_one_of_them_is_edited_where_their_refs_are_damaged(flood: Path) -> None:
    with closing(sqlite3.connect(flood)) as db, db:
        db.execute(f"UPDATE messages SET refs = '1' WHERE id = {MOST}")
    with open_history(flood) as history:
        edit(history, MOST + 2, "другое")
        history.commit()
    with open_history(flood) as history:
        texts = [message.text for message in history.before(1000, 1000)]
    assert texts == [*TEXTS[: MOST + 1], "другое", *TEXTS[MOST + 2 :]]


@pytest.mark.parametrize("id_", [1, 30, MOST - 1, MOST, COUNT])
def test_one_of_them_is_edited_and_deleted(flood: Path, id_: int) -> None:
    with open_history(flood) as history:
        edit(history, id_, "другое")
        history.commit()
    with open_history(flood) as history:
        kept = history.before(1000, 1000)
        assert ids(kept) == [*range(1, COUNT + 1)]
        assert [message.id for message in kept if message.text != TEXTS[message.id - 1]] == [id_]
        assert history.find_acks(ANNA, [REFS[id_ - 1]])[REFS[id_ - 1]].id == id_
        delete(history, id_)
        history.commit()
        history.tidy()
        assert history.find_acks(ANNA, [REFS[id_ - 1]])[REFS[id_ - 1]].id == id_
    for file in flood.parent.iterdir():
        assert TEXTS[id_ - 1].encode() not in file.read_bytes()


@pytest.mark.parametrize("keep", [1, 10, MOST, COUNT - 1])
def test_some_of_them_are_removed(flood: Path, keep: int) -> None:
    with open_history(flood, keep=keep) as history:
        while prune(history):
            history.commit()
        history.commit()
    with open_history(flood) as history:
        first = COUNT - keep + 1
        assert (history.first, history.count) == (first, keep)
        assert ids(history.before(1000, 1000)) == [*range(first, COUNT + 1)]
        for id_, ref in enumerate(REFS, 1):
            expected = {ref: Ack(ref, id_, AT)} if id_ >= first else {}
            assert history.find_acks(ANNA, [ref]) == expected
    assert digest(flood)


def test_they_are_found_by_their_words(flood: Path) -> None:
    with closing(WordIndex(flood)) as index:
        while index.update_some():
            pass
        for id_ in (1, 99, 255, 256, COUNT):
            query = Query(f"text{id_:03}")
            chunks = index.chunks(query.prefixes, None)
            assert [one.id for chunk in chunks for one in chunk if query.matches(one.text)] == [id_]
            assert index.name_of(id_) == "Анна"
        assert index.name_of(COUNT + 1) is None


def test_what_is_settled_may_be_said_again(flood: Path) -> None:
    with open_history(flood) as history:
        history.settle(100)
        assert history.find_acks(ANNA, [REFS[9], REFS[150]]) == {REFS[150]: Ack(REFS[150], 151, AT)}
        history.say(ANNA, "Анна", AT, ["и снова"], [REFS[9]])
        history.commit()
    with open_history(flood) as history:
        assert history.find_acks(ANNA, [REFS[9]])[REFS[9]].id == COUNT + 1
        assert history.find_acks(ANNA, [REFS[11]]) == {}
        assert len(history.before(1000, 1000)) == COUNT + 1


def test_what_is_said_again_after_a_restart_does_not_hide_later_refs(flood: Path) -> None:
    with open_history(flood) as history:
        history.settle(100)
        history.commit()
    with open_history(flood) as history:
        say_at_once(history, TEXTS[:50], REFS[:50])
        assert history.last == COUNT + 50
        assert [*history.find_acks(ANNA, REFS[50:])] == REFS[99:]
