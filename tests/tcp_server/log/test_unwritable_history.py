"""A log on disk that cannot be written for a time: messages are refused, and nothing else."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic, time

import pytest

from chat_protocol.messages import Ack, timestamp
from tcp_server.log.history import Unavailable
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_prlimit
from tests.support.timing import TIMEOUT, at_most
from tests.tcp_server.sqlite_log import ANNA, AT, ids, open_history, prune, say, stage

FULL_DISK = (0, resource.RLIM_INFINITY)  # no file may grow


def fill_up(history: SqliteHistory) -> Callable[[], object]:
    """Prevent the file from growing; return a function that allows it again."""
    (pages,) = history._db.execute("PRAGMA page_count").fetchone()
    history._db.execute(f"PRAGMA max_page_count = {pages}")
    return lambda: history._db.execute("PRAGMA max_page_count = 1000000")


def make_read_only(history: SqliteHistory) -> Callable[[], object]:
    history._db.execute("PRAGMA query_only = ON")
    return lambda: history._db.execute("PRAGMA query_only = OFF")


def lock(path: Path) -> sqlite3.Connection:
    """Lock the file for writing, as another program may, until the connection is closed."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def have_locked(history: SqliteHistory) -> Callable[[], object]:
    return lock(Path(history._db.execute("PRAGMA database_list").fetchone()[2])).close


@pytest.mark.parametrize("limits", [{"days": 1}, {"size": 100_000}, {"keep": 3}])
def test_what_cannot_be_removed_is_not_counted_again(path: Path, limits: dict[str, int]) -> None:
    with open_history(path) as history:
        say(history, *["x" * 1000] * 100, at="2020-01-01T00:00:00.000Z")
        say(history, *["x" * 1000] * 500, at=timestamp(time()))
    with open_history(path, **limits) as history:
        relieve = make_read_only(history)
        prune(history)
        first = history.first
        assert first > 1
        for _ in range(5):
            prune(history)
        assert history.first == first
        relieve()
        history.commit()
        assert history._db.execute("SELECT min(id) FROM messages").fetchone() == (first,)


@pytest.mark.parametrize("stop", [fill_up, make_read_only, have_locked])
def test_a_failed_commit_is_rolled_back(
    path: Path, stop: Callable[[SqliteHistory], Callable[[], object]], caplog: pytest.LogCaptureFixture
) -> None:
    big = "x" * 4000
    with open_history(path) as history:
        say(history, "раз", key=(ANNA, "1"))
        relieve = stop(history)
        for _ in range(2):
            history.members.set(1, b"anna")
            stage(history, *[big] * 50, key=None)
            stage(history, "два", key=(ANNA, "2"))
            assert history.last == 52
            with pytest.raises(Unavailable):
                history.commit()
            history.rollback()
            assert history.last == 1
            assert ids(history.before(100, 100)) == [1]
            assert history.find_acks(ANNA, ["1", "2"]) == {"1": Ack("1", 1, AT)}
        relieve()
        say(history, "три", key=(ANNA, "2"))
        assert history.last == 2
    with open_history(path) as history:
        assert [message.text for message in history.before(100, 100)] == ["раз", "три"]
        assert history.find_acks(ANNA, ["1", "2"]) == {"1": Ack("1", 1, AT), "2": Ack("2", 2, AT)}
        assert history.members.all() == [(1, b"anna")]
    assert [record.levelname for record in caplog.records] == ["ERROR"]  # once, not for each attempt


def test_what_could_not_be_forgotten_is_forgotten_later(path: Path) -> None:
    with open_history(path, keep=2) as history:
        say(history, *"abcd")
        relieve = make_read_only(history)
        prune(history)
        assert ids(history.before(9, 9)) == [3, 4]
    with open_history(path) as history:
        assert ids(history.before(9, 9)) == [1, 2, 3, 4]
    with open_history(path, keep=2) as history:
        relieve = make_read_only(history)
        prune(history)
        relieve()
        history.commit()
    with open_history(path) as history:
        assert ids(history.before(9, 9)) == [3, 4]


