import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest

from chat_protocol.messages import Pong
from tcp_server import sequencer as module
from tcp_server.room.outcome import Outcome
from tcp_server.sequencer import Sequencer

Result = list[Outcome[Any]]


class Records:
    """A sequencer, and all that it did."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []  # the connections of each delivery
        self.passed_on = threading.Semaphore(0)
        self.backpressure = 0.0  # what delivering says of the audience
        self.sequencer = Sequencer(as_they_are, self.deliver, self.passed_on.release)

    def deliver(self, outcomes: Result) -> float:
        self.batches.append([outcome.connection for outcome in outcomes])
        return self.backpressure

    @property
    def delivered(self) -> list[Any]:
        return [connection for batch in self.batches for connection in batch]


def note(mark: object) -> Result:
    return [Outcome(mark)]


def as_they_are(outcomes: Result) -> Result:
    return outcomes


def fail() -> Result:
    raise RuntimeError("on purpose")


@contextmanager
def somebody_on_the_floor(records: Records) -> Iterator[Callable[[], None]]:
    """Let another thread hold the floor until the block ends or what it is given is called."""
    holding, go_on = threading.Event(), threading.Event()

    def hold() -> Result:
        holding.set()
        assert go_on.wait(10)
        return []

    thread = threading.Thread(target=records.sequencer.submit, args=(hold,))
    thread.start()
    try:
        assert holding.wait(10)
        yield go_on.set
    finally:
        go_on.set()
        thread.join(10)
        assert not thread.is_alive()


def test_a_quiet_room_needs_no_other_thread() -> None:
    records = Records()
    records.sequencer.submit(note, 1)
    assert records.batches == [[1]]
    assert records.sequencer.call(note, 2) == [Outcome(2)]
    assert records.batches == [[1], [2]]


def test_many_threads_one_order() -> None:
    records = Records()
    applied: list[tuple[int, int]] = []
    active = threading.Lock()

    def work(thread: int, number: int) -> Result:
        assert active.acquire(blocking=False), "two pieces of work at a time"
        applied.append((thread, number))
        active.release()
        return note((thread, number))

    def talk(thread: int) -> None:
        for number in range(300):
            if number % 10:
                records.sequencer.submit(work, thread, number)
            else:
                assert records.sequencer.call(work, thread, number) == note((thread, number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(8)))
    while records.passed_on.acquire(blocking=False):
        records.sequencer.run()
    assert records.delivered == applied
    assert len(applied) == 8 * 300
    for thread in range(8):
        assert [number for who, number in applied if who == thread] == list(range(300))


def test_what_gathers_meanwhile_is_one_batch() -> None:
    records = Records()
    with somebody_on_the_floor(records):
        for number in range(5):
            records.sequencer.submit(note, number)
        assert records.batches == []
    assert records.batches == [[], [0, 1, 2, 3, 4]]


def test_a_failure_harms_only_the_one_it_belongs_to(caplog: pytest.LogCaptureFixture) -> None:
    records = Records()
    with ThreadPoolExecutor(1) as pool, somebody_on_the_floor(records) as let_go:
        records.sequencer.submit(note, 1)
        records.sequencer.submit(fail)
        asked = pool.submit(records.sequencer.call, note, 2)
        let_go()
        assert asked.result(10) == [Outcome(2)]
    assert records.delivered == [1, 2]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_failure_reaches_the_one_who_waits_for_it(caplog: pytest.LogCaptureFixture) -> None:
    records = Records()
    with pytest.raises(RuntimeError, match="on purpose"):
        records.sequencer.call(fail)
    records.sequencer.submit(note, 1)
    assert records.delivered == [1]
    assert not caplog.records


def test_a_batch_that_cannot_be_delivered_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    def deliver(_: Result) -> float:
        raise RuntimeError("on purpose")

    sequencer = Sequencer(as_they_are, deliver, lambda: None)
    for _ in range(2):  # the floor is free again after the first
        assert sequencer.call(note, 1) == note(1)
    assert caplog.text.count("a batch could not be delivered") == 2


def test_what_is_deferred_comes_in_the_next_batch() -> None:
    records = Records()

    def work() -> Result:
        records.sequencer.defer(note, "later")
        return note("now")

    records.sequencer.submit(work)
    assert records.batches == [["now"], ["later"]]


def test_delivery_can_defer_too() -> None:
    batches: list[list[Any]] = []

    def deliver(outcomes: Result) -> float:
        batches.append([outcome.connection for outcome in outcomes])
        if len(batches) == 1:
            sequencer.defer(lambda: [Outcome("answer", [Pong()])])
        return 0.0

    sequencer = Sequencer(as_they_are, deliver, lambda: None)
    sequencer.submit(note, "question")
    assert batches == [["question"], ["answer"]]


def test_the_floor_is_passed_on_after_so_many_rounds() -> None:
    records = Records()

    def again(left: int) -> Result:
        if left:
            records.sequencer.defer(again, left - 1)
        return note(left)

    records.sequencer.submit(again, 2 * module._MAX_BATCHES)
    assert len(records.batches) == module._MAX_BATCHES
    for _ in range(2):
        assert records.passed_on.acquire(blocking=False)
        records.sequencer.run()
    assert records.delivered == list(range(2 * module._MAX_BATCHES, -1, -1))
    assert not records.passed_on.acquire(blocking=False)


def test_talkers_wait_while_too_much_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_PENDING_BYTES", 100)
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 30.0)
    records = Records()
    sequencer = records.sequencer
    with ThreadPoolExecutor(1) as pool, somebody_on_the_floor(records) as let_go:
        sequencer.submit(note, "large", size=1000)  # or it could never be said at all
        talker = pool.submit(sequencer.submit, note, "next", size=5000)
        for number in range(100):  # what a person types never waits
            sequencer.submit(note, number, size=100)
        assert not wait([talker], 0.1).done  # it must not get any further, however long it is given
        let_go()
        talker.result(10)
    assert records.delivered == ["large", *range(100), "next"]


def test_talkers_wait_while_the_audience_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 30.0)
    records = Records()
    records.backpressure = 60.0
    records.sequencer.submit(note, 1, size=5000)
    with ThreadPoolExecutor(1) as pool:
        talker = pool.submit(records.sequencer.submit, note, 2, size=5000)
        assert not wait([talker], 0.1).done
        records.backpressure = 0.0
        records.sequencer.submit(note, "caught up")
        talker.result(10)
    assert records.delivered == [1, "caught up", 2]


def test_patience_runs_out_by_itself() -> None:
    records = Records()
    records.backpressure = 0.1
    began = time.monotonic()
    for number in range(3):
        records.sequencer.submit(note, number, size=5000)
    assert time.monotonic() - began >= 0.2
    assert records.delivered == [0, 1, 2]


def test_talkers_wait_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 0.02)
    records = Records()
    records.backpressure = 60.0
    for number in range(3):
        records.sequencer.submit(note, number, size=5000)
    assert records.delivered == [0, 1, 2]


def test_no_patience_makes_a_batch_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_PENDING_BYTES", 8000)
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 0.01)
    records = Records()
    records.backpressure = 60.0
    with ThreadPoolExecutor(9) as pool, somebody_on_the_floor(records) as let_go:
        talkers = [pool.submit(records.sequencer.submit, note, number, size=5000) for number in range(9)]
        assert wait(talkers, 0.2).not_done
        let_go()
        for talker in talkers:
            talker.result(10)
    while records.passed_on.acquire(blocking=False):
        records.sequencer.run()
    assert sorted(records.delivered) == list(range(9))
    assert max(map(len, records.batches)) == 1


def test_what_is_delivered_is_what_was_settled() -> None:
    settled: list[list[Any]] = []
    delivered: list[list[Any]] = []

    def commit(outcomes: Result) -> Result:
        settled.append([outcome.connection for outcome in outcomes])
        assert len(delivered) == len(settled) - 1  # before anybody hears of it
        return note("settled")

    def deliver(outcomes: Result) -> float:
        delivered.append([outcome.connection for outcome in outcomes])
        return 0.0

    sequencer = Sequencer(commit, deliver, lambda: None)
    sequencer.submit(note, 1)
    sequencer.submit(note, 2)
    assert settled == [[1], [2]]
    assert delivered == [["settled"], ["settled"]]
