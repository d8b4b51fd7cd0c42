"""Replies, actions, edits, deletions and reactions: what is sent, and what becomes of the messages."""

from concurrent.futures import Future
from typing import Any

import pytest
from msgspec.structs import replace

from chat_client.errors import Refused
from chat_client.events import (
    ConnectionLost,
    Entered,
    MessageChanged,
    MessageRefused,
    NewMessage,
    OlderMessages,
    RequestFailed,
)
from chat_protocol.message import redacted
from chat_protocol.messages import (
    Ack,
    Changed,
    Delete,
    Edit,
    Error,
    HistoryPage,
    HistoryRequest,
    Message,
    Moderate,
    Notice,
    Position,
    Quote,
    React,
    Reaction,
    Say,
)
from tests.chat_client.fake_room import AT, CAN, LATER, FakeConnection, FakeRoom, message
from tests.chat_client.recorded_chat import RecordedChat
from tests.support.timing import TIMEOUT

THUMBS = Reaction("👍", 2, ["Анна", "Боря"])


def changed(number: int, now: Message, act: str = "edit", by: str = "Боря", **fields: Any) -> Changed:
    return Changed(number, LATER, by, act, now, **fields)


def code_of(future: Future[Any]) -> str:
    error = future.exception(TIMEOUT)
    assert isinstance(error, Refused)
    return error.code


def shown(chat: RecordedChat, number: int) -> Message:
    page = chat.show(number)
    assert page
    return next(m for m in page.messages if m.id == number)


@pytest.fixture
def client(chat: RecordedChat) -> FakeConnection:
    """The room's end of the connection, in a room that knows acts and has three messages."""
    messages = [
        replace(message(5, "Анна"), mine=True),
        message(6),
        replace(message(7), reply=Quote(6, "Боря", "x")),
    ]
    return chat.enter(messages=messages, can=CAN)


def test_an_act_is_sent_and_its_ack_is_the_result(chat: RecordedChat, client: FakeConnection) -> None:
    for act in (Edit(id=5, text="иначе"), Delete(id=5), React(id=6, emoji="👍")):
        stored = chat.act(act)
        ref = client.expect(act)
        client.ack(ref, 20)
        assert stored.result(TIMEOUT).id == 20
    assert chat.status().unsent == ()


def test_a_reply_has_the_quote_of_what_it_answers(chat: RecordedChat, client: FakeConnection) -> None:
    stored = chat.say("ответ", reply=6)
    client.ack(client.expect(Say("ответ", reply=6)), 20)
    said = chat.next(NewMessage).message
    assert (said.reply, said.mine) == (Quote(6, "Боря", "сообщение 6"), True)
    assert stored.result(TIMEOUT) == said
    chat.say("машет @Боря", kind="action")
    ref = client.expect(Say("машет @Боря", kind="action"))
    client.send(Ack(ref or "", 21, AT, ["Боря"]))
    said = chat.next(NewMessage).message
    assert (said.kind, said.mentions) == ("action", ["Боря"])


def test_nothing_is_sent_to_a_room_that_does_not_know_it(chat: RecordedChat) -> None:
    early = chat.act(Delete(id=5))
    client = chat.enter(messages=[message(5)], can=["edit"])
    refused: list[Future[Any]] = [
        *(early, chat.say("ответ", reply=5), chat.say("машет", kind="action")),
        *(chat.act(Delete(id=5)), chat.act(React(id=5, emoji="👍"))),
    ]
    assert [code_of(future) for future in refused] == ["unknown_type"] * 5
    chat.act(Edit(id=5, text="можно"))
    client.expect(Edit(id=5, text="можно"))  # the first that comes


def test_a_change_is_kept_and_reported_with_what_was_before(
    chat: RecordedChat, client: FakeConnection
) -> None:
    now = replace(message(6, text="иначе"), edited=LATER)
    client.send(changed(8, now), changed(8, now))
    event = chat.next(MessageChanged)
    assert event == MessageChanged(now, message(6), "edit", "Боря", LATER, id=8)
    assert shown(chat, 6) == now
    assert shown(chat, 7).reply == Quote(6, "Боря", "иначе")
    client.send(changed(9, redacted(now), "delete"))
    assert chat.next(MessageChanged).message.deleted  # the second `changed` with the number 8 was a repeat
    assert shown(chat, 7).reply == Quote(6, "Боря", "")


