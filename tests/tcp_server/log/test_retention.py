"""Limits that would delete much are told of first; and a file shrinks again."""

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tcp_server.log import retention
from tcp_server.log.retention import Limits
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.processes import running
from tests.tcp_server.sqlite_log import open_history, prune, say


@pytest.mark.parametrize("limits", [Limits(keep=3), Limits(days=7), Limits(size=40_000)])
def test_smaller_limits_can_be_put_back_for_a_minute(
    path: Path, limits: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    old = f"{datetime.now(UTC) - timedelta(days=8):%Y-%m-%dT%H:%M:%S.000Z}"
    with open_history(path) as history:
        say(history, *["x" * 1000] * 100, at=old)
    now = 1000.0
    caplog.set_level(logging.INFO)
    with closing(SqliteHistory(path, limits=limits, clock=lambda: now)) as history:
        prune(history)
        (warning,) = [record.getMessage() for record in caplog.records]
        assert " of 100 messages are over the limits" in warning
        assert "deleted in 60 s" in warning
        now += 59.9
        prune(history)
        assert history.first == 1
        now += 0.2
        while prune(history):
            pass
        told, removed = int(warning.partition(" ")[0]), history.first - 1
        assert told == removed if not limits.size else 0 < removed < 100
        assert caplog.messages[1:] == ["messages over the limits deleted"]
        assert getattr(caplog.records[1], "fields", {}) == {"messages": removed}
    caplog.clear()
    with closing(SqliteHistory(path, limits=limits, clock=lambda: now)) as history:
        prune(history)
        assert not caplog.records  # nothing is over them any more
        say(history, *["x" * 1000] * 100, at=old)
        assert prune(history)  # and what comes over them now is removed at once


def test_a_server_warns_before_it_deletes(path: Path) -> None:
    with open_history(path) as history:
        say(history, *"abcdefgh")
    with running("tcp_server", "--host=127.0.0.1", "--port=0", f"--history={path}", "--keep=1") as program:
        program.stderr.wait_for("WARNING 7 of 8 messages are over the limits (--keep 1 ")
    with open_history(path) as history:
        assert (history.first, history.last) == (1, 8)


def test_keep_bytes_limits_the_size_and_the_newest_message_stays(path: Path) -> None:
    with open_history(path, size=245_000) as history:
        say(history, *["x" * 1000] * 1000)
        while prune(history):
            pass
        kept = history.last - history.first + 1
        assert 100 < kept < 200
        pages = history._db.execute("PRAGMA page_count").fetchone()[0]
        unused = history._db.execute("PRAGMA freelist_count").fetchone()[0]
        assert (pages - unused) * 4096 <= 245_000
    with open_history(path, size=1) as history:
        while prune(history):
            pass
        assert (history.first, history.last) == (1000, 1000)


def test_the_file_shrinks_step_by_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_FREE_PAGES", 10)
    with open_history(path, keep=10) as history:
        say(history, *["x" * 1000] * 1000)
        history._file.truncate_wal()
        before = path.stat().st_size
        steps = 0
        while prune(history):
            steps += 1
        assert steps > 2 + 150 / 64
        history._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert path.stat().st_size < before / 5
        assert [message.id for message in history.before(2000, 100)] == list(range(991, 1001))
