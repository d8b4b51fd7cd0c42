"""Who may come in: caps in total and by address, how often, and who is kept out. Knows of no socket."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal

from chat_protocol.ip import is_in, rate_limit_key, read_ip
from tcp_server.config import Config, networks
from tcp_server.connection.rate_limits import Buckets
from tcp_server.room.rates import Rate

Refusal = Literal["full", "banned"]
"""Why somebody is not let in: a word of the protocol, for `bye`."""

Secret = Literal["room", "moderators"]
"""Which password is guessed at."""

_ATTEMPTS = Rate(1 / 10, 5)
"""Wrong passwords of one subscriber."""

_SHARED_ATTEMPTS = Rate(5, 60)
"""Wrong passwords of all exempt addresses together: their right ones wait behind them."""


class Admission:
    """Counts who is here, by subscriber, and how often they come. Any thread.

    Addresses are plain ones. Loopback and the trusted proxies are exempt: they count
    towards the total alone. Who comes through a proxy is counted with its own address
    once that is known.
    """

    def __init__(
        self,
        config: Config,
        banned: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`banned` says whether an address is kept out, from any thread; `clock` gives monotonic seconds."""
        self._max_total = config.max_connections
        self._max_per_address = config.max_per_address
        self._trusted = networks(config.trusted_proxy)
        self._banned = banned
        self._joins = Buckets(Rate(config.joins / 60, config.joins), clock) if config.joins else None
        self._attempts = Buckets(_ATTEMPTS, clock)
        self._shared_attempts = Buckets(_SHARED_ATTEMPTS, clock)
        self._lock = threading.Lock()  # a leaf: nothing else is taken under it
        self._total = 0  # guarded by `_lock`
        self._by_subscriber: Counter[str] = Counter()  # by subscriber; guarded by `_lock`

    def enter(self, host: str) -> Refusal | None:
        """Count one more connection from there, or say why not."""
        if not self.is_exempt(host) and self._banned(host):
            return "banned"
        with self._lock:
            if self._max_total and self._total >= self._max_total:
                return "full"
            self._total += 1
        refusal = self._count_subscriber(host)
        if refusal:
            with self._lock:
                self._total -= 1
        return refusal

    def enter_proxied(self, host: str) -> Refusal | None:
        """Count a connection that has entered through a proxy with its own address, or say why not."""
        if not self.is_exempt(host) and self._banned(host):
            return "banned"
        return self._count_subscriber(host)

    def leave(self, host: str) -> None:
        """Forget one connection: `host` as last counted."""
        self._uncount_subscriber(host)
        with self._lock:
            self._total -= 1

    def trusts(self, host: str) -> bool:
        """Say whether an address may name its client."""
        return is_in(read_ip(host), self._trusted)

    # --- passwords -------------------------------------------------------------------

    def take_attempt(self, host: str, secret: Secret) -> float:
        """Count one guess at a password and return 0; or the seconds until one may be made."""
        attempts, key = self._account(host)
        return attempts.take(f"{secret} {key}")

    def refund_attempt(self, host: str, secret: Secret) -> None:
        """Take the last guess back: it was right."""
        attempts, key = self._account(host)
        attempts.refund(f"{secret} {key}")

    def is_exempt(self, host: str) -> bool:
        """Say whether many people may come from that address: none pays there for another's attempts."""
        return self._key(host) is None

    def _account(self, host: str) -> tuple[Buckets, str]:
        key = self._key(host)
        return (self._shared_attempts, "all") if key is None else (self._attempts, key)

    # --- counting --------------------------------------------------------------------

    def _key(self, host: str) -> str | None:
        """Return what an address is counted as; None for one that is exempt."""
        return rate_limit_key(host, self._trusted)

    def _count_subscriber(self, host: str) -> Refusal | None:
        """Count one more connection of a subscriber, unless they are too many, or come too fast."""
        if (key := self._key(host)) is None:
            return None
        with self._lock:
            if self._max_per_address and self._by_subscriber[key] >= self._max_per_address:
                return "full"
            self._by_subscriber[key] += 1
        if self._joins is not None and self._joins.take(key):
            self._uncount_subscriber(host)
            return "full"
        return None

    def _uncount_subscriber(self, host: str) -> None:
        if (key := self._key(host)) is None:
            return
        with self._lock:
            self._by_subscriber[key] -= 1
            if not self._by_subscriber[key]:
                del self._by_subscriber[key]
