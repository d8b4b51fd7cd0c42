"""Logs in which nine of ten ids are of no messages, against a simple model."""

import copy
import math
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain, repeat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chat_protocol.messages import Message, Position
from tcp_server.log import retention
from tcp_server.log import sqlite_history as module
from tcp_server.log.history import History, Unavailable, find_message
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.replay import Replay
from tcp_server.log.retention import Limits
from tcp_server.log.sqlite_history import SqliteHistory
from tests.tcp_server.searching import ids as found_ids
from tests.tcp_server.searching import searching
from tests.tcp_server.sqlite_log import AT, delete, ids, open_history, prune, say_sparsely

KEEP = 12
SKIPS = st.lists(st.integers(0, 18), min_size=1, max_size=5)
"""How many ids are skipped before each of some messages."""
POSITION = st.integers(0, 400)


def message(id_: int, at: str = AT) -> Message:
    return Message(id_, at, "Анна", str(id_))


@dataclass
class Model:
    """What a log should have: its messages by id, in order."""

    kept: dict[int, Message] = field(default_factory=dict)
    last: int = 0

    @property
    def first(self) -> int:
        return min(self.kept, default=self.last + 1)

    def remove_oldest(self, count: int) -> None:
        for id_ in sorted(self.kept)[: max(0, count)]:
            del self.kept[id_]

    def before(self, end: int, limit: int) -> list[Message]:
        below = [message for id_, message in self.kept.items() if id_ < end]
        return below[max(0, len(below) - limit) :]


class Log(RuleBasedStateMachine):
    """A log, and what happens to it."""

    history: History

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()

    @rule(skips=SKIPS)
    def say(self, skips: list[int]) -> None:
        said = [message(self.model.last + sum(skips[:i]) + i) for i in range(1, len(skips) + 1)]
        for one in said:
            self.history.append(one)
        self.model.kept.update({one.id: one for one in said})
        self.model.last = said[-1].id

    @rule(count=st.integers(1, 30))
    def act(self, count: int) -> None:
        self.model.last += count
        self.history.skip_to(self.model.last)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        id_ = data.draw(POSITION | st.sampled_from([0, *self.model.kept]))
        read_before = list(self.model.kept.values())
        delete(self.history, id_)
        if id_ in self.model.kept:
            self.model.kept[id_] = Message(id_, AT, "Анна", "", deleted=True)
            self.model.last += 1
        assert self.history.as_now(read_before) == list(self.model.kept.values())

    @rule(end=POSITION, limit=st.integers(0, 30), most=st.integers(1, 20))
    def read(self, end: int, limit: int, most: int) -> None:
        assert self.history.before(end, limit) == self.model.before(end, limit)
        page = Replay(self.history, most).page(end, limit, b"")
        assert page.messages == self.model.before(end, min(limit, most))
        assert page.first is not None
        # Nothing but these is kept from `first` on, which is as low as that allows.
        assert [id_ for id_ in self.model.kept if page.first <= id_ < end] == ids(list(page.messages))
        assert page.first == 1 or page.first - 1 in {*self.model.kept, self.model.last}
        assert page.more == (page.first > self.model.first)

    @rule(data=st.data())
    def find(self, data: st.DataObject) -> None:
        id_ = data.draw(POSITION | st.sampled_from([0, *self.model.kept]))
        assert find_message(self.history, id_) == self.model.kept.get(id_)

    @rule(since=POSITION, most=st.integers(1, 20))
    def resume(self, since: int, most: int) -> None:
        position = Position(self.history.epoch, since)
        page, missed, *_ = Replay(self.history, most).unseen(position, 3, b"")
        if since > self.model.last:
            assert (page.messages, missed) == (self.model.before(since, min(3, most)), 0)
        else:
            unseen = [message for id_, message in self.model.kept.items() if id_ > since]
            assert page.messages == unseen[-most:]
            assert missed == max(0, self.model.first - 1 - since) + len(unseen) - len(page.messages)

    @invariant()
    def all_agrees(self) -> None:
        assert (self.history.first, self.history.last) == (self.model.first, self.model.last)
        assert self.history.before(self.model.last + 1, 1000) == list(self.model.kept.values())


class LogInMemory(Log):
    def __init__(self) -> None:
        super().__init__()
        self.history = MemoryHistory(KEEP)

    @rule(skips=SKIPS)
    def say(self, skips: list[int]) -> None:
        super().say(skips)
        self.model.remove_oldest(len(self.model.kept) - KEEP)