def test_the_change_of_an_unknown_message_is_reported_and_not_kept(
    chat: RecordedChat, client: FakeConnection
) -> None:
    client.send(changed(8, message(2, text="иначе")))
    assert chat.next(MessageChanged).before is None
    chat.show(2)
    client.receive(HistoryRequest)


def test_own_marks_stay_through_the_changes_of_others(chat: RecordedChat, client: FakeConnection) -> None:
    reacted = replace(message(6), reactions=[THUMBS])
    client.send(changed(8, reacted, "react", "Анна", mine=["👍"]))
    event = chat.next(MessageChanged)
    assert (event.own, event.message.reactions) == (True, (replace(THUMBS, mine=True),))
    more = replace(reacted, reactions=[replace(THUMBS, count=3), Reaction("🎉", 1, ["Боря"])])
    client.send(changed(9, more, "react"))
    assert [r.mine for r in chat.next(MessageChanged).message.reactions] == [True, False]
    client.send(changed(10, more, "react", "Анна", mine=["🎉"]))
    assert [r.mine for r in chat.next(MessageChanged).message.reactions] == [False, True]
    client.send(changed(11, message(5, "Анна", "иначе"), "edit", "Анна"))
    assert chat.next(MessageChanged).message.mine


def test_a_moderators_deletion_is_told_once(chat: RecordedChat, client: FakeConnection) -> None:
    notice = Message(8, AT, "Сервер", "…", Notice("delete", by="Вера", id=6))
    client.send(notice, changed(9, redacted(message(6)), "delete", "Вера"))
    assert chat.next(NewMessage).message == notice
    event = chat.next(MessageChanged)
    assert event.before
    assert event.before.deleted
    assert shown(chat, 7).reply == Quote(6, "Боря", "")


def test_the_position_counts_acts(room: FakeRoom, chat: RecordedChat, client: FakeConnection) -> None:
    client.send(changed(8, message(6, text="иначе")))
    chat.next(MessageChanged)
    chat.act(Delete(id=5))
    client.ack(client.receive(Delete).ref, 11)
    assert chat.wait_for(lambda now: not now.unsent, TIMEOUT)
    client.close()
    chat.next(ConnectionLost)
    now = replace(message(6, text="ещё раз"), edited=LATER, reactions=[replace(THUMBS, mine=True)])
    client = room.accept()
    join = client.welcome(last=15, changed=[now], can=CAN)
    assert join.since == Position("e1", 11)
    assert chat.next(Entered).messages == []
    assert chat.next(MessageChanged) == MessageChanged(now, message(6, text="иначе"))
    assert shown(chat, 6) == now
    assert shown(chat, 7).reply == Quote(6, "Боря", "ещё раз")


def test_an_act_is_repeated_with_the_same_ref(
    room: FakeRoom, chat: RecordedChat, client: FakeConnection
) -> None:
    stored = chat.act(React(id=6, emoji="👍"))
    first = client.receive(React)
    client.close()
    chat.next(ConnectionLost)
    chat.say("ответ", reply=7)
    client = room.accept()
    client.welcome(last=7, can=CAN)
    chat.next(Entered)
    assert client.receive(React) == first
    client.expect(Say("ответ", reply=7))
    client.ack(first.ref, 8)
    assert stored.result(TIMEOUT).id == 8


@pytest.mark.parametrize(
    ("epoch", "last"), [("e2", 7), ("e1", 3)], ids=["another log", "it has lost its end"]
)
def test_what_names_a_message_is_not_sent_to_another_log(
    room: FakeRoom, chat: RecordedChat, client: FakeConnection, epoch: str, last: int
) -> None:
    client.close()
    chat.next(ConnectionLost)
    edited, replied = chat.act(Edit(id=5, text="иначе")), chat.say("ответ", reply=6)
    chat.say("просто так")
    client = room.accept()
    client.welcome(epoch=epoch, last=last, can=CAN)
    assert chat.next(Entered).new_log
    failed = chat.next(RequestFailed)
    assert failed.code == "new_log"
    assert replace(failed.request, ref=None) == Edit(id=5, text="иначе")  # type: ignore[type-var]
    refused = chat.next(MessageRefused)
    assert (refused.text, refused.code) == ("ответ", "new_log")
    assert [code_of(future) for future in (edited, replied)] == ["new_log"] * 2
    client.expect(Say("просто так"))  # the first that comes


