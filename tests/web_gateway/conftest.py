"""Fixtures of these tests: a room driven by the test, browsers, and gateways between them."""

import base64
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic
from types import TracebackType
from typing import Self

import pytest
from flask.testing import FlaskClient
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin
from werkzeug.serving import ThreadedWSGIServer

from chat_protocol.address import Address
from tests.support.processes import find_address, running
from tests.support.raw import PROMPT, JsonClient
from tests.support.timing import TIMEOUT
from tests.web_gateway.http_handler import Handler
from web_gateway.app import create_app
from web_gateway.config import Config
from web_gateway.gateway import Gateway


class RoomEnd(JsonClient):
    """The room's side of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.timeout = TIMEOUT
        self.socket = sock
        self.socket.settimeout(TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the server does
        self._pending = b""


class Room:
    """A listening socket that stands in for a room. The test does what a room would do."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(TIMEOUT)
        self.address = Address(*self._listener.getsockname())
        self._ends: list[RoomEnd] = []

    def accept(self, *, greeting: str = PROMPT) -> RoomEnd:
        """Accept the next connection and send the prompt, or another greeting."""
        end = RoomEnd(self._listener.accept()[0])
        self._ends.append(end)
        end.send(greeting)
        return end

    def expect_no_connection(self) -> None:
        """Fail if a connection waits to be accepted."""
        self._listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            self._listener.accept()
        self._listener.settimeout(TIMEOUT)

    def disconnect(self) -> None:
        """Close all connections, also those not yet accepted."""
        self._listener.settimeout(0)
        with suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
        self._listener.settimeout(TIMEOUT)
        for end in self._ends:
            end.close()
        self._ends.clear()

    def close(self) -> None:
        """Close all connections and the listener."""
        self.disconnect()
        self._listener.close()


@pytest.fixture(scope="module")
def module_room() -> Iterator[Room]:
    """The room of all tests of a module. Use `room`, which closes its connections after each."""
    room = Room()
    yield room
    room.close()


@pytest.fixture
def room(module_room: Room) -> Iterator[Room]:
    yield module_room
    module_room.disconnect()


@pytest.fixture
def closed_address() -> Address:
    """An address on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return Address(*listener.getsockname())


class Serving:
    """A running gateway."""

    def __init__(self, address: Address, gateway: Gateway | None = None) -> None:
        self.address = address
        self.gateway = gateway
        self.origin = f"http://{address}"

    @contextmanager
    def browse(self, origin: str | None = None) -> Iterator[ClientConnection]:
        """Open a WebSocket as a page from `origin` does (None: as a program that is no browser)."""
        with connect(
            f"ws://{self.address}/ws", origin=Origin(origin) if origin else None, open_timeout=TIMEOUT
        ) as browser:
            yield browser

    @contextmanager
    def chat(self, room: Room) -> Iterator[tuple[ClientConnection, RoomEnd]]:
        """Open a WebSocket and accept its connection to the room."""
        with self.browse() as browser:
            yield browser, room.accept()


@contextmanager
def client_of(config: Config) -> Iterator[FlaskClient]:
    """Return a client of a gateway in this process, without HTTP."""
    app = create_app(config)
    gateway: Gateway = app.extensions["gateway"]
    gateway.start()
    with app.test_client() as client:
        yield client
    gateway.stop()


@contextmanager
def serving_here(config: Config) -> Iterator[Serving]:
    """Serve by Werkzeug in this process, so that leaked threads and descriptors are found."""
    app = create_app(config.replace(port=0))
    gateway: Gateway = app.extensions["gateway"]
    server = ThreadedWSGIServer("127.0.0.1", 0, app, Handler)
    server.daemon_threads = False
    server.log = lambda *_, **__: None  # type: ignore[method-assign]
    gateway.start()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="http")
    thread.start()
    try:
        yield Serving(Address("127.0.0.1", server.port), gateway)
    finally:
        server.shutdown()
        gateway.stop()
        thread.join()
        server.server_close()


@contextmanager
def serving_by_gunicorn(room: Address, *flags: str) -> Iterator[Serving]:
    """Run a gateway as users do."""
    with running("web_gateway", "--port", "0", "--server", str(room), *flags) as program:
        yield Serving(find_address(program.line.replace("http://", "")))


@pytest.fixture(scope="module", params=["gunicorn", "werkzeug"])
def serving(request: pytest.FixtureRequest, module_room: Room) -> Iterator[Serving]:
    """A gateway to the room. Each test with it runs under both HTTP servers."""
    with ExitStack() as stack:
        if request.param == "gunicorn":
            yield stack.enter_context(serving_by_gunicorn(module_room.address))
        else:
            yield stack.enter_context(serving_here(Config(server=(module_room.address,))))


class RawBrowser:
    """A WebSocket client that sends any bytes, also invalid ones, and reads only when told to."""

    def __init__(
        self, address: Address, *, headers: str = "", behind: bytes = b"", buffer: int | None = None
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(address)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
            + behind
        )
        self._protocol = Protocol(Side.CLIENT, max_size=None)
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.head = head

    def send(self, *frames: Frame) -> None:
        """Send frames, masked as a browser must."""
        self.socket.sendall(b"".join(frame.serialize(mask=True) for frame in frames))

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the gateway ends the connection, then close it, as browsers do."""
        deadline = monotonic() + 4 * TIMEOUT
        while monotonic() < deadline:
            try:
                chunk = self.socket.recv(65536)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                self.socket.close()
                return
            self._protocol.receive_data(chunk)
            assert self._protocol.parser_exc is None, "the gateway's stream is corrupt"
            for event in self._protocol.events_received():
                assert isinstance(event, Frame)
                yield event
        pytest.fail("the gateway never ended the connection")

    def read(self) -> Frame:
        """Return the next frame."""
        return next(self.frames())

    def read_close(self) -> Close:
        """Read until the close frame and return its contents."""
        for frame in self.frames():
            if frame.opcode is Opcode.CLOSE:
                return Close.parse(frame.data)
        pytest.fail("ended without a close frame")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()


def text(message: str) -> Frame:
    """Return the frame of a whole text message."""
    return Frame(Opcode.TEXT, message.encode())
