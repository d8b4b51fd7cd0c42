"""Clients of a room behind a proxy: they speak TLS, from any address of this machine."""

import http.client
import json
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Origin
from websockets.uri import parse_uri

from chat_protocol.address import Address
from tests.end_to_end.fronts import HOST, Front
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT


class Bot(JsonClient):
    """A client of the json dialect over TLS, from a given address."""

    def __init__(self, front: Front, source: str = "127.0.0.1") -> None:
        self.timeout = TIMEOUT
        self._pending = b""
        self.socket = connect_tls(front, front.listeners.terminals, source)


class Page:
    """The page's side of the WebSocket, without a browser.

    For one thread: Python's TLS sockets cannot be read and written at the same time.
    """

    def __init__(self, front: Front, source: str, headers: Mapping[str, str] | None = None) -> None:
        self._protocol = ClientProtocol(parse_uri(f"wss://{HOST}/ws"), origin=Origin(f"https://{HOST}"))
        self._events: deque[dict[str, Any]] = deque()
        self.socket = connect_tls(front, front.listeners.browsers, source)
        request = self._protocol.connect()
        request.headers.update(headers or {})
        self._protocol.send_request(request)
        self._send()

    def say_json(self, **message: Any) -> None:
        while self._protocol.state is State.CONNECTING:
            assert self._receive()
        self._protocol.send_text(json.dumps(message).encode())
        self._send()

    def wait_for(self, **fields: Any) -> dict[str, Any]:
        """Read until an event has these fields; return it."""
        while True:
            while not self._events:
                assert self._receive(), f"never heard: {fields}"
            event = self._events.popleft()
            if fields.items() <= event.items():
                return event

    def leave(self) -> None:
        """Leave the room, and wait until the room has closed the connection."""
        self.say_json(type="leave")
        while self._receive():
            pass

    def _send(self) -> None:
        self.socket.sendall(b"".join(self._protocol.data_to_send()))

    def _receive(self) -> bool:
        """Read once; False at the end."""
        chunk = self.socket.recv(65536)
        self._protocol.receive_data(chunk) if chunk else self._protocol.receive_eof()
        assert self._protocol.handshake_exc is None, self._protocol.handshake_exc
        self._send()
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode is Opcode.TEXT:
                self._events += map(json.loads, bytes(frame.data).splitlines())
        return bool(chunk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def trust(front: Front) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=front.certificate.public)


def connect_tls(front: Front, listener: Address, source: str = "127.0.0.1") -> ssl.SSLSocket:
    plain = socket.create_connection(listener, TIMEOUT, source_address=(source, 0))
    try:
        return trust(front).wrap_socket(plain, server_hostname=HOST)
    except BaseException:
        plain.close()
        raise


def get(front: Front, path: str, **headers: str) -> http.client.HTTPResponse:
    with connect_tls(front, front.listeners.browsers) as sock:
        lines = "".join(f"{name}: {value}\r\n" for name, value in ({"Host": HOST} | headers).items())
        sock.sendall(f"GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        answer.read()
        return answer
