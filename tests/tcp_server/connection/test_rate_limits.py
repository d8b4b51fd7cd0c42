"""Budgets of members, with a clock of their own."""

import gc
import threading
from collections import Counter

import pytest

from tcp_server.connection.rate_limits import Budget, Budgets
from tcp_server.room.members import Member
from tcp_server.room.rates import Kind
from tests.chat_protocol.test_rate_limit import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def says(number: int) -> Counter[Kind]:
    return Counter({Kind.SAYS: number})


# --- budgets of members --------------------------------------------------------------


def test_a_burst_at_once_and_then_the_rate(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 100
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 0
    clock.now += 0.25
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 5
    clock.now += 3600
    assert budget.take_some(Kind.SAYS, [1] * 1000) == 100


def test_an_hour_allows_the_rate_whatever_the_steps(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    taken = 0
    for _ in range(3600 * 7):
        clock.now += 1 / 7
        taken += budget.take_some(Kind.SAYS, [1] * 1000)
    assert taken == pytest.approx(3600 * 20 + 100, abs=20)


def test_a_client_that_waited_as_told_need_not_wait_again(clock: Clock) -> None:
    budget = Budget(3, 7, clock)
    assert budget.take_some(Kind.SAYS, [1] * 7) == 7
    for _ in range(10_000):
        clock.now += budget.seconds_until(says(1))
        assert budget.take_some(Kind.SAYS, [1] * 5) == 1


def test_the_wait_is_for_everything_wanted(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    assert budget.seconds_until(says(100)) == 0
    assert budget.seconds_until(says(160)) == pytest.approx(3)
    assert budget.seconds_until(Counter({Kind.SAYS: 160, Kind.SEARCHES: 15})) == pytest.approx(5)
    assert budget.seconds_until(Counter()) == 0


def test_take_all_takes_all_or_nothing(clock: Clock) -> None:
    budget = Budget(20, 100, clock)
    assert not budget.take_all(Counter({Kind.SAYS: 1, Kind.SEARCHES: 11}))
    assert budget.take_all(Counter({Kind.SAYS: 100, Kind.SEARCHES: 10}))
    assert not budget.take_all(says(1))
    assert budget.take_all(Counter())


def test_kinds_do_not_share_tokens(clock: Clock) -> None:
    budget = Budget(1, 1, clock)
    for kind, at_once in {Kind.SAYS: 1, Kind.PAGES: 20, Kind.SEARCHES: 10, Kind.OTHER: 100}.items():
        assert budget.take_some(kind, [1] * 1000) == at_once


def test_a_rate_of_zero_is_no_limit_for_anything(clock: Clock) -> None:
    budget = Budget(0, 1, clock)
    assert budget.unlimited
    everything = Counter(dict.fromkeys(Kind, 10**6))
    assert budget.take_all(everything)
    assert budget.seconds_until(everything) == 0
    assert [budget.take_some(kind, [1] * 10**6) for kind in Kind] == [10**6] * len(Kind)


def test_a_burst_of_zero_still_lets_one_through(clock: Clock) -> None:
    assert Budget(5, 0, clock).take_some(Kind.SAYS, [1] * 2) == 1


def test_a_cost_above_the_burst_leaves_the_bucket_negative(clock: Clock) -> None:
    budget = Budget(10, 50, clock)
    assert budget.take_some(Kind.SAYS, [40, 11, 1]) == 1
    assert budget.take_some(Kind.SAYS, [81]) == 0
    clock.now += 4
    assert budget.take_some(Kind.SAYS, [81, 1]) == 1
    assert budget.seconds_until(says(1)) == pytest.approx(3.2)


def test_threads_that_share_a_budget_share_its_tokens(clock: Clock) -> None:
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


def test_a_budget_belongs_to_the_member_and_ends_with_it() -> None:
    budgets = Budgets(20, 100)
    anna, boris = Member("Anna", ("anna",)), Member("Boris", ("boris",))
    assert budgets.of(anna) is budgets.of(anna) is not budgets.of(boris)
    del anna
    gc.collect()
    assert len(budgets._budgets) == 1
