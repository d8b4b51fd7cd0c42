"""One connection to Redis, made when it is needed and again after each failure."""

import re
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from socket import SHUT_RDWR, socket
from typing import Any, Final, Protocol

from redis import exceptions as e
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from chat_protocol.address import Address
from chat_protocol.log_event import INFO, WARNING, log_often
from tcp_server.cluster.fitness import check, parse_info
from tcp_server.cluster.stream import Away, Unfit
from tcp_server.redis_url import RedisUrl

_CONNECT_TIMEOUT: Final = 3.0
"""Seconds to connect."""

_CHECK_SECONDS: Final = 30.0
"""Seconds after which Redis' settings are checked again: they may be changed while it runs."""

_SENTINEL_TIMEOUT: Final = 1.0
"""Seconds for the answer of a sentinel."""

# RESP2 needs no HELLO, which an access list would have to allow. Nothing is retried behind our back:
# what was sent may have been carried out.
_OF_ALL: Final[dict[str, Any]] = {"protocol": 2, "driver_info": None, "retry": Retry(NoBackoff(), 0)}

_REASONS: Final[Sequence[tuple[type[BaseException], str]]] = (
    (e.BusyLoadingError, "loading"),
    (e.AuthenticationError, "access"),
    (e.NoPermissionError, "access"),
    (e.TimeoutError, "timeout"),
    (e.ReadOnlyError, "replica"),
    (e.OutOfMemoryError, "memory"),
    (e.ResponseError, "refused"),
    (Unfit, "unfit"),
)

_SENTINEL: Final = re.compile(r"<redis\..*?\)> - ")
"""A sentinel in an error of redis-py, which shows all of its settings."""

Command = tuple[str | bytes | int, ...]


class _Connection(Protocol):
    """What is used of redis-py's connections."""

    _sock: socket | None

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def pack_commands(self, commands: Iterable[Command]) -> list[bytes]: ...
    def send_packed_command(self, command: list[bytes]) -> None: ...
    def send_command(self, *command: str) -> None: ...
    def read_response(self, *, disconnect_on_error: bool = True) -> Any: ...


class Redis:
    """The Redis of a cluster, as all connections of this server know it. Any thread."""

    def __init__(self, url: RedisUrl) -> None:
        """Raise `Unfit` if the files of its TLS options cannot be used."""
        self.url = url
        _check_files(url)
        self.closed = threading.Event()
        self.failures = 0
        """How often any connection has failed: then all others are made again, before their next use.

        Written by any thread: that two failures may count as one does no harm.
        """
        self.is_starting = True
        """Whether mistakes in its settings end this server; later they make it away until they are mended.

        Written by the thread that starts.
        """
        self._is_away = True  # written by any thread; only for the log

    def answers(self, version: str) -> None:
        """Note that it answers, and is fit."""
        was_away, self._is_away = self._is_away, False
        if was_away:
            log_often(INFO, "redis answers", reason="fit", redis=str(self.url), version=version)

    def failed(self, error: BaseException) -> Away | Unfit:
        """Note a failure, and return what to raise."""
        self.failures += 1
        if self.closed.is_set():
            return Away("this server ends")
        if self.is_starting and (mistake := _mistake(error)):
            return Unfit(f"{self.url}: {mistake}")
        reason = next((name for kind, name in _REASONS if isinstance(error, kind)), "connection")
        self._is_away = True
        log_often(WARNING, "redis away", reason=reason, redis=str(self.url), error=str(error))
        return Away(f"{reason}: {error}")

    def address(self) -> Address | None:
        """Return where it is now, by its sentinels if it has some. Raises `redis.RedisError`."""
        url = self.url
        if not url.service:
            return url.hosts[0] if url.hosts else None
        kind: Any = Sentinel
        asked = kind(
            list(url.hosts),
            sentinel_kwargs={
                **_OF_ALL,
                **url.tls_options,
                "ssl": url.is_tls,
                "socket_timeout": _SENTINEL_TIMEOUT,
                "username": url.options.get("sentinel_username"),
                "password": url.options.get("sentinel_password"),
            },
        )
        try:
            return Address(*asked.discover_master(url.service))
        except MasterNotFoundError as error:
            raise e.ConnectionError(_SENTINEL.sub("", str(error))) from None
        finally:
            for sentinel in asked.sentinels:
                sentinel.close()


def _check_files(url: RedisUrl) -> None:
    options = url.options
    try:
        context = ssl.create_default_context(
            cafile=options.get("ssl_ca_certs"), capath=options.get("ssl_ca_path")
        )
        if "ssl_certfile" in options:
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    except OSError as error:
        raise Unfit(f"{url}: a file of its options cannot be used: {error}") from None


def _mistake(error: BaseException | None) -> str:
    """Return what somebody must mend before it can ever work, nothing if it may pass."""
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, e.AuthenticationError):
        return f"the user or the password is wrong: {error}"
    if _is_forbidden(error):
        return f"the access list lacks something, see docs/security.md: {error}"
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted, see ssl_ca_certs: {error.verify_message}"
        error = error.__context__
    return ""


