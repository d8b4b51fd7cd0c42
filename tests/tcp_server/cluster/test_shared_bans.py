"""A ban of a network in a room on three servers: it holds on all of them, and once."""

from chat_protocol import messages as m
from tests.tcp_server.cluster.shared_rooms import PASSWORD, Cluster

ANNA, BORIS = "a 198.51.100.7", "b 203.0.113.9"
"""Their connections, and where these come from."""


def test_a_ban_of_a_network_expels_from_all_servers(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join(ANNA, "Anna", "a secret of sixteen letters")
    two.join(BORIS, "Boris", "another secret of the same length")
    cluster.settle()
    one.ask(ANNA, m.Authenticate(PASSWORD))
    cluster.settle()
    two.take(BORIS)
    one.ask(ANNA, m.Moderate("ban", "203.0.113.0/24"))
    cluster.settle()
    assert m.Bye("banned") in two.take(BORIS)


def test_a_ban_of_a_network_holds_for_a_join_that_was_on_its_way(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join(ANNA, "Anna", "a secret of sixteen letters")
    cluster.settle()
    one.ask(ANNA, m.Authenticate(PASSWORD))
    cluster.settle()
    one.ask(ANNA, m.Moderate("ban", "203.0.113.0/24"))
    two.join(BORIS, "Boris", "another secret of the same length")
    cluster.settle()
    *_, error, bye = two.take(BORIS)
    assert error == m.Error("banned", "you are banned")
    assert bye == m.Bye("banned")
    assert [member.name for member in one.room._fold.members] == ["Anna"]


def test_a_ban_of_a_network_that_comes_again_expels_nobody(cluster: Cluster) -> None:
    one, two, three = cluster.servers
    for server in (one, three):
        server.join(ANNA, "Anna", "a secret of sixteen letters")
    cluster.settle()
    one.ask(ANNA, m.Authenticate(PASSWORD))
    cluster.settle()
    ban = m.Moderate("ban", "203.0.113.0/24", ref="the ban")
    one.ask(ANNA, ban)
    (entry,) = one.add()
    one.apply()
    two.apply()
    one.ask(ANNA, m.Moderate("unban", "203.0.113.0/24"))
    one.add()
    two.apply()
    two.join(BORIS, "Boris", "another secret of the same length")
    two.add()
    two.apply()
    assert isinstance(two.take(BORIS)[0], m.Welcome)
    three.ask(ANNA, ban)  # it does not know yet that it is a repeat
    three.add()
    cluster.journal.add(entry)
    cluster.settle()
    assert two.take(BORIS) == []
    assert [member.name for member in two.room._fold.members] == ["Anna", "Boris"]
