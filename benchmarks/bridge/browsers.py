"""Simulated browsers that use little CPU: raw sockets, one `recv` for a chunk, frames never parsed.

One thread and one epoll for all, so that the bridge is the bottleneck.
"""

import base64
import itertools
import json
import os
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

from benchmarks.bridge.bridges import Bridge

_TIMEOUT: Final = 60.0  # seconds
_PER_MEMBER: Final = 16  # connections that the room allows a member
_JOIN_BATCH: Final = 20  # browsers that join before the received bytes are read

_crowds = itertools.count()
_buffer = bytearray(1024 * 1024)
_view = memoryview(_buffer)


class Browser:
    """One connection that speaks JSON with the room, in WebSocket if the bridge does."""

    def __init__(self, port: int, bridge: Bridge | None, *, stalled: bool = False) -> None:
        """Connect and do the handshake. A `stalled` browser gets a small receive buffer."""
        self._opcode = bridge.opcode if bridge else None
        self._terminator = bridge.terminator if bridge else b""
        self.socket = socket.socket()
        self.socket.settimeout(_TIMEOUT)
        if stalled:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tail = b""  # the last bytes received: what `count` looks for may have begun there
        if self._opcode:
            key = base64.b64encode(os.urandom(16)).decode()
            self.socket.sendall(
                f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Origin: http://127.0.0.1:{port}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
                "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: ru,en;q=0.9\r\n"
                "Cache-Control: no-cache\r\nPragma: no-cache\r\n"
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            self._read_until(b"\r\n\r\n")

    def join(self, name: str, session: str | None = None) -> str:
        """Join the room. Return the session secret, which other connections may share."""
        command = {"type": "join", "name": name, "history": 0} | ({"session": session} if session else {})
        self.socket.sendall(self.pack(command))
        welcome = self._read_until(b'"limits":{')
        return welcome.partition(b'"session":"')[2].partition(b'"')[0].decode()

    def pack(self, command: dict[str, Any]) -> bytes:
        """Return the bytes of a command on the wire."""
        line = json.dumps(command, ensure_ascii=False).encode()
        return _frame(self._opcode, line + self._terminator) if self._opcode else line + b"\n"

    def receive(self) -> bytes:
        """Return a chunk of received bytes, empty at the end of the stream."""
        with suppress(ConnectionResetError):
            return bytes(_view[: self.socket.recv_into(_buffer)])
        return b""

    def count(self, chunk: bytes, mark: bytes) -> int:
        """Return how many marks this chunk completes."""
        joint = self.tail + chunk[: len(mark) - 1]
        self.tail = (self.tail + chunk)[1 - len(mark) :] if len(chunk) < len(mark) else chunk[1 - len(mark) :]
        return chunk.count(mark) + joint.count(mark)

    def _read_until(self, ending: bytes) -> bytes:
        read = b""
        while ending not in read:
            chunk = self.receive()
            if not chunk:
                raise ConnectionError(f"ended after {read[-200:]!r}")
            read += chunk
        return read


class Speaker:
    """A member that is connected to the room directly and speaks lines, which have no acks."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.say("speaker")  # the name

    def say(self, *texts: str) -> None:
        """Send each text as a message, all in one write."""
        self._socket.sendall("".join(text + "\n" for text in texts).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


def _frame(opcode: int, payload: bytes) -> bytes:
    """Return the frame of a message of less than 64 KiB, masked as browsers do."""
    size = len(payload)
    head = bytes([0x80 | opcode]) + (
        bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
    )
    mask = os.urandom(4)
    key = int.from_bytes((mask * (size // 4 + 1))[:size])
    return head + mask + (int.from_bytes(payload) ^ key).to_bytes(size)


class Crowd:
    """Many browsers that have joined the room, as a few members with several connections each."""

    def __init__(self, port: int, bridge: Bridge | None, count: int, *, stalled: int = 0) -> None:
        """Connect and join `count` browsers. The first `stalled` of them get small receive buffers."""
        self._epoll = select.epoll()
        self.browsers: list[Browser] = []
        self._by_descriptor: dict[int, Browser] = {}
        session = ""
        opened = next(_crowds)
        for number in range(count):
            browser = Browser(port, bridge, stalled=number < stalled)
            self.browsers.append(browser)
            self._by_descriptor[browser.socket.fileno()] = browser
            self._epoll.register(browser.socket, select.EPOLLIN)
            name = f"member {opened}.{number // _PER_MEMBER}"
            session = browser.join(name, session if number % _PER_MEMBER else None)
            if number % _JOIN_BATCH == 0:
                self.drain()
        self.drain()

    def receive(self, timeout: float) -> Iterator[tuple[Browser, bytes]]:
        """Wait at most `timeout` seconds for chunks. Yield each with its browser."""
        for descriptor, _ in self._epoll.poll(timeout, len(self.browsers)):
            browser = self._by_descriptor[descriptor]
            chunk = browser.receive()
            if not chunk:
                raise ConnectionError("the bridge has closed a connection")
            yield browser, chunk

    def drain(self, quiet: float = 0.0) -> None:
        """Read until nothing is received for `quiet` seconds."""
        deadline = monotonic() + _TIMEOUT
        while sum(1 for _ in self.receive(quiet)):
            if monotonic() > deadline:
                raise TimeoutError("the browsers receive bytes without end")

    def stop_reading(self, browsers: list[Browser]) -> None:
        """Stop reading from these browsers for ever."""
        for browser in browsers:
            self._epoll.unregister(browser.socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._epoll.close()
        for browser in self.browsers:
            browser.socket.close()
