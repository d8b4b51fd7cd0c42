"""Whole servers of one room, where Redis or one of them fails."""

import logging
import time
from collections import Counter

import pytest

from tcp_server.cluster import beginning, node, patience, redis_clock, tail
from tcp_server.cluster.tail import Tail
from tcp_server.connection import fanout
from tcp_server.log.checkpoint import make
from tcp_server.room import proposals as p
from tests.support import memory_stream
from tests.support.memory_stream import MemoryStream
from tests.support.timing import TIMEOUT, eventually
from tests.tcp_server.cluster.whole_servers import Servers, history, say


def test_what_redis_has_lost_is_added_again(servers: Servers) -> None:
    servers.start(0), servers.start(1)
    with servers.client(0) as anna, servers.client(1) as boris:
        anna.join("Anna")
        boris.join("Boris")
        for number in range(20):
            anna.say_json(type="say", ref=f"{number}", text=f"text {number}")
        anna.fence(), boris.fence()
        servers.redis.restart(lost=5)
        anna.say_json(type="say", ref="after", text="after")
        anna.fence()
        texts = [event["text"] for event in boris.fence() if event["type"] == "message"]
        while "after" not in texts:
            texts.append(boris.read_json().get("text", ""))
        assert texts[-1] == "after"
    servers.start(2)
    assert history(servers, 2) == [*(f"text {number}" for number in range(20)), "after"]


def test_what_is_lost_for_good_begins_a_new_epoch(servers: Servers) -> None:
    servers.start(0)
    say(servers, 0, "one")
    with servers.client(0) as client:
        before = client.join("reader")["epoch"]
    with servers.redis.changed:  # at once: otherwise it may be filled in between
        position = servers.redis.top + 1
        servers.redis.restart(lost=3)
        entry = p.Entry(p.FORMAT, b"incarnat", 1, [])
        servers.redis.add_at(position, p.encode(entry))  # of a server that did not wait
    eventually(lambda: servers.server(0).must_restart)
    servers.stop(0)
    servers.start(0)
    servers.start(1)
    for number in (0, 1):
        with servers.client(number) as client:
            assert client.join(f"visitor {number}", history=10)["epoch"] != before


def test_who_is_away_for_long_begins_at_the_checkpoint_and_fetches_the_rest(servers: Servers) -> None:
    servers.start(0), servers.start(1)
    say(servers, 0, "early")
    servers.stop(1)
    say(servers, 0, *(f"text {number}" for number in range(700)))
    _make_checkpoint(servers, 0)
    servers.redis.entries.clear()  # all was trimmed
    server = servers.start(1)
    assert history(servers, 1)[-1] == "text 699"
    eventually(lambda: not server._history.missing)
    assert [message.text for message in server._history.before(2, 1)] == ["early"]


def _make_checkpoint(servers: Servers, number: int) -> None:
    position, data = make(servers.path(number))
    servers.stream(number).save_checkpoint(position, data)


def test_a_frozen_redis_takes_nobody_out_and_nothing_is_lost(servers: Servers) -> None:
    servers.start(0), servers.start(1)
    with servers.client(0) as anna, servers.client(1) as boris:
        anna.join("Anna")
        boris.join("Boris")
        anna.expect_json(type="joined", name="Boris")
        servers.redis.go_away()
        anna.say_json(type="say", ref="1", text="meanwhile")
        assert [event["type"] for event in boris.fence()] == []
        servers.redis.come_back()
        assert anna.read_json()["type"] == "ack"
        assert boris.read_json()["text"] == "meanwhile"


def test_a_new_server_founds_no_second_room_where_the_checkpoint_was_lost(servers: Servers) -> None:
    servers.start(0)
    say(servers, 0, "one")
    with servers.redis.changed:
        servers.redis.delete()
        servers.redis.checkpoints.clear()
    servers.redis.restart()
    eventually(lambda: bool(servers.redis.entries))
    servers.start(1)
    assert history(servers, 1) == ["one"]


