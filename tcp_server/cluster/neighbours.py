"""Asks the other servers of a cluster whether they hear Redis, when this one does not."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from socket import SOCK_DGRAM, getaddrinfo, socket
from typing import Final

from chat_protocol.address import Address, parse_address
from tcp_server.redis_url import RedisUrl

_TIMEOUT: Final = 0.5
"""Longest time, in seconds, that one server is asked."""

_MAX_ASKED: Final = 4
"""Most servers that are asked at a time, one after the other."""


def shown_status(status: str, redis: RedisUrl | None) -> str:
    """Return where other machines ask a server that answers at `status`.

    Instead of any address (0.0.0.0) that is the one from which this machine reaches Redis.
    """
    if not status or redis is None:
        return status
    own = parse_address(status)
    if own.host not in ("0.0.0.0", "::"):
        return status
    if not redis.hosts:  # on this machine, and so are the others
        return str(Address("127.0.0.1", own.port))
    with suppress(OSError):
        family, _, _, _, address = getaddrinfo(*redis.hosts[0], type=SOCK_DGRAM)[0]
        with socket(family, SOCK_DGRAM) as towards:
            towards.connect(address)  # sends nothing
            return str(Address(towards.getsockname()[0], own.port))
    return status


class Neighbours:
    """What the others have answered last. `ask` is for one thread."""

    def __init__(self) -> None:
        self.do_hear = False
        """Whether one of them hears Redis. Written by the thread that asks; any may read it."""
        self._turn = 0  # whom to ask first

    def ask(self, addresses: Sequence[str]) -> None:
        """Ask some of the servers at these addresses; waits for their answers."""
        start = self._turn % max(1, len(addresses))
        self._turn += _MAX_ASKED
        self.do_hear = any(map(_hears, [*addresses[start:], *addresses[:start]][:_MAX_ASKED]))


def _hears(address: str) -> bool:
    with suppress(OSError, HTTPException, ValueError):
        host, port = parse_address(address)
        connection = HTTPConnection(host, port, timeout=_TIMEOUT)
        try:
            connection.request("GET", "/journalz")
            return connection.getresponse().status == HTTPStatus.OK
        finally:
            connection.close()
    return False
