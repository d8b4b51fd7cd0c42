"""The conversation with a room that has a password, rates and moderators."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from chat_protocol import messages as m
from chat_protocol.connection import Connection
from chat_protocol.contract import BANNED, PROMPT
from chat_protocol.tls import Tls
from cli_client.news import Ended, Entered, Lost, NameRefused, PasswordWanted, Phase, Said, Trouble, Unsent
from tests.cli_client.fake_room import AT, PATIENCE, FakeRoom, Seat, message
from tests.cli_client.listened import Listened
from tests.support.certificates import self_signed
from tests.support.requirements import needs_openssl
from tests.support.tls_front import tls_front


@contextmanager
def talking(room: FakeRoom, password: str = "", tls: Tls | None = None) -> Iterator[Listened]:
    chat = Listened(room.address, password=password, tls=tls)
    chat.enter("Анна")
    chat.start()
    try:
        yield chat
    finally:
        room.close()
        chat.leave()


@pytest.fixture
def chat(room: FakeRoom) -> Iterator[Listened]:
    with talking(room) as chat:
        yield chat


def enter(room: FakeRoom, chat: Listened, *, moderator: bool = False) -> Seat:
    seat = room.accept()
    seat.welcome(moderator=moderator)
    chat.next(Entered)
    return seat


def refuse(room: FakeRoom, error: m.Error) -> m.Join:
    seat = room.accept()
    join = seat.receive(m.Join)
    seat.send(error)
    seat.expect_end()
    return join


def test_a_password_is_asked_for_until_it_is_right_and_then_kept(room: FakeRoom, chat: Listened) -> None:
    assert refuse(room, m.Error("password_required", "?")).password is None
    assert chat.next(PasswordWanted).code == "password_required"
    assert chat.status().phase is Phase.LOCKED
    chat.unlock("не тот")
    assert refuse(room, m.Error("password_wrong", "no")).password == "не тот"
    assert chat.next(PasswordWanted).code == "password_wrong"
    chat.unlock("тот")
    seat = room.accept()
    assert seat.welcome().password == "тот"
    chat.next(Entered)
    seat.close()
    chat.next(Lost)
    assert room.accept().welcome().password == "тот"
    assert chat.next(Entered).back


def test_a_password_given_beforehand_is_shown_at_once(room: FakeRoom) -> None:
    with talking(room, "тот" * 100) as chat:
        seat = room.accept()
        assert seat.welcome().password == ("тот" * 100)[:256]
        chat.next(Entered)


def test_too_many_tries_are_waited_out(room: FakeRoom, chat: Listened) -> None:
    refuse(room, m.Error("too_fast", "wait", retry_after=40.0))
    assert chat.next(Lost).why == "too_fast"
    assert 30 < chat.status().retry_in <= 40
    chat.retry_now()
    assert room.accept().welcome().name == "Анна"
    chat.next(Entered)


@pytest.mark.parametrize("seconds", [None, 600.0])
def test_who_is_kept_out_does_not_come_back(room: FakeRoom, chat: Listened, seconds: float | None) -> None:
    seat = room.accept()
    seat.receive(m.Join)
    seat.send(m.Error("banned", "no", retry_after=seconds), m.Bye("banned"))
    assert chat.next(Ended) == Ended("banned", seconds or 0.0)
    assert chat.status().phase is Phase.ENDED


def test_an_address_that_is_kept_out_does_not_come_back(room: FakeRoom, chat: Listened) -> None:
    room.accept(greeting=BANNED)
    assert chat.next(Ended).why == "shut_out"


def test_a_free_name_is_passed_on(room: FakeRoom, chat: Listened) -> None:
    refuse(room, m.Error("name_taken", "taken", suggestion="Анна 2"))
    assert chat.next(NameRefused) == NameRefused("name_taken", "taken", "Анна 2")


def test_being_too_fast_is_a_wait_and_no_loss(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    assert chat.status().throttled == 0
    seat.send(m.Throttled(100.0))
    assert chat.next(m.Throttled).seconds == 100.0
    assert 90 < chat.status().throttled <= 100
    seat.close()
    chat.next(Lost)
    assert chat.status().throttled == 0


def test_a_room_that_makes_one_wait_is_not_taken_for_gone(
    room: FakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli_client.chat.IDLE_TIMEOUT", 0.5)
    with talking(room) as chat:
        seat = enter(room, chat)
        seat.send(m.Throttled(60.0))
        chat.next(m.Throttled)
        assert not chat.wait_for(lambda now: now.phase is not Phase.ONLINE, 1.0)
        seat.send(message(1))
        chat.next(Said)


@pytest.mark.parametrize("seconds", [-1e9, 1e300])
def test_a_room_that_talks_nonsense_about_time_is_borne(
    room: FakeRoom, chat: Listened, seconds: float
) -> None:
    refuse(room, m.Error("too_fast", "wait", retry_after=seconds))
    chat.next(Lost)
    chat.retry_now()
    seat = enter(room, chat)
    seat.send(m.Throttled(seconds), message(1))
    chat.next(m.Throttled)
    chat.next(Said)
    assert chat.status().throttled <= 3600


def test_what_was_said_while_muted_comes_back(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat)
    chat.say("слово")
    seat.send(m.Error("muted", "muted", seat.receive(m.Say).ref, retry_after=60.0))
    assert chat.next(Unsent) == Unsent("слово", "muted", "muted", 60.0)
    assert chat.status().unsent == ()


def test_becomes_a_moderator_and_is_told_when_that_ends(room: FakeRoom, chat: Listened) -> None:
    assert not chat.ask(m.Authenticate("тот"))  # not in the room yet
    seat = enter(room, chat)
    assert chat.ask(m.Authenticate("тот"))
    assert seat.receive(m.Authenticate).password == "тот"
    seat.send(m.Role(moderator=True))
    assert chat.next(m.Role).moderator
    assert chat.status().moderator
    seat.close()
    chat.next(Lost)
    seat = enter(room, chat, moderator=True)
    seat.close()
    chat.next(Lost)
    enter(room, chat)
    assert not chat.next(m.Role).moderator
    assert not chat.status().moderator


def test_orders_go_out_and_their_answers_come_in(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat, moderator=True)
    assert chat.next(m.Role).moderator
    order = m.Moderate("ban", "203.0.113.0/24", seconds=600, text="спам")
    for command in (order, m.Whois("Боря"), m.Bans()):
        chat.ask(command)
        assert seat.receive(type(command)) == command
    entry = m.BanEntry("203.0.113.0/24", AT, None, "Анна")
    seat.send(m.Error("not_found", "?"), m.Whois("Боря", ["203.0.113.7"]), m.Bans([entry]))
    assert chat.next(Trouble).about == order
    assert chat.next(m.Whois).addresses == ["203.0.113.7"]
    assert chat.next(m.Bans).bans == [entry]


def test_a_refusal_is_told_with_what_it_refuses(room: FakeRoom, chat: Listened) -> None:
    seat = enter(room, chat, moderator=True)
    chat.next(m.Role)
    kick, mute, delete = m.Moderate("kick", "Боря"), m.Moderate("mute", "боря"), m.Moderate("delete", id=7)
    whois = m.Whois("Вера")
    for command in (kick, mute, whois, delete):
        chat.ask(command)
    chat.search("слон", 5)
    seat.send(
        m.Error("is_moderator", "?"),
        m.Message(1, AT, "Сервер", "…", m.Notice("mute", "Анна", "Боря", seconds=600)),
        m.Error("password_wrong", "?"),  # of an attempt to become a moderator, before or after
        m.Error("unavailable", "?"),
        m.Error("not_found", "?"),
        m.Error("not_found", "?"),
        m.Error("not_found", "?"),
    )
    assert chat.next(Trouble).about == kick
    assert chat.next(Said).message.id == 1
    told = [chat.next(Trouble).about for _ in range(5)]
    assert told == [None, m.Search("слон", limit=5), whois, delete, None]


def test_a_room_that_makes_one_wait_at_the_door_lets_in_all_the_same(room: FakeRoom, chat: Listened) -> None:
    seat = room.accept()
    seat.receive(m.Join)
    seat.send(m.Throttled(4.0))
    chat.next(m.Throttled)
    status = chat.status()
    assert (status.phase, status.unsent) == (Phase.CONNECTING, ())
    assert 3 < status.throttled <= 4
    seat.send(m.Error("password_wrong", "no"))
    seat.expect_end()
    assert chat.next(PasswordWanted).code == "password_wrong"
    assert chat.status().throttled == 0
    chat.unlock("тот")
    seat = room.accept()
    seat.send(m.Throttled(100.0))
    chat.next(m.Throttled)
    seat.welcome(moderated=False)
    chat.next(Entered)
    assert (chat.status().phase, chat.status().throttled) == (Phase.ONLINE, 0)
    assert not chat.status().moderated


def test_banned_while_present_it_knows_for_how_long(room: FakeRoom, chat: Listened) -> None:
    enter(room, chat).send(m.Error("banned", "no", retry_after=7200.0), m.Bye("banned"))
    assert chat.next(Ended) == Ended("banned", 7200.0)


def test_a_word_of_the_room_is_no_name(room: FakeRoom, chat: Listened) -> None:
    refuse(room, m.Error("name_reserved", "reserved"))
    assert chat.next(NameRefused).code == "name_reserved"


def deletion(number: int, target: int) -> m.Message:
    return m.Message(number, AT, "Сервер", "…", m.Notice("delete", "Анна", id=target))


def test_what_was_deleted_is_forgotten_here_too(room: FakeRoom, chat: Listened) -> None:
    seat = room.accept()
    seat.welcome(messages=[message(1), message(2), message(3)])
    chat.next(Entered)
    seat.send(deletion(4, 2))
    assert chat.next(Said).message.notice is not None
    page = chat.show(2)
    assert page is not None
    assert [(shown.id, shown.deleted, shown.text) for shown in page.messages[1:3]] == [
        (2, True, ""),
        (3, False, "сообщение 3"),
    ]
    seat.close()
    chat.next(Lost)
    room.accept().welcome(messages=[deletion(5, 3)])
    chat.next(Entered)
    page = chat.show(3)
    assert page is not None
    assert [shown.id for shown in page.messages if shown.deleted] == [2, 3]


@needs_openssl
def test_reconnects_through_tls_and_gives_up_only_where_it_never_was(room: FakeRoom, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "localhost")
    with tls_front(certificate, room.address) as front:
        chat = Listened(front.address, tls=Tls(ca=str(certificate.public)))
        chat.enter("Анна")
        chat.start()
        try:
            seat = room.accept()
            seat.welcome()
            chat.next(Entered)
            chat.say("раз")
            first = seat.receive(m.Say)
            seat.close()
            assert chat.next(Lost).why == "lost"
            seat = room.accept()
            seat.welcome()
            assert chat.next(Entered).back
            assert seat.receive(m.Say) == first
            seat.ack(first.ref, 1)
            assert chat.next(Said).own
            front.cut.set()  # without a goodbye
            assert chat.next(Lost).why == "lost"
            front.cut.clear()
            room.accept().welcome()
            assert chat.next(Entered).back
        finally:
            room.close()
            chat.leave()

        chat = Listened(front.address, tls=Tls(pin="0" * 64))
        chat.enter("Анна")
        chat.start()
        assert chat.next(Ended).why == "wrong_pin"
        chat.leave()


def test_one_that_never_says_anything_may_be_waiting_for_tls(
    room: FakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli_client.chat.Connection.open", partial(Connection.open, timeout=0.2))
    with talking(room) as chat:
        room.accept(greeting=b"")
        assert chat.next(Lost).why == "no_greeting"


def test_a_plain_room_is_not_spoken_to_where_tls_is_wanted(room: FakeRoom) -> None:
    with talking(room, tls=Tls()) as chat:
        seat = room.accept(greeting=PROMPT)
        assert chat.next(Ended).why == "not_tls"
        assert seat.socket.recv(2) == b"\x16\x03"
    assert chat.wait_for(lambda now: now.phase is Phase.ENDED, PATIENCE)
