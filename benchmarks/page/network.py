"""A slow network in front of a gateway: a TCP proxy with a round trip time and a rate in each direction.

All connections share the link, as those of one browser do. It also takes what TCP itself takes on such a
network and a proxy on the same machine would hide: a round trip to connect, and slow start, in which a
connection sends at most 10 packets in its first round trip and twice as many in each that follows
(RFC 6928, RFC 5681). Nothing is lost or sent out of order, and there is no TLS.
"""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Self, TypeVar

from chat_protocol.address import Address

_PACKET = 1460  # bytes
_INITIAL_WINDOW = 10 * _PACKET
_TIMEOUT = 10.0  # seconds for the proxy's thread to do something

T = TypeVar("T")


@dataclass(frozen=True)
class Network:
    """What a network can do: the round trip time in seconds, and the rates in bits a second."""

    round_trip: float
    down: float
    up: float


UNLIMITED = Network(0, 1e9, 1e9)
"""Of this machine itself, as near as makes no difference."""


@dataclass
class Request:
    """A request as the browser sees it, with times by `monotonic()`."""

    line: str
    connection: int
    began: float
    ended: float = 0.0
    """When the last byte so far came."""
    size: int = 0
    """Bytes that came, with headers."""


@dataclass
class Traffic:
    """All that went through the proxy since `restart`."""

    began: float = field(default_factory=monotonic)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    received: int = 0
    """Bytes that came to the browser, with headers and what the WebSocket carried."""


class _Link:
    """One direction of the network."""

    def __init__(self, rate: float, delay: float) -> None:
        self._rate = rate / 8
        self._delay = delay
        self._free_at = 0.0

    def send(self, size: int) -> float:
        """Put a packet behind the others. Return when it arrives."""
        self._free_at = max(self._free_at, monotonic()) + size / self._rate
        return self._free_at + self._delay


class _Window:
    """How many bytes one side of a connection may have under way."""

    def __init__(self) -> None:
        self._size = _INITIAL_WINDOW
        self._under_way = 0
        self._changed = asyncio.Event()

    async def take(self, size: int) -> None:
        """Wait until so many bytes more may be sent."""
        while self._under_way + size > self._size:
            self._changed.clear()
            await self._changed.wait()
        self._under_way += size

    def acknowledge(self, size: int) -> None:
        """So many bytes have arrived: as many more may be under way."""
        self._under_way -= size
        self._size += size
        self._changed.set()


class SlowNetwork:
    """The proxy, on a free local port. Any thread may call its methods; use it in a `with` block."""

    def __init__(self, gateway: Address) -> None:
        self._gateway = gateway
        # All below belongs to the proxy's thread.
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._traffic = Traffic()
        self._network = UNLIMITED
        self._down = self._up = _Link(UNLIMITED.down, 0)
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.address = Address(*self._server.sockets[0].getsockname())
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self.restart(UNLIMITED)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_TIMEOUT)
        self._loop.close()

    def restart(self, network: Network) -> Traffic:
        """Close all connections, change the network, and return what will be counted from now on."""

        async def restart() -> Traffic:
            for stream in self._open:
                stream.close()
            self._network = network
            self._down = _Link(network.down, network.round_trip / 2)
            self._up = _Link(network.up, network.round_trip / 2)
            self._traffic = Traffic()
            return self._traffic

        return self._call(restart())

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_TIMEOUT)

    # --- the proxy's thread --------------------------------------------------------------

    async def _accept(self, browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter) -> None:
        self._traffic.connections += 1
        connection = _Connection(self._traffic, self._network.round_trip)
        gateway, to_gateway = await asyncio.open_connection(*self._gateway)
        streams = (to_browser, to_gateway)
        self._open.update(streams)
        sending = asyncio.create_task(connection.send(browser, to_gateway, self._up))
        receiving = asyncio.create_task(connection.receive(gateway, to_browser, self._down))
        # Whoever ends it, a browser's connection ends as a whole.
        await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        for stream in streams:
            stream.close()
        await asyncio.gather(sending, receiving, return_exceptions=True)
        self._open.difference_update(streams)


class _Connection:
    """One connection of the browser."""

    def __init__(self, traffic: Traffic, round_trip: float) -> None:
        self._traffic = traffic
        self._number = traffic.connections
        self._round_trip = round_trip
        self._opened = monotonic()
        self._request: Request | None = None  # the latest

    async def send(self, browser: asyncio.StreamReader, gateway: asyncio.StreamWriter, link: _Link) -> None:
        """Forward what the browser sends until it sends no more."""
        window = _Window()
        while chunk := await browser.read(_PACKET):
            if chunk.startswith(b"GET "):
                line = chunk.partition(b" HTTP/")[0].decode()
                self._request = Request(line, self._number, monotonic())
                self._traffic.requests.append(self._request)
            # The browser could not have sent it before its connection was confirmed.
            await asyncio.sleep(self._opened + self._round_trip - monotonic())
            await self._forward(chunk, gateway, link, window)

    async def receive(
        self, gateway: asyncio.StreamReader, browser: asyncio.StreamWriter, link: _Link
    ) -> None:
        """Forward what the gateway sends until it sends no more and all has arrived."""
        window = _Window()
        arrival = 0.0
        while chunk := await gateway.read(_PACKET):
            arrival = await self._forward(chunk, browser, link, window)
            self._traffic.received += len(chunk)
            if self._request:
                self._request.size += len(chunk)
                self._request.ended = arrival
        await asyncio.sleep(arrival - monotonic())

    async def _forward(self, chunk: bytes, to: asyncio.StreamWriter, link: _Link, window: _Window) -> float:
        """Send a packet as soon as the window allows it. Return when it arrives."""
        await window.take(len(chunk))
        loop = asyncio.get_running_loop()
        arrival = link.send(len(chunk))
        loop.call_at(arrival, to.write, chunk)
        loop.call_at(arrival + self._round_trip / 2, window.acknowledge, len(chunk))
        return arrival
