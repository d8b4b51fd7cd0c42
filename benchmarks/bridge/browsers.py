"""Browsers as cheap as they can be played: raw sockets, one `recv` a chunk, frames never taken apart.

One thread and one epoll for all, so that what is measured is the bridge.
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

_PATIENCE: Final = 60.0  # seconds until something that should have come is missed
_PER_MEMBER: Final = 16  # connections the room lets a member have
_HASTE: Final = 20  # browsers that open at once before the bridge is waited for

_crowds = itertools.count()
_buffer = bytearray(1024 * 1024)
_view = memoryview(_buffer)


class Browser:
    """One connection that speaks JSON with the room, by WebSocket where the bridge does."""

    def __init__(self, port: int, bridge: Bridge | None, *, deaf: bool = False) -> None:
        """Connect and shake hands. A `deaf` browser's kernel holds next to nothing for it."""
        self._opcode = bridge.opcode if bridge else None
        self._ending = bridge.ending if bridge else b""
        self.socket = socket.socket()
        self.socket.settimeout(_PATIENCE)
        if deaf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tail = b""  # what may be the first half of something looked for
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
        """Enter the room, and return the session that others may share."""
        wish = {"type": "join", "name": name, "history": 0} | ({"session": session} if session else {})
        self.socket.sendall(self.pack(wish))
        welcome = self._read_until(b'"limits":{')
        return welcome.partition(b'"session":"')[2].partition(b'"')[0].decode()

    def pack(self, wish: dict[str, Any]) -> bytes:
        """Return a command as the bytes that carry it."""
        line = json.dumps(wish, ensure_ascii=False).encode()
        return _frame(self._opcode, line + self._ending) if self._opcode else line + b"\n"

    def receive(self) -> bytes:
        """Return what has come; empty at the end."""
        with suppress(ConnectionResetError):
            return bytes(_view[: self.socket.recv_into(_buffer)])
        return b""

    def count(self, chunk: bytes, mark: bytes) -> int:
        """Return how many marks have become whole with this chunk."""
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
    """Somebody in the room itself, speaking in lines: nobody acknowledges those."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.say("speaker")  # the name

    def say(self, *texts: str) -> None:
        """Say each text, all in one write."""
        self._socket.sendall("".join(text + "\n" for text in texts).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


def _frame(opcode: int, payload: bytes) -> bytes:
    """Return a whole message of less than 64 KiB, masked as browsers do."""
    size = len(payload)
    head = bytes([0x80 | opcode]) + (
        bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
    )
    mask = os.urandom(4)
    key = int.from_bytes((mask * (size // 4 + 1))[:size])
    return head + mask + (int.from_bytes(payload) ^ key).to_bytes(size)


class Crowd:
    """Many browsers that are in the room, as a few members, and listen."""

    def __init__(self, port: int, bridge: Bridge | None, count: int, *, deaf: int = 0) -> None:
        """Let `count` in, the first `deaf` of them ready to stop reading."""
        self._epoll = select.epoll()
        self.browsers: list[Browser] = []
        self._by_descriptor: dict[int, Browser] = {}
        session = ""
        opened = next(_crowds)
        for number in range(count):
            browser = Browser(port, bridge, deaf=number < deaf)
            self.browsers.append(browser)
            self._by_descriptor[browser.socket.fileno()] = browser
            self._epoll.register(browser.socket, select.EPOLLIN)
            name = f"member {opened}.{number // _PER_MEMBER}"
            session = browser.join(name, session if number % _PER_MEMBER else None)
            if number % _HASTE == 0:
                self.drain()
        self.drain()

    def hear(self, timeout: float) -> Iterator[tuple[Browser, bytes]]:
        """Wait at most so many seconds for the next chunks, and yield who got which."""
        for descriptor, _ in self._epoll.poll(timeout, len(self.browsers)):
            browser = self._by_descriptor[descriptor]
            chunk = browser.receive()
            if not chunk:
                raise ConnectionError("the bridge has hung up")
            yield browser, chunk

    def drain(self, quiet: float = 0.0) -> None:
        """Read on until nothing has come for `quiet` seconds."""
        deadline = monotonic() + _PATIENCE
        while sum(1 for _ in self.hear(quiet)):
            if monotonic() > deadline:
                raise TimeoutError("it never becomes quiet")

    def stop_reading(self, browsers: list[Browser]) -> None:
        """Never read again what comes for these."""
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
