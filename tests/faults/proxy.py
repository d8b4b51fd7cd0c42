"""A stretch of bad network: a TCP proxy that delays, throttles, cuts up, swallows and resets."""

import random
import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

from chat_protocol.address import Address
from tests.support.timing import TIMEOUT

_CHUNK = 65536
_FULL = 4 * _CHUNK  # bytes on their way in one direction before its source is read no more


@dataclass(frozen=True)
class Weather:
    """How bytes travel. `delay` is the most each chunk takes, in seconds, `rate` in bytes a second (0:
    any), `pieces` the most that a chunk is cut into."""

    delay: float = 0.0
    rate: float = 0.0
    pieces: int = 1


class _Way:
    """One direction of a connection. The proxy's thread alone."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.travelling: deque[tuple[float, bytes]] = deque()  # pieces and when they arrive
        self.size = 0
        self.ended = False  # the source has said all

    def set_out(self, chunk: bytes, weather: Weather, rng: random.Random) -> None:
        """Let a chunk travel, behind what travels already."""
        arrives = monotonic() + rng.uniform(0, weather.delay)
        if self.travelling:
            arrives = max(arrives, self.travelling[-1][0])
        cuts = rng.sample(range(1, len(chunk)), min(len(chunk) - 1, rng.randrange(weather.pieces)))
        for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(chunk)], strict=True):
            if weather.rate:
                arrives += (end - begin) / weather.rate
            self.travelling.append((arrives, chunk[begin:end]))
        self.size += len(chunk)

    def arrive(self) -> None:
        """Hand over what has arrived, one piece at a time. Raises `OSError` when the sink is gone."""
        while self.travelling and self.travelling[0][0] <= monotonic():
            arrives, piece = self.travelling[0]
            try:
                sent = self.sink.send(piece)
            except BlockingIOError:
                return
            self.size -= sent
            if sent < len(piece):
                self.travelling[0] = arrives, piece[sent:]
                return
            self.travelling.popleft()


class _Link:
    """One connection through the proxy. The proxy's thread alone."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.ways = (_Way(near, far), _Way(far, near))
        self.swallows = False


class Proxy:
    """Leads to `target`, from a free port of this machine. Any thread may call any method."""

    def __init__(self, target: Address, rng: random.Random) -> None:
        self.weather = Weather()  # may be replaced at any time, holds for what comes after
        self._target = target
        self._rng = rng
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(*self._listener.getsockname())
        self._bell, self._clapper = socket.socketpair()
        self._orders: deque[Callable[[], None]] = deque()  # any thread appends, the proxy's takes
        self._links: list[_Link] = []  # the proxy's thread
        self._open = True  # the proxy's thread
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def reset(self, share: float = 1.0) -> int:
        """Cut about that share of the connections by RST to both ends; return how many."""
        return self._order(lambda: sum([self._cut(link) for link in self._some(share)]))

    def swallow(self, share: float = 1.0) -> int:
        """Let nothing more through on some of the connections, not even their end; return how many.

        They stay so until `bury`; new connections are not concerned.
        """

        def swallow() -> int:
            chosen = self._some(share)
            for link in chosen:
                link.swallows = True
            return len(chosen)

        return self._order(swallow)

    def bury(self) -> None:
        """Cut what swallows."""
        self._order(lambda: sum([self._cut(link) for link in list(self._links) if link.swallows]))

    def close(self) -> None:
        """Cut all, and let nobody in."""

        def end() -> int:
            self._open = False
            return sum([self._cut(link) for link in list(self._links)])

        self._order(end)
        self._thread.join(TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _order(self, deed: Callable[[], int]) -> int:
        """Have something done by the proxy's thread."""
        done = threading.Event()
        result: list[int] = []

        def obey() -> None:
            result.append(deed())
            done.set()

        self._orders.append(obey)
        with suppress(OSError):  # awake anyway, the thread may have obeyed, and ended, by now
            self._clapper.send(b"!")
        assert done.wait(TIMEOUT), "the proxy hangs"
        return result[0]

    # --- the proxy's thread --------------------------------------------------------------

    def _run(self) -> None:
        with self._listener, self._bell, self._clapper:
            while self._open:
                with selectors.DefaultSelector() as selector:
                    selector.register(self._bell, selectors.EVENT_READ)
                    selector.register(self._listener, selectors.EVENT_READ)
                    self._watch_links(selector)
                    ready = {key.fileobj for key, _ in selector.select(self._until_next())}
                if self._bell in ready:
                    self._bell.recv(100)
                if self._listener in ready:
                    self._accept()
                for link in list(self._links):
                    self._carry(link, ready)
                while self._orders:
                    self._orders.popleft()()

    def _watch_links(self, selector: selectors.BaseSelector) -> None:
        now = monotonic()
        for link in self._links:
            if link.swallows:
                continue
            events = {way.source: 0 for way in link.ways}
            for way in link.ways:
                if not way.ended and way.size < _FULL:
                    events[way.source] |= selectors.EVENT_READ
                if way.travelling and way.travelling[0][0] <= now:
                    events[way.sink] |= selectors.EVENT_WRITE
            for sock, wanted in events.items():
                if wanted:
                    selector.register(sock, wanted)

    def _until_next(self) -> float | None:
        """Return the seconds until something arrives."""
        due = [
            way.travelling[0][0]
            for link in self._links
            if not link.swallows
            for way in link.ways
            if way.travelling
        ]
        return max(0.0, min(due) - monotonic()) if due else None

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._target, TIMEOUT)
        except OSError:
            near.close()
            return
        for sock in (near, far):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._links.append(_Link(near, far))

    def _carry(self, link: _Link, ready: Container[object]) -> None:
        if link.swallows:
            return
        try:
            for way in link.ways:
                if way.source in ready and not way.ended and way.size < _FULL:
                    self._read(way)
                way.arrive()
                if way.ended and not way.travelling:
                    with suppress(OSError):
                        way.sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._cut(link)
            return
        if all(way.ended and not way.travelling for way in link.ways):
            self._cut(link, gently=True)

    def _read(self, way: _Way) -> None:
        try:
            chunk = way.source.recv(_CHUNK)
        except BlockingIOError:  # it was ready to be written
            return
        if chunk:
            way.set_out(chunk, self.weather, self._rng)
        else:
            way.ended = True

    def _cut(self, link: _Link, *, gently: bool = False) -> int:
        """Close both ends; unless `gently` so that both hear of it by RST."""
        self._links.remove(link)
        for way in link.ways:
            if not gently:
                way.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            way.source.close()
        return 1

    def _some(self, share: float) -> list[_Link]:
        there = [link for link in self._links if not link.swallows]
        return self._rng.sample(there, round(share * len(there)))
