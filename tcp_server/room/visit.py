"""A quiet connection: it says or reads a few lines without becoming a member.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from collections.abc import Iterable, Iterator

from chat_protocol.errors import BadMessage
from chat_protocol.messages import BodyRequest, HistoryRequest, Leave, Ping, Say, Search
from tcp_server.room.commands import Request

_MAX_SECONDS = 10.0
"""Longest visit; the room ends it within another half second."""

_MAX_SAYS = 100
"""Maximum number of messages in one visit."""


class Visit:
    """What is left of the time and the messages of one quiet connection."""

    __slots__ = ("_says", "ends_at")

    def __init__(self, now: float) -> None:
        """`now` is in monotonic seconds, as is `ends_at`."""
        self.ends_at = now + _MAX_SECONDS
        self._says = 0

    @property
    def exhausted(self) -> bool:
        """Return whether a message was left out: there were too many."""
        return self._says > _MAX_SAYS

    def admit(self, requests: Iterable[Request]) -> Iterator[Request]:
        """Yield the requests up to the first message over the limit, and errors for what is not allowed."""
        for request in requests:
            if isinstance(request, Say):
                self._says += 1
                if self.exhausted:
                    return
            is_read = isinstance(request, BodyRequest) and not request.follow
            if is_read or isinstance(request, Say | HistoryRequest | Search | Ping | Leave | BadMessage):
                yield request
            else:
                text = "a quiet connection may only say, read history and bodies, search, ping and leave"
                yield BadMessage("join_first", text, getattr(request, "ref", None))
