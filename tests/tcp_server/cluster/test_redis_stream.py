"""The stream in a real Redis."""

import threading
from collections.abc import Iterator
from contextlib import closing
from queue import Queue
from time import monotonic, sleep
from typing import Any

import pytest

from tcp_server.cluster.positions import time_of, to_id
from tcp_server.cluster.redis_stream import RedisStream
from tcp_server.cluster.stream import Away, Gap
from tests.support.redis_server import RedisServer, opened, redis_server, texts
from tests.support.requirements import needs_redis
from tests.support.timing import TIMEOUT

pytestmark = needs_redis


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(shared: RedisServer) -> RedisServer:
    shared.do("FLUSHALL")
    return shared


@pytest.fixture
def streams(redis: RedisServer) -> Iterator[list[RedisStream]]:
    """Two servers of a room."""
    both = [opened(redis.url) for _ in range(2)]
    for stream in both:
        stream.start()
        stream.read(0, 0)
    yield both
    for stream in both:
        stream.close()


def test_all_read_the_same(streams: list[RedisStream]) -> None:
    a, b = streams
    a.append([b"one", b"two"], a.run_id())
    b.append([b"three"], b.run_id())
    assert texts(a.read(0, 1)) == [b"one", b"two", b"three"]
    assert a.read(0, 0) == b.read(0, 0)
    (first, at, _), *_, (last, _, _) = a.read(0, 0)
    assert time_of(first) == at
    assert texts(b.read(first, 0)) == [b"two", b"three"]
    assert b.newest() == last
    assert b.read(last, 0) == []


def test_who_waits_reads_at_once(streams: list[RedisStream]) -> None:
    a, b = streams
    read: list[Any] = []
    thread = threading.Thread(target=lambda: read.append(a.read(0, 2)))
    thread.start()
    b.append([b"x"], b.run_id())
    thread.join(TIMEOUT)
    assert texts(read[0]) == [b"x"]


def test_a_room_is_founded_once_and_its_checkpoints_follow(
    streams: list[RedisStream], redis: RedisServer
) -> None:
    a, b = streams
    assert a.load_checkpoint() is None
    assert a.found(b"a")
    assert not b.found(b"b")
    assert b.load_checkpoint() == (0, b"a")
    a.append([b"%d" % number for number in range(5)], a.run_id())
    positions = [position for position, _, _ in a.read(0, 0)]
    a.save_checkpoint(positions[2], b"2")
    b.save_checkpoint(positions[3], b"3")
    assert a.load_checkpoint() == (positions[3], b"3")
    assert redis.do("GETRANGE", "oneroom:{main}:checkpoint:before", 8, -1) == b"2"
    a.trim(positions[2])
    assert texts(b.read(positions[2], 0)) == [b"3", b"4"]
    assert texts(b.read(positions[3], 0)) == [b"4"]
    with closing(opened(redis.url)) as newcomer, pytest.raises(Gap):
        newcomer.read(positions[1], 0)


def test_a_stream_that_is_trimmed_up_to_the_checkpoint_is_read_from_there(
    streams: list[RedisStream],
) -> None:
    a, b = streams
    a.append([b"one"], a.run_id())
    ((position, _, _),) = a.read(0, 0)
    a.save_checkpoint(position, b"state")
    a.trim(position + 1)
    assert b.read(position, 0) == []
    assert b.newest() == position
    with pytest.raises(Gap):
        b.read(0, 0)


def test_what_is_lost_is_refilled(streams: list[RedisStream], redis: RedisServer) -> None:
    a, b = streams
    a.append([b"one", b"two", b"three"], a.run_id())
    entries = a.read(0, 0)
    tail = [(position, data) for position, _, data in entries]
    last = tail[-1][0]
    redis.do("DEL", "oneroom:{main}")
    with pytest.raises(Gap):
        a.read(last, 0)
    assert b.refill(tail[:2])
    assert a.refill(tail)
    assert b.refill(tail)
    assert a.read(last, 0) == []
    assert b.read(0, 0) == entries


def test_what_cannot_be_refilled_is_told(streams: list[RedisStream], redis: RedisServer) -> None:
    a, b = streams
    a.append([b"one", b"two"], a.run_id())
    tail = [(position, data) for position, _, data in a.read(0, 0)]
    redis.do("DEL", "oneroom:{main}")
    b.append([b"other"], b.run_id())
    assert not a.refill(tail)
    redis.do("DEL", "oneroom:{main}")
    redis.do("XADD", "oneroom:{main}", to_id(tail[1][0]), "b", b"another entry with that id")
    assert not a.refill(tail[1:])
    with pytest.raises(Gap):
        a.read(tail[1][0], 0)


def test_what_is_published_is_heard_by_all(streams: list[RedisStream]) -> None:
    heard: Queue[tuple[str, bytes]] = Queue()
    for stream in streams:
        stream.listen(lambda topic, data: heard.put((topic, data)))
    deadline = monotonic() + TIMEOUT
    while heard.empty():
        assert monotonic() < deadline
        streams[0].publish("typing", b"who")
        sleep(0.01)
    streams[0].publish("ask", b"what")
    found = set()
    while ("ask", b"what") not in found or ("typing", b"who") not in found:
        found.add(heard.get(timeout=TIMEOUT))


def test_what_is_left_is_taken_once_in_order(streams: list[RedisStream], redis: RedisServer) -> None:
    a, b = streams
    a.put("fill:1", b"first", 60)
    a.put("fill:1", b"second", 60)
    assert [b.take("fill:1", 0) for _ in range(3)] == [b"first", b"second", None]
    a.put("answer:2", bytes(1_000_000), 0.05)
    while redis.do("EXISTS", "oneroom:{main}:answer:2"):
        pass
    assert b.take("answer:2", 0) is None


def test_closing_wakes_who_waits(redis: RedisServer) -> None:
    stream = opened(redis.url)
    stream.start()
    stream.listen(lambda *_: None)
    ended: Queue[Exception] = Queue()

    def wait(call: Any, *arguments: Any) -> None:
        try:
            while True:
                call(*arguments)
        except Away as error:
            ended.put(error)

    threads = [
        threading.Thread(target=wait, args=(stream.read, 0, 600)),
        threading.Thread(target=wait, args=(stream.take, "fill:never", 600)),
    ]
    for thread in threads:
        thread.start()
    while redis.do("INFO", "clients")["blocked_clients"] != 2:
        pass
    stream.close()
    for thread in threads:
        thread.join(TIMEOUT)
    assert ended.qsize() == 2
    with pytest.raises(Away):
        stream.newest()
