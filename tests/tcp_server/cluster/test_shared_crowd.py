"""A crowd whose members are at several servers."""

from pathlib import Path

from chat_protocol import messages as m
from tcp_server.room.commands import OnlyInText
from tests.tcp_server.cluster.shared_rooms import Cluster, Server

NAMES = ["имя 0", "имя 1", "имя 2", "имя 3"]


def join(server: Server, number: int) -> str:
    connection = f"{number} 192.0.2.{number}"
    server.join(connection, NAMES[number], f"a secret of sixteen letters {number}")
    return connection


def told(server: Server, connection: str) -> list[object]:
    """Return what a client in json was sent since the last call."""
    return [event for event in server.take(connection) if not isinstance(event, OnlyInText)]


def test_all_members_count_wherever_they_are(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 2, crowd=4)
    one, two = cluster.servers
    here, there, other = join(one, 0), join(two, 1), join(two, 2)
    cluster.settle()
    told(one, here), told(two, there)
    last = join(one, 3)
    cluster.settle()
    assert told(one, here) == told(two, there) == [m.Crowd(True, 4, NAMES)]
    [welcome] = told(one, last)
    assert isinstance(welcome, m.Welcome)
    assert (welcome.count, welcome.members) == (4, NAMES)
    for server, connection in ((two, other), (one, last)):
        server.deliver(server.room.leave(connection, hold_name=False))
        cluster.settle()
    assert told(one, here) == told(two, there) == []
    for server in (one, two):
        server.deliver(server.room.expire())
    assert told(one, here) == told(two, there) == [m.Crowd(False, 2, NAMES[:2])]
    cluster.close()
