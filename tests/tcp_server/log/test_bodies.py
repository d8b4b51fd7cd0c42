"""The bodies of live messages are the same in memory and on disk, whatever happens meanwhile."""

import shutil
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chat_protocol.message import redacted
from chat_protocol.messages import Live, Message
from tcp_server.log import bodies as module
from tcp_server.log import body as body_module
from tcp_server.log.bodies import Bodies
from tcp_server.log.history import History, Unavailable, find_message
from tcp_server.log.integrity import examine
from tcp_server.log.log_file import read_only
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.timing import IS_LONG
from tests.tcp_server.sqlite_log import AT

IDS = st.integers(1, 6)


class TwoLogs(RuleBasedStateMachine):
    """The same happens to a log in memory and to one on disk, of whose bodies one is in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "_MAX_LOADED", 1)
        self.patch.setattr(body_module, "MAX_KEPT", 30)
        self.folder = Path(tempfile.mkdtemp())
        self.on_disk = SqliteHistory(self.folder / "room.db")
        self.in_memory = MemoryHistory(1000)
        self.gone: set[int] = set()  # those that do not grow any more

    def teardown(self) -> None:
        self.on_disk.close()
        self.patch.undo()
        shutil.rmtree(self.folder)

    @property
    def logs(self) -> tuple[History, History]:
        return self.in_memory, self.on_disk

    @rule()
    def start(self) -> None:
        for log in self.logs:
            message = Message(log.last + 1, AT, "Анна", "make", kind="live", live=Live("open"))
            log.append(message, b"anna")

    @rule(
        id_=IDS,
        jump=st.sampled_from([0, 0, 0, -3, 7]),
        text=st.text("aя", max_size=9),
        count=st.integers(1, 5),
    )
    def add(self, id_: int, jump: int, text: str, count: int) -> None:
        found = find_message(self.in_memory, id_)
        if found is None or found.deleted or id_ in self.gone:
            return
        body = self.in_memory.bodies.find(id_)
        offset = max(0, (body.end if body else 0) + jump)
        for log in self.logs:
            log.bodies.add(id_, offset, (text + "\n") * count)

    @rule(id_=IDS)
    def delete(self, id_: int) -> None:
        for log in self.logs:
            message = find_message(log, id_)
            if message is not None and not message.deleted:
                log.skip_to(log.last + 1)
                log.change(redacted(message), log.last)

    @rule(size=st.integers(0, 200), growing=st.sets(IDS))
    def keep_at_most(self, size: int, growing: set[int]) -> None:
        self.gone |= self.in_memory.bodies.kept(range(10)) - growing
        for log in self.logs:
            log.bodies.keep_at_most(size, growing)

    @rule()
    def forget(self) -> None:
        self.commit()
        for log in self.logs:
            log.forget(min(log.first + 1, log.last))  # the newest stays
        self.commit()

    @rule()
    def commit(self) -> None:
        for log in self.logs:
            log.commit()

    @rule()
    def a_commit_fails(self) -> None:
        self.patch.setattr(self.on_disk._file, "begin", _fail)
        with suppress(Unavailable):
            self.on_disk.commit()
        self.patch.setattr(
            self.on_disk._file, "begin", type(self.on_disk._file).begin.__get__(self.on_disk._file)
        )
        for log in self.logs:
            log.rollback()

    @rule()
    def restart(self) -> None:
        self.commit()
        with read_only(self.folder / "room.db") as db:
            assert examine(db).faults == []
        self.on_disk.close()
        self.on_disk = SqliteHistory(self.folder / "room.db")

    @invariant()
    def all_are_the_same(self) -> None:
        assert self.described(self.on_disk.bodies) == self.described(self.in_memory.bodies)
        assert (
            self.on_disk.bodies.bytes
            == self.in_memory.bodies.bytes
            == sum(self.in_memory.bodies._sizes.values())
        )
        for id_ in self.on_disk.bodies.kept(range(10)):
            assert find_message(self.on_disk, id_)

    def described(self, bodies: Bodies) -> list[object]:
        kept = sorted(bodies.kept(range(10)))
        found = [(id_, bodies.find(id_)) for id_ in kept]
        return [
            (id_, body.left_out, body.end, body.lines, body.read(0, 1000), body.last(10))
            for id_, body in found
            if body
        ]


def _fail() -> None:
    raise sqlite3.OperationalError("disk full")


TwoLogs.TestCase.settings = settings(
    max_examples=1000 if IS_LONG else 30, stateful_step_count=30, deadline=None
)
TestTwoLogs = TwoLogs.TestCase
