"""The engine as a bot uses it, with a fake room over a real socket."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

import pytest

from chat_client import Client, ConversationEnded, IfTaken, Refused, connect
from chat_client import client as client_module
from chat_client.events import ConnectionLost, Entered, NewMessage
from chat_client.identity import IdentityStore
from chat_protocol.address import Address
from chat_protocol.errors import BadAddress
from chat_protocol.messages import (
    Bye,
    Crowd,
    Delete,
    Edit,
    Error,
    Found,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Link,
    MemberCount,
    Notice,
    People,
    Person,
    Position,
    React,
    Say,
    Search,
)
from tests.chat_client.fake_room import AT, CAN, FakeConnection, FakeRoom, message
from tests.support.timing import TIMEOUT


@pytest.fixture
def side() -> Iterator[ThreadPoolExecutor]:
    """Return a thread for a call that waits for the room, which the test plays."""
    with ThreadPoolExecutor(1) as side:
        yield side


@contextmanager
def joined(
    room: FakeRoom, side: ThreadPoolExecutor, **welcome: object
) -> Iterator[tuple[Client, FakeConnection]]:
    """Join the room as Анна; yield both ends of the connection."""
    joining = side.submit(connect, room.address, "Анна")
    end = room.accept()
    end.welcome(**welcome)  # type: ignore[arg-type]
    client = joining.result(TIMEOUT)
    try:
        yield client, end
    finally:
        room.close()
        client.close()


def test_it_knows_who_is_marked(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    vera = Person("Вера", away=True, why="обед")
    with joined(room, side, members=["Анна", "Вера"], marked=[vera]) as (client, _):
        assert client.marked == (vera,)
        assert client.topic is None


def test_connecting_returns_a_member(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side, name="Анна 2", members=["Анна", "Анна 2"], text_limit=100) as (client, end):
        assert (client.name, client.members, client.max_text) == ("Анна 2", ("Анна", "Анна 2"), 100)
        closing = side.submit(client.close)
        end.receive(Leave)
        end.send(Bye("left"))
        end.expect_end()
        closing.result(TIMEOUT)
        assert list(client.messages()) == []
        client.close()


def test_saying_returns_what_is_stored(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, end):
        saying = side.submit(client.say, "при\x1b[31mвет")
        say = end.receive(Say)
        end.ack(say.ref, 7)
        said = saying.result(TIMEOUT)
        assert (said.id, said.at, said.name, said.text) == (7, AT, "Анна", "привет")


def test_acts_take_a_message_or_its_number(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side, can=CAN, messages=[message(5), message(6)], count=20_000) as (client, end):
        assert client.count == 20_000
        first = next(client.messages())
        for acting, expected in (
            (lambda: client.reply(first, "при\x1b[31mвет"), Say("привет", reply=5)),
            (lambda: client.say("машет", kind="action"), Say("машет", kind="action")),
            (lambda: client.edit(6, "инач\x1b[31mе"), Edit(id=6, text="иначе")),
            (lambda: client.delete(6), Delete(id=6)),
            (lambda: client.react(first, "👍"), React(id=5, emoji="👍")),
            (lambda: client.react(5, "👍", on=False), React(id=5, emoji="👍", on=False)),
        ):
            done = side.submit(acting)
            end.ack(end.expect(expected), 7)
            done.result(TIMEOUT)
        refused = side.submit(client.edit, 6, "чужое")
        end.send(Error("not_yours", "no", end.receive(Edit).ref))
        with pytest.raises(Refused, match="not_yours"):
            refused.result(TIMEOUT)


def test_what_the_room_refuses_is_raised(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, end):
        saying = side.submit(client.say, "привет")
        end.send(Error("muted", "you are muted", end.receive(Say).ref, retry_after=60))
        with pytest.raises(Refused, match="muted: you are muted") as refused:
            saying.result(TIMEOUT)
        assert (refused.value.code, refused.value.seconds) == ("muted", 60)
        finding = side.submit(client.search, "слово")
        end.answer(end.receive(Search).ref, Error("unavailable", "later"))
        with pytest.raises(Refused, match="unavailable"):
            finding.result(TIMEOUT)


def test_what_is_said_offline_is_stored_once_the_room_is_back(
    room: FakeRoom, side: ThreadPoolExecutor
) -> None:
    with joined(room, side) as (client, end):
        saying = side.submit(client.say, "привет")
        first = end.receive(Say)
        end.close()
        second = room.accept()
        second.welcome()
        assert second.receive(Say) == first
        second.ack(first.ref, 7)
        assert saying.result(TIMEOUT).id == 7


def test_saying_has_a_deadline(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, _), pytest.raises(TimeoutError):
        client.say("привет", timeout=0.01)


def test_asking_leaves_the_events_alone(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, end):
        asking = side.submit(client.history, 2, before=9)
        ref = end.expect(HistoryRequest(9, 2))
        end.answer(ref, HistoryPage([message(7), message(8)], more=True))
        assert [m.id for m in asking.result(TIMEOUT)] == [7, 8]
        finding = side.submit(client.search, "слово")
        end.answer(end.expect(Search("слово")), Found([message(3)], more=False))
        assert [m.id for m in finding.result(TIMEOUT)] == [3]
        end.send(message(9))
        kinds = [type(event) for event in islice(client.events(), 2)]
        assert kinds == [Entered, NewMessage]


def test_in_a_crowd_there_is_a_number_and_names_are_asked_for(
    room: FakeRoom, side: ThreadPoolExecutor
) -> None:
    with joined(room, side, members=["Анна", "Боря"]) as (client, end):
        assert client.count == 2
        end.send(Crowd(True, 1000, ["Боря", "Вера"]), MemberCount(1001))
        kinds = [type(event) for event in islice(client.events(), 2)]
        assert kinds == [Entered, Crowd]
        asking = side.submit(client.people, "я", after="Яна")
        end.answer(end.expect(People("я", "Яна", 100)), People(members=["Ящик"], count=1002))
        assert asking.result(TIMEOUT) == ["Ящик"]
        assert (client.count, client.members) == (1001, ("Боря", "Вера", "Анна"))
        end.send(Crowd(False, 2, ["Анна", "Вера"]), Joined("Боря", AT))
        kinds = [type(event) for event in islice(client.events(), 2)]
        assert kinds == [Crowd, Joined]
        assert (client.count, client.members) == (3, ("Анна", "Вера", "Боря"))


def test_a_question_is_asked_again_over_the_next_connection(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, end):
        asking = side.submit(client.history)
        end.receive(HistoryRequest)
        end.close()
        second = room.accept()
        second.welcome()
        second.answer(second.receive(HistoryRequest).ref, HistoryPage([message(1)], more=False))
        assert [m.id for m in asking.result(TIMEOUT)] == [1]


def test_messages_are_those_of_the_others(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side, messages=[message(1), message(2, "Анна")]) as (client, end):
        deleted, notice = message(3), message(4)
        end.send(
            type(deleted)(3, AT, "Боря", "", deleted=True),
            type(notice)(4, AT, "Боря", "…", Notice("kick", "Боря", "Вера")),
            Joined("Вера", AT),
            message(5),
        )
        messages = client.messages()
        assert [next(messages).id, next(messages).id] == [1, 5]
        assert list(client.messages(timeout=0.01)) == []


def test_what_was_said_while_we_were_offline_comes_later(
    room: FakeRoom, side: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    with joined(room, side) as (client, end):
        end.send(message(1))
        messages = client.messages()
        assert next(messages).id == 1
        end.close()
        second = room.accept()
        assert second.welcome(messages=[message(9)], missed=7).since == Position("e1", 1)
        assert next(messages).id == 9
        address = room.address
        assert caplog.messages == [
            f"{address}: lost; trying again",
            f"{address}: back online; 7 messages were left out",
        ]


def test_an_end_by_the_room_is_raised_everywhere(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, end):
        saying = side.submit(client.say, "привет")
        end.receive(Say)
        end.send(Bye("kicked"))
        for call in (
            lambda: saying.result(TIMEOUT),
            lambda: list(client.events()),
            lambda: client.say("ещё"),
            client.history,
            client.wait_until_joined,
        ):
            with pytest.raises(ConversationEnded, match="kicked"):
                call()


@pytest.mark.parametrize("code", ["name_invalid", "password_required"])
def test_a_refused_name_or_password_ends_it(room: FakeRoom, side: ThreadPoolExecutor, code: str) -> None:
    joining = side.submit(connect, room.address, "Анна")
    room.refuse(Error(code, "no"))
    with pytest.raises(ConversationEnded) as ended:
        joining.result(TIMEOUT)
    assert ended.value.reason == code


def test_a_similar_name_can_be_taken(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    joining = side.submit(
        connect, room.address, "Анна", if_taken=IfTaken.SIMILAR, password="сезам", history=5
    )
    end = room.accept()
    end.answer(end.receive(Join).ref, Error("name_taken", "", suggestion="Анна 2"))
    join = end.welcome(name="Анна 2")
    assert join == Join("Анна 2", session=join.session, history=5, password="сезам")
    with joining.result(TIMEOUT) as client:
        assert client.name == "Анна 2"
        room.close()


def test_what_is_remembered_gives_the_name_back(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    for is_known in (False, True):
        joining = side.submit(connect, str(room.address), "Анна", remember=True)
        end = room.accept()
        assert (end.welcome().session == "secret") is is_known
        client = joining.result(TIMEOUT)
        closing = side.submit(client.close)
        end.receive(Leave)
        end.send(Bye("left"))
        closing.result(TIMEOUT)


def test_a_room_that_is_not_there() -> None:
    with pytest.raises(TimeoutError, match=r"127\.0\.0\.1:1: refused"):
        connect(Address("127.0.0.1", 1), "Анна", timeout=0.2)
    with pytest.raises(BadAddress):
        connect("http://chat.example", "Анна")


def test_events_that_nobody_reads_cost_bounded_memory(
    room: FakeRoom, side: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_MAX_WAITING", 3)
    with joined(room, side) as (client, end):
        end.send(*map(message, range(1, 6)))
        asking = side.submit(client.history)  # answered behind the messages
        end.answer(end.receive(HistoryRequest).ref, HistoryPage([], more=False))
        assert asking.result(TIMEOUT) == []
        assert [m.id for m in client.messages(timeout=0.01)] == [3, 4, 5]


def test_connections_lost_are_events(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, end):
        end.close()
        assert [type(event) for event in islice(client.events(), 2)] == [
            Entered,
            ConnectionLost,
        ]


def test_a_code_makes_another_program_the_same_person(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    with joined(room, side) as (client, end):
        asking = side.submit(client.link)
        end.answer(end.expect(Link()), Link(code="7QX4-M2PK", seconds=120))
        link = asking.result(TIMEOUT)
        assert (link.code, link.seconds) == ("7QX4-M2PK", 120)
    with ThreadPoolExecutor(1) as other, FakeRoom() as there:
        connecting = other.submit(connect, there.address, code=link.code, remember=True)
        lost = there.accept()
        join = lost.receive(Join)
        assert len(join.session or "") >= 16  # by it, the room knows who comes back with a code that is used
        lost.close()
        end = there.accept()
        again = end.welcome(name="Анна", messages=[message(2)], read=1)
        assert again == Join("", session=join.session, history=0, code=link.code)
        client = connecting.result(TIMEOUT)
        _, entered = islice(client.events(), 2)
        assert isinstance(entered, Entered)
        assert entered.read == 1
        end.close()
        assert there.accept().welcome() == Join("Анна", session="secret", since=Position("e1", 2))
        kept = IdentityStore(there.address, tls=False).load("анна")
        assert kept is not None
        assert kept.session == "secret"
        there.close()
        client.close()


def test_a_wrong_code_ends_the_conversation(room: FakeRoom, side: ThreadPoolExecutor) -> None:
    connecting = side.submit(connect, room.address, code="0000-0000")
    room.refuse(Error("bad_code", "the code is wrong, used, or too old"))
    with pytest.raises(ConversationEnded, match="bad_code"):
        connecting.result(TIMEOUT)
