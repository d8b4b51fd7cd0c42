"""The file of a log: who may use it, where it is, and its versions."""

import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from chat_protocol.messages import Reaction
from tcp_server.log.history import Unavailable
from tcp_server.log.integrity import examine
from tcp_server.log.log_file import MIGRATIONS, BadHistory, ends, read_only
from tcp_server.log.message_rows import as_message, pages
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.tcp_server.sqlite_log import edit, ids, make_old, open_history, prune, react, say, stage


def refused(path: Path) -> str:
    with pytest.raises(BadHistory) as caught:
        SqliteHistory(path)
    return str(caught.value)


# --- one server for one file ---------------------------------------------------------


def test_a_symbolic_link_is_the_file_itself(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with open_history(path) as history:
        assert refused(link) == f"another Oneroom server (process {os.getpid()}) keeps its history in {path}"
        assert history.path == path
    with open_history(link) as history:
        assert history.path == path
    assert sorted(file.name for file in link.parent.iterdir()) == ["link.db"]


def test_a_second_name_of_the_file_is_refused(path: Path, tmp_path: Path) -> None:
    with open_history(path):
        os.link(path, tmp_path / "second.db")
        assert "2 names (hard links)" in refused(tmp_path / "second.db")
    assert "2 names" in refused(path)
    (tmp_path / "second.db").unlink()
    with open_history(path):
        pass


def test_a_folder_is_no_log_and_stays(path: Path) -> None:
    path.mkdir()
    assert refused(path) == f"cannot keep history in {path}: it is no regular file"
    assert path.is_dir()


def test_a_log_where_nobody_can_write_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_history(path) as history:
        say(history, "раз")
    before = sorted(path.parent.iterdir())
    monkeypatch.setattr("os.access", lambda *_: False)  # to root, all folders are writable
    with read_only(path) as db:
        assert ends(db) == (1, 1)
        assert sorted(path.parent.iterdir()) == before


def test_the_lock_file_is_there_as_long_as_the_lock(path: Path) -> None:
    lock = path.with_name("room.db.lock")
    with open_history(path):
        assert lock.read_text() == f"{os.getpid()}\n"
        lock.unlink()
        lock.write_text("of somebody else")
    assert lock.read_text() == "of somebody else"
    lock.unlink()
    path.write_text("Здесь ничего нет. " * 100, encoding="utf-8")
    assert "file is not a database" in refused(path)
    assert not lock.exists()


def test_a_lock_file_that_its_owner_removes_meanwhile_is_made_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = path.with_name("room.db.lock")
    removed: list[Path] = []

    def remove_first(*_: object) -> None:
        if not removed:
            lock.unlink()
            removed.append(lock)

    monkeypatch.setattr("fcntl.flock", remove_first)
    with open_history(path):
        assert removed
        assert lock.exists()


@pytest.mark.parametrize("leave", ["move", "delete", "replace"])
def test_a_file_that_is_gone_takes_no_messages_until_it_is_back(path: Path, leave: str) -> None:
    kept = path.with_name("kept.db")
    with open_history(path) as history:
        say(history, "раз")
        os.link(path, kept)
        path.unlink()
        if leave == "replace":
            path.write_bytes(kept.read_bytes())
        prune(history)
        for _ in range(2):
            stage(history, "два")
            with pytest.raises(Unavailable, match="was moved, deleted or replaced"):
                history.commit()
            history.rollback()
        assert ids(history.before(10, 10)) == [1]
        kept.replace(path)
        prune(history)
        say(history, "три")
    with open_history(path) as history:
        assert [message.text for message in history.before(10, 10)] == ["раз", "три"]


def test_a_server_says_that_its_file_is_gone(path: Path) -> None:
    flags = ("--host=127.0.0.1", "--port=0", f"--history={path}")
    with running("tcp_server", *flags) as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        refs = map(str, count())

        def say_until(wanted: str) -> None:  # it is noticed at the next tick
            answer = ""
            while answer != wanted:
                anna.say_json(type="say", ref=next(refs), text="слово")
                answer = anna.read_json()["type"]

        path.rename(path.with_name("moved.db"))
        say_until("error")
        assert "moved, deleted or replaced" in program.stderr.wait_for("ERROR")
        path.with_name("moved.db").rename(path)
        say_until("ack")


# --- versions ------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_every_released_version_is_migrated_and_a_copy_is_kept_until_a_clean_stop(
    path: Path, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    make_old(path, version)
    caplog.set_level(logging.INFO)
    copy = path.with_name(f"room.db.version-{version}")
    with open_history(path) as history:
        assert [message.text for message in history.before(10, 10)] == ["раз", "два"]
        assert history.find_acks(b"s", ["1"])["1"].id == 1
        say(history, "три")
        edit(history, 1, "раз и навсегда")
        react(history, 2, "👍")
        history.commit()
        with closing(sqlite3.connect(copy)) as old:
            assert old.execute("PRAGMA user_version").fetchone() == (version,)
            assert old.execute("SELECT text FROM messages").fetchall() == [("раз",), ("два",)]
        assert copy.stat().st_mode & 0o777 == 0o600
    assert not copy.exists()
    assert caplog.messages == ["history migrated"]
    with open_history(path) as history:
        one, two, _ = history.before(10, 10)
        assert (one.text, history.author(1)) == ("раз и навсегда", b"s")
        assert two.reactions == (Reaction("👍", 1, ["Анна"]),)


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_the_pages_of_every_released_version_are_read(path: Path, tmp_path: Path, version: int) -> None:
    make_old(path, version)
    make_old(tmp_path / "new.db", len(MIGRATIONS))
    with read_only(path) as db, read_only(tmp_path / "new.db") as new:
        assert list(pages(db)) == list(pages(new))
        assert [as_message(row[:-4]).text for row in next(pages(db)).rows] == ["раз", "два"]
        assert examine(db).digest == examine(new).digest
        assert examine(db).faults == []


def test_a_new_file_has_nothing_to_copy(path: Path) -> None:
    with open_history(path):
        assert not list(path.parent.glob("*.version-*"))


def test_a_file_of_a_newer_version_names_the_way_back(path: Path) -> None:
    with open_history(path):
        pass
    newest = len(MIGRATIONS)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {newest + 1}")
    assert f"newer version of Oneroom (schema {newest + 1}, this one has {newest})" in refused(path)
    assert "restore" not in refused(path)
    copy = path.with_name(f"room.db.version-{newest}")
    copy.touch()
    assert f"`oneroom-server restore {copy}`" in refused(path)


def test_a_copy_that_cannot_be_made_stops_the_migration(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old(path, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tcp_server.log.log_file.copy_whole", full)
    assert "No space left on device" in refused(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


def tables(path: Path) -> Sequence[tuple[str]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()


def test_an_old_file_becomes_what_a_new_one_is(path: Path, tmp_path: Path) -> None:
    make_old(path, 1)
    for each in (path, tmp_path / "new.db"):
        with open_history(each):
            pass
    assert tables(path) == tables(tmp_path / "new.db")
