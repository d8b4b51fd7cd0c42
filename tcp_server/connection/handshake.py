"""How one client comes in: for whom it speaks, how it speaks, its name, the password."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from chat_protocol.errors import BadMessage
from chat_protocol.messages import Error, Join, Leave, Say
from chat_protocol.proxy_header import BadHeader, read_header
from tcp_server.config import Config
from tcp_server.connection.admission import Admission, Refusal
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.password_attempts import Disconnect, PasswordAttempts, error_codes
from tcp_server.connection.rate_limits import Budget, Budgets
from tcp_server.connection.reader import Reader, Silent
from tcp_server.connection.writer import Writer
from tcp_server.dialects.dialect import Dialect, NotChat, detect
from tcp_server.room.commands import Request, TextJoin
from tcp_server.room.outcome import Outcome, labelled
from tcp_server.room.rates import Kind
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer

_log = logging.getLogger(__name__)

_ATTEMPT_RATE = 1.0
_ATTEMPT_BURST = 10
"""How fast a client may say what does not let it in."""

_REFUSAL_TIMEOUT = 1.0
"""Seconds in which one that is not let in may show in which dialect to tell it so."""


class Services(NamedTuple):
    """What the threads of all clients share."""

    config: Config
    admission: Admission
    sequencer: Sequencer
    room: Room[Writer]
    fanout: FanOut
    budgets: Budgets


class Handshake:
    """The first part of one client's conversation. Owned by that client's thread.

    Raises `Disconnect` and what the reader raises.
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
        self._budget: Budget | None = None  # of the member it has become
        self._password: str | None = None  # what was shown and is right, though the name was not

    def find_dialect(self) -> tuple[Dialect, bytes]:
        """Wait for as many first bytes as show the dialect; return it, and them too. Raises `NotChat`."""
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
        """Ask until the client has a name it may have; return what it wants beyond that, and may."""
        named: TextJoin | None = None  # who is asked for the password
        while True:
            requests = dialect.read(chunk)
            if not requests:
                self._throttle(Kind.OTHER)
            for position, request in enumerate(requests):
                self._throttle(Kind.SAYS)
                entry = self._parse_join(dialect, request, named)
                found = error_codes(self._join(entry))
                if self._budget is not None:
                    return requests[position + 1 :], self._budget
                if not found & {"password_required", "password_wrong"}:
                    named = None
                elif isinstance(entry, TextJoin):
                    named = entry
                if any(code.startswith("name_") for code in found):  # looked at behind the password
                    self._password = getattr(entry, "password", None)
            chunk = self._reader.receive_until(self._deadline)

    def _read_proxy_header(self) -> tuple[Refusal | None, bytes]:
        """Learn who is behind a proxy; return why that one is not let in, and the bytes that came then."""
        host = self._writer.host
        if not self._services.admission.trusts(host):
            return None, b""
        opening = b""
        try:
            while (header := read_header(opening)) is None:
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
            seconds = self._attempts.wait(Counter({kind: 1}))
            if self._deadline is not None:
                seconds = min(seconds, self._deadline - time.monotonic())
            if seconds <= 0:
                raise Silent
            self._reader.pause(seconds)

    def _parse_join(
        self, dialect: Dialect, request: Request, named: TextJoin | None
    ) -> Join | TextJoin | BadMessage:
        """Read what is said before the join: a line behind a name is its password. Raises `Disconnect`."""
        match request:
            case Leave(ref=ref):
                raise Disconnect("left", ref)
            case BadMessage(code="bad_utf8"):
                raise Disconnect("bad_utf8")
            case Say(text=text) if named is not None:
                return named._replace(password=text)
        if named is not None:  # never the name: a password would be typed there for all to see
            return BadMessage("password_required", "the password, please")
        entry = dialect.parse_join(request)
        return entry._replace(password=self._password) if isinstance(entry, TextJoin) else entry

    def _join(self, entry: Join | TextJoin | BadMessage) -> Sequence[Outcome[Writer]]:
        password = getattr(entry, "password", None)
        if self._services.config.password and password and password != self._password:
            return self._password_attempts.attempt(
                "room", self._admit, entry, ref=getattr(entry, "ref", None)
            )
        return self._services.sequencer.call(self._admit, entry)

    def _admit(self, entry: Join | TextJoin | BadMessage) -> Sequence[Outcome[Writer]]:
        """Work for the sequencer: what an entry comes to."""
        if self._writer.ends_at is not None:  # the goodbye has been said
            return [Outcome(self._writer)]
        if isinstance(entry, BadMessage):
            return [Outcome(self._writer, [Error(entry.code, entry.text, entry.ref)])]
        outcomes = self._services.room.join(self._writer, entry)
        if (member := self._services.room.member_of(self._writer)) is not None:
            self._budget = self._services.budgets.of(member)
        return labelled(outcomes, self._writer, getattr(entry, "ref", None))
