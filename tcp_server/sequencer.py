"""The one order: everything that happens to the room happens through here.

Threads do not wait for the room: they leave their work in a list, and whichever
of them finds the room free does all that has gathered, its own and the others'
(flat combining: Hendler, Incze, Shavit, Tzafrir, 2010). A quiet room thus costs
no hop between threads, and a busy one does ever more work at a time, with one
send to each client for all of it.

The room takes in no more than it can give out: with too much undone, or with much
of the audience lagging, talkers are made to wait here, and TCP passes that on to them.

Locks, in the order they may be taken: `_room_lock`, then `_queue_lock`.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tcp_server.room.outcome import Outcome

_log = logging.getLogger(__name__)

_MAX_BATCHES = 8
"""How many batches one thread does for others before it goes back to its own client."""

_MAX_PENDING_BYTES = 256 * 1024
"""Bytes of work that may be undone before talkers wait."""

_MAX_BACKPRESSURE_WAIT = 1.0
"""Seconds a talker waits at most each time for the audience, however much it lags."""

_NO_WAIT_BYTES = 2048
"""Work of so few bytes waits for nobody: what a person types is said at once, whoever lags."""

Work = Callable[..., Sequence[Outcome[Any]]]


class _WorkItem:
    """One piece of work, and where its outcome goes if somebody waits for it."""

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
    """Applies work in one order and hands the outcomes of each batch to `deliver`.

    Work and `deliver` run in the thread that holds the floor, one at a time; neither
    may block, and what they want done next they `defer`.
    """

    def __init__(
        self,
        commit: Callable[[list[Outcome[Any]]], list[Outcome[Any]]],
        deliver: Callable[[list[Outcome[Any]]], float],
        wake_helper: Callable[[], None],
    ) -> None:
        """Make one that nothing has happened in yet.

        `commit` is given all outcomes of a batch before anybody hears of them and returns
        what they are now. `deliver` tells everybody, and returns for how many seconds talkers
        had better wait, as too many of the audience lag. `wake_helper` makes some other thread call
        `run` soon; it must not block.
        """
        self._commit = commit
        self._deliver = deliver
        self._wake_helper = wake_helper
        self._room_lock = threading.Lock()  # held while a batch is applied and delivered
        self._queue_lock = threading.Lock()  # guards all below; never held for long
        self._has_capacity = threading.Condition(self._queue_lock)  # notified when there may be room for more
        self._pending: list[_WorkItem] = []
        self._pending_bytes = 0  # bytes taken in and not delivered yet
        self._backpressure_until = 0.0  # monotonic; by what `deliver` last returned

    def submit(self, work: Work, *args: Any, size: int = 0) -> None:
        """Have `work(*args)` done after all that was submitted before; its outcomes are delivered.

        `size` is about how many bytes it will have everybody sent; much of it may wait for
        its turn here. Any thread, except from within work.
        """
        item = _WorkItem(work, args, size=size)
        with self._queue_lock:
            if size > _NO_WAIT_BYTES and self._must_wait(size):
                self._await_capacity(size)
            self._pending_bytes += size
            self._pending.append(item)
        self.run()

    def call(self, work: Work, *args: Any) -> Sequence[Outcome[Any]]:
        """As `submit`, but wait until it is done and return its outcomes; raise what it raised."""
        done = threading.Event()
        item = _WorkItem(work, args, done)
        with self._queue_lock:
            self._pending.append(item)
        self.run()
        done.wait()
        if item.error:
            raise item.error
        return item.outcomes

    def defer(self, work: Work, *args: Any) -> None:
        """Have `work(*args)` done in the next round. From within work or `deliver` only."""
        with self._queue_lock:
            self._pending.append(_WorkItem(work, args))

    def run(self) -> None:
        """Do what has gathered, unless somebody is at it. Any thread, except from within work."""
        for _ in range(_MAX_BATCHES):
            # Whoever holds the floor looks at the list again after letting go of it,
            # so what a thread left there before it failed to get the floor is not forgotten.
            if not self._pending or not self._room_lock.acquire(blocking=False):
                return
            try:
                self._do_batch()
            finally:
                self._room_lock.release()
        if self._pending:
            self._wake_helper()

    def _await_capacity(self, size: int) -> None:
        """Wait for the audience up to a limit, for less work however long. Requires holding `_queue_lock`."""
        end = time.monotonic() + _MAX_BACKPRESSURE_WAIT
        while self._must_wait(size) and (left := end - time.monotonic()) > 0:
            backpressure = self._backpressure_until - time.monotonic()  # which runs out without a word
            self._has_capacity.wait(min(left, backpressure) if backpressure > 0 else left)
        self._has_capacity.wait_for(lambda: not self._is_full(size))
        self._has_capacity.notify()  # there may be room for the next one too

    def _must_wait(self, size: int) -> bool:
        """Say whether work of that size has to wait. Requires holding `_queue_lock`."""
        return self._is_full(size) or time.monotonic() < self._backpressure_until

    def _is_full(self, size: int) -> bool:
        """Say whether work of that size would make too large a batch. Requires holding `_queue_lock`."""
        return self._pending_bytes > 0 and self._pending_bytes + size > _MAX_PENDING_BYTES

    def _do_batch(self) -> None:
        """Apply and deliver what has gathered. Requires holding `_room_lock`."""
        with self._queue_lock:
            batch, self._pending = self._pending, []
        outcomes: list[Outcome[Any]] = []
        for item in batch:
            try:
                item.outcomes = item.work(*item.args)
                outcomes.extend(item.outcomes)
            except Exception as error:  # noqa: BLE001 - one client's trouble is not the others'
                item.error = error
                if item.done is None:
                    _log.exception("work on the room failed")
        backpressure = 0.0
        try:
            backpressure = self._deliver(self._commit(outcomes))
        except Exception:  # noqa: BLE001 - nor is ours that of the thread that happens to do it
            _log.exception("a batch could not be delivered")
        finally:
            with self._queue_lock:
                self._backpressure_until = time.monotonic() + backpressure
                self._pending_bytes -= sum([item.size for item in batch])
                self._has_capacity.notify()
            for item in batch:
                if item.done is not None:
                    item.done.set()