def test_a_blank_server_makes_a_deleted_stream_anew_if_no_other_does(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.start(0)
    say(servers, 0, "one")
    _make_checkpoint(servers, 0)
    servers.stop(0)
    servers.redis.delete()
    monkeypatch.setattr(beginning, "_PATIENCE", 0.0)
    servers.start(1)
    say(servers, 1, "two")
    assert history(servers, 1) == ["one", "two"]


def test_each_server_says_once_that_the_clock_of_redis_is_set_back_and_that_this_is_over(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(redis_clock, "_INTERVAL", 0.0)
    offset = 0.0
    monkeypatch.setattr(servers.redis, "_now", lambda: time.time() + offset)
    now, looks = MemoryStream.now, Counter[MemoryStream]()

    def counted(stream: MemoryStream) -> float:
        looks[stream] += 1
        return now(stream)

    def told(seconds: float) -> list[str]:
        """Set the clock so much forward; return what was logged of it once each server has looked twice."""
        nonlocal offset
        offset = seconds
        looks.clear()
        eventually(lambda: all(looks[servers.stream(one)] > 1 for one in (0, 1)))
        records = [one for one in caplog.records if one.getMessage().startswith("redis clock")]
        assert all(3500 < vars(one)["fields"].get("seconds", 3600) <= 3600 for one in records)
        caplog.clear()
        return [one.getMessage() for one in records]

    monkeypatch.setattr(MemoryStream, "now", counted)
    servers.start(0), servers.start(1)
    assert told(0) + told(-0.5) == []
    assert told(-3600) == ["redis clock set back"] * 2
    say(servers, 0, "one")  # as ever
    assert told(-7200) == []
    assert told(1) == ["redis clock has caught up"] * 2


def test_who_reads_is_not_cut_as_slow_when_their_server_has_missed_much(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times as much as may wait for a reader, who begins to read once the server would have sent it."""
    monkeypatch.setattr(memory_stream, "_COUNT", 4)  # so that several reads follow one another
    monkeypatch.setattr(tail, "_MAX_READ", 4)
    monkeypatch.setattr(node, "_READERS_SECONDS", TIMEOUT)  # the machine may be busy
    monkeypatch.setattr(patience, "_MAX_LOSS", TIMEOUT)
    monkeypatch.setattr(fanout, "_PROGRESS_TIMEOUT", TIMEOUT)
    monkeypatch.setattr(fanout, "_MAX_BACKPRESSURE", TIMEOUT)
    servers.start(0), servers.start(1)
    fast, slow = (servers.server(number) for number in (0, 1))
    texts = [f"{number} {'x' * 1000}" for number in range(3000)]
    with servers.client(0) as speaker, servers.client(1) as reader:
        speaker.join("Anna", history=0)
        reader.join("Boris", history=0)
        servers.stream(1).is_cut = True
        for number, text in enumerate(texts):
            speaker.say_json(type="say", ref=f"{number:04}", text=text)
        speaker.fence()
        servers.stream(1).is_cut = False
        eventually(lambda: slow._fanout.figures.blocked > 0 or slow._history.last == fast._history.last)
        read = (message for message in iter(reader.read_json, None) if message["type"] == "message")
        assert [next(read)["text"] for _ in texts] == texts


def test_a_server_that_is_behind_shows_that_it_is_alive(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the others would declare it down, which cuts all the clients that it waits for."""
    server = servers.start(0)
    eventually(lambda: not server.not_ready())
    monkeypatch.setattr(Tail, "is_current", property(lambda _: False))
    assert server.not_ready() == "it is behind the others"

    def beats() -> int:
        with servers.redis.changed:
            entries = [p.decode(data) for _, data in servers.redis.entries]
        return sum(isinstance(one, p.Beat) for entry in entries for one in entry.proposals)

    before = beats()
    eventually(lambda: beats() > before + 1)  # one may have been under way


def test_a_room_goes_back_to_a_copy(servers: Servers) -> None:
    """As docs/operations.md has it: Redis is emptied, one server has the copy, and the others nothing."""
    servers.start(0), servers.start(1)
    say(servers, 0, "one")
    servers.stop(1), servers.stop(0)
    copy = servers.path(0).read_bytes()
    servers.start(0)
    say(servers, 0, "two")
    servers.stop(0)
    with servers.redis.changed:
        servers.redis.delete()
        servers.redis.checkpoints.clear()
    for path in servers.folder.iterdir():
        path.unlink()
    servers.path(0).write_bytes(copy)
    servers.start(0), servers.start(1)
    assert history(servers, 1) == ["one"]
    say(servers, 1, "three")
    assert history(servers, 0) == ["one", "three"]
