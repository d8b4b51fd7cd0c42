"""A deleted message is gone from the file, the index and the exports; its id stays."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_protocol.messages import Ack, Message, Notice
from tcp_server.log import sqlite_history as module
from tcp_server.log.history import Unavailable
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tests.tcp_server.searching import ids, searching
from tests.tcp_server.sqlite_log import ANNA, AT, delete, edit, open_history, prune, react

NOTICE = Notice("ban", "Анна", "Боб", seconds=60, text="спам")
VERSION_1 = """
    CREATE TABLE log (epoch TEXT NOT NULL);
    INSERT INTO log VALUES ('the first');
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        session BLOB,
        ref TEXT
    );
    CREATE TABLE present (session BLOB PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
    CREATE UNIQUE INDEX says ON messages (session, ref) WHERE ref IS NOT NULL;
    INSERT INTO messages VALUES (7, '2026-11-22T05:43:03.120Z', 'Анна', 'раз', x'00ff', 'r');
    INSERT INTO messages VALUES (8, '2026-11-22T05:43:03.120Z', 'Борис', 'два', NULL, NULL);
    INSERT INTO present VALUES (x'00ff', 'Анна');
    PRAGMA user_version = 1;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "room.db"


def say(history: SqliteHistory, *texts: str, ref: str | None = None, notice: Notice | None = None) -> None:
    key = (None, None) if ref is None else (ANNA, ref)
    for text in texts:
        history.append(Message(history.last + 1, AT, "Анна", text, notice), *key)


def tombstone(number: int) -> Message:
    return Message(number, AT, "Анна", "", deleted=True)


# --- the file ------------------------------------------------------------------------


def test_a_file_of_version_1_is_migrated(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
    with open_history(path) as history:
        assert (history.epoch, history.first, history.last) == ("the first", 7, 8)
        assert history.before(9, 9) == [Message(7, AT, "Анна", "раз"), Message(8, AT, "Борис", "два")]
        assert history.find_acks(b"\0\xff", ["r"]) == {"r": Ack("r", 7, AT)}
        assert history.take_present() == [(b"\0\xff", "Анна")]
        say(history, "три", notice=NOTICE)
        delete(history, 7)
        history.commit()
    with open_history(path) as history:
        assert history.take_present() == []
        assert history.before(10, 9) == [
            tombstone(7),
            Message(8, AT, "Борис", "два"),
            Message(9, AT, "Анна", "три", NOTICE),
        ]
        assert history.find_acks(b"\0\xff", ["r"]) == {"r": Ack("r", 7, AT)}


@pytest.mark.parametrize("recent", [0, 2, 2000])
def test_a_deletion_is_seen_in_memory_and_in_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    monkeypatch.setattr(module, "_RECENT", recent)
    with open_history(path) as history:
        say(history, "раз", ref="r")
        history.commit()
        say(history, "два", "три")
        delete(history, 1)
        assert [message.text for message in history.before(9, 9)] == ["", "два", "три"]
        delete(history, 3)  # appended in the same batch
        delete(history, 9)
        history.commit()
        assert history.before(2, 1) == [tombstone(1)]
        assert history.before(4, 1) == [tombstone(3)]
    with open_history(path) as history:
        assert history.before(9, 9) == [tombstone(1), Message(2, AT, "Анна", "два"), tombstone(3)]
        assert history.find_acks(ANNA, ["r"]) == {"r": Ack("r", 1, AT)}


def test_a_deleted_announcement_has_no_notice(path: Path) -> None:
    with open_history(path) as history:
        say(history, "важно", notice=NOTICE)
        history.commit()
        delete(history, 1)
        history.commit()
        assert history.before(9, 9) == [tombstone(1)]
    with open_history(path) as history:
        assert history.before(9, 9) == [tombstone(1)]


@pytest.mark.parametrize("recent", [1, 2000])
def test_a_deletion_that_cannot_be_committed_is_rolled_back(
    path: Path, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    monkeypatch.setattr(module, "_RECENT", recent)
    with open_history(path) as history:
        say(history, "раз", "два")
        history.commit()
        history._db.execute("PRAGMA query_only = ON")
        for number in (1, 2):
            delete(history, number)
            say(history, "удалено")
            with pytest.raises(Unavailable):
                history.commit()
            history.rollback()
            assert [message.text for message in history.before(9, 9)] == ["раз", "два"]
        history._db.execute("PRAGMA query_only = OFF")
        delete(history, 1)
        history.commit()
        assert [message.text for message in history.before(9, 9)] == ["", "два"]


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text("abcdefghijklmnop", min_size=20, max_size=6000), min_size=1, max_size=12),
    deleted=st.sets(st.integers(0, 11), min_size=1),
    at_once=st.booleans(),
)
def test_deleted_text_is_in_none_of_the_files(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], deleted: set[int], at_once: bool
) -> None:
    path = tmp_path_factory.mktemp("log") / "room.db"
    marked = [f"{number:02d}-{text}" for number, text in enumerate(texts)]
    with open_history(path) as history:
        for text in marked:
            say(history, text)
            if not at_once:
                history.commit()
        history.commit()
        for number in deleted:
            delete(history, number + 1)
            history.commit()
        prune(history)
        files = b"".join(file.read_bytes() for file in path.parent.iterdir())
        for number, text in enumerate(marked):
            assert (text[:15].encode() in files) is (number not in deleted)


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text("abcdefghijklmnop", min_size=20, max_size=6000), min_size=1, max_size=8),
    edits=st.lists(st.tuples(st.integers(1, 8), st.integers(0, 6000)), min_size=1, max_size=6),
    at_once=st.booleans(),
)
def test_text_that_was_edited_away_is_in_none_of_the_files(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], edits: list[tuple[int, int]], at_once: bool
) -> None:
    path = tmp_path_factory.mktemp("log") / "room.db"
    with open_history(path) as history:
        now = {number: f"{number:02d}-{text}" for number, text in enumerate(texts, 1)}
        say(history, *now.values())
        gone = []
        for place, (number, length) in enumerate(edits):
            if not at_once:
                history.commit()
            if number in now:
                gone.append(now[number])
                now[number] = f"edit{place}-" + "z" * length
                edit(history, number, now[number])
        history.commit()
        prune(history)
        files = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert not [text for text in gone if text[:15].encode() in files]
        assert [message.text for message in history.before(99, 99)] == list(now.values())


