"""The keys of the terminal client, as bytes at a pseudo-terminal: nothing is lost or misread."""

import re

import pytest
from msgspec.structs import replace

from chat_protocol.messages import Bye, Leave, Say
from tests.chat_client.fake_room import FakeConnection, FakeRoom, message
from tests.cli_client.terminal_session import (
    ALT_ENTER,
    CTRL_C,
    CTRL_D,
    ENTER,
    UP,
    TerminalSession,
    client_at,
    enter,
    leave,
)

FOCUS_IN, FOCUS_OUT = "\x1b[I", "\x1b[O"
CTRL_J, CTRL_R, CTRL_S, ESCAPE = "\n", "\x12", "\x13", "\x1b"


def say(terminal: TerminalSession, client: FakeConnection, number: int, text: str) -> None:
    """Say a text as this message."""
    terminal.enter_line(text)
    client.ack(client.receive(Say).ref, number)
    terminal.wait_for(f"{text}  #{number}")


def test_searching_what_was_written(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        for number, text in enumerate(("раз слон", "два", "три слона"), 1):
            say(terminal, client, number, text)
        terminal.type("черновик", CTRL_R, "СЛОН")
        terminal.wait_for("search “СЛОН”: три слона")
        terminal.type(CTRL_R)
        terminal.wait_for("search “СЛОН”: раз слон")
        terminal.type("ище")
        terminal.wait_for("not found “СЛОНище”:")
        terminal.type(CTRL_C)
        terminal.wait_for("› черновик")
        terminal.type(CTRL_S, "два", ESCAPE)
        terminal.wait_for("› черновик")
        terminal.type(CTRL_R, "два")
        terminal.wait_for("search “два”: два")
        terminal.type(ENTER)
        terminal.wait_for("› два")
        terminal.type(ENTER)
        shown = client.receive(Say)  # and nothing before
        assert shown.text == "два"
        client.ack(shown.ref, 4)
        terminal.wait_for("два  #4")
        terminal.wait_for("› черновик")
        terminal.type(CTRL_C)
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        leave(terminal, client)


def test_a_pasted_text_is_never_a_command_nor_broken_up(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.paste("/delete 5\r\nвторая\r")
        terminal.wait_for("› //delete 5")
        terminal.type(ENTER)
        assert client.receive(Say).text == "/delete 5\nвторая"
        terminal.paste("/who\rдва\r\rтри\r")  # as xterm, VTE and tmux send what has LF
        terminal.wait_for("  три")
        terminal.type(ENTER)
        assert client.receive(Say).text == "/who\nдва\n\nтри"
        terminal.type("/delete 5\rбез скобок\r")  # a terminal without bracketed paste
        terminal.wait_for(lambda _: terminal.cursor == (12, "  без скобок"))
        terminal.type(ENTER)
        assert client.receive(Say).text == "/delete 5\nбез скобок"
        for number in range(1, 30):
            client.send(message(number))
        terminal.wait_for("#29")
        assert b"\x1b[?2004l" not in terminal.received
        terminal.paste("х" * 17000)
        terminal.wait_for("Too long: 17000 characters, at most 4000")


def test_a_pasted_name_keeps_all_its_lines(room: FakeRoom) -> None:
    with client_at(room.address) as terminal:
        terminal.wait_for("Your name:")
        terminal.paste("Анна\rПетровна\r")
        terminal.type(ENTER)
        client = room.accept()
        assert client.welcome().name == "Анна Петровна"
        terminal.wait_for("You have joined")
        leave(terminal, client)


@pytest.mark.parametrize("keys", [CTRL_J, ALT_ENTER, "\x1b[13;2u", "\x1b[27;2;13~", "\x1b[13;5u"])
def test_keys_for_a_new_line(room: FakeRoom, keys: str) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("раз", keys)
        terminal.wait_for(lambda _: terminal.cursor == (2, ""))
        terminal.enter_line("два")
        assert client.receive(Say).text == "раз\nдва"


def test_leaving_is_asked_for_twice_and_a_draft_is_kept(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("черновик")
        terminal.wait_for("› черновик")
        terminal.type(CTRL_C)
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        terminal.type(UP)
        terminal.wait_for("› черновик")
        terminal.type(ENTER)
        unsent = client.receive(Say)
        terminal.wait_for("not sent yet: 1")
        terminal.type(CTRL_D)
        terminal.wait_for("not sent yet: 1 · Ctrl-D again leaves")
        client.ack(unsent.ref, 1)
        terminal.wait_for("черновик  #1")
        terminal.type(CTRL_C)
        terminal.wait_for("Ctrl-C again leaves")
        terminal.type("x")
        terminal.wait_for(lambda lines: not any("again" in line for line in lines))
        terminal.type("\x7f", CTRL_C)
        terminal.wait_for("Ctrl-C again leaves")
        terminal.type(CTRL_C)
        client.receive(Leave)
        client.send(Bye("left"))
        assert terminal.end() == 0


def test_a_draft_is_printed_when_the_room_ends_the_conversation(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("черновик")
        terminal.wait_for("› черновик")
        client.send(Bye("kicked"))
        assert terminal.end() == 1
        assert terminal.lines[-2:] == ["This was not sent:", "черновик"]


def test_a_long_draft_takes_half_the_screen(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", rows=12) as terminal:
        client = room.accept()
        client.welcome(text_limit=100)
        client.send(*(message(number) for number in range(1, 10)))
        terminal.wait_for("#9")
        terminal.type(CTRL_J.join(f"строка {number}" for number in range(15)))
        shown = ["05:43 Боря: сообщение 9  #9", *(f"строка {number}" for number in range(9, 15))]
        terminal.wait_for(lambda lines: [line.strip() for line in lines[-8:-1]] == shown)
        terminal.type(ENTER)
        too_long = "Too long: 139 characters, at most 100 are allowed."
        terminal.wait_for(lambda lines: lines[-2].startswith(too_long))
        terminal.type(*[UP] * 14)
        terminal.wait_for("› строка 0")


def key_draws(terminal: TerminalSession, text: str) -> int:
    """Type the last letter of a text, and return how many bytes were drawn until the text was seen."""
    before = len(terminal.received)
    terminal.type(text[-1])
    terminal.wait_for(f"› {text}")
    return len(terminal.received) - before


def test_only_what_has_changed_is_drawn(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        drawn = [key_draws(terminal, "слоны"[:number]) for number in range(1, 6)]
        assert min(drawn) < 20  # the others may fall together with the answer to a cursor position request
        terminal.wait_until_idle()
        terminal.type(CTRL_C)
        terminal.wait_for(lambda _: terminal.cursor[1] == "›")
        leave(terminal, client)


def test_the_focus_is_no_key_but_counts_as_one(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", TERM_PROGRAM="") as terminal:
        client = enter(room, terminal)

        def tell(number: int, *, focus: str) -> None:
            client.send(replace(message(number, text="@Анна, ты где?"), mentions=["Анна"]))
            terminal.wait_for(lambda lines: lines[-1].endswith("2 here · 1 new, 1 for you"))
            terminal.type(focus)
            terminal.wait_for(lambda lines: lines[-1].endswith("2 here"))

        terminal.type("чер", FOCUS_OUT, "но", FOCUS_IN, "вик")
        terminal.wait_for("› черновик")
        tell(1, focus=FOCUS_OUT)  # comes while the terminal has the focus
        tell(2, focus=FOCUS_IN)
        tell(3, focus=FOCUS_OUT)
        terminal.type(ENTER)
        client.ack(client.expect(Say("черновик")), 4)
        terminal.wait_for("черновик  #4")
        leave(terminal, client)
    without_titles = re.sub(rb"\x1b\][^\a]*\a", b"", terminal.received)
    assert without_titles.count(b"\a") == 1
    assert terminal.received.rfind(b"\x1b[?1004l") > terminal.received.rfind(b"\x1b[?1004h") > 0
