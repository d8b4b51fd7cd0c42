"""Connects to a host that may have several addresses, some of them dead (Happy Eyeballs, RFC 8305)."""

import os
import selectors
import socket
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from time import monotonic
from typing import Any, Final, NamedTuple

from chat_protocol.address import Address

ATTEMPT_DELAY: Final = 0.25
"""Seconds after which the next address is tried too, if there is no answer (RFC 8305, section 8)."""

AddressInfo = tuple[int, int, int, str, Any]
"""An address as `getaddrinfo` returns it; the last element is what a socket connects to."""


def connect(address: Address, timeout: float, family: int = socket.AF_UNSPEC) -> socket.socket:
    """Return a socket connected to the address that answers first, with the timeout set, in seconds.

    `family` is AF_INET or AF_INET6 for only one kind of addresses. Raises `OSError`: why the last
    address has failed, `TimeoutError`, or `gaierror` for a name without any; and `UnicodeError` for
    what cannot be a name.
    """
    deadline = monotonic() + timeout
    host, port = address
    infos = _alternate(socket.getaddrinfo(_for_resolver(host), port, family, socket.SOCK_STREAM))
    sock, _ = connect_to_any(infos, deadline)
    sock.settimeout(timeout)
    return sock


def connect_to_any(
    infos: Sequence[AddressInfo],
    deadline: float,
    on_failure: Callable[[AddressInfo, OSError], None] = lambda _info, _error: None,
) -> tuple[socket.socket, AddressInfo]:
    """Return a socket connected to the address that answers first, and this address.

    They are tried in their order. `deadline` is monotonic; `on_failure` is told of each that has failed, or
    has not answered in `ATTEMPT_DELAY`. Raises `OSError`, as `connect`.
    """
    left = list(infos)
    failure: OSError | None = None
    late = TimeoutError("timed out")

    def fail(info: AddressInfo, error: OSError) -> None:
        nonlocal failure
        failure = error
        on_failure(info, error)

    with selectors.DefaultSelector() as attempts:
        try:
            while left or attempts.get_map():
                if left and (error := _start(attempts, info := left.pop(0))):
                    fail(info, error)
                seconds = deadline - monotonic()
                if seconds <= 0:
                    raise late
                for key, _ in attempts.select(min(seconds, ATTEMPT_DELAY) if left else seconds):
                    sock = _end(attempts, key)
                    if not (number := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                        return sock, key.data.info
                    sock.close()
                    fail(key.data.info, OSError(number, os.strerror(number)))
        finally:
            for key in list(attempts.get_map().values()):
                _end(attempts, key).close()
                if monotonic() - key.data.began >= ATTEMPT_DELAY:
                    on_failure(key.data.info, late)
    raise failure or OSError("no address")


def _for_resolver(host: str) -> str | bytes:
    """Return a host without international letters as bytes: Python need not load the codec for them then."""
    labels = host.removesuffix(".").split(".")
    return host.encode() if host.isascii() and all(0 < len(label) < 64 for label in labels) else host


def _alternate(infos: Sequence[AddressInfo]) -> list[AddressInfo]:
    """Return the addresses in the system's order, but those of the two families in turn."""
    first = [info for info in infos if info[0] == infos[0][0]]
    others = [info for info in infos if info[0] != infos[0][0]]
    return [info for info in chain.from_iterable(zip_longest(first, others)) if info]


class _Attempt(NamedTuple):
    info: AddressInfo
    began: float  # monotonic


def _start(attempts: selectors.BaseSelector, info: AddressInfo) -> OSError | None:
    """Begin to connect; return the error if that is not possible."""
    family, kind, protocol, _, sockaddr = info
    try:
        sock = socket.socket(family, kind, protocol)
    except OSError as error:  # this machine does not have the family
        return error
    sock.setblocking(False)
    try:
        sock.connect(sockaddr)
    except BlockingIOError:
        pass
    except OSError as error:
        sock.close()
        return error
    attempts.register(sock, selectors.EVENT_WRITE, _Attempt(info, monotonic()))
    return None


def _end(attempts: selectors.BaseSelector, key: selectors.SelectorKey) -> socket.socket:
    sock = key.fileobj
    assert isinstance(sock, socket.socket)
    attempts.unregister(sock)
    return sock
