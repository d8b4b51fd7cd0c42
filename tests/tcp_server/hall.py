"""The room without sockets: a hall that hears outcomes the way fan-out would deliver them."""

from typing import Any

from chat_protocol import messages as m
from tcp_server.commands import Introduce, LocalEvent, Wish
from tcp_server.config import Config
from tcp_server.history import MemoryHistory
from tcp_server.outcome import Outcome, Presence
from tcp_server.room import Room


def search(connection: str, wish: m.Search) -> list[Outcome[str]]:
    return [Outcome(connection, [m.Found([], more=wish.query == "more")])]


class Hall:
    """A room, its clock, and what each connection has heard since it was last asked."""

    def __init__(self, history: MemoryHistory | None = None, **settings: Any) -> None:
        self.now = 1000.0
        self.history = history or MemoryHistory(10_000)
        self.room: Room[str] = Room(Config(**settings), self.history, search, lambda: self.now)
        self.audience: dict[str, None] = {}
        self._heard: dict[str, list[m.Event | LocalEvent]] = {}

    def take(self, outcomes: list[Outcome[str]]) -> None:
        for outcome in self.room.settle(outcomes):
            for listener in self.audience:
                if listener != outcome.connection:
                    self._heard.setdefault(listener, []).extend(outcome.shared)
            if outcome.connection is not None:
                self._heard.setdefault(outcome.connection, []).extend(outcome.answer)
                if outcome.presence is Presence.ENTERS:
                    self.audience[outcome.connection] = None
                elif outcome.presence is Presence.LEAVES:
                    self.audience.pop(outcome.connection, None)

    def do(self, connection: str, *wishes: Wish) -> None:
        self.take(self.room.handle(connection, wishes))

    def introduce(self, connection: str, name: str) -> None:
        """Join as plain and lines do."""
        self.take(self.room.join(connection, Introduce(name)))

    def join(self, connection: str, name: str, **fields: Any) -> m.Welcome:
        """Join as json does."""
        self.take(self.room.join(connection, m.Join(name, **fields)))
        (welcome,) = self.heard(connection)
        assert isinstance(welcome, m.Welcome)
        return welcome

    def leave(self, connection: str, *, for_good: bool = False, **reasons: str) -> None:
        self.take(self.room.leave(connection, for_good=for_good, **reasons))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.take(self.room.tend())

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
    raise AssertionError(event)


def ids(page: m.Welcome | m.History) -> list[int]:
    return [message.id for message in page.messages]


def talk(hall: Hall, connection: str, count: int, size: int = 1) -> None:
    hall.do(connection, *[m.Say("a" * size) for _ in range(count)])
