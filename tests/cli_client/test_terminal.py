"""The terminal client as a person sees it: a real process at a real pseudo-terminal."""

import re
import signal
import termios
from pathlib import Path

import pytest
from msgspec.structs import replace

from chat_protocol.messages import (
    Bye,
    Crowd,
    Error,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    MemberCount,
    Message,
    People,
    Say,
)
from chat_protocol.messages import Typing as SomeoneTypes
from tests.chat_client.fake_room import AT, FakeRoom, message
from tests.cli_client.terminal_session import (
    ALT_ENTER,
    CTRL_C,
    CTRL_D,
    ENTER,
    UP,
    client_at,
    enter,
    leave,
)


def test_messages_do_not_disturb_the_input_line(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("половина мыс")
        terminal.wait_for("› половина мыс")
        for number in range(1, 61):
            client.send(message(number))
        terminal.wait_for("сообщение 60  #60")
        terminal.wait_for(lambda _: terminal.cursor == (14, "› половина мыс"))
        terminal.type("ли", ENTER)
        say = client.receive(Say)
        assert say.text == "половина мысли"
        client.ack(say.ref, 61)
        terminal.wait_for("Анна: половина мысли  #61")
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        assert sum("половина" in line for line in terminal.lines) == 1
        leave(terminal, client)
        transcript = [line for line in terminal.lines if "#" in line]
        assert [line.rpartition("#")[2] for line in transcript[-5:]] == ["57", "58", "59", "60", "61"]


def test_asks_for_a_name_until_one_is_accepted(room: FakeRoom) -> None:
    with client_at(room.address, lang="ru") as terminal:
        terminal.wait_for("Ваше имя:")
        terminal.type(ENTER)
        terminal.enter_line("Боря")
        client = room.accept()
        assert client.receive(Join).name == "Боря"
        client.send(Error("name_taken", "taken"))
        terminal.wait_for("Это имя уже занято.")
        terminal.wait_for("Ваше имя:")
        terminal.type("Анна", ENTER)
        client = room.accept()
        assert client.welcome().name == "Анна"
        terminal.wait_for("Вы вошли как Анна.")
        terminal.wait_for("1 в чате")


def test_a_draft_is_kept_while_a_name_is_asked_for(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("черновик")
        terminal.wait_for("› черновик")
        client.close()
        client = room.accept()
        client.receive(Join)
        client.send(Error("name_taken", "taken"))
        terminal.wait_for(lambda lines: "Your name:" in lines)
        terminal.type("Вера", ENTER)
        room.accept().welcome(name="Вера")
        terminal.wait_for("› черновик")


def test_typed_and_pasted_line_breaks_stay_in_one_message(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("раз", ALT_ENTER, "два")
        terminal.wait_for("  два")
        terminal.paste("\r\nтри\r\n\x1b[31mчетыре")
        terminal.wait_for("четыре")
        terminal.type(ENTER)
        say = client.receive(Say)
        assert say.text == "раз\nдва\nтри\nчетыре"
        client.ack(say.ref, 1)
        terminal.wait_for("четыре  #1")
        leave(terminal, client)


def test_messages_typed_offline_are_sent_after_the_reconnect(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        client.send(message(1))
        terminal.wait_for("#1")
        room.close()
        terminal.wait_for("Trying again")
        terminal.type("раз", ENTER)
        terminal.wait_for("… раз")
        terminal.type("два", ENTER)
        terminal.wait_for("not sent yet: 2")
        terminal.type("черновик")
        terminal.wait_for(lambda lines: any("again in" in line and "(Enter: now)" in line for line in lines))
        with FakeRoom(room.address.port) as restarted:
            client = restarted.accept()
            assert (
                client.welcome(messages=[message(40)], missed=38, members=["Анна", "Боря"]).since is not None
            )
            first, second = client.receive(Say), client.receive(Say)
            assert (first.text, second.text) == ("раз", "два")
            client.ack(first.ref, 41)
            client.send(Error("unavailable", "disk full", ref=second.ref))
            terminal.wait_for("Back online.")
            terminal.wait_for("38 messages missed; /history shows them")
            terminal.wait_for("раз  #41")
            terminal.wait_for("✗ Not sent. The room cannot save or find anything right now.")
            terminal.wait_for("› черновик")
            unsent = ("… раз", "not sent yet: 2")
            terminal.wait_for(lambda lines: not any(text in line for line in lines for text in unsent))
            terminal.type(CTRL_C)
            terminal.wait_for(lambda _: terminal.cursor[1] == "›")
            terminal.type(UP)
            terminal.wait_for("› черновик")
            terminal.type(UP)
            terminal.wait_for("› два")
            terminal.type(CTRL_C)
            leave(terminal, client)


def test_enter_on_an_empty_line_reconnects_at_once(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        enter(room, terminal)
        room.close()
        terminal.wait_for(lambda lines: "again in 2 s" in lines[-1])
        with FakeRoom(room.address.port) as restarted:
            terminal.type(ENTER)
            client = restarted.accept()
            client.welcome()
            terminal.wait_for("Back online.")
            leave(terminal, client)


def test_commands(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("/who", ENTER)
        here = "» 2 people here: Анна, Боря"
        lines = terminal.wait_for(lambda lines: lines.count(here) == 2)
        assert lines[lines.index("› /who") + 1] == here
        terminal.type("/history 2", ENTER)
        ref = client.expect(HistoryRequest(before=1, limit=2))
        client.answer(ref, HistoryPage([message(8), message(9)], more=True))
        lines = terminal.wait_for("── earlier · #8–#9 ──")
        assert lines.index("› /history 2") < lines.index("── earlier · #8–#9 ──")
        terminal.type("/show 8", ENTER)
        terminal.wait_for("── message #8 ──")
        terminal.type("/frobnicate", ENTER)
        terminal.wait_for("There is no command /frobnicate; see /help.")
        terminal.wait_for("› /frobnicate")
        terminal.type(CTRL_C)
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        terminal.type("//me", ENTER)
        assert client.receive(Say).text == "/me"
        terminal.type("/help", ENTER)
        terminal.wait_for("begins a new line")
        terminal.type("/quit", ENTER)
        client.receive(Leave)
        client.send(Bye("left"))
        # One message was not acknowledged: it is printed, and the exit code is 1.
        assert terminal.end() == 1
        terminal.wait_for("1 message was not sent:")


def test_joining_leaving_and_typing_are_shown(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        client.send(Joined("Вера", AT), SomeoneTypes("Вера"))
        terminal.wait_for("Вера has joined")
        terminal.wait_for("3 here · Вера is typing…")
        client.send(SomeoneTypes("Боря"))
        terminal.wait_for("Вера and Боря are typing…")
        client.send(Left("Вера", AT), message(1, "Боря", "вот"))
        terminal.wait_for("Боря: вот  #1")
        terminal.wait_for(lambda lines: lines[-1] == "● Анна · 2 here · 1 new")
        leave(terminal, client)


def test_in_a_crowd_people_are_found_and_shown_in_pages(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = room.accept()
        client.welcome(members=["Анна", "Боря"])
        terminal.wait_for("2 people here: Анна, Боря")
        client.send(Crowd(True, 1000, ["Анна", "Боря"]))
        terminal.wait_for("1000 people are here: who joins and leaves is no longer shown.")
        client.send(MemberCount(20_123))
        terminal.wait_for(lambda lines: lines[-1] == "● Анна · 20123 here")
        terminal.type("/who", ENTER)
        client.answer(client.expect(People()), People(members=["Анна", "Боря"], count=20_123, more=True))
        terminal.wait_for("20123 people here: Анна, Боря")
        terminal.wait_for("For more, /who again.")
        terminal.type("/who", ENTER)
        client.answer(client.expect(People(after="Боря")), People(members=["Вера"], count=20_123))
        terminal.wait_for("Вера")
        terminal.type("/who", ENTER)
        client.answer(client.expect(People()), People(members=["Анна"], count=20_123, more=True))
        terminal.type("/who ящ", ENTER)
        client.answer(client.expect(People("ящ")), People(count=20_123))
        terminal.wait_for("Nobody is here whose name begins with “ящ”.")
        terminal.type("/kick ящ\t")
        client.answer(client.expect(People("ящ", limit=50)), People(members=["Ящик"], count=20_123))
        terminal.wait_for("› /kick Ящик")
        terminal.type(CTRL_C)
        client.send(Crowd(False, 2, ["Боря", "Анна"]))
        terminal.wait_for("2 people are here: who joins and leaves is shown again.")
        client.send(Joined("Вера", AT))
        terminal.wait_for(lambda lines: lines[-1] == "● Анна · 3 here")
        leave(terminal, client)


def test_typing_is_sent(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("/who")
        terminal.wait_for("/who")
        terminal.type(CTRL_C, "п")
        client.receive(SomeoneTypes)
        terminal.type("р", CTRL_C)
        leave(terminal, client)


def test_a_too_long_text_stays_on_the_input_line(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = room.accept()
        client.welcome(text_limit=10)
        terminal.wait_for("1 here")
        terminal.type("одиннадцать!", ENTER)
        terminal.wait_for("Too long: 12 characters, at most 10")
        terminal.wait_for(lambda _: terminal.cursor[1] == "› одиннадцать!")
        terminal.type("\x7f\x7f\x7f", ENTER)
        assert client.receive(Say).text == "одиннадца"
        terminal.type("/announce одиннадцать!", ENTER)
        terminal.wait_for("Too long: 12 characters, at most 10")
        terminal.wait_for(lambda _: terminal.cursor[1] == "› /announce одиннадцать!")
        terminal.type(CTRL_C)
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        terminal.type(f"/topic {301 * 'т'}", ENTER)
        terminal.wait_for("Too long: 301 characters, at most 300")


def test_control_sequences_of_others_do_not_reach_the_terminal(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        evil = "\x1b]0;title\x07\x1b[2J\x9b2J\x90q\x9c\x07"
        name = f"{evil}Ева"
        client.send(Joined(name, AT), Message(id=1, at=AT, name=name, text=f"{evil}безвредно"))
        terminal.wait_for("безвредно  #1")
        client.send(SomeoneTypes(name))
        terminal.wait_for("Ева is typing…")
        leave(terminal, client)
        title = "(1 new · )?Oneroom · 127[.]0[.]0[.]1:[0-9]+|"  # the client's own
        received = re.sub(f"\x1b]2;({title})\x07".encode(), b"", terminal.received)
        for control in (b"\x1b]0;title", b"\x1b[2J\x9b", "\x9b".encode(), "\x90".encode(), b"\x07"):
            assert control not in received


@pytest.mark.parametrize(
    ("reason", "words"), [("kicked", "removed from the chat"), ("replaced", "elsewhere")]
)
def test_when_removed_it_ends_and_says_why(room: FakeRoom, reason: str, words: str) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        enter(room, terminal).send(Bye(reason))
        assert terminal.end() == 1
        terminal.wait_for(words)


@pytest.mark.parametrize("way", ["ctrl-c", "ctrl-d", "sigterm", "sigint"])
def test_leaves_cleanly(room: FakeRoom, way: str) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        match way:
            case "ctrl-c":
                terminal.type("не то", CTRL_C)
                terminal.wait_for(lambda lines: "›" in lines)
                terminal.type(CTRL_C)
                terminal.wait_for("Ctrl-C again leaves")
                terminal.type(CTRL_C)
            case "ctrl-d":
                terminal.type(CTRL_D)
            case "sigterm":
                terminal.process.send_signal(signal.SIGTERM)
            case "sigint":
                terminal.process.send_signal(signal.SIGINT)
        client.receive(Leave)
        client.send(Bye("left"))
        assert terminal.end() == 0
        assert terminal.lines[-1] == "See you!"
        assert termios.tcgetattr(terminal.child.child_fd) == terminal.before
        assert terminal.received.rfind(b"\x1b[?2004l") > terminal.received.rfind(b"\x1b[?2004h")


def test_no_color_is_respected(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", NO_COLOR="1") as terminal:
        client = enter(room, terminal)
        client.send(message(1))
        terminal.wait_for("#1")
        leave(terminal, client)
        assert not re.search(rb"\x1b\[[\d;]*[39]\d[\d;]*m", terminal.received)


@pytest.mark.parametrize(("columns", "rows"), [(20, 8), (40, 10)])
def test_a_small_terminal(room: FakeRoom, columns: int, rows: int) -> None:
    with client_at(room.address, "--name", "Анна", columns=columns, rows=rows) as terminal:
        client = room.accept()
        client.welcome()
        terminal.type("черновик")
        client.send(message(1, text="漢字 👋🏽 длинное сообщение, которое не помещается"))
        terminal.wait_for("#1")
        terminal.wait_for("› черновик")
        terminal.type(CTRL_C)
        leave(terminal, client)


def test_what_is_written_is_edited_in_an_editor(room: FakeRoom, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    script = "grep -q 'тут кот' \"$1\" && printf 'тут пёс\\nи кошка\\n' > \"$1\"; echo editing"
    editor.write_text(f"#!/bin/sh\n{script}; until [ -e {tmp_path}/done ]; do sleep 0.01; done\n")
    editor.chmod(0o700)
    with client_at(room.address, "--name", "Анна", VISUAL=str(editor)) as terminal:
        client = enter(room, terminal)
        terminal.type("тут кот")
        terminal.wait_for("› тут кот")
        terminal.type("\x18\x05")
        terminal.wait_for("editing")
        client.send(message(7))
        (tmp_path / "done").touch()
        terminal.wait_for("Боря: сообщение 7  #7")  # not while the editor had the terminal
        terminal.wait_for("› тут пёс")
        terminal.type(ENTER)
        assert client.receive(Say).text == "тут пёс\nи кошка"


def test_page_up_shows_older_messages(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        for before, page in ((1, [message(8), message(9)]), (8, [message(6)])):
            terminal.type("\x1b[5~")
            ref = client.expect(HistoryRequest(before=before, limit=20))
            client.answer(ref, HistoryPage(page, more=True))
            terminal.wait_for(f"── earlier · #{page[0].id}–#{page[-1].id} ──")


def test_the_last_line_says_what_has_come_since_the_last_key(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        client.send(message(7), replace(message(8), text="@Анна!", mentions=["Анна"]))
        terminal.wait_for(lambda lines: lines[-1] == "● Анна · 2 here · 2 new, 1 for you")
        terminal.type("x")
        terminal.wait_for(lambda lines: lines[-1] == "● Анна · 2 here")
