"""The client in shell scripts: what they pipe in, close, fill up and cut off."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from chat_protocol.messages import Bye, Error, Join, Say
from tests.chat_client.fake_room import FakeRoom, message
from tests.cli_client.test_pipe import answer_leave, run_pipe
from tests.cli_client.test_pipe import command as client_with
from tests.support.processes import ROOT, Program, running
from tests.support.raw import JsonClient, member
from tests.support.timing import TIMEOUT

_QUIET = client_with("pipe.QUIET_WAIT = 30.0")  # a busy machine may need long to close a pipe


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory", "--grace=0") as program:
        yield program


@pytest.fixture
def listener(program: Program) -> Iterator[JsonClient]:
    with member(program.address) as listener:
        yield listener


def shell(script: str, program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script, in which "$@" is the client, called cron, and its arguments."""
    client = (sys.executable, *_QUIET, str(program.address), "--name=cron", "--lang=en", *arguments)
    return subprocess.run(
        ("sh", "-c", script, "sh", *client),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def heard(listener: JsonClient) -> list[str]:
    """Return what the listener was sent, in short."""
    return [f"{event['type']} {event['name']} {event.get('text', '')}".strip() for event in listener.fence()]


# --- input ---------------------------------------------------------------------------


def test_a_few_lines_are_said_without_being_announced(program: Program, listener: JsonClient) -> None:
    done = shell(r'printf "раз\n\nдва" | "$@"', program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert heard(listener) == ["message cron раз", "message cron два"]


def test_a_hundred_lines_are_a_few(program: Program, listener: JsonClient) -> None:
    assert shell('seq 100 | "$@"', program).returncode == 0
    assert heard(listener) == [f"message cron {number}" for number in range(1, 101)]


def test_many_lines_are_said_by_a_member(program: Program, listener: JsonClient) -> None:
    done = shell('seq 150 | "$@"', program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    said = [f"message cron {number}" for number in range(1, 151)]
    assert heard(listener) == ["joined cron", *said, "left cron"]


@pytest.mark.parametrize("closed", ["<&-", "</dev/null", "<&- >&- 2>&-"])
def test_without_input_nothing_is_said(program: Program, listener: JsonClient, closed: str) -> None:
    done = shell(f'"$@" {closed}', program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert heard(listener) == []


def test_what_a_quiet_connection_may_not_say_any_more_is_said_by_a_member(room: FakeRoom) -> None:
    # Its state cannot be kept, and is not needed for this.
    arguments = (str(room.address), "--name", "Анна")
    with run_pipe(*arguments, command=_QUIET, XDG_STATE_HOME="/dev/null") as pipe:
        pipe.write("раз\nдва\n")
        pipe.stdin.close()
        client = room.accept()
        assert client.welcome(members=()).quiet
        client.ack(client.receive(Say).ref, 1)
        client.send(Bye("quiet"))
        client.close()
        client = room.accept()
        assert client.welcome() == Join("Анна", session="secret", history=0)
        say = client.receive(Say)
        assert say.text == "два"
        client.ack(say.ref, 2)
        answer_leave(client)
        assert pipe.end() == 0
        assert pipe.stderr.text.count("\n") == 1


def test_who_follows_does_not_read(program: Program, listener: JsonClient) -> None:
    with run_pipe(str(program.address), "--name", "cron", "--follow") as pipe:
        pipe.write("не для всех\n")
        pipe.stdin.close()
        listener.expect_json(type="joined", name="cron")
        listener.say_json(type="say", ref="1", text="привет")
        pipe.stdout.wait_for("Вера: привет\n")
        pipe.process.terminate()
        assert pipe.end() == 0
    listener.expect_json(type="ack")
    assert heard(listener) == ["left cron"]


# --- output --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('exec "$@" >/dev/full', "No space left on device"),
        ('ulimit -f 0; file=$(mktemp); exec "$@" >"$file"', "File too large"),
    ],
    ids=["full", "ulimit"],
)
def test_after_an_error_of_the_output_the_input_is_still_said(
    room: FakeRoom, script: str, reason: str
) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", script=script) as pipe:
        client = room.accept()
        client.welcome()
        client.send(message(1), message(2))
        pipe.stderr.wait_for(f"oneroom: the output cannot be written: {reason}\n")
        pipe.write("последнее")
        pipe.stdin.close()
        say = client.receive(Say)
        assert say.text == "последнее"
        client.ack(say.ref, 3)
        answer_leave(client)
        assert pipe.end() == 1


def test_who_only_follows_ends_after_an_error_of_the_output(room: FakeRoom) -> None:
    arguments = (str(room.address), "--name", "Анна", "--follow")
    with run_pipe(*arguments, script='exec "$@" >/dev/full') as pipe:
        client = room.accept()
        client.welcome()
        client.send(message(1))
        answer_leave(client)
        assert pipe.end() == 1


# --- time, and names -----------------------------------------------------------------


def test_after_the_timeout_it_gives_up(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", "--timeout", "0.5") as pipe:
        pipe.write("раз\n")
        room.accept().receive(Join)
        assert pipe.end() == 1
        assert pipe.stderr.text.startswith("oneroom: the time of --timeout is over\n")


def test_an_input_that_has_not_ended_in_time_was_not_all_sent(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", "--timeout", "2") as pipe:
        client = room.accept()
        client.welcome()
        answer_leave(client)
        assert pipe.end() == 1
        assert pipe.stderr.text == "oneroom: the time of --timeout is over\n"


def test_who_follows_for_some_time_has_not_failed(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--follow", "--timeout", "2") as pipe:
        client = room.accept()
        client.welcome()
        answer_leave(client)
        assert pipe.end() == 0


@pytest.mark.parametrize("timeout", ["0", "-1", "soon", "", "1e3"])
def test_a_timeout_is_a_number_of_seconds(program: Program, timeout: str) -> None:
    done = shell('"$@" </dev/null', program, f"--timeout={timeout}")
    assert done.returncode == 2
    assert done.stderr.startswith("oneroom: cannot understand the arguments: --timeout")


def test_a_taken_name_is_waited_for(room: FakeRoom) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", command=_QUIET) as pipe:
        pipe.write("раз\n")
        pipe.stdin.close()
        for _ in range(2):
            room.refuse(Error("name_taken", "?", suggestion="Анна 2"))
        client = room.accept()
        client.welcome()
        client.ack(client.receive(Say).ref, 1)
        answer_leave(client)
        assert pipe.end() == 0
        taken = "This name is taken (--or-similar takes one like it)"
        assert pipe.stderr.text == f"oneroom: {taken}; trying again\n"


def test_a_similar_name_is_taken_if_asked_for(program: Program) -> None:
    with JsonClient(program.address) as other:
        other.join("cron", history=0)
        done = shell('echo готово | "$@"', program, "--or-similar")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "oneroom: joined as cron 2\n")
        other.expect_json(type="message", name="cron 2", text="готово")
        other.leave()
