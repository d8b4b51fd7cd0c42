"""Live messages in a room on three servers: the same on all of them, wherever the sender is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat_protocol import messages as m
from tcp_server.room.outputs import Previewed
from tcp_server.room.proposals import Settle
from tests.tcp_server.cluster.shared_rooms import Cluster, Server

SECRET = "a secret of sixteen letters"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    one, two, _ = cluster.servers
    one.join("a", "Anna", SECRET)
    two.join("b", "Boris", "another secret of the same length")
    cluster.settle()
    one.ask("a", m.Start("start", "make"))
    cluster.settle()
    one.take("a"), two.take("b")
    yield cluster
    cluster.close()


def tick(cluster: Cluster, seconds: float = 0.5) -> None:
    cluster.journal.now += seconds
    for server in cluster.servers:
        server.deliver(server.room.expire())
    cluster.settle()


def events(server: Server, connection: str, *kinds: type) -> list[Any]:
    return [event for event in server.take(connection) if isinstance(event, kinds)]


def send(server: Server, connection: str, text: str, offset: int = 0, **fields: Any) -> Any:
    server.take(connection)
    server.ask(connection, m.Output(id=1, offset=offset, text=text, **fields))
    return events(server, connection, m.Received, m.Error)[-1]


def bodies(cluster: Cluster) -> list[tuple[bytes, object, int]]:
    found = [server.history.bodies.find(1) for server in cluster.servers]
    return [(body.read(0, 1 << 20)[1], body.left_out, body.lines) for body in found if body]


def test_output_reaches_all_servers_and_those_who_follow_there(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    two.ask("b", m.BodyRequest(id=1, follow=True))
    assert send(one, "a", "один\n", tail="50 %").end == 9
    (told,) = one.told
    assert told == Previewed(m.Preview(1, 2, "один\n50 %"), "50 %")
    two.deliver(two.room.tell_output(told))
    assert events(two, "b", m.Preview) == [told.preview]
    tick(cluster, 2)
    tick(cluster)
    followed = events(two, "b", m.FollowedOutput)
    assert followed[-1].text == "один\n"
    assert {one.tail for one in followed} == {"50 %", None}
    assert bodies(cluster) == [("один\n".encode(), None, 1)] * 3
    one.ask("a", m.End(id=1, code=0, ref="end"))
    cluster.settle()
    (changed,) = events(two, "b", m.Changed)
    assert changed.message.live == m.Live("done", 2.5, 0, 9, 1, "один\n")
    assert cluster.states()[0][1:] == cluster.states()[1][1:] == cluster.states()[2][1:]
    assert cluster.logs()[0] == cluster.logs()[1] == cluster.logs()[2]


def test_who_joins_elsewhere_is_sent_what_was_told_last(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    send(one, "a", "один\n", tail="50 %")
    (told,) = one.told
    assert isinstance(told, Previewed)
    two.deliver(two.room.tell_output(told))
    two.join("c", "Clara", "a third secret of that length")
    cluster.settle()
    assert events(two, "c", m.Preview) == [told.preview]
    tick(cluster, 2)  # now the log has it, and nobody is told again
    two.take("c")
    tick(cluster)
    assert (events(two, "c", m.Preview), two.told) == ([], [])
    send(one, "a", "два\nтри\n", 9)  # not told yet, and in the log as soon
    one.told.clear()
    tick(cluster, 2)
    two.join("d", "Dora", "a fourth secret of that length")
    cluster.settle()
    assert events(two, "d", m.Preview)[-1].lines == 4


def test_the_sender_goes_on_at_another_server(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    send(one, "a", "один\n")
    tick(cluster, 2)
    send(one, "a", "два\n", 9)  # is not proposed yet
    one.deliver(one.room.leave("a", hold_name=True))
    cluster.settle()
    two.join("a2", "Anna", SECRET)
    cluster.settle()
    assert send(two, "a2", "").end == 9
    assert send(two, "a2", "два\nтри\n", 9).end == 23
    tick(cluster, 60)
    two.ask("a2", m.End(id=1, code=0, ref="end"))
    cluster.settle()
    assert bodies(cluster) == [("один\nдва\nтри\n".encode(), None, 3)] * 3
    assert [log[0].live and log[0].live.state for log in cluster.logs()] == ["done"] * 3


def test_one_server_ends_it_if_the_sender_and_its_server_are_gone(cluster: Cluster) -> None:
    one, two, three = cluster.servers
    send(one, "a", "один\n")
    tick(cluster, 2)
    two.deliver(two.room.declare_down(one.room.view.incarnation))
    two.add()
    for _ in range(7):
        cluster.journal.now += 5
        for server in (two, three):
            server.apply()
            server.deliver(server.room.expire())
            server.add()
    ends = [event for event in events(two, "b", m.Changed) if event.act == "end"]
    assert [end.message.live.state for end in ends] == ["lost"]
    one.apply()  # it comes to know of it
    cluster.settle()
    assert cluster.logs()[0] == cluster.logs()[1] == cluster.logs()[2]


def test_what_is_open_is_not_settled(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    send(one, "a", "один\n")
    two.ask("b", *[m.Say(text, text) for text in ("раз", "два", "три")])
    tick(cluster, 2)
    two.deliver(two.room._propose(Settle(4)))  # as another server would
    cluster.settle()
    assert {server.history.settled for server in cluster.servers} == {1}
    two.deliver(two.room.settle(4))  # it ends before
    cluster.settle()
    assert {server.history.settled for server in cluster.servers} == {4}
    (changed,) = events(two, "b", m.Changed)
    assert changed.message.live == m.Live("lost", 2.0, None, 9, 1, "один\n")
    assert send(one, "a", "два\n", 9).code == "has_ended"


def test_a_deleted_one_leaves_nothing_in_the_entries(cluster: Cluster) -> None:
    one, _, _ = cluster.servers
    send(one, "a", "секретный вывод\n")
    tick(cluster, 2)
    one.ask("a", m.End(id=1, ref="end"))
    cluster.settle()
    one.ask("a", m.Delete(id=1, ref="delete"))
    cluster.settle()
    for server in cluster.servers:
        assert all("секретный".encode() not in data for _, data in server.history.entries_after(0))
        assert not server.history.bodies.bytes


def test_after_a_restart_a_server_has_the_body(cluster: Cluster) -> None:
    send(cluster.servers[0], "a", "один\n")
    tick(cluster, 2)
    cluster.restart(2)
    cluster.settle()
    assert bodies(cluster) == [("один\n".encode(), None, 1)] * 3
    assert cluster.servers[2].room._fold.lives.open.keys() == {1}
