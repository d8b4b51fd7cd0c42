"""Ends the connections of a program that stops bit by bit: their clients do not come back all at once."""

import random
from collections.abc import Sequence
from math import floor
from typing import Annotated, Final, Generic, TypeVar

from chat_protocol.settings import Seconds, about

NOTICE: Final = 5.0
"""Most seconds for which a program that drains takes new clients, so that those who send them see in time
that it is not ready."""

STEP: Final = 0.1
"""Seconds between two portions of connections that are ended."""

DrainSetting = Annotated[
    Seconds,
    about("seconds over which SIGTERM ends the connections, after 5 in which all goes on; 0: at once"),
]

T = TypeVar("T")


class Spread(Generic[T]):
    """Hands out items in random order, evenly over some seconds. For one thread."""

    def __init__(self, items: Sequence[T], seconds: float, now: float) -> None:
        """Begin at `now`, monotonic like all times here. The seconds are above 0."""
        self._left = random.sample(items, len(items))
        self._per_second = len(items) / seconds
        self._ends_at = now + seconds

    def __len__(self) -> int:
        return len(self._left)

    def take(self, now: float) -> Sequence[T]:
        """Return those whose turn has come since the last call."""
        kept = max(0, floor((self._ends_at - now) * self._per_second))
        taken, self._left = self._left[kept:], self._left[:kept]
        return taken
