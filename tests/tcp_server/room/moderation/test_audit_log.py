"""The audit log: its file, and what is restored from it."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chat_protocol.ip import to_network
from chat_protocol.messages import Message, Notice
from tcp_server.config import Config
from tcp_server.log.history import History, Unavailable
from tcp_server.log.log_file import BadHistory
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room.clock import MachineClock
from tcp_server.room.fold import Fold
from tcp_server.room.moderation.audit_log import AuditLog, Entry, adopt, audit_beside, audit_path
from tcp_server.room.moderation.recorded import keys_of
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.room import Room
from tests.tcp_server.sqlite_log import delete

AT = "2026-11-22T05:43:03.120Z"
NOW = 1795326183.120  # the same time


@contextmanager
def open_log(path: Path | None) -> Iterator[AuditLog]:
    audit_log = AuditLog(path)
    try:
        yield audit_log
    finally:
        audit_log.close()
        audit_log.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "audit.jsonl"


def test_an_entry_is_one_line_in_a_private_file(path: Path) -> None:
    entry = Entry(AT, "ban", "Анна", "198.51.100.1", "Боб", ["203.0.113.7"], "00ff", None, 60, "спам")
    with open_log(path) as audit_log:
        audit_log.record(entry)
        audit_log.record(Entry(AT, "moderator", "Анна"))
        assert path.stat().st_mode & 0o777 == 0o600
        first, second = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(first) == {
        "at": AT,
        "act": "ban",
        "by": "Анна",
        "address": "198.51.100.1",
        "target": "Боб",
        "addresses": ["203.0.113.7"],
        "session": "00ff",
        "seconds": 60,
        "text": "спам",
    }
    assert json.loads(second) == {"at": AT, "act": "moderator", "by": "Анна"}
    with open_log(path) as audit_log:
        assert next(iter(audit_log.entries())) == entry


def test_no_text_in_an_entry_breaks_its_line(path: Path) -> None:
    nasty = "".join(map(chr, [*range(32), 0x7F, 0x85, 0x2028, 0x2029])) + '"}\n{"act":"unban"'
    entry = Entry(AT, "kick", nasty, nasty, nasty, [nasty], text=nasty)
    with open_log(path) as audit_log:
        audit_log.record(entry)
        assert path.read_bytes().count(b"\n") == 1
        assert list(audit_log.entries()) == [entry]


def test_record_returns_after_fsync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[os.stat_result] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file)))
    with open_log(path) as audit_log:
        audit_log.record(Entry(AT, "kick", "Анна"))
        for one, about in zip((path.parent.parent, path.parent, path), synced, strict=True):
            assert os.path.samestat(one.stat(), about)
        assert synced[-1].st_size == path.stat().st_size


def test_a_torn_last_line_is_skipped_and_the_next_entry_is_whole(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_log(path) as audit_log:
        audit_log.record(Entry(AT, "kick", "Анна"))
    with path.open("ab") as file:
        file.write(b'{"at":"2026-11-22T05:43:04.')
    with open_log(path) as audit_log:
        assert [entry.act for entry in audit_log.entries()] == ["kick"]
        audit_log.record(Entry(AT, "mute", "Анна"))
        assert not caplog.records
        assert [entry.act for entry in audit_log.entries()] == ["kick", "mute"]


def test_invalid_lines_are_skipped_with_one_warning(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_log(path) as audit_log:
        audit_log.record(Entry(AT, "kick", "Анна"))
        with path.open("ab") as file:
            file.write(b"nonsense\n\n\xff\xfe\n[]\n{}\n" + b"[" * 5000 + b'\n{"at":1,"act":"a","by":"b"}\n')
        audit_log.record(Entry(AT, "mute", "Анна"))
        assert [entry.act for entry in audit_log.entries()] == ["kick", "mute"]
    (record,) = caplog.records
    assert record.getMessage().startswith("6 lines of ")


@pytest.mark.parametrize("broken", ["write", "fsync"])
def test_a_partly_written_entry_is_removed(path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    written = os.write

    def write_half(file: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(file, data[: len(data) // 2])

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with open_log(path) as audit_log:
        audit_log.record(Entry(AT, "kick", "Анна"))
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, broken, write_half if broken == "write" else fail)
            with pytest.raises(Unavailable):
                audit_log.record(Entry(AT, "ban", "Анна", target="Боб"))
        assert path.read_bytes() == before
        audit_log.record(Entry(AT, "mute", "Анна"))
        assert [entry.act for entry in audit_log.entries()] == ["kick", "mute"]


def test_an_unwritable_file_raises_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with open_log(tmp_path / "file" / "audit.jsonl") as audit_log, pytest.raises(Unavailable):
        audit_log.record(Entry(AT, "kick", "Анна"))


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with open_log(tmp_path) as audit_log, pytest.raises(BadHistory, match=r"Is a directory"):
        list(audit_log.entries())


def test_without_a_file_nothing_is_recorded() -> None:
    with open_log(None) as audit_log:
        audit_log.record(Entry(AT, "kick", "Анна"))
        assert list(audit_log.entries()) == []


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"history": "/x/room.db"}, "/x/room.db.audit.jsonl"),
        ({"history": "/x/room.db", "audit": "/y/actions"}, "/y/actions"),
        ({"history": "memory"}, None),
        ({"history": "off"}, None),
        ({"history": "memory", "audit": "/y/actions"}, "/y/actions"),
    ],
)
def test_where_the_file_is(settings: dict[str, str], where: str | None) -> None:
    audit_log = AuditLog(audit_path(Config(**settings)))  # type: ignore[arg-type]
    assert audit_log._path == (Path(where) if where else None)


def linked(tmp_path: Path) -> tuple[Config, Path, Path]:
    """Return settings that name a link to a history, where its record is, and where it was formerly."""
    (tmp_path / "disk").mkdir()
    link, file = tmp_path / "link.db", tmp_path / "disk" / "room.db"
    link.symlink_to(file)
    return Config(history=str(link)), audit_beside(file), audit_beside(link)


def test_a_record_beside_a_link_is_moved_to_the_history_itself(tmp_path: Path) -> None:
    config, path, former = linked(tmp_path)
    adopt(config)
    assert audit_path(config) == path
    former.write_text("what was done")
    assert audit_path(config) == former
    adopt(config)
    assert audit_path(config) == path
    assert path.read_text() == "what was done"
    assert not former.exists()


def test_a_record_beside_a_link_that_cannot_be_moved_is_used_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config, path, former = linked(tmp_path)
    former.write_text("what was done")

    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "rename", other_disk)
    adopt(config)
    assert f"{former} cannot be moved to {path}" in caplog.text
    assert audit_path(config) == former


def test_of_two_records_that_of_the_history_itself_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config, path, former = linked(tmp_path)
    for file in (path, former):
        file.touch()
    adopt(config)
    assert f"{former} is not used any more" in caplog.text
    assert audit_path(config) == path


# --- restoring -----------------------------------------------------------------------


def restored(
    path: Path, *entries: Entry, history: History | None = None, now: float = NOW, trusted: str = ""
) -> Sanctions:
    """Record the entries, start a room, and return what is in force."""
    history = history or MemoryHistory(0)
    with open_log(path) as audit_log:
        for entry in entries:
            audit_log.record(entry)
        config = Config(trusted_proxies=(to_network(trusted),) if trusted else ())
        Room[str](config, history, audit_log, lambda *_: [], str, now=MachineClock(lambda: now))
    return Fold(history).sanctions


def targets(sanctions: Sanctions, now: float) -> tuple[list[str], list[str]]:
    bans, mutes = sanctions.in_force(now)
    return [ban.target for ban in bans], [mute.target for mute in mutes]


def test_bans_and_mutes_are_restored(path: Path) -> None:
    sanctions = restored(
        path,
        Entry(AT, "moderator", "Анна"),
        Entry(AT, "ban", "Анна", target="Боб", session="0a" * 16, text="спам"),
        Entry(AT, "ban", "Анна", target="203.0.113.0/24", seconds=60),
        Entry(AT, "mute", "Анна", target="Вера", seconds=600),
        Entry(AT, "kick", "Анна", target="Глеб"),
        Entry(AT, "delete", "Анна", target="Глеб", id=1),
        Entry(AT, "a word of a newer version", "Анна", target="Глеб"),
        now=NOW + 59,
    )
    assert targets(sanctions, NOW + 59) == (["Боб", "203.0.113.0/24"], ["Вера"])
    assert sanctions.bans.find("203.0.113.7", NOW + 59) is not None
    bob = sanctions.bans.people.find((), bytes.fromhex("0a" * 16), NOW + 59)
    assert bob is not None
    assert (bob.at, bob.until, bob.by, bob.text) == (AT, None, "Анна", "спам")
    (vera,) = sanctions.mutes
    assert vera.seconds_left(NOW + 59) == pytest.approx(541.0)


def test_lifted_and_expired_ones_are_not_restored(path: Path) -> None:
    sanctions = restored(
        path,
        Entry(AT, "ban", "Анна", target="Боб"),
        Entry(AT, "unban", "Анна", target="боб"),
        Entry(AT, "ban", "Анна", target="Карл"),
        Entry(AT, "ban", "Анна", target="Карл", seconds=10),  # replaces the longer one
        Entry(AT, "ban", "Анна", target="203.0.113.0/24"),
        Entry(AT, "unban", "Анна", target="203.0.113.0/24"),
        Entry(AT, "ban", "Анна", target="203.0.114.0/24", seconds=10),
        Entry(AT, "mute", "Анна", target="Вера", seconds=600),
        Entry(AT, "unmute", "Анна", target="Вера"),
        Entry(AT, "mute", "Анна", target="Дина", seconds=10),
        now=NOW + 10,
    )
    assert targets(sanctions, NOW + 10) == ([], [])
    assert sanctions.bans.find("203.0.114.1", NOW + 10) is None


def test_entries_that_are_no_longer_allowed_are_restored_where_possible(path: Path) -> None:
    sanctions = restored(
        path,
        Entry(AT, "ban", "Анна", target="192.0.2.0/24"),  # contains a trusted proxy now
        Entry(AT, "ban", "Анна", target="a:b", session="0b" * 16),  # not a valid name any more
        Entry("yesterday", "ban", "Анна", target="Боб"),
        Entry(AT, "ban", "Анна", target="Карл", session="not hex"),
        trusted="192.0.2.5",
    )
    assert targets(sanctions, NOW) == (["a:b"], [])
    assert sanctions.bans.people.find(("x",), bytes.fromhex("0b" * 16), NOW) is not None


@pytest.mark.parametrize("is_rotated", [True, False])
def test_rotating_the_record_lifts_no_ban(path: Path, is_rotated: bool) -> None:
    log = path.with_name("room.db")
    log.parent.mkdir()
    with closing(SqliteHistory(log)) as history:
        restored(
            path,
            Entry(AT, "ban", "Анна", target="Боб", session="0a" * 16),
            Entry(AT, "ban", "Анна", target="Боб", text="снова"),  # keeps the session
            Entry(AT, "ban", "Анна", target="203.0.113.0/24", seconds=60),
            Entry(AT, "mute", "Анна", target="Вера", seconds=600),
            history=history,
        )
    if is_rotated:
        path.unlink()
    with closing(SqliteHistory(log)) as history:
        sanctions = restored(path, history=history, now=NOW + 59)
        assert targets(sanctions, NOW + 59) == (["Боб", "203.0.113.0/24"], ["Вера"])
        assert sanctions.bans.people.find((), bytes.fromhex("0a" * 16), NOW + 59) is not None
        assert sanctions.bans.people.find(keys_of("боб"), None, NOW + 59) is not None
    later = "2026-11-22T05:44:03.120Z"
    with closing(SqliteHistory(log)) as history:
        sanctions = restored(path, Entry(later, "unban", "Анна", target="Боб"), history=history, now=NOW + 61)
        assert targets(sanctions, NOW + 61) == ([], ["Вера"])  # and the other ban is over


def test_a_record_that_was_moved_away_is_begun_anew(path: Path) -> None:
    with open_log(path) as audit_log:
        audit_log.record(Entry(AT, "kick", "Анна", target="Боб"))
        path.rename(path.with_name("audit.1"))
        audit_log.record(Entry(AT, "kick", "Анна", target="Вера"))
        assert [entry.target for entry in audit_log.entries()] == ["Вера"]


def test_a_record_that_cannot_be_written_is_known_at_the_start(path: Path) -> None:
    path.parent.mkdir()
    path.mkdir()
    with (
        open_log(path) as audit_log,
        pytest.raises(BadHistory, match="cannot record what moderators do"),
    ):
        audit_log.open()


# --- redoing deletions ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "deleted"),
    [
        (Entry(AT, "delete", "Вера", target="Анна", id=2, text="спам"), True),
        (Entry(AT, "delete", "Вера", target="Анна", id=1), False),  # is deleted already
        (Entry(AT, "delete", "Вера", target="Анна", id=3), False),  # the id was reused later
        (Entry(AT, "delete", "Вера", target="Боб", id=2), False),  # the id was reused
        (Entry(AT, "delete", "Вера", target="Анна", id=0), False),
        (Entry(AT, "delete", "Вера", target="Анна", id=2**62), False),
        (Entry(AT, "delete", "Вера", target="Анна"), False),
    ],
)
def test_a_recorded_deletion_is_redone_at_the_start(path: Path, entry: Entry, deleted: bool) -> None:
    log = path.with_name("room.db")
    with closing(SqliteHistory(log)) as history:
        texts = [
            Message(1, AT, "Анна", "раз"),
            Message(2, AT, "Анна", "два"),
            Message(3, AT.replace("2026", "2027"), "Анна", "три"),
        ]
        for message in texts:
            history.append(message)
        delete(history, 1)
        history.commit()
    for _ in range(2):  # the second time there is nothing to do
        with closing(SqliteHistory(log)) as history:
            restored(path, entry, history=history)
            assert [message.text for message in history.before(4, 3)] == ["", "" if deleted else "два", "три"]
            told = [message.notice for message in history.before(10, 9)[3:]]
            assert told == ([Notice("delete", "Вера", id=2, text="спам")] if deleted else [])


def test_an_unwritable_log_does_not_prevent_the_start(path: Path) -> None:
    with closing(SqliteHistory(path.with_name("room.db"))) as history:
        history.append(Message(1, AT, "Анна", "раз"))
        history.commit()
        history._db.execute("PRAGMA query_only = ON")
        restored(path, Entry(AT, "delete", "Вера", target="Анна", id=1), history=history)
        assert [message.text for message in history.before(9, 9)] == ["раз"]
