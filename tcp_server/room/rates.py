"""What each request costs, and how much a member may spend. No clock, no lock."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from chat_protocol.commands import Show, Who
from chat_protocol.messages import Bans, HistoryRequest, Say, Search, Whois
from chat_protocol.rate_limit import Rate
from tcp_server.room.commands import Request


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
