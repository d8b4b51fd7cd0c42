"""A client's blocking TCP connection to a room, used by the terminal client and the gateway.

It reads the prompt and splits the stream into lines; the caller interprets the lines.
"""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Self

from chat_protocol.address import Address
from chat_protocol.codec import decode_events, encode
from chat_protocol.contract import BANNED, FULL, MAX_REPLY_LINE, PROMPT
from chat_protocol.errors import Banned, ConnectionFailed, NoPrompt, NotARoom, RoomFull
from chat_protocol.framing import LineBuffer
from chat_protocol.happy_eyeballs import connect
from chat_protocol.messages import Command, Event

if TYPE_CHECKING:  # ssl takes long to load, and most need none
    from chat_protocol.tls import Tls, TlsStream


def set_tcp_options(sock: socket.socket) -> None:
    """Set TCP options: detect a dead peer within about a minute, send small writes at once.

    Any thread, before the socket is shared.
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


def abort(sock: socket.socket) -> None:
    """End a connection in both directions, and wake threads blocked on it. Any thread, may be repeated.

    Unlike close(), which does not wake them, this leaves the descriptor open.
    """
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def unreachable(address: Address, error: OSError | UnicodeError) -> ConnectionFailed:
    """Return what to raise when there is no connection to an address."""
    if isinstance(error, UnicodeError):  # an impossible host name
        return ConnectionFailed(f"cannot reach {address}: not a host name")
    return ConnectionFailed(f"cannot reach {address}: {error.strerror or error}")


class Connection:
    """An open connection to a room, after its prompt.

    One thread may read (`receive`, `events`); any thread may `send` and `close`.
    """

    def __init__(self, sock: socket.socket, stream: "TlsStream | None" = None) -> None:
        """Wrap a connected socket, or the TLS stream over it, after the prompt. Use `open` instead."""
        self.socket = sock
        self._stream = stream or sock
        self._lines = LineBuffer(MAX_REPLY_LINE)  # owned by the reading thread
        self._send_lock = threading.Lock()  # held for a whole `sendall`: lines of two threads must not mix

    @classmethod
    def open(  # noqa: PLR0913 - each is another setting
        cls,
        address: Address,
        *,
        timeout: float = 10.0,
        idle_timeout: float | None = None,
        tls: "Tls | None" = None,
        source: bytes = b"",
        family: int = socket.AF_UNSPEC,
    ) -> Self:
        """Connect and read the room's prompt, both within `timeout` seconds.

        `idle_timeout` is how many seconds `receive` waits for bytes (None: no limit);
        `source` is a PROXY header, sent first and unencrypted; with `tls` the rest is
        encrypted. `family` is as for `happy_eyeballs.connect`. Raises `ConnectionFailed`: `RoomFull`,
        `Banned`, `TlsFailed`, `NoPrompt`, or `NotARoom` if another service answers.
        """
        deadline = monotonic() + timeout
        try:
            sock = connect(address, timeout, family)
        except (OSError, UnicodeError) as error:
            raise unreachable(address, error) from error
        return cls.open_on(sock, address, deadline, idle_timeout=idle_timeout, tls=tls, source=source)

    @classmethod
    def open_on(  # noqa: PLR0913 - each is another setting
        cls,
        sock: socket.socket,
        address: Address,
        deadline: float,
        *,
        idle_timeout: float | None = None,
        tls: "Tls | None" = None,
        source: bytes = b"",
    ) -> Self:
        """Read the prompt over a connected socket with a timeout, until `deadline` (monotonic).

        The socket is closed if that fails. The rest is as for `open`.
        """
        try:
            set_tcp_options(sock)
            sock.sendall(source)
            stream = tls.secure(sock, address, deadline) if tls else None
            _read_prompt(stream or sock, address, deadline)
            sock.settimeout(idle_timeout)
        except OSError as error:
            sock.close()
            if isinstance(error, ConnectionFailed):
                raise
            kind = NoPrompt if isinstance(error, TimeoutError) else ConnectionFailed
            raise kind(f"{address} does not answer: {error}") from error
        return cls(sock, stream)

    def send(self, command: Command) -> None:
        """Send one command; blocks while the send buffer is full. Raises `ConnectionFailed`."""
        self.send_bytes(encode(command))

    def send_bytes(self, lines: bytes) -> None:
        """Send whole lines, as `send`. Raises `ConnectionFailed`."""
        try:
            with self._send_lock:
                self._stream.sendall(lines)
        except OSError as error:
            raise ConnectionFailed(f"connection lost: {error}") from error

    def receive(self) -> bytes:
        """Wait for the next block of whole lines; empty once the room has closed the connection.

        Raises `ConnectionFailed` when the connection is lost or no bytes came within
        `idle_timeout`, `LineTooLong` for a line over `MAX_REPLY_LINE`.
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
        """Yield events until the room closes the connection. Raises as `receive`, and `BadMessage`."""
        while block := self.receive():
            yield from decode_events(block)

    def close(self) -> None:
        """Close the connection and wake a thread blocked in `receive`. Any thread, may be repeated."""
        with suppress(OSError):
            # close() alone does not wake a blocked recv(); shutdown() does.
            self._stream.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_prompt(stream: "socket.socket | TlsStream", address: Address, deadline: float) -> None:
    """Read exactly the bytes of the prompt, until `deadline` (monotonic)."""
    received = b""
    while len(received) < len(PROMPT):
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        stream.settimeout(left)
        part = stream.recv(len(PROMPT) - len(received))
        if not part:
            raise NotARoom(f"{address} closed the connection without a prompt")
        received += part
        if PROMPT.startswith(received):
            continue
        if FULL.startswith(received):
            raise RoomFull(f"the room at {address} is full")
        if BANNED.startswith(received):
            raise Banned(f"the room at {address} has banned this address")
        raise NotARoom(f"the server at {address} is not a chat room")
