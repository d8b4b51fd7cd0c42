"""Reads from one client, with deadlines; and pauses it."""

import math
import select
import socket
import struct
import time


class Silent(Exception):
    """No bytes arrived before the deadline."""


class Reader:
    """The receive half of one connection. Owned by that client's thread.

    Each method raises `OSError` when the connection is lost.
    """

    __slots__ = ("_socket",)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def receive(self, size: int) -> bytes:
        """Wait for bytes, at most `size`. Raises `Silent`."""
        try:
            chunk = self._socket.recv(size)
        except BlockingIOError:
            raise Silent from None
        if not chunk:
            raise ConnectionResetError("closed by the client")
        return chunk

    def receive_until(self, deadline: float | None) -> bytes:
        """Wait for bytes until `deadline` (monotonic; None: no limit). Raises `Silent`."""
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silent
            self.wait_within(left)
        return self.receive(4096)

    def wait_within(self, seconds: float) -> None:
        """Set the kernel's timeout, in seconds, for each further read; 0 is none.

        Python's `settimeout` would make the socket non-blocking, which costs a second
        system call for each read.
        """
        whole, part = divmod(max(seconds, 0.001) if seconds else 0, 1)
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(whole), int(part * 1_000_000))
        )

    def pause(self, seconds: float, *, for_finished: bool = True) -> None:
        """Read nothing for some seconds, so that TCP flow control slows the client down.

        A half-closed connection (FIN received) does not end the pause, unless `for_finished` is
        False: a client that is gone looks the same.
        """
        broken = select.poll()
        # poll() reports errors and hang-ups even if no event is asked for.
        broken.register(self._socket, 0 if for_finished else select.POLLRDHUP)
        if broken.poll(math.ceil(seconds * 1000)):
            raise ConnectionResetError("broken while it waited")
