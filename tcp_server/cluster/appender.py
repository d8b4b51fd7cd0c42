"""The thread that adds what this server proposes to the stream, until it was read there.

Only the tail's reading says that an entry is in the stream: one that it has not read is added again, and
the fold ignores what it gets twice.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from tcp_server.cluster.stream import Away, Deleted, Stream
from tcp_server.room import proposals as p

_MAX_IN_FLIGHT: Final = 4
"""Most entries that are added and not read: what comes meanwhile makes one larger entry."""

_MAX_PROPOSALS: Final = 1024
_MAX_BYTES: Final = 256 * 1024
"""Most proposals of an entry, and about how many bytes, unless it is one proposal."""

_AGAIN_SECONDS: Final = 2.0
"""An entry that was added and not read in this time was lost."""

_PAUSE: Final = 0.2
"""Seconds to wait after a failure."""

_SETTLE_SECONDS: Final = 1.0
"""Seconds to add nothing after Redis has become another one, or the stream was deleted: the servers add
what it lacks first. What one of them added in between would be above what the others still have."""


class Appender:
    """Packs proposals into entries, and adds them. The thread waits for Redis, no caller does."""

    def __init__(self, stream: Stream, settle_seconds: float = _SETTLE_SECONDS) -> None:
        self._stream = stream
        self._settle_seconds = settle_seconds
        self._changed = threading.Condition()  # guards all below
        self._incarnation = b""
        self._proposals: list[p.AnyProposal] = []  # not packed yet
        self._seq = 0  # of the last entry that was packed
        self._unread: deque[tuple[int, bytes]] = deque()  # entries that the tail has not read, by `seq`
        self._added = 0  # how many of these were added
        self._is_adding = False  # the thread waits for Redis
        self._added_at = 0.0  # when the last one was; monotonic
        self._run_id = ""  # of the Redis that has all entries, as far as the tail knows
        self._was_deleted = False  # the stream; the tail has not read it since
        self._may_add_at = 0.0  # monotonic
        self._is_ending = self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
        self.round_trips = 0
        """How often entries were added, for the figures. Written by the thread."""

    def start(self) -> None:
        """Start the thread. Once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, after `Stream.close`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def send_last(self, incarnation: bytes, proposals: Sequence[p.AnyProposal]) -> None:
        """As `send`; whatever comes later is dropped."""
        with self._changed:
            self.send(incarnation, proposals)
            self._is_ending = True

    def send(self, incarnation: bytes, proposals: Sequence[p.AnyProposal]) -> None:
        """Take what a run of this server proposes; what an earlier run proposed is dropped. Any thread."""
        with self._changed:
            if self._is_ending:
                return
            if incarnation != self._incarnation:
                self._incarnation = incarnation
                self._proposals.clear()
                self._unread.clear()
                self._seq = self._added = 0
            self._proposals += proposals
            self._changed.notify_all()

    def wait_until_added(self, seconds: float) -> bool:
        """Wait until all was added; return whether it was. Any thread."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_idle, seconds)

    @property
    def _is_idle(self) -> bool:
        return not (self._is_adding or self._proposals or len(self._unread) > self._added)

    def note_read(self, incarnation: bytes, seq: int) -> None:
        """Note that an entry was read in the stream. For the tail."""
        with self._changed:
            if incarnation != self._incarnation:
                return
            while self._unread and self._unread[0][0] <= seq:
                self._unread.popleft()
                self._added = max(0, self._added - 1)
            self._changed.notify_all()

    def note_complete(self, run_id: str) -> None:
        """Note that a Redis has all entries that the tail has read: one may add to it. For the tail."""
        with self._changed:
            if run_id == self._run_id:
                return
            is_another = self._was_deleted or bool(self._run_id)
            self._run_id, self._was_deleted = run_id, False
            self._added = 0
            self._may_add_at = time.monotonic() + (self._settle_seconds if is_another else 0.0)
            self._changed.notify_all()

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            entries, run_id = batch
            try:
                self._stream.append([data for _, data in entries], run_id)
                self.round_trips += 1
                self._note_added()
            except Deleted:
                self._note_lost()
                with self._changed:
                    self._run_id, self._was_deleted = "", True  # until the tail has read it again
            except Away:
                self._note_lost()
                time.sleep(_PAUSE)

    def _next_batch(self) -> tuple[Sequence[tuple[int, bytes]], str] | None:
        """Wait for something to add; return the entries, and to which Redis. None: the end."""
        with self._changed:
            while not self._is_closed:
                now = time.monotonic()
                if self._run_id and now >= self._may_add_at:
                    if self._added and self._added_at + _AGAIN_SECONDS < now:
                        self._added = 0
                    while self._proposals and len(self._unread) < _MAX_IN_FLIGHT:
                        self._pack()
                    if len(self._unread) > self._added:
                        batch = list(self._unread)[self._added :]
                        self._added, self._added_at = len(self._unread), now
                        self._is_adding = True
                        return batch, self._run_id
                self._changed.wait(self._patience(now))
        return None

    def _patience(self, now: float) -> float | None:
        """Return for how many seconds to wait if nobody says anything; None: for ever."""
        if now < self._may_add_at:
            return self._may_add_at - now
        return _AGAIN_SECONDS if self._added else None

    def _note_added(self) -> None:
        with self._changed:
            self._is_adding = False
            self._changed.notify_all()

    def _note_lost(self) -> None:
        with self._changed:
            self._is_adding = False
            self._added = 0

    def _pack(self) -> None:
        """Make the next entry, of as many proposals as fit in."""
        count = min(len(self._proposals), _MAX_PROPOSALS)
        while True:
            entry = p.Entry(p.FORMAT, self._incarnation, self._seq + 1, self._proposals[:count])
            data = p.encode(entry)
            if count == 1 or len(data) <= _MAX_BYTES:
                break
            count //= 2
        del self._proposals[:count]
        self._seq += 1
        self._unread.append((self._seq, data))
