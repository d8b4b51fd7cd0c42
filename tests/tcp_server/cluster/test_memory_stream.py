"""The stream in memory, which simulations of several servers use, behaves as Redis' does."""

import pytest

from tcp_server.cluster.positions import time_of, to_id, to_position
from tcp_server.cluster.stream import Away, Gap, Stream
from tests.support.memory_stream import MemoryRedis, MemoryStream


def streams(count: int = 2) -> tuple[MemoryRedis, list[Stream]]:
    redis = MemoryRedis(lambda: 1_700_000_000.0)
    return redis, [MemoryStream(redis) for _ in range(count)]


def test_positions_are_ids() -> None:
    position = to_position(b"1700000000000-7")
    assert to_id(position) == "1700000000000-7"
    assert time_of(position) == 1_700_000_000_000
    assert to_position(b"1700000000000-1048575") < to_position(b"1700000000001-0") < 1 << 63
    with pytest.raises(ValueError, match="1048576"):
        to_position(b"1700000000000-1048576")


def test_all_read_the_same() -> None:
    _, (a, b) = streams()
    assert a.read(0, 0) == []
    a.append([b"one", b"two"], a.run_id())
    assert a.read(0, 0) == b.read(0, 0)
    (first, at, data), (second, _, _) = b.read(0, 0)
    assert (at, data) == (1_700_000_000_000, b"one")
    assert [data for _, _, data in b.read(first, 0)] == [b"two"]
    assert b.read(second, 0) == []
    assert b.newest() == second


def test_a_tail_that_is_lost_is_refilled_before_anything_is_added() -> None:
    redis, (a, b) = streams()
    a.read(0, 0)
    a.append([b"one", b"two"], a.run_id())
    (one, _, _), (two, _, _) = a.read(0, 0)
    redis.restart(lost=1)
    with pytest.raises(Away):
        a.append([b"three"], a.run_id())
    with pytest.raises(Gap):
        a.read(two, 0)
    assert a.refill([(one, b"one"), (two, b"two")])
    assert b.refill([(one, b"one"), (two, b"two")])
    assert a.read(two, 0) == []
    a.append([b"three"], a.run_id())
    assert [data for _, _, data in a.read(one, 0)] == [b"two", b"three"]


def test_a_stream_that_is_deleted_is_refilled_before_anything_is_added() -> None:
    redis, (a, _) = streams()
    a.read(0, 0)
    a.append([b"one"], a.run_id())
    ((one, _, _),) = a.read(0, 0)
    redis.delete()
    with pytest.raises(Away):
        a.append([b"two"], a.run_id())
    with pytest.raises(Gap):
        a.read(one, 0)
    assert a.refill([(one, b"one")])
    a.append([b"two"], a.run_id())
    assert [data for _, _, data in a.read(one, 0)] == [b"two"]


def test_a_room_is_founded_once() -> None:
    _, (a, b) = streams()
    assert a.load_checkpoint() is None
    assert a.found(b"a")
    assert not b.found(b"b")
    assert b.load_checkpoint() == (0, b"a")
    b.save_checkpoint(5, b"later")
    assert a.load_checkpoint() == (5, b"later")
    assert a.read(5, 0) == []
    with pytest.raises(Gap):
        a.read(0, 0)


def test_away_and_cut_off() -> None:
    redis, (a, b) = streams()
    redis.go_away()
    for stream in (a, b):
        with pytest.raises(Away):
            stream.read(0, 0)
    redis.come_back()
    assert isinstance(a, MemoryStream)
    a.is_cut = True
    assert b.read(0, 0) == []
    with pytest.raises(Away):
        a.newest()
    b.close()
    with pytest.raises(Away):
        b.read(0, 0)


def test_what_is_left_is_taken_once() -> None:
    _, (a, b) = streams()
    heard: list[tuple[str, bytes]] = []
    b.listen(lambda topic, data: heard.append((topic, data)))
    a.publish("ask", b"fill:1")
    assert heard == [("ask", b"fill:1")]
    a.put("fill:1", b"first", 60)
    a.put("fill:1", b"second", 60)
    assert [b.take("fill:1", 0) for _ in range(3)] == [b"first", b"second", None]
