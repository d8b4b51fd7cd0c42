"""Which connections are accepted: limits in total, by address and per minute, and bans. No socket."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal

from chat_protocol.ip import is_in, rate_limit_key, read_ip
from tcp_server.config import Config
from tcp_server.connection.rate_limits import Buckets
from tcp_server.room.rates import Rate

Refusal = Literal["full", "banned"]
"""Why a connection is refused: the reason of its `bye`."""

Secret = Literal["room", "moderators"]
"""Which password is tried."""

_ATTEMPTS = Rate(1 / 10, 5)
"""Wrong passwords of one address, per second."""

_SHARED_ATTEMPTS = Rate(5, 60)
"""Password attempts of all exempt addresses together; a correct password waits for a slot too."""


class Admission:
    """Counts connections and password attempts, by address. Any thread.

    Loopback and the trusted proxies are exempt: their connections count towards the total
    alone. A client behind a proxy is counted by its own address once that is known. An IPv6
    /64 counts as one address.
    """

    def __init__(
        self,
        config: Config,
        banned: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`banned` tells whether an address is banned, from any thread; `clock` gives monotonic seconds."""
        self._max_total = config.max_connections
        self._max_per_address = config.max_per_address
        self._trusted = config.trusted_proxy
        self._banned = banned
        self._joins = Buckets(Rate(config.joins / 60, config.joins), clock) if config.joins else None
        self._attempts = Buckets(_ATTEMPTS, clock)
        self._shared_attempts = Buckets(_SHARED_ATTEMPTS, clock)
        self._lock = threading.Lock()  # a leaf: no other lock is taken under it
        self._total = 0  # guarded by `_lock`
        self._by_address: Counter[str] = Counter()  # by address; guarded by `_lock`

    def enter(self, host: str) -> Refusal | None:
        """Count one more connection from an address, or return why it is refused."""
        if not self.is_exempt(host) and self._banned(host):
            return "banned"
        with self._lock:
            if self._max_total and self._total >= self._max_total:
                return "full"
            self._total += 1
        refusal = self._count_address(host)
        if refusal:
            with self._lock:
                self._total -= 1
        return refusal

    def enter_proxied(self, host: str) -> Refusal | None:
        """Count a connection that entered through a proxy by its own address, or return why it is refused."""
        if not self.is_exempt(host) and self._banned(host):
            return "banned"
        return self._count_address(host)

    def leave(self, host: str) -> None:
        """Count one connection less; `host` as last counted."""
        self._uncount_address(host)
        with self._lock:
            self._total -= 1

    def trusts(self, host: str) -> bool:
        """Return whether an address is a trusted proxy, which may name its client."""
        return is_in(read_ip(host), self._trusted)

    # --- passwords -------------------------------------------------------------------

    def take_attempt(self, host: str, secret: Secret) -> float:
        """Count one password attempt and return 0; or return the seconds until one is allowed."""
        attempts, key = self._account(host)
        return attempts.take(f"{secret} {key}")

    def refund_attempt(self, host: str, secret: Secret) -> None:
        """Uncount the last attempt: the password was right."""
        attempts, key = self._account(host)
        attempts.refund(f"{secret} {key}")

    def is_exempt(self, host: str) -> bool:
        """Return whether per-address limits do not apply (loopback, trusted proxies)."""
        return self._key(host) is None

    def _account(self, host: str) -> tuple[Buckets, str]:
        key = self._key(host)
        return (self._shared_attempts, "all") if key is None else (self._attempts, key)

    # --- counting --------------------------------------------------------------------

    def _key(self, host: str) -> str | None:
        """Return the key that an address is counted by; None if it is exempt."""
        return rate_limit_key(host, self._trusted)

    def _count_address(self, host: str) -> Refusal | None:
        """Count one more connection of an address, unless there are too many, or too many per minute."""
        if (key := self._key(host)) is None:
            return None
        with self._lock:
            if self._max_per_address and self._by_address[key] >= self._max_per_address:
                return "full"
            self._by_address[key] += 1
        if self._joins is not None and self._joins.take(key):
            self._uncount_address(host)
            return "full"
        return None

    def _uncount_address(self, host: str) -> None:
        if (key := self._key(host)) is None:
            return
        with self._lock:
            self._by_address[key] -= 1
            if not self._by_address[key]:
                del self._by_address[key]
