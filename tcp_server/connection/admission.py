"""Which connections are accepted: limits in total, by address and per minute, and bans. No socket."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal

from chat_protocol.ip import is_in, parse_ip, rate_limit_key
from chat_protocol.log_event import INFO, WARNING, log_often
from chat_protocol.rate_limit import RETURNS, Buckets, Rate
from tcp_server.config import Config

Refusal = Literal["full", "banned"]
"""Why a connection is refused: the reason of its `bye`."""

PasswordKind = Literal["room", "moderators"]
"""Which of the two passwords."""

_ATTEMPTS = Rate(1 / 10, 5)
"""Limit of wrong passwords from one address."""

_SHARED_ATTEMPTS = Rate(5, 60)
"""Limit of attempts from all exempt addresses together, correct ones too."""


class Admission:
    """Counts connections and password attempts, by address. Any thread.

    Loopback and the trusted proxies are exempt: their connections count only towards the
    total. A client behind a proxy is counted by its own address once that is known. An IPv6
    /64 counts as one address.
    """

    def __init__(
        self,
        config: Config,
        banned: Callable[[str], bool] = lambda _: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`banned` tells whether an address is banned, from any thread; `clock` gives monotonic seconds."""
        self._trusted = config.trusted_proxies
        self._banned = banned
        self._clock = clock
        self.set_limits(config)
        self._returns = Buckets(RETURNS, clock)
        self._attempts = Buckets(_ATTEMPTS, clock)
        self._shared_attempts = Buckets(_SHARED_ATTEMPTS, clock)
        self._lock = threading.Lock()  # a leaf: no other lock is taken under it
        self._total = 0  # guarded by `_lock`
        self._by_address: Counter[str] = Counter()  # by `_key`; guarded by `_lock`

    def set_limits(self, config: Config) -> None:
        """Use other limits from now on; those who are in stay."""
        self._max_total = config.max_connections
        self._max_per_address = config.max_per_address
        rate = Rate(config.joins / 60, config.joins)
        self._joins = Buckets(rate, self._clock) if config.joins else None  # replaced as a whole

    @property
    def connections(self) -> int:
        """How many there are."""
        with self._lock:
            return self._total

    def enter(self, host: str) -> Refusal | None:
        """Count one more connection from an address, or return why it is refused."""
        if self._is_banned(host):
            return "banned"
        with self._lock:
            is_full = 0 < self._max_total <= self._total
            if not is_full:
                self._total += 1
        if is_full:
            return _full("max_connections", host)
        refusal = self._count_address(host)
        if refusal:
            with self._lock:
                self._total -= 1
        return refusal

    def enter_proxied(self, host: str) -> Refusal | None:
        """Count a connection from a proxy by its client's address too, or return why it is refused."""
        return "banned" if self._is_banned(host) else self._count_address(host)

    def leave(self, host: str) -> None:
        """Uncount a connection; `host` is the address that was counted last."""
        self._uncount_address(host)
        with self._lock:
            self._total -= 1

    def refund_join(self, host: str, session: str) -> None:
        """Uncount a connection in `joins`: it has only brought a member back, by the session's secret."""
        key = self._key(host)
        joins = self._joins
        if key is not None and joins is not None and not self._returns.take(session):
            joins.refund(key)

    def trusts(self, host: str) -> bool:
        """Return whether an address is a trusted proxy, which may name its client."""
        return is_in(parse_ip(host), self._trusted)

    # --- passwords -------------------------------------------------------------------

    def take_attempt(self, host: str, kind: PasswordKind) -> float:
        """Count a password attempt and return 0, or return the seconds until one is allowed."""
        attempts, key = self._buckets_for(host)
        return attempts.take(f"{kind} {key}")

    def refund_attempt(self, host: str, kind: PasswordKind) -> None:
        """Uncount the last attempt: the password was right."""
        attempts, key = self._buckets_for(host)
        attempts.refund(f"{kind} {key}")

    def is_exempt(self, host: str) -> bool:
        """Return whether per-address limits do not apply (loopback, trusted proxies)."""
        return self._key(host) is None

    def _buckets_for(self, host: str) -> tuple[Buckets, str]:
        key = self._key(host)
        return (self._shared_attempts, "all") if key is None else (self._attempts, key)

    # --- counting --------------------------------------------------------------------

    def _is_banned(self, host: str) -> bool:
        if self.is_exempt(host) or not self._banned(host):
            return False
        log_often(INFO, "refused", reason="banned", address=host)
        return True

    def _key(self, host: str) -> str | None:
        """Return the key that an address is counted by; None if it is exempt."""
        return rate_limit_key(host, self._trusted)

    def _count_address(self, host: str) -> Refusal | None:
        """Count one more connection of an address, unless there are too many, or too many per minute."""
        if (key := self._key(host)) is None:
            return None
        with self._lock:
            is_full = 0 < self._max_per_address <= self._by_address[key]
            if not is_full:
                self._by_address[key] += 1
        if is_full:
            return _full("max_per_address", host)
        joins = self._joins
        if joins is not None and joins.take(key):
            self._uncount_address(host)
            return _full("joins", host)
        return None

    def _uncount_address(self, host: str) -> None:
        if (key := self._key(host)) is None:
            return
        with self._lock:
            self._by_address[key] -= 1
            if not self._by_address[key]:
                del self._by_address[key]


def _full(setting: str, host: str) -> Refusal:
    """Log which setting refuses a connection, and return what its client is told."""
    log_often(WARNING, "refused", reason=setting, address=host)
    return "full"
