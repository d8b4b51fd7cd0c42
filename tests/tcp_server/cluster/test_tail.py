from queue import Queue

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
    faults: list[str] = []
    tail = Tail(
        stream,
        stream.lost[0][0],
        apply=applied.put,
        entries_after=lambda _: (),
        note_complete=lambda _: None,
        begin_epoch=lambda: faults.append("new epoch"),
        note_refilled=lambda: None,
        leave=lambda reason, _: faults.append(reason),
    )
    tail.start()
    try:
        assert [data for _, _, data in applied.get(timeout=TIMEOUT)] == [b"three"]
    finally:
        stream.close()
        tail.close()
    assert not faults
