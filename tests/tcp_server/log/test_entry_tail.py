"""The newest entries of a shared journal, as a log on disk keeps them."""

from collections.abc import Callable, Iterator
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


def kept_entries(path: Path, size: Callable[[int], int]) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
    """Say something with each of a hundred entries of these sizes, the half of them after a restart.

    Yield the position of each, and the entries that are kept then.
    """
    for start in (0, 50):
        with open_history(path) as history:
            for position in range(start, start + 50):
                history.note_entry(position, b"x" * size(position))
                say(history, "раз")
                yield position, history.entries_after(-1)


def test_only_the_newest_entries_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_tail, "_KEPT", 20)
    monkeypatch.setattr(entry_tail, "_STEP", 5)
    for position, entries in kept_entries(path, lambda _: 5):
        kept = [one for one, _ in entries]
        assert kept == [*range(position + 1 - len(kept), position + 1)]
        assert min(20, position + 1) <= len(kept) < 25


def test_entries_of_many_bytes_are_fewer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_tail, "_KEPT_BYTES", 2000)
    monkeypatch.setattr(entry_tail, "_STEP_BYTES", 500)
    sizes = {position: 100 if position % 2 else 50 for position in range(100)} | {70: 10_000}
    for position, entries in kept_entries(path, sizes.__getitem__):
        kept = [one for one, _ in entries]
        assert kept == [*range(position + 1 - len(kept), position + 1)]
        assert sum([len(data) for _, data in entries]) < 2500 or kept == [70]
    assert len(kept) >= 24


def test_entries_that_cannot_be_read_are_unavailable(path: Path) -> None:
    with open_history(path) as history:
        history._db.execute("DROP TABLE tail")
        with pytest.raises(Unavailable, match="cannot be read"):
            history.entries_after(0)
