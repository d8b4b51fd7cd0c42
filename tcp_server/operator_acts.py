"""What whoever runs the server can do while it runs: see who is connected, kick, drain, log more or less."""

import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final, Protocol, TypeVar, cast, get_args

from chat_protocol.log_event import log_on_request
from chat_protocol.log_format import LogLevel
from chat_protocol.log_output import log_to_stderr
from chat_protocol.message import timestamp
from tcp_server.connection.handshake import Services
from tcp_server.connection.session import Session
from tcp_server.connection.writer import Writer
from tcp_server.dialects.output import JSON, PLAIN
from tcp_server.log.history import History, Unavailable
from tcp_server.operator_socket import Answer, Client, Request
from tcp_server.room.moderation.audit_log import AuditLog, Entry
from tcp_server.room.outcome import Outcome

OPERATOR: Final = "operator"
"""Who acts, in the moderators' record and in the log."""

_ROOM_TIMEOUT = 5.0  # seconds to wait for the room

Outcomes = Sequence[Outcome[Writer]]
R = TypeVar("R")


class Running(Protocol):
    """What a server lets its operator do."""

    def drain(self, reason: str) -> None:
        """Begin to send the clients elsewhere."""

    def not_ready(self) -> str:
        """Return why clients should go elsewhere, or nothing."""

    def sessions(self) -> list[Session]:
        """Return those that are open."""

    def services(self) -> Services:
        """Return what new sessions get."""


class OperatorActs:
    """Answers requests. Any thread but those that hold the room lock."""

    def __init__(self, server: Running, audit_log: AuditLog, history: History) -> None:
        self._server = server
        self._audit_log = audit_log
        self._history = history

    def answer(self, request: Request) -> Answer:
        """Do what is asked for."""
        try:
            return self._answer(request)
        except Unavailable as error:
            return Answer(error=str(error))

    def _answer(self, request: Request) -> Answer:
        match request.act:
            case "list":
                return self._list()
            case "kick":
                return Answer(kicked=self._kick(request.value))
            case "drain" if not self._server.services().config.drain:
                return Answer(error="the setting drain is 0: a stop ends all connections at once")
            case "drain":
                self._run_in_room(lambda: self._record("drain"))
                self._server.drain(OPERATOR)
            case "log-level" if request.value not in get_args(LogLevel):
                return Answer(error=f"{request.value!r} is not {' or '.join(get_args(LogLevel))}")
            case "log-level":
                self._run_in_room(lambda: self._record("log-level", request.value))
                log_to_stderr(cast("LogLevel", request.value))
        return Answer()

    def _list(self) -> Answer:
        services = self._server.services()
        now = time.monotonic()
        sessions = self._server.sessions()
        clients = self._run_in_room(lambda: ([self._client(one, now) for one in sessions], ()))
        return Answer(
            not_ready=self._server.not_ready(),
            clients=clients,
            messages=self._history.last,
            deliveries=services.fanout.figures.deliveries,
        )

    def _client(self, session: Session, now: float) -> Client:
        services, writer = self._server.services(), session.writer
        member = services.room.member_of(writer)
        return Client(
            writer.id,
            member.name if member else "",
            {JSON: "json", PLAIN: "plain"}.get(writer.output, "lines"),
            writer.host,
            now - session.began_at,
            writer.waiting,
            services.budgets.of(member).says_left if member else None,
        )

    def _kick(self, name: str) -> int:
        """End all connections that a member has here; return how many those were. Raises `Unavailable`."""
        room = self._server.services().room

        def kick() -> tuple[int, Outcomes]:
            writers = [one.writer for one in self._server.sessions()]
            found = [one for one in writers if (member := room.member_of(one)) and member.name == name]
            if found:
                self._record("kick", name, [one.host for one in found])
            leaving = [room.leave(one, hold_name=False, bye="kicked", reason="kicked") for one in found]
            return len(found), [outcome for outcomes in leaving for outcome in outcomes]

        return self._run_in_room(kick)

    def _record(self, act: str, target: str = "", addresses: Sequence[str] = ()) -> tuple[None, Outcomes]:
        """Record an act, among those of the moderators. Raises `Unavailable`."""
        at = timestamp(self._server.services().room.now())
        self._audit_log.record(Entry(at, act, OPERATOR, target=target, addresses=addresses))
        log_on_request("operator acts", act=act)
        return None, ()

    def _run_in_room(self, work: Callable[[], tuple[R, Outcomes]]) -> R:
        """Do work under the room lock. Raises `Unavailable`, also if the room does not come to it."""
        done = Event()
        results: list[R] = []
        failures: list[Unavailable] = []

        def run() -> Outcomes:
            outcomes: Outcomes = ()
            try:
                result, outcomes = work()
                results.append(result)
            except Unavailable as error:
                failures.append(error)
            finally:
                done.set()
            return outcomes

        self._server.services().sequencer.submit(run)
        if not done.wait(_ROOM_TIMEOUT):
            raise Unavailable("the room does not answer")
        if failures:
            raise failures[0]
        return results[0]
