"""A bad network: a TCP proxy that delays, slows down, splits, swallows and resets."""

import random
import selectors
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

from chat_protocol.address import Address
from tests.support.timing import TIMEOUT

_CHUNK = 65536
_FULL = 4 * _CHUNK  # bytes in flight in one direction from which on its source is not read


@dataclass(frozen=True)
class Conditions:
    """How bytes are forwarded.

    `delay` is the longest delay of a chunk, in seconds; `rate` is in bytes per second, 0 for no limit;
    `pieces` is the most that a chunk is split into.
    """

    delay: float = 0.0
    rate: float = 0.0
    pieces: int = 1


class _Direction:
    """One direction of a connection. Owned by the proxy's thread."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.in_flight: deque[tuple[float, bytes]] = deque()  # arrival times and pieces
        self.size = 0
        self.ended = False  # the source has sent FIN

    def enqueue(self, chunk: bytes, conditions: Conditions, rng: random.Random) -> None:
        """Put a chunk behind what is in flight."""
        arrives = monotonic() + rng.uniform(0, conditions.delay)
        if self.in_flight:
            arrives = max(arrives, self.in_flight[-1][0])
        cuts = rng.sample(range(1, len(chunk)), min(len(chunk) - 1, rng.randrange(conditions.pieces)))
        for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(chunk)], strict=True):
            if conditions.rate:
                arrives += (end - begin) / conditions.rate
            self.in_flight.append((arrives, chunk[begin:end]))
        self.size += len(chunk)

    def deliver(self) -> None:
        """Send what has arrived, one piece at a time. Raises `OSError` when the sink is gone."""
        while self.in_flight and self.in_flight[0][0] <= monotonic():
            arrives, piece = self.in_flight[0]
            try:
                sent = self.sink.send(piece)
            except BlockingIOError:
                return
            self.size -= sent
            if sent < len(piece):
                self.in_flight[0] = arrives, piece[sent:]
                return
            self.in_flight.popleft()


class _Link:
    """One connection through the proxy. Owned by the proxy's thread."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.directions: Sequence[_Direction] = (_Direction(near, far), _Direction(far, near))
        self.sockets = (near, far)
        self.swallowed = False


class Proxy:
    """A proxy to `target` on a free local port. Any thread may call any method."""

    def __init__(self, target: Address, rng: random.Random) -> None:
        self.conditions = Conditions()  # may be replaced at any time; applies to what comes after
        self._target = target  # replaced as a whole by any thread
        self._rng = rng
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(*self._listener.getsockname())
        self._wakeup_r, self._wakeup_w = socket.socketpair()
        self._tasks: deque[Callable[[], None]] = deque()  # any thread appends, the proxy's thread removes
        self._links: list[_Link] = []  # owned by the proxy's thread
        self._open = True  # owned by the proxy's thread
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def redirect(self, target: Address) -> None:
        """Lead new connections there."""
        self._target = target

    def reset(self, share: float = 1.0) -> int:
        """Reset about that share of the connections at both ends; return how many."""
        return self._call(lambda: sum([self._close(link) for link in self._sample(share)]))

    def swallow(self, share: float = 1.0) -> int:
        """Stop forwarding anything on a share of the connections, even their end; return how many.

        They stay so until `reset_swallowed`; new connections are not affected.
        """

        def swallow() -> int:
            chosen = self._sample(share)
            for link in chosen:
                link.swallowed = True
            return len(chosen)

        return self._call(swallow)

    def mute(self) -> None:
        """Forward nothing that comes from the target on the present connections; what goes there arrives."""

        def mute() -> int:
            for link in self._links:
                link.directions = link.directions[:1]
            return len(self._links)

        self._call(mute)

    def reset_swallowed(self) -> None:
        """Reset the connections that are swallowed."""
        self._call(lambda: sum([self._close(link) for link in list(self._links) if link.swallowed]))

    def close(self) -> None:
        """Reset all connections and stop listening."""

        def end() -> int:
            self._open = False
            return sum([self._close(link) for link in list(self._links)])

        self._call(end)
        self._thread.join(TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, task: Callable[[], int]) -> int:
        """Run a task in the proxy's thread; return its result."""
        done = threading.Event()
        result: list[int] = []

        def run() -> None:
            result.append(task())
            done.set()

        self._tasks.append(run)
        with suppress(OSError):  # the thread may have run it and ended by now
            self._wakeup_w.send(b"!")
        assert done.wait(TIMEOUT), "the proxy does not answer"
        return result[0]

    # --- the proxy's thread --------------------------------------------------------------

    def _run(self) -> None:
        with self._listener, self._wakeup_r, self._wakeup_w:
            while self._open:
                with selectors.DefaultSelector() as selector:
                    selector.register(self._wakeup_r, selectors.EVENT_READ)
                    selector.register(self._listener, selectors.EVENT_READ)
                    self._watch_links(selector)
                    ready = {key.fileobj for key, _ in selector.select(self._until_next())}
                if self._wakeup_r in ready:
                    self._wakeup_r.recv(100)
                if self._listener in ready:
                    self._accept()
                for link in list(self._links):
                    self._forward(link, ready)
                while self._tasks:
                    self._tasks.popleft()()

    def _watch_links(self, selector: selectors.BaseSelector) -> None:
        now = monotonic()
        for link in self._links:
            if link.swallowed:
                continue
            events = dict.fromkeys(link.sockets, 0)
            for direction in link.directions:
                if not direction.ended and direction.size < _FULL:
                    events[direction.source] |= selectors.EVENT_READ
                if direction.in_flight and direction.in_flight[0][0] <= now:
                    events[direction.sink] |= selectors.EVENT_WRITE
            for sock, wanted in events.items():
                if wanted:
                    selector.register(sock, wanted)

    def _until_next(self) -> float | None:
        """Return the seconds until the next piece arrives."""
        due = [
            direction.in_flight[0][0]
            for link in self._links
            if not link.swallowed
            for direction in link.directions
            if direction.in_flight
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

    def _forward(self, link: _Link, ready: Container[object]) -> None:
        if link.swallowed:
            return
        try:
            for direction in link.directions:
                if direction.source in ready and not direction.ended and direction.size < _FULL:
                    self._read(direction)
                direction.deliver()
                if direction.ended and not direction.in_flight:
                    with suppress(OSError):
                        direction.sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(link)
            return
        if all(direction.ended and not direction.in_flight for direction in link.directions):
            self._close(link, graceful=True)

    def _read(self, direction: _Direction) -> None:
        try:
            chunk = direction.source.recv(_CHUNK)
        except BlockingIOError:  # it was ready for writing only
            return
        if chunk:
            direction.enqueue(chunk, self.conditions, self._rng)
        else:
            direction.ended = True

    def _close(self, link: _Link, *, graceful: bool = False) -> int:
        """Close both ends, with RST unless `graceful`."""
        self._links.remove(link)
        for sock in link.sockets:
            if not graceful:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        return 1

    def _sample(self, share: float) -> list[_Link]:
        there = [link for link in self._links if not link.swallowed]
        return self._rng.sample(there, round(share * len(there)))
