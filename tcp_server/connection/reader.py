"""Reads from one client, with deadlines and pauses."""

import math
import select
import socket
import struct
import time


class ReadTimeout(Exception):
    """No bytes arrived before the deadline."""


class EndOfInput(ConnectionError):
    """The client has ended its half of the connection (FIN); it may still read."""


class Reader:
    """The receive half of one connection. Owned by that client's thread.

    Each method raises `OSError` when the connection is lost.
    """

    __slots__ = ("_socket",)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def receive(self, size: int) -> bytes:
        """Wait for bytes, at most `size`. Raises `ReadTimeout` and `EndOfInput`."""
        try:
            chunk = self._socket.recv(size)
        except BlockingIOError:
            raise ReadTimeout from None
        if not chunk:
            raise EndOfInput
        return chunk

    def receive_until(self, deadline: float | None) -> bytes:
        """Wait for bytes until `deadline` (monotonic; None: no limit). Raises as `receive` does."""
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ReadTimeout
            self.set_timeout(left)
        return self.receive(4096)

    def set_timeout(self, seconds: float) -> None:
        """Set the kernel's timeout for each further read, in seconds; 0: none.

        Python's `settimeout` would make the socket non-blocking, which costs a second
        system call for each read.
        """
        whole, part = divmod(max(seconds, 0.001) if seconds else 0, 1)
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(whole), int(part * 1_000_000))
        )

    def pause(self, seconds: float, *, allow_half_closed: bool = True) -> None:
        """Read nothing for some seconds, so that TCP flow control slows the client down.

        Raises if the connection is lost; unless `allow_half_closed`, also after a FIN, since a
        client that has closed its socket looks the same as one that has half-closed it.
        """
        broken = select.poll()
        # poll() reports errors and hang-ups even if no event is asked for.
        broken.register(self._socket, 0 if allow_half_closed else select.POLLRDHUP)
        if broken.poll(math.ceil(seconds * 1000)):
            raise ConnectionResetError("broken while it waited")
