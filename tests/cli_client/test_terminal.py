"""The terminal client as a person sees it: a real process at a real pseudo-terminal."""

import re
import signal
import termios

import pytest

from chat_protocol.messages import (
    Bye,
    Error,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    Say,
)
from chat_protocol.messages import Typing as SomeoneTypes
from tests.cli_client.fake_room import AT, FakeRoom, Seat, message
from tests.cli_client.screen import ALT_ENTER, CTRL_C, CTRL_D, ENTER, UP, Desk, leave, sitting


def sit_down(room: FakeRoom, desk: Desk, name: str = "Анна") -> Seat:
    seat = room.accept()
    seat.welcome(name=name, members=[name, "Боря"])
    desk.wait_for("2 here")
    return seat


def test_the_line_being_typed_is_undisturbed_by_what_arrives(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        desk.type("половина мыс")
        desk.wait_for("› половина мыс")
        for number in range(1, 61):
            seat.send(message(number))
        desk.wait_for("сообщение 60  #60")
        desk.wait_for(lambda _: desk.cursor == (14, "› половина мыс"))
        desk.type("ли", ENTER)
        say = seat.receive(Say)
        assert say.text == "половина мысли"
        seat.ack(say.ref, 61)
        desk.wait_for("Анна: половина мысли  #61")
        desk.wait_for(lambda _: desk.cursor[1] == "›")
        assert sum("половина" in line for line in desk.lines) == 1
        leave(desk, seat)
        transcript = [line for line in desk.lines if "#" in line]
        assert [line.rpartition("#")[2] for line in transcript[-5:]] == ["57", "58", "59", "60", "61"]


def test_asks_for_a_name_until_one_is_taken(room: FakeRoom) -> None:
    with sitting(room.address, lang="ru") as desk:
        desk.wait_for("Ваше имя:")
        desk.type(ENTER, "Боря", ENTER)
        seat = room.accept()
        assert seat.receive(Join).name == "Боря"
        seat.send(Error("name_taken", "taken"))
        desk.wait_for("Это имя уже занято.")
        desk.wait_for("Ваше имя:")
        desk.type("Анна", ENTER)
        seat = room.accept()
        assert seat.welcome().name == "Анна"
        desk.wait_for("Вы вошли как Анна.")
        desk.wait_for("1 в чате")


def test_a_draft_survives_the_loss_of_the_name(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        desk.type("черновик")
        desk.wait_for("› черновик")
        seat.close()
        seat = room.accept()
        seat.receive(Join)
        seat.send(Error("name_taken", "taken"))
        desk.wait_for(lambda lines: "Your name:" in lines)
        desk.type("Вера", ENTER)
        room.accept().welcome(name="Вера")
        desk.wait_for("› черновик")


def test_line_breaks_typed_and_pasted_stay_in_one_message(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        desk.type("раз", ALT_ENTER, "два")
        desk.wait_for("  два")
        desk.paste("\r\nтри\r\n\x1b[31mчетыре")
        desk.wait_for("четыре")
        desk.type(ENTER)
        say = seat.receive(Say)
        assert say.text == "раз\nдва\nтри\n[31mчетыре"
        seat.ack(say.ref, 1)
        desk.wait_for("[31mчетыре  #1")
        leave(desk, seat)


def test_what_is_written_offline_waits_and_is_sent_when_the_room_is_back(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        seat.send(message(1))
        desk.wait_for("#1")
        room.close()
        desk.wait_for("Trying again")
        desk.type("раз", ENTER)
        desk.wait_for("… раз")
        desk.type("два", ENTER)
        desk.wait_for("not sent: 2")
        desk.type("черновик")
        desk.wait_for(lambda lines: any("again in" in line and "(Enter: now)" in line for line in lines))
        with FakeRoom(room.address.port) as restarted:
            seat = restarted.accept()
            assert seat.welcome(messages=[message(40)], missed=38, members=["Анна", "Боря"]).since is not None
            first, second = seat.receive(Say), seat.receive(Say)
            assert (first.text, second.text) == ("раз", "два")
            seat.ack(first.ref, 41)
            seat.send(Error("unavailable", "disk full", ref=second.ref))
            desk.wait_for("Back online.")
            desk.wait_for("38 messages missing here: /history")
            desk.wait_for("раз  #41")
            desk.wait_for("✗ Not sent. The room cannot store messages right now.")
            lines = desk.wait_for("› черновик")
            assert not any("… раз" in line or "not sent: 2" in line for line in lines)
            desk.type(CTRL_C)
            desk.wait_for(lambda _: desk.cursor[1] == "›")
            desk.type(UP)
            desk.wait_for("› два")
            desk.type(CTRL_C)
            leave(desk, seat)


def test_enter_on_an_empty_line_tries_again_at_once(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        sit_down(room, desk)
        room.close()
        desk.wait_for(lambda lines: "again in 2 s" in lines[-1])
        with FakeRoom(room.address.port) as restarted:
            desk.type(ENTER)
            seat = restarted.accept()
            seat.welcome()
            desk.wait_for("Back online.")
            leave(desk, seat)


def test_commands(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        desk.type("/who", ENTER)
        desk.wait_for("2 people here: Анна, Боря")
        desk.type("/history 2", ENTER)
        assert seat.receive(HistoryRequest).limit == 2
        seat.send(HistoryPage([message(8), message(9)], more=True))
        desk.wait_for("── earlier · #8–#9 ──")
        desk.type("/show 8", ENTER)
        desk.wait_for("── message #8 ──")
        desk.type("/frobnicate", ENTER)
        desk.wait_for("There is no /frobnicate.")
        desk.type("//me", ENTER)
        assert seat.receive(Say).text == "/me"
        desk.type("/help", ENTER)
        desk.wait_for("begins a new line")
        desk.type("/quit", ENTER)
        seat.receive(Leave)
        seat.send(Bye("left"))
        # One message was never acknowledged: it is given back, and the exit code says so.
        assert desk.end() == 1
        desk.wait_for("1 message was not sent:")


def test_who_comes_goes_and_writes(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        seat.send(Joined("Вера", AT), SomeoneTypes("Вера"))
        desk.wait_for("Вера is here now")
        desk.wait_for("3 here · Вера is typing…")
        seat.send(SomeoneTypes("Боря"))
        desk.wait_for("Вера and Боря are typing…")
        seat.send(Left("Вера", AT), message(1, "Боря", "вот"))
        desk.wait_for("Боря: вот  #1")
        desk.wait_for(lambda lines: lines[-1] == "● Анна · 2 here")
        leave(desk, seat)


def test_the_others_learn_that_one_writes(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        desk.type("/who")
        desk.wait_for("/who")
        desk.type(CTRL_C, "п")
        seat.receive(SomeoneTypes)
        desk.type("р", CTRL_C)
        leave(desk, seat)


def test_too_long_a_text_stays_to_be_shortened(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = room.accept()
        seat.welcome(text_limit=10)
        desk.wait_for("1 here")
        desk.type("одиннадцать!", ENTER)
        desk.wait_for("Too long: 12 characters, at most 10")
        desk.wait_for(lambda _: desk.cursor[1] == "› одиннадцать!")
        desk.type("\x7f\x7f\x7f", ENTER)
        assert seat.receive(Say).text == "одиннадца"


def test_nothing_of_others_reaches_the_terminal_as_a_command(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        seat = sit_down(room, desk)
        evil = "\x1b]0;title\x07\x1b[2J\x9b2J\x90q\x9c\x07"
        name = f"{evil}Ева"
        seat.send(Joined(name, AT), Message(id=1, at=AT, name=name, text=f"{evil}безвредно"))
        desk.wait_for("безвредно  #1")
        seat.send(SomeoneTypes(name))
        desk.wait_for("Ева is typing…")
        leave(desk, seat)
        for control in (b"\x1b]0;title", b"\x1b[2J\x9b", "\x9b".encode(), "\x90".encode(), b"\x07"):
            assert control not in desk.received


@pytest.mark.parametrize(
    ("reason", "words"), [("kicked", "removed from the chat"), ("replaced", "elsewhere")]
)
def test_put_out_it_ends_and_says_why(room: FakeRoom, reason: str, words: str) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        sit_down(room, desk).send(Bye(reason))
        assert desk.end() == 1
        desk.wait_for(words)


@pytest.mark.parametrize("way", ["ctrl-c", "ctrl-d", "sigterm", "sigint"])
def test_leaves_cleanly(room: FakeRoom, way: str) -> None:
    with sitting(room.address, "--name", "Анна") as desk:
        before = termios.tcgetattr(desk.child.child_fd)
        seat = sit_down(room, desk)
        match way:
            case "ctrl-c":
                desk.type("не то", CTRL_C)
                desk.wait_for(lambda lines: "›" in lines)
                desk.type(CTRL_C)
            case "ctrl-d":
                desk.type(CTRL_D)
            case "sigterm":
                desk.child.kill(signal.SIGTERM)
            case "sigint":
                desk.child.kill(signal.SIGINT)
        seat.receive(Leave)
        seat.send(Bye("left"))
        assert desk.end() == 0
        assert desk.lines[-1] == "See you!"
        assert termios.tcgetattr(desk.child.child_fd) == before
        assert desk.received.rfind(b"\x1b[?2004l") > desk.received.rfind(b"\x1b[?2004h")


def test_without_colour_where_none_is_wanted(room: FakeRoom) -> None:
    with sitting(room.address, "--name", "Анна", NO_COLOR="1") as desk:
        seat = sit_down(room, desk)
        seat.send(message(1))
        desk.wait_for("#1")
        leave(desk, seat)
        assert not re.search(rb"\x1b\[[\d;]*[39]\d[\d;]*m", desk.received)


@pytest.mark.parametrize(("columns", "rows"), [(20, 8), (40, 10)])
def test_a_small_terminal(room: FakeRoom, columns: int, rows: int) -> None:
    with sitting(room.address, "--name", "Анна", columns=columns, rows=rows) as desk:
        seat = room.accept()
        seat.welcome()
        desk.type("черновик")
        seat.send(message(1, text="漢字 👋🏽 длинное сообщение, которое не помещается"))
        desk.wait_for("#1")
        desk.wait_for("› черновик")
        desk.type(CTRL_C)
        leave(desk, seat)
