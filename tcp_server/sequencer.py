"""Puts all work on the room into one order, and runs it in batches.

A thread does not wait for the room: it appends its work to a queue, and the thread that
gets the room lock runs everything in the queue, its own work and that of others (flat
combining: Hendler, Incze, Shavit, Tzafrir, 2010). So a quiet room costs no switch
between threads, and a busy one does more work in each batch, with one send to each
client for all of it.

The room takes in no more than it can send: with too much work pending, or too many slow
readers, senders wait here, and TCP flow control slows their clients down.

Lock order: `_room_lock`, then `_queue_lock`.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from chat_protocol.metrics import Durations
from tcp_server.room.outcome import Outcome

_log = logging.getLogger(__name__)

_MAX_BATCHES = 8
"""Batches that one thread runs before it returns to its own client."""

_MAX_PENDING_BYTES = 256 * 1024
"""High-water mark: bytes of pending work above which senders wait."""

_MAX_BACKPRESSURE_WAIT = 1.0
"""Longest time, in seconds, that one `submit` is delayed because readers are slow."""

_NO_WAIT_BYTES = 2048
"""Work of at most this many bytes is never delayed: what a person types is sent at once."""

Work = Callable[..., Sequence[Outcome[Any]]]


class _WorkItem:
    """One piece of work, and its outcomes for a thread that waits for them."""

    __slots__ = ("args", "done", "error", "outcomes", "size", "work")

    def __init__(
        self, work: Work, args: tuple[Any, ...], done: threading.Event | None = None, size: int = 0
    ) -> None:
        self.work = work
        self.args = args
        self.done = done
        self.size = size
        self.outcomes: Sequence[Outcome[Any]] = ()
        self.error: Exception | None = None


class Sequencer:
    """Runs work in one order and hands the outcomes of each batch to `deliver`.

    Work and `deliver` run in the thread that holds the room lock. Neither may block. For work
    that has to follow, they call `defer`.
    """

    def __init__(
        self,
        commit: Callable[[list[Outcome[Any]]], list[Outcome[Any]]],
        deliver: Callable[[list[Outcome[Any]]], float],
        wake_helper: Callable[[], None],
    ) -> None:
        """Create an idle sequencer.

        `commit` stores a batch before anything is sent and returns its outcomes, changed if that
        failed. `deliver` sends them and returns for how many seconds senders should be slowed
        down. `wake_helper` makes some other thread call `run` soon; it must not block.
        """
        self._commit = commit
        self._deliver = deliver
        self._wake_helper = wake_helper
        self.commit_seconds = 0.0
        self.deliver_seconds = 0.0
        """Times of storing and of sending batches. Written under `_room_lock`; any thread may read."""
        self.batches = Durations()
        """How long batches have held the room lock. Written under it."""
        self._room_lock = threading.Lock()  # held while a batch is run and delivered
        self._queue_lock = threading.Lock()  # guards everything below; held for a few instructions
        self._has_capacity = threading.Condition(self._queue_lock)  # notified when a batch is done
        self._have_readers_read = threading.Condition(self._queue_lock)  # as well, for `await_readers`
        self._pending: list[_WorkItem] = []
        self._pending_bytes = 0  # bytes of work that is not delivered yet
        self._backpressure_until = 0.0  # monotonic; from what `deliver` last returned

    def submit(self, work: Work, *args: Any, size: int = 0) -> None:
        """Run `work(*args)` after everything submitted before, and deliver its outcomes.

        `size` is the estimated number of bytes that each reader will be sent; large work may be
        delayed here. Any thread, but not from within work.
        """
        item = _WorkItem(work, args, size=size)
        with self._queue_lock:
            if size > _NO_WAIT_BYTES and self._must_wait(size):
                self._await_capacity(size)
            self._pending_bytes += size
            self._pending.append(item)
        self.run()

    def call(self, work: Work, *args: Any) -> Sequence[Outcome[Any]]:
        """Like `submit`, but wait until the work is done; return its outcomes or raise its error."""
        done = threading.Event()
        item = _WorkItem(work, args, done)
        with self._queue_lock:
            self._pending.append(item)
        self.run()
        done.wait()
        if item.error:
            raise item.error
        return item.outcomes

    def await_readers(self, deadline: float) -> None:
        """Wait while readers are slow, at most until `deadline` (monotonic). Not for use in work."""
        with self._queue_lock:
            while (left := min(self._backpressure_until, deadline) - time.monotonic()) > 0:
                self._have_readers_read.wait(left)

    def defer(self, work: Work, *args: Any) -> None:
        """Run `work(*args)` in the next batch. Only from within work or `deliver`."""
        with self._queue_lock:
            self._pending.append(_WorkItem(work, args))

    def run(self) -> None:
        """Run what is pending, unless another thread does. Any thread, but not from within work."""
        for _ in range(_MAX_BATCHES):
            # The holder of the room lock looks at the queue again after releasing the lock, so
            # work that was queued before another thread failed to get the lock is not lost.
            if not self._pending or not self._room_lock.acquire(blocking=False):
                return
            try:
                self._run_batch()
            finally:
                self._room_lock.release()
        if self._pending:
            self._wake_helper()

    def _await_capacity(self, size: int) -> None:
        """Wait for slow readers, up to a limit, and for capacity, without limit. Requires `_queue_lock`."""
        end = time.monotonic() + _MAX_BACKPRESSURE_WAIT
        while self._must_wait(size) and (left := end - time.monotonic()) > 0:
            backpressure = self._backpressure_until - time.monotonic()  # no notification when it ends
            self._has_capacity.wait(min(left, backpressure) if backpressure > 0 else left)
        self._has_capacity.wait_for(lambda: not self._is_full(size))
        self._has_capacity.notify()  # there may be capacity for another thread too

    def _must_wait(self, size: int) -> bool:
        """Return whether work of that size has to wait. Requires `_queue_lock`."""
        return self._is_full(size) or time.monotonic() < self._backpressure_until

    def _is_full(self, size: int) -> bool:
        """Return whether work of that size would exceed the high-water mark. Requires `_queue_lock`."""
        return self._pending_bytes > 0 and self._pending_bytes + size > _MAX_PENDING_BYTES

    def _run_batch(self) -> None:
        """Run and deliver what is pending. Requires `_room_lock`."""
        with self._queue_lock:
            batch, self._pending = self._pending, []
        outcomes: list[Outcome[Any]] = []
        started = time.monotonic()
        for item in batch:
            try:
                item.outcomes = item.work(*item.args)
                outcomes.extend(item.outcomes)
            except Exception as error:  # noqa: BLE001 - it must not affect the rest of the batch
                item.error = error
                if item.done is None:
                    _log.exception("work on the room failed")
        backpressure_until = 0.0
        try:
            began = time.monotonic()
            outcomes = self._commit(outcomes)
            committed = time.monotonic()
            backpressure = self._deliver(outcomes)
            delivered = time.monotonic()
            backpressure_until = delivered + backpressure
            self.commit_seconds += committed - began
            self.deliver_seconds += delivered - committed
            self.batches.add(delivered - started)
        except Exception:  # noqa: BLE001 - it must not end the thread that runs the batch
            _log.exception("a batch could not be delivered")
        finally:
            with self._queue_lock:
                self._backpressure_until = backpressure_until
                self._pending_bytes -= sum([item.size for item in batch])
                self._has_capacity.notify()
                self._have_readers_read.notify()
            for item in batch:
                if item.done is not None:
                    item.done.set()
