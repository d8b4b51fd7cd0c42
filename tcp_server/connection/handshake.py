"""The handshake with one client: PROXY header, dialect, name, password."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

from chat_protocol.commands import ChangeOutput, UseCode
from chat_protocol.errors import BadMessage
from chat_protocol.messages import About, Error, Event, Join, Leave, Say, Welcome
from chat_protocol.proxy_header import BadHeader, parse_header
from tcp_server.config import Config
from tcp_server.connection.admission import Admission, Refusal
from tcp_server.connection.bandwidth import Bandwidths
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.password_attempts import Disconnect, PasswordAttempts, error_codes
from tcp_server.connection.rate_limits import Budget, Budgets
from tcp_server.connection.reader import EndOfInput, Reader, ReadTimeout
from tcp_server.connection.writer import Writer
from tcp_server.dialects.dialect import Dialect, Plain
from tcp_server.dialects.opening import NotChat, Opening
from tcp_server.dialects.output import JSON
from tcp_server.dialects.telnet import WILL_TIMING_MARK
from tcp_server.room.commands import LocalEvent, NamePrompt, Request, TextJoin, TimingMarks
from tcp_server.room.outcome import Outcome, with_ref
from tcp_server.room.rates import Kind
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer
from tcp_server.texts.russian import RUSSIAN

_ATTEMPT_RATE = 1.0
_ATTEMPT_BURST = 10
"""Requests that a client may send before it has joined: per second, and at once."""

_REFUSAL_TIMEOUT = 1.0
"""Seconds to wait until the dialect of a refused client is known, in which the reason is sent."""

_LINE_END_TIMEOUT = 0.2
"""Seconds that the end of a Telnet client's first line may come after it."""

_PAUSE_IN_SCRIPT = 0.1
"""Seconds without a byte after which a client whose name is refused can have read that."""

_MAX_DROPPING = 2.0
"""Maximum seconds in which requests after a refused name are dropped."""

_DROPPING_PAUSE = 0.01
"""Pause, in seconds, after each dropped chunk: to decode it costs as much as any other."""


class Turns(Protocol):
    """Makes the threads of clients wait for the entries of a room that is shared with other servers."""

    def settle(self, writer: Writer) -> None:
        """Wait until all was applied that a connection has asked for before."""

    def admit(self) -> None:
        """Wait while too much is proposed and not applied."""


