"""A room with a password, limits and moderators, in a real pseudo-terminal."""

import pytest

from chat_protocol import messages as m
from tests.chat_client.fake_room import AT, FakeConnection, FakeRoom, message
from tests.cli_client.terminal_session import CTRL_C, ENTER, UP, TerminalSession, client_at, enter, leave


def say_and_leave(terminal: TerminalSession, client: FakeConnection) -> None:
    terminal.type("сказано", ENTER)
    say = client.receive(m.Say)
    assert say.text == "сказано"
    client.ack(say.ref, 1)
    terminal.wait_for("сказано  #1")
    leave(terminal, client)


def test_the_rooms_password_is_asked_for_and_never_shown(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        room.refuse(m.Error("password_required", "?"))
        terminal.wait_for("This room has a password")
        terminal.type("wrong-one")
        terminal.wait_for("The room's password: *********")
        terminal.type(ENTER)
        assert room.refuse(m.Error("password_wrong", "no")).password == "wrong-one"
        terminal.wait_for("Wrong password.")
        terminal.type(ENTER)
        terminal.enter_secret("right-one")
        client = room.accept()
        assert client.welcome(members=["Анна", "Боря"]).password == "right-one"
        terminal.wait_for("2 here")
        terminal.type(UP, "черновик")
        terminal.wait_for("› черновик")  # the history of the input line has no password
        terminal.type(CTRL_C)
        leave(terminal, client)
        assert b"-one" not in terminal.received


def test_the_password_may_come_from_the_environment(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", ONEROOM_PASSWORD="right-one") as terminal:
        client = room.accept()
        assert client.welcome(members=["Анна", "Боря"]).password == "right-one"
        terminal.wait_for("2 here")
        leave(terminal, client)


def test_enter_takes_the_suggested_name(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", lang="ru") as terminal:
        room.refuse(m.Error("name_taken", "taken", suggestion="Анна 2"))
        terminal.wait_for("Это имя уже занято. Свободно: Анна 2 (Enter — взять).")
        terminal.wait_for("Ваше имя: Анна 2")
        terminal.type(ENTER)
        assert room.accept().welcome(name="Анна 2").name == "Анна 2"
        terminal.wait_for("Вы вошли как Анна 2.")


def test_throttling_counts_down_and_a_refused_text_can_be_recalled(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", lang="ru") as terminal:
        client = room.accept()
        client.welcome()
        terminal.wait_for("1 в чате")
        terminal.type("раз", ENTER)
        say = client.receive(m.Say)
        client.send(m.Throttled(3.2))
        terminal.wait_for("слишком часто: отправлю через 3 с")
        terminal.wait_for("слишком часто: отправлю через 1 с")
        terminal.wait_for(lambda lines: "слишком часто" not in lines[-1])
        client.send(m.Error("muted", "muted", say.ref, retry_after=600.0))
        terminal.wait_for("✗ Не отправлено. Вы не можете писать ещё 10 мин.")
        terminal.type(UP)
        terminal.wait_for("› раз")
        terminal.type(CTRL_C)
        leave(terminal, client)


def test_a_moderators_commands(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("/help", ENTER)
        terminal.wait_for("/moderator PASSWORD  become a moderator")
        assert not any("/kick" in line for line in terminal.lines)
        terminal.type("/moderator given-away", ENTER)
        terminal.wait_for("Moderator's password:")
        terminal.type("secret")
        terminal.wait_for("Moderator's password: ******")
        terminal.type(CTRL_C)
        terminal.wait_for(lambda _: terminal.cursor[1] == "Moderator's password:")
        terminal.type("se-cret", ENTER)
        assert client.receive(m.Authenticate).password == "se-cret"
        client.send(m.Role(moderator=True))
        terminal.wait_for("You are a moderator now")
        terminal.wait_for("● Анна · moderator · 2 here")
        terminal.type(UP)
        terminal.wait_for(lambda _: terminal.cursor[1] == "› /help")  # and not the line with the password
        assert not any("/moderator given-away" in line for line in terminal.lines)
        terminal.type(CTRL_C, "/ban", ENTER)
        terminal.wait_for("Ban whom? For example: /ban Boris 2h")
        terminal.type(" Боря 2h: спам", ENTER)
        ref = client.expect(m.Moderate("ban", "Боря", seconds=7200, text="спам"))
        notice = m.Notice("ban", "Анна", "Боря", seconds=7200, text="спам")
        client.send(m.Message(1, AT, "Сервер", "…", notice), m.Left("Боря", AT, "banned"))
        client.ack(ref, 1)
        terminal.wait_for("Анна bans Боря for 2 h. Reason: спам  #1")
        terminal.type("/search слон", ENTER)
        search = client.receive(m.Search)
        terminal.type("/bans", ENTER)
        client.answer(search.ref, m.Error("too_fast", "wait", retry_after=2.0))
        client.answer(client.receive(m.Bans).ref, m.Bans([m.BanEntry("Боря", AT, None, "Анна", "спам")]))
        terminal.wait_for("Боря · for good · Анна. Reason: спам")
        assert "✗ /search слон — Too fast. Wait 2 s." in terminal.lines
        assert not any("Боря has left" in line for line in terminal.lines)
        terminal.type("/whois Вера", ENTER)
        client.answer(client.expect(m.Whois("Вера")), m.Error("not_found", "Вера"))
        terminal.wait_for("Not found: Вера")
        leave(terminal, client)
        assert b"se-cret" not in terminal.received


def test_a_draft_is_kept_while_a_password_is_typed(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("/moderator", ENTER)
        terminal.wait_for("Moderator's password:")
        terminal.type("half-a-sec")
        terminal.wait_for("password: **********")
        client.close()
        client = room.accept()
        client.welcome(members=["Анна", "Боря"])
        terminal.wait_for("Back online.")
        terminal.wait_for("password: **********")
        terminal.type("ret", ENTER)
        assert client.receive(m.Authenticate).password == "half-a-secret"
        terminal.type(ENTER)
        terminal.wait_for("Cancelled.")
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        terminal.type("черновик")
        terminal.wait_for("› черновик")
        client.close()
        room.refuse(m.Error("password_required", "?"))
        terminal.wait_for(lambda _: terminal.cursor[1] == "The room's password:")
        terminal.type("right-one", ENTER)
        client = room.accept()
        client.welcome(members=["Анна", "Боря"])
        terminal.wait_for("› черновик")
        terminal.type(CTRL_C)
        leave(terminal, client)
        assert b"half-a" not in terminal.received
        assert b"right-one" not in terminal.received


def test_a_wrong_moderator_password_is_asked_for_again_and_never_sent_as_text(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", lang="ru") as terminal:
        client = room.accept()
        client.welcome()
        terminal.wait_for("1 в чате")
        terminal.type("/moderator", ENTER)
        terminal.wait_for("Пароль модератора:")
        terminal.enter_secret("wrong-1")
        assert client.receive(m.Authenticate).password == "wrong-1"
        terminal.type("wrong-2", ENTER)  # before the answer has come
        assert client.receive(m.Authenticate).password == "wrong-2"
        client.send(m.Error("password_wrong", "no"))
        terminal.wait_for("Пароль не подошёл. Ещё раз (пустой ввод — отмена):")
        terminal.type("wrong-3")
        terminal.wait_for("отмена): *******")
        client.send(m.Error("password_wrong", "no"), m.Error("too_fast", "wait", retry_after=3.0))
        terminal.wait_for("Слишком часто. Подождите 3 с.")
        terminal.wait_for("отмена): *******")
        terminal.type(ENTER)
        assert client.receive(m.Authenticate).password == "wrong-3"
        client.send(m.Error("password_wrong", "no"), m.Joined("Вера", AT))
        terminal.wait_for("Вера теперь здесь")
        terminal.type(ENTER)
        terminal.wait_for("Отменено.")
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        terminal.type("/moderator", ENTER)
        terminal.wait_for("Пароль модератора:")
        terminal.enter_secret("right")
        assert client.receive(m.Authenticate).password == "right"
        terminal.wait_for(lambda _: terminal.cursor[1] == "Пароль модератора:")
        terminal.type("right")  # before the answer has come
        terminal.wait_for("Пароль модератора: *****")
        client.send(m.Role(moderator=True))
        terminal.wait_for("Вы теперь модератор.")
        terminal.wait_for("Пароль модератора: *****")
        terminal.type("-again", ENTER)
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        terminal.type("/moderator", ENTER)
        terminal.wait_for("Вы уже модератор.")
        say_and_leave(terminal, client)
        assert not any(secret in terminal.received for secret in (b"wrong", b"right"))


def test_a_wrong_room_password_is_asked_for_again_and_never_sent_as_text(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", lang="ru") as terminal:
        room.refuse(m.Error("password_required", "?"))
        terminal.wait_for("Пароль чата:")
        terminal.type("wrong-1", ENTER)
        client = room.accept()
        assert client.receive(m.Join).password == "wrong-1"
        client.send(m.Throttled(8.0))
        terminal.wait_for("Подождите 8 с")
        terminal.type("wrong-2", ENTER)  # before the answer has come
        terminal.wait_for("Пароль чата: *******")
        client.send(m.Error("password_wrong", "no"))
        terminal.wait_for("Пароль не подошёл.")
        terminal.wait_for(lambda lines: "Подождите" not in lines[-1])
        terminal.type(ENTER)
        client = room.accept()
        assert client.receive(m.Join).password == "wrong-2"
        room.close()  # it cannot be reached until she has typed
        client.close()
        terminal.wait_for("снова через")
        terminal.type("right", ENTER)
        terminal.wait_for(lambda lines: "*" not in lines[-1])
        with FakeRoom(room.address.port) as again:
            client = again.accept()
            assert client.welcome().password == "right"
            terminal.wait_for("1 в чате")
            say_and_leave(terminal, client)
        assert not any(secret in terminal.received for secret in (b"wrong", b"right"))


def test_a_room_without_moderators(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", lang="ru") as terminal:
        client = room.accept()
        client.welcome(moderated=False)
        terminal.wait_for("1 в чате")
        terminal.type("/help", ENTER)
        terminal.wait_for("Alt+Enter")
        assert not any("/moderator" in line for line in terminal.lines)
        terminal.type("/moderator", ENTER)
        terminal.wait_for("В этом чате нет модераторов.")
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        terminal.type("/ban Боря 10z", ENTER)
        terminal.wait_for("Не понимаю время «10z»: пишут 30s, 10m, 2h или 1d.")
        terminal.type(CTRL_C)
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        leave(terminal, client)


def test_a_deleted_message_keeps_its_number(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", lang="ru") as terminal:
        client = room.accept()
        client.welcome(messages=[message(1), m.Message(2, AT, "Боря", "", deleted=True)])
        terminal.wait_for("Боря: сообщение удалено  #2")
        client.send(m.Message(3, AT, "Сервер", "…", m.Notice("delete", "Вера", id=1)))
        terminal.wait_for("Вера удаляет сообщение #1  #3")
        terminal.type("/show 1", ENTER)
        terminal.wait_for("Боря: сообщение удалено  #1")
        leave(terminal, client)


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "You are banned for good."), (7199.2, "You are banned for another 2 h.")]
)
def test_when_banned_it_ends_and_says_so(room: FakeRoom, seconds: float | None, words: str) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        room.refuse(m.Error("banned", "no", retry_after=seconds))
        assert terminal.end() == 1
        assert words in terminal.lines[-1]
        assert not terminal.lines[-1].startswith("›")


def test_with_tls_a_room_without_it_is_refused(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", "--tls", lang="ru") as terminal:
        room.accept()
        assert terminal.end() == 1
        terminal.wait_for("отвечает без TLS.")
