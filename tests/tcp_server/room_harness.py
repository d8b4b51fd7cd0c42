"""A room without sockets, whose outcomes are delivered as the fan-out delivers them."""

import time
from typing import Any

from chat_protocol import messages as m
from tcp_server.config import Config
from tcp_server.log.history import History
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.clock import MachineClock
from tcp_server.room.commands import Greeting, LocalEvent, Request, TextJoin
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.outcome import AudienceChange, Outcome
from tcp_server.room.room import Room

SECRET = "a secret that nobody guesses"
OTHER = "another secret that nobody guesses"


def search(connection: str, request: m.Search, _person: bytes) -> list[Outcome[str]]:
    return [Outcome(connection, [m.Found([], more=request.query == "more")])]


class RoomHarness:
    """A room, its clock, and the events that each connection was sent; connections are strings."""

    def __init__(
        self, history: History | None = None, /, audit_log: AuditLog | None = None, **settings: Any
    ) -> None:
        self.now = 1000.0
        self._began = time.time() - self.now
        self.addresses: dict[str, str] = {}
        self.history = history or MemoryHistory(10_000)
        config = Config(**settings)
        self.password = config.moderator_password
        self.room: Room[str] = Room(
            config,
            self.history,
            audit_log or AuditLog(None),
            search,
            lambda connection: self.addresses.get(connection, ""),
            lambda: self.now,
            MachineClock(lambda: self._began + self.now),
        )
        self.sanctions = self.room._fold.sanctions
        self.audience: dict[str, None] = {}
        self._received: dict[str, list[m.Event | LocalEvent]] = {}

    def deliver(self, outcomes: list[Outcome[str]]) -> None:
        for outcome in self.room.commit(outcomes):
            for other in self.audience:
                if other != outcome.connection:
                    self._received.setdefault(other, []).extend(outcome.shared)
            if outcome.connection is not None:
                self._received.setdefault(outcome.connection, []).extend(outcome.answer)
                if outcome.audience_change is AudienceChange.JOIN:
                    self.audience[outcome.connection] = None
                elif outcome.audience_change is AudienceChange.LEAVE:
                    self.audience.pop(outcome.connection, None)

    def handle(self, connection: str, *requests: Request) -> None:
        self.deliver(self.room.handle(connection, requests))

    def join_as_text(self, connection: str, name: str) -> None:
        """Join in a text dialect, which must succeed, and drop the greeting."""
        self.deliver(self.room.join(connection, TextJoin(name)))
        (greeting,) = self.received(connection)
        assert isinstance(greeting, Greeting)

    def join(self, connection: str, name: str, **fields: Any) -> m.Welcome:
        """Join in the JSON dialect, which must succeed."""
        self.deliver(self.room.join(connection, m.Join(name, **fields)))
        welcome, *self._received[connection] = self.received(connection)
        assert isinstance(welcome, m.Welcome)
        return welcome

    def try_join(self, connection: str, request: m.Join | TextJoin) -> list[str]:
        """Join, and return the answer in short."""
        self.deliver(self.room.join(connection, request))
        return self.summary(connection)

    def join_as_moderator(self, connection: str, name: str, **fields: Any) -> m.Welcome:
        """Join in the JSON dialect and become a moderator, with the password in the settings."""
        welcome = self.join(connection, name, **fields)
        self.handle(connection, m.Authenticate(self.password))
        assert m.Role(moderator=True) in self.received(connection)
        return welcome

    def moderate(self, connection: str, act: m.Act, target: str = "", **fields: Any) -> None:
        self.handle(connection, m.Moderate(act, target, **fields))

    def leave(self, connection: str, *, hold_name: bool = True, **reasons: Any) -> None:
        self.deliver(self.room.leave(connection, hold_name=hold_name, **reasons))

    def advance(self, seconds: float) -> None:
        """Let the time pass, and expire what is over."""
        self.now += seconds
        self.deliver(self.room.expire())

    def received(self, connection: str) -> list[m.Event | LocalEvent]:
        """Return the events that a connection was sent since the last call."""
        return self._received.pop(connection, [])

    def summary(self, connection: str) -> list[str]:
        """Return `received`, each event in short and without its time."""
        return [summarize(event) for event in self.received(connection)]


def moderated_room(**settings: Any) -> RoomHarness:
    """Return a room with the moderator Анна ("a"), Боб ("b"), and Вера ("c") in a text dialect."""
    harness = RoomHarness(moderator_password="страж", **settings)
    harness.join_as_moderator("a", "Анна")
    harness.join("b", "Боб", session=SECRET)
    harness.join_as_text("c", "Вера")
    for connection in "abc":
        harness.received(connection)
    return harness


def spoken(room: RoomHarness, connection: str, name: str) -> str:
    """Join, speak and leave; return the secret."""
    secret = room.join(connection, name).session
    room.handle(connection, m.Say("hello", "1"))
    room.leave(connection, hold_name=False)
    room.received(connection)
    return secret


def ban(harness: RoomHarness, target: str, **fields: Any) -> None:
    """Ban somebody as the moderator, and drop what everybody is sent for it."""
    harness.moderate("a", "ban", target, **fields)
    for connection in "abc":
        harness.received(connection)


def summarize(event: m.Event | LocalEvent) -> str:  # noqa: C901 - one case per event
    match event:
        case m.Message():
            return f"#{event.id} {event.name}: {event.text}"
        case m.Ack():
            return f"ack {event.ref} #{event.id}"
        case m.Joined() | m.Typing():
            return f"{type(event).__name__.lower()} {event.name}"
        case m.Left():
            return f"left {event.name} {event.reason}" if event.reason else f"left {event.name}"
        case m.Error():
            return f"error {event.code} {event.ref}" if event.ref else f"error {event.code}"
        case m.Changed():
            return f"#{event.id} {event.act} #{event.message.id}"
        case m.Bye():
            return f"bye {event.reason}"
        case m.Pong():
            return "pong"
        case Greeting():
            return "greeting"
        case m.Role():
            return f"role {event.moderator}"
    raise AssertionError(event)


def ids(page: m.Welcome | m.HistoryPage) -> list[int]:
    return [message.id for message in page.messages]


def say_many(harness: RoomHarness, connection: str, count: int, size: int = 1) -> None:
    harness.handle(connection, *[m.Say("a" * size) for _ in range(count)])
