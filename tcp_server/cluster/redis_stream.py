"""The journal of a cluster in a stream of Redis, used as a log: XADD and XREAD, no scripts, no locks.

Beside the stream `oneroom:{ROOM}` are the keys and channels that begin with `oneroom:{ROOM}:`. The braces
have them all in one place where Redis is spread over several.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from time import monotonic
from typing import Any, Final

from redis.exceptions import ResponseError

from chat_protocol.log_event import WARNING, log_often
from tcp_server.cluster.fitness import parse_info
from tcp_server.cluster.link import Command, Link, Redis
from tcp_server.cluster.positions import MAX_NUMBER, time_of, to_id, to_position
from tcp_server.cluster.stream import Away, Deleted, Gap, Unfit
from tcp_server.redis_url import RedisUrl
from tcp_server.room.proposals import identity

_COUNT: Final = 64
"""Maximum number of entries that are read or refilled in one round trip."""

_TIMEOUT: Final = 3.0
"""Seconds for an answer."""

_MAX_WAIT: Final = 2.0
"""Maximum seconds that Redis is told to wait for something; a reply may take that and the timeout."""

_LARGE_TIMEOUT: Final = 30.0
"""Seconds for an answer where a checkpoint may be in it."""

_LONG_AGO: Final = 5.0
"""Seconds between two reads after which entries may have been trimmed: this process was stopped."""

_REPLICA_WAIT: Final = 1000
"""Maximum milliseconds that an append waits for replicas."""

_PAUSE: Final = 0.5
"""Seconds between two attempts of the threads of this module."""

_MAX_QUEUE: Final = 256
"""Maximum number of things to publish that wait; more are lost."""

_TOPICS: Final = ("typing", "ask", "output", "away")
_TOO_LOW: Final = "equal or smaller"
_HIGH: Final = MAX_NUMBER // 2


class RedisStream:
    """A `Stream` in Redis. Nothing is connected before it is used.

    Each kind of caller has a connection, so that none waits for another.
    """

    def __init__(self, url: RedisUrl) -> None:
        self._redis = redis = Redis(url)
        self._key = f"oneroom:{{{url.room}}}"
        self._checkpoint = f"{self._key}:checkpoint"
        self._replicas = url.wait
        self._appender = Link(redis, _TIMEOUT + _REPLICA_WAIT / 1000)
        self._tail = Link(redis, _TIMEOUT + _MAX_WAIT)
        self._quick = Link(redis, _TIMEOUT)
        self._large = Link(redis, _LARGE_TIMEOUT)
        self._taker = Link(redis, _TIMEOUT + _MAX_WAIT)
        self._publisher, self._listener = Link(redis, _TIMEOUT), Link(redis, _TIMEOUT)
        self._links = (
            self._appender,
            self._tail,
            self._quick,
            self._large,
            self._taker,
            self._publisher,
            self._listener,
        )
        self._has_begun = False  # whether there must be a stream; written by the tail thread
        self._next_id = ""  # of the appender thread: for its next entry, where Redis' own would not do
        self._times_made = 0  # of the tail thread: of its connection, when `after` was last looked for
        self._last: tuple[int, object] = 0, b""  # of the tail thread: position and identity of the last entry
        self._read_at = 0.0  # of the tail thread: when that was
        self._published: Queue[tuple[str, bytes] | None] = Queue(_MAX_QUEUE)
        self._threads: list[threading.Thread] = []  # of the thread that starts and closes

    def start(self) -> None:
        """See `Stream`."""
        self._quick.call(*self._all_commands(), may_fail="")
        if self._redis.is_starting:
            self._redis.is_starting = False
            self._start_thread(self._publish_all, "cluster publisher")

    def _all_commands(self) -> Iterator[Command]:
        """Yield every command that is ever used, with no effect: an access list may forbid some."""
        key, probe = self._key, f"{self._key}:fill:"
        yield "XADD", key, "0-0", "b", b""
        yield "XREAD", "COUNT", 1, "STREAMS", key, to_id(2**63 - 1)
        yield "XRANGE", key, "+", "-"
        yield "XTRIM", key, "MINID", 0
        yield "XINFO", "STREAM", probe
        yield "WAIT", 0, 0
        for one in (self._checkpoint, f"{self._checkpoint}:before"):
            yield "SET", one, b"", "NX", "XX"
            yield "GETRANGE", one, 0, 7
            yield "RENAME", one, one
        yield "GET", probe
        yield ("MULTI",)
        yield "RPUSH", probe, b""
        yield "PEXPIRE", probe, 1
        yield ("EXEC",)
        yield "BLPOP", probe, "0.01"
        yield "PUBLISH", f"{key}:fill", b""
        yield "SUBSCRIBE", f"{key}:{_TOPICS[0]}"
        yield ("PING",)
        yield ("UNSUBSCRIBE",)

    def _start_thread(self, target: Callable[..., None], name: str, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    # --- the appender thread ---------------------------------------------------------

    def append(self, entries: Sequence[bytes], run_id: str) -> None:
        """See `Stream`."""
        if self._next_id:
            entries = self._leap(entries, run_id)
        commands = [self._adding("*", entry) for entry in entries]
        if self._replicas:
            commands.append(("WAIT", self._replicas, _REPLICA_WAIT))
        if not commands:
            return
        replies = self._appender.call(*commands, run_id=run_id)
        if self._replicas and (reached := replies.pop()) < self._replicas:
            log_often(WARNING, "redis replicas lag", reason="wait", reached=reached, wanted=self._replicas)
        if None in replies:
            raise Deleted("the stream was deleted")
        if replies and int(replies[-1].partition(b"-")[2]) > _HIGH:
            self._next_id = to_id((time_of(to_position(replies[-1])) + 1) << 20)

    def _adding(self, stream_id: str, entry: bytes) -> Command:
        """Return the command that adds an entry.

        Only in a new room it makes the stream. One that was deleted is made by `refill`, with what it had,
        before anything is added.
        """
        existing = ("NOMKSTREAM",) if self._has_begun else ()
        return ("XADD", self._key, *existing, stream_id, "b", entry)

    def _leap(self, entries: Sequence[bytes], run_id: str) -> Sequence[bytes]:
        """Add the first entry one millisecond further on; return the rest.

        While Redis' clock stands behind the newest entry, it numbers all within one millisecond, and a
        position has room for a million.
        """
        next_id, self._next_id = self._next_id, ""
        command = self._adding(next_id, entries[0])
        (reply,) = self._appender.call(command, may_fail=_TOO_LOW, run_id=run_id)
        return entries if reply is None or isinstance(reply, ResponseError) else entries[1:]

    # --- the tail thread -------------------------------------------------------------

    def read(self, after: int, wait: float) -> Sequence[tuple[int, int, bytes]]:
        """See `Stream`."""
        link = self._tail
        self._has_begun = after > 0
        link.ready()
        if link.times_made != self._times_made:
            self._look_for(after)
        block = max(1, int(min(wait, _MAX_WAIT) * 1000))
        waiting: Command = ("BLOCK", block) if wait > 0 else ()
        command = ("XREAD", "COUNT", _COUNT, *waiting, "STREAMS", self._key, to_id(after))
        (reply,) = link.call(command)
        entries = [(to_position(entry), fields[1]) for entry, fields in reply[0][1]] if reply else []
        now = monotonic()
        is_long_ago = now - self._read_at > _LONG_AGO
        if not entries or is_long_ago or link.times_made != self._times_made:
            # As only the oldest can be trimmed, nothing is missing if `after` is there now.
            self._look_for(after)
        self._read_at = now
        if entries:
            self._last = entries[-1][0], identity(entries[-1][1])
            self._has_begun = True
        return [(position, time_of(position), data) for position, data in entries]

    def _look_for(self, after: int) -> None:
        """Raise `Gap` if an entry is not in the stream, nor where the checkpoint was made."""
        link = self._tail
        stream_id = to_id(after)
        found, made = link.call(
            ("XRANGE", self._key, stream_id, stream_id), ("GETRANGE", self._checkpoint, 0, 7)
        )
        was_read = 0 < after == self._last[0]
        is_other = bool(found) and was_read and identity(found[0][1][1]) != self._last[1]
        # A checkpoint that is made after the stream was deleted must not hide that it was.
        if is_other or (not found and (was_read or after != int.from_bytes(made))):
            raise Gap(f"the entry {stream_id} is not in the stream")
        self._times_made = link.times_made

    def refill(self, entries: Sequence[tuple[int, bytes]]) -> bool:
        """See `Stream`."""
        link = self._tail
        adding = [("XADD", self._key, to_id(position), "b", data) for position, data in entries]
        # All at once: an entry that another server adds in between would be above the rest.
        link.call(("MULTI",), *adding, ("EXEC",))
        is_whole = True
        for start in range(0, len(entries), _COUNT):
            part = entries[start : start + _COUNT]
            first, last = to_id(part[0][0]), to_id(part[-1][0])
            (there,) = link.call(("XRANGE", self._key, first, last))
            # Not the data: servers take out texts that were replaced, each when it applies that.
            found = {(to_position(entry), identity(fields[1])) for entry, fields in there}
            is_whole &= {(position, identity(data)) for position, data in part} <= found
        return is_whole

    def run_id(self) -> str:
        """See `Stream`."""
        return self._tail.run_id

    # --- any thread ------------------------------------------------------------------

    def newest(self) -> int:
        """See `Stream`."""
        (reply,) = self._quick.call(("XINFO", "STREAM", self._key), may_fail="no such key")
        if isinstance(reply, ResponseError):
            return 0
        return to_position(dict(zip(reply[::2], reply[1::2], strict=True))[b"last-generated-id"])

    def now(self) -> float | None:
        """See `Stream`."""
        # Not TIME: the access list of docs/security.md has only INFO.
        (reply,) = self._quick.call(("INFO", "server"))
        told = parse_info(reply).get("server_time_usec")
        return None if told is None else int(told) / 1e6

    def found(self, data: bytes) -> bool:
        """See `Stream`."""
        return self._store(("SET", self._checkpoint, bytes(8) + data, "NX"))[0] is not None

    def save_checkpoint(self, position: int, data: bytes) -> None:
        """See `Stream`."""
        self._store(
            ("MULTI",),
            ("RENAME", self._checkpoint, f"{self._checkpoint}:before"),
            ("SET", self._checkpoint, position.to_bytes(8) + data),
            ("EXEC",),
        )

    def load_checkpoint(self) -> tuple[int, bytes] | None:
        """See `Stream`."""
        (data,) = self._store(("GET", self._checkpoint))
        return None if data is None else (int.from_bytes(data[:8]), data[8:])

    def trim(self, below: int) -> None:
        """See `Stream`."""
        self._store(("XTRIM", self._key, "MINID", to_id(below)))

    def _store(self, *commands: Command) -> list[Any]:
        return self._large.call(*commands)

    def put(self, key: str, data: bytes, seconds: float) -> None:
        """See `Stream`."""
        full = f"{self._key}:{key}"
        self._quick.call(("MULTI",), ("RPUSH", full, data), ("PEXPIRE", full, int(seconds * 1000)), ("EXEC",))

    def take(self, key: str, wait: float) -> bytes | None:
        """See `Stream`."""
        deadline = monotonic() + wait
        while True:
            left = max(0.01, min(deadline - monotonic(), _MAX_WAIT))
            (reply,) = self._taker.call(("BLPOP", f"{self._key}:{key}", f"{left:.3f}"))
            if reply is not None:
                data: bytes = reply[1]
                return data
            if monotonic() >= deadline:
                return None

    # --- what is published -----------------------------------------------------------

    def publish(self, topic: str, data: bytes) -> None:
        """See `Stream`."""
        try:
            self._published.put_nowait((topic, data))
        except Full:
            log_often(WARNING, "not published", reason=topic)

    def _publish_all(self) -> None:
        while (one := self._published.get()) is not None:
            try:
                self._publisher.call(("PUBLISH", f"{self._key}:{one[0]}", one[1]))
            except (Away, Unfit):
                self._redis.closed.wait(_PAUSE)
                self._forget_published()
            if self._redis.closed.is_set():
                return

    def _forget_published(self) -> None:
        with suppress(Empty):
            while True:
                self._published.get_nowait()

    def listen(self, handler: Callable[[str, bytes], None]) -> None:
        """See `Stream`."""
        self._start_thread(self._listen, "cluster listener", handler)

    def _listen(self, handler: Callable[[str, bytes], None]) -> None:
        channels = {f"{self._key}:{topic}": topic for topic in _TOPICS}
        while not self._redis.closed.is_set():
            try:
                for channel, data in self._listener.subscribe(*channels):
                    handler(channels[channel.decode()], data)
            except (Away, Unfit):
                self._redis.closed.wait(_PAUSE)

    def close(self) -> None:
        """See `Stream`."""
        self._redis.closed.set()
        for link in self._links:
            link.wake()
        with suppress(Full):
            self._published.put_nowait(None)
        for thread in self._threads:
            thread.join(_TIMEOUT)
        for link in self._links:
            link.close()
