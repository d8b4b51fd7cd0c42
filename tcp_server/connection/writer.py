"""Writes to one client: to its socket, and to a backlog while the client is slow."""

import socket
from contextlib import suppress

from chat_protocol.backlog import Backlog
from chat_protocol.connection import abort
from tcp_server.dialects.output import PLAIN, Output


class Writer:
    """The send half of one connection; also what the room identifies the connection by.

    Owned by the holder of the sequencer's room lock. Exceptions: the client's thread reads from
    `socket`, and sets `output` and `host` (the client's plain address) before its first request.
    No method blocks, and none raises when the connection is lost: `broken` is then true.
    """

    __slots__ = (
        "backlog",
        "blocked_since",
        "broken",
        "bye",
        "ends_at",
        "host",
        "id",
        "output",
        "progress_at",
        "released",
        "socket",
    )

    def __init__(self, sock: socket.socket, host: str = "", port: int = 0) -> None:
        """`host` and `port` are the peer's."""
        self.socket = sock
        self.host = host
        self.id = port  # in the log; the gateway logs the same one
        self.bye = ""  # why it has left the room, if the room has said so
        self.output: Output = PLAIN
        self.backlog: Backlog | None = None  # None if empty
        self.progress_at = 0.0  # when the backlog began or last shrank; monotonic
        self.blocked_since = 0.0  # when the backlog began; monotonic
        self.ends_at: float | None = None  # monotonic deadline once it closes; no new data then
        self.released = False  # the client's thread has ended: the socket may be closed
        self.broken = False

    def write(self, data: bytes) -> bool:
        """Send what the kernel takes now and append the rest to the backlog.

        Return whether nothing is left.
        """
        if self.broken:
            return False
        if self.backlog:
            if self.output.separator:
                self.backlog.append(self.output.separator)
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
        """Drop the backlog, except for the rest of a line whose beginning has been sent."""
        if self.backlog and not self.backlog.truncate(bytes(self.backlog.first).find(b"\n") + 1):
            self.backlog = None

    def abort(self) -> None:
        """Shut the connection down at once; this wakes the client's thread, which then leaves."""
        self.broken = True
        self.backlog = None
        abort(self.socket)

    def end_writing(self) -> None:
        """Send FIN; what the client still sends is read and ignored."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
