"""The room's time does not go back while the server runs, whatever the machine's clock does."""

import logging

import pytest

from chat_protocol import messages as m
from tcp_server.room.clock import Clock
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


def test_the_log_says_once_that_the_clock_was_set_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    times = iter([100.0, 99.5, 40.0, 41.0, 100.0, 98.0])
    clock = Clock(lambda: next(times))
    assert [clock() for _ in range(6)] == [100.0] * 6
    assert [record.message for record in caplog.records] == ["clock set back"] * 2
