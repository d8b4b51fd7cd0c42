"""Rate limits that many threads share. Nothing here waits: methods return for how long the caller has to."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from chat_protocol.rate_limit import EPSILON, Rate
from tcp_server.room.members import Member
from tcp_server.room.rates import FIXED_RATES, Kind


class Budget:
    """The rate limits of one member, which its connections share. Any thread."""

    __slots__ = ("_clock", "_full_at", "_lock", "_says", "unlimited")

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate` is in messages per second; at 0 there is no limit for any request.

        `clock` gives monotonic seconds.
        """
        self.unlimited = not rate
        self._says = Rate(rate, max(1, burst))
        self._clock = clock
        self._lock = threading.Lock()  # a leaf: no other lock is taken under it
        self._full_at: dict[Kind, float] = {}  # guarded by `_lock`

    def take_all(self, costs: Counter[Kind]) -> bool:
        """Take these costs or, if they exceed the limits, nothing; return whether they were taken."""
        if self.unlimited:
            return True
        now = self._clock()
        with self._lock:
            if any(self._left(kind, now) < number for kind, number in costs.items()):
                return False
            for kind, number in costs.items():
                self._take(kind, now, number)
        return True

    def take_some(self, kind: Kind, costs: Sequence[int]) -> int:
        """Take the costs of the first requests for which there are enough tokens; return of how many.

        A request that costs more than the burst takes the whole bucket and leaves it negative.
        """
        if self.unlimited:
            return len(costs)
        now = self._clock()
        taken = spent = 0
        with self._lock:
            left, burst = self._left(kind, now), self._rate(kind).burst
            for cost in costs:
                if left - spent < min(cost, burst):
                    break
                spent += cost
                taken += 1
            if taken:
                self._take(kind, now, spent)
        return taken

    def seconds_until(self, costs: Counter[Kind]) -> float:
        """Return the seconds until these costs could have been taken, if no other thread takes any."""
        if self.unlimited:
            return 0.0
        now = self._clock()
        with self._lock:
            waits = [
                self._rate(kind).seconds_until(self._full_at.get(kind, now), now, number)
                for kind, number in costs.items()
                if number
            ]
        return max(waits, default=0.0)

    @property
    def says_left(self) -> int | None:
        """How many messages may be sent at once now; None without a limit."""
        if self.unlimited:
            return None
        with self._lock:
            return int(self._left(Kind.SAYS, self._clock()))

    def _rate(self, kind: Kind) -> Rate:
        return self._says if kind is Kind.SAYS else FIXED_RATES[kind]

    def _left(self, kind: Kind, now: float) -> float:
        """Requires holding `_lock`."""
        return self._rate(kind).tokens_left(self._full_at.get(kind, now), now) + EPSILON

    def _take(self, kind: Kind, now: float, number: int) -> None:
        """Requires holding `_lock`."""
        self._full_at[kind] = self._rate(kind).full_after(self._full_at.get(kind, now), now, number)


class Budgets:
    """One budget for each member, for as long as the member exists.

    Not thread-safe: the caller holds the sequencer's room lock.
    """

    def __init__(self, rate: float, burst: int) -> None:
        """The limits of each member, as for `Budget`."""
        self.set_limits(rate, burst)
        self._budgets: WeakKeyDictionary[Member, Budget] = WeakKeyDictionary()

    def set_limits(self, rate: float, burst: int) -> None:
        """Use other limits, for those who join from now on."""
        self._rate = rate
        self._burst = burst

    def of(self, member: Member) -> Budget:
        """Return the budget that all connections of a member share."""
        budget = self._budgets.get(member)
        if budget is None:
            budget = self._budgets[member] = Budget(self._rate, self._burst)
        return budget
