"""The commands that look after a log, on one of a cluster whose older messages are still to be fetched."""

from contextlib import closing
from pathlib import Path

import pytest

from tcp_server.log import checkpoint
from tcp_server.log.restoring import restore
from tcp_server.log.sqlite_history import SqliteHistory
from tests.tcp_server.maintenance.commands import run
from tests.tcp_server.sqlite_log import ids, open_history, say


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with the messages 4 to 6; 1 to 3 are missing."""
    whole = tmp_path / "whole.db"
    with open_history(whole) as history:
        say(history, *map(str, range(1, 7)))
        history.settle(4)
        history.commit()
    path = tmp_path / "room.db"
    checkpoint.install(path, checkpoint.make(whole)[1])
    return path


def test_check_and_export_say_what_is_not_here(path: Path) -> None:
    said = "#1 to #3 are not here yet: other servers of the cluster have them\n"
    checked = run("check", f"--history={path}")
    assert checked.returncode == 0
    assert f"3 messages, #4 to #6\n{said}" in checked.stdout
    exported = run("export", f"--history={path}")
    assert [line.split()[0] for line in exported.stdout.splitlines()] == ["#4", "#5", "#6"]
    assert exported.stderr == f"oneroom-server: {said}"


def test_what_is_restored_stands_alone(path: Path, tmp_path: Path) -> None:
    with closing(SqliteHistory(path, redact=lambda data, *_: data)) as history:
        history.note_entry(7, b"entry")
        say(history, "7", key=(b"anna", "ref"))
    restored = tmp_path / "restored.db"
    restore(path, restored)
    with open_history(restored) as history:
        assert (history.missing, history.first, history.settled) == (range(0), 4, 0)
        assert history.entries_after(0) == []
        assert ids(history.before(9, 9)) == [4, 5, 6, 7]
