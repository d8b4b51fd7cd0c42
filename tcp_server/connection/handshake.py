"""The handshake with one client: PROXY header, dialect, name, password."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from chat_protocol.errors import BadMessage
from chat_protocol.messages import Error, Join, Leave, Say
from chat_protocol.proxy_header import BadHeader, parse_header
from tcp_server.config import Config
from tcp_server.connection.admission import Admission, Refusal
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.password_attempts import Disconnect, PasswordAttempts, error_codes
from tcp_server.connection.rate_limits import Budget, Budgets
from tcp_server.connection.reader import Reader, ReadTimeout
from tcp_server.connection.writer import Writer
from tcp_server.dialects.dialect import Dialect, NotChat, detect
from tcp_server.room.commands import Request, TextJoin
from tcp_server.room.outcome import Outcome, with_ref
from tcp_server.room.rates import Kind
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer

_log = logging.getLogger(__name__)

_ATTEMPT_RATE = 1.0
_ATTEMPT_BURST = 10
"""Requests that a client may send before it has joined: per second, and at once."""

_REFUSAL_TIMEOUT = 1.0
"""Seconds to wait until the dialect of a refused client is known, in which the reason is sent."""


class Services(NamedTuple):
    """What all client threads share."""

    config: Config
    admission: Admission
    sequencer: Sequencer
    room: Room[Writer]
    fanout: FanOut
    budgets: Budgets


class Handshake:
    """Takes one client from its first byte to its join. Owned by that client's thread.

    Raises `Disconnect`, and what `Reader` raises.
    """

    def __init__(
        self, reader: Reader, writer: Writer, services: Services, password_attempts: PasswordAttempts
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._services = services
        self._password_attempts = password_attempts
        timeout = services.config.name_timeout
        self._deadline = time.monotonic() + timeout if timeout else None
        self._attempts = Budget(_ATTEMPT_RATE if services.config.rate else 0, _ATTEMPT_BURST)
        self._budget: Budget | None = None  # set once the client has joined
        self._password: str | None = None  # a correct password, kept while the name is refused

    def detect_dialect(self) -> tuple[Dialect, bytes]:
        """Read until the dialect is known; return it and the bytes read. Raises `NotChat`."""
        refusal, first = self._read_proxy_header()
        if refusal:
            self._deadline = time.monotonic() + _REFUSAL_TIMEOUT
        opening = bytearray(first)
        searched = 0
        while (dialect := detect(opening, searched) if opening else None) is None:
            searched = len(opening)
            opening += self._reader.receive_until(self._deadline)
        self._writer.dialect = type(dialect)
        if refusal:
            raise Disconnect(refusal)
        return dialect, bytes(opening)

    def join(self, dialect: Dialect, chunk: bytes) -> tuple[Sequence[Request], Budget]:
        """Ask until the client has joined; return the requests sent after its join, and its budget."""
        awaiting_password: TextJoin | None = None
        while True:
            requests = dialect.decode(chunk)
            if not requests:
                self._throttle(Kind.OTHER)
            for position, request in enumerate(requests):
                self._throttle(Kind.SAYS)
                join = self._parse_join(dialect, request, awaiting_password)
                codes = error_codes(self._join(join))
                if self._budget is not None:
                    return requests[position + 1 :], self._budget
                if not codes & {"password_required", "password_wrong"}:
                    awaiting_password = None
                elif isinstance(join, TextJoin):
                    awaiting_password = join
                if any(code.startswith("name_") for code in codes):  # names are checked after the password
                    self._password = getattr(join, "password", None)
            chunk = self._reader.receive_until(self._deadline)

    def _read_proxy_header(self) -> tuple[Refusal | None, bytes]:
        """Read the header of a trusted proxy; return why its client is refused, and the bytes after it."""
        host = self._writer.host
        if not self._services.admission.trusts(host):
            return None, b""
        opening = b""
        try:
            while (header := parse_header(opening)) is None:
                opening += self._reader.receive_until(self._deadline)
        except BadHeader:
            _log.warning("%s sent a broken PROXY header", host)
            raise NotChat from None
        refusal = None
        if header.client is not None:
            refusal = self._services.admission.enter_proxied(header.client)
            if refusal is None:
                self._writer.host = header.client
        return refusal, opening[header.length :]

    def _throttle(self, kind: Kind) -> None:
        while not self._attempts.take_some(kind, [1]):
            seconds = self._attempts.seconds_until(Counter({kind: 1}))
            if self._deadline is not None:
                seconds = min(seconds, self._deadline - time.monotonic())
            if seconds <= 0:
                raise ReadTimeout
            self._reader.pause(seconds)

    def _parse_join(
        self, dialect: Dialect, request: Request, awaiting_password: TextJoin | None
    ) -> Join | TextJoin | BadMessage:
        """Return the join for a request: a text after a name is the password. Raises `Disconnect`."""
        match request:
            case Leave(ref=ref):
                raise Disconnect("left", ref)
            case BadMessage(code="bad_utf8"):
                raise Disconnect("bad_utf8")
            case Say(text=text) if awaiting_password is not None:
                return awaiting_password._replace(password=text)
        if awaiting_password is not None:  # not for the name again: a password typed there would be public
            return BadMessage("password_required", "the password, please")
        join = dialect.parse_join(request)
        return join._replace(password=self._password) if isinstance(join, TextJoin) else join

    def _join(self, join: Join | TextJoin | BadMessage) -> Sequence[Outcome[Writer]]:
        password = getattr(join, "password", None)
        if self._services.config.password and password and password != self._password:
            return self._password_attempts.attempt("room", self._admit, join, ref=getattr(join, "ref", None))
        return self._services.sequencer.call(self._admit, join)

    def _admit(self, join: Join | TextJoin | BadMessage) -> Sequence[Outcome[Writer]]:
        """Work for the sequencer: join, or return why not."""
        if self._writer.ends_at is not None:  # it is closing already
            return [Outcome(self._writer)]
        if isinstance(join, BadMessage):
            return [Outcome(self._writer, [Error(join.code, join.text, join.ref)])]
        outcomes = self._services.room.join(self._writer, join)
        if (member := self._services.room.member_of(self._writer)) is not None:
            self._budget = self._services.budgets.of(member)
        return with_ref(outcomes, self._writer, getattr(join, "ref", None))
