"""HTTP as exact bytes, for requests that no real client sends."""

import socket
from contextlib import suppress
from typing import NamedTuple

from tests.support.timing import TIMEOUT
from web_gateway.app import assets

KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
UPGRADE = (
    f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
)

ASSETS = assets()
FILES = f"/static/{ASSETS.version}"
"""Path of the page's files."""


class Answer(NamedTuple):
    """A response; status 0 if the connection was closed without one."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the header of this name; fail if there are several."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, values
        return values[0] if values else None


def request(target: bytes | str, *lines: bytes | str, host: bytes | str = "127.0.0.1") -> bytes:
    """Return a GET of the target, unescaped, with these header lines and `Connection: close`."""
    head = [b"GET " + _bytes(target) + b" HTTP/1.1", b"Host: " + _bytes(host), *map(_bytes, lines)]
    return b"\r\n".join([*head, b"Connection: close", b"", b""])


def ask(address: tuple[str, int], asked: bytes) -> Answer:
    """Send the bytes and return the only response; fail if more follows it."""
    return read_answer(ask_raw(address, asked))


def ask_raw(address: tuple[str, int], asked: bytes) -> bytes:
    """Send the bytes; return what comes until the end of the connection or the start of a WebSocket."""
    received = b""
    with socket.create_connection(address, TIMEOUT) as connection, suppress(ConnectionError):
        connection.sendall(asked)
        while chunk := connection.recv(65536):
            received += chunk
            if received.startswith(b"HTTP/1.1 101 ") and b"\r\n\r\n" in received:
                break
    return received


def read_answer(received: bytes) -> Answer:
    """Parse bytes that must be one response and nothing more."""
    if not received:
        return Answer(0, [], b"")
    head, separator, body = received.partition(b"\r\n\r\n")
    assert separator, received[:200]
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    answer = Answer(int(first.split(" ")[1]), headers, body)
    length = answer.header("Content-Length")
    if length is not None and answer.status not in {101, 304}:
        assert len(body) in {int(length), 0}, received[:2000]
    return answer


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
