"""Finds the addresses from which somebody is connected to other servers, for a moderator.

Addresses do not travel with the entries: they are asked for, and forgotten after some seconds.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tcp_server.cluster.stream import Away, Stream

_WAIT: Final = 1.0
"""Longest time, in seconds, to wait for the answers of all servers."""

_KEPT_SECONDS: Final = 5.0
"""How long an answer is left in Redis for who has asked."""


class AddressRequest(msgspec.Struct, array_like=True, tag="addresses"):
    """Asks all servers from where a member is connected; each that knows leaves its answer under a key."""

    member: int
    key: str


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[str])


class Addresses:
    """Asks in a thread for each question, and answers in the thread that listens."""

    def __init__(self, stream: Stream, here: Callable[[int], Sequence[str]]) -> None:
        """`here` returns the addresses of a member's connections to this server; it may wait for the room."""
        self._stream = stream
        self._here = here

    def find(self, member: int, servers: int, done: Callable[[Sequence[str]], None]) -> None:
        """Ask so many servers, and call `done` with what they have answered within a second, in a thread."""
        threading.Thread(target=self._ask, args=(member, servers, done), name="whois", daemon=True).start()

    def _ask(self, member: int, servers: int, done: Callable[[Sequence[str]], None]) -> None:
        key = secrets.token_hex(8)
        found: list[str] = []
        deadline = time.monotonic() + _WAIT
        try:
            self._stream.publish("ask", _encode(AddressRequest(member, key)))
            for _ in range(servers):
                answer = self._stream.take(f"answer:{key}", max(0.01, deadline - time.monotonic()))
                found += _decoder.decode(answer) if answer else []
        except Away:
            pass  # the moderator is told what is known here
        done(found)

    def answer(self, request: AddressRequest) -> None:
        """Leave the addresses that are known here. Raises `Away`."""
        if addresses := self._here(request.member):
            self._stream.put(f"answer:{request.key}", _encode(addresses), _KEPT_SECONDS)
