"""Finds out, before this server comes up, whether another one with the same name is alive."""

from collections.abc import Callable
from typing import Final

_SILENCE: Final = 2.5
"""Seconds without an entry after which the other server is taken for dead: alive, it adds one each second."""

_MAX_PAUSE: Final = 1.0
"""Longest time, in seconds, between two calls. In a longer one this server has heard nothing from Redis, so
it begins to wait anew."""


class Namesake:
    """What was heard of a server that has the same name. Not thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._newest = 0  # the position of its newest entry at the last call
        self._since = 0.0  # since when it is silent
        self._called_at = 0.0

    def is_alive(self, newest: int) -> bool | None:
        """Return whether that server is alive, None as long as this is not known. Call it often.

        `newest` is the position of its newest entry, 0 where no server with this name is up.
        """
        now, before = self._clock(), self._newest
        is_first = newest == 0 or before == 0 or now - self._called_at > _MAX_PAUSE
        self._newest, self._called_at = newest, now
        if is_first:
            self._since = now
        elif newest != before:
            return True
        return None if newest and now - self._since < _SILENCE else False
