"""Limits how often something is proposed that has had no effect yet."""

from collections.abc import Callable
from typing import Final

_SECONDS: Final = 5.0
"""Seconds after which something is proposed once more."""


class Retries:
    """What was proposed in the last seconds. Not thread-safe: the caller holds the sequencer's room lock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._tried: dict[object, float] = {}  # when each was proposed, the longest ago first

    def is_due(self, what: object) -> bool:
        """Return whether something may be proposed, and take it for proposed then."""
        now = self._clock()
        while self._tried and (first := next(iter(self._tried.items())))[1] + _SECONDS <= now:
            del self._tried[first[0]]
        if what in self._tried:
            return False
        self._tried[what] = now
        return True
