"""Passwords, rates and moderators at a real pseudo-terminal."""

import pytest

from chat_protocol import messages as m
from tests.cli_client.fake_room import AT, FakeRoom, Seat, message
from tests.cli_client.screen import CTRL_C, ENTER, UP, Desk, leave, sitting


def sit_down(room: FakeRoom, desk: Desk, *, moderator: bool = False) -> Seat:
    seat = room.accept()
    seat.welcome(members=["Анна", "Боря"], moderator=moderator)
    desk.wait_for("2 here")
    return seat


def talk_and_leave(desk: Desk, seat: Seat) -> None:
    desk.type("сказано", ENTER)
    say = seat.receive(m.Say)
    assert say.text == "сказано"
    seat.ack(say.ref, 1)
    leave(desk, seat)


def refuse(room: FakeRoom, error: m.Error) -> m.Join:
    seat = room.accept()
    join = seat.receive(m.Join)
    seat.send(error)
    return join


def test_the_rooms_password_is_asked_for_and_never_shown(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        refuse(room, m.Error("password_required", "?"))
        desk.wait_for("This room has a password")
        desk.type("wrong-one")
        desk.wait_for("The room's password: *********")
        desk.type(ENTER)
        assert refuse(room, m.Error("password_wrong", "no")).password == "wrong-one"
        desk.wait_for("That password did not fit.")
        desk.type(ENTER, "right-one", ENTER)
        seat = room.accept()
        assert seat.welcome(members=["Анна", "Боря"]).password == "right-one"
        desk.wait_for("2 here")
        desk.type(UP, "черновик")
        desk.wait_for("› черновик")  # nothing to bring back: no password is remembered
        desk.type(CTRL_C)
        leave(desk, seat)
        assert b"-one" not in desk.received


def test_the_password_may_come_from_the_environment(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", ONEROOM_PASSWORD="right-one") as desk:
        seat = room.accept()
        assert seat.welcome(members=["Анна", "Боря"]).password == "right-one"
        desk.wait_for("2 here")
        leave(desk, seat)


def test_a_free_name_is_a_key_away(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", lang="ru") as desk:
        refuse(room, m.Error("name_taken", "taken", suggestion="Анна 2"))
        desk.wait_for("Это имя уже занято. Свободно: Анна 2 (Enter — взять).")
        desk.wait_for("Ваше имя: Анна 2")
        desk.type(ENTER)
        assert room.accept().welcome(name="Анна 2").name == "Анна 2"
        desk.wait_for("Вы вошли как Анна 2.")


def test_too_fast_is_counted_down_and_muted_gives_the_text_back(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", lang="ru") as desk:
        seat = room.accept()
        seat.welcome()
        desk.wait_for("1 в чате")
        desk.type("раз", ENTER)
        say = seat.receive(m.Say)
        seat.send(m.Throttled(3.2))
        desk.wait_for("слишком часто: отправлю через 3 с")
        desk.wait_for("слишком часто: отправлю через 1 с")
        desk.wait_for(lambda lines: "слишком часто" not in lines[-1])
        seat.send(m.Error("muted", "muted", say.ref, retry_after=600.0))
        desk.wait_for("✗ Не отправлено. Вы не можете писать ещё 10 мин.")
        desk.type(UP)
        desk.wait_for("› раз")
        desk.type(CTRL_C)
        leave(desk, seat)


def test_a_moderator_at_work(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        desk.type("/help", ENTER)
        desk.wait_for("/moderator     become a moderator")
        assert not any("/kick" in line for line in desk.lines)
        desk.type("/moderator given-away", ENTER)
        desk.wait_for("Moderator's password:")
        desk.type("secret")
        desk.wait_for("Moderator's password: ******")
        desk.type(CTRL_C)
        desk.wait_for(lambda _: desk.cursor[1] == "Moderator's password:")
        desk.type("se-cret", ENTER)
        assert seat.receive(m.Authenticate).password == "se-cret"
        seat.send(m.Role(moderator=True))
        desk.wait_for("You are a moderator now")
        desk.wait_for("● Анна · moderator · 2 here")
        desk.type(UP)
        desk.wait_for("› /help")  # and not what stood before the password
        desk.type(CTRL_C, "/ban", ENTER)
        desk.wait_for("Ban whom? For example: /ban Boris 2h")
        desk.type("/ban Боря 2h: спам", ENTER)
        assert seat.receive(m.Moderate) == m.Moderate("ban", "Боря", seconds=7200, text="спам")
        notice = m.Notice("ban", "Анна", "Боря", seconds=7200, text="спам")
        seat.send(m.Message(1, AT, "Сервер", "…", notice), m.Left("Боря", AT, "banned"))
        desk.wait_for("Анна bans Боря for 2 h. Reason: спам  #1")
        desk.type("/bans", ENTER)
        seat.receive(m.Bans)
        seat.send(m.Bans([m.BanEntry("Боря", AT, None, "Анна", "спам")]))
        assert not any("Боря has left" in line for line in desk.lines)
        desk.wait_for("Боря · for good · Анна. Reason: спам")
        desk.type("/whois Вера", ENTER)
        assert seat.receive(m.Whois).name == "Вера"
        seat.send(m.Error("not_found", "Вера"))
        desk.wait_for("Not found: Вера")
        leave(desk, seat)
        assert b"se-cret" not in desk.received


def test_a_draft_waits_while_a_password_is_typed_and_none_becomes_one(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        desk.type("/moderator", ENTER)
        desk.wait_for("Moderator's password:")
        desk.type("half-a-sec")
        desk.wait_for("password: **********")
        seat.close()
        seat = room.accept()
        seat.welcome(members=["Анна", "Боря"])
        desk.wait_for("Back online.")
        desk.wait_for("password: **********")
        desk.type("ret", ENTER)
        assert seat.receive(m.Authenticate).password == "half-a-secret"
        desk.type(ENTER)
        desk.wait_for("Cancelled.")
        desk.wait_for(lambda _: desk.cursor[1] == "›")
        desk.type("черновик")
        desk.wait_for("› черновик")
        seat.close()
        refuse(room, m.Error("password_required", "?"))
        desk.wait_for(lambda _: desk.cursor[1] == "The room's password:")
        desk.type("right-one", ENTER)
        seat = room.accept()
        seat.welcome(members=["Анна", "Боря"])
        desk.wait_for("› черновик")
        desk.type(CTRL_C)
        leave(desk, seat)
        assert b"half-a" not in desk.received
        assert b"right-one" not in desk.received


def test_a_wrong_password_of_moderators_is_asked_for_again_and_never_said(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", lang="ru") as desk:
        seat = room.accept()
        seat.welcome()
        desk.wait_for("1 в чате")
        desk.type("/moderator", ENTER, "wrong-1", ENTER)
        assert seat.receive(m.Authenticate).password == "wrong-1"
        desk.type("wrong-2", ENTER)  # before the answer is there
        assert seat.receive(m.Authenticate).password == "wrong-2"
        seat.send(m.Error("password_wrong", "no"))
        desk.wait_for("Пароль не подошёл. Ещё раз (пустой ввод — отмена):")
        desk.type("wrong-3")
        desk.wait_for("отмена): *******")
        seat.send(m.Error("password_wrong", "no"), m.Error("too_fast", "wait", retry_after=3.0))
        desk.wait_for("Слишком часто. Подождите 3 с.")
        desk.wait_for("отмена): *******")
        desk.type(ENTER)
        assert seat.receive(m.Authenticate).password == "wrong-3"
        seat.send(m.Error("password_wrong", "no"))
        desk.type(ENTER)
        desk.wait_for("Отменено.")
        desk.wait_for(lambda _: desk.cursor[1] == "›")
        desk.type("/moderator", ENTER, "right", ENTER)
        assert seat.receive(m.Authenticate).password == "right"
        desk.type("right")  # in doubt whether that was it
        desk.wait_for("Пароль модератора: *****")
        seat.send(m.Role(moderator=True))
        desk.wait_for("Вы теперь модератор.")
        desk.wait_for("Пароль модератора: *****")
        desk.type("-again", ENTER)
        desk.wait_for(lambda _: desk.cursor[1] == "›")
        desk.type("/moderator", ENTER)
        desk.wait_for("Вы уже модератор.")
        talk_and_leave(desk, seat)
        assert not any(secret in desk.received for secret in (b"wrong", b"right"))


def test_a_wrong_password_of_the_room_is_asked_for_again_and_never_said(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", lang="ru") as desk:
        refuse(room, m.Error("password_required", "?"))
        desk.wait_for("Пароль чата:")
        desk.type("wrong-1", ENTER)
        seat = room.accept()
        assert seat.receive(m.Join).password == "wrong-1"
        seat.send(m.Throttled(8.0))
        desk.wait_for("Подождите 8 с")
        desk.type("wrong-2", ENTER)  # impatient
        desk.wait_for("Пароль чата: *******")
        seat.send(m.Error("password_wrong", "no"))
        desk.wait_for("Пароль не подошёл.")
        desk.wait_for(lambda lines: "Подождите" not in lines[-1])
        desk.type(ENTER)
        seat = room.accept()
        assert seat.receive(m.Join).password == "wrong-2"
        seat.close()
        desk.wait_for("снова через")
        desk.type("right", ENTER)
        seat = room.accept()
        assert seat.welcome().password == "right"
        desk.wait_for("1 в чате")
        talk_and_leave(desk, seat)
        assert not any(secret in desk.received for secret in (b"wrong", b"right"))


def test_where_nobody_can_be_a_moderator_nobody_is_asked_to(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", lang="ru") as desk:
        seat = room.accept()
        seat.welcome(moderated=False)
        desk.wait_for("1 в чате")
        desk.type("/help", ENTER)
        desk.wait_for("Alt+Enter")
        assert not any("/moderator" in line for line in desk.lines)
        desk.type("/moderator", ENTER)
        desk.wait_for("В этом чате нет модераторов.")
        desk.type("/ban Боря 10z", ENTER)
        desk.wait_for("Не понимаю время «10z»: пишут 30s, 10m, 2h или 1d.")
        leave(desk, seat)


def test_what_was_deleted_leaves_its_number(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", lang="ru") as desk:
        seat = room.accept()
        seat.welcome(messages=[message(1), m.Message(2, AT, "Боря", "", deleted=True)])
        desk.wait_for("Боря: сообщение удалено  #2")
        seat.send(m.Message(3, AT, "Сервер", "…", m.Notice("delete", "Вера", id=1)))
        desk.wait_for("Вера удаляет сообщение #1  #3")
        desk.type("/show 1", ENTER)
        desk.wait_for("Боря: сообщение удалено  #1")
        leave(desk, seat)


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "You are banned for good."), (7199.2, "You are banned for another 2 h.")]
)
def test_kept_out_it_ends_and_says_so(room: FakeRoom, seconds: float | None, words: str) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        refuse(room, m.Error("banned", "no", retry_after=seconds))
        assert desk.end() == 1
        assert words in desk.lines[-1]
        assert not desk.lines[-1].startswith("›")


def test_a_room_without_tls_is_not_spoken_to_where_it_is_wanted(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", "--tls", lang="ru") as desk:
        room.accept()
        assert desk.end() == 1
        desk.wait_for("отвечают без TLS.")
