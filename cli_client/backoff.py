"""How long to wait before the next try."""

import random
from typing import Final

FIRST: Final = 0.5
"""Seconds before the first try after a loss."""

LONGEST: Final = 15.0
"""Seconds between tries at most: nobody waits longer for a room that is back."""

_GROWTH: Final = 1.5


class Backoff:
    """Growing delays without end, spread so that a whole room does not come back at one instant."""

    def __init__(self) -> None:
        self._ceiling = FIRST

    def reset(self) -> None:
        """Begin anew: the room was reached."""
        self._ceiling = FIRST

    def next(self) -> float:
        """Return the seconds to wait now, between half of the present ceiling and all of it."""
        ceiling = self._ceiling
        self._ceiling = min(LONGEST, ceiling * _GROWTH)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads load, guards nothing
