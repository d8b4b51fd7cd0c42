"""Finds out whether another server with the name of this one is alive, before this one comes up."""

from collections.abc import Callable
from typing import Final

_SILENCE: Final = 2.5
"""Seconds without an entry after which it is dead enough to be replaced: alive it adds one each second."""

_MAX_PAUSE: Final = 1.0
"""Longest time, in seconds, between two looks: in a longer one nothing was heard, of nobody."""


class Namesake:
    """What was heard of a server that has the same name. Not thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._newest = 0
        self._since = self._looked_at = 0.0

    def is_alive(self, newest: int) -> bool | None:
        """Return whether there is one, None as long as that is not known. Often.

        `newest` is the position of its newest entry, 0 where no server with this name is up.
        """
        now, before = self._clock(), self._newest
        is_first = newest == 0 or before == 0 or now - self._looked_at > _MAX_PAUSE
        self._newest, self._looked_at = newest, now
        if is_first:
            self._since = now
        elif newest != before:
            return True
        return None if newest and now - self._since < _SILENCE else False
