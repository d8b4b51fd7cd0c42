"""Buckets, with a clock of their own."""

import pytest

from chat_protocol import rate_limit
from chat_protocol.rate_limit import Buckets, Rate


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_key_has_its_own_bucket(clock: Clock) -> None:
    buckets = Buckets(Rate(0.1, 5), clock)
    assert [buckets.take("a") for _ in range(5)] == [0.0] * 5
    assert buckets.take("a") == pytest.approx(10)
    assert buckets.take("b") == 0
    clock.now += 10
    assert buckets.take("a") == 0
    assert buckets.take("a") == pytest.approx(10)


def test_a_refunded_token_can_be_taken_again(clock: Clock) -> None:
    buckets = Buckets(Rate(0.1, 1), clock)
    buckets.refund("a")
    for _ in range(100):
        assert buckets.take("a") == 0
        buckets.refund("a")
    assert buckets.take("a") == 0
    assert buckets.take("a") == pytest.approx(10)


def test_full_buckets_take_no_memory(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_KEYS", 100)
    buckets = Buckets(Rate(1, 1), clock)
    for number in range(1000):
        clock.now += 0.5
        assert buckets.take(str(number)) == 0
        assert len(buckets) <= 100


def test_keys_beyond_the_limit_share_one_bucket(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_KEYS", 100)
    buckets = Buckets(Rate(1, 2), clock)
    for number in range(99):
        buckets.take(str(number))
    allowed = [buckets.take(f"late{number}") for number in range(1000)].count(0.0)
    assert allowed < 5
    assert len(buckets) <= 101
    assert buckets.take("5") == 0
    clock.now += 10
    assert buckets.take("new") == 0


def test_who_has_reserved_stays_counted_whatever_others_come(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_KEYS", 100)
    buckets = Buckets(Rate(10, 20), clock)
    assert [buckets.reserve("early", 20), buckets.reserve("early", 30)] == [0, 3]
    waits = [buckets.reserve(f"late{number}", 20) for number in range(200)]
    assert waits[:99] == [0] * 99
    assert waits[-1] == pytest.approx(200)
    assert buckets.reserve("early", 10) == pytest.approx(4)
    buckets.refund("early", 10)
    assert buckets.reserve("early", 10) == pytest.approx(4)
