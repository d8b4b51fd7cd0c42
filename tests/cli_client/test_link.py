"""One person in two terminals, by a one-time code."""

import re
import socket
from pathlib import Path

import pytest

from chat_protocol.address import Address
from chat_protocol.messages import Error, Join, Link
from tests.chat_client.fake_room import CAN, FakeRoom, message
from tests.cli_client.terminal_session import ENTER, client_at, enter, leave
from tests.cli_client.test_pipe import run_pipe
from tests.support.processes import running
from tests.support.raw import PROMPT, JsonClient
from tests.support.timing import TIMEOUT


def test_a_second_terminal_is_the_same_person_and_stays_so(tmp_path: Path) -> None:
    elsewhere = str(tmp_path)
    with (
        running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory") as room,
        JsonClient(room.address) as other,
        client_at(room.address, "--name", "Анна") as first,
    ):
        first.wait_for("You have joined as Анна.")
        first.type("превет", ENTER)
        first.wait_for("Анна: превет")
        assert other.join("Вера")["members"] == ["Анна", "Вера"]
        first.wait_for("2 here")
        first.type("/link", ENTER)
        shown = "\n".join(first.wait_for("#code="))
        command = re.search(r"oneroom (\S+) --code (\S+)", shown)
        assert command
        assert command[1] == str(room.address)
        with client_at(room.address, "--code", command[2], XDG_STATE_HOME=elsewhere) as second:
            second.wait_for("You have joined as Анна.")
            second.type("s/пре/при/", ENTER)
            first.wait_for("#1 Анна: привет")
            second.type("/quit", ENTER)
            assert second.end() == 0
        with client_at(room.address, XDG_STATE_HOME=elsewhere) as second:  # without a name or a code
            assert not any("unread" in line for line in second.wait_for("You have joined as Анна."))
            second.type("/delete #1", ENTER)
            first.wait_for("message deleted")
        kinds = {event["type"] for event in other.fence()}
        assert kinds == {"changed"}
        with client_at(room.address, "--code", command[2], XDG_STATE_HOME=elsewhere) as late:
            late.wait_for("The code is wrong, used or too old.")
            assert late.end() == 2


def test_whose_first_welcome_is_lost_comes_back_with_the_code_that_is_used() -> None:
    with (
        running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory") as room,
        JsonClient(room.address) as first,
        socket.create_server(("127.0.0.1", 0)) as cable,
    ):
        first.join("Анна")
        first.say_json(type="link")
        code = first.expect_json(type="link")["code"]
        cable.settimeout(TIMEOUT)
        with client_at(Address(*cable.getsockname()), "--code", code) as second:
            for is_cut in (True, False):
                near, far = cable.accept()[0], JsonClient(room.address)
                with near, far:
                    near.sendall(far.read_until(PROMPT))
                    far.send(near.recv(65536))
                    welcome = far.read_until("\n")
                    assert b'"welcome"' in welcome, welcome
                    if not is_cut:
                        near.sendall(welcome)
                        second.wait_for("You have joined as Анна.")


def test_a_room_that_knows_no_codes_is_not_asked(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("/link", ENTER)
        terminal.wait_for("This room cannot do that.")
        terminal.type("\x03")  # it is still in the input line
        leave(terminal, client)


def test_what_the_room_refuses_is_said_with_the_command(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = room.accept()
        client.welcome(can=(*CAN, "link"), messages=[message(3)])
        terminal.wait_for("1 here")
        terminal.type("/link", ENTER)
        client.answer(client.expect(Link(read=3)), Error("unavailable", "later"))
        terminal.wait_for("/link")
        leave(terminal, client)


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_a_script_is_told_that_its_code_is_wrong(room: FakeRoom, lang: str) -> None:
    with run_pipe(str(room.address), "--code", "7qx4m2pk", "--lang", lang) as script:
        script.stdin.close()
        join = room.accept()
        wanted = join.receive(Join)
        assert (wanted.name, wanted.code) == ("", "7qx4m2pk")
        join.answer(wanted.ref, Error("bad_code", "the code is wrong, used, or too old"))
        assert script.end() == 2
        assert "/link" in script.stderr.text
