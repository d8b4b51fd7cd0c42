"""The thread that resumes writes to slow readers, checks deadlines, and prunes the log."""

import threading
import time
from collections.abc import Callable, Sequence

from chat_protocol.service_manager import notify, watchdog_interval
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.poller import WritePoller
from tcp_server.connection.writer import Writer
from tcp_server.room.outcome import Outcome
from tcp_server.sequencer import Sequencer

_TICK = 0.5
"""Seconds between two checks of the deadlines."""

_IDLE_RATIO = 9
"""Idle time after a step of pruning, as a multiple of its duration."""


class Housekeeper:
    """Wakes when a slow reader can take more, and at each tick; it only submits work.

    It also runs pending work after a client's thread has run `_MAX_BATCHES` batches.
    """

    def __init__(
        self,
        poller: WritePoller,
        sequencer: Sequencer,
        expire: Callable[[], Sequence[Outcome[Writer]]],
        prune: Callable[[], float],
        fanout: FanOut,
    ) -> None:
        """`expire` is work of each tick; `prune` does one step and returns its seconds, 0 if none is left."""
        self._poller = poller
        self._sequencer = sequencer
        self._expire = expire
        self._prune = prune
        self._fanout = fanout
        self._prune_at = 0.0  # monotonic; infinite while a step is submitted; owned by who runs or submits it
        self._watchdog_interval = watchdog_interval()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Start the thread. Once, from any thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what has been submitted, and end the thread. Once, from any other thread."""
        self._stopping.set()
        self._poller.wake()
        self._thread.join()

    def _run(self) -> None:
        next_tick = time.monotonic() + _TICK
        calm_at = time.monotonic() + self._watchdog_interval
        while not self._stopping.is_set():
            wake_at = min(next_tick, self._prune_at)
            if writable := self._poller.wait(max(0.0, wake_at - time.monotonic())):
                self._sequencer.submit(self._fanout.resume, writable)
            if time.monotonic() >= next_tick:
                self._sequencer.submit(self._expire)
                self._sequencer.submit(self._fanout.check_deadlines)
                if time.monotonic() >= calm_at:
                    calm_at += self._watchdog_interval
                    self._sequencer.submit(_calm_watchdog)
                next_tick = time.monotonic() + _TICK
            if time.monotonic() >= self._prune_at:
                self._prune_at = float("inf")
                self._sequencer.submit(self._prune_some)
            self._sequencer.run()
        self._sequencer.run()  # what was submitted while `stop` was called

    def _prune_some(self) -> Sequence[Outcome[Writer]]:
        self._prune_at = time.monotonic() + (_IDLE_RATIO * self._prune() or _TICK)
        return ()


def _calm_watchdog() -> Sequence[Outcome[Writer]]:
    """Work for the sequencer: a room that is stuck does not do it, and the service is started anew."""
    notify("WATCHDOG=1")
    return ()
