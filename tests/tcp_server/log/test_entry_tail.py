"""The newest entries of a shared journal, as a log on disk keeps them."""

from contextlib import closing
from pathlib import Path

import pytest

from tcp_server.log import entry_tail
from tcp_server.log.history import Unavailable
from tcp_server.log.sqlite_history import SqliteHistory
from tests.tcp_server.sqlite_log import say, stage


def open_history(path: Path) -> closing[SqliteHistory]:
    return closing(SqliteHistory(path, redact=lambda data, *_: data))


def test_entries_are_stored_with_their_effects(path: Path) -> None:
    with open_history(path) as history:
        history.note_entry(5, b"five")
        stage(history, "раз")
        assert history.entries_after(0) == [(5, b"five")]
        history.commit()
        history.note_entry(7, b"seven")
        stage(history, "два")
    with open_history(path) as history:
        assert history.last == 1
        assert history.entries_after(0) == [(5, b"five")]
        assert history.entries_after(4) == [(5, b"five")]
        assert history.entries_after(5) == []


def test_an_entry_without_effects_waits_for_the_next_commit_that_has_some(path: Path) -> None:
    with open_history(path) as history:
        history.note_entry(5, b"a beat")
        history.commit()
        history.note_entry(6, b"a say")
        say(history, "раз")
    with open_history(path) as history:
        assert history.entries_after(0) == [(5, b"a beat"), (6, b"a say")]


def test_entries_without_effects_do_not_pile_up(path: Path) -> None:
    with open_history(path) as history:
        for position in range(100):
            history.note_entry(position, b"a beat")
            history.commit()
    with open_history(path) as history:
        assert [position for position, _ in history.entries_after(-1)] == [*range(64)]


def test_a_rollback_takes_the_entries_back_with_their_effects(path: Path) -> None:
    with open_history(path) as history:
        history.note_entry(5, b"five")
        stage(history, "раз")
        history.rollback()
        history.note_entry(6, b"six")
        say(history, "два")
        assert history.entries_after(0) == [(6, b"six")]


def test_only_the_newest_entries_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_tail, "_KEPT", 20)
    monkeypatch.setattr(entry_tail, "_STEP", 5)
    for start in (0, 50):  # also after a restart
        with open_history(path) as history:
            for position in range(start, start + 50):
                history.note_entry(position, b"entry")
                say(history, "раз")
                kept = [one for one, _ in history.entries_after(-1)]
                assert kept == [*range(position + 1 - len(kept), position + 1)]
                assert min(20, position + 1) <= len(kept) < 25


def test_entries_of_many_bytes_are_fewer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_tail, "_KEPT_BYTES", 2000)
    monkeypatch.setattr(entry_tail, "_STEP_BYTES", 500)
    for start in (0, 50):  # also after a restart
        with open_history(path) as history:
            for position in range(start, start + 50):
                history.note_entry(
                    position, b"x" * (100 if position % 2 else 10_000 if position == 70 else 50)
                )
                say(history, "раз")
                kept = [one for one, _ in history.entries_after(-1)]
                assert kept == [*range(kept[0], position + 1)]
                assert sum([len(data) for _, data in history.entries_after(-1)]) < 2500 or kept == [70]
    assert len(kept) >= 24


def test_entries_that_cannot_be_read_are_unavailable(path: Path) -> None:
    with open_history(path) as history:
        history._db.execute("DROP TABLE tail")
        with pytest.raises(Unavailable, match="cannot be read"):
            history.entries_after(0)
