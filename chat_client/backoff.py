"""The waits between attempts to reach the room: see "Reconnecting" in docs/protocol.md."""

from typing import Final

FIRST_WAIT: Final = 0.5
"""Maximum of the first wait, in seconds."""

MAX_WAIT: Final = 15.0
"""Maximum of every wait, in seconds."""

MAX_WAIT_REFUSED: Final = 2.0
_REFUSALS: Final = 15
"""Maximum of so many waits, in seconds, after the room has refused us because it was full."""

_MAX_SPREAD: Final = 60.0
"""Most seconds over which a room may spread its clients."""


class Backoff:
    """Doubling waits, each random in its upper half, so that clients do not reconnect all at once."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start again from the first wait: the room was reached."""
        self._ceiling = FIRST_WAIT
        self._refusals = 0

    def next(self, *, refused: bool = False) -> float:
        """Return how many seconds to wait now. `refused`: the room was full, which is soon over mostly."""
        self._refusals += refused
        is_soon_over = refused and self._refusals <= _REFUSALS
        ceiling = min(self._ceiling, MAX_WAIT_REFUSED if is_soon_over else MAX_WAIT)
        self._ceiling = min(MAX_WAIT, 2 * ceiling)
        return _uniform(ceiling / 2, ceiling)

    def within(self, seconds: float) -> float:
        """Return how many seconds to wait when the room spreads its clients over so many."""
        return _uniform(0, min(max(0.0, seconds), _MAX_SPREAD))


def _uniform(low: float, high: float) -> float:
    import random  # noqa: PLC0415 - most conversations never reconnect

    return random.uniform(low, high)  # noqa: S311 - not for security
