"""Whole servers in this process, which share a stream in memory."""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tcp_server.cluster import beginning, namesake, redis_clock
from tcp_server.config import Config
from tcp_server.log.checkpoint import make
from tcp_server.room import proposals as p
from tcp_server.room.shared_room import SharedRoom
from tcp_server.server import ChatServer
from tests.support.memory_stream import MemoryRedis, MemoryStream
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT, eventually


class Servers:
    """Servers that are started and stopped by number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis = MemoryRedis(time.time)
        self.running: dict[int, tuple[ChatServer, MemoryStream, threading.Thread]] = {}

    def path(self, number: int) -> Path:
        return self.folder / f"{number}.db"

    def start(self, number: int, **settings: Any) -> ChatServer:
        config = Config(
            host=("127.0.0.1",),
            port=0,
            history=str(self.path(number)),
            **{"node": f"server {number}", "rate": 0, **settings},
        )
        stream = MemoryStream(self.redis)
        server = ChatServer(config, stream)
        thread = threading.Thread(target=server.serve)
        thread.start()
        self.running[number] = server, stream, thread
        return server

    def server(self, number: int) -> ChatServer:
        return self.running[number][0]

    def stream(self, number: int) -> MemoryStream:
        return self.running[number][1]

    def stop(self, number: int) -> ChatServer:
        server, _, thread = self.running.pop(number)
        server.stop()
        thread.join()
        return server

    def client(self, number: int) -> JsonClient:
        return JsonClient(self.server(number).addresses[0][:2], timeout=TIMEOUT)

    def close(self) -> None:
        self.redis.come_back()
        for number in [*self.running]:
            self.stop(number)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(tmp_path)
    yield servers
    servers.close()


def say(servers: Servers, number: int, *texts: str, name: str = "Anna") -> None:
    with servers.client(number) as client:
        client.join(name, history=0)
        for text in texts:
            client.say_json(type="say", ref=text, text=text)
        client.fence()
        client.leave()


def history(servers: Servers, number: int) -> list[str]:
    with servers.client(number) as client:
        welcome = client.join("reader", history=100)
        client.leave()
    return [message["text"] for message in welcome["messages"]]


def test_a_new_server_has_what_was_said_before(servers: Servers) -> None:
    servers.start(0)
    say(servers, 0, "one", "two")
    servers.start(1)
    assert history(servers, 1) == ["one", "two"]


def test_the_first_server_founds_the_room_with_its_log(servers: Servers) -> None:
    alone = Config(host=("127.0.0.1",), port=0, history=str(servers.path(0)))
    server = ChatServer(alone)
    thread = threading.Thread(target=server.serve)
    thread.start()
    with JsonClient(server.addresses[0][:2], timeout=TIMEOUT) as client:
        epoch = client.join("Anna")["epoch"]
        client.say_json(type="say", ref="1", text="said before")
        client.fence()
    server.stop()
    thread.join()
    servers.start(0), servers.start(1)
    for number in (0, 1):
        assert history(servers, number) == ["said before"]
        with servers.client(number) as client:
            assert client.join(f"visitor {number}", history=0)["epoch"] == epoch


def test_the_log_of_another_room_is_not_replaced(servers: Servers) -> None:
    servers.start(0)
    other = ChatServer(Config(host=("127.0.0.1",), port=0, history=str(servers.path(1))))
    thread = threading.Thread(target=other.serve)
    thread.start()
    with JsonClient(other.addresses[0][:2], timeout=TIMEOUT) as client:
        client.join("Anna")
        client.say_json(type="say", ref="1", text="of another room")
        client.fence()
    other.stop()
    thread.join()
    with pytest.raises(Exception, match="is the log of a room of its own"):
        servers.start(1)


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


def test_typing_is_told_on_the_other_servers(servers: Servers) -> None:
    servers.start(0), servers.start(1)
    with servers.client(0) as anna, servers.client(1) as boris:
        anna.join("Anna")
        boris.join("Boris")
        anna.expect_json(type="joined", name="Boris")
        anna.say_json(type="typing")
        assert boris.expect_json(type="typing") == {"type": "typing", "name": "Anna"}


def test_the_threads_of_a_cluster_end_with_the_server(servers: Servers) -> None:
    servers.start(0)
    servers.stop(0)
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"appender", "tail", "cluster", "filler"}


def test_a_moderator_is_told_the_addresses_of_connections_to_other_servers(servers: Servers) -> None:
    servers.start(0, moderator_password="secret"), servers.start(1)
    with servers.client(0) as anna, servers.client(1) as boris:
        anna.join("Anna")
        boris.join("Boris")
        anna.expect_json(type="joined", name="Boris")
        anna.say_json(type="authenticate", password="secret")
        anna.expect_json(type="role")
        anna.say_json(type="whois", name="Boris", ref="who")
        anna.expect_json(type="whois", name="Boris", addresses=["127.0.0.1"], ref="who")


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


def test_a_server_that_is_never_silent_says_what_it_has_applied(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tcp_server.cluster.node._BEAT_SECONDS", 1000.0)
    monkeypatch.setattr("tcp_server.cluster.node._MAX_BEAT_SECONDS", 0.1)
    servers.start(0)
    say(servers, 0, "one")
    said = servers.redis.entries[-1][0]
    runs = servers.server(0)._room._fold.runs
    eventually(lambda: runs.applied() >= said)


def test_who_ends_its_input_has_all_answers(servers: Servers) -> None:
    servers.start(0)
    for ending in ([{"type": "leave"}], []):
        with servers.client(0) as client:
            client.join("Anna", history=0)
            requests = [{"type": "say", "ref": "last", "text": "last"}, *ending]
            client.send("".join(f"{json.dumps(one)}\n" for one in requests))
            client.end_input()
            answers = [json.loads(line)["type"] for line in client.read_to_end().splitlines()]
            assert answers == ["ack", *(["bye"] if ending else [])]


def test_of_two_servers_with_one_name_the_second_one_stops(servers: Servers) -> None:
    first = servers.start(0)
    eventually(lambda: not first.not_ready())
    second = servers.start(1, node="server 0")
    eventually(lambda: second.exit_status == 1)
    assert not second.must_restart
    say(servers, 0, "one")
    assert not first.not_ready()


def test_of_two_servers_with_one_name_that_start_at_once_one_stops(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namesake, "_SILENCE", 0.0)  # as if neither had seen the other
    first = servers.start(0)
    eventually(lambda: not first.not_ready())
    second = servers.start(1, node="server 0")
    eventually(lambda: first.exit_status == 1)
    assert not first.must_restart
    assert history(servers, 1) == []
    assert not second.not_ready()


def test_a_dead_server_with_the_same_name_is_replaced(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namesake, "_SILENCE", 0.2)
    room = servers.start(0)._room
    assert isinstance(room, SharedRoom)
    say(servers, 0, "one")
    servers.redis.add(p.encode(p.Entry(p.FORMAT, b"deadbeef", 1, [p.Up("server 1", 1 << 62)])))
    eventually(lambda: len(room.view.others) == 1)
    second = servers.start(1)
    eventually(lambda: not second.not_ready())
    assert len(room.view.others) == 1
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


def test_output_is_told_on_the_other_servers(servers: Servers) -> None:
    servers.start(0), servers.start(1)
    with servers.client(0) as anna, servers.client(1) as boris:
        anna.join("Anna")
        boris.join("Boris")
        anna.say_json(type="start", ref="s", title="make")
        number = boris.expect_json(type="message", kind="live")["id"]
        boris.say_json(type="body", id=number, follow=True)
        boris.expect_json(type="body", end=0)
        anna.say_json(type="output", id=number, offset=0, text="one\n", tail="50 %")
        assert boris.expect_json(type="preview") == {
            "type": "preview",
            "id": number,
            "lines": 2,
            "text": "one\n50 %",
        }
        assert boris.expect_json(type="output")["tail"] == "50 %"
        anna.say_json(type="end", ref="e", id=number, code=0)
        boris.expect_json(type="changed", act="end")
        assert boris.expect_json(type="output")["text"] == "one\n"


def test_a_server_stops_at_what_it_does_not_know_and_the_others_go_on(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    newer, older = servers.start(0), servers.start(1)
    eventually(lambda: not (newer.not_ready() or older.not_ready()))
    stream = servers.stream(1)
    read, is_older = stream.read, threading.Event()

    def read_as_older(*args: Any) -> list[tuple[int, int, bytes]]:
        is_older.set()
        return [(position, at, data.replace(b"\xa3say", b"\xa3new")) for position, at, data in read(*args)]

    monkeypatch.setattr(stream, "read", read_as_older)
    assert is_older.wait(TIMEOUT)  # the read that is under way knows all
    say(servers, 0, "one")
    eventually(lambda: older.exit_status == 1)
    assert not older.must_restart
    (left,) = (vars(one)["fields"] for one in caplog.records if one.getMessage() == "cluster left")
    assert left["reason"].startswith("another server is newer, upgrade this one: ")
    assert "Invalid value 'new'" in left["reason"]
    say(servers, 0, "two")
    assert history(servers, 0) == ["one", "two"]
    servers.stop(1)
    servers.start(1)  # upgraded: it goes on where it has stopped
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
