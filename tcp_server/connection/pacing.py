"""Slows down a client that exceeds its rate limits: delays before anything is refused."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from chat_protocol.tally import tally
from tcp_server.connection.bandwidth import Bandwidth
from tcp_server.connection.rate_limits import Budget
from tcp_server.connection.reader import Reader
from tcp_server.connection.work_items import ALONE, work_items
from tcp_server.room.commands import Request
from tcp_server.room.rates import Kind, cost_of, kind_of, total_cost

_MAX_PAUSE = 0.25
"""Longest single pause, in seconds."""

_MIN_NOTICED_WAIT = 0.5
"""Shortest wait, in seconds, that the client is notified of."""

_NOTICE_INTERVAL = 1.0
"""Seconds between two notices to one client."""

_REPEAT_NOTICE_INTERVAL = 10.0
"""Seconds between two notices about the same received chunk."""


class Pacer:
    """Passes a client's requests on no faster than its budgets allow. Owned by that client's thread."""

    __slots__ = ("_bandwidth", "_budget", "_notified_at", "_notify", "_reader", "_submit")

    def __init__(
        self,
        reader: Reader,
        budget: Budget,
        bandwidth: Bandwidth,
        submit: Callable[[Sequence[Request], int], None],
        notify: Callable[[float], None],
    ) -> None:
        """`submit` passes a work item and its size in bytes to the room.

        `notify` tells the client how many seconds it must wait.
        """
        self._reader = reader
        self._budget = budget
        self._bandwidth = bandwidth
        self._submit = submit
        self._notify = notify
        self._notified_at = -_NOTICE_INTERVAL  # monotonic

    def submit(self, requests: Sequence[Request]) -> None:
        """Submit what the budget allows now and the rest after pauses. Raises `OSError`."""
        if not requests:  # a chunk without requests is work too
            while not self._budget.take_some(Kind.OTHER, [1]):
                self._reader.pause(_MAX_PAUSE)
        elif self._budget.take_all(costs := total_cost(requests)):
            self._submit_items(requests)
        else:
            self._submit_in_parts(requests, costs)

    def _submit_in_parts(self, requests: Sequence[Request], left: Counter[Kind]) -> None:
        """Wait for each request in turn; `left` is what all of them cost, and is reduced."""
        interval = _NOTICE_INTERVAL
        for kind, run in groupby(requests, kind_of):
            rest = list(run)
            costs = list(map(cost_of, rest))
            while rest:
                taken = self._budget.take_some(kind, costs)
                self._submit_items(rest[:taken])
                left[kind] -= sum(costs[:taken])
                del rest[:taken], costs[:taken]
                if not rest:
                    break
                if self._notify_if_due(self._budget.seconds_until(left), interval):
                    interval = _REPEAT_NOTICE_INTERVAL
                self._pause("rate", min(_MAX_PAUSE, self._budget.seconds_until(Counter({kind: sum(costs)}))))

    def _submit_items(self, requests: Sequence[Request]) -> None:
        """Submit requests that the budget allows, no faster than the bandwidth allows."""
        for item, size in work_items(requests):
            if type(item[0]) not in ALONE:
                self._await_bandwidth(size)
            self._submit(item, size)

    def _await_bandwidth(self, size: int) -> None:
        """Wait for the limits in bytes: that of the address, then that of the room."""
        lane = self._bandwidth.lane(size)
        try:
            self._wait(lane.reserve(size))
        except OSError:  # later it stays charged: what it has reserved of the room is lost for others
            lane.refund(size)
            raise
        reserved = False
        while not reserved:
            seconds, reserved = lane.reserve_for_room(size)
            self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._notify_if_due(seconds, _NOTICE_INTERVAL)
            self._pause("bandwidth", seconds)

    def _pause(self, reason: str, seconds: float) -> None:
        tally("throttled", reason, seconds)
        self._reader.pause(seconds)

    def _notify_if_due(self, seconds: float, interval: float) -> bool:
        """Notify the client of a long wait, unless it was notified less than `interval` seconds ago."""
        now = time.monotonic()
        if seconds < _MIN_NOTICED_WAIT or now - self._notified_at < interval:
            return False
        self._notified_at = now
        self._notify(round(seconds, 1))
        return True
