"""Password attempts of one connection: counted, and slowed down if wrong."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from chat_protocol.log_event import WARNING, log_often
from chat_protocol.messages import Error, Event, Throttled
from tcp_server.connection.admission import Admission, PasswordKind
from tcp_server.connection.reader import Reader
from tcp_server.connection.writer import Writer
from tcp_server.dialects.output import JSON
from tcp_server.room.commands import LocalEvent
from tcp_server.room.outcome import Outcome
from tcp_server.sequencer import Sequencer

_WRONG = frozenset({"password_wrong", "bad_code"})
"""Errors that count as wrong passwords."""

_MAX_ATTEMPTS = 5
"""Wrong passwords after which the connection is closed."""

_FIRST_PENALTY = 0.5
"""Pause, in seconds, after the first wrong password; doubled after each further one."""

_RETRY_INTERVAL = 0.5
"""Average seconds between two tries while exempt addresses have used up their shared limit."""


class Disconnect(Exception):
    """The connection must end; the text is the `bye` reason, `ref` that of the client's last command."""

    def __init__(self, reason: str, ref: str | None = None) -> None:
        super().__init__(reason)
        self.ref = ref


class PasswordAttempts:
    """Counts wrong passwords: of the connection here, of its address in `Admission`.

    Owned by the client's thread, which waits here.
    """

    __slots__ = ("_admission", "_reader", "_sequencer", "_writer", "_wrong")

    def __init__(self, reader: Reader, writer: Writer, admission: Admission, sequencer: Sequencer) -> None:
        self._reader = reader
        self._writer = writer
        self._admission = admission
        self._sequencer = sequencer
        self._wrong = 0

    def attempt(
        self,
        kind: PasswordKind,
        work: Callable[..., Sequence[Outcome[Writer]]],
        *args: Any,
        ref: str | None = None,
        prompt: Event | LocalEvent | None = None,
    ) -> Sequence[Outcome[Writer]]:
        """Run `work(*args)`, which compares a password, in the sequencer; return its outcomes.

        If the address has used up its attempts, the attempt is refused; from an exempt address
        (loopback, trusted proxies) it waits instead. `ref` is that of the command, `prompt` follows a
        refusal in a text dialect. Raises `Disconnect`, and `OSError` when the connection is lost.
        """
        host = self._writer.host
        if wait := self._admission.take_attempt(host, kind):
            log_often(WARNING, "too many wrong passwords", reason=kind, id=self._writer.id, address=host)
            if not self._admission.is_exempt(host):
                return self._sequencer.call(self._reject_for_now, wait, ref, prompt)
            notice = Outcome(self._writer, [self._notice(_RETRY_INTERVAL)])
            self._sequencer.submit(lambda: [notice])
            while self._admission.take_attempt(host, kind):
                # At random, so that many attackers cannot always be first.
                self._reader.pause(random.uniform(0.5, 1.5) * _RETRY_INTERVAL, allow_half_closed=False)  # noqa: S311
        outcomes = self._sequencer.call(self._compare, work, args)
        if _WRONG.isdisjoint(error_codes(outcomes)):
            self._admission.refund_attempt(host, kind)
            return outcomes
        log_often(WARNING, "wrong password", reason=kind, id=self._writer.id, address=host)
        penalty = self._penalty
        self._wrong += 1
        if self._wrong == _MAX_ATTEMPTS:
            raise Disconnect("password", ref)
        self._reader.pause(penalty)
        return outcomes

    @property
    def _penalty(self) -> float:
        """Pause after the next wrong password, in seconds."""
        return _FIRST_PENALTY * 2.0**self._wrong

    def _compare(
        self, work: Callable[..., Sequence[Outcome[Writer]]], args: Sequence[Any]
    ) -> Sequence[Outcome[Writer]]:
        """Work for the sequencer: run `work`; notify the client of the pause after a wrong password."""
        outcomes = list(work(*args))
        if self._wrong + 1 < _MAX_ATTEMPTS:
            for position, outcome in enumerate(outcomes):
                if not _WRONG.isdisjoint(error_codes([outcome])):
                    wrong, *prompt = outcome.answer
                    answer = [wrong, self._notice(self._penalty), *prompt]
                    outcomes[position] = replace(outcome, answer=answer)
        return outcomes

    def _notice(self, seconds: float) -> Event:
        if self._writer.output is JSON:
            return Throttled(seconds)
        return Error("too_fast", "wait", retry_after=seconds)

    def _reject_for_now(
        self, seconds: float, ref: str | None, prompt: Event | LocalEvent | None
    ) -> Sequence[Outcome[Writer]]:
        answer: list[Event | LocalEvent] = [
            Error("too_fast", "too many wrong passwords", ref, round(seconds, 1))
        ]
        if prompt is not None and self._writer.output is not JSON:
            answer.append(prompt)
        return [Outcome(self._writer, answer)]


def error_codes(outcomes: Sequence[Outcome[Writer]]) -> set[str]:
    """Return the codes of all errors in the outcomes."""
    return {event.code for outcome in outcomes for event in outcome.answer if isinstance(event, Error)}
