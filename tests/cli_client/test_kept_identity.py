"""The client is who it was in an earlier run."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from chat_client.identity import Identity, IdentityStore
from chat_protocol.messages import Bye, Join, Leave, Position
from tests.chat_client.fake_room import FakeRoom, message
from tests.cli_client.terminal_session import ENTER, client_at, enter, leave
from tests.cli_client.test_pipe import answer_leave, run_pipe
from tests.support.processes import ROOT, Program, running
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT


@pytest.fixture
def program() -> Iterator[Program]:
    with running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory") as program:
        yield program


def test_after_a_crash_one_is_oneself_again(program: Program) -> None:
    with JsonClient(program.address) as other:
        other.join("Вера")
        with client_at(program.address, "--name", "Анна") as terminal:
            terminal.wait_for("2 here")
            terminal.process.kill()
        with client_at(program.address) as terminal:  # without a name: the last one
            terminal.wait_for("You have joined as Анна.")
            terminal.type("/quit", ENTER)
            assert terminal.end() == 0
        kinds = [(event["type"], event["name"]) for event in other.fence()]
        assert kinds == [("joined", "Анна"), ("left", "Анна")]


def test_two_clients_are_one_person(program: Program) -> None:
    with (
        client_at(program.address, "--name", "Анна") as desk,
        JsonClient(program.address) as other,
    ):
        desk.wait_for("You have joined as Анна.")
        assert other.join("Вера")["members"] == ["Анна", "Вера"]
        with run_pipe(str(program.address), "--name", "анна") as script:
            script.write("со скрипта\n")
            other.expect_json(type="message", name="Анна", text="со скрипта")
            desk.wait_for("Анна: со скрипта")
            script.stdin.close()
            assert script.end() == 0
        desk.type("/quit", ENTER)
        assert desk.end() == 0
        other.expect_json(type="left", name="Анна")


def test_the_unread_line_stands_where_one_stopped(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        client.send(message(1), message(2))
        terminal.wait_for("#2")
        leave(terminal, client)
    with client_at(room.address) as terminal:
        client = room.accept()
        join = client.welcome(messages=[message(number) for number in range(1, 5)])
        assert join == Join("Анна", session="secret", history=50)
        lines = terminal.wait_for("You have joined")
        (unread,) = (at for at, line in enumerate(lines) if "unread" in line)
        assert "#2" in lines[unread - 1]
        assert "#3" in lines[unread + 1]
        leave(terminal, client)
    with client_at(room.address) as terminal:
        client = room.accept()
        client.welcome(messages=[message(4)])
        assert not any("unread" in line for line in terminal.wait_for("You have joined"))
        leave(terminal, client)
    with client_at(room.address) as terminal:
        client = room.accept()
        client.welcome(epoch="another log", messages=[message(9)])
        assert not any("unread" in line for line in terminal.wait_for("You have joined"))
        leave(terminal, client)


def test_what_a_script_was_sent_is_still_unread(room: FakeRoom) -> None:
    IdentityStore(room.address, tls=False).save(Identity("Анна", "secret", Position("e1", 2)))
    with run_pipe(str(room.address), "--name", "Анна", "--follow") as pipe:
        client = room.accept()
        assert client.welcome(last=2) == Join("Анна", session="secret", history=0)
        client.send(message(3))
        pipe.stdout.wait_for("сообщение 3")
        pipe.process.terminate()
        answer_leave(client)
        assert pipe.end() == 0
    kept = IdentityStore(room.address, tls=False).load("Анна")
    assert kept
    assert kept.read == Position("e1", 2)


def test_forget(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("/forget", ENTER)
        terminal.wait_for("Forgotten")
        leave(terminal, client, forget=True)
    with client_at(room.address) as terminal:
        terminal.wait_for("Your name:")
        terminal.type("Анна", ENTER)
        client = room.accept()
        assert client.welcome().session != "secret"
        terminal.wait_for("You have joined")
        leave(terminal, client)


def test_leaving_for_good_on_another_device_forgets_here_too(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        client.send(Bye("left_elsewhere"))
        terminal.wait_for("You left the chat on another device.")
    assert IdentityStore(room.address, tls=False).load("Анна") is None


@pytest.mark.parametrize(("state", "reason"), [("/dev/null", "Not a directory"), ("/proc", "")])
def test_where_nothing_can_be_kept_the_client_says_so_and_goes_on(
    room: FakeRoom, state: str, reason: str
) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", XDG_STATE_HOME=state) as pipe:
        client = room.accept()
        client.welcome()
        told = pipe.stderr.wait_for("\n")
        assert told.startswith("oneroom: Who you are and what you have read is not kept: " + state)
        assert reason in told
        client.send(Bye("kicked"))
        assert pipe.end() == 1
        assert pipe.stderr.text.count("not kept") == 1


def test_a_user_without_a_home_is_told(room: FakeRoom) -> None:
    code = "import os; os.getuid = lambda: 2**31 - 7; from cli_client.cli import main; main()"
    environment = {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        (sys.executable, "-c", code, str(room.address), "--name=Анна"),
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        client = room.accept()
        client.welcome()
        client.receive(Leave)
        client.send(Bye("left"))
        _, told = process.communicate(timeout=TIMEOUT)
        assert b"is not kept: /dev/null/oneroom" in told
        assert b"Traceback" not in told
