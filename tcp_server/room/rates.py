"""What each request costs, and how much a member may spend. No clock, no lock."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from chat_protocol.commands import OnLast, Show, Who
from chat_protocol.messages import (
    Bans,
    BodyRequest,
    Delete,
    Edit,
    End,
    HistoryRequest,
    Output,
    React,
    Say,
    Search,
    Start,
    Whois,
)
from chat_protocol.rate_limit import Rate
from tcp_server.room.commands import Request


class Kind(Enum):
    """Requests that share a limit."""

    SAYS = "says"
    REACTIONS = "reactions"
    PAGES = "pages"
    SEARCHES = "searches"
    OUTPUT = "output"
    BODIES = "bodies"
    OTHER = "other"


_KINDS: dict[type, Kind] = {
    Say: Kind.SAYS,
    Edit: Kind.SAYS,
    Delete: Kind.SAYS,
    React: Kind.REACTIONS,
    HistoryRequest: Kind.PAGES,
    Show: Kind.PAGES,
    Who: Kind.PAGES,
    Whois: Kind.PAGES,
    Bans: Kind.PAGES,
    Search: Kind.SEARCHES,
    Start: Kind.SAYS,
    End: Kind.SAYS,
    Output: Kind.OUTPUT,
    BodyRequest: Kind.BODIES,
}

FIXED_RATES = {
    Kind.REACTIONS: Rate(2, 20),
    Kind.PAGES: Rate(2, 20),
    Kind.SEARCHES: Rate(1, 10),
    Kind.OUTPUT: Rate(256 * 1024, 512 * 1024),  # characters
    Kind.BODIES: Rate(4, 32),
    Kind.OTHER: Rate(20, 100),
}
"""The limits that are not settings."""

_LINES_PER_MESSAGE = 50
"""Lines of one text that cost as much as one more message: `lines` repeats the name before each."""


def kind_of(request: Request) -> Kind:
    """Return which limit a request counts towards; an invalid one counts too."""
    kind = _KINDS.get(type(request))
    if kind is None:
        return kind_of(request.act) if isinstance(request, OnLast) else Kind.OTHER
    return kind


def cost_of(request: Request) -> int:
    """Return how many tokens a request costs."""
    if isinstance(request, Say | Edit):
        text = request.text
        return 1 if len(text) < _LINES_PER_MESSAGE else 1 + len(text.splitlines()) // _LINES_PER_MESSAGE
    if isinstance(request, Output):
        return 1 + len(request.text) + len(request.tail or "")
    return cost_of(request.act) if isinstance(request, OnLast) else 1


def total_cost(requests: Iterable[Request]) -> Counter[Kind]:
    """Return what the requests cost, by kind."""
    costs: Counter[Kind] = Counter()
    for request in requests:
        costs[kind_of(request)] += cost_of(request)
    return costs
