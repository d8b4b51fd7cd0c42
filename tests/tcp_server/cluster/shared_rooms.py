"""Several servers of one room without sockets, threads and Redis: the journal is a list."""

import random
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from chat_protocol import messages as m
from tcp_server.config import Config
from tcp_server.log.retention import Limits
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room import proposals as p
from tcp_server.room.commands import LocalEvent
from tcp_server.room.marks import AwayHere
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.outcome import AudienceChange, Outcome
from tcp_server.room.outputs import Previewed
from tcp_server.room.redaction import without_text
from tcp_server.room.shared_room import SharedRoom
from tcp_server.room.steps import Step

BEGINNING: Final = 1_790_000_000.0

PASSWORD: Final = "страж"


class Journal:
    """The entries that all servers read."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self.steps: list[Step] = []

    def add(self, data: bytes) -> None:
        at = int(self.now * 1000)
        last = self.steps[-1].position if self.steps else 0
        self.steps.append(Step.read(max(at << 20, last + 1), at, data))


class Server:
    """One server: its room, and what it proposes until it is added to the journal."""

    def __init__(self, journal: Journal, path: Path, name: str, **settings: Any) -> None:
        self.journal = journal
        self.name = name
        limits = Limits(days=settings.get("keep_days", 0))
        self.history = SqliteHistory(path, limits=limits, redact=without_text)
        self.history.epoch = "as founded"
        self.waiting: deque[tuple[bytes, Sequence[p.AnyProposal]]] = deque()
        self.audience: dict[str, None] = {}
        self.received: dict[str, list[m.Event | LocalEvent]] = {}
        self.told: list[m.Typing | Previewed | AwayHere] = []
        self._incarnation = b""
        self._seq = 0
        self.room: SharedRoom[str] = SharedRoom(
            Config(moderator_password=PASSWORD, **settings),
            self.history,
            AuditLog(None),
            lambda *_: [],
            lambda connection: connection.partition(" ")[2],
            lambda *batch: self.waiting.append(batch),
            self.told.append,
            lambda *_: None,
            name,
            clock=lambda: journal.now - BEGINNING,
        )
        self._applied = next(
            (i for i, step in enumerate(journal.steps) if step.position > self.room.view.position),
            len(journal.steps),
        )

    @property
    def behind(self) -> int:
        """How many entries it has not applied."""
        return len(self.journal.steps) - self._applied

    def deliver(self, outcomes: list[Outcome[str]]) -> None:
        for outcome in self.room.commit(outcomes):
            for other in self.audience:
                if other != outcome.connection:
                    self.received.setdefault(other, []).extend(outcome.shared)
            if outcome.connection is not None:
                self.received.setdefault(outcome.connection, []).extend(outcome.answer)
                if outcome.audience_change is AudienceChange.JOIN:
                    self.audience[outcome.connection] = None
                elif outcome.audience_change is AudienceChange.LEAVE:
                    self.audience.pop(outcome.connection, None)

    def add(self) -> list[bytes]:
        """Add what was proposed to the journal; return its entries."""
        entries = []
        while self.waiting:
            incarnation, proposals = self.waiting.popleft()
            if incarnation != self._incarnation:
                self._incarnation, self._seq = incarnation, 0
            self._seq += 1
            entries.append(p.encode(p.Entry(p.FORMAT, incarnation, self._seq, proposals)))
        for data in entries:
            self.journal.add(data)
        return entries

    def apply(self, count: int = 1 << 30) -> None:
        steps = self.journal.steps[self._applied : self._applied + count]
        self._applied += len(steps)
        self.deliver(self.room.apply(steps))

    def come_up(self) -> None:
        self.apply()
        self.deliver(self.room.come_up())

    def join(self, connection: str, name: str, session: str, since: m.Position | None = None) -> None:
        self.deliver(self.room.join(connection, m.Join(name, session, since=since)))

    def ask(self, connection: str, *requests: Any) -> None:
        self.deliver(self.room.handle(connection, requests))

    def is_settled(self, connection: str) -> bool:
        settled: list[bool] = []
        self.deliver(self.room.when_settled(connection, lambda: settled.append(True)))
        return bool(settled)

    def take(self, connection: str) -> list[m.Event | LocalEvent]:
        return self.received.pop(connection, [])

    def close(self) -> None:
        self.history.close()


def settle(servers: Sequence[Server]) -> None:
    """Let all be added and applied."""
    while any(server.waiting or server.behind for server in servers):
        for server in servers:
            server.add()
        for server in servers:
            server.apply()
            if not (server.waiting or server.room.view.is_up):
                server.come_up()


class Cluster:
    """Some servers that are up."""

    def __init__(self, folder: Path, count: int = 3, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        self.journal = Journal()
        self.servers = [self._start(number) for number in range(count)]
        settle(self.servers)

    def _start(self, number: int) -> Server:
        server = Server(self.journal, self.folder / f"{number}.db", f"server {number}", **self.settings)
        server.come_up()
        return server

    def restart(self, number: int) -> Server:
        """Kill a server, and start it again."""
        self.servers[number].close()
        self.servers[number] = self._start(number)
        return self.servers[number]

    def settle(self) -> None:
        settle(self.servers)

    def states(self) -> list[Any]:
        return [server.room._fold.state() for server in self.servers]

    def logs(self) -> list[list[m.Message]]:
        return [server.history.before(1 << 60, 100_000) for server in self.servers]

    def close(self) -> None:
        for server in self.servers:
            server.close()


class Client:
    """A person who says things, and comes back to any server with the same session."""

    def __init__(self, cluster: Cluster, number: int, chance: random.Random) -> None:
        self.cluster, self.number, self.chance = cluster, number, chance
        self.name, self.session = f"Person {number}", f"the secret session of {number}"
        self.connections = 0
        self.connection = ""
        self.server: Server | None = None
        self.unacked: dict[str, str] = {}
        self.acked: dict[str, tuple[int, str]] = {}
        self.shown: dict[int, str] = {}
        self.since: m.Position | None = None
        self.is_in = False
        self.said = 0

    def connect(self) -> None:
        self.connections += 1
        self.connection = f"{self.number}.{self.connections} 192.0.2.{self.number}"
        self.server = self.chance.choice(self.cluster.servers)
        self.is_in = False
        self.server.join(self.connection, self.name, self.session, self.since)

    def say(self) -> None:
        self.said += 1
        ref, text = f"ref {self.said}", f"{self.name} says {self.said}"
        self.unacked[ref] = text
        if self.server and self.is_in:
            self.server.ask(self.connection, m.Say(text, ref))

    def cut(self) -> None:
        """Lose the connection; the server notices."""
        if self.server is not None and self.server in self.cluster.servers:
            self.server.deliver(self.server.room.leave(self.connection, hold_name=True))
            self.hear()
        self.server, self.is_in = None, False

    def hear(self) -> None:
        if self.server is None or self.server not in self.cluster.servers:
            self.server, self.is_in = None, False
            return
        for event in self.server.take(self.connection):
            match event:
                case m.Welcome():
                    assert not self.is_in
                    self.is_in = True
                    assert event.missed == 0
                    for message in event.messages:
                        self._show(message)
                    self.since = m.Position(event.epoch, event.last)
                    for ref, text in self.unacked.items():
                        self.server.ask(self.connection, m.Say(text, ref))
                case m.Message():
                    self._show(event)
                case m.Ack(ref=ref, id=id_):
                    assert self.acked.setdefault(ref, (id_, self.unacked.pop(ref, "")))[0] == id_
                    self._advance(id_)
                case m.Bye():
                    self.server, self.is_in = None, False
                    return

    def _show(self, message: m.Message) -> None:
        assert message.id not in self.shown, f"{self.name} is shown {message.id} twice"
        if message.name != self.name:
            self.shown[message.id] = message.text
        self._advance(message.id)

    def _advance(self, id_: int) -> None:
        if self.since is not None:
            self.since = m.Position(self.since.epoch, max(self.since.id, id_))
