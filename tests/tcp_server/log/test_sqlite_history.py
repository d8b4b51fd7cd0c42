"""The log on disk: restarts, retention, and files that cannot be used."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_protocol.messages import Ack, Message
from tcp_server.log import keys as keys_module
from tcp_server.log import log_file, retention
from tcp_server.log import sqlite_history as module
from tcp_server.log.history import Key
from tcp_server.log.log_file import BadHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.processes import ROOT
from tests.tcp_server.sqlite_log import ANNA, AT, ids, open_history, prune, say, stage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "room.db"


def refused(path: Path) -> str:
    with pytest.raises(BadHistory) as caught:
        SqliteHistory(path)
    return str(caught.value)


# --- restarts ------------------------------------------------------------------------


def test_ids_and_the_epoch_continue_after_a_restart(path: Path) -> None:
    with open_history(path) as history:
        assert (history.first, history.last) == (1, 0)
        epoch = history.epoch
        assert epoch
        say(history, "раз", "два")
    with open_history(path) as history:
        assert (history.epoch, history.first, history.last) == (epoch, 1, 2)
        say(history, "три")
        assert history.before(4, 10) == [
            Message(number, AT, "Анна", text) for number, text in ((1, "раз"), (2, "два"), (3, "три"))
        ]


def test_each_file_has_its_own_epoch(tmp_path: Path) -> None:
    with open_history(tmp_path / "a") as a, open_history(tmp_path / "b") as b:
        assert a.epoch != b.epoch


def test_uncommitted_messages_are_lost(path: Path) -> None:
    with open_history(path) as history:
        say(history, "раз")
        stage(history, "два")
    with open_history(path) as history:
        assert history.last == 1


@pytest.mark.parametrize("ref", ["r1", "ё", "a\0b", '"]', "5", "\U0001f600" * 64])
def test_a_repeated_say_is_recognised_after_a_restart(
    path: Path, ref: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RECENT", 3)
    with open_history(path) as history:
        say(history, "раз", key=(ANNA, ref))
        assert history.find_acks(ANNA, [ref]) == {ref: Ack(ref, 1, AT)}
    with open_history(path) as history:  # from memory, where the newest are
        assert history.find_acks(ANNA, ["new", ref]) == {ref: Ack(ref, 1, AT)}
        assert history.find_acks(b"boris", [ref]) == {}
        say(history, *map(str, range(5)))
    with open_history(path) as history:  # from the file
        assert history.find_acks(ANNA, [ref, "new"]) == {ref: Ack(ref, 1, AT)}
        say(history, "два", key=(ANNA, "new"))
        assert history.find_acks(ANNA, [ref, "new"]) == {ref: Ack(ref, 1, AT), "new": Ack("new", 7, AT)}


def test_a_repeated_say_is_recognised_whatever_the_order_of_refs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tcp_server.log.sqlite_history._RECENT", 0)  # everything is read from the file
    refs = ["m", "z", "a", "я", "Z", "м", ""]
    with open_history(path) as history:
        for ref in refs[:3]:
            say(history, ref, key=(b"anna", ref))
    with open_history(path) as history:
        for ref in refs[3:]:
            assert history.find_acks(b"anna", [ref]) == {}
            say(history, ref, key=(b"anna", ref))
        say(history, "чужое", key=(b"boris", "q"))
    with open_history(path) as history:
        found = history.find_acks(b"anna", [*refs, "b", "q", "яя"])
        assert {ref: ack.id for ref, ack in found.items()} == {ref: i + 1 for i, ref in enumerate(refs)}


def test_the_state_of_the_room_is_kept_across_a_restart(path: Path) -> None:
    with open_history(path) as history:
        history.members.set(1, b"anna")
        history.members.set(2, b"boris")
        history.head = b"1"
        history.commit()
        history.members.set(1, None)
        history.members.set(2, b"borya")
        history.head = b"2"
        history.commit()
        history.members.set(3, b"vera")
        history.head = b"3"
    with open_history(path) as history:
        assert history.members.all() == [(2, b"borya")]
        assert history.head == b"2"


def test_a_join_does_not_write_all_bans_anew(path: Path) -> None:
    with open_history(path) as history:
        history.sanctions = bytes(1_000_000)
        history.commit()
        written: list[str] = []
        history._db.set_trace_callback(written.append)
        history.head = b"1"
        history.commit()
        history._db.set_trace_callback(None)
        assert sum(map(len, written)) < 1000
    with open_history(path) as history:
        assert (len(history.sanctions), history.head) == (1_000_000, b"1")


# --- reading -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    counts=st.tuples(st.integers(0, 14), st.integers(0, 7), st.integers(0, 5)),
    forgotten=st.integers(0, 16),
    before=st.integers(0, 30),
    limit=st.integers(0, 30),
)
def test_a_page_spans_staged_messages_memory_and_file(
    tmp_path_factory: pytest.TempPathFactory,
    counts: tuple[int, int, int],
    forgotten: int,
    before: int,
    limit: int,
) -> None:
    saved, committed, staged = counts
    path = tmp_path_factory.mktemp("log") / "room.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_RECENT", 4)
        with open_history(path) as history:
            say(history, *map(str, range(1, saved + 1)))
        with open_history(path, keep=max(0, saved + committed - forgotten)) as history:
            say(history, *map(str, range(saved + 1, saved + committed + 1)))
            prune(history)
            stage(history, *map(str, range(saved + committed + 1, saved + committed + staged + 1)))
            kept = range(history.first, history.last + 1)
            older = [number for number in kept if number < before]
            found = history.before(before, limit)
            assert ids(found) == older[max(0, len(older) - limit) :]
            assert [message.text for message in found] == [str(message.id) for message in found]


# --- retention -----------------------------------------------------------------------


def test_keep_limits_the_number_of_messages(path: Path) -> None:
    with open_history(path, keep=3) as history:
        say(history, *"abcdefgh")
        assert history.first == 1
        prune(history)
        assert (history.first, history.last) == (6, 8)
        assert ids(history.before(9, 100)) == [6, 7, 8]
        prune(history)
        assert history.first == 6
    with open_history(path) as history:
        assert ids(history.before(9, 100)) == [6, 7, 8]


def test_each_prune_removes_a_limited_number(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_REMOVED_AT_ONCE", 2)
    with open_history(path, keep=3) as history:
        say(history, *"abcdefgh")
        for first in (3, 5, 6, 6):
            prune(history)
            assert history.first == first


def test_old_messages_are_pruned_except_the_newest(path: Path) -> None:
    now = datetime.now(UTC)
    days = [f"{now - timedelta(days=age):%Y-%m-%dT%H:%M:%S.000Z}" for age in (9, 8, 4)]
    with open_history(path, days=7) as history:
        for at in days:
            say(history, at, at=at)
        prune(history)
        assert history.first == 3
    with open_history(path, days=2) as history:
        prune(history)
        assert (history.first, history.last) == (3, 3)
        say(history, "now", at=f"{now:%Y-%m-%dT%H:%M:%S.000Z}")
        prune(history)
        assert (history.first, history.last) == (4, 4)


def test_the_ref_of_a_pruned_message_may_be_used_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RECENT", 1)
    with open_history(path, keep=1) as history:
        say(history, "раз", key=(ANNA, "r"))
        say(history, "два")
        prune(history)
    with open_history(path) as history:
        assert history.find_acks(ANNA, ["r"]) == {}
        say(history, "раз", key=(ANNA, "r"))
        assert history.last == 3


# --- migrations and unusable files ---------------------------------------------------


def test_a_file_of_version_zero_is_migrated(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with open_history(path) as history:
        say(history, "раз")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(log_file.MIGRATIONS),)


def test_each_migration_is_run_once_and_keeps_the_messages(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_history(path) as history:
        epoch = history.epoch
        say(history, "раз")
    step = "ALTER TABLE messages ADD COLUMN mood TEXT DEFAULT 'calm'; UPDATE log SET epoch = epoch || '+';"
    monkeypatch.setattr(log_file, "MIGRATIONS", (*log_file.MIGRATIONS, step))
    for _ in range(2):
        with open_history(path) as history:
            assert (history.epoch, history.last) == (epoch + "+", 1)
    monkeypatch.undo()
    assert "newer version" in refused(path)


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_history(path) as history:
        say(history, "раз")
    step = "CREATE TABLE half (done); CREATE TABLE messages (oops);"
    monkeypatch.setattr(log_file, "MIGRATIONS", (*log_file.MIGRATIONS, step))
    assert "cannot be used" in refused(path)
    monkeypatch.undo()
    with open_history(path) as history:
        assert history.last == 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM sqlite_schema WHERE name = 'half'").fetchall() == []


def test_a_second_server_on_one_file_is_refused(path: Path) -> None:
    with open_history(path) as history:
        say(history, "раз")
        assert refused(path) == f"another Oneroom server (process {os.getpid()}) keeps its history in {path}"
        say(history, "два")
    with open_history(path) as history:  # a refusal neither releases the lock nor keeps it
        assert history.last == 2


def test_a_lock_file_that_names_no_process_is_refused_all_the_same(path: Path) -> None:
    with open_history(path):
        path.with_name(path.name + ".lock").write_bytes(b"\xff\n")
        assert refused(path) == f"another Oneroom server keeps its history in {path}"
    with open_history(path):
        pass


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"Dear diary, today I am certainly not a database.\n" * 100)
    assert "not a database" in refused(path)
    assert path.read_bytes().startswith(b"Dear diary")


def test_a_damaged_file_is_refused(path: Path) -> None:
    with open_history(path) as history:
        say(history, *["words " * 50] * 200)
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xff" * 64
    path.write_bytes(content)
    assert "malformed" in refused(path)


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot keep history" in refused(tmp_path / "file" / "room.db")
    assert "cannot keep history" in refused(tmp_path) or "cannot be used" in refused(tmp_path)


def test_the_files_are_private(path: Path) -> None:
    with open_history(path) as history:
        say(history, "раз")
        for file in path.parent.iterdir():
            assert file.stat().st_mode & 0o077 == 0, file


@pytest.mark.parametrize("content", [None, b"x" * 5000])
def test_the_program_reports_a_bad_history_in_one_line(path: Path, content: bytes | None) -> None:
    with open_history(path):
        used = path
        if content:
            used = path.with_name("other.db")
            used.write_bytes(content)
        done = subprocess.run(
            [sys.executable, "-m", "tcp_server", "--host=127.0.0.1", "--port=0", f"--history={used}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("oneroom-server: ")
    assert done.stderr.count("\n") == 1
    assert str(used) in done.stderr


def test_what_is_written_at_once_by_two_people_is_read_back(path: Path) -> None:
    """Runs of many lengths, each several statements or a part of one, with gaps; one is forgotten in part."""
    wanted: list[tuple[Message, Key]] = []
    with closing(SqliteHistory(path)) as history:
        for turn, count in enumerate((1, 15, 16, 17, 40, 3, 3)):
            name, person = (("Анна", b"a"), ("Борис", b"b"))[turn % 2]
            first = history.last + 1 + turn % 3
            history.skip_to(first - 1)
            ids = range(first, first + count)
            texts, refs = [f"text {id_}" for id_ in ids], [f"{id_:03}" for id_ in ids]
            messages = history.say(person, name, AT, texts, refs)
            assert messages == [Message(id_, AT, name, f"text {id_}") for id_ in ids]
            wanted += [(message, (person, ref)) for message, ref in zip(messages, refs, strict=True)]
        ahead = [one.id for one, _ in wanted[:40]]
        assert history.own([one for one, _ in wanted], b"a") == {
            one.id for one, key in wanted if key[0] == b"a"
        }
        history.forget(ahead[-1])
        history.commit()
    with closing(SqliteHistory(path)) as history:
        assert history.before(1000, 100) == [one for one, _ in wanted[39:]]
        for message, (person, ref) in wanted:
            is_kept = message.id >= ahead[-1]
            assert history.author(message.id) == (person if is_kept else None)
            assert bool(history.find_acks(person, [str(ref)])) == is_kept


def test_repeats_are_found_whatever_order_refs_have(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where of few persons the greatest ref is kept in memory."""
    monkeypatch.setattr(keys_module, "_MAX_PERSONS", 1)
    people, refs = (b"a", b"b", b"c"), ("5", "7", "6", "1")
    with closing(SqliteHistory(path)) as history:
        for turn in range(2):  # in the second, all are committed
            for ref in refs:
                for person in people:
                    assert bool(history.find_acks(person, [ref])) == bool(turn)
                    if not turn:
                        stage(history, "раз", key=(person, ref))
                    assert [*history.find_acks(person, ["9", ref])] == [ref]
            history.commit()
