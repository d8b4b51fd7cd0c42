"""The topic, which moderators set: who is told, what is kept, what takes it back."""

from contextlib import closing
from pathlib import Path

import msgspec

from chat_protocol import messages as m
from chat_protocol.commands import ShowTopic
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room.commands import Greeting, TextJoin, TopicShown
from tcp_server.room.head import Head, decode_head
from tcp_server.room.moderation.audit_log import AuditLog
from tests.tcp_server.cluster.shared_rooms import PASSWORD, Cluster
from tests.tcp_server.room.test_room_model import FailingHistory
from tests.tcp_server.room_harness import SECRET, RoomHarness, moderated_room


def topic_of(harness: RoomHarness) -> m.Topic | None:
    """Return what a newcomer is told."""
    welcome = harness.join("new", "Новый")
    harness.leave("new", hold_name=False)
    for connection in "abc":
        harness.received(connection)
    return welcome.topic


def test_everybody_is_told_of_a_topic_and_newcomers_find_it() -> None:
    harness = moderated_room()
    assert topic_of(harness) is None
    harness.moderate("a", "topic", text="Разбор\nв 15:00 \x1b[31m", ref="t")
    notice, ack = harness.received("a")
    assert isinstance(notice, m.Message)
    assert notice.notice == m.Notice("topic", "Анна", text="Разбор в 15:00")
    assert ack == m.Ack("t", notice.id, notice.at)
    assert harness.received("b") == harness.received("c") == [notice]
    topic = m.Topic(notice.id, notice.at, "Анна", "Разбор в 15:00")
    assert topic_of(harness) == topic
    harness.handle("c", ShowTopic())
    assert harness.received("c") == [TopicShown(topic)]
    harness.deliver(harness.room.join("d", TextJoin("Глеб")))
    [greeting] = harness.received("d")
    assert isinstance(greeting, Greeting)
    assert greeting.topic == topic


def test_a_repeated_ref_has_its_ack_and_sets_nothing_twice() -> None:
    harness = moderated_room()
    harness.moderate("a", "topic", text="первая", ref="t")
    harness.moderate("a", "topic", text="вторая", ref="u")
    harness.received("a"), harness.received("b")
    harness.moderate("a", "topic", text="первая", ref="t")
    assert harness.summary("a") == ["ack t #1"]
    assert harness.received("b") == []
    topic = topic_of(harness)
    assert topic
    assert topic.text == "вторая"


def test_what_is_refused() -> None:
    harness = moderated_room()
    harness.handle("b", m.Moderate("topic", text="моя"))
    assert harness.summary("b") == ["error not_moderator"]
    harness.moderate("a", "topic", text="а" * 301)
    harness.moderate("a", "topic", text=" \u3164 ")
    assert harness.summary("a") == ["error too_long", "error no_topic"]
    harness.moderate("a", "topic", text="а" * 300)
    harness.moderate("a", "topic")
    assert harness.summary("a")[1] == "#2 Сервер: Анна убирает тему"
    assert topic_of(harness) is None


def test_who_deletes_its_notice_clears_it() -> None:
    harness = moderated_room()
    harness.moderate("a", "topic", text=SECRET)
    harness.moderate("a", "delete", id=1)
    assert topic_of(harness) is None
    assert SECRET.encode() not in harness.history.head
    harness.moderate("a", "topic", text="другая")
    harness.moderate("a", "topic", text="третья")
    harness.moderate("a", "delete", id=4)  # an older one
    topic = topic_of(harness)
    assert topic
    assert topic.text == "третья"


def test_a_topic_that_could_not_be_stored_is_not_set() -> None:
    history = FailingHistory()
    harness = RoomHarness(history, moderator_password="страж")
    harness.join_as_moderator("a", "Анна")
    harness.moderate("a", "topic", text="первая")
    for fields in ({"text": "вторая"}, {"text": ""}):
        history.full = True
        harness.moderate("a", "topic", **fields)
        history.full = False
        harness.handle("a", m.Ping())
        topic = topic_of(harness)
        assert topic
        assert topic.text == "первая"


def test_it_is_audited_and_stays_with_the_log(tmp_path: Path) -> None:
    audit = AuditLog(tmp_path / "audit")
    path = tmp_path / "log.db"
    with closing(SqliteHistory(path)) as history:
        harness = RoomHarness(history, audit, moderator_password="страж")
        harness.join_as_moderator("a", "Анна")
        harness.moderate("a", "topic", text="тема")
        before = topic_of(harness)
    with closing(SqliteHistory(path)) as history:
        assert topic_of(RoomHarness(history, audit, moderator_password="страж")) == before
    audit.close()
    assert before is not None
    assert [(entry.act, entry.by, entry.text) for entry in audit.entries()][1:] == [("topic", "Анна", "тема")]


def test_a_log_of_an_older_version_has_none() -> None:
    old = [7, 3, {}, 99, {"grace": 20}]
    assert decode_head(msgspec.msgpack.encode(old)) == Head(7, 3, {}, 99, {"grace": 20})
    assert topic_of(RoomHarness(MemoryHistory(10))) is None


def test_all_servers_have_the_same_topic(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    one, two, three = cluster.servers
    here, there = "1 192.0.2.1", "2 192.0.2.2"
    one.join(here, "Анна", "a secret of sixteen letters 1")
    two.join(there, "Борис", "a secret of sixteen letters 2")
    cluster.settle()
    one.ask(here, m.Authenticate(PASSWORD))
    cluster.settle()
    one.ask(here, m.Moderate("topic", text="тема", ref="t"))
    cluster.settle()
    [notice] = [event for event in two.take(there) if isinstance(event, m.Message)]
    assert m.Ack("t", notice.id, notice.at) in one.take(here)
    for server in (three, cluster.restart(2)):
        cluster.settle()
        assert server.room._fold.topic.value == m.topic_of(notice)
    states = cluster.states()
    assert states[0] == states[1] == states[2]
    cluster.close()
