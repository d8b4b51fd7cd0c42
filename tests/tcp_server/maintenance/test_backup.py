"""`oneroom-server backup` and `restore`: beside a busy server, after a crash, and what is refused."""

import os
import resource
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from time import time

import pytest

from tcp_server.log.backup_mark import last_backup
from tests.support.processes import ROOT, running
from tests.support.raw import JsonClient
from tests.tcp_server.maintenance.commands import PROGRAM, digest_of, run
from tests.tcp_server.sqlite_log import open_history, say


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "room.db"


def server(path: Path, *flags: str):  # type: ignore[no-untyped-def]
    password = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "страж"}
    return running("tcp_server", "--host=127.0.0.1", "--port=0", f"--history={path}", *flags, env=password)


def said(anna: JsonClient, *texts: str) -> None:
    for text in texts:
        anna.say_json(type="say", ref=text, text=text)
        anna.expect_json(type="ack", ref=text)


def texts_of(welcome: dict[str, object]) -> list[str]:
    messages = welcome["messages"]
    assert isinstance(messages, list)
    return [message["text"] for message in messages]


def test_a_backup_is_one_moment_of_a_busy_room(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with server(path) as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        said(anna, "0")
        assert last_backup(path) == 0
        ended = threading.Event()

        def talk() -> None:
            number = 0
            while not ended.is_set():
                number += 1
                said(anna, str(number))

        talker = threading.Thread(target=talk)
        talker.start()
        try:
            for _ in range(3):
                done = run("backup", "--replace", "--history", path, copy)
                assert done.stdout.startswith(f"{copy}: ")
                assert last_backup(path) > time() - 60
                with closing(sqlite3.connect(copy)) as db:
                    last, count = db.execute("SELECT max(id), count(*) FROM messages").fetchone()
                assert last == count > 0
                assert copy.stat().st_mode & 0o777 == 0o600
        finally:
            ended.set()
            talker.join()
    digest_of(copy)
    assert not list(tmp_path.glob("*.unfinished"))


def test_after_a_restore_clients_start_anew_and_nothing_of_the_later_log_comes_back(
    path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    with server(path) as program, JsonClient(program.address) as anna:
        welcome = anna.join("Анна")
        said(anna, "раз", "два")
        run("backup", "--history", path, copy)
        said(anna, "потом", "позже")
        program.kill()  # leaves a write-ahead log
    assert path.with_name("room.db-wal").stat().st_size
    done = run("restore", "--history", path, copy)
    assert done.stdout.splitlines()[1] == f"what was there before is in {path}.old"
    for ending in ("-wal", "-shm", ".words"):
        assert not path.with_name(path.name + ending).exists()
    with server(path) as program, JsonClient(program.address) as anna:
        anna.expect("Введите ваше имя: ")
        anna.say_json(type="join", name="Анна", since={"epoch": welcome["epoch"], "id": 4})
        again = anna.expect_json(type="welcome")
        assert again["epoch"] != welcome["epoch"]
        assert texts_of(again) == ["раз", "два"]
        anna.say_json(type="search", query="позже")
        assert anna.expect_json(type="found")["messages"] == []
    with closing(sqlite3.connect(path.with_name("room.db.old"))) as old:  # with its write-ahead log
        assert old.execute("SELECT count(*) FROM messages").fetchone() == (4,)


def test_bans_are_in_a_backup(path: Path, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.db", tmp_path / "elsewhere" / "room.db"
    with server(path) as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        anna.say_json(type="authenticate", password="страж")
        anna.expect_json(type="role")
        anna.say_json(type="moderate", act="ban", target="Боб", ref="1")
        anna.expect_json(type="message")
        anna.expect_json(type="ack", ref="1")
        run("backup", "--history", path, copy)
    record = copy.with_name("copy.db.audit.jsonl")
    assert '"act":"ban"' in record.read_text(encoding="utf-8")
    assert record.stat().st_mode & 0o777 == 0o600
    (tmp_path / "latest.db").symlink_to(copy)
    run("restore", "--history", other, tmp_path / "latest.db")
    assert other.with_name("room.db.audit.jsonl").read_bytes() == record.read_bytes()
    other.with_name("room.db.audit.jsonl").unlink()  # the record may be moved away
    with server(other) as program, JsonClient(program.address) as bob:
        bob.expect("Введите ваше имя: ")
        bob.say_json(type="join", name="Боб")
        bob.expect_json(type="error", code="banned")


def test_the_record_of_a_linked_history_is_beside_the_file(path: Path, tmp_path: Path) -> None:
    link, former = tmp_path / "links" / "latest.db", tmp_path / "links" / "latest.db.audit.jsonl"
    record, copy = path.with_name("room.db.audit.jsonl"), tmp_path / "copy.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with open_history(path) as history:
        say(history, "раз")
    former.write_text('{"at":"2026-11-22T05:43:03.120Z","act":"moderator","by":"Анна"}\n')
    run("backup", "--history", link, copy)  # before a server has moved it
    assert copy.with_name("copy.db.audit.jsonl").read_bytes() == former.read_bytes()
    with server(link):
        assert '"by":"Анна"' in record.read_text(encoding="utf-8")
    assert sorted(link.parent.iterdir()) == [link]


def test_a_log_that_a_server_uses_is_not_replaced(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with server(path) as program, JsonClient(program.address) as anna:
        anna.join("Анна")
        said(anna, "раз")
        run("backup", "--history", path, copy)
        for command in (["restore", copy], ["compact"]):
            done = run(*command, "--history", path, code=1)
            assert done.stderr == (
                f"oneroom-server: another Oneroom server (process {program.process.pid}) "
                f"keeps its history in {path}\n"
            )
        said(anna, "два")
    with open_history(path) as history:
        assert history.last == 2


def test_nothing_is_overwritten_unasked(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with open_history(path) as history:
        say(history, "раз")
    assert "is the log itself" in run("backup", "--replace", "--history", path, path, code=1).stderr
    os.mkfifo(tmp_path / "fifo")
    for other in (tmp_path, tmp_path / "fifo"):
        assert "no regular file" in run("backup", "--replace", "--history", path, other, code=1).stderr
    assert (tmp_path / "fifo").is_fifo()
    run("backup", "--history", path, copy)
    assert "exists already" in run("backup", "--history", path, copy, code=1).stderr
    for number in ("", "2", "3"):
        done = run("restore", "--history", path, copy)
        assert done.stdout.endswith(f"what was there before is in {path}.old{number}\n")
        assert path.with_name(f"room.db.old{number}").exists()
    assert digest_of(path) == digest_of(copy)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("nothing.db", "there is no such file"),
        ("text", "file is not a database"),
        ("other.db", "no such table: log"),
        ("newer.db", "was written by a newer version"),
        ("damaged.db", "--salvage takes what can be read"),
    ],
)
def test_what_cannot_be_restored_changes_nothing(path: Path, tmp_path: Path, source: str, why: str) -> None:
    with open_history(path) as history:
        say(history, "раз")
    (tmp_path / "text").write_text("Здесь ничего нет. " * 100, encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE cats (name TEXT)")
    with open_history(tmp_path / "newer.db"):
        pass
    with closing(sqlite3.connect(tmp_path / "newer.db")) as newer:
        newer.execute("PRAGMA user_version = 99")
    with open_history(tmp_path / "damaged.db") as damaged:
        say(damaged, *["x" * 1000] * 100)
    with (tmp_path / "damaged.db").open("r+b") as file:
        file.seek(10 * 4096)
        file.write(b"\xff" * 4096)
    done = run("restore", "--history", path, tmp_path / source, code=1)
    assert why in done.stderr
    assert str(tmp_path / source) in done.stderr
    assert not path.with_name("room.db.old").exists()
    for ending in (".restored", ".lock"):
        assert not path.with_name(path.name + ending).exists()
    with open_history(path) as history:
        assert history.last == 1


@pytest.mark.parametrize("command", [["backup", "copy"], ["check"], ["compact"], ["restore", "copy"]])
def test_a_server_without_a_file_has_nothing_to_look_after(command: list[str]) -> None:
    done = run(*command, code=1)  # the tests' servers keep their history in memory
    assert "history is memory" in done.stderr


def test_a_backup_that_cannot_be_written_leaves_nothing(path: Path, tmp_path: Path) -> None:
    with open_history(path) as history:
        say(history, "раз")
    done = run("backup", "--history", path, tmp_path / "nowhere" / "copy.db", code=1)
    assert "No such file or directory" in done.stderr


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_full_disk_is_not_taken_for_a_damaged_source(path: Path, tmp_path: Path, command: str) -> None:
    with open_history(tmp_path / "source.db") as history:
        say(history, *["x" * 1000] * 100)
    pair = (tmp_path / "source.db", path) if command == "backup" else (path, tmp_path / "source.db")
    done = subprocess.run(
        [*PROGRAM, command, "--history", *pair],
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"oneroom-server: {path}")
    assert done.stderr.endswith(": disk I/O error\n")
    assert not list(tmp_path.glob("room.db*[!k]"))  # nothing but a lock
