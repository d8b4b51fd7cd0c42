"""The thread of one client: handshake, then read its requests and submit them to the room."""

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby

from chat_protocol.commands import ChangeOutput, Help, Show, ShowTopic, Who
from chat_protocol.contract import PROMPT, RESTART
from chat_protocol.errors import BadMessage, LineTooLong
from chat_protocol.log_event import INFO, WARNING, log_event, log_often
from chat_protocol.messages import (
    About,
    Authenticate,
    Bans,
    BodyRequest,
    HistoryRequest,
    Output,
    Ping,
    Say,
    Search,
    Throttled,
    Typing,
    farewell,
)
from chat_protocol.read_size import next_read_size
from tcp_server.connection.handshake import Handshake, Services, Turns
from tcp_server.connection.pacing import Pacer
from tcp_server.connection.password_attempts import Disconnect, PasswordAttempts
from tcp_server.connection.rate_limits import Budget
from tcp_server.connection.reader import EndOfInput, Reader, ReadTimeout
from tcp_server.connection.work_items import ALONE, split_long_texts, work_items
from tcp_server.connection.writer import Writer
from tcp_server.dialects.dialect import Dialect, Json
from tcp_server.dialects.opening import NotChat
from tcp_server.dialects.telnet import WILL_TIMING_MARK
from tcp_server.room.commands import Request, TimingMarks
from tcp_server.room.outcome import AudienceChange, Outcome, with_ref

_MAX_READ = 4096
"""Bytes to read at a time from a client with a rate limit: they stay in memory while it has to wait."""

_YIELD = 0.005
"""Pause, in seconds, after an expensive request, so that other clients get a turn."""


_NOT_REFUSED = ("closed", "lost", "left", "shutdown", RESTART)
"""How a connection may end before it has joined, without a line in the log."""

_LOGGED = ("full", "banned")
"""Refusals that `Admission` logs, which knows more about them."""

_ASKS_NOTHING = frozenset(
    {Typing, Ping, HistoryRequest, Show, ShowTopic, Who, Help, Search, Bans, About, Output, BodyRequest}
)
"""Requests that are answered at once, whatever they propose."""

_UNEXPECTED = ("password", "proxy_header", "bad_proxy_header")
"""Reasons of refusals that whoever runs the server may want to do something about."""


