"""What ends by itself in a room on three servers ends on all of them, by the time of the journal."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chat_protocol import messages as m
from tests.tcp_server.cluster.shared_rooms import PASSWORD, Cluster, Server

HOUR = 3600.0


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Anna, a moderator, on the first server, Boris on the second; the clocks of their machines are wrong."""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    cluster = Cluster(tmp_path, edit_time=HOUR, keep_days=1)
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    two.join("b", "Boris", "another secret of the same length")
    cluster.settle()
    one.ask("a", m.Authenticate(PASSWORD))
    cluster.settle()
    yield cluster
    cluster.close()


def answer(cluster: Cluster, server: Server, connection: str, request: object) -> object:
    """Return what a connection is answered, once that was applied on all servers."""
    server.take(connection)
    server.ask(connection, request)
    cluster.settle()
    return server.take(connection)[0]


def test_a_ban_of_an_address_ends_on_all_servers_at_once(cluster: Cluster) -> None:
    answer(cluster, cluster.servers[0], "a", m.Moderate("ban", "203.0.113.7", seconds=60))
    for seconds, is_banned in ((0.0, True), (59.5, True), (1.0, False)):
        cluster.journal.now += seconds  # nobody says anything meanwhile
        assert [one.room.is_banned("203.0.113.7") for one in cluster.servers] == [is_banned] * 3


def test_a_mute_of_output_ends_by_the_time_of_the_journal(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    assert isinstance(answer(cluster, two, "b", m.Start("start", "make")), m.Ack)
    number = two.history.last
    answer(cluster, one, "a", m.Moderate("mute", "Boris", seconds=60))
    cluster.journal.now += 59
    refused = answer(cluster, two, "b", m.Output(id=number, offset=0, text="1\n"))
    assert isinstance(refused, m.Error)
    assert (refused.code, refused.retry_after) == ("muted", 1.0)
    cluster.journal.now += 2
    assert isinstance(answer(cluster, two, "b", m.Output(id=number, offset=0, text="1\n")), m.Received)


def test_a_code_is_good_on_every_server_for_two_minutes(cluster: Cluster) -> None:
    one, _, three = cluster.servers
    for seconds, is_good in ((119, True), (121, False)):
        link = answer(cluster, one, "a", m.Link())
        assert isinstance(link, m.Link)
        cluster.journal.now += seconds
        assert link.code
        connection, join = (
            f"after {seconds}",
            m.Join("", f"a secret of {seconds}, 16 letters", code=link.code),
        )
        three.deliver(three.room.join(connection, join))
        cluster.settle()
        assert isinstance(three.take(connection)[0], m.Welcome) == is_good


@pytest.mark.parametrize("is_applied", [True, False])
def test_whose_welcome_is_lost_comes_back_on_any_server_with_the_used_code(
    cluster: Cluster, is_applied: bool
) -> None:
    """Also where the server has not heard yet that the code is used."""
    one, two, three = cluster.servers
    link = answer(cluster, one, "a", m.Link(7))
    assert isinstance(link, m.Link)
    join = m.Join("", "a secret of 16 letters", code=link.code)
    two.deliver(two.room.join("lost", join))
    if is_applied:
        cluster.settle()
    else:
        two.add()
    three.deliver(three.room.join("back", join))
    three.deliver(three.room.join("other", m.Join("", "not that secret, 16 letters", code=link.code)))
    cluster.settle()
    (welcome,) = three.take("back")
    assert isinstance(welcome, m.Welcome)
    assert (welcome.name, welcome.read, welcome.resumed) == ("Anna", 7, True)
    (refused,) = three.take("other")
    assert isinstance(refused, m.Error)
    assert refused.code == "bad_code"
    assert len({msgspec.msgpack.encode(state) for state in cluster.states()}) == 1


def test_a_message_can_be_edited_in_its_time_and_deleted_after_it(cluster: Cluster) -> None:
    two = cluster.servers[1]
    answer(cluster, two, "b", m.Say("one", "one"))
    number = two.history.last
    cluster.journal.now += HOUR - 1
    assert isinstance(answer(cluster, two, "b", m.Edit(ref="in time", id=number, text="1")), m.Changed)
    cluster.journal.now += 2
    late = answer(cluster, two, "b", m.Edit(ref="too late", id=number, text="2"))
    assert isinstance(late, m.Error)
    assert late.code == "too_late"
    assert isinstance(answer(cluster, two, "b", m.Delete(ref="delete", id=number)), m.Changed)


def test_what_is_too_old_is_decided_by_the_time_of_the_journal(cluster: Cluster) -> None:
    two = cluster.servers[1]
    answer(cluster, two, "b", m.Say("new", "new"))
    for days, kept in ((0, 1), (2, 0)):
        cluster.journal.now += days * 24 * HOUR
        answer(cluster, two, "b", m.Say(f"after {days}", f"after {days}"))
        for server in cluster.servers:
            server.room.prune()
            server.deliver([])
        assert [len(server.waiting) for server in cluster.servers] == [1 - kept, 0, 0]
        cluster.settle()
    assert [[message.text for message in log] for log in cluster.logs()] == [["after 2"]] * 3
