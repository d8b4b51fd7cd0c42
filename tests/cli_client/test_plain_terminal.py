"""The client in a terminal that cannot move its cursor: a plain prompt, and not a byte of control."""

import re

import pytest

from chat_protocol.messages import Authenticate, Bye, Error, Joined, Leave, Message, Role, Say
from tests.chat_client.fake_room import AT, FakeRoom
from tests.cli_client.terminal_session import CTRL_C, CTRL_D, TerminalSession, client_at

ENTER = "\n"
CONTROLS = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")  # all but CR and LF


def ended(terminal: TerminalSession) -> int:
    code = terminal.end()
    assert not CONTROLS.search(terminal.received.replace(b"^C", b"").replace(b"\x08", b""))
    return code


def test_texts_are_read_and_shown_line_by_line(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна", TERM="dumb") as terminal:
        client = room.accept()
        client.welcome(members=["Анна", "Боря"])
        terminal.wait_for("» 2 people here: Анна, Боря")
        terminal.wait_for(lambda _: terminal.cursor[1] == ">")
        client.send(Joined("Вера", AT), Message(1, AT, "Боря", "при**вет**"))
        terminal.wait_for("Боря: при**вет**  #1")
        assert any(line.endswith("→ Вера has joined") for line in terminal.lines)
        terminal.wait_for(lambda _: terminal.cursor[1] == ">")
        terminal.type("и тебе", ENTER)
        said = client.receive(Say)
        client.ack(said.ref, 2)
        terminal.wait_for("Анна: и тебе  #2")
        client.send(Joined("Глеб", AT))
        terminal.wait_for("→ Глеб has joined")  # without anything else
        terminal.type("/find ВЕТ", ENTER)
        terminal.wait_for("── ВЕТ: 1 in what was shown here ──")
        terminal.type("/find нет такого", ENTER)
        terminal.wait_for("✗ Not in what was shown here: нет такого.")
        terminal.type("/frobnicate", ENTER)
        terminal.wait_for("✗ There is no command /frobnicate")
        terminal.type("/who", ENTER)
        terminal.wait_for("» 4 people here")
        terminal.type(CTRL_D)
        client.expect(Leave())
        client.send(Bye("left"))
        assert ended(terminal) == 0
        assert terminal.lines[-1] == "See you!"


def test_it_asks_for_a_name_and_passwords_are_not_seen(room: FakeRoom) -> None:
    with client_at(room.address, TERM="dumb") as terminal:
        terminal.wait_for("Your name:")
        terminal.type("Анна", ENTER)
        room.refuse(Error("password_required", "?"))
        terminal.wait_for("The room's password:")
        terminal.type("секрет", ENTER)
        client = room.accept()
        client.welcome(members=["Анна"], moderated=True)
        terminal.wait_for("You have joined as Анна.")
        terminal.type("/moderator x", ENTER)
        terminal.wait_for("Moderator's password:")
        terminal.type("ключ", ENTER)
        assert client.receive(Authenticate).password == "ключ"
        client.send(Role(moderator=True))
        terminal.wait_for("You are a moderator now")
        terminal.type(CTRL_C)
        client.expect(Leave())
        client.send(Bye("left"))
        assert ended(terminal) == 0
        assert not {"секрет".encode(), "ключ".encode()} & set(terminal.received.split())


@pytest.mark.parametrize("reason", ["kicked", "banned"])
def test_the_room_can_end_it(room: FakeRoom, reason: str) -> None:
    with client_at(room.address, "--name", "Анна", TERM="dumb") as terminal:
        client = room.accept()
        client.welcome(members=["Анна"])
        terminal.wait_for("You have joined as Анна.")
        client.send(Bye(reason))
        assert ended(terminal) == 1
