"""Who is away, who is a moderator, since when they are here: who is told what, and when."""

from pathlib import Path

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import Who
from tcp_server.room.commands import AwayNoted, MemberList, TextJoin
from tcp_server.room.marks import AwayHere
from tests.tcp_server.cluster.shared_rooms import Cluster, Server
from tests.tcp_server.room_harness import SECRET, RoomHarness, moderated_room

TICK = 0.5


@pytest.fixture
def room() -> RoomHarness:
    """Анна ("a"), a moderator, Боб ("b"), and Вера ("c") in a text dialect."""
    return moderated_room(crowd=5)


def told(room: RoomHarness, connection: str = "a") -> list[object]:
    """Return what a connection is sent with the next tick."""
    room.received(connection)
    room.advance(TICK)
    return [event for event in room.received(connection) if isinstance(event, m.Person)]


def test_all_are_told_once_who_is_away_and_who_is_back(room: RoomHarness) -> None:
    room.handle("b", m.Away(why="обед\x1b[31m\nв 14:00"))
    assert room.received("a") == room.received("b") == []
    away = m.Person("Боб", away=True, why="обед в 14:00")
    assert told(room) == [away]
    assert told(room) == []
    room.handle("b", m.Away(why="обед\nв 14:00"))  # nothing new
    assert told(room) == []
    room.handle("b", m.Away(on=False))
    assert told(room, "b") == [m.Person("Боб")]
    room.handle("b", m.Away(), m.Away(on=False))
    assert told(room) == []


def test_who_comes_is_told_of_all_who_are_marked(room: RoomHarness) -> None:
    room.handle("b", m.Away())
    welcome = room.join("d", "Глеб")
    assert welcome.marked == [m.Person("Анна", moderator=True), m.Person("Боб", away=True)]


def test_somebody_with_several_devices_is_away_if_all_are(room: RoomHarness) -> None:
    room.join("b2", "", session=SECRET)
    room.handle("b", m.Away(why="обед"))
    assert told(room) == []
    room.handle("b2", m.Away())
    assert told(room) == [m.Person("Боб", away=True, why="обед")]
    room.leave("b2")
    assert told(room) == []
    room.leave("b")
    assert told(room) == []  # in the grace period nothing is known
    room.join("b3", "", session=SECRET)
    assert told(room) == [m.Person("Боб")]


def test_who_says_something_is_back(room: RoomHarness) -> None:
    room.handle("b", m.Away())
    told(room)
    room.handle("b", m.Ping())
    assert told(room) == []
    room.handle("b", m.Say("я здесь", "r"))
    assert told(room) == [m.Person("Боб")]


def test_in_text_it_is_answered_and_listed(room: RoomHarness) -> None:
    room.handle("c", m.Away(why="обед"), Who())
    noted, listed = room.received("c")
    assert noted == AwayNoted(True)
    assert isinstance(listed, MemberList)
    assert {name: (one.moderator, one.away, one.why) for name, one in listed.marked.items()} == {
        "Анна": (True, False, ""),
        "Вера": (False, True, "обед"),
    }
    room.handle("c", m.Away(on=False))
    assert room.received("c") == [AwayNoted(False)]


def test_the_muted_cannot_say_why(room: RoomHarness) -> None:
    room.moderate("a", "mute", "Боб")
    room.handle("b", m.Away(why="вот вам"))
    assert told(room) == [m.Person("Боб", away=True)]


def test_of_many_all_are_told_one_after_the_other() -> None:
    room = RoomHarness(crowd=0)
    for number in range(25):
        room.join(str(number), f"имя {number}")
        room.handle(str(number), m.Away())
    counts = [len(told(room, "0")) for _ in range(4)]
    assert counts == [10, 10, 5, 0]


def test_in_a_crowd_only_pages_tell_it(room: RoomHarness) -> None:
    room.handle("b", m.Away(why="обед"))
    for number in range(2):
        room.deliver(room.room.join(f"t{number}", TextJoin(f"толпа {number}")))
    assert told(room) == []
    assert room.join("d", "Глеб").marked == ()
    room.received("a")
    room.handle("a", m.People("б"))
    [page] = room.received("a")
    assert isinstance(page, m.People)
    [person] = page.people
    assert (person.away, person.why, person.at is not None) == (True, "обед", True)
    for connection in ("t0", "t1", "d"):
        room.leave(connection, hold_name=False)
    assert told(room) == [m.Person("Анна", moderator=True), m.Person("Боб", away=True, why="обед")]


def test_a_member_is_here_since_it_joined_not_since_it_reconnected(room: RoomHarness) -> None:
    def since(name: str) -> str | None:
        room.handle("a", m.People(name))
        [page] = room.received("a")
        assert isinstance(page, m.People)
        return page.people[0].at

    began = since("Боб")
    room.advance(5)
    room.leave("b")
    room.advance(5)
    room.join("b2", "", session=SECRET)
    room.received("a")
    assert since("Боб") == began
    assert since("Боб") == since("Вера")
    room.leave("c", hold_name=False)
    room.join_as_text("c", "Вера")
    room.received("a")
    later = since("Вера")
    assert later is not None
    assert began is not None
    assert later > began


def person(server: Server, name: str) -> m.Person:
    member = server.room._fold.members.called(name)
    assert member is not None
    return server.room._marks.person(member)


def pass_on(cluster: Cluster, seconds: float) -> None:
    """Let each server tell the others who is away, and these hear it."""
    cluster.journal.now += seconds
    for server in cluster.servers:
        server.deliver(server.room.expire())
    for server in cluster.servers:
        for event in server.told:
            if isinstance(event, AwayHere):
                for other in cluster.servers:
                    if other is not server:
                        other.deliver(other.room.hear_away(server.room.view.incarnation, event.people))
        server.told.clear()


def test_all_servers_know_who_is_away(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    one, two, three = cluster.servers
    secret = "a secret of sixteen letters"
    here, there = "1 192.0.2.1", "2 192.0.2.2"
    one.join(here, "Анна", secret)
    two.join(there, "Анна", secret)
    cluster.settle()
    one.ask(here, m.Away(why="обед"))
    pass_on(cluster, 3)
    assert not person(three, "Анна").away
    two.ask(there, m.Away())
    pass_on(cluster, 3)
    for server in cluster.servers:
        assert person(server, "Анна") == m.Person("Анна", away=True, why="обед")
    pass_on(cluster, 1)
    three = cluster.restart(2)  # it has heard of nothing
    cluster.settle()
    assert not person(three, "Анна").away
    pass_on(cluster, 31)
    assert person(three, "Анна").away
    two.ask(there, m.Away(on=False))
    pass_on(cluster, 3)
    assert not any(person(server, "Анна").away for server in cluster.servers)
    one.deliver(one.room.declare_down(two.room.view.incarnation))
    cluster.settle()
    pass_on(cluster, 3)
    assert person(one, "Анна").away  # the device that was not is gone with its server
    cluster.close()
