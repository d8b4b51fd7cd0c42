"""The time of the room, in seconds since 1970: bans, mutes and codes end by it. It does not go back."""

from collections.abc import Callable
from typing import Protocol

from chat_protocol.log_event import INFO, WARNING, log_event

_MIN_LOGGED = 1.0
"""Seconds that the clock of the machine is set back at least before the log says so."""


class Clock(Protocol):
    """Gives the time of a room, in seconds since 1970."""

    def __call__(self) -> float:
        """Return it. The caller holds the sequencer's room lock."""

    def read(self) -> float:
        """Return the same without the lock. Any thread."""


class MachineClock:
    """The clock of a room on one server: the machine's time.

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
            if not self._is_late and self._latest - now >= _MIN_LOGGED:
                self._is_late = True
                log_event(WARNING, "clock set back", seconds=round(self._latest - now))
            return self._latest
        self._latest = now
        if self._is_late:
            self._is_late = False
            log_event(INFO, "clock has caught up")
        return now

    def read(self) -> float:
        """See `Clock`."""
        return max(self._now(), self._latest)


class StreamClock:
    """The clock of a room on several servers: the time of the newest entry, and what has passed since then.

    The entries have their times from where all servers read them, so it does not matter how the clock of a
    server is set. Before the first entry it is 1970: until then nothing is over, and nobody is let in.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        # Both are written by `set`, and read by any thread.
        self._offset = -clock()  # from monotonic seconds
        self._latest = 0.0  # what the time was at the last `set`: an entry that comes late sets nothing back

    def set(self, at: float) -> None:
        """Go on from the time of an entry. The caller holds the room lock."""
        self._latest = self.read()
        self._offset = at - self._clock()

    def __call__(self) -> float:
        return self.read()

    def read(self) -> float:
        """See `Clock`."""
        return max(self._latest, self._clock() + self._offset)
