"""Sequencer, room, fan-out and writers with fake sockets, in one thread, by a schedule from a seed.

Wherever another thread could do something in the server, such as while a batch is being stored or
sent, the schedule may let it: so each seed is one interleaving, and always the same one.
"""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from chat_protocol import codec
from chat_protocol import messages as m
from tcp_server import sequencer as sequencer_module
from tcp_server.config import Config
from tcp_server.connection import fanout as fanout_module
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.writer import Writer
from tcp_server.dialects.output import JSON
from tcp_server.log.history import Unavailable
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.clock import MachineClock
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.outcome import Outcome
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer

BUFFER = 600
"""Most bytes that a fake socket takes before its client reads some."""

_GRACE = 20.0


class FakeSocket:
    """The server's end of a connection, and the client that reads from it."""

    def __init__(self, rng: random.Random, descriptor: int, interrupt: Callable[[], None]) -> None:
        self._rng = rng
        self._descriptor = descriptor
        self._interrupt = interrupt
        self._waiting = b""  # in the kernel
        self.received = b""
        self.is_reset = False
        self.is_ended = False  # no more is written
        self.is_closed = False

    def fileno(self) -> int:
        return self._descriptor

    def send(self, data: bytes, _: int) -> int:
        self._interrupt()
        if self.is_reset:
            raise ConnectionResetError
        assert not self.is_closed, "a closed socket is written to"
        free = BUFFER - len(self._waiting)
        taken = min(len(data), free, self._rng.choice((1, 10, 100, BUFFER)))
        if taken <= 0:
            raise BlockingIOError
        self._waiting += bytes(data[:taken])
        return taken

    def sendmsg(self, blocks: list[memoryview], _: object, flags: int) -> int:
        return self.send(b"".join(map(bytes, blocks)), flags)

    def shutdown(self, how: int) -> None:
        self.is_ended = True
        if how == socket.SHUT_RDWR:
            self.is_reset = True

    def close(self) -> None:
        self.is_closed = True

    @property
    def is_read(self) -> bool:
        """Whether the client has read all that the kernel has."""
        return not self._waiting

    def read(self, count: int) -> None:
        """Let the client read."""
        self.received += self._waiting[:count]
        self._waiting = self._waiting[count:]


class FakePoller:
    """Reports a socket as writable whenever the schedule wants it."""

    def __init__(self) -> None:
        self.armed: set[int] = set()

    def arm(self, fd: int) -> None:
        self.armed.add(fd)

    def wake(self) -> None:
        """The schedule runs what is pending anyway."""


class FailingHistory(MemoryHistory):
    """A log that outlives the server, and whose disk may be full."""

    is_full = False

    def commit(self) -> None:
        if self.is_full and self.last > self._committed:
            raise Unavailable("the disk is full")
        super().commit()


class Client:
    """A connection of one person, who repeats what was not acknowledged."""

    def __init__(self, sock: FakeSocket, writer: Writer, name: str) -> None:
        self.socket = sock
        self.writer = writer
        self.name = name

    def events(self) -> list[m.Event]:
        """Return what has been received whole."""
        whole, _, _ = self.socket.received.rpartition(b"\n")
        return codec.decode_events(whole)


class SimulatedServer:
    """The server, its clients, and the schedule."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = 1000.0
        self.history = FailingHistory(10_000)
        self.clients: list[Client] = []
        self._descriptors = 0
        self._depth = 0
        self.act: Callable[[], None] = lambda: None
        """What other threads do meanwhile."""
        self.start()

    def start(self) -> None:
        """Start the server on the log that there is; the clients of an earlier run are gone."""
        self.clients.clear()
        self.history.rollback()  # what was not stored is lost
        self.poller = FakePoller()
        config = Config(grace=_GRACE, backlog=20_000, replay=500)
        self.fanout = FanOut(config, cast("Any", self.poller), self._drop)
        self.room: Room[Writer] = Room(
            config,
            self.history,
            AuditLog(None),
            lambda *_: [],
            lambda writer: writer.host,
            lambda: self.now,
            MachineClock(lambda: self.now),
        )
        self.sequencer = Sequencer(self._commit, self.fanout.deliver, lambda: None)

    def _commit(self, outcomes: list[Outcome[Any]]) -> list[Outcome[Any]]:
        self.interrupt()
        return self.room.commit(outcomes)

    def _drop(self, writer: Writer) -> None:
        self.sequencer.defer(lambda: self.room.leave(writer, hold_name=True, bye="slow", reason="slow"))

    def interrupt(self) -> None:
        """Let other threads do something now, sometimes."""
        if not self._depth and self.rng.random() < 0.1:
            self._depth += 1
            for _ in range(self.rng.randint(1, 6)):
                self.act()
            self._depth -= 1

    def connect(self, name: str, **fields: Any) -> Client:
        """Connect and join."""
        self._descriptors += 1
        sock = FakeSocket(self.rng, self._descriptors, self.interrupt)
        writer = Writer(cast("Any", sock))
        writer.output = JSON
        client = Client(sock, writer, name)
        self.clients.append(client)
        self.sequencer.submit(self.room.join, writer, m.Join(name, **fields))
        return client

    def disconnect(self, client: Client) -> None:
        """Do what the client's thread does at its end."""
        client.socket.is_reset = True
        self.sequencer.submit(lambda: self.room.leave(client.writer, hold_name=True))
        self.sequencer.submit(self.fanout.release, client.writer)
        self.clients.remove(client)

    def poll(self) -> None:
        """Do what the housekeeper does."""
        writable, self.poller.armed = sorted(self.poller.armed), set()
        self.sequencer.submit(self.fanout.resume, writable)
        self.sequencer.submit(self.room.expire)
        self.sequencer.submit(self.fanout.check_deadlines)
        self.sequencer.run()


@contextmanager
def simulated(seed: int) -> Iterator[SimulatedServer]:
    """Run a server whose clock stands still until the schedule moves it."""
    server = SimulatedServer(seed)

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return server.now

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fanout_module, "time", Clock)
        patch.setattr(sequencer_module, "time", Clock)
        yield server
