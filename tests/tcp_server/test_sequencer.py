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


class RecordingSequencer:
    """A sequencer that records what it delivers."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []  # the connections of each delivery
        self.helper_woken = threading.Semaphore(0)
        self.backpressure = 0.0  # what `deliver` returns
        self.sequencer = Sequencer(unchanged, self.deliver, self.helper_woken.release)

    def deliver(self, outcomes: Result) -> float:
        self.batches.append([outcome.connection for outcome in outcomes])
        return self.backpressure

    @property
    def delivered(self) -> list[Any]:
        return [connection for batch in self.batches for connection in batch]


def outcome_for(mark: object) -> Result:
    return [Outcome(mark)]


def unchanged(outcomes: Result) -> Result:
    return outcomes


def fail() -> Result:
    raise RuntimeError("on purpose")


@contextmanager
def room_held(recording: RecordingSequencer) -> Iterator[Callable[[], None]]:
    """Hold the room lock in another thread until the block ends or the yielded function is called."""
    holding, go_on = threading.Event(), threading.Event()

    def hold() -> Result:
        holding.set()
        assert go_on.wait(10)
        return []

    thread = threading.Thread(target=recording.sequencer.submit, args=(hold,))
    thread.start()
    try:
        assert holding.wait(10)
        yield go_on.set
    finally:
        go_on.set()
        thread.join(10)
        assert not thread.is_alive()


def test_an_idle_sequencer_works_in_the_calling_thread() -> None:
    recording = RecordingSequencer()
    recording.sequencer.submit(outcome_for, 1)
    assert recording.batches == [[1]]
    assert recording.sequencer.call(outcome_for, 2) == [Outcome(2)]
    assert recording.batches == [[1], [2]]


def test_many_threads_have_one_order() -> None:
    recording = RecordingSequencer()
    applied: list[tuple[int, int]] = []
    active = threading.Lock()

    def work(thread: int, number: int) -> Result:
        assert active.acquire(blocking=False), "two pieces of work at a time"
        applied.append((thread, number))
        active.release()
        return outcome_for((thread, number))

    def talk(thread: int) -> None:
        for number in range(300):
            if number % 10:
                recording.sequencer.submit(work, thread, number)
            else:
                assert recording.sequencer.call(work, thread, number) == outcome_for((thread, number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(talk, range(8)))
    while recording.helper_woken.acquire(blocking=False):
        recording.sequencer.run()
    assert recording.delivered == applied
    assert len(applied) == 8 * 300
    for thread in range(8):
        assert [number for who, number in applied if who == thread] == list(range(300))


def test_work_submitted_during_a_batch_is_one_batch() -> None:
    recording = RecordingSequencer()
    with room_held(recording):
        for number in range(5):
            recording.sequencer.submit(outcome_for, number)
        assert recording.batches == []
    assert recording.batches == [[], [0, 1, 2, 3, 4]]


def test_an_error_affects_only_its_own_work_item(caplog: pytest.LogCaptureFixture) -> None:
    recording = RecordingSequencer()
    with ThreadPoolExecutor(1) as pool, room_held(recording) as release_room:
        recording.sequencer.submit(outcome_for, 1)
        recording.sequencer.submit(fail)
        asked = pool.submit(recording.sequencer.call, outcome_for, 2)
        release_room()
        assert asked.result(10) == [Outcome(2)]
    assert recording.delivered == [1, 2]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_call_raises_the_error_of_its_work(caplog: pytest.LogCaptureFixture) -> None:
    recording = RecordingSequencer()
    with pytest.raises(RuntimeError, match="on purpose"):
        recording.sequencer.call(fail)
    recording.sequencer.submit(outcome_for, 1)
    assert recording.delivered == [1]
    assert not caplog.records


def test_an_error_in_deliver_is_logged_and_releases_the_room(caplog: pytest.LogCaptureFixture) -> None:
    def deliver(_: Result) -> float:
        raise RuntimeError("on purpose")

    sequencer = Sequencer(unchanged, deliver, lambda: None)
    for _ in range(2):  # the room lock is released after the first
        assert sequencer.call(outcome_for, 1) == outcome_for(1)
    assert caplog.text.count("a batch could not be delivered") == 2


def test_deferred_work_is_in_the_next_batch() -> None:
    recording = RecordingSequencer()

    def work() -> Result:
        recording.sequencer.defer(outcome_for, "later")
        return outcome_for("now")

    recording.sequencer.submit(work)
    assert recording.batches == [["now"], ["later"]]


def test_deliver_can_defer_work() -> None:
    batches: list[list[Any]] = []

    def deliver(outcomes: Result) -> float:
        batches.append([outcome.connection for outcome in outcomes])
        if len(batches) == 1:
            sequencer.defer(lambda: [Outcome("answer", [Pong()])])
        return 0.0

    sequencer = Sequencer(unchanged, deliver, lambda: None)
    sequencer.submit(outcome_for, "question")
    assert batches == [["question"], ["answer"]]


def test_after_max_batches_the_helper_is_woken() -> None:
    recording = RecordingSequencer()

    def again(left: int) -> Result:
        if left:
            recording.sequencer.defer(again, left - 1)
        return outcome_for(left)

    recording.sequencer.submit(again, 2 * module._MAX_BATCHES)
    assert len(recording.batches) == module._MAX_BATCHES
    for _ in range(2):
        assert recording.helper_woken.acquire(blocking=False)
        recording.sequencer.run()
    assert recording.delivered == list(range(2 * module._MAX_BATCHES, -1, -1))
    assert not recording.helper_woken.acquire(blocking=False)


def test_submit_waits_while_the_queue_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_PENDING_BYTES", 100)
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 30.0)
    recording = RecordingSequencer()
    sequencer = recording.sequencer
    with ThreadPoolExecutor(1) as pool, room_held(recording) as release_room:
        sequencer.submit(outcome_for, "large", size=1000)  # accepted, as the queue is empty
        submitter = pool.submit(sequencer.submit, outcome_for, "next", size=5000)
        for number in range(100):  # small work never waits
            sequencer.submit(outcome_for, number, size=100)
        assert not wait([submitter], 0.1).done  # it must still be waiting, however long this takes
        release_room()
        submitter.result(10)
    assert recording.delivered == ["large", *range(100), "next"]


def test_submit_waits_during_backpressure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 30.0)
    recording = RecordingSequencer()
    recording.backpressure = 60.0
    recording.sequencer.submit(outcome_for, 1, size=5000)
    with ThreadPoolExecutor(1) as pool:
        submitter = pool.submit(recording.sequencer.submit, outcome_for, 2, size=5000)
        assert not wait([submitter], 0.1).done
        recording.backpressure = 0.0
        recording.sequencer.submit(outcome_for, "caught up")
        submitter.result(10)
    assert recording.delivered == [1, "caught up", 2]


def test_backpressure_ends_by_itself() -> None:
    recording = RecordingSequencer()
    recording.backpressure = 0.1
    began = time.monotonic()
    for number in range(3):
        recording.sequencer.submit(outcome_for, number, size=5000)
    assert time.monotonic() - began >= 0.2
    assert recording.delivered == [0, 1, 2]


def test_submit_waits_for_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 0.02)
    recording = RecordingSequencer()
    recording.backpressure = 60.0
    for number in range(3):
        recording.sequencer.submit(outcome_for, number, size=5000)
    assert recording.delivered == [0, 1, 2]


def test_who_awaits_readers_waits_for_a_limited_time_until_they_have_taken_what_was_sent() -> None:
    recording = RecordingSequencer()
    recording.sequencer.await_readers(time.monotonic() + 60)  # none is slow
    recording.backpressure = 60.0
    recording.sequencer.submit(outcome_for, "first")
    recording.sequencer.await_readers(time.monotonic() + 0.05)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(recording.sequencer.await_readers, time.monotonic() + 60)
        assert not wait([waiting], timeout=0.05).done
        recording.backpressure = 0.0
        recording.sequencer.submit(list)  # a reader has taken all
        waiting.result(timeout=10)


def test_a_batch_stays_small_even_if_the_wait_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_PENDING_BYTES", 8000)
    monkeypatch.setattr(module, "_MAX_BACKPRESSURE_WAIT", 0.01)
    recording = RecordingSequencer()
    recording.backpressure = 60.0
    with ThreadPoolExecutor(9) as pool, room_held(recording) as release_room:
        submitters = [
            pool.submit(recording.sequencer.submit, outcome_for, number, size=5000) for number in range(9)
        ]
        assert wait(submitters, 0.2).not_done
        release_room()
        for submitter in submitters:
            submitter.result(10)
    while recording.helper_woken.acquire(blocking=False):
        recording.sequencer.run()
    assert sorted(recording.delivered) == list(range(9))
    assert max(map(len, recording.batches)) == 1


def test_deliver_gets_what_commit_returned() -> None:
    committed: list[list[Any]] = []
    delivered: list[list[Any]] = []

    def commit(outcomes: Result) -> Result:
        committed.append([outcome.connection for outcome in outcomes])
        assert len(delivered) == len(committed) - 1  # before it is delivered
        return outcome_for("committed")

    def deliver(outcomes: Result) -> float:
        delivered.append([outcome.connection for outcome in outcomes])
        return 0.0

    sequencer = Sequencer(commit, deliver, lambda: None)
    sequencer.submit(outcome_for, 1)
    sequencer.submit(outcome_for, 2)
    assert committed == [[1], [2]]
    assert delivered == [["committed"], ["committed"]]
