"""Live messages under random schedules: what is open is what the log says is open, whatever happens."""

import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from chat_protocol import messages as m
from tcp_server.log import body as body_module
from tcp_server.log import sqlite_history
from tcp_server.log.history import History
from tcp_server.log.log_file import LogFile
from tcp_server.log.sqlite_history import SqliteHistory
from tests.support.timing import IS_LONG
from tests.tcp_server.cluster.shared_rooms import Cluster, Server
from tests.tcp_server.room_harness import RoomHarness

SEEDS = range(200 if IS_LONG else 10)
NAMES = ("Анна", "Борис", "Вера")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "MAX_KEPT", 60)


def open_in(history: History) -> set[int]:
    """Return the live messages that are open, as the log says."""
    messages = history.before(1 << 60, 10_000)
    return {one.id for one in messages if one.live and one.live.state == "open"}


class Schedule:
    """Chooses what people do; it knows the live messages that there are, and how much was sent of each."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._step = 0
        self._ends: dict[int, int] = {}

    def request(self) -> m.Command:
        self._step += 1
        chance, ref = self.chance, str(self._step)
        id_ = chance.choice([*self._ends, 1])
        match chance.randrange(8):
            case 0 | 1:
                return m.Start(ref, "make")
            case 2:
                return m.End(id=id_, code=chance.choice((None, 0, 2)), ref=ref)
            case 3:
                return m.Delete(id=id_, ref=ref)
        offset = max(0, self._ends.get(id_, 0) + chance.choice((0, 0, 0, 5, -3)))
        text = "".join(f"{chance.randrange(99)}\n" for _ in range(chance.randint(0, 9)))
        return m.Output(id=id_, offset=offset, text=text)

    def note(self, events: Iterable[object]) -> None:
        for event in events:
            if isinstance(event, m.Received):
                self._ends[event.id] = event.end
            elif isinstance(event, m.Message | m.Ack):
                self._ends.setdefault(event.id, 0)


def secret(name: str) -> str:
    return f"the secret of {name} 123456"


def describe(history: History) -> dict[int, object]:
    """Return all that can be read of all bodies."""
    found = {id_: history.bodies.find(id_) for id_ in history.bodies.kept(range(1000))}
    return {
        id_: (body.left_out, body.end, body.lines, body.read(0, 1000), body.last(100))
        for id_, body in found.items()
        if body
    }


class Disk:
    """Lets commits fail while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        begin = LogFile.begin

        def begin_or_fail(file: LogFile) -> None:
            if self.is_full:
                raise sqlite3.OperationalError("full")
            begin(file)

        monkeypatch.setattr(LogFile, "begin", begin_or_fail)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_room_whose_disk_is_full_now_and_then(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_history, "_RECENT", 3)
    schedule, disk = Schedule(seed), Disk(monkeypatch)
    chance = schedule.chance
    history = SqliteHistory(tmp_path / "log.db")
    room = RoomHarness(history)
    for name in NAMES:
        room.join(name, name, session=secret(name))
    for _ in range(120):
        name = chance.choice(NAMES)
        disk.is_full = chance.random() < 0.15
        if chance.random() < 0.8:
            room.handle(name, schedule.request())
        else:
            if chance.random() < 0.4:
                room.leave(name)
            room.advance(chance.choice((0.5, 3.0, 25.0)))
            room.deliver(room.room.join(name, m.Join(name, session=secret(name))))
        schedule.note(room.received(name))
        assert open_in(history) == {*room.room._fold.lives.open}
        lives = {one.id for one in history.before(1 << 60, 10_000) if one.live}
        assert history.bodies.kept(range(1000)) <= lives
    disk.is_full = False
    for name in NAMES:
        room.leave(name, hold_name=False)
    room.advance(0.5)
    room.advance(25)
    assert open_in(history) == set()
    bodies, size = describe(history), history.bodies.bytes
    history.close()
    again = SqliteHistory(tmp_path / "log.db")
    assert describe(again) == bodies
    assert again.bodies.bytes == size
    again.close()


def expire(cluster: Cluster, seconds: float) -> None:
    cluster.journal.now += seconds
    for server in cluster.servers:
        server.deliver(server.room.expire())


@pytest.mark.parametrize("seed", SEEDS)
def test_three_servers_end_with_the_same(seed: int, tmp_path: Path) -> None:
    schedule, cluster = Schedule(seed), Cluster(tmp_path)
    chance = schedule.chance
    homes: dict[str, tuple[Server, str]] = {}
    for server, name in zip(cluster.servers, NAMES, strict=True):
        homes[name] = server, name
        server.join(name, name, secret(name))
    cluster.settle()
    for step in range(100):
        name = chance.choice(NAMES)
        server, connection = homes[name]
        if chance.random() < 0.8:
            server.ask(connection, schedule.request())
        elif chance.random() < 0.6:
            expire(cluster, chance.choice((0.5, 3.0)))
        else:
            server.deliver(server.room.leave(connection, hold_name=True))
            cluster.settle()
            homes[name] = server, connection = chance.choice(cluster.servers), f"{name} {step}"
            server.join(connection, name, secret(name))
            cluster.settle()
        chance.choice(cluster.servers).add()
        chance.choice(cluster.servers).apply(chance.randint(1, 3))
        schedule.note(server.take(connection))
    for server, connection in homes.values():
        server.deliver(server.room.leave(connection, hold_name=False))
    for seconds in (0.5, 3.0, 25.0, 25.0):
        cluster.settle()
        expire(cluster, seconds)
    cluster.settle()
    first, *others = cluster.servers
    assert open_in(first.history) == set()
    for other in others:
        assert other.room._fold.state() == first.room._fold.state()
        assert describe(other.history) == describe(first.history)
    assert cluster.logs()[0] == cluster.logs()[1] == cluster.logs()[2]
    cluster.close()
