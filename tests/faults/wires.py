"""Two kinds of connection to the room with one interface: TCP, and the gateway's WebSocket."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from chat_protocol.address import Address
from chat_protocol.codec import decode_events, encode
from chat_protocol.connection import Connection
from chat_protocol.errors import ConnectionFailed
from chat_protocol.messages import Command, Event

OPENING = 3.0
"""Seconds to connect, handshake included."""

SILENCE = 2.0
"""Seconds without a byte after which the connection is considered dead."""


class Wire(Protocol):
    """One connection. One thread receives; sending is for one thread at a time."""

    def send(self, command: Command) -> None:
        """Send one command. Raises `ConnectionFailed`."""

    def receive(self) -> list[Event]:
        """Wait for events; an empty list means the end. Raises `ConnectionFailed`."""

    def close(self) -> None:
        """Close at once and wake the receiving thread. Any thread."""


class TcpWire:
    """JSON Lines over TCP."""

    def __init__(self, address: Address, silence: float = SILENCE) -> None:
        self._connection = Connection.open(address, timeout=OPENING, idle_timeout=silence)

    def send(self, command: Command) -> None:
        self._connection.send(command)

    def receive(self) -> list[Event]:
        return decode_events(self._connection.receive())

    def close(self) -> None:
        self._connection.close()


class WebSocketWire:
    """The same JSON in WebSocket frames."""

    def __init__(self, gateway: Address, silence: float = SILENCE) -> None:
        self._silence = silence
        self._resources = ExitStack()
        try:
            self._socket = self._resources.enter_context(
                connect(
                    f"ws://{gateway}/ws",
                    open_timeout=OPENING,
                    ping_interval=None,
                    compression=None,
                    max_size=None,
                    proxy=None,
                )
            )
        except (OSError, WebSocketException) as error:
            raise ConnectionFailed(f"no WebSocket: {error}") from error

    def send(self, command: Command) -> None:
        try:
            self._socket.send(encode(command)[:-1].decode())
        except (OSError, WebSocketException) as error:
            raise ConnectionFailed(f"cannot send: {error}") from error

    def receive(self) -> list[Event]:
        try:
            frame = self._socket.recv(timeout=self._silence, decode=False)
        except (OSError, WebSocketException) as error:
            raise ConnectionFailed(f"nothing received: {error}") from error
        return decode_events(frame)

    def close(self) -> None:
        self._socket.close_socket()  # without a close frame: the other end may not answer
        self._resources.close()


Opener = Callable[[], Wire]
"""Raises `ConnectionFailed`."""