@pytest.fixture
def server(path: Path) -> Iterator[Program]:
    flags = ("--host=127.0.0.1", "--port=0", f"--history={path}", "--log-level=info")
    with running("tcp_server", *flags) as program:
        yield program


@needs_prlimit
def test_a_full_disk_refuses_messages_and_nothing_else(server: Program) -> None:
    with JsonClient(server.address) as anna, JsonClient(server.address) as boris:
        anna.join("Анна")
        boris.join("Борис")
        anna.expect_json(type="joined", name="Борис")
        anna.say_json(type="say", ref="1", text="раз")
        anna.expect_json(type="ack", ref="1", id=1)
        boris.expect_json(type="message", id=1)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, FULL_DISK)
        for _ in range(3):
            anna.say_json(type="say", ref="2", text="два")
            anna.expect_json(type="error", ref="2", code="unavailable")
            assert boris.fence() == []
            boris.say_json(type="history")
            assert [message["id"] for message in boris.expect_json(type="history")["messages"]] == [1]
        with JsonClient(server.address) as vera:  # joining still works
            assert vera.join("Вера")["last"] == 1
            vera.say_json(type="leave")
        boris.expect_json(type="joined", name="Вера")
        boris.expect_json(type="left", name="Вера")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        anna.say_json(type="say", ref="2", text="два")
        anna.expect_json(type="joined", name="Вера")
        anna.expect_json(type="left", name="Вера")
        anna.expect_json(type="ack", ref="2", id=2)
        boris.expect_json(type="message", id=2, text="два")
    server.stderr.wait_for("history is written again")
    errors = [line.partition(" ERROR ")[2] for line in server.stderr.text.splitlines() if " ERROR " in line]
    history = [error for error in errors if error.startswith("history cannot be written")]
    index = [error for error in errors if error.startswith("cannot index")]  # if indexing was due
    assert len(history) == 1, errors
    assert len(index) <= 1, errors
    assert len(errors) == len(history) + len(index), errors


def test_a_lock_of_another_program_refuses_messages_and_delays_nobody(server: Program, path: Path) -> None:
    with JsonClient(server.address) as anna, JsonClient(server.address) as boris:
        anna.join("Анна")
        boris.join("Борис")
        anna.fence()
        with closing(lock(path)) as other:
            began = monotonic()
            for number in range(20):
                anna.say_json(type="say", ref="1", text="раз")
                anna.expect_json(type="error", ref="1", code="unavailable")
                assert boris.fence() == []
                with JsonClient(server.address) as vera:
                    vera.join(f"Вера {number}")
                    vera.say_json(type="leave")
                anna.expect_json(type="joined")
                anna.expect_json(type="left")
                boris.expect_json(type="joined")
                boris.expect_json(type="left")
            with JsonClient(server.address) as vera:
                vera.join("Вера")
            assert monotonic() - began < at_most(2), "they waited for the lock"
            other.execute("ROLLBACK")
            deadline = monotonic() + TIMEOUT
            find = "SELECT * FROM members WHERE instr(state, CAST('Вера' AS BLOB))"
            while other.execute(find).fetchone() is None:
                assert monotonic() < deadline, "her name was not stored later"
        anna.expect_json(type="joined", name="Вера")
        anna.say_json(type="say", ref="1", text="раз")
        anna.expect_json(type="ack", ref="1", id=1)


def test_the_server_ends_at_once_while_another_program_locks_its_files(server: Program, path: Path) -> None:
    with JsonClient(server.address) as anna:
        anna.join("Анна")
        with closing(lock(path)), closing(lock(path.with_name(path.name + ".words"))):
            with JsonClient(server.address) as boris:
                boris.join("Борис")
                anna.expect_json(type="joined")
            anna.close()
            began = monotonic()
            assert server.stop() == 0
            assert monotonic() - began < at_most(0.4)
