"""What one connection tries as passwords, and what that costs it."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from chat_protocol.messages import Error, Event, Throttled
from tcp_server.connection.admission import Admission, Secret
from tcp_server.connection.reader import Inlet
from tcp_server.connection.writer import Outlet
from tcp_server.dialects.dialect import Json
from tcp_server.room.outcome import Outcome
from tcp_server.sequencer import Sequencer

_MOST = 5
"""Wrong passwords with which a connection ends."""

_FIRST_WAIT = 0.5
"""Seconds behind the first wrong password; twice as many behind each further one."""

_TURN = 0.5
"""Seconds between two tries, on average, to have one's guess looked at while others guess too."""


class Dismissed(Exception):
    """The connection is to end, for a reason that the client is told; `ref` is that of its last command."""

    def __init__(self, reason: str, ref: str | None = None) -> None:
        super().__init__(reason)
        self.ref = ref


class Guesses:
    """Counts wrong passwords, here for the connection and in `Admission` for its address.

    Owned by the client's thread, which waits here.
    """

    __slots__ = ("_admission", "_inlet", "_outlet", "_sequencer", "_wrong")

    def __init__(self, inlet: Inlet, outlet: Outlet, admission: Admission, sequencer: Sequencer) -> None:
        self._inlet = inlet
        self._outlet = outlet
        self._admission = admission
        self._sequencer = sequencer
        self._wrong = 0

    def attempt(
        self,
        secret: Secret,
        work: Callable[..., Sequence[Outcome[Outlet]]],
        *args: Any,
        ref: str | None = None,
    ) -> Sequence[Outcome[Outlet]]:
        """Have `work(*args)` done, which compares a password, unless too many were wrong already.

        Where many people come from one address it is done later instead. Return what it comes
        to. Raises `Dismissed`, and `OSError` when the connection breaks.
        """
        host = self._outlet.host
        if wait := self._admission.may_guess(host, secret):
            if not self._admission.is_exempt(host):
                return self._sequencer.call(self._put_off, wait, ref)
            self._sequencer.submit(self._slow_down)
            while self._admission.may_guess(host, secret):
                # By chance, so that no crowd of guessers can stand before all others.
                self._inlet.pause(random.uniform(0.5, 1.5) * _TURN, for_finished=False)  # noqa: S311
        outcomes = self._sequencer.call(self._compare, work, args)
        if "password_wrong" not in codes(outcomes):
            self._admission.guessed(host, secret)
            return outcomes
        penalty = self._penalty
        self._wrong += 1
        if self._wrong == _MOST:
            raise Dismissed("password", ref)
        self._inlet.pause(penalty)
        return outcomes

    @property
    def _penalty(self) -> float:
        """Seconds to wait behind the next wrong password."""
        return _FIRST_WAIT * 2.0**self._wrong

    def _compare(
        self, work: Callable[..., Sequence[Outcome[Outlet]]], args: Sequence[Any]
    ) -> Sequence[Outcome[Outlet]]:
        """Work for the sequencer: do it, and say how long a wrong password makes one wait."""
        outcomes = list(work(*args))
        if self._wrong + 1 < _MOST:
            for position, outcome in enumerate(outcomes):
                if "password_wrong" in codes([outcome]):
                    wrong, *question = outcome.answer
                    answer = [wrong, self._notice(self._penalty), *question]
                    outcomes[position] = outcome._replace(answer=answer)
        return outcomes

    def _slow_down(self) -> Sequence[Outcome[Outlet]]:
        """Work for the sequencer: tell the client that others guess too."""
        return [Outcome(self._outlet, [self._notice(_TURN)])]

    def _notice(self, seconds: float) -> Event:
        if self._outlet.dialect is Json:
            return Throttled(seconds)
        return Error("too_fast", "wait", retry_after=seconds)

    def _put_off(self, seconds: float, ref: str | None) -> Sequence[Outcome[Outlet]]:
        """Work for the sequencer: have the client try later."""
        answer = [Error("too_fast", "too many wrong passwords", ref, round(seconds, 1))]
        if self._outlet.dialect is not Json:
            answer.append(Error("password_required", "the password, please"))
        return [Outcome(self._outlet, answer)]


def codes(outcomes: Sequence[Outcome[Outlet]]) -> set[str]:
    """Return the codes of all errors in there."""
    return {event.code for outcome in outcomes for event in outcome.answer if isinstance(event, Error)}