def test_an_act_is_not_sent_to_a_room_that_knows_none_any_more(
    room: FakeRoom, chat: RecordedChat, client: FakeConnection
) -> None:
    client.close()
    chat.next(ConnectionLost)
    chat.act(Delete(id=5))
    room.accept().welcome(last=7)
    chat.next(Entered)
    assert chat.next(RequestFailed).code == "unknown_type"


def test_a_refused_act_says_which(chat: RecordedChat, client: FakeConnection) -> None:
    stored = chat.act(Edit(id=6, text="чужое"))
    ref = client.receive(Edit).ref
    client.send(Error("not_yours", "no", ref))
    failed = chat.next(RequestFailed)
    assert (failed.code, failed.request) == ("not_yours", Edit(id=6, text="чужое", ref=ref))
    assert code_of(stored) == "not_yours"
    assert chat.status().unsent == ()


def test_if_too_much_has_changed_the_messages_are_loaded_again(
    room: FakeRoom, chat: RecordedChat, client: FakeConnection
) -> None:
    client.close()
    chat.next(ConnectionLost)
    client = room.accept()
    client.welcome(messages=[message(6, text="иначе"), message(7), message(9)], stale=True, can=CAN)
    entered = chat.next(Entered)
    assert (entered.stale, [m.id for m in entered.messages]) == (True, [9])
    chat.load_older(10)
    ref = client.expect(HistoryRequest(before=9, limit=10))
    client.answer(ref, HistoryPage([message(6, text="иначе"), message(7)], more=True))
    assert [m.text for m in chat.next(OlderMessages).messages] == ["иначе", "сообщение 7"]
    assert shown(chat, 6).text == "иначе"


def test_what_was_acknowledged_late_is_asked_for(
    room: FakeRoom, chat: RecordedChat, client: FakeConnection
) -> None:
    chat.say("привет")
    say = client.receive(Say)
    client.close()
    chat.next(ConnectionLost)
    client = room.accept()
    client.welcome(messages=[message(20)], missed=9, can=CAN)  # it is among those that were left out
    chat.next(Entered)
    client.expect(Say("привет"))
    client.ack(say.ref, 9)
    assert chat.next(NewMessage).message.id == 9
    now = replace(message(9, "Анна", "привет"), mine=True, reactions=[THUMBS])
    ref = client.expect(HistoryRequest(before=10, limit=1))
    client.send(Error("too_fast", "wait", ref))
    client.close()
    chat.next(ConnectionLost)
    client = room.accept()
    client.welcome(last=20, can=CAN)
    chat.next(Entered)
    client.answer(client.expect(HistoryRequest(before=10, limit=1)), HistoryPage([now], more=True))
    assert chat.next(MessageChanged).message == now
    assert shown(chat, 9) == now


def test_own_messages_are_known_by_their_mark(chat: RecordedChat) -> None:
    client = chat.enter(messages=[message(1, "Анна"), replace(message(2, "Аня"), mine=True)], can=CAN)
    assert [shown(chat, number).mine for number in (1, 2)] == [False, True]  # of one who had this name before
    client.send(message(3, "Анна"))  # from another connection of ours
    assert chat.next(NewMessage).own


def test_an_older_server_does_not_mark_them(chat: RecordedChat) -> None:
    chat.enter(messages=[message(1, "Анна"), message(2)])
    assert [shown(chat, number).mine for number in (1, 2)] == [True, False]


def test_moderating_is_not_an_act_of_the_outbox(chat: RecordedChat, client: FakeConnection) -> None:
    assert chat.request(Moderate("delete", id=6))
    assert chat.status().unsent == ()
    client.receive(Moderate)
