from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Queue
from time import monotonic

import pytest

from tcp_server.cluster import tail as tail_module
from tcp_server.cluster.tail import Read, Tail
from tests.support.memory_stream import MemoryRedis, MemoryStream
from tests.support.timing import TIMEOUT


class RefilledByAnother(MemoryStream):
    """Between two of its calls another server adds what Redis has lost."""

    lost: list[tuple[int, bytes]]

    def newest(self) -> int:
        self._redis.restart()
        for position, data in self.lost:
            self._redis.add_at(position, data)
        return super().newest()


def test_what_another_server_refills_meanwhile_is_not_lost() -> None:
    redis = MemoryRedis(lambda: 1_700_000_000.0)
    stream = RefilledByAnother(redis)
    for data in (b"one", b"two", b"three"):
        redis.add(data)
    stream.lost = redis.entries[1:]
    redis.restart(lost=2)
    applied: Queue[Read] = Queue()
    with reading(stream, stream.lost[0][0], applied.put):
        assert [data for _, _, data in applied.get(timeout=TIMEOUT)] == [b"three"]


def test_where_much_is_said_the_next_read_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = MemoryRedis(lambda: 1_700_000_000.0)
    stream = Observed(redis)
    applied: Queue[Read] = Queue()
    with reading(stream, redis.add(b"one"), applied.put):
        redis.add(bytes(tail_module._MUCH))
        applied.get(timeout=TIMEOUT)
        redis.add(b"three")
        applied.get(timeout=TIMEOUT)
    read_at = [at for at, size in stream.reads if size == tail_module._MUCH]
    begun_at = [at for at, size in stream.reads if size < 0 and at > read_at[0]]
    assert begun_at[0] - read_at[0] >= tail_module._MAX_INTERVAL

    for interval in ("_INTERVAL_PER_CLIENT", "_MAX_INTERVAL"):
        monkeypatch.setattr(tail_module, interval, 10 * TIMEOUT)
    with reading(MemoryStream(redis), redis.top, applied.put) as tail:
        for data in (b"four", b"five", bytes(tail_module._MUCH)):  # none waits for the one before
            redis.add(data)
            assert [read for _, _, read in applied.get(timeout=TIMEOUT)] == [data]
        redis.add(b"last")
        tail.hurry()
        assert [read for _, _, read in applied.get(timeout=TIMEOUT)] == [b"last"]
        redis.add(bytes(tail_module._MUCH))
        applied.get(timeout=TIMEOUT)
    assert applied.empty()  # the end does not wait either


class Observed(MemoryStream):
    """Notes when its tail begins to read, as -1, and when it has read how many bytes."""

    def __init__(self, redis: MemoryRedis) -> None:
        super().__init__(redis)
        self.reads: list[tuple[float, int]] = []

    def read(self, after: int, wait: float) -> Sequence[tuple[int, int, bytes]]:
        self.reads.append((monotonic(), -1))
        found = super().read(after, wait)
        self.reads.append((monotonic(), sum(len(data) for _, _, data in found)))
        return found


@contextmanager
def reading(stream: MemoryStream, position: int, apply: Callable[[Read], None]) -> Iterator[Tail]:
    """Run a tail behind a position during the block, in which nothing may fail."""
    faults: list[str] = []
    tail = Tail(
        stream,
        position,
        apply=apply,
        clients=lambda: 1000,
        entries_after=lambda _: (),
        note_complete=lambda _: None,
        begin_epoch=lambda: faults.append("new epoch"),
        note_refilled=lambda: None,
        leave=lambda reason, _: faults.append(reason),
    )
    tail.start()
    try:
        yield tail
    finally:
        stream.close()
        tail.close()
    assert not faults
