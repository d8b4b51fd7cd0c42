"""Limits in bytes of what members send to the room: by address, and for all together. No socket."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from weakref import WeakValueDictionary

from chat_protocol.ip import Network, rate_limit_key
from chat_protocol.rate_limit import EPSILON, Buckets, Rate

_MAX_SHORT = 2048
"""Work of at most this many bytes is short, like what a person types. Short and long work have limits
of their own: chat does not wait for a flood of long texts."""

_ADDRESS_RATE = Rate(48 * 1024, 192 * 1024)
"""Limit of one address: a link of 1 Mbit/s carries its short and long work together."""

_ROOM_RATE = Rate(192 * 1024, 384 * 1024)
"""Limit of all members: a link of 4 Mbit/s carries their short and long work together, and a reader's
backlog takes the bursts."""

_ROOM = "room"
"""The only key of the buckets for the whole room."""


class _Buckets(NamedTuple):
    addresses: Buckets
    room: Buckets


class Bandwidths:
    """The limits of all addresses and of the room. Any thread.

    An IPv6 /64 counts as one address. Loopback and the trusted proxies have no limit of their
    own, as the gateway connects from there; what they send counts towards that of the room.
    """

    def __init__(self, exempt: Sequence[Network], clock: Callable[[], float] = time.monotonic) -> None:
        """`exempt` are the trusted proxies; `clock` gives monotonic seconds."""
        self._exempt = exempt
        self._clock = clock
        self._short, self._long = (
            _Buckets(Buckets(_ADDRESS_RATE, clock), Buckets(_ROOM_RATE, clock)) for _ in range(2)
        )
        self._lock = threading.Lock()  # a leaf: no other lock is taken under it
        self._by_key: WeakValueDictionary[str | None, Bandwidth] = WeakValueDictionary()  # guarded by `_lock`

    def of(self, host: str) -> "Bandwidth":
        """Return the limits that all clients at an address share, or all at exempt addresses."""
        key = rate_limit_key(host, self._exempt)
        with self._lock:
            if (found := self._by_key.get(key)) is None:
                lanes = (Lane(buckets, key, self._clock) for buckets in (self._short, self._long))
                found = self._by_key[key] = Bandwidth(*lanes)
        return found


class Bandwidth:
    """The limits for the clients at one address, in bytes that every reader is sent."""

    __slots__ = ("__weakref__", "_long", "_short")

    def __init__(self, short: "Lane", long: "Lane") -> None:
        self._short = short
        self._long = long

    def lane(self, size: int) -> "Lane":
        """Return the limits for work of that many bytes."""
        return self._short if size <= _MAX_SHORT else self._long


class Lane:
    """The limits of an address for short or for long work. Any thread.

    Nothing here waits: methods return for how many seconds the caller has to. Bytes that were
    reserved earlier are sent earlier.
    """

    __slots__ = ("_buckets", "_clock", "_key", "_lock", "_room_at")

    def __init__(self, buckets: _Buckets, key: str | None, clock: Callable[[], float]) -> None:
        """`key` is what the address is counted by; None for all that are exempt."""
        self._buckets = buckets
        self._key = key
        self._clock = clock
        self._lock = threading.Lock()  # only the locks of `_buckets` are taken under it
        self._room_at = 0.0  # when the last work that waits for the room is sent; guarded by `_lock`

    def reserve(self, size: int) -> float:
        """Count bytes towards the limit of the address; return for how long they have to wait."""
        return 0.0 if self._key is None else self._buckets.addresses.reserve(self._key, size)

    def refund(self, size: int) -> None:
        """Uncount bytes that are not sent: the connection was lost while they waited."""
        if self._key is not None:
            self._buckets.addresses.refund(self._key, size)

    def reserve_for_room(self, size: int) -> tuple[float, bool]:
        """Count bytes towards the limit of the room; return for how long they have to wait, and True.

        If other work of the address waits for the room, return the seconds until that is sent,
        and False: so a long text waits for at most one from each address that floods.
        """
        with self._lock:
            now = self._clock()
            if self._key is not None and self._room_at > now + EPSILON:
                return self._room_at - now, False
            wait = self._buckets.room.reserve(_ROOM, size)
            self._room_at = now + wait
        return wait, True
