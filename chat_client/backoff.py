"""The waits between attempts to reach the room: see "Reconnecting" in docs/protocol.md."""

import random
from typing import Final

FIRST_WAIT: Final = 0.5
"""Maximum of the first wait, in seconds."""

MAX_WAIT: Final = 15.0
"""Maximum of every wait, in seconds."""


class Backoff:
    """Doubling waits, each random in its upper half, so that clients do not reconnect all at once."""

    def __init__(self) -> None:
        self._ceiling = FIRST_WAIT

    def reset(self) -> None:
        """Start again from the first wait: the room was reached."""
        self._ceiling = FIRST_WAIT

    def next(self) -> float:
        """Return how many seconds to wait now."""
        ceiling = self._ceiling
        self._ceiling = min(MAX_WAIT, 2 * ceiling)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - not for security
