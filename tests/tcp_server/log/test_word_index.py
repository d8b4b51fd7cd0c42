"""The search index: it follows the log, can be rebuilt, and has no words but those of the log."""

import resource
import sqlite3
import threading
from contextlib import closing
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from chat_protocol.messages import Found, Search
from tcp_server.log import message_rows, search, word_index
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.log.word_index import WordIndex
from tests.tcp_server.log.word_indexes import indexed_blocks, open_current_index
from tests.tcp_server.searching import ANSWER_TIMEOUT, append_to_log, ids, messages_of, scan, searching
from tests.tcp_server.sqlite_log import delete, edit, open_history, prune, react

OLD_SCHEMA = """
    PRAGMA journal_mode = WAL;
    CREATE VIRTUAL TABLE words USING fts5 (text, content='', tokenize='unicode61');
    CREATE TABLE state (epoch TEXT NOT NULL, last INTEGER NOT NULL);
    INSERT INTO words (rowid, text) VALUES (1, 'zanzibar quokka');
"""


pytestmark = pytest.mark.usefixtures("small_blocks")


def all_bytes(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.glob("room.db.words*"))


# --- following the log ---------------------------------------------------------------


def test_the_index_follows_new_messages(path: Path) -> None:
    history = SqliteHistory(path)
    with closing(history), searching(path) as find:
        for number in range(1, 4):
            history.say(b"anna", "Анна", "at", ["слово"], ())
            history.commit()
            assert ids(find("слово")) == list(range(1, number + 1))


def test_the_index_catches_up_after_a_restart(path: Path) -> None:
    append_to_log(path, "раз слово")
    with searching(path) as find:
        assert ids(find("слово")) == [1]
    append_to_log(path, *["два слова"] * 7)
    with searching(path) as find:
        assert ids(find("слов")) == list(range(1, 9))
        assert ids(find("раз")) == [1]


def test_the_index_catches_up_without_searches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_INDEX_INTERVAL", 0.01)
    caught_up = threading.Event()
    update_some = WordIndex.update_some

    def observed(index: WordIndex) -> bool:
        more = update_some(index)
        if not more:
            caught_up.set()
        return more

    monkeypatch.setattr(WordIndex, "update_some", observed)
    append_to_log(path, *["слово"] * 50)
    with searching(path):
        assert caught_up.wait(ANSWER_TIMEOUT)
    assert indexed_blocks(path) == list(range(12))


