"""How much is let through in how much time: rates, and who has used up how much of them.

Nothing here waits: whoever asks is told how long to.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from chat_protocol.messages import Bans, HistoryRequest, Say, Search, Whois
from tcp_server.room.commands import Request, Who

_EPSILON = 1e-6
"""What arithmetic may lose of one: whoever waited as long as told is not told to wait again."""

_MAX_KEYS = 65_536
"""Of how many keys a `Buckets` keeps account; whoever comes beyond that shares one."""


class Rate(NamedTuple):
    """So many a second for long, and so many at once (a token bucket, as GCRA).

    All that is remembered of a bucket is the moment when it will be full again; one
    whose moment has passed is as good as new.
    """

    per_second: float
    at_once: int

    def left(self, full_at: float, now: float) -> float:
        """Return how many there are to take now."""
        return self.at_once - max(0.0, full_at - now) * self.per_second

    def wait(self, full_at: float, now: float, count: int) -> float:
        """Return the seconds until `count` could have been taken, piece by piece if they are many."""
        return max(0.0, (count - self.left(full_at, now)) / self.per_second)

    def after(self, full_at: float, now: float, count: int) -> float:
        """Return when the bucket is full again after `count` are taken."""
        return max(full_at, now) + count / self.per_second


class Kind(Enum):
    """Wishes that are counted together."""

    SAYS = "says"
    PAGES = "pages"
    SEARCHES = "searches"
    OTHER = "other"


_KINDS: dict[type, Kind] = {
    Say: Kind.SAYS,
    HistoryRequest: Kind.PAGES,
    Who: Kind.PAGES,
    Whois: Kind.PAGES,
    Bans: Kind.PAGES,
    Search: Kind.SEARCHES,
}

_RATES = {Kind.PAGES: Rate(2, 20), Kind.SEARCHES: Rate(1, 10), Kind.OTHER: Rate(20, 100)}

_LINES = 50
"""So many lines of one text count as one more message: `lines` repeats the name before each."""


def kind_of(request: Request) -> Kind:
    """Return what a request is counted as; what cannot be understood is counted too."""
    return _KINDS.get(type(request), Kind.OTHER)


def cost_of(request: Request) -> int:
    """Return as how many a request is counted."""
    return 1 + len(request.text.splitlines()) // _LINES if isinstance(request, Say) else 1


def count(requests: Iterable[Request]) -> Counter[Kind]:
    """Return how many there are of each kind."""
    counted: Counter[Kind] = Counter()
    for request in requests:
        counted[kind_of(request)] += cost_of(request)
    return counted


class Budget:
    """What one member may still ask for, over all its connections. Any thread."""

    __slots__ = ("_clock", "_full_at", "_lock", "_says", "unlimited")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate` says a second and `burst` at once, 1 at least; a `rate` of 0 lifts every limit.

        `clock` gives monotonic seconds.
        """
        self.unlimited = not rate
        self._says = Rate(rate, max(1, burst))
        self._clock = clock
        self._lock = threading.Lock()  # a leaf: nothing else is taken under it
        self._full_at: dict[Kind, float] = {}  # guarded by `_lock`

    def take_all(self, wanted: Counter[Kind]) -> bool:
        """Take all of that, or nothing; return whether there was enough."""
        if self.unlimited:
            return True
        now = self._clock()
        with self._lock:
            if any(self._left(kind, now) < number for kind, number in wanted.items()):
                return False
            for kind, number in wanted.items():
                self._take(kind, now, number)
        return True

    def take_some(self, kind: Kind, costs: Sequence[int]) -> int:
        """Take what there is now for requests that cost so much, in their order; return for how many.

        What costs more than there ever is takes all, and the rest as a debt.
        """
        if self.unlimited:
            return len(costs)
        now = self._clock()
        taken = spent = 0
        with self._lock:
            left, most = self._left(kind, now), self._rate(kind).at_once
            for cost in costs:
                if left - spent < min(cost, most):
                    break
                spent += cost
                taken += 1
            if taken:
                self._take(kind, now, spent)
        return taken

    def wait(self, wanted: Counter[Kind]) -> float:
        """Return the seconds until all of that could have been taken, if nobody else takes any."""
        if self.unlimited:
            return 0.0
        now = self._clock()
        with self._lock:
            return max(
                (
                    self._rate(kind).wait(self._full_at.get(kind, now), now, number)
                    for kind, number in wanted.items()
                    if number
                ),
                default=0.0,
            )

    def _rate(self, kind: Kind) -> Rate:
        return self._says if kind is Kind.SAYS else _RATES[kind]

    def _left(self, kind: Kind, now: float) -> float:
        """Requires holding `_lock`."""
        return self._rate(kind).left(self._full_at.get(kind, now), now) + _EPSILON

    def _take(self, kind: Kind, now: float, number: int) -> None:
        """Requires holding `_lock`."""
        self._full_at[kind] = self._rate(kind).after(self._full_at.get(kind, now), now, number)


class Buckets:
    """One bucket for each of many keys, remembering only those who have used some of theirs. Any thread."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives monotonic seconds."""
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()  # a leaf: nothing else is taken under it
        self._full_at: dict[str, float] = {}  # guarded by `_lock`

    def take(self, key: str) -> float:
        """Take one and return 0; or nothing, and return the seconds until there is one."""
        now = self._clock()
        with self._lock:
            if key not in self._full_at:
                key = self._key_for(key, now)
            full_at = self._full_at.get(key, now)
            wait = self._rate.wait(full_at, now, 1)
            if wait > _EPSILON:
                return wait
            self._full_at[key] = self._rate.after(full_at, now, 1)
        return 0.0

    def refund(self, key: str) -> None:
        """Undo one `take`."""
        with self._lock:
            if key in self._full_at:
                self._full_at[key] -= 1 / self._rate.per_second

    def __len__(self) -> int:
        return len(self._full_at)

    def _key_for(self, key: str, now: float) -> str:
        """Return under which key to keep account of a new one. Requires holding `_lock`."""
        if len(self._full_at) >= _MAX_KEYS:
            self._full_at = {other: full_at for other, full_at in self._full_at.items() if full_at > now}
        return key if len(self._full_at) < _MAX_KEYS else ""
