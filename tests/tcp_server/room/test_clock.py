"""The room's time does not go back while the server runs, whatever the clock does that it goes by."""

import logging
import re

import pytest

from chat_protocol import messages as m
from tcp_server.room.clock import MachineClock, StreamClock
from tests.support.processes import ROOT
from tests.tcp_server.room_harness import moderated_room


def test_an_expired_ban_does_not_come_back() -> None:
    harness = moderated_room()
    harness.addresses["e"] = "203.0.113.7"
    harness.moderate("a", "ban", "Боб", seconds=60)
    harness.moderate("a", "ban", "203.0.113.7", seconds=60)
    harness.now += 61
    harness.join("d", "Боб")
    assert not harness.room.is_banned("203.0.113.7")
    harness.now -= 60
    assert not harness.room.is_banned("203.0.113.7")
    harness.handle("d", m.Leave())
    harness.join("e", "Боб")


def test_times_of_messages_stand_still_until_the_clock_has_caught_up() -> None:
    harness = moderated_room()
    for ref, seconds in enumerate((0, 10, -5, 1, 10)):
        harness.now += seconds
        harness.handle("a", m.Say("раз", str(ref)))
    times = [message.at for message in harness.history.before(99, 99)]
    assert times == sorted(times)
    assert len(set(times)) == 3
    assert times[1] == times[2] == times[3]


def test_the_log_says_once_that_the_clock_was_set_back_and_when_that_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    times = iter([100.0, 99.5, 40.0, 41.0, 100.0, 98.0])
    clock = MachineClock(lambda: next(times))
    assert [clock() for _ in range(6)] == [100.0] * 6
    back = "clock set back"
    assert [record.message for record in caplog.records] == [back, "clock has caught up", back]


def test_only_a_room_on_one_machine_asks_that_what_time_it_is() -> None:
    asks = re.compile(r"time\.time\b|time_ns|datetime\.(now|utcnow|today)|(?<!\.)timestamp\(\)")
    files = [path for path in (ROOT / "tcp_server").rglob("*.py") if asks.search(path.read_text())]
    assert [path.name for path in files] == ["room.py"]


class Stream:
    """A clock that is set by entries; `monotonic` is what has passed on this machine."""

    def __init__(self) -> None:
        self.monotonic = 50.0
        self.clock = StreamClock(lambda: self.monotonic)

    def after(self, seconds: float, entry: float | None = None) -> float:
        """Return the time after so many seconds, in which an entry with that time may have come."""
        self.monotonic += seconds
        if entry is not None:
            self.clock.set(entry)
        assert self.clock() == self.clock.read()
        return self.clock()


def test_the_time_of_a_stream_goes_on_from_its_newest_entry() -> None:
    stream = Stream()
    assert stream.after(0) == 0  # long ago
    assert stream.after(5, entry=1000.0) == 1000.0
    assert stream.after(2.5) == 1002.5
    assert stream.after(0.5, entry=1003.25) == 1003.25  # this machine is slower
    assert stream.after(1) == 1004.25


def test_an_entry_that_comes_late_sets_nothing_back() -> None:
    stream = Stream()
    stream.after(0, entry=1000.0)
    assert stream.after(3, entry=1001.0) == 1003.0  # this server was busy for two seconds
    assert stream.after(1) == 1003.0
    assert stream.after(1.5) == 1003.5
    assert stream.after(0, entry=1005.5) == 1005.5


def test_while_the_clock_of_redis_is_set_back_the_time_stands_still() -> None:
    stream = Stream()
    stream.after(0, entry=1000.0)
    for _ in range(100):  # it gives all entries the time of the newest one
        assert stream.after(1, entry=1000.0) == 1001.0
    assert stream.after(1, entry=1001.5) == 1001.5


def test_while_redis_is_away_the_time_goes_on() -> None:
    stream = Stream()
    stream.after(0, entry=1000.0)
    assert stream.after(3600) == 4600.0
    assert stream.after(0, entry=4600.5) == 4600.5
