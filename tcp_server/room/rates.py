"""Rate limits as arithmetic: token buckets, and what each request costs. No clock, no lock."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from chat_protocol.commands import Show, Who
from chat_protocol.messages import Bans, HistoryRequest, Say, Search, Whois
from tcp_server.room.commands import Request

EPSILON = 1e-6
"""Tolerance for floating-point rounding, in tokens: one wait must be enough."""


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


class Kind(Enum):
    """Requests that share a limit."""

    SAYS = "says"
    PAGES = "pages"
    SEARCHES = "searches"
    OTHER = "other"


_KINDS: dict[type, Kind] = {
    Say: Kind.SAYS,
    HistoryRequest: Kind.PAGES,
    Show: Kind.PAGES,
    Who: Kind.PAGES,
    Whois: Kind.PAGES,
    Bans: Kind.PAGES,
    Search: Kind.SEARCHES,
}

FIXED_RATES = {Kind.PAGES: Rate(2, 20), Kind.SEARCHES: Rate(1, 10), Kind.OTHER: Rate(20, 100)}
"""The limits that are not settings."""

_LINES_PER_MESSAGE = 50
"""Lines of one text that cost as much as one more message: `lines` repeats the name before each."""


def kind_of(request: Request) -> Kind:
    """Return which limit a request counts towards; an invalid one counts too."""
    return _KINDS.get(type(request), Kind.OTHER)


def cost_of(request: Request) -> int:
    """Return how many tokens a request costs."""
    return 1 + len(request.text.splitlines()) // _LINES_PER_MESSAGE if isinstance(request, Say) else 1


def total_cost(requests: Iterable[Request]) -> Counter[Kind]:
    """Return what the requests cost, by kind."""
    costs: Counter[Kind] = Counter()
    for request in requests:
        costs[kind_of(request)] += cost_of(request)
    return costs
