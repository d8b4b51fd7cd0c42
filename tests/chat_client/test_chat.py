"""A chat with a fake room over a real socket, without a terminal."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_client.events import (
    ConnectionLost,
    Ended,
    Entered,
    MessageChanged,
    MessageRefused,
    NameRefused,
    NewMessage,
    OlderMessages,
    Phase,
    RequestFailed,
)
from chat_protocol.messages import (
    Away,
    Bye,
    Changed,
    Error,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    Notice,
    Person,
    Position,
    Role,
    Say,
    Topic,
    Typing,
)
from tests.chat_client.fake_room import AT, FakeConnection, FakeRoom, message
from tests.chat_client.recorded_chat import RecordedChat, start_chat
from tests.support.timing import TIMEOUT


def fence(client: FakeConnection, chat: RecordedChat, number: int) -> None:
    """Check that all events sent before were handled and not reported."""
    client.send(message(number, text="fence"))
    assert chat.next(NewMessage).message.text == "fence"


def test_entering_reports_members_and_messages(room: FakeRoom, chat: RecordedChat) -> None:
    client = room.accept()
    join = client.welcome(messages=[message(7), message(8)], members=["Анна", "Боря"])
    assert join == Join("Анна", session=join.session, history=50)
    entered = chat.next(Entered)
    assert [m.id for m in entered.messages] == [7, 8]
    assert (entered.rejoined, entered.members) == (False, ("Анна", "Боря"))
    assert chat.status().phase is Phase.ONLINE


def test_after_a_lost_welcome_we_are_still_the_same(room: FakeRoom, chat: RecordedChat) -> None:
    """The room holds our name, and gives it back only for the same secret."""
    first = room.accept()
    session = first.receive(Join).session
    first.close()
    chat.next(ConnectionLost)
    assert room.accept().welcome().session == session
    assert session is not None
    assert len(session) >= 16
    chat.next(Entered)


def test_own_message_is_reported_once_stored(chat: RecordedChat) -> None:
    client = chat.enter()
    chat.say("привет")
    say = client.receive(Say)
    assert say.text == "привет"
    assert chat.status().unsent == (say,)
    client.ack(say.ref, 1)
    said = chat.next(NewMessage)
    assert (said.own, said.message.id, said.message.text) == (True, 1, "привет")
    assert chat.status().unsent == ()


def test_presence_and_typing(chat: RecordedChat) -> None:
    client = chat.enter()
    client.send(Joined("Вера", AT), Typing("Вера"))
    assert chat.next(Joined).name == "Вера"
    assert chat.next(Typing).name == "Вера"
    assert chat.status().members == ("Анна", "Вера")
    client.send(Left("Вера", AT))
    assert chat.next(Left).name == "Вера"
    assert chat.status().members == ("Анна",)


def test_the_topic_follows_its_notices_and_their_deletion(chat: RecordedChat) -> None:
    client = chat.enter()
    for number, text in enumerate(("тема", "", "новая"), 1):
        client.send(Message(number, AT, "Сервер", "…", Notice("topic", "Вера", text=text)))
        chat.next(NewMessage)
        assert chat.status().topic == (Topic(number, AT, "Вера", text) if text else None)
    client.send(Changed(4, AT, "Вера", "delete", Message(3, AT, "Сервер", "", deleted=True)))
    chat.next(MessageChanged)
    assert chat.status().topic is None


def test_who_is_away_is_known_and_the_room_is_told_again(room: FakeRoom, chat: RecordedChat) -> None:
    client = chat.enter(can=["away"], marked=[Person("Вера", moderator=True)])
    chat.set_away(True, "обед")
    assert client.receive(Away) == Away(why="обед")
    client.send(Person("Анна", away=True, why="обед"))
    chat.next(Person)
    marked = (Person("Вера", moderator=True), Person("Анна", away=True, why="обед"))
    assert chat.status().marked == marked
    client.send(Left("Вера", AT), Person("Анна"))
    chat.next(Left)
    chat.next(Person)
    assert chat.status().marked == ()
    client.send(Role(moderator=True))
    chat.next(Role)
    assert chat.status().marked == (Person("Анна", moderator=True),)
    client.close()
    again = room.accept()
    again.welcome(can=["away"])
    assert again.receive(Away) == Away(why="обед")


def test_reconnect_resumes_and_resends_with_the_same_refs(room: FakeRoom, chat: RecordedChat) -> None:
    client = chat.enter(messages=[message(1)])
    client.send(message(2))
    chat.next(NewMessage)
    chat.say("один")
    first = client.receive(Say)
    client.close()
    chat.next(ConnectionLost)
    chat.say("два")

    client = room.accept()
    join = client.welcome(messages=[message(3)])
    assert join == Join("Анна", session="secret", since=Position("e1", 2))
    entered = chat.next(Entered)
    assert entered.rejoined
    assert [m.id for m in entered.messages] == [3]
    again, second = client.receive(Say), client.receive(Say)
    assert again == first
    assert second.text == "два"
    assert second.ref != first.ref


def say_and_lose(chat: RecordedChat) -> tuple[FakeConnection, Say]:
    """Say one text; the connection is lost before its ack. Return the next connection, and what was said."""
    client = chat.enter()
    chat.say("один")
    say = client.receive(Say)
    client.close()
    chat.next(ConnectionLost)
    return chat.room.accept(), say


def test_own_message_received_before_its_ack_is_reported_once(chat: RecordedChat) -> None:
    client, say = say_and_lose(chat)
    client.welcome(messages=[message(1, "Анна", "один")])
    assert [m.text for m in chat.next(Entered).messages] == ["один"]
    assert client.receive(Say) == say
    client.ack(say.ref, 1)
    client.ack(say.ref, 1)
    fence(client, chat, 2)
    assert chat.status().unsent == ()


def test_own_message_in_a_gap_is_reported_after_its_ack(chat: RecordedChat) -> None:
    client, say = say_and_lose(chat)
    client.welcome(messages=[message(9)], missed=8)
    assert chat.next(Entered).missed == 8
    assert client.receive(Say) == say
    client.ack(say.ref, 1)
    assert chat.next(NewMessage).message.id == 1

    chat.load_older(1)
    client.answer(client.expect(HistoryRequest(before=9, limit=1)), HistoryPage([message(8)], more=True))
    assert [m.id for m in chat.next(OlderMessages).messages] == [8]
    chat.load_older(500)
    client.answer(
        client.expect(HistoryRequest(before=8, limit=7)),
        HistoryPage([message(n) for n in range(1, 8)], more=True),
    )
    assert [m.id for m in chat.next(OlderMessages).messages] == [2, 3, 4, 5, 6, 7]  # 1 has been shown


def test_a_message_seen_before_is_not_reported_again(chat: RecordedChat) -> None:
    client = chat.enter(messages=[message(1), message(2)])
    client.send(message(1), message(2))
    fence(client, chat, 3)


def test_another_log_starts_a_new_transcript(room: FakeRoom, chat: RecordedChat) -> None:
    chat.enter(messages=[message(100)]).close()
    chat.next(ConnectionLost)
    client = room.accept()
    client.welcome(epoch="e2", messages=[message(1)])
    entered = chat.next(Entered)
    assert entered.new_log
    assert [m.id for m in entered.messages] == [1]


@pytest.mark.parametrize("code", ["name_empty", "name_too_long", "name_invalid", "name_taken"])
def test_another_name_is_needed_after_a_refusal(room: FakeRoom, chat: RecordedChat, code: str) -> None:
    client = room.accept()
    client.receive(Join)
    client.send(Error(code, "no"))
    assert chat.next(NameRefused) == NameRefused(code, "no")
    assert chat.status().phase is Phase.NAME_NEEDED
    chat.set_name("Вера")
    assert room.accept().welcome(name="Вера").name == "Вера"
    assert chat.next(Entered).name == "Вера"


def test_a_refused_message_is_not_kept(chat: RecordedChat) -> None:
    client = chat.enter()
    chat.say("x" * 5000)
    client.send(Error("too_long", "at most 4000", ref=client.receive(Say).ref))
    assert chat.next(MessageRefused).code == "too_long"
    assert chat.status().unsent == ()
    client.send(Error("unknown_type", "what?"))
    assert chat.next(RequestFailed).code == "unknown_type"


@pytest.mark.parametrize("reason", ["kicked", "banned", "password", "replaced", "left_elsewhere"])
def test_final_bye_reasons_end_the_conversation(chat: RecordedChat, reason: str) -> None:
    client = chat.enter()
    client.send(Bye(reason))
    assert chat.next(Ended).reason == reason
    assert chat.status().phase is Phase.ENDED
    client.expect_end()


@pytest.mark.parametrize("reason", ["shutdown", "slow", "silent", "full"])
def test_other_bye_reasons_lead_to_a_reconnect(room: FakeRoom, chat: RecordedChat, reason: str) -> None:
    client = chat.enter()
    client.send(Bye(reason))
    assert chat.next(ConnectionLost).reason == reason
    room.accept().welcome()
    assert chat.next(Entered).rejoined


def test_a_room_that_restarts_says_when_to_come_back(room: FakeRoom, chat: RecordedChat) -> None:
    client = chat.enter()
    for _ in range(5):  # by itself it would wait for 15 s in the end
        client.send(Bye("restart", retry_within=0.01))
        chat.next(ConnectionLost)
        client = room.accept()
        client.welcome()
        chat.next(Entered)


@pytest.mark.parametrize(
    "garbage", [b"{broken\n", b'{"type":"message","id":"x"}\n', b"\xff\xfe\n"], ids=["json", "field", "utf8"]
)
def test_invalid_events_lead_to_a_reconnect(room: FakeRoom, chat: RecordedChat, garbage: bytes) -> None:
    client = chat.enter()
    client.socket.sendall(garbage)
    chat.next(ConnectionLost)
    room.accept().welcome()
    chat.next(Entered)


def test_events_of_unknown_type_are_ignored(chat: RecordedChat) -> None:
    client = chat.enter()
    client.socket.sendall(b'{"type":"reaction","id":1,"what":"+1"}\n')
    fence(client, chat, 1)


def test_retry_now_ends_the_wait(room: FakeRoom, chat: RecordedChat) -> None:
    chat.enter()
    room.close()
    chat.next(ConnectionLost)
    assert chat.wait_for(lambda now: now.retry_in > 1.0, TIMEOUT)
    assert chat.status().reason == "refused"
    with FakeRoom(room.address.port) as reopened:
        chat.retry_now()
        reopened.accept().welcome()
        assert chat.next(Entered).rejoined


def test_another_service_is_recognized(room: FakeRoom, chat: RecordedChat) -> None:
    chat.enter().close()
    chat.next(ConnectionLost)
    room.accept(prompt=b"220 mail.example.org ESMTP\r\n")
    assert chat.wait_for(lambda now: now.reason == "not_a_room", TIMEOUT)


def test_pings_when_idle(room: FakeRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_client.sender.PING_INTERVAL", 0.05)
    with start_chat(room) as chat:
        client = chat.enter()
        client.pong()
        client.pong()
        fence(client, chat, 1)


def test_a_silent_room_leads_to_a_reconnect(room: FakeRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_client.chat.ANSWER_TIMEOUT", 0.2)
    with start_chat(room) as chat:
        client = chat.enter()
        assert chat.next(ConnectionLost).reason == "timeout"
        client.expect_end()


def test_leaves_after_the_last_message_is_sent(chat: RecordedChat) -> None:
    client = chat.enter()
    chat.say("последнее")
    with ThreadPoolExecutor(1) as pool:
        leaving = pool.submit(chat.leave)
        say = client.receive(Say)
        client.receive(Leave)
        client.ack(say.ref, 1)
        client.send(Bye("left"))
        leaving.result(TIMEOUT)
    assert chat.next(NewMessage).message.text == "последнее"
    assert chat.next(Ended).reason == "left"
    client.expect_end()


def test_leaves_in_time_without_an_answer(chat: RecordedChat) -> None:
    chat.enter()
    chat.leave(timeout=0.1)
    assert chat.next(Ended).reason == "left"
