"""Asks the other servers of a cluster whether they hear Redis, when this one does not."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final

from chat_protocol.address import parse_address

_TIMEOUT: Final = 0.5
"""Longest time, in seconds, that one server is asked."""

_MAX_ASKED: Final = 4
"""Most servers that are asked at a time, one after the other."""


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
