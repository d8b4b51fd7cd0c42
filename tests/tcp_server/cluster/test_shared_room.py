"""A room on three servers: what is proposed on one of them is applied on all, in one order."""

import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from chat_protocol import messages as m
from tests.tcp_server.cluster.shared_rooms import PASSWORD, Client, Cluster


def test_what_is_said_on_one_server_is_heard_on_all(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    two.join("b", "Boris", "another secret of the same length")
    cluster.settle()
    one.take("a"), two.take("b")
    one.ask("a", m.Say("hello", "ref"))
    assert one.take("a") == []
    cluster.settle()
    [ack] = one.take("a")
    assert isinstance(ack, m.Ack)
    [message] = two.take("b")
    assert isinstance(message, m.Message)
    assert (message.id, message.text) == (ack.id, "hello")
    assert [log[-1].text for log in cluster.logs()] == ["hello"] * 3


def test_a_settled_message_is_answered_and_deleted_but_nothing_else(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    two.join("b", "Boris", "another secret of the same length")
    cluster.settle()
    one.ask("a", *[m.Say(text, text) for text in ("раз", "два", "три")])
    cluster.settle()
    two.deliver(two.room.settle(3))
    cluster.settle()
    one.take("a"), two.take("b")
    two.ask("b", m.Say("ответ", "r", reply=1))
    cluster.settle()
    [message] = one.take("a")
    assert isinstance(message, m.Message)
    assert message.reply == m.Quote(1, "Anna", "раз")
    two.take("b")
    two.ask("b", m.React(ref="x", id=2, emoji="👍"), m.Delete(ref="d", id=2), m.Delete(ref="n", id=9))
    cluster.settle()
    errors = [(error.code, error.ref) for error in two.take("b") if isinstance(error, m.Error)]
    assert sorted(errors) == [("not_found", "n"), ("not_yours", "d"), ("too_late", "x")]
    one.ask("a", m.Delete(ref="d", id=2))
    cluster.settle()
    [changed] = two.take("b")
    assert isinstance(changed, m.Changed)
    assert (changed.message.id, changed.message.name, changed.message.deleted) == (2, "Anna", True)
    assert [log[1].deleted for log in cluster.logs()] == [True] * 3


def test_of_two_who_want_one_name_at_once_one_gets_it(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    two.join("b", "Anna", "another secret of the same length")
    cluster.settle()
    answers = [one.take("a")[0], two.take("b")[0]]
    assert sorted(type(answer).__name__ for answer in answers) == ["Error", "Welcome"]
    assert [member.name for member in two.room._fold.members] == ["Anna"]


def test_a_repeated_entry_and_one_out_of_order_have_no_effect(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    cluster.settle()
    for text in ("first", "second"):
        one.ask("a", m.Say(text, text))
    first, second = one.add()
    for data in (second, first, second, first):
        cluster.journal.add(data)
    cluster.settle()
    assert [message.text for message in two.history.before(1 << 60, 9)] == ["first", "second"]


def test_a_server_that_seemed_dead_begins_another_run_and_its_clients_come_back(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    cluster.settle()
    one.take("a")
    before = one.room.view.incarnation
    one.ask("a", m.Say("too late", "ref"))
    two.deliver(two.room.declare_down(before))
    two.add()
    cluster.settle()
    assert one.take("a") == [m.farewell("restart")]
    assert one.room.view.is_up
    assert one.room.view.incarnation != before
    assert two.history.last == 0
    two.join("a2", "Anna", "a secret of sixteen letters")
    two.ask("a2", m.Say("too late", "ref"))
    cluster.settle()
    two.ask("a2", m.Say("too late", "ref"))
    cluster.settle()
    assert [message.text for message in one.history.before(1 << 60, 9)] == ["too late"]


def test_down_has_no_effect_on_a_server_that_has_added_something_since(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    two.deliver(two.room.declare_down(one.room.view.incarnation))
    one.deliver(one.room.beat())
    one.add(), two.add()
    cluster.settle()
    assert one.room.view.is_up
    assert len(two.room.view.others) == 2


def test_nobody_hears_the_room_before_their_own_join_is_applied(cluster: Cluster) -> None:
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    cluster.settle()
    two.join("b", "Boris", "another secret of the same length")
    one.ask("a", m.Say("before", "1"))
    one.add(), two.add()
    one.apply()
    one.ask("a", m.Say("after", "2"))
    one.add()
    cluster.settle()
    welcome, after = two.take("b")
    assert isinstance(welcome, m.Welcome)
    assert [message.text for message in welcome.messages] == ["before"]
    assert isinstance(after, m.Message)
    assert after.text == "after"


def test_the_answer_to_a_command_has_its_ref_though_it_comes_later(cluster: Cluster) -> None:
    one, *_ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    cluster.settle()
    one.take("a")
    one.ask("a", m.Authenticate(PASSWORD, ref="the role"))
    assert not one.is_settled("a")
    cluster.settle()
    assert one.take("a") == [m.Role(moderator=True, ref="the role")]
    assert one.is_settled("a")
    one.ask("a", m.Link(ref="the code"))
    cluster.settle()
    [link] = one.take("a")
    assert isinstance(link, m.Link)
    assert link.ref == "the code"


def test_a_deleted_text_is_in_no_entry_that_had_no_effect(cluster: Cluster) -> None:
    """It was said again: an entry came twice, its server was taken for dead, its member was gone."""
    one, two, three = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    two.join("b", "Boris", "another secret of the same length")
    three.join("c", "Clara", "one more secret of this length")
    cluster.settle()
    one.ask("a", m.Authenticate(PASSWORD))
    cluster.settle()
    one.ask("a", m.Say("secret", "1"))
    two.deliver(two.room.declare_down(three.room.view.incarnation))
    two.add()
    for data in one.add():
        cluster.journal.add(data)
    one.ask("a", m.Moderate("kick", "Boris"))
    one.add()
    two.ask("b", m.Say("secret", "2"))
    three.ask("c", m.Say("secret", "3"))
    cluster.settle()
    assert [message.text for message in cluster.logs()[0]].count("secret") == 1
    for connection, name, secret in (
        ("b2", "Boris", "another secret of the same length"),
        ("c2", "Clara", "one more secret of this length"),
    ):
        two.join(connection, name, secret)
        cluster.settle()
        two.ask(connection, m.Say("secret", connection))
        cluster.settle()
    texts = [message.id for message in cluster.logs()[0] if message.text == "secret"]
    assert len(texts) == 3
    for message_id in texts:
        one.ask("a", m.Moderate("delete", id=message_id))
    cluster.settle()
    for server in cluster.servers:
        kept = server.history.entries_after(0)
        assert kept
        assert not any(b"secret" in data for _, data in kept)


def fail(**_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_nothing_is_sent_while_the_log_cannot_be_written(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, *_ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    cluster.settle()
    one.take("a")
    one.ask("a", m.Say("hello", "ref"))
    one.add()
    with monkeypatch.context() as patch:
        patch.setattr(one.history, "_write", fail)
        one.apply()
        was_held_up = one.room.is_held_up
        assert one.take("a") == []
        one.deliver(one.room.beat())
        assert not one.waiting
    one.deliver([])
    assert (was_held_up, one.room.is_held_up) == (True, False)
    assert isinstance(one.take("a")[0], m.Ack)
    cluster.settle()
    assert cluster.logs()[0] == cluster.logs()[1]


def test_the_oldest_server_ends_absences(cluster: Cluster) -> None:
    _, two, three = cluster.servers
    two.join("a", "Anna", "a secret of sixteen letters")
    cluster.settle()
    two.deliver(two.room.leave("a", hold_name=True))
    cluster.settle()
    cluster.journal.now += 1000
    for server in cluster.servers:
        server.deliver(server.room.expire())
    assert [len(server.waiting) for server in cluster.servers] == [1, 0, 0]
    cluster.settle()
    assert not [*three.room._fold.members]


@pytest.mark.parametrize("seed", range(40))
def test_any_schedule_ends_in_one_room(tmp_path: Path, seed: int) -> None:
    """Clients that talk, are cut and come back; servers that lag, repeat entries, die and seem dead."""
    chance = random.Random(seed)
    cluster = Cluster(tmp_path, grace=30)
    clients = [Client(cluster, number, chance) for number in range(4)]
    for _ in range(250):
        cluster.journal.now += chance.random()
        if chance.random() < 0.4:
            _let_act(chance.choice(clients), chance)
        else:
            _let_work(cluster, chance)
        for one in clients:
            one.hear()
    for _ in range(6):
        for client in clients:
            if client.server is None:
                client.connect()
        cluster.settle()
        for client in clients:
            client.hear()
    _check(cluster, clients)
    cluster.close()


def _let_act(client: Client, chance: random.Random) -> None:
    if chance.random() < 0.6:
        client.say()
    elif client.server is None:
        client.connect()
    elif chance.random() < 0.3:
        client.cut()


def _let_work(cluster: Cluster, chance: random.Random) -> None:
    server, other = chance.sample(cluster.servers, 2)
    what = chance.random()
    if what < 0.3:
        entries = server.add()
        if chance.random() < 0.3:  # the reply was lost: it adds them again
            for data in entries:
                cluster.journal.add(data)
    elif what < 0.8:
        server.apply(chance.randrange(1, 4))
    elif what < 0.9:
        server.deliver(server.room.expire())
    elif what < 0.92:
        cluster.restart(cluster.servers.index(server))
    elif what < 0.94 and other.room.view.incarnation in server.room.view.others:
        server.deliver(server.room.declare_down(other.room.view.incarnation))


def _check(cluster: Cluster, clients: Sequence[Client]) -> None:
    """Nothing acked is lost, nothing is there or shown twice, and all servers have the same."""
    states, logs = cluster.states(), cluster.logs()
    assert states[0] == states[1] == states[2]
    assert logs[0] == logs[1] == logs[2]
    texts = {message.id: message.text for message in logs[0]}
    assert len(set(texts.values())) == len(texts), "something was said twice"
    for client in clients:
        assert not client.unacked
        assert all(texts[id_] == text for id_, text in client.acked.values() if text)
        first = min(client.shown, default=0)
        of_others = {id_: text for id_, text in texts.items() if not text.startswith(client.name)}
        assert client.shown == {id_: text for id_, text in of_others.items() if id_ >= first}
    assert not any(server.room.view.disagreeing for server in cluster.servers)


def test_settings_take_effect_once_all_servers_have_them(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, count=2, max_text=10)
    cluster.settings = {"max_text": 20}
    one, two = cluster.servers[0], cluster.restart(1)
    two.join("b", "Boris", "another secret of the same length")
    cluster.settle()
    [welcome] = two.take("b")
    assert isinstance(welcome, m.Welcome)
    assert (welcome.limits.text, two.room.overruled, one.room.overruled) == (10, ["max_text"], [])
    one = cluster.restart(0)
    cluster.settle()
    two.ask("b", m.Say("fifteen letters", "ref"))
    cluster.settle()
    assert m.Ack in map(type, two.take("b"))
    assert (one.room.overruled, two.room.overruled) == ([], [])
    cluster.close()


def test_an_error_does_not_overtake_the_acks_before_it(cluster: Cluster) -> None:
    one, *_ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    cluster.settle()
    one.take("a")
    one.ask("a", m.Say("first", "1"), m.Say("x" * 5000, "2"), m.Say("third", "3"))
    assert one.take("a") == []
    cluster.settle()
    assert [getattr(event, "ref", None) for event in one.take("a")] == ["1", "2", "3"]


def test_a_message_that_is_changed_twice_in_a_batch_is_sent_once_on_the_other_servers_too(
    cluster: Cluster,
) -> None:
    one, two, _ = cluster.servers
    one.join("a", "Anna", "a secret of sixteen letters")
    two.join("b", "Boris", "another secret of the same length")
    one.ask("a", m.Say("hello", "1"))
    cluster.settle()
    one.ask("a", m.Say("hello", "1"))
    cluster.settle()
    two.take("b")
    for number in (2, 3):
        one.ask("a", m.Edit(id=1, text=f"hello {number}", ref=str(number)))
    one.add()
    two.apply()
    [changed] = two.take("b")
    assert isinstance(changed, m.Changed)
    assert changed.message.text == "hello 3"