class Services(NamedTuple):
    """What all client threads share."""

    config: Config
    admission: Admission
    sequencer: Sequencer
    room: Room[Writer]
    fanout: FanOut
    budgets: Budgets
    bandwidths: Bandwidths
    turns: Turns | None = None  # None: what is proposed is applied at once


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
        self._code = ""  # the same of a one-time code
        self._refusal: Sequence[Outcome[Writer]] = ()  # of a name in a text dialect, not yet sent
        self._in_dropped_line = False  # the line that is being received began with dropped bytes

    def detect_dialect(self) -> tuple[Dialect, Sequence[Request]]:
        """Read until the dialect is known; return it and the first requests. Raises `NotChat`."""
        refusal, first = self._read_proxy_header()
        if refusal:
            self._deadline = time.monotonic() + _REFUSAL_TIMEOUT
        opening = Opening()
        opening.feed(first)
        while (dialect := opening.dialect()) is None:
            self._receive(opening, self._deadline)
        if opening.is_telnet and isinstance(dialect, Plain):  # PuTTY sends a line and its end apart
            with suppress(ReadTimeout):
                self._receive(opening, self._at_most(_LINE_END_TIMEOUT))
                dialect = opening.dialect() or dialect
        self._writer.output = dialect.output
        if refusal:
            raise Disconnect(refusal)
        requests = dialect.parse(opening.data)
        return dialect, [*requests, *dialect.finish(), Leave()] if opening.ended else requests

    def _receive(self, opening: Opening, deadline: float | None) -> None:
        """Wait for more first bytes; after Ctrl-C a Telnet client waits for an answer to its mark."""
        try:
            opening.feed(self._reader.receive_until(deadline))
        except EndOfInput:
            opening.ended = True
        if marks := opening.take_marks():
            self._answer_marks(marks)
        if opening.ended and not opening.data:
            raise EndOfInput

    def _answer_marks(self, number: int) -> None:
        self._throttle(Kind.OTHER)
        self._services.sequencer.submit(self._services.fanout.send, self._writer, number * WILL_TIMING_MARK)

    def _at_most(self, seconds: float) -> float:
        """Return the moment in so many seconds, or the deadline if that is sooner."""
        moment = time.monotonic() + seconds
        return moment if self._deadline is None else min(moment, self._deadline)

    def join(self, dialect: Dialect, requests: Sequence[Request]) -> tuple[Sequence[Request], Budget]:
        """Ask until the client has joined; return the requests sent after its join, and its budget."""
        awaiting_password: TextJoin | None = None
        while True:
            if not requests:
                self._throttle(Kind.OTHER)
            for position, request in enumerate(requests):
                if self._needs_no_join(request, awaiting_password):
                    continue
                self._throttle(Kind.SAYS)
                join = self._parse_join(dialect, request, awaiting_password)
                outcomes = self._join(join)
                found = error_codes(outcomes or self._refusal)
                if self._budget is not None:
                    self._refund_join(outcomes)
                    return requests[position + 1 :], self._budget
                if not found & {"password_required", "password_wrong"}:
                    awaiting_password = None
                elif isinstance(join, TextJoin):
                    awaiting_password = join
                if any(code.startswith("name_") for code in found):  # names are checked after the password
                    self._password = getattr(join, "password", None)
                    self._code = join.code if isinstance(join, TextJoin) else ""
                if self._refusal:
                    self._refuse_name(dialect, requests[position + 1 :])
                    break
            requests = self._read(dialect)

    def _refund_join(self, outcomes: Sequence[Outcome[Writer]]) -> None:
        for event in (event for outcome in outcomes for event in outcome.answer):
            if isinstance(event, Welcome) and event.resumed:
                self._services.admission.refund_join(self._writer.host, event.session)

    def _read(self, dialect: Dialect) -> Sequence[Request]:
        """Wait for bytes until the deadline and parse them; the end of input ends a line."""
        try:
            chunk = self._reader.receive_until(self._deadline)
            if self._in_dropped_line:
                _, end, chunk = chunk.partition(b"\n")
                self._in_dropped_line = not end
            return dialect.decode(chunk)
        except EndOfInput:
            if requests := dialect.finish():
                return requests
            raise

    def _needs_no_join(self, request: Request, awaiting_password: TextJoin | None = None) -> bool:
        """Carry out a request that needs no join; return whether it was one."""
        match request:
            case About(ref=ref):
                self._throttle(Kind.SAYS)
                self._services.sequencer.submit(self._services.room.about, self._writer, ref)
            case TimingMarks(number=number):
                self._answer_marks(number)
            case ChangeOutput():
                self._throttle(Kind.OTHER)
                self._services.sequencer.submit(self._services.fanout.change_output, self._writer, request)
                prompt = NamePrompt() if awaiting_password is None else Error("password_required", "")
                self._services.sequencer.submit(self._answer, prompt)
            case _:
                return False
        return True

    def _answer(self, *events: Event | LocalEvent) -> Sequence[Outcome[Writer]]:
        return [Outcome(self._writer, events)]

    def _refuse_name(self, dialect: Dialect, later: Sequence[Request]) -> None:
        """Send the refusal, after `later` and all else that a script sends without reading is dropped.

        Otherwise its next line, which is meant for the room, would become its name.
        """
        try:
            self._drop(dialect, later)
        finally:
            refusal, self._refusal = self._refusal, ()
            self._services.sequencer.submit(lambda: refusal)

    def _drop(self, dialect: Dialect, requests: Sequence[Request]) -> None:
        """Drop requests and all bytes that come without a pause, but for `/quit`."""
        end = time.monotonic() + _MAX_DROPPING
        with suppress(ReadTimeout):
            while True:
                for request in requests:
                    if not self._needs_no_join(request) and isinstance(request, Leave):
                        raise Disconnect("left")
                if time.monotonic() > end:
                    break
                requests = dialect.decode(self._reader.receive_until(self._at_most(_PAUSE_IN_SCRIPT)))
                self._reader.pause(_DROPPING_PAUSE)
        self._in_dropped_line = dialect.forget()

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
            raise NotChat("bad_proxy_header") from None
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
            case UseCode(code=code):
                return TextJoin("", code=code)
            case Say(text=text) if awaiting_password is not None:
                return awaiting_password._replace(password=text)
            case BadMessage(code="not_utf8") if awaiting_password is not None:
                self._services.sequencer.submit(self._answer, Error("not_utf8", request.text))
            case BadMessage(code="not_utf8"):
                return BadMessage("name_not_utf8", request.text)
        if awaiting_password is not None:  # not for the name again: a password typed there would be public
            return BadMessage("password_required", "the password, please")
        join = dialect.parse_join(request)
        if isinstance(join, TextJoin):
            return join._replace(password=self._password, code=self._code)
        return join

    def _join(self, join: Join | TextJoin | BadMessage) -> Sequence[Outcome[Writer]]:
        """Join, or find out why not; return what was decided."""
        decision: list[Outcome[Writer]] = []
        if isinstance(join, BadMessage) or not self._is_attempt(join):
            outcomes = self._services.sequencer.call(self._admit, join, decision)
        else:
            outcomes = self._password_attempts.attempt(
                "room",
                self._admit,
                join,
                decision,
                ref=getattr(join, "ref", None),
                prompt=None if join.code else Error("password_required", "the password, please"),
            )
        if not decision and self._services.turns:
            self._services.turns.settle(self._writer)
        decided = decision or outcomes
        if isinstance(join, TextJoin) and join.code and error_codes(decided) & {"bad_code", "too_fast"}:
            self._code, self._refusal = "", self._answer(NamePrompt())  # the error has been sent
        return decided

    def _is_attempt(self, join: Join | TextJoin) -> bool:
        """Return whether a join tries a password or a code that is not known to be right."""
        is_new = bool(join.password) and join.password != self._password
        return bool(join.code) or (is_new and bool(self._services.config.password))

    def _admit(
        self, join: Join | TextJoin | BadMessage, decision: list[Outcome[Writer]]
    ) -> Sequence[Outcome[Writer]]:
        """Work for the sequencer: join, or return why not; `decision` is filled when that is known."""
        if self._writer.ends_at is not None:  # it is closing already
            return [Outcome(self._writer)]
        ref = getattr(join, "ref", None)
        if isinstance(join, BadMessage):
            return self._decide(decision, ref, [Outcome(self._writer, [Error(join.code, join.text)])])
        return self._services.room.join(self._writer, join, partial(self._decide, decision, ref))

    def _decide(
        self, decision: list[Outcome[Writer]], ref: str | None, outcomes: list[Outcome[Writer]]
    ) -> list[Outcome[Writer]]:
        """Take note of what a join has led to, under the room lock; return what is sent of it."""
        decision += with_ref(outcomes, self._writer, ref)
        if (member := self._services.room.member_of(self._writer)) is not None:
            self._budget = self._services.budgets.of(member)
        return [*self._hold_refusal(decision)]

    def _hold_refusal(self, outcomes: Sequence[Outcome[Writer]]) -> Sequence[Outcome[Writer]]:
        """Keep the refusal of a name in a text dialect: it is sent later."""
        if self._writer.output is JSON or error_codes(outcomes).isdisjoint(RUSSIAN.refusals):
            return outcomes
        self._refusal = outcomes
        return []
