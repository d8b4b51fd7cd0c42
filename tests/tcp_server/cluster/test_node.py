"""Whole servers of one room: what they do together."""

import json
import threading
from typing import Any

import pytest

from tcp_server.cluster import namesake
from tcp_server.config import Config
from tcp_server.room import proposals as p
from tcp_server.room.shared_room import SharedRoom
from tcp_server.server import ChatServer
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT, eventually
from tests.tcp_server.cluster.whole_servers import Servers, history, say


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
    eventually(lambda: not first.not_ready())


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
    eventually(lambda: not second.not_ready())


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
