"""The reading end of one client's connection, and the waiting that is done there."""

import math
import select
import socket
import struct
import time


class Silent(Exception):
    """Nothing came in the time that was given."""


class Reader:
    """Where one client is heard. Owned by that client's thread.

    Each method raises `OSError` once the connection is gone.
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
        """Wait for bytes of a client that is to come to the point by then. Raises `Silent`."""
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silent
            self.wait_within(left)
        return self.receive(4096)

    def wait_within(self, seconds: float) -> None:
        """Bound each wait for bytes from now on by the kernel's own timeout; 0 is none.

        Python's `settimeout` would make the socket non-blocking and cost a second
        system call for each read.
        """
        whole, part = divmod(max(seconds, 0.001) if seconds else 0, 1)
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(whole), int(part * 1_000_000))
        )

    def pause(self, seconds: float, *, for_finished: bool = True) -> None:
        """Read nothing for a while, so that the client's own machine makes it wait.

        A client that has only finished sending is still waited for, unless told otherwise:
        from here it looks like one that is gone.
        """
        broken = select.poll()
        # Whoever asks for nothing is told of the end all the same.
        broken.register(self._socket, 0 if for_finished else select.POLLRDHUP)
        if broken.poll(math.ceil(seconds * 1000)):
            raise ConnectionResetError("broken while it waited")
