"""A chat with a room that has a password, limits and moderators."""

from functools import partial
from pathlib import Path

import pytest

from chat_client.events import (
    ConnectionLost,
    Ended,
    Entered,
    MessageRefused,
    NameRefused,
    NewMessage,
    PasswordNeeded,
    Phase,
    RequestFailed,
)
from chat_protocol import messages as m
from chat_protocol.connection import Connection
from chat_protocol.contract import BANNED, PROMPT
from chat_protocol.tls import Tls
from tests.chat_client.fake_room import AT, FakeRoom, message
from tests.chat_client.recorded_chat import RecordedChat, start_chat
from tests.support.certificates import self_signed
from tests.support.requirements import needs_openssl
from tests.support.timing import TIMEOUT
from tests.support.tls_front import tls_front


def test_the_password_is_asked_for_until_it_is_right_and_then_kept(
    room: FakeRoom, chat: RecordedChat
) -> None:
    assert room.refuse(m.Error("password_required", "?")).password is None
    assert chat.next(PasswordNeeded).code == "password_required"
    assert chat.status().phase is Phase.PASSWORD_NEEDED
    chat.set_password("не тот")
    assert room.refuse(m.Error("password_wrong", "no")).password == "не тот"
    assert chat.next(PasswordNeeded).code == "password_wrong"
    chat.set_password("тот")
    client = room.accept()
    assert client.welcome().password == "тот"
    chat.next(Entered)
    client.close()
    chat.next(ConnectionLost)
    assert room.accept().welcome().password == "тот"
    assert chat.next(Entered).rejoined


def test_a_password_given_in_advance_is_sent_at_once(room: FakeRoom) -> None:
    with start_chat(room, "тот" * 100) as chat:
        client = room.accept()
        assert client.welcome().password == ("тот" * 100)[:256]
        chat.next(Entered)


def test_a_wait_for_the_next_attempt_is_kept(room: FakeRoom, chat: RecordedChat) -> None:
    room.refuse(m.Error("too_fast", "wait", retry_after=40.0))
    assert chat.next(ConnectionLost).reason == "too_fast"
    assert 30 < chat.status().retry_in <= 40
    chat.retry_now()
    assert room.accept().welcome().name == "Анна"
    chat.next(Entered)


@pytest.mark.parametrize("seconds", [None, 600.0])
def test_a_ban_ends_the_conversation(room: FakeRoom, chat: RecordedChat, seconds: float | None) -> None:
    client = room.accept()
    client.receive(m.Join)
    client.send(m.Error("banned", "no", retry_after=seconds), m.Bye("banned"))
    assert chat.next(Ended) == Ended("banned", seconds or 0.0)
    assert chat.status().phase is Phase.ENDED


def test_a_ban_of_the_address_ends_the_conversation(room: FakeRoom, chat: RecordedChat) -> None:
    room.accept(prompt=BANNED)
    assert chat.next(Ended).reason == "address_banned"


def test_a_suggested_name_is_reported(room: FakeRoom, chat: RecordedChat) -> None:
    room.refuse(m.Error("name_taken", "taken", suggestion="Анна 2"))
    assert chat.next(NameRefused) == NameRefused("name_taken", "taken", "Анна 2")


def test_throttling_is_shown_in_the_status(chat: RecordedChat) -> None:
    client = chat.enter()
    assert chat.status().throttled == 0
    client.send(m.Throttled(100.0))
    assert chat.next(m.Throttled).seconds == 100.0
    assert 90 < chat.status().throttled <= 100
    client.close()
    chat.next(ConnectionLost)
    assert chat.status().throttled == 0


