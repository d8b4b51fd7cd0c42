"""The writing end of one client's connection: its socket, and what it was too slow to take."""

import socket
from contextlib import suppress

from chat_protocol.backlog import Backlog
from tcp_server.dialects.dialect import Dialect, Plain


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
    )

    def __init__(self, sock: socket.socket, host: str = "") -> None:
        self.socket = sock
        self.host = host
        self.dialect: type[Dialect] = Plain
        self.backlog: Backlog | None = None  # None while nothing waits
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
        if self.backlog:
            if self.dialect.gap:
                self.backlog.append(self.dialect.gap)
            self.backlog.append(data)
            return False
        sent = 0
        try:
            sent = self.socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        except OSError:
            self.abort()
            return False
        if sent == len(data):
            return True
        self.backlog = Backlog(data, sent)
        return False

    def drain(self, now: float) -> None:
        """Send as much of the backlog as the kernel takes."""
        while self.backlog:
            try:
                sent = self.socket.sendmsg(self.backlog.next_blocks(), (), socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                self.abort()
                return
            self.progress_at = now
            if not self.backlog.consume(sent):
                self.backlog = None

    @property
    def waiting(self) -> int:
        """Return the bytes in the backlog."""
        return self.backlog.size if self.backlog else 0

    def truncate_backlog(self) -> None:
        """Drop what waits, except the rest of a line whose beginning has been sent."""
        if self.backlog and not self.backlog.truncate(bytes(self.backlog.first).find(b"\n") + 1):
            self.backlog = None

    def abort(self) -> None:
        """End the connection at once; this wakes the client's thread, which then leaves."""
        self.broken = True
        self.backlog = None
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def end_writing(self) -> None:
        """Tell the client that nothing follows; what it still sends is read and ignored."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