def test_indexing_takes_half_of_the_time_in_a_quiet_room_and_little_in_a_busy_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count()  # each look at the clock takes one
    append_to_log(path, *["слово"] * 500)
    searcher = search.Searcher()
    searcher.close()
    searcher._path = path
    monkeypatch.setattr(search, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    searcher._index_some()
    assert searcher._index_some() == search._PAUSE_IN_QUIET
    append_to_log(path, *["слово"] * 10)
    assert searcher._index_some() == search._PAUSE_IN_QUIET
    append_to_log(path, *["слово"] * 2000)
    assert searcher._index_some() == search._PAUSE_IN_TRAFFIC
    monkeypatch.setattr(word_index, "_BLOCKS", 10_000)
    monkeypatch.setattr(search, "_INDEX_INTERVAL", 0.5)
    append_to_log(path, *["слово"] * 2000)
    assert searcher._index_some() == 0.5  # all is indexed
    searcher._close_index()


@pytest.mark.parametrize("damage", ["beginning", "pages", "not a database", "gone"])
def test_a_damaged_index_is_rebuilt(path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # full-sized blocks, which fill whole pages
    texts = [f"слово{number} и ещё много чего" for number in range(2000)]
    append_to_log(path, *texts)
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
        assert find("слово7", limit=5) == scan(messages_of(*texts), Search("слово7", limit=5))


def test_the_index_of_another_log_is_not_used(path: Path) -> None:
    append_to_log(path, "старое слово", "ещё слово")
    with searching(path) as find:
        assert ids(find("слово")) == [1, 2]
    path.unlink()
    append_to_log(path, "новое слово")
    with searching(path) as find:
        assert ids(find("слово")) == [1]
        assert ids(find("старое")) == []


def test_the_index_is_not_used_for_a_log_restored_from_a_backup(path: Path) -> None:
    append_to_log(path, "раз слово")
    backup = path.read_bytes()
    append_to_log(path, "два слова")
    with searching(path) as find:
        assert ids(find("слов")) == [1, 2]
    path.write_bytes(backup)
    with searching(path) as find:
        assert ids(find("слов")) == [1]
        append_to_log(path, "три слова")
        assert ids(find("слов")) == [1, 2]
        assert ids(find("два")) == []


def test_pruned_messages_are_not_found(path: Path) -> None:
    append_to_log(path, *["слово"] * 5)
    with searching(path) as find:
        assert ids(find("слово")) == [1, 2, 3, 4, 5]
        with open_history(path, keep=2) as history:
            prune(history)
        found = find("слово", limit=2)
        assert found == Found(messages_of("слово", "слово", start=4), False)


def test_a_full_disk_is_not_taken_for_damage(path: Path) -> None:
    append_to_log(path, *["слово"] * 7)
    with open_current_index(path) as index:
        append_to_log(path, *["слово"] * 8)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            with pytest.raises(sqlite3.OperationalError):
                index.update_some()
            assert sum(map(len, index.chunks(["слово"], None))) == 15
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert index.update_some()
    assert indexed_blocks(path) == [0, 1, 2, 3]


def test_searches_work_while_the_index_cannot_be_written(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: WordIndex) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(search, "_INDEX_INTERVAL", 0.0)
    monkeypatch.setattr(WordIndex, "update_some", fail)
    append_to_log(path, *["слово"] * 9)
    with searching(path) as find:
        for _ in range(3):
            assert ids(find("слов")) == list(range(1, 10))
    (record,) = caplog.records  # one, not one for each attempt
    assert "cannot index" in record.message


# --- removed words -------------------------------------------------------------------


def test_a_block_has_its_words_but_not_their_order(path: Path) -> None:
    append_to_log(path, "в начале было слово", "А", "слово было", "б", "в")
    with open_current_index(path), closing(sqlite3.connect(f"{path}.words")) as db:
        blocks = db.execute("SELECT * FROM blocks").fetchall()
    assert [(number, kept, act, said.decode()) for number, kept, act, said in blocks] == [
        (0, 3, 0, " а было в начале слово"),
    ]


@pytest.mark.parametrize("indexed_while_running", [True, False])
def test_deleted_words_are_not_in_the_file(path: Path, indexed_while_running: bool) -> None:
    texts = [
        f"слово{number} " + " ".join(f"quokka{number}x{i}" for i in range(400)) for number in range(1, 13)
    ]
    append_to_log(path, *texts)
    with open_current_index(path) as index:
        assert b"quokka6x7" in all_bytes(path)
        with open_history(path) as history:
            delete(history, 6)
            history.commit()
            if indexed_while_running:
                assert index.update_some()
                assert not index.update_some()
    if not indexed_while_running:
        with open_current_index(path):
            pass
    left = all_bytes(path)
    assert [number for number in range(1, 12) if f"quokka{number}x".encode() in left] == [
        1,
        2,
        3,
        4,
        5,
        *range(7, 12),
    ]
    with searching(path) as find:
        assert ids(find("слово6")) == []
        assert ids(find("слово7")) == [7]


def test_edited_words_are_found_at_once_and_the_old_ones_are_not_in_the_file(path: Path) -> None:
    append_to_log(path, *[f"quokka{number}x" for number in range(1, 13)])
    # In this order: the searcher makes an index of its own if there is none.
    with open_current_index(path) as index, searching(path) as find, open_history(path) as history:
        assert ids(find("quokka6x")) == [6]
        for number, text in ((6, "zanzibar"), (12, "занзибар"), (6, "timbuktu")):
            edit(history, number, text)
            history.commit()
            assert ids(find(text)) == [number]
        assert ids(find("quokka", limit=100)) == [*range(1, 6), *range(7, 12)]
        assert ids(find("zanzibar")) == []
        while index.update_some():
            pass
        prune(history)  # the log's write-ahead log too
        for word in (b"quokka6x", b"quokka12x", b"zanzibar"):
            assert word not in all_bytes(path)
        react(history, 6, "👍")
        history.commit()
        assert not index.update_some()  # no text has changed


def test_pruned_words_are_not_in_the_file(path: Path) -> None:
    append_to_log(path, *[f"quokka{number}x" for number in range(1, 21)])
    with open_current_index(path) as index, open_history(path, keep=10) as history:
        prune(history)
        assert history.first == 11
        while index.update_some():
            pass
        left = all_bytes(path)
        assert [number for number in range(1, 20) if f"quokka{number}x".encode() in left] == list(
            range(11, 20)
        )
    with searching(path) as find:
        assert ids(find("quokka", limit=100)) == list(range(11, 21))


def test_an_index_of_an_old_schema_is_rebuilt(path: Path) -> None:
    append_to_log(path, *["слово"] * 8)
    with closing(sqlite3.connect(f"{path}.words")) as db:
        db.executescript(OLD_SCHEMA)
        path.with_name("room.db.words-wal").write_bytes(b"zanzibar")
    with open_current_index(path):
        assert b"zanzibar" not in all_bytes(path)
    assert indexed_blocks(path) == [0, 1]


def test_blocks_with_deletions_are_indexed_first(path: Path) -> None:
    append_to_log(path, *["слово"] * 8)
    with open_current_index(path) as index:
        append_to_log(path, *["слово"] * 400)
        with open_history(path) as history:
            delete(history, 1)
            history.commit()
        assert index.update_some()
        with closing(sqlite3.connect(f"{path}.words")) as db:
            assert db.execute("SELECT number, kept, act FROM blocks ORDER BY number").fetchall() == [
                (0, 3, 409),
                (1, 4, 0),
                (101, 4, 0),
            ]


def test_a_block_is_indexed_once_while_older_messages_arrive(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed: list[int] = []
    read = message_rows.read_texts

    def observed(db: sqlite3.Connection, of: range) -> str:
        indexed.append(of.start // 4)
        return read(db, of)

    monkeypatch.setattr(word_index, "read_texts", observed)
    append_to_log(path, *["слово"] * 17)  # blocks of 4: the ids 1 to 3, four blocks, the beginning of a fifth
    with closing(sqlite3.connect(path)) as db, closing(WordIndex(path)) as index:
        older = db.execute("SELECT * FROM messages").fetchall()
        db.execute("DELETE FROM messages WHERE id < 15")
        db.execute("INSERT INTO missing VALUES (1, 15, 0, 0)")
        for start in (15, 14, 11, 10, 5, 1):
            present = db.execute("SELECT min(id) FROM messages").fetchone()[0]
            marks = ", ".join("?" * len(older[0]))
            db.executemany(f"INSERT INTO messages VALUES ({marks})", older[start - 1 : present - 1])
            db.execute("UPDATE missing SET stop = ?", (start,))
            db.execute("DELETE FROM missing WHERE stop = first")
            db.commit()
            while index.update_some():
                pass
    assert indexed == [3, 2, 1, 0]
    assert indexed_blocks(path) == [0, 1, 2, 3]
