"""A client's side of the wire: one blocking TCP connection to a room.

The terminal client and the gateway each hold one of these per person. It knows
how a room greets and how lines are cut; what the lines mean is its holder's affair.
"""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Self

from chat_protocol.address import Address
from chat_protocol.codec import decode_events, encode
from chat_protocol.contract import BANNED, FULL, MAX_REPLY_LINE, PROMPT
from chat_protocol.errors import Banned, ConnectionFailed, NotARoom, RoomFull
from chat_protocol.framing import LineBuffer
from chat_protocol.messages import Command, Event
from chat_protocol.tls import Tls, TlsStream


def keep_alive(sock: socket.socket) -> None:
    """Let the kernel find out within about a minute that the other end is gone.

    Also sends small writes at once. Any thread; before the socket is shared.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "darwin":
        idle = socket.TCP_KEEPALIVE
    else:
        idle = socket.TCP_KEEPIDLE
    sock.setsockopt(socket.IPPROTO_TCP, idle, 30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)


class Connection:
    """A connection that has been greeted by a room.

    One thread reads (`receive`, `events`); any thread may `send` and `close`.
    """

    def __init__(self, sock: socket.socket, stream: TlsStream | None = None) -> None:
        """Take over a connected socket, and the TLS in it, whose prompt has been read. See `open`."""
        self.socket = sock
        self._stream = stream or sock
        self._lines = LineBuffer(MAX_REPLY_LINE)  # owned by the one reading thread
        self._send_lock = threading.Lock()  # keeps the lines of two senders apart

    @classmethod
    def open(
        cls,
        address: Address,
        *,
        timeout: float = 10.0,
        silence: float | None = None,
        tls: Tls | None = None,
        source: bytes = b"",
    ) -> Self:
        """Connect and wait for the room's prompt, both within `timeout` seconds.

        `silence` is how many seconds `receive` waits for the next bytes (None: for
        ever); with `tls` all of it is encrypted but `source`, a PROXY header that says for
        whom we connect. Raises `ConnectionFailed`: `RoomFull` if nobody more is let in,
        `Banned` if we in particular are not, `NotARoom` if something else answers,
        `TlsFailed` if it is not who we want.
        """
        deadline = monotonic() + timeout
        try:
            sock = socket.create_connection(address, timeout)
        except UnicodeError as error:  # no host name can look like this
            raise ConnectionFailed(f"cannot reach {address}: not a host name") from error
        except OSError as error:
            raise ConnectionFailed(f"cannot reach {address}: {error.strerror or error}") from error
        try:
            keep_alive(sock)
            sock.sendall(source)
            stream = tls.secure(sock, address, deadline) if tls else None
            _expect_prompt(stream or sock, address, deadline)
            sock.settimeout(silence)
        except OSError as error:
            sock.close()
            if isinstance(error, ConnectionFailed):
                raise
            raise ConnectionFailed(f"{address} does not answer: {error}") from error
        return cls(sock, stream)

    def send(self, command: Command) -> None:
        """Send one command, waiting while the room takes no more. Raises `ConnectionFailed`."""
        self.send_bytes(encode(command))

    def send_bytes(self, lines: bytes) -> None:
        """Send whole lines as they are. Raises `ConnectionFailed`."""
        try:
            with self._send_lock:
                self._stream.sendall(lines)
        except OSError as error:
            raise ConnectionFailed(f"connection lost: {error}") from error

    def receive(self) -> bytes:
        """Wait for the next block of whole lines; empty once the room has closed.

        Raises `ConnectionFailed` when the connection breaks or stays silent too
        long, `LineTooLong` when the other end keeps no measure.
        """
        while True:
            try:
                chunk = self._stream.recv(65536)
            except OSError as error:
                raise ConnectionFailed(f"connection lost: {error}") from error
            if not chunk:
                return b""
            if block := self._lines.feed(chunk):
                return block

    def events(self) -> Iterator[Event]:
        """Yield what the room says until it closes. Raises as `receive`, and `BadMessage`."""
        while block := self.receive():
            yield from decode_events(block)

    def close(self) -> None:
        """End the connection and wake whoever waits in `receive`. Any thread, any number of times."""
        with suppress(OSError):
            # close() alone leaves a blocked recv() asleep; only shutdown() wakes it.
            self._stream.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _expect_prompt(stream: socket.socket | TlsStream, address: Address, deadline: float) -> None:
    """Read exactly the prompt and not a byte more, however slowly its bytes come."""
    greeting = b""
    while len(greeting) < len(PROMPT):
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        stream.settimeout(left)
        part = stream.recv(len(PROMPT) - len(greeting))
        if not part:
            raise NotARoom(f"{address} closed the connection without a greeting")
        greeting += part
        if PROMPT.startswith(greeting):
            continue
        if FULL.startswith(greeting):
            raise RoomFull(f"the room at {address} takes nobody more at the moment")
        if BANNED.startswith(greeting):
            raise Banned(f"the room at {address} keeps this address out")
        raise NotARoom(f"what answers at {address} is not a chat room")
