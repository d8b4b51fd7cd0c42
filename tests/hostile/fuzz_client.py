"""A connection that sends given bytes, for the fuzzers."""

import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.support.timing import TIMEOUT


class FuzzClient:
    """One connection of a fuzzer."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, pieces: list[bytes]) -> None:
        """Send all pieces, then FIN; stop early if the other end closes."""
        with suppress(ConnectionError):
            for piece in pieces:
                self._socket.sendall(piece)
        with suppress(OSError):  # no longer connected
            self._socket.shutdown(socket.SHUT_WR)

    def read_to_end(self, *, vanish: bool) -> None:
        """Read until the other end closes; if `vanish`, reset the connection instead."""
        if vanish:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return
        with suppress(ConnectionError):
            while self._socket.recv(65536):
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
