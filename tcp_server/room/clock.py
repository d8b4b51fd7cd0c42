"""The time of the room: that of the machine, but it does not go back while the server runs."""

from collections.abc import Callable

from chat_protocol.log_event import WARNING, log_event

_WORTH_A_LINE = 1.0
"""Seconds that the clock of the machine is set back at least before the log says so."""


class Clock:
    """Calling it returns seconds since 1970. The caller holds the sequencer's room lock.

    When the machine's clock is set back, the room's time stands still until that has caught up: what is over
    stays over, and no message has an earlier time than the one before. A restart goes on with the machine's.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is the machine's clock."""
        self._now = now
        self._latest = 0.0
        self._is_late = False  # and the log has said so

    def __call__(self) -> float:
        now = self._now()
        if now < self._latest:
            if not self._is_late and self._latest - now >= _WORTH_A_LINE:
                self._is_late = True
                log_event(WARNING, "clock set back", seconds=round(self._latest - now))
            return self._latest
        self._latest = now
        self._is_late = False
        return now

    def read(self) -> float:
        """Return the same without the lock. Any thread."""
        return max(self._now(), self._latest)
