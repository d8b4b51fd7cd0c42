"""The room without sockets: a hall that hears outcomes the way fan-out would deliver them."""

import time
from typing import Any

from chat_protocol import messages as m
from tcp_server.config import Config
from tcp_server.log.history import History, MemoryHistory
from tcp_server.room.commands import LocalEvent, Request, TextJoin
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.outcome import Outcome, Presence
from tcp_server.room.room import Room


def search(connection: str, request: m.Search) -> list[Outcome[str]]:
    return [Outcome(connection, [m.Found([], more=request.query == "more")])]


class Hall:
    """A room, its clock, and what each connection has heard since it was last asked."""

    def __init__(
        self, history: History | None = None, audit_log: AuditLog | None = None, **settings: Any
    ) -> None:
        self.now = 1000.0
        self._began = time.time() - self.now
        self.addresses: dict[str, str] = {}
        self.history = history or MemoryHistory(10_000)
        config = Config(**settings)
        self.password = config.moderator_password
        self.sanctions = Sanctions(
            audit_log or AuditLog(None), config.trusted_proxy, lambda: self._began + self.now
        )
        self.room: Room[str] = Room(
            config,
            self.history,
            search,
            lambda connection: self.addresses.get(connection, ""),
            self.sanctions,
            lambda: self.now,
        )
        self.audience: dict[str, None] = {}
        self._heard: dict[str, list[m.Event | LocalEvent]] = {}

    def take(self, outcomes: list[Outcome[str]]) -> None:
        for outcome in self.room.commit(outcomes):
            for listener in self.audience:
                if listener != outcome.connection:
                    self._heard.setdefault(listener, []).extend(outcome.shared)
            if outcome.connection is not None:
                self._heard.setdefault(outcome.connection, []).extend(outcome.answer)
                if outcome.presence is Presence.ENTERS:
                    self.audience[outcome.connection] = None
                elif outcome.presence is Presence.LEAVES:
                    self.audience.pop(outcome.connection, None)

    def do(self, connection: str, *requests: Request) -> None:
        self.take(self.room.handle(connection, requests))

    def introduce(self, connection: str, name: str) -> None:
        """Join as plain and lines do."""
        self.take(self.room.join(connection, TextJoin(name)))

    def join(self, connection: str, name: str, **fields: Any) -> m.Welcome:
        """Join as json does."""
        self.take(self.room.join(connection, m.Join(name, **fields)))
        (welcome,) = self.heard(connection)
        assert isinstance(welcome, m.Welcome)
        return welcome

    def enthrone(self, connection: str, name: str, **fields: Any) -> m.Welcome:
        """Join as json does, and become a moderator; the hall's password is its setting."""
        welcome = self.join(connection, name, **fields)
        self.do(connection, m.Authenticate(self.password))
        assert m.Role(moderator=True) in self.heard(connection)
        return welcome

    def act(self, connection: str, act: m.Act, target: str = "", **fields: Any) -> None:
        self.do(connection, m.Moderate(act, target, **fields))

    def leave(self, connection: str, *, hold_name: bool = True, **reasons: str) -> None:
        self.take(self.room.leave(connection, hold_name=hold_name, **reasons))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.take(self.room.expire())

    def heard(self, connection: str) -> list[m.Event | LocalEvent]:
        return self._heard.pop(connection, [])

    def summary(self, connection: str) -> list[str]:
        """What was heard, times left out."""
        return [short(event) for event in self.heard(connection)]


def short(event: m.Event | LocalEvent) -> str:
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
        case m.Bye():
            return f"bye {event.reason}"
        case m.Pong():
            return "pong"
        case m.Role():
            return f"role {event.moderator}"
    raise AssertionError(event)


def ids(page: m.Welcome | m.HistoryPage) -> list[int]:
    return [message.id for message in page.messages]


def talk(hall: Hall, connection: str, count: int, size: int = 1) -> None:
    hall.do(connection, *[m.Say("a" * size) for _ in range(count)])
