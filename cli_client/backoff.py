"""The waits between attempts to reach the room: see "Reconnecting" in docs/protocol.md."""

import random
from typing import Final

FIRST: Final = 0.5
"""Longest first wait, in seconds."""

LONGEST: Final = 15.0
"""Longest wait, in seconds."""


class Backoff:
    """Doubling waits, each drawn from the upper half, so that clients do not return all at once."""

    def __init__(self) -> None:
        self._ceiling = FIRST

    def reset(self) -> None:
        """Begin anew: the room was reached."""
        self._ceiling = FIRST

    def next(self) -> float:
        """Return how many seconds to wait now."""
        ceiling = self._ceiling
        self._ceiling = min(LONGEST, 2 * ceiling)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - not for security
