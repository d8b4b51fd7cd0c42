"""Rate limits as arithmetic, and a token bucket for each of many keys. Nothing here waits."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

EPSILON = 1e-6
"""Tolerance for floating-point rounding, in tokens: one wait must be enough."""

_MAX_KEYS = 65_536
"""Maximum number of keys in a `Buckets`; all others share one bucket."""


class Rate(NamedTuple):
    """Sustained rate and burst of a token bucket (GCRA).

    The only state of a bucket is the moment at which it will be full again; a bucket
    whose moment is past is like a new one.
    """

    per_second: float
    burst: int

    def tokens_left(self, full_at: float, now: float) -> float:
        """Return how many tokens there are now."""
        return self.burst - max(0.0, full_at - now) * self.per_second

    def seconds_until(self, full_at: float, now: float, count: int) -> float:
        """Return the seconds until `count` tokens can have been taken, which may be more than the burst."""
        return max(0.0, (count - self.tokens_left(full_at, now)) / self.per_second)

    def full_after(self, full_at: float, now: float, count: int) -> float:
        """Return when the bucket is full again after `count` tokens are taken."""
        return max(full_at, now) + count / self.per_second


RETURNS = Rate(10 / 60, 10)
"""How often a session may come back without being counted as a join."""


class Buckets:
    """One token bucket for each of many keys; only those that are not full take memory. Any thread."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives monotonic seconds."""
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()  # a leaf: no other lock is taken under it
        self._full_at: dict[str, float] = {}  # guarded by `_lock`

    def take(self, key: str, count: int = 1) -> float:
        """Take tokens and return 0; or none, and return the seconds until there are so many."""
        now = self._clock()
        with self._lock:
            key = self._key_for(key, now)
            wait = self._wait(key, now, count)
            if not wait:
                self._full_at[key] = self._rate.full_after(self._full_at.get(key, now), now, count)
        return wait

    def seconds_until(self, key: str) -> float:
        """Return the seconds until there is a token, and take none."""
        now = self._clock()
        with self._lock:
            return self._wait(key, now, 1)

    def reserve(self, key: str, count: int) -> float:
        """Take tokens, also those still to come; return the seconds until the last of them is there."""
        now = self._clock()
        with self._lock:
            key = self._key_for(key, now)
            full_at = self._full_at.get(key, now)
            self._full_at[key] = self._rate.full_after(full_at, now, count)
        return self._rate.seconds_until(full_at, now, count)

    def refund(self, key: str, count: int = 1) -> None:
        """Undo one `take`, or one `reserve` of so many tokens."""
        with self._lock:
            if key in self._full_at:
                self._full_at[key] -= count / self._rate.per_second

    def __len__(self) -> int:
        return len(self._full_at)

    def _wait(self, key: str, now: float, count: int) -> float:
        """Return the seconds until there are so many tokens. Requires holding `_lock`."""
        wait = self._rate.seconds_until(self._full_at.get(key, now), now, count)
        return wait if wait > EPSILON else 0.0

    def _key_for(self, key: str, now: float) -> str:
        """Return under which key to count one. Requires holding `_lock`."""
        if key in self._full_at:
            return key
        if len(self._full_at) >= _MAX_KEYS:
            self._full_at = {other: full_at for other, full_at in self._full_at.items() if full_at > now}
        return key if len(self._full_at) < _MAX_KEYS else ""
