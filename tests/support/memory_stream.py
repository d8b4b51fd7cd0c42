"""A cluster's stream in memory, for several servers in one process. Nothing in it is left to chance.

`MemoryRedis` is what they share; each server has a `MemoryStream`.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from tcp_server.cluster.positions import time_of
from tcp_server.cluster.stream import Away, Deleted, Gap
from tcp_server.room.proposals import identity

_COUNT = 64


class MemoryRedis:
    """What Redis keeps; any thread may use it. `now` returns seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.changed = threading.Condition()  # guards all below
        self.entries: list[tuple[int, bytes]] = []
        self.top = 0
        self.checkpoints: list[tuple[int, bytes]] = []  # the one before, and the newest
        self.left: dict[str, deque[tuple[float, bytes]]] = {}  # until when, and what
        self.listeners: list[MemoryStream] = []
        self.is_away = False
        self._runs = 1

    @property
    def run_id(self) -> str:
        return f"run {self._runs}"

    def now(self) -> float:
        return self._now()

    def add(self, data: bytes) -> int:
        position = max(int(self._now() * 1000) << 20, self.top + 1)
        self.add_at(position, data)
        return position

    def add_at(self, position: int, data: bytes) -> bool:
        with self.changed:
            if position <= self.top:
                return False
            self.top = position
            self.entries.append((position, data))
            self.changed.notify_all()
            return True

    # --- faults ----------------------------------------------------------------------

    def go_away(self) -> None:
        """Do not answer, until `come_back`."""
        with self.changed:
            self.is_away = True
            self.changed.notify_all()

    def come_back(self) -> None:
        with self.changed:
            self.is_away = False
            self.changed.notify_all()

    def restart(self, lost: int = 0) -> None:
        """Be another run, without the last `lost` entries: a restart, or a replica that is promoted."""
        with self.changed:
            self._runs += 1
            if lost:
                del self.entries[-lost:]
                self.top = self.entries[-1][0] if self.entries else 0
            self.changed.notify_all()

    def delete(self) -> None:
        """Delete the stream, as by hand; the checkpoint stays."""
        with self.changed:
            self.entries.clear()
            self.top = 0
            self.changed.notify_all()


class MemoryStream:
    """One server's `Stream`. `is_cut`: this server alone cannot reach Redis."""

    def __init__(self, redis: MemoryRedis) -> None:
        self._redis = redis
        self._run_id = ""
        self._must_check = True
        self._has_begun = False
        self._handler: Callable[[str, bytes], None] | None = None
        self.is_cut = False
        self._is_closed = False
        self.drop_replies = 0
        """So many next calls of `append` add their entries and raise `Away` all the same."""

    def _reach(self) -> None:
        if self._is_closed or self.is_cut or self._redis.is_away:
            self._must_check = True
            raise Away("it is closed" if self._is_closed else "out of reach")

    def start(self) -> None:
        with self._redis.changed:
            self._reach()

    def append(self, entries: Sequence[bytes], run_id: str) -> None:
        with self._redis.changed:
            self._reach()
            if run_id != self._redis.run_id:
                raise Away("another Redis answers")
            if self._has_begun and not self._redis.top:
                raise Deleted("the stream was deleted")
            for data in entries:
                self._redis.add(data)
            if self.drop_replies:
                self.drop_replies -= 1
                raise Away("the reply was lost")

    def read(self, after: int, wait: float) -> Sequence[tuple[int, int, bytes]]:
        deadline = monotonic() + wait
        redis = self._redis
        with redis.changed:
            self._has_begun = after > 0
            while True:
                self._reach()
                if self._run_id != redis.run_id:
                    self._run_id, self._must_check = redis.run_id, True
                found = [(p, time_of(p), data) for p, data in redis.entries if p > after][:_COUNT]
                if self._must_check or not found:
                    self._check(after)
                left = deadline - monotonic()
                if found or left <= 0:
                    self._has_begun |= bool(found)
                    return found
                redis.changed.wait(left)

    def _check(self, after: int) -> None:
        made = self._redis.checkpoints[-1][0] if self._redis.checkpoints else 0
        if after != made and all(position != after for position, _ in self._redis.entries):
            raise Gap(f"position {after} is not in the stream")
        self._must_check = False

    def refill(self, entries: Sequence[tuple[int, bytes]]) -> bool:
        with self._redis.changed:
            self._reach()
            for position, data in entries:
                self._redis.add_at(position, data)
            there = {(position, identity(data)) for position, data in self._redis.entries}
            return {(position, identity(data)) for position, data in entries} <= there

    def run_id(self) -> str:
        return self._run_id

    def newest(self) -> int:
        with self._redis.changed:
            self._reach()
            return self._redis.top

    def now(self) -> float:
        with self._redis.changed:
            self._reach()
            return self._redis.now()

    def found(self, data: bytes) -> bool:
        with self._redis.changed:
            self._reach()
            if self._redis.checkpoints:
                return False
            self._redis.checkpoints.append((0, data))
            return True

    def save_checkpoint(self, position: int, data: bytes) -> None:
        with self._redis.changed:
            self._reach()
            self._redis.checkpoints = [*self._redis.checkpoints[-1:], (position, data)]

    def load_checkpoint(self) -> tuple[int, bytes] | None:
        with self._redis.changed:
            self._reach()
            return self._redis.checkpoints[-1] if self._redis.checkpoints else None

    def trim(self, below: int) -> None:
        with self._redis.changed:
            self._reach()
            self._redis.entries = [one for one in self._redis.entries if one[0] >= below]

    def publish(self, topic: str, data: bytes) -> None:
        """Call the handlers of all servers at once, in this thread."""
        with self._redis.changed:
            try:
                self._reach()
            except Away:
                return
            listeners = [one for one in self._redis.listeners if not (one.is_cut or one._is_closed)]
        for one in listeners:
            assert one._handler is not None
            one._handler(topic, data)

    def listen(self, handler: Callable[[str, bytes], None]) -> None:
        self._handler = handler
        with self._redis.changed:
            self._redis.listeners.append(self)

    def put(self, key: str, data: bytes, seconds: float) -> None:
        with self._redis.changed:
            self._reach()
            self._redis.left.setdefault(key, deque()).append((self._redis.now() + seconds, data))
            self._redis.changed.notify_all()

    def take(self, key: str, wait: float) -> bytes | None:
        deadline = monotonic() + wait
        with self._redis.changed:
            while True:
                self._reach()
                left = self._redis.left.get(key, deque())
                while left:
                    until, data = left.popleft()
                    if until > self._redis.now():
                        return data
                remaining = deadline - monotonic()
                if remaining <= 0:
                    return None
                self._redis.changed.wait(remaining)

    def close(self) -> None:
        with self._redis.changed:
            self._is_closed = True
            self._redis.changed.notify_all()
