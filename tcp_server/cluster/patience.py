"""How long a server that has missed something waits for its clients while it sends it to them.

Clients that are slow together are waited for as long as the server comes nearer to the others. One that is
slower than the room must not hold it back for longer: its backlog grows then, until it is cut.
"""

from collections.abc import Callable
from math import inf
from typing import Final

_MAX_LOSS: Final = 3.0
"""Seconds that the server may fall behind again by its waits."""


class Patience:
    """Compares how far behind the server is with how near it was since it last had all."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._least = inf

    def deadline(self, at: int, *, is_current: bool) -> float:
        """Return until when an entry may wait, by the clock; it may be over.

        `at` is the time of the entry in milliseconds, by another clock. `is_current`: the server had all
        before it.
        """
        now = self._clock()
        behind = now - at / 1000  # and the difference of the clocks, always the same
        self._least = behind if is_current else min(behind, self._least)
        return now + _MAX_LOSS - (behind - self._least)
