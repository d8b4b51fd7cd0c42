"""Those who follow live messages: each is sent the final lines that it lacks, and the tail.

What all of them are sent has a bound, and nobody who is slow to read is sent any meanwhile. Not thread-safe:
the caller holds the sequencer's room lock.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, Generic

from chat_protocol import messages as m
from chat_protocol.rate_limit import Buckets, Rate
from tcp_server.room.outcome import C, Outcome

_RATE: Final = Rate(1024 * 1024, 1024 * 1024)
"""Bytes to all who follow."""

_SECONDS: Final = 0.25
"""Fewest seconds between two outputs of a message to one of them."""

_MAX_FOLLOWED: Final = 16
"""Messages that one connection can follow; beyond them, the one followed for longest is dropped."""

_ALL: Final = "all"
"""The only key of the bucket."""


class _Follower:
    """How much one connection has been sent of a message."""

    __slots__ = ("offset", "sent_at", "tail")

    def __init__(self, offset: int, tail: str, now: float) -> None:
        self.offset = offset
        self.tail = tail
        self.sent_at = now


class Followers(Generic[C]):
    """Connections of this server, by message."""

    def __init__(
        self,
        read: Callable[[int, int], tuple[int, bytes]],
        clock: Callable[[], float],
        is_busy: Callable[[C], bool],
    ) -> None:
        """`read` returns lines of a message from an offset on, and where they begin.

        `is_busy` says whether a connection has bytes waiting for it.
        """
        self._read = read
        self._clock = clock
        self._is_busy = is_busy
        self._by_message: defaultdict[int, dict[C, _Follower]] = defaultdict(dict)
        self._followed: defaultdict[C, dict[int, None]] = defaultdict(dict)  # an ordered set
        self._bucket = Buckets(_RATE, clock)

    @property
    def followed(self) -> Sequence[int]:
        """The messages that somebody follows."""
        return [*self._by_message]

    def add(self, connection: C, message: int, offset: int, tail: str) -> None:
        """Send a connection what comes behind an offset; it knows that tail."""
        self.remove(connection, message)
        self._by_message[message][connection] = _Follower(offset, tail, self._clock())
        self._followed[connection][message] = None
        if len(self._followed[connection]) > _MAX_FOLLOWED:
            self.remove(connection, next(iter(self._followed[connection])))

    def remove(self, connection: C, message: int) -> None:
        """Send a connection nothing more of a message."""
        if self._by_message[message].pop(connection, None) is not None:
            del self._followed[connection][message]
        if not self._by_message[message]:
            del self._by_message[message]
        if not self._followed[connection]:
            del self._followed[connection]

    def forget(self, connection: C) -> None:
        """Forget a connection that leaves."""
        for message in [*self._followed.get(connection, ())]:
            self.remove(connection, message)

    def push(self, message: int, tail: str, *, is_open: bool) -> list[Outcome[C]]:
        """Send those who follow a message what they lack, if it is time for that."""
        now = self._clock()
        outcomes: list[Outcome[C]] = []
        for connection, follower in [*self._by_message.get(message, {}).items()]:
            if now < follower.sent_at + _SECONDS or self._is_busy(connection):
                continue
            start, data = self._read(message, follower.offset)
            is_new = tail != follower.tail
            if not (data or is_new):
                if not is_open:
                    self.remove(connection, message)
                continue
            if self._bucket.take(_ALL, len(data) + is_new * len(tail)):
                break
            follower.offset, follower.tail, follower.sent_at = start + len(data), tail, now
            event = m.FollowedOutput(message, start, data.decode(), tail if is_new else None)
            outcomes.append(Outcome(connection, [event]))
        return outcomes
