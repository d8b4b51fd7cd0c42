"""What one connection tries as passwords, and what that costs it."""

from collections.abc import Callable, Sequence
from typing import Any

from chat_protocol.messages import Error
from tcp_server.admission import Admission
from tcp_server.dialects import Json
from tcp_server.inlet import Inlet
from tcp_server.outcome import Outcome
from tcp_server.outlet import Outlet
from tcp_server.sequencer import Sequencer

_MOST = 5
"""Wrong passwords with which a connection ends."""

_FIRST_WAIT = 0.5
"""Seconds behind the first wrong password; twice as many behind each further one."""


class Dismissed(Exception):
    """The connection is to end, for a reason that the client is told."""


class Guesses:
    """Counts wrong passwords, here for the connection and in `Admission` for its address.

    Owned by the client's thread, which waits here.
    """

    def __init__(self, inlet: Inlet, outlet: Outlet, admission: Admission, sequencer: Sequencer) -> None:
        self._inlet = inlet
        self._outlet = outlet
        self._admission = admission
        self._sequencer = sequencer
        self._wrong = 0

    def attempt(
        self, work: Callable[..., Sequence[Outcome[Outlet]]], *args: Any
    ) -> Sequence[Outcome[Outlet]]:
        """Have `work(*args)` done, which compares a password, unless too many were wrong already.

        Return what it comes to. Raises `Dismissed`, and `OSError` when the connection breaks.
        """
        host = self._outlet.host
        if wait := self._admission.may_guess(host):
            return self._sequencer.call(self._put_off, wait)
        outcomes = self._sequencer.call(work, *args)
        if "password_wrong" not in codes(outcomes):
            self._admission.guessed(host)
            return outcomes
        self._wrong += 1
        if self._wrong == _MOST:
            raise Dismissed("password")
        self._inlet.pause(_FIRST_WAIT * 2 ** (self._wrong - 1))
        return outcomes

    def _put_off(self, seconds: float) -> Sequence[Outcome[Outlet]]:
        """Work for the sequencer: have the client try later."""
        answer = [Error("too_fast", "too many wrong passwords", retry_after=round(seconds, 1))]
        if self._outlet.dialect is not Json:
            answer.append(Error("password_required", "the password, please"))
        return [Outcome(self._outlet, answer)]


def codes(outcomes: Sequence[Outcome[Outlet]]) -> set[str]:
    """Return the codes of all errors in there."""
    return {event.code for outcome in outcomes for event in outcome.answer if isinstance(event, Error)}
