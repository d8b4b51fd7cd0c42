"""Rates and accounts, on a clock of their own."""

import threading
from collections import Counter

import pytest

from chat_protocol import messages as m
from chat_protocol.errors import BadMessage
from tcp_server.room import rates
from tcp_server.room.commands import Help, Request, Who
from tcp_server.room.rates import Buckets, Budget, Kind, Rate, count


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def says(number: int) -> Counter[Kind]:
    return Counter({Kind.SAYS: number})


# --- what one member may ask for -----------------------------------------------------


def test_a_burst_at_once_and_then_the_rate(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 100
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 0
    clock.now += 0.25
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 5
    clock.now += 3600
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 100


def test_over_an_hour_it_is_the_rate_whatever_the_steps(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    taken = 0
    for _ in range(3600 * 7):
        clock.now += 1 / 7
        taken += budget.take_some(Kind.SAYS, [1] * 1000)
    assert taken == pytest.approx(3600 * 20 + 100, abs=20)


def test_whoever_waits_as_long_as_told_is_not_told_to_wait_again(clock: Clock) -> None:
    budget = Budget(3, 7, clock)
    assert budget.take_some(Kind.SAYS, [1] * 7) == 7
    for _ in range(10_000):
        clock.now += budget.wait(says(1))
        assert budget.take_some(Kind.SAYS, [1] * 5) == 1


def test_waiting_is_told_for_all_that_is_wanted(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    assert budget.wait(says(100)) == 0
    assert budget.wait(says(160)) == pytest.approx(3)
    assert budget.wait(Counter({Kind.SAYS: 160, Kind.SEARCHES: 15})) == pytest.approx(5)
    assert budget.wait(Counter()) == 0


def test_all_or_nothing(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    assert not budget.take_all(Counter({Kind.SAYS: 1, Kind.SEARCHES: 11}))
    assert budget.take_all(Counter({Kind.SAYS: 100, Kind.SEARCHES: 10}))
    assert not budget.take_all(says(1))
    assert budget.take_all(Counter())


def test_what_one_kind_uses_up_is_not_missing_from_another(clock: Clock) -> None:
    budget = Budget(1, 1, clock)
    for kind, at_once in {Kind.SAYS: 1, Kind.PAGES: 20, Kind.SEARCHES: 10, Kind.OTHER: 100}.items():
        assert budget.take_some(kind, [1] * 1000) == at_once


def test_a_rate_of_zero_is_no_limit_for_anything(clock: Clock) -> None:
    budget = Budget(0, 1, clock)
    assert budget.unlimited
    everything = Counter(dict.fromkeys(Kind, 10**6))
    assert budget.take_all(everything)
    assert budget.wait(everything) == 0
    assert [budget.take_some(kind, [1] * 10**6) for kind in Kind] == [10**6] * 4


def test_a_burst_of_zero_still_lets_one_through(clock: Clock) -> None:
    assert Budget(5, 0, clock).take_some(Kind.SAYS, [1] * 2) == 1


def test_every_wish_is_counted() -> None:
    requests: list[Request] = [
        m.Say("a", "1"),
        m.Say("b", "2"),
        m.HistoryRequest(),
        Who(),
        m.Search("x"),
        Help(),
        m.Typing(),
        m.Ping(),
        BadMessage("bad_json", ""),
    ]
    assert count(requests) == {Kind.SAYS: 2, Kind.PAGES: 2, Kind.SEARCHES: 1, Kind.OTHER: 4}


def test_lines_of_a_text_count_too() -> None:
    assert count([m.Say("x\n" * 49, "1")]) == {Kind.SAYS: 1}
    assert count([m.Say("x\n" * 4000, "1"), m.Say("\r" * 100)]) == {Kind.SAYS: 81 + 3}


def test_what_costs_more_than_there_ever_is_becomes_a_debt(clock: Clock) -> None:
    budget = Budget(10, 50, clock)
    assert budget.take_some(Kind.SAYS, [40, 11, 1]) == 1
    assert budget.take_some(Kind.SAYS, [81]) == 0
    clock.now += 4
    assert budget.take_some(Kind.SAYS, [81, 1]) == 1
    assert budget.wait(says(1)) == pytest.approx(3.2)


def test_connections_that_share_a_budget_get_no_more_than_one(clock: Clock) -> None:
    budget = Budget(1, 1000, clock)
    taken: list[int] = []

    def take() -> None:
        taken.append(sum(budget.take_some(Kind.SAYS, [1] * 3) for _ in range(400)))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1000


# --- accounts by key -----------------------------------------------------------------


def test_each_key_has_its_own(clock: Clock) -> None:
    audit_log = Buckets(Rate(0.1, 5), clock)
    assert [audit_log.take("a") for _ in range(5)] == [0.0] * 5
    assert audit_log.take("a") == pytest.approx(10)
    assert audit_log.take("b") == 0
    clock.now += 10
    assert audit_log.take("a") == 0
    assert audit_log.take("a") == pytest.approx(10)


def test_what_is_given_back_can_be_taken_again(clock: Clock) -> None:
    audit_log = Buckets(Rate(0.1, 1), clock)
    audit_log.refund("a")
    for _ in range(100):
        assert audit_log.take("a") == 0
        audit_log.refund("a")
    assert audit_log.take("a") == 0
    assert audit_log.take("a") == pytest.approx(10)


def test_a_ledger_does_not_grow_for_ever(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_MAX_KEYS", 100)
    audit_log = Buckets(Rate(1, 1), clock)
    for number in range(1000):
        clock.now += 0.5
        assert audit_log.take(str(number)) == 0
        assert len(audit_log) <= 100


def test_a_crowd_of_keys_shares_what_is_left(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_MAX_KEYS", 100)
    audit_log = Buckets(Rate(1, 2), clock)
    for number in range(99):
        audit_log.take(str(number))
    allowed = [audit_log.take(f"late{number}") for number in range(1000)].count(0.0)
    assert allowed < 5
    assert len(audit_log) <= 101
    assert audit_log.take("5") == 0
    clock.now += 10
    assert audit_log.take("new") == 0
