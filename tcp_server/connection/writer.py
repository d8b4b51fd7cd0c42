"""The writing end of one client's connection: its socket, and what it was too slow to take."""

import socket
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import Final

from tcp_server.dialects.dialect import Dialect, Plain

_VIEWS_AT_ONCE = 64
"""How many waiting blocks one system call sends."""


_EMPTY_BACKLOG: Final[deque[memoryview]] = deque()
"""The backlog of whoever never lagged: one for all, as an empty one of their own takes 0.6 KiB."""


class Writer:
    """Where one client hears the room.

    Owned by whoever holds the sequencer, but for `socket`, from which the client's
    own thread reads, and `dialect` and `host`, the client's plain address, which that
    thread sets before its first request.
    No method blocks and none raises when the client is gone: `broken` says so.
    """

    __slots__ = (
        "backlog",
        "blocked_since",
        "broken",
        "dialect",
        "ends_at",
        "host",
        "progress_at",
        "released",
        "socket",
        "waiting",
    )

    def __init__(self, sock: socket.socket, host: str = "") -> None:
        self.socket = sock
        self.host = host
        self.dialect: type[Dialect] = Plain
        self.backlog = _EMPTY_BACKLOG  # views of bytes shared with everybody else's
        self.waiting = 0  # bytes in the backlog
        self.progress_at = 0.0  # when the backlog last got shorter, or began
        self.blocked_since = 0.0  # when the backlog began
        self.ends_at: float | None = None  # nothing more is said, and by then all is over
        self.released = False  # the client's thread has ended: close the socket when done
        self.broken = False

    def write(self, data: bytes) -> bool:
        """Send what the kernel takes now and keep the rest, behind what waits already.

        Return whether all of it is sent.
        """
        if self.broken:
            return False
        sent = 0
        if self.backlog:
            if self.dialect.gap:
                self._keep(memoryview(self.dialect.gap))
        else:
            try:
                sent = self.socket.send(data, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
            except OSError:
                self.abort()
                return False
            if sent == len(data):
                return True
        self._keep(memoryview(data)[sent:])
        return False

    def drain(self, now: float) -> None:
        """Send as much of the backlog as the kernel takes."""
        while self.backlog:
            try:
                sent = self.socket.sendmsg(islice(self.backlog, _VIEWS_AT_ONCE), (), socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                self.abort()
                return
            self.progress_at = now
            self._consume(sent)

    def truncate_backlog(self) -> None:
        """Drop what waits, except the rest of a line whose beginning has been sent."""
        if self.backlog:
            head = bytes(self.backlog[0])
            self.backlog.clear()
            self.waiting = 0
            if rest := head[: head.find(b"\n") + 1]:
                self._keep(memoryview(rest))

    def abort(self) -> None:
        """End the connection at once; this wakes the client's thread, which then leaves."""
        self.broken = True
        self.backlog.clear()
        self.waiting = 0
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def end_writing(self) -> None:
        """Tell the client that nothing follows; what it still sends is read and ignored."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def _keep(self, view: memoryview) -> None:
        if self.backlog is _EMPTY_BACKLOG:
            self.backlog = deque()
        self.backlog.append(view)
        self.waiting += len(view)

    def _consume(self, sent: int) -> None:
        self.waiting -= sent
        while sent:
            head = self.backlog[0]
            if sent < len(head):
                self.backlog[0] = head[sent:]
                return
            sent -= len(head)
            self.backlog.popleft()