class Session:
    """One connection from the prompt to its end; `run` is its thread.

    The thread waits only for bytes of its own client, for capacity of the room, or because the
    client exceeds its rate. It never writes to a socket: fan-out does that for all clients.
    """

    __slots__ = (
        "_has_asked",
        "_joined_at",
        "_password_attempts",
        "_reader",
        "_services",
        "_timeout_reason",
        "began_at",
        "writer",
    )

    def __init__(self, sock: socket.socket, host: str, port: int, services: Services) -> None:
        """`host` and `port` are the peer's; a trusted proxy may then name another host."""
        self.writer = Writer(sock, host, port)
        self._reader = Reader(sock)
        self._services = services
        self._password_attempts = PasswordAttempts(
            self._reader, self.writer, services.admission, services.sequencer
        )
        self._timeout_reason = "late"  # the `bye` reason if the client sends nothing in time
        self._joined_at: float | None = None  # monotonic
        self.began_at = time.monotonic()
        """When it was accepted. Any thread may read it."""
        self._has_asked = False  # something that may not have been applied yet, where the room is shared

    def run(self) -> None:
        """Serve the client until its connection ends. Raises nothing, whatever the client does."""
        try:
            self._serve()
            self._log_end("closed")
        except Disconnect as reason:
            self._disconnect(str(reason), reason.ref)
        except ReadTimeout:
            self._disconnect(self._timeout_reason)
        except LineTooLong:
            self._disconnect("line_too_long")
        except NotChat as protocol:
            self._log_end(str(protocol))
        except OSError as error:
            self._log_end("closed" if isinstance(error, EndOfInput) else "lost")
        finally:
            leave = partial(self._services.room.leave, self.writer, hold_name=True)
            self._services.sequencer.submit(leave)  # does nothing if the client has left already
            self._services.sequencer.submit(self._services.fanout.release, self.writer)

    def _serve(self) -> None:
        self._services.sequencer.submit(self._services.fanout.send, self.writer, PROMPT)
        dialect, requests, budget = self._do_handshake()
        self._joined_at = time.monotonic()
        log_event(
            INFO,
            "in",
            id=self.writer.id,
            dialect=type(dialect).__name__.lower(),
            address=self._address_to_log,
        )
        self._timeout_reason = "silent"
        self._reader.set_timeout(self._services.config.idle_timeout if dialect.pings else 0)
        submit = self._submit_all if budget.unlimited else self._paced(dialect, budget)
        size = dialect.first_read
        max_read = dialect.max_read if budget.unlimited else _MAX_READ
        try:
            while True:
                submit(requests)
                if requests and isinstance(requests[-1], BadMessage):  # invalid lines are expensive to parse
                    size = dialect.first_read
                    self._reader.pause(_YIELD)
                chunk = self._reader.receive(size)
                size = next_read_size(size, len(chunk), dialect.first_read, max_read)
                requests = dialect.decode(chunk)
        except EndOfInput:
            submit(dialect.finish())
            if self._services.turns is not None and self._has_asked:  # the client may still read the answers
                self._services.turns.settle(self.writer)

    def _do_handshake(self) -> tuple[Dialect, Sequence[Request], Budget]:
        """Return the client's dialect, the requests sent after its join, and its budget."""
        # The handshake is not kept: that would be memory for each idle client.
        handshake = Handshake(self._reader, self.writer, self._services, self._password_attempts)
        dialect, requests = handshake.detect_dialect()
        return dialect, *handshake.join(dialect, requests)

    def _paced(self, dialect: Dialect, budget: Budget) -> Callable[[Sequence[Request]], None]:
        """Return a function that submits requests no faster than the budget allows."""
        bandwidth = self._services.bandwidths.of(self.writer.host)
        pacer = Pacer(self._reader, budget, bandwidth, self._submit, self._notify_throttled)
        if isinstance(dialect, Json):  # its long texts are refused, not split
            return pacer.submit
        max_text = self._services.config.max_text
        return lambda requests: pacer.submit(split_long_texts(requests, max_text))

    def _submit_all(self, requests: Sequence[Request]) -> None:
        for item, size in work_items(requests):
            self._submit(item, size)

    def _submit(self, item: Sequence[Request], size: int) -> None:
        """Submit one work item and its estimated size in bytes."""
        if self._services.turns is None:
            self._submit_now(item, size)
        else:
            self._submit_in_turn(item, size, self._services.turns)

    def _submit_in_turn(self, item: Sequence[Request], size: int, turns: Turns) -> None:
        """Submit what a client asks for, each request once all before it was applied; says need not wait."""
        for kind, group in groupby(item, type):
            requests = list(group)
            if kind in (Say, Output):
                turns.admit()
                self._submit_now(requests, size * len(requests) // len(item))
                self._has_asked |= kind is Say
                continue
            for request in requests:
                if self._has_asked and kind is not Typing:
                    turns.settle(self.writer)
                    self._has_asked = False
                self._submit_now([request], size // len(item))
                self._has_asked |= kind not in _ASKS_NOTHING

    def _submit_now(self, item: Sequence[Request], size: int) -> None:
        room, sequencer = self._services.room, self._services.sequencer
        first = item[0]
        if type(first) not in ALONE:  # nearly always
            sequencer.submit(room.handle, self.writer, item, size=size)
        elif isinstance(first, Authenticate):
            self._password_attempts.attempt("moderators", room.handle, self.writer, item, ref=first.ref)
        elif isinstance(first, TimingMarks):
            sequencer.submit(self._services.fanout.send, self.writer, first.number * WILL_TIMING_MARK)
        elif isinstance(first, ChangeOutput):
            sequencer.submit(self._services.fanout.change_output, self.writer, first)
        else:  # a large answer
            sequencer.submit(room.handle, self.writer, item, size=size)
            self._reader.pause(_YIELD)

    def _notify_throttled(self, seconds: float) -> None:
        self._services.sequencer.submit(lambda: [Outcome(self.writer, [Throttled(seconds)])])

    def _disconnect(self, reason: str, ref: str | None = None) -> None:
        """Send `bye`, then read and ignore until the client closes.

        Closing a socket with unread bytes sends a reset, which would overtake the `bye`.
        Fan-out aborts the connection after the close timeout.
        """
        self._log_end(reason)
        self._services.sequencer.submit(self.say_bye, reason, ref)
        with suppress(OSError, ReadTimeout):
            self._reader.set_timeout(0)
            while True:
                self._reader.receive(4096)

    @property
    def _address_to_log(self) -> str | None:
        return self.writer.host if self._services.config.log_addresses else None

    def _log_end(self, reason: str) -> None:
        """Log why the connection ends; of one that has not joined only if it is refused."""
        writer = self.writer
        if self._joined_at is not None:
            seconds = round(time.monotonic() - self._joined_at, 1)
            reason = writer.bye or reason
            log_event(INFO, "out", id=writer.id, reason=reason, seconds=seconds, address=self._address_to_log)
        elif reason not in _LOGGED and (reason := writer.bye or reason) not in _NOT_REFUSED:
            level = WARNING if reason in _UNEXPECTED else INFO
            log_often(level, "refused", reason=reason, id=writer.id, address=writer.host)

    # --- work for the sequencer ------------------------------------------------------

    def say_bye(self, bye: str, ref: str | None = None) -> Sequence[Outcome[Writer]]:
        """Leave the room, if it has joined, and tell the client why."""
        outcomes = self._services.room.leave(self.writer, hold_name=True, bye=bye) or [
            Outcome(self.writer, [farewell(bye)], (), AudienceChange.LEAVE)
        ]
        return with_ref(outcomes, self.writer, ref)
