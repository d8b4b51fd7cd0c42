"""Which requests and sessions are admitted: limits in total, by address and per minute."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, NamedTuple

from chat_protocol.ip import rate_limit_key
from chat_protocol.log_event import WARNING, log_often
from chat_protocol.rate_limit import RETURNS, Buckets, Rate
from web_gateway.config import Config

SPARE_THREADS: Final = 16
"""Threads of a worker beside those of its sessions: for all other requests."""

HOOK_CALLS: Final = 10
QR_CODES: Final = 2
"""Most of these threads for requests of a kind, which may wait for the room or for the rest of a body.

The others are always there for what waits for nothing: the page, its files, the health check.
"""


class Refusal(NamedTuple):
    """Why a request or a session is refused, and the setting that says so."""

    status: HTTPStatus
    setting: str
    retry_after: float = 1.0
    """Seconds after which to try again. By default those after which somebody may have left."""


_PLACE_SECONDS: Final = 5.0
"""Seconds after which a place may be free again."""


class Admission:
    """Counts sessions and requests. Any thread.

    Loopback and the trusted proxies are exempt from the limits by address. An IPv6 /64 counts
    as one address.
    """

    def __init__(self, config: Config) -> None:
        self._returns = Buckets(RETURNS)
        self.set_limits(config)
        self._changed = threading.Condition()  # guards the three below; notified by `release`
        self._sessions = 0
        self._sessions_by_key: Counter[str] = Counter()  # by `_key`
        self._open = True

    def set_limits(self, config: Config) -> None:
        """Use other limits from now on; those who are in stay. Each is replaced as a whole."""
        self._config = config
        self._joins = _PerMinute("joins", config.joins)
        self._requests = _PerMinute("requests", config.requests)

    @property
    def sessions(self) -> int:
        """The number of open sessions."""
        with self._changed:
            return self._sessions

    @property
    def is_open(self) -> bool:
        """Whether sessions are admitted at all."""
        with self._changed:
            return self._open

    def take_request(self, address: str) -> Refusal | None:
        """Count a request from `address`, or return why it is refused."""
        return _logged(self._requests.take(self._key(address)), address)

    def admit(self, address: str) -> Refusal | None:
        """Count a new session of a browser at `address`, to `release` later, or return why it is refused."""
        key = self._key(address)
        with self._changed:
            refusal = self._no_place(key)
            if refusal is None:
                self._sessions += 1
                if key:
                    self._sessions_by_key[key] += 1
        if refusal is None and (refusal := self._joins.take(key)):
            self.release(address)
        return _logged(refusal, address)

    def refund_join(self, address: str, session: str) -> None:
        """Uncount a session in `joins`: it has only brought a member back, by the session's secret."""
        if not self._returns.take(session):
            self._joins.refund(self._key(address))

    def would_refuse(self, address: str) -> Refusal | None:
        """Return why `admit` would refuse a session now. Counts nothing."""
        key = self._key(address)
        with self._changed:
            if refusal := self._no_place(key):
                return refusal
        return self._joins.would_refuse(key)

    def release(self, address: str) -> None:
        """Count a session as ended."""
        key = self._key(address)
        with self._changed:
            self._sessions -= 1
            if key:
                self._sessions_by_key -= Counter([key])  # removes a key whose count becomes 0
            self._changed.notify_all()

    def close(self) -> None:
        """Admit no more sessions."""
        with self._changed:
            self._open = False

    def wait_until_empty(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until all sessions have ended; return whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._sessions, timeout)

    def _key(self, address: str) -> str | None:
        """Return the key that an address is counted by; None if it is exempt."""
        return rate_limit_key(address, self._config.trusted_proxies)

    def _no_place(self, key: str | None) -> Refusal | None:
        """Return why there is no place for one more session. Requires holding `_changed`."""
        limit = self._config.max_per_address
        if not self._open or self._sessions >= self._config.max_sessions:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "max_sessions" if self._open else "stopping")
        if key and limit and self._sessions_by_key[key] >= limit:
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "max_per_address")
        return None


class Places:
    """Limits how many requests of one kind are handled at once. Any thread."""

    def __init__(self, setting: str, count: int) -> None:
        """`setting` is what a refusal names: a setting, or a route."""
        self._setting = setting
        self._free = threading.BoundedSemaphore(count)

    @contextmanager
    def one(self, address: str) -> Iterator[Refusal | None]:
        """Occupy a place for the time of the block; give a refusal if all are taken. Waits for nothing."""
        if not self._free.acquire(blocking=False):
            yield _logged(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, self._setting, _PLACE_SECONDS), address)
            return
        try:
            yield None
        finally:
            self._free.release()


class _PerMinute:
    """Counts by address, up to the limit of a setting per minute; 0 means no limit."""

    def __init__(self, setting: str, limit: int) -> None:
        self._setting = setting
        self._buckets = Buckets(Rate(limit / 60, limit)) if limit else None

    def take(self, key: str | None) -> Refusal | None:
        """Count one more, unless there are too many. An address without a key is exempt."""
        return self._too_many(self._buckets.take(key)) if self._buckets is not None and key else None

    def would_refuse(self, key: str | None) -> Refusal | None:
        """Return what `take` would. Counts nothing."""
        return self._too_many(self._buckets.seconds_until(key)) if self._buckets is not None and key else None

    def refund(self, key: str | None) -> None:
        """Undo one `take`."""
        if self._buckets is not None and key:
            self._buckets.refund(key)

    def _too_many(self, wait: float) -> Refusal | None:
        return Refusal(HTTPStatus.TOO_MANY_REQUESTS, self._setting, wait) if wait else None


def _logged(refusal: Refusal | None, address: str) -> Refusal | None:
    if refusal:
        log_often(WARNING, "refused", reason=refusal.setting, status=int(refusal.status), address=address)
    return refusal
