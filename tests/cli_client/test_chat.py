"""The conversation with the room, over a real socket and without a terminal."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_protocol.messages import (
    Bye,
    Error,
    Found,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Mark,
    Say,
    Search,
    Typing,
)
from cli_client.news import (
    Ended,
    Entered,
    Hits,
    Lost,
    NameRefused,
    Page,
    Phase,
    Said,
    Trouble,
    Unsent,
)
from tests.cli_client.fake_room import AT, PATIENCE, FakeRoom, Seat, message
from tests.cli_client.listened import Listened


@pytest.fixture
def chat(room: FakeRoom) -> Iterator[Listened]:
    chat = Listened(room.address)
    chat.enter("Анна")
    chat.start()
    yield chat
    room.close()
    chat.leave()


def enter(room: FakeRoom, chat: Listened, **welcome: object) -> Seat:
    seat = room.accept()
    seat.welcome(**welcome)  # type: ignore[arg-type]
    chat.next(Entered)
    return seat


def fence(seat: Seat, chat: Listened, number: int) -> None:
    """Make sure that all sent to the client before has been dealt with, and nothing told of it."""
    seat.send(message(number, text="fence"))
    assert chat.next(Said).message.text == "fence"


def test_enters_and_is_told_who_and_what_is_there(room: FakeRoom, chat: Listened) -> None:
    seat = room.accept()
    join = seat.welcome(messages=[message(7), message(8)], members=["Анна", "Боря"])
    assert join == Join("Анна", history=50)
    entered = chat.next(Entered)
    assert [m.id for m in entered.messages] == [7, 8]
    assert (entered.back, entered.members) == (False, ("Анна", "Боря"))
    assert chat.status().phase is Phase.ONLINE


def test_own_message_is_told_once_stored(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    chat.say("привет")
    say = seat.receive(Say)
    assert say.text == "привет"
    assert chat.status().unsent == ("привет",)
    seat.ack(say.ref, 1)
    said = chat.next(Said)
    assert (said.own, said.message.id, said.message.text) == (True, 1, "привет")
    assert chat.status().unsent == ()


def test_presence_and_typing(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    seat.send(Joined("Вера", AT), Typing("Вера"))
    assert chat.next(Joined).name == "Вера"
    assert chat.next(Typing).name == "Вера"
    assert chat.status().members == ("Анна", "Вера")
    seat.send(Left("Вера", AT))
    assert chat.next(Left).name == "Вера"
    assert chat.status().members == ("Анна",)


def test_resumes_where_it_was_and_sends_what_waits_with_the_same_keys(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat, messages=[message(1)])
    seat.send(message(2))
    chat.next(Said)
    chat.say("один")
    first = seat.receive(Say)
    seat.close()
    chat.next(Lost)
    chat.say("два")

    seat = room.accept()
    join = seat.welcome(messages=[message(3)])
    assert join == Join("Анна", session="secret", since=Mark("e1", 2))
    entered = chat.next(Entered)
    assert entered.back
    assert [m.id for m in entered.messages] == [3]
    again, second = seat.receive(Say), seat.receive(Say)
    assert again == first
    assert second.text == "два"
    assert second.ref != first.ref


def test_own_message_that_comes_back_before_its_ack_is_told_once(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    chat.say("один")
    say = seat.receive(Say)
    seat.close()
    chat.next(Lost)
    seat = room.accept()
    seat.welcome(messages=[message(1, "Анна", "один")])
    assert [m.text for m in chat.next(Entered).messages] == ["один"]
    assert seat.receive(Say) == say
    seat.ack(say.ref, 1)
    seat.ack(say.ref, 1)
    fence(seat, chat, 2)
    assert chat.status().unsent == ()


def test_own_message_inside_a_hole_is_still_told_on_its_ack(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    chat.say("один")
    say = seat.receive(Say)
    seat.close()
    chat.next(Lost)
    seat = room.accept()
    seat.welcome(messages=[message(9)], missed=8)
    assert chat.next(Entered).missed == 8
    seat.receive(Say)
    seat.ack(say.ref, 1)
    assert chat.next(Said).message.id == 1

    chat.page(1)
    assert seat.receive(HistoryRequest) == HistoryRequest(before=9, limit=1)
    seat.send(HistoryPage([message(8)], more=True))
    assert [m.id for m in chat.next(Page).messages] == [8]
    chat.page(500)
    assert seat.receive(HistoryRequest) == HistoryRequest(before=8, limit=7)
    seat.send(HistoryPage([message(n) for n in range(1, 8)], more=True))
    assert [m.id for m in chat.next(Page).messages] == [2, 3, 4, 5, 6, 7]  # 1 has been shown


def test_a_page_with_nothing_new_is_passed_over(room: FakeRoom, chat: Listened) -> None:
    enter(room, chat, messages=[message(5)]).close()
    chat.next(Lost)
    chat.say("в дыру")
    seat = room.accept()
    seat.welcome(messages=[message(7)], missed=1)
    chat.next(Entered)
    seat.ack(seat.receive(Say).ref, 6)
    chat.next(Said)
    chat.page(20)
    assert seat.receive(HistoryRequest) == HistoryRequest(before=7, limit=1)
    seat.send(HistoryPage([message(6)], more=True))
    assert seat.receive(HistoryRequest) == HistoryRequest(before=5, limit=1)
    seat.send(HistoryPage([message(4)], more=False))
    assert [m.id for m in chat.next(Page).messages] == [4]


def test_a_message_seen_before_is_not_told_again(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat, messages=[message(1), message(2)])
    seat.send(message(1), message(2))
    fence(seat, chat, 3)


def test_a_new_log_starts_afresh(room: FakeRoom, chat: Listened) -> None:
    enter(room, chat, messages=[message(100)]).close()
    chat.next(Lost)
    seat = room.accept()
    seat.welcome(epoch="e2", messages=[message(1)])
    entered = chat.next(Entered)
    assert entered.new_log
    assert [m.id for m in entered.messages] == [1]


def test_history_fills_the_hole_first_and_then_goes_further_back(room: FakeRoom, chat: Listened) -> None:
    enter(room, chat, messages=[message(50)]).close()
    chat.next(Lost)
    seat = room.accept()
    seat.welcome(messages=[message(60)], missed=9)
    chat.next(Entered)

    assert chat.page(5)
    assert chat.page(5)  # the same page is not asked for twice
    assert seat.receive(HistoryRequest) == HistoryRequest(before=60, limit=5)
    seat.send(HistoryPage([message(n) for n in range(55, 60)], more=True))
    assert [m.id for m in chat.next(Page).messages] == [55, 56, 57, 58, 59]

    chat.page(500)
    assert seat.receive(HistoryRequest) == HistoryRequest(before=55, limit=4)
    seat.send(HistoryPage([message(n) for n in range(51, 55)], more=True))
    chat.next(Page)

    chat.page(20)
    assert seat.receive(HistoryRequest) == HistoryRequest(before=50, limit=20)


def test_show_finds_what_is_known_and_asks_for_what_is_not(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat, messages=[message(n) for n in range(100, 110)])
    page = chat.show(104)
    assert page is not None
    assert [m.id for m in page.messages] == [101, 102, 103, 104, 105, 106, 107]

    assert chat.show(20) is None
    assert seat.receive(HistoryRequest) == HistoryRequest(before=24, limit=7)
    seat.send(HistoryPage([message(n) for n in range(17, 24)], more=True))
    found = chat.next(Page)
    assert (found.target, len(found.messages)) == (20, 7)

    assert chat.show(5000) is None
    seat.receive(HistoryRequest)
    seat.send(HistoryPage([message(109)], more=True))
    assert chat.next(Page) == Page((), 5000)


def test_search_tells_what_the_room_found(room: FakeRoom, chat: Listened) -> None:
    assert not chat.search("раз", 20)  # not in the room yet
    seat = enter(room, chat)
    assert chat.search("раз два", 20)
    assert seat.receive(Search) == Search("раз два", limit=20)
    seat.send(Found([message(5)], more=True))
    assert chat.next(Hits) == Hits([message(5)], more=True, words="раз два")


@pytest.mark.parametrize("code", ["name_empty", "name_too_long", "name_invalid", "name_taken"])
def test_a_refused_name_is_asked_for_again(room: FakeRoom, chat: Listened, code: str) -> None:
    seat = room.accept()
    seat.receive(Join)
    seat.send(Error(code, "no"))
    assert chat.next(NameRefused) == NameRefused(code, "no")
    assert chat.status().phase is Phase.NAMELESS
    chat.enter("Вера")
    assert room.accept().welcome(name="Вера").name == "Вера"
    assert chat.next(Entered).name == "Вера"


def test_a_refused_text_is_not_kept(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    chat.say("x" * 5000)
    seat.send(Error("too_long", "at most 4000", ref=seat.receive(Say).ref))
    assert chat.next(Unsent).code == "too_long"
    assert chat.status().unsent == ()
    seat.send(Error("unknown_type", "what?"))
    assert chat.next(Trouble).code == "unknown_type"


@pytest.mark.parametrize("reason", ["kicked", "banned", "password", "replaced"])
def test_put_out_for_good(room: FakeRoom, chat: Listened, reason: str) -> None:
    seat = enter(room, chat)
    seat.send(Bye(reason))
    assert chat.next(Ended).why == reason
    assert chat.status().phase is Phase.ENDED
    seat.expect_end()


@pytest.mark.parametrize("reason", ["shutdown", "slow", "silent", "full"])
def test_comes_back_after_a_goodbye_that_is_not_for_good(room: FakeRoom, chat: Listened, reason: str) -> None:
    seat = enter(room, chat)
    seat.send(Bye(reason))
    assert chat.next(Lost).why == reason
    room.accept().welcome()
    assert chat.next(Entered).back


@pytest.mark.parametrize(
    "garbage", [b"{broken\n", b'{"type":"message","id":"x"}\n', b"\xff\xfe\n"], ids=["json", "field", "utf8"]
)
def test_survives_a_room_that_talks_nonsense(room: FakeRoom, chat: Listened, garbage: bytes) -> None:
    seat = enter(room, chat)
    seat.socket.sendall(garbage)
    chat.next(Lost)
    room.accept().welcome()
    chat.next(Entered)


def test_events_newer_than_this_client_are_passed_over(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    seat.socket.sendall(b'{"type":"reaction","id":1,"what":"+1"}\n')
    fence(seat, chat, 1)


def test_retry_now_cuts_the_wait_short(room: FakeRoom, chat: Listened) -> None:
    enter(room, chat)
    room.close()
    chat.next(Lost)
    assert chat.wait_for(lambda now: now.retry_in > 1.0, PATIENCE)
    assert chat.status().why == "refused"
    with FakeRoom(room.address.port) as reopened:
        chat.retry_now()
        reopened.accept().welcome()
        assert chat.next(Entered).back


def test_another_service_is_not_taken_for_a_room(room: FakeRoom, chat: Listened) -> None:
    enter(room, chat).close()
    chat.next(Lost)
    room.accept(greeting=b"220 mail.example.org ESMTP\r\n")
    assert chat.wait_for(lambda now: now.why == "not_a_room", PATIENCE)


def test_pings_when_it_has_nothing_to_say(room: FakeRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli_client.sender.PING_INTERVAL", 0.05)
    chat = Listened(room.address)
    chat.enter("Анна")
    chat.start()
    try:
        seat = enter(room, chat)
        seat.pong()
        seat.pong()
        fence(seat, chat, 1)
    finally:
        room.close()
        chat.leave()


def test_a_room_that_has_gone_silent_is_left_for_a_new_connection(
    room: FakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli_client.chat.IDLE_TIMEOUT", 0.2)
    chat = Listened(room.address)
    chat.enter("Анна")
    chat.start()
    try:
        seat = enter(room, chat)
        assert chat.next(Lost).why == "timeout"
        seat.expect_end()
    finally:
        room.close()
        chat.leave()


def test_leaves_after_all_that_was_said(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    chat.say("последнее")
    with ThreadPoolExecutor(1) as pool:
        leaving = pool.submit(chat.leave)
        say = seat.receive(Say)
        seat.receive(Leave)
        seat.ack(say.ref, 1)
        seat.send(Bye("left"))
        leaving.result(PATIENCE)
    assert chat.next(Said).message.text == "последнее"
    assert chat.next(Ended).why == "left"
    seat.expect_end()


def test_leaves_in_time_although_the_room_says_nothing(room: FakeRoom, chat: Listened) -> None:
    enter(room, chat)
    chat.leave(timeout=0.1)
    assert chat.next(Ended).why == "left"
