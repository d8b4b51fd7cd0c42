"""The one order: everything that happens to the room happens through here.

Threads do not wait for the room: they leave their work in a list, and whichever
of them finds the room free does all that has gathered, its own and the others'
(flat combining: Hendler, Incze, Shavit, Tzafrir, 2010). A quiet room thus costs
no hop between threads, and a busy one does ever more work at a time, with one
send to each client for all of it.

The room takes in no more than it can give out: with too much undone, or with much
of the audience lagging, talkers are made to wait here, and TCP passes that on to them.

Locks, in the order they may be taken: `_floor`, then `_gate`.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tcp_server.room.outcome import Outcome

_log = logging.getLogger(__name__)

_ROUNDS = 8
"""How many batches one thread does for others before it goes back to its own client."""

_CROWDED = 256 * 1024
"""Bytes of work that may be undone before talkers wait."""

_BREATH = 1.0
"""Seconds a talker waits at most each time for the audience, however much it lags."""

_SMALL = 2048
"""Work of so few bytes waits for nobody: what a person types is said at once, whoever lags."""

Work = Callable[..., Sequence[Outcome[Any]]]


class _Ticket:
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
        settle: Callable[[list[Outcome[Any]]], list[Outcome[Any]]],
        deliver: Callable[[list[Outcome[Any]]], float],
        pass_on: Callable[[], None],
    ) -> None:
        """Make one that nothing has happened in yet.

        `settle` is given all outcomes of a batch before anybody hears of them and returns
        what they are now. `deliver` tells everybody, and returns for how many seconds talkers
        had better wait, as too many of the audience lag. `pass_on` makes some other thread call
        `run` soon; it must not block.
        """
        self._settle = settle
        self._deliver = deliver
        self._pass_on = pass_on
        self._floor = threading.Lock()  # held while a batch is applied and delivered
        self._gate = threading.Lock()  # guards all below; never held for long
        self._roomy = threading.Condition(self._gate)  # notified when there may be room for more
        self._pending: list[_Ticket] = []
        self._load = 0  # bytes taken in and not delivered yet
        self._patient_until = 0.0  # monotonic; by what `deliver` last returned

    def submit(self, work: Work, *args: Any, size: int = 0) -> None:
        """Have `work(*args)` done after all that was submitted before; its outcomes are delivered.

        `size` is about how many bytes it will have everybody sent; much of it may wait for
        its turn here. Any thread, except from within work.
        """
        ticket = _Ticket(work, args, size=size)
        with self._gate:
            if size > _SMALL and self._is_crowded(size):
                self._await_room(size)
            self._load += size
            self._pending.append(ticket)
        self.run()

    def call(self, work: Work, *args: Any) -> Sequence[Outcome[Any]]:
        """As `submit`, but wait until it is done and return its outcomes; raise what it raised."""
        done = threading.Event()
        ticket = _Ticket(work, args, done)
        with self._gate:
            self._pending.append(ticket)
        self.run()
        done.wait()
        if ticket.error:
            raise ticket.error
        return ticket.outcomes

    def defer(self, work: Work, *args: Any) -> None:
        """Have `work(*args)` done in the next round. From within work or `deliver` only."""
        with self._gate:
            self._pending.append(_Ticket(work, args))

    def run(self) -> None:
        """Do what has gathered, unless somebody is at it. Any thread, except from within work."""
        for _ in range(_ROUNDS):
            # Whoever holds the floor looks at the list again after letting go of it,
            # so what a thread left there before it failed to get the floor is not forgotten.
            if not self._pending or not self._floor.acquire(blocking=False):
                return
            try:
                self._do_batch()
            finally:
                self._floor.release()
        if self._pending:
            self._pass_on()

    def _await_room(self, size: int) -> None:
        """Wait for the audience up to a limit, for less work however long. Requires holding `_gate`."""
        end = time.monotonic() + _BREATH
        while self._is_crowded(size) and (left := end - time.monotonic()) > 0:
            patience = self._patient_until - time.monotonic()  # which runs out without a word
            self._roomy.wait(min(left, patience) if patience > 0 else left)
        self._roomy.wait_for(lambda: not self._is_full(size))
        self._roomy.notify()  # there may be room for the next one too

    def _is_crowded(self, size: int) -> bool:
        """Say whether work of that size has to wait. Requires holding `_gate`."""
        return self._is_full(size) or time.monotonic() < self._patient_until

    def _is_full(self, size: int) -> bool:
        """Say whether work of that size would make too large a batch. Requires holding `_gate`."""
        return self._load > 0 and self._load + size > _CROWDED

    def _do_batch(self) -> None:
        """Apply and deliver what has gathered. Requires holding `_floor`."""
        with self._gate:
            batch, self._pending = self._pending, []
        outcomes: list[Outcome[Any]] = []
        for ticket in batch:
            try:
                ticket.outcomes = ticket.work(*ticket.args)
                outcomes.extend(ticket.outcomes)
            except Exception as error:  # noqa: BLE001 - one client's trouble is not the others'
                ticket.error = error
                if ticket.done is None:
                    _log.exception("work on the room failed")
        patience = 0.0
        try:
            patience = self._deliver(self._settle(outcomes))
        except Exception:  # noqa: BLE001 - nor is ours that of the thread that happens to do it
            _log.exception("a batch could not be delivered")
        finally:
            with self._gate:
                self._patient_until = time.monotonic() + patience
                self._load -= sum([ticket.size for ticket in batch])
                self._roomy.notify()
            for ticket in batch:
                if ticket.done is not None:
                    ticket.done.set()
