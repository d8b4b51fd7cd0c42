"""The thread that resumes writes to slow readers and checks deadlines."""

import threading
import time

from tcp_server.connection.fanout import FanOut
from tcp_server.connection.poller import WritePoller
from tcp_server.connection.writer import Writer
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer

_TICK = 0.5
"""Seconds between two checks of the deadlines."""


class Housekeeper:
    """Wakes when a slow reader can take more, and at each tick; it only submits work.

    It also runs pending work after a client's thread has run `_MAX_BATCHES` batches.
    """

    def __init__(self, poller: WritePoller, sequencer: Sequencer, room: Room[Writer], fanout: FanOut) -> None:
        self._poller = poller
        self._sequencer = sequencer
        self._room = room
        self._fanout = fanout
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
        while not self._stopping.is_set():
            if writable := self._poller.wait(max(0.0, next_tick - time.monotonic())):
                self._sequencer.submit(self._fanout.resume, writable)
            if time.monotonic() >= next_tick:
                self._sequencer.submit(self._room.expire)
                self._sequencer.submit(self._fanout.check_deadlines)
                next_tick = time.monotonic() + _TICK
            self._sequencer.run()
        self._sequencer.run()  # what was submitted while `stop` was called