def test_a_throttling_room_may_stay_silent(room: FakeRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_client.chat.ANSWER_TIMEOUT", 0.5)
    with start_chat(room) as chat:
        client = chat.enter()
        client.send(m.Throttled(60.0))
        chat.next(m.Throttled)
        assert not chat.wait_for(lambda now: now.phase is not Phase.ONLINE, 1.0)
        client.send(message(1))
        chat.next(NewMessage)


@pytest.mark.parametrize("seconds", [-1e9, 1e300])
def test_absurd_waits_are_limited(room: FakeRoom, chat: RecordedChat, seconds: float) -> None:
    room.refuse(m.Error("too_fast", "wait", retry_after=seconds))
    chat.next(ConnectionLost)
    chat.retry_now()
    client = chat.enter()
    client.send(m.Throttled(seconds), message(1))
    chat.next(m.Throttled)
    chat.next(NewMessage)
    assert chat.status().throttled <= 3600


def test_a_message_refused_while_muted_is_reported(chat: RecordedChat) -> None:
    client = chat.enter()
    chat.say("слово")
    client.send(m.Error("muted", "muted", client.receive(m.Say).ref, retry_after=60.0))
    assert chat.next(MessageRefused) == MessageRefused("слово", "muted", "muted", 60.0)
    assert chat.status().unsent == ()


def test_the_moderator_role_and_its_end_are_reported(chat: RecordedChat) -> None:
    assert not chat.request(m.Authenticate("тот"))  # not online yet
    client = chat.enter()
    assert chat.request(m.Authenticate("тот"))
    assert client.receive(m.Authenticate).password == "тот"
    client.send(m.Role(moderator=True))
    assert chat.next(m.Role).moderator
    assert chat.status().moderator
    client.close()
    chat.next(ConnectionLost)
    client = chat.enter(moderator=True)
    client.close()
    chat.next(ConnectionLost)
    chat.enter()
    assert not chat.next(m.Role).moderator
    assert not chat.status().moderator


def test_moderators_commands_and_their_answers(chat: RecordedChat) -> None:
    client = chat.enter(moderator=True)
    assert chat.next(m.Role).moderator
    ban = m.Moderate("ban", "203.0.113.0/24", seconds=600, text="спам")
    refs = []
    for command in (ban, m.Whois("Боря"), m.Bans()):
        chat.request(command)
        refs.append(client.expect(command))
    entry = m.BanEntry("203.0.113.0/24", AT, None, "Анна")
    answers: list[m.Event] = [m.Error("not_found", "?"), m.Whois("Боря", ["203.0.113.7"]), m.Bans([entry])]
    for ref, answer in zip(refs, answers, strict=True):
        client.answer(ref, answer)
    assert chat.next(RequestFailed).request == ban
    assert chat.next(m.Whois).addresses == ["203.0.113.7"]
    assert chat.next(m.Bans).bans == [entry]


def test_an_error_names_the_command_it_is_for(chat: RecordedChat) -> None:
    client = chat.enter(moderator=True)
    chat.next(m.Role)
    commands: dict[str, m.Command] = {
        "kick": m.Moderate("kick", "Боря"),
        "mute": m.Moderate("mute", "боря"),
        "whois": m.Whois("Вера"),
        "delete": m.Moderate("delete", id=7),
        "search": m.Search("слон", limit=5),
        "authenticate": m.Authenticate("не тот"),
    }
    refs = {}
    for name, command in commands.items():
        chat.request(command)
        refs[name] = client.expect(command)
    client.send(m.Message(1, AT, "Сервер", "…", m.Notice("mute", "Анна", "Боря", seconds=600)))
    client.ack(refs["mute"], 1)
    assert chat.next(NewMessage).message.id == 1
    for name in ("search", "whois", "kick", "authenticate", "delete"):
        client.answer(refs[name], m.Error("unavailable", "?"))
        wanted = None if name == "authenticate" else commands[name]  # a password is not repeated
        assert chat.next(RequestFailed).request == wanted


def test_an_older_server_does_not_say_which_command_an_error_is_for(chat: RecordedChat) -> None:
    client = chat.enter(moderator=True)
    chat.next(m.Role)
    client.refs = False
    chat.request(m.Moderate("kick", "Боря"))
    chat.request(m.Bans())
    client.answer(client.receive(m.Moderate).ref, m.Error("is_moderator", "?"))
    client.answer(client.receive(m.Bans).ref, m.Bans())
    assert chat.next(RequestFailed) == RequestFailed("is_moderator", "?")
    assert not chat.next(m.Bans).bans


def test_throttling_before_the_welcome(room: FakeRoom, chat: RecordedChat) -> None:
    client = room.accept()
    client.receive(m.Join)
    client.send(m.Throttled(4.0))
    chat.next(m.Throttled)
    status = chat.status()
    assert (status.phase, status.unsent) == (Phase.CONNECTING, ())
    assert 3 < status.throttled <= 4
    client.send(m.Error("password_wrong", "no"))
    client.expect_end()
    assert chat.next(PasswordNeeded).code == "password_wrong"
    assert chat.status().throttled == 0
    chat.set_password("тот")
    client = room.accept()
    client.send(m.Throttled(100.0))
    chat.next(m.Throttled)
    client.welcome(moderated=False)
    chat.next(Entered)
    assert (chat.status().phase, chat.status().throttled) == (Phase.ONLINE, 0)
    assert not chat.status().moderated


def test_a_ban_while_online_has_its_duration(chat: RecordedChat) -> None:
    chat.enter().send(m.Error("banned", "no", retry_after=7200.0), m.Bye("banned"))
    assert chat.next(Ended) == Ended("banned", 7200.0)


def test_a_reserved_name_is_refused(room: FakeRoom, chat: RecordedChat) -> None:
    room.refuse(m.Error("name_reserved", "reserved"))
    assert chat.next(NameRefused).code == "name_reserved"


def deletion(number: int, target: int) -> m.Message:
    return m.Message(number, AT, "Сервер", "…", m.Notice("delete", "Анна", id=target))


def test_deleted_messages_lose_their_text(room: FakeRoom, chat: RecordedChat) -> None:
    client = room.accept()
    client.welcome(messages=[message(1), message(2), message(3)])
    chat.next(Entered)
    client.send(deletion(4, 2))
    assert chat.next(NewMessage).message.notice is not None
    page = chat.show(2)
    assert page is not None
    assert [(shown.id, shown.deleted, shown.text) for shown in page.messages[1:3]] == [
        (2, True, ""),
        (3, False, "сообщение 3"),
    ]
    client.close()
    chat.next(ConnectionLost)
    room.accept().welcome(messages=[deletion(5, 3)])
    chat.next(Entered)
    page = chat.show(3)
    assert page is not None
    assert [shown.id for shown in page.messages if shown.deleted] == [2, 3]


@needs_openssl
def test_reconnects_with_tls_but_not_after_a_wrong_first_certificate(room: FakeRoom, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "localhost")
    with tls_front(certificate, room.address) as front:
        with start_chat(room, tls=Tls(ca=str(certificate.public)), address=front.address) as chat:
            client = chat.enter()
            chat.say("раз")
            first = client.receive(m.Say)
            client.close()
            assert chat.next(ConnectionLost).reason == "lost"
            client = room.accept()
            client.welcome()
            assert chat.next(Entered).rejoined
            assert client.receive(m.Say) == first
            client.ack(first.ref, 1)
            assert chat.next(NewMessage).own
            front.cut.set()  # without close_notify
            assert chat.next(ConnectionLost).reason == "lost"
            front.cut.clear()
            room.accept().welcome()
            assert chat.next(Entered).rejoined
        with start_chat(room, tls=Tls(pin="0" * 64), address=front.address) as chat:
            assert chat.next(Ended).reason == "wrong_pin"


def test_a_server_without_a_prompt_may_want_tls(room: FakeRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_client.chat.Connection.open", partial(Connection.open, timeout=0.2))
    with start_chat(room) as chat:
        room.accept(prompt=b"")
        assert chat.next(ConnectionLost).reason == "no_prompt"


def test_with_tls_a_room_without_it_is_refused(room: FakeRoom) -> None:
    with start_chat(room, tls=Tls()) as chat:
        client = room.accept(prompt=PROMPT)
        assert chat.next(Ended).reason == "not_tls"
        assert client.socket.recv(2) == b"\x16\x03"
    assert chat.wait_for(lambda now: now.phase is Phase.ENDED, TIMEOUT)