class LogOnDisk(Log):
    history: SqliteHistory

    def __init__(self) -> None:
        super().__init__()
        self.committed = Model()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "_RECENT", 4)
        self.patch.setattr(retention, "_REMOVED_AT_ONCE", 3)
        self.folder = Path(tempfile.mkdtemp())
        self.open()

    def open(self) -> None:
        clock = chain([0.0], repeat(math.inf)).__next__  # at the start, and ever after
        self.history = SqliteHistory(self.folder / "room.db", limits=Limits(keep=KEEP), clock=clock)

    @rule()
    def commit(self) -> None:
        self.history.commit()
        self.committed = copy.deepcopy(self.model)

    @rule()
    def fail_to_commit(self) -> None:
        self.history._db.execute("PRAGMA query_only = ON")
        is_log_new = self.model != self.committed
        try:
            self.history.commit()
        except Unavailable:
            self.history.rollback()
            self.model = copy.deepcopy(self.committed)
        else:
            assert not is_log_new
        self.history._db.execute("PRAGMA query_only = OFF")

    @rule()
    def prune(self) -> None:
        over = min(3, max(0, len(self.committed.kept) - KEEP))
        assert prune(self.history) == (over > 0)
        self.model.remove_oldest(over)
        if over:  # what is to be forgotten is stored with all else
            self.committed = copy.deepcopy(self.model)

    @rule()
    def restart(self) -> None:
        self.history.close()
        self.open()
        self.model = copy.deepcopy(self.committed)

    def teardown(self) -> None:
        self.history.close()
        self.patch.undo()
        shutil.rmtree(self.folder)


LogInMemory.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestLogInMemory = LogInMemory.TestCase
LogOnDisk.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestLogOnDisk = LogOnDisk.TestCase


@given(skips=SKIPS, kept=st.integers(0, 5), act=st.integers(0, 3))
def test_a_rollback_in_memory_leaves_no_trace(skips: list[int], kept: int, act: int) -> None:
    said = [message(id_) for id_ in accumulate(skips, lambda last, skipped: last + skipped + 1, initial=1)]
    history, other = MemoryHistory(10), MemoryHistory(10)
    for one in (history, other):
        for each in said[:kept]:
            one.append(each)
        one.skip_to(one.last + act)
    history.append(message(history.last + 7))
    history.skip_to(history.last + 5)
    history.rollback_to(other.last)
    assert (history.first, history.last) == (other.first, other.last)
    assert history.before(1000, 10) == other.before(1000, 10)


# --- retention -----------------------------------------------------------------------


def prune_all(history: SqliteHistory) -> None:
    while prune(history):
        pass


def test_days_count_for_messages_only(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with open_history(tmp_path / "room.db", days=7) as history:
        for age in (9, 8, 4):
            at = f"{now - timedelta(days=age):%Y-%m-%dT%H:%M:%S.000Z}"
            say_sparsely(history, *["x"] * 100, at=at)
        prune_all(history)
        assert ids(history.before(10_000, 1000)) == list(range(2010, 3001, 10))


def test_bytes_count_for_messages_only(tmp_path: Path) -> None:
    with open_history(tmp_path / "room.db", size=245_000) as history:
        say_sparsely(history, *["x" * 1000] * 1000)
        prune_all(history)
        kept = history.before(100_000, 1000)
        assert 100 < len(kept) < 200
        assert kept[0].id == history.first
    with open_history(tmp_path / "room.db", size=1) as history:
        history.skip_to(10_005)
        history.commit()
        prune_all(history)
        assert (history.first, history.last) == (10_000, 10_005)


def test_what_is_told_of_smaller_limits_counts_messages(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_history(tmp_path / "room.db") as history:
        say_sparsely(history, *"abcdefghij")
    with open_history(tmp_path / "room.db", keep=3) as history:
        prune_all(history)
        assert ids(history.before(1000, 1000)) == [80, 90, 100]
        assert history._db.execute("SELECT first, last, total FROM skipped").fetchall() == [
            (81, 89, 81),
            (91, 99, 90),
        ]
    assert "7 of 10 messages are over the limits" in caplog.text


# --- searching -----------------------------------------------------------------------


def test_all_messages_are_found(tmp_path: Path) -> None:
    path = tmp_path / "room.db"
    with open_history(path) as history:
        say_sparsely(history, *["слово"] * 200)
        delete(history, 500)
        history.commit()
    with searching(path) as find:
        assert found_ids(find("слово", limit=100)) == list(range(1010, 2001, 10))
        assert found_ids(find("слово", before=1010, limit=100)) == [
            id_ for id_ in range(10, 1001, 10) if id_ != 500
        ]
