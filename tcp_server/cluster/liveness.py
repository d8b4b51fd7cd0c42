"""Decides which other server is dead. It knows no clock of others, and no thread."""

from collections.abc import Callable, Mapping
from typing import Final

_SILENCE: Final = 11.5
"""Seconds without an entry of a server after which it is dead, if this one's own came back all the time.

It has added one each second: so that is between 10 and 13 seconds after its death.
"""

_MAX_OWN_SILENCE: Final = 4.0
"""Longest time, in seconds, between two own entries that came back, for the stream to count as heard."""


class Liveness:
    """What this server has heard of the others.

    Not thread-safe: the caller holds the sequencer's room lock.
    """

    def __init__(self, clock: Callable[[], float], silence: float = _SILENCE) -> None:
        """`clock` returns monotonic seconds."""
        self._clock = clock
        self._silence = silence
        self._own = 0  # position of the newest own entry
        self._own_at = -_MAX_OWN_SILENCE
        self._others: dict[bytes, tuple[int, float]] = {}  # newest position, and since when it is that

    def note(self, own: int, others: Mapping[bytes, int]) -> list[bytes]:
        """Note the positions of the newest entries of all runs; return which runs are dead. Often.

        `own` is that of this server, 0 if it is not up.
        """
        now = self._clock()
        if own != self._own:
            if now - self._own_at > _MAX_OWN_SILENCE:  # nothing was heard meanwhile, of nobody
                self._others.clear()
            self._own, self._own_at = own, now
        for incarnation, last in others.items():
            if self._others.get(incarnation, (-1,))[0] != last:
                self._others[incarnation] = last, now
        self._others = {one: known for one, known in self._others.items() if one in others}
        if not own or now - self._own_at > _MAX_OWN_SILENCE:
            return []
        return [one for one, (_, since) in self._others.items() if now - since >= self._silence]