def test_reactions_are_deleted_with_their_message(path: Path) -> None:
    with open_history(path) as history:
        say(history, "раз", "два")
        for number in (1, 2):
            history.react(number, "👍", ANNA, "a secret name", on=True)
            react(history, number, "👍", b"boris")
        history.commit()
        for number in (1, 2):
            delete(history, number)
            assert history.reacted([number], ANNA) == {}
            history.commit()
        prune(history)
        assert b"a secret name" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_reader_delays_the_checkpoint_but_not_the_room(path: Path) -> None:
    def left() -> bool:
        return b"a secret" in b"".join(file.read_bytes() for file in path.parent.iterdir())

    with open_history(path) as history:
        say(history, "a secret")
        history.commit()
        with closing(sqlite3.connect(path)) as reader:
            rows = reader.execute("SELECT * FROM messages, (SELECT 1 UNION SELECT 2)")
            rows.fetchone()
            delete(history, 1)
            history.commit()
            prune(history)
            assert left()
            rows.close()
        prune(history)
        assert not left()


# --- searching -----------------------------------------------------------------------


def test_deleted_messages_are_not_found(path: Path) -> None:
    with open_history(path) as history, searching(path) as find:
        say(history, "слово раз", "слово два", "слово три", notice=NOTICE)
        history.commit()
        assert ids(find("слово")) == [1, 2, 3]
        delete(history, 2)
        history.commit()
        found = find("слово")
        assert found is not None
        assert [(message.id, message.notice) for message in found.messages] == [(1, NOTICE), (3, NOTICE)]
        assert ids(find("два")) == []


def test_deleted_messages_do_not_count_towards_a_page(path: Path) -> None:
    with open_history(path) as history, searching(path) as find:
        say(history, *["слово"] * 10)
        history.commit()
        for number in (2, 3, 6, 7, 8, 10):
            delete(history, number)
        history.commit()
        found = find("слово", limit=2)
        assert found is not None
        assert (ids(found), found.more) == ([5, 9], True)
        found = find("слово", before=5, limit=2)
        assert found is not None
        assert (ids(found), found.more) == ([1, 4], False)


@pytest.mark.parametrize("kept", ["memory", "disk"])
def test_messages_read_earlier_are_as_they_are_now(path: Path, kept: str) -> None:
    with closing(SqliteHistory(path) if kept == "disk" else MemoryHistory(10)) as history:
        for number in (1, 2, 3):
            history.append(Message(number, AT, "Анна", "текст"))
        history.commit()
        read = history.before(4, 3)
        delete(history, 2)
        assert history.as_now(read) == [read[0], tombstone(2), read[2]]
        assert history.as_now([Message(9, AT, "Анна", "чужое")]) == [Message(9, AT, "Анна", "чужое")]


def test_a_rolled_back_deletion_is_not_seen_in_messages_read_earlier(path: Path) -> None:
    with open_history(path) as history:
        say(history, "раз")
        history.commit()
        read = history.before(2, 1)
        history._db.execute("PRAGMA query_only = ON")
        delete(history, 1)
        with pytest.raises(Unavailable):
            history.commit()
        history.rollback()
        assert history.as_now(read) == read