class Link:
    """A connection. Any thread, one call at a time; `subscribe` and its iterator are for one thread."""

    def __init__(self, redis: Redis, timeout: float) -> None:
        """An answer has to come within `timeout` seconds."""
        self._redis = redis
        self._timeout = timeout
        self._lock = threading.RLock()  # guards all below; `wake` only looks
        self._connection: _Connection | None = None
        self._failures = 0  # of any connection, when this one was last checked
        self._checked_at = 0.0  # when it was last checked; monotonic
        self.run_id = ""
        """Which Redis answers: another one after a restart or a failover, also back to an earlier one."""
        self.times_made = 0
        """How often it was made: at the start, and after each failure of any connection."""

    def ready(self) -> None:
        """Connect if needed, and check from time to time whether Redis is fit. Raises `Away` and `Unfit`."""
        with self._lock:
            failures = self._redis.failures
            is_made = self._connection is not None and self._failures == failures
            if is_made and time.monotonic() < self._checked_at + _CHECK_SECONDS:
                return
            try:
                if not is_made:
                    self._disconnect()  # another Redis may answer there now
                    self._connect()
                info = self._check()
            except (e.RedisError, OSError, Unfit) as error:
                raise self._failed(error) from error
            self._failures, self._checked_at = failures, time.monotonic()
            if not is_made:  # a Redis without replicas changes `master_replid` after an hour
                self.run_id = f"{info['run_id']} {info.get('master_replid', '')}"
                self.times_made += 1

    def _connect(self) -> None:
        url = self._redis.url
        options: dict[str, Any] = {
            **_OF_ALL,
            "db": url.db,
            "username": url.username or None,
            "password": url.password or None,
            "socket_timeout": self._timeout,
            "socket_connect_timeout": _CONNECT_TIMEOUT,
        }
        kind: Any = UnixDomainSocketConnection
        if (address := self._redis.address()) is None:
            options["path"] = url.path
        else:
            kind = SSLConnection if url.is_tls else Connection
            options |= {"host": address.host, "port": address.port, "socket_keepalive": True}
        connection: _Connection = kind(**options, **url.tls_options)
        self._connection = connection
        connection.connect()

    def _check(self) -> dict[str, str]:
        """Return what Redis says of itself. Raises `RedisError`, or `Unfit` if it may lose the room."""
        (reply,) = self._exchange([("INFO",)])
        if isinstance(reply, e.ResponseError):
            raise reply
        info = parse_info(reply)
        if info.get("loading") == "1":
            raise e.BusyLoadingError("it is reading its data")
        if info.get("role") != "master":
            raise e.ReadOnlyError("it is a replica")
        check(info)
        self._redis.answers(info["redis_version"])
        return info

    def call(self, *commands: Command, may_fail: str | None = None, run_id: str | None = None) -> list[Any]:
        """Send commands in one round trip, and return their replies. Raises `Away` and `Unfit`.

        Replies that are errors with the text `may_fail` are returned too, but for missing permissions.
        With `run_id`, nothing is sent to another Redis than that.
        """
        with self._lock:
            self.ready()
            if run_id is not None and self.run_id != run_id:
                raise Away("another Redis answers than the one that was read")
            try:
                replies = self._exchange(commands)
                for reply in replies:
                    if _is_failure(reply, may_fail):
                        raise reply
            except (e.RedisError, OSError) as error:
                raise self._failed(error) from error
            return replies

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        connection = self._connection
        assert connection is not None
        if self._redis.closed.is_set():
            raise e.ConnectionError
        connection.send_packed_command(connection.pack_commands(commands))
        return [_read(connection) for _ in commands]

    def subscribe(self, *channels: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield channel and data of what is published there, until another connection fails.

        Raises `Away` and `Unfit`.
        """
        self.call(("SUBSCRIBE", *channels))
        connection = self._connection
        assert connection is not None
        is_asked = False  # whether it still answers
        try:
            while self._failures == self._redis.failures:
                try:
                    kind, *published = connection.read_response(disconnect_on_error=False)
                except e.TimeoutError:
                    if is_asked:
                        raise
                    connection.send_command("PING")
                    is_asked = True
                else:
                    is_asked = False
                    if kind == b"message":
                        yield published[0], published[1]
        except (e.RedisError, OSError) as error:
            raise self._failed(error) from error
        self._disconnect()

    def _failed(self, error: BaseException) -> Away | Unfit:
        """Disconnect, note the failure, and return what to raise."""
        self._disconnect()
        return self._redis.failed(error)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def wake(self) -> None:
        """Have a call that waits fail soon; `closed` is set before."""
        if (connection := self._connection) is not None:
            # Only this wakes a thread in `recv`, and only its own thread may close the socket.
            with suppress(OSError):
                if (sock := connection._sock) is not None:  # noqa: SLF001
                    sock.shutdown(SHUT_RDWR)

    def close(self) -> None:
        """Disconnect, once the call that waits has failed."""
        if self._lock.acquire(timeout=_CONNECT_TIMEOUT):
            try:
                self._disconnect()
            finally:
                self._lock.release()


def _is_failure(reply: Any, may_fail: str | None) -> bool:
    if not isinstance(reply, e.ResponseError):
        return False
    return may_fail is None or may_fail not in str(reply) or _is_forbidden(reply)


def _is_forbidden(error: BaseException | None) -> bool:
    return isinstance(error, e.NoPermissionError) or "NOPERM" in str(error)  # in that of EXEC


def _read(connection: _Connection) -> Any:
    """Return a reply, or the error that is one."""
    try:
        return connection.read_response()
    except e.ResponseError as error:
        return error
