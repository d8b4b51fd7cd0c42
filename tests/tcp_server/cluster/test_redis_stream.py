"""The stream in a real Redis."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from queue import Queue
from time import monotonic, sleep, time
from typing import Any

import pytest

from tcp_server.cluster import redis_stream
from tcp_server.cluster.fitness import check, parse_info
from tcp_server.cluster.positions import MAX_NUMBER, time_of, to_id
from tcp_server.cluster.redis_stream import RedisStream
from tcp_server.cluster.stream import Away, Gap, Unfit
from tcp_server.room import proposals as p
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
    with pytest.raises(Away, match="deleted"):
        a.append([b"four"], a.run_id())
    with pytest.raises(Gap):
        a.read(last, 0)
    assert b.refill(tail[:2])
    assert a.refill(tail)
    assert b.refill(tail)
    assert a.read(last, 0) == []
    assert b.read(0, 0) == entries


def test_a_checkpoint_does_not_hide_that_the_stream_was_deleted(
    streams: list[RedisStream], redis: RedisServer
) -> None:
    a, _ = streams
    a.append([b"one"], a.run_id())
    ((position, _, _),) = a.read(0, 0)
    redis.do("DEL", "oneroom:{main}")
    a.save_checkpoint(position, b"state")
    with pytest.raises(Gap):
        a.read(position, 0)


def test_what_cannot_be_refilled_is_told(streams: list[RedisStream], redis: RedisServer) -> None:
    a, _ = streams
    a.append([b"one", b"two"], a.run_id())
    tail = [(position, data) for position, _, data in a.read(0, 0)]
    redis.do("DEL", "oneroom:{main}")
    redis.do("XADD", "oneroom:{main}", "*", "b", b"other")
    assert not a.refill(tail)
    redis.do("DEL", "oneroom:{main}")
    redis.do("XADD", "oneroom:{main}", to_id(tail[1][0]), "b", b"another entry with that id")
    assert not a.refill(tail[1:])
    with pytest.raises(Gap):
        a.read(tail[1][0], 0)


def test_an_entry_whose_text_was_taken_out_is_still_that_entry(
    streams: list[RedisStream], redis: RedisServer
) -> None:
    a, b = streams
    whole, redacted, other = (
        p.encode(p.Entry(p.FORMAT, b"8 bytes.", seq, [p.Say(1, [("ref", text)])]))
        for seq, text in ((1, "text"), (1, ""), (2, ""))
    )
    a.append([whole], a.run_id())
    ((position, _, _),) = a.read(0, 0)
    assert b.refill([(position, redacted)])
    assert not b.refill([(position, other)])
    redis.do("DEL", "oneroom:{main}")
    assert b.refill([(position, redacted)])
    assert a.refill([(position, whole)])
    assert a.read(position, 0) == []


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


@pytest.mark.parametrize(
    ("setting", "bad", "good", "why"),
    [
        ("appendonly", "no", "yes", "CONFIG SET appendonly yes"),
        ("maxmemory-policy", "allkeys-lru", "noeviction", "CONFIG SET maxmemory-policy noeviction"),
    ],
)
def test_a_redis_that_could_lose_the_room_is_refused(
    redis: RedisServer, setting: str, bad: str, good: str, why: str
) -> None:
    redis.do("CONFIG", "SET", "maxmemory", 1 << 30)
    redis.do("CONFIG", "SET", setting, bad)
    try:
        with closing(opened(redis.url)) as stream, pytest.raises(Unfit, match=why):
            stream.start()
    finally:
        redis.do("CONFIG", "SET", setting, good)
        redis.do("CONFIG", "SET", "maxmemory", 0)


def test_settings_that_turn_bad_later_make_it_away(streams: list[RedisStream], redis: RedisServer) -> None:
    a, b = streams
    a.append([b"one"], a.run_id())
    redis.do("CONFIG", "SET", "appendonly", "no")
    try:
        with pytest.raises(Away, match="CONFIG SET appendonly yes"):
            b.append([b"two"], b.run_id())
    finally:
        redis.do("CONFIG", "SET", "appendonly", "yes")
    b.append([b"two"], b.run_id())
    assert texts(a.read(0, 0)) == [b"one", b"two"]


def test_a_full_memory_is_away(streams: list[RedisStream], redis: RedisServer) -> None:
    a, b = streams
    redis.do("CONFIG", "SET", "maxmemory", 1)
    try:
        with pytest.raises(Away, match="memory"):
            a.append([b"x"], a.run_id())
        assert b.read(0, 0) == []
    finally:
        redis.do("CONFIG", "SET", "maxmemory", 0)
    a.append([b"x"], a.run_id())


def test_a_master_that_becomes_a_replica_and_a_master_again_is_another(
    streams: list[RedisStream], redis: RedisServer
) -> None:
    a, _ = streams
    a.append([b"one"], before := a.run_id())
    redis.do("REPLICAOF", "127.0.0.1", 1)
    with pytest.raises(Away, match="replica"):
        a.append([b"two"], before)
    with pytest.raises(Away, match="replica"):
        a.read(0, 0)
    redis.do("REPLICAOF", "NO", "ONE")
    with pytest.raises(Away, match="another Redis"):
        a.append([b"two"], before)
    assert texts(a.read(0, 0)) == [b"one"]
    assert a.run_id() != before
    a.append([b"two"], a.run_id())


def test_while_the_clock_stands_behind_positions_do_not_run_out(
    streams: list[RedisStream], redis: RedisServer
) -> None:
    a, b = streams
    redis.do("XADD", "oneroom:{main}", f"4000000000000-{MAX_NUMBER - 2}", "b", b"one")
    a.append([b"two"], a.run_id())
    b.append([b"three"], b.run_id())
    a.append([b"four", b"five"], a.run_id())
    b.append([b"six", b"seven"], b.run_id())
    entries = a.read(0, 0)
    assert texts(entries) == [b"one", b"two", b"three", b"four", b"five", b"six", b"seven"]
    assert [to_id(position) for position, _, _ in entries[3:]] == [
        f"4000000000001-{number}" for number in range(4)
    ]


def test_its_clock_is_that_of_redis(streams: list[RedisStream]) -> None:
    a, _ = streams
    seconds = a.now()
    assert seconds is not None
    assert abs(seconds - time()) < 60


def test_what_is_trimmed_while_this_process_is_stopped_is_missed(
    streams: list[RedisStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = streams
    a.append([b"one", b"two", b"three", b"four"], a.run_id())
    (one, _, _), *_, (four, _, _) = a.read(0, 0)
    assert texts(b.read(0, 0))
    a.save_checkpoint(four, b"state")
    a.trim(four)
    monkeypatch.setattr(redis_stream, "_LONG_AGO", 0)
    with pytest.raises(Gap):
        b.read(one, 0)


def test_a_replica_that_lags_is_told(
    redis: RedisServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_stream, "_REPLICA_WAIT", 1)
    with closing(opened(f"{redis.url}?wait=1")) as stream:
        stream.start()
        stream.read(0, 0)
        stream.append([b"one"], stream.run_id())
        assert texts(stream.read(0, 0)) == [b"one"]
    assert "redis replicas lag" in caplog.messages


def test_rooms_and_databases_are_apart(redis: RedisServer) -> None:
    urls = [redis.url, f"{redis.url}?room=other", f"{redis.url}?db=1"]
    with ExitStack() as stack:
        streams = [stack.enter_context(closing(opened(url))) for url in urls]
        for number, stream in enumerate(streams):
            stream.start()
            assert stream.found(b"%d" % number)
            stream.read(0, 0)
            stream.append([b"%d" % number], stream.run_id())
        assert [texts(stream.read(0, 0)) for stream in streams] == [[b"0"], [b"1"], [b"2"]]


def test_nobody_answers() -> None:
    with closing(opened("unix:///nowhere.sock")) as stream:
        with pytest.raises(Away, match="connection"):
            stream.start()
        stream.publish("typing", b"is lost")


def test_a_file_that_is_missing() -> None:
    with pytest.raises(Unfit, match="No such file"):
        opened("rediss://a?ssl_ca_certs=/nowhere.pem")


def test_an_old_version_is_refused() -> None:
    with pytest.raises(Unfit, match=r"Redis 6\.0\.16 is too old: 6\.2 or newer is needed"):
        check({"redis_version": "6.0.16", "aof_enabled": "1", "maxmemory": "0"})
    check(parse_info(b"# Server\r\nredis_version:6.2.0\r\naof_enabled:1\r\nmaxmemory:0\r\n"))
