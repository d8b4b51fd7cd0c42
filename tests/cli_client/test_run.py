"""`oneroom run` as a process: on a terminal, and between pipes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from chat_client.output_filter import OutputFilter
from chat_protocol.live import MAX_KEPT
from chat_protocol.sgr import without_colours
from cli_client.live_text import for_terminal
from cli_client.run import title_of
from tests.support.processes import ROOT, Program, running
from tests.support.raw import JsonClient, member
from tests.support.timing import TIMEOUT

_IMPATIENT = (
    "import sys; from cli_client import cli, live_output; live_output._UNREACHED_TIMEOUT = 0.1; "
    "sys.exit(cli.main())"
)


_BROKEN = (
    "import sys; from chat_client.output_filter import OutputFilter; from cli_client import cli; "
    "OutputFilter.feed = lambda *_: 1 / 0; sys.exit(cli.main())"
)


@pytest.fixture(scope="module")
def room() -> Iterator[Program]:
    with running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory", "--grace=0.5") as program:
        yield program


@pytest.fixture
def person(room: Program) -> Iterator[JsonClient]:
    with member(room.address) as person:
        yield person


def ended(person: JsonClient) -> dict[str, Any]:
    """Return the next live message that has ended."""
    message: dict[str, Any] = until(person, type="changed", act="end")["message"]
    return message


def until(person: JsonClient, **fields: Any) -> dict[str, Any]:
    """Return the next event with these fields."""
    while not fields.items() <= (event := person.read_json()).items():
        pass
    return event


def arguments(room: Program, *command: str) -> list[str]:
    return ["-m", "cli_client", "run", str(room.address), "--name=ci", "--lang=en", "--", *command]


def run(
    room: Program, *command: str, stdin: str = "", before: str = 'exec "$@"'
) -> subprocess.CompletedProcess[str]:
    """Run a command in the room between pipes."""
    return subprocess.run(
        ["sh", "-c", before, "sh", sys.executable, *arguments(room, *command)],
        cwd=ROOT,
        env=os.environ | {"LC_ALL": "C.UTF-8", "ONEROOM_NAME": "ci"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def run_with(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the client as a script of Python, without a terminal."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def on_terminal(room: Program, *command: str) -> "pexpect.spawn[str]":
    return pexpect.spawn(
        sys.executable,
        arguments(room, *command),
        cwd=str(ROOT),
        encoding="utf-8",
        timeout=TIMEOUT,
        dimensions=(31, 97),
        env=os.environ | {"LC_ALL": "C.UTF-8", "PS1": "$ "},
    )


@pytest.mark.parametrize(
    ("command", "title"),
    [
        (("make", "test"), "make test"),
        (("/usr/bin/make", "-j4", "test"), "make"),
        (("deploy", "prod", "--password", "x"), "deploy prod"),
        (("python", "-c", "secret"), "python"),
    ],
)
def test_a_title_has_nothing_behind_an_option(command: tuple[str, ...], title: str) -> None:
    assert title_of(command) == title


@pytest.mark.parametrize(
    ("script", "code", "printed"),
    [
        ("printf 'a\\nb\\033[31m'; exit 3", 3, "a\nb\x1b[31m"),
        ("test -t 1 && echo a terminal", 0, "a terminal\n"),
        ("kill -TERM $$", 143, ""),
        ("cat", 0, "typed\n"),
        ("sleep 100 & echo done", 0, "done\n"),
    ],
)
def test_between_pipes(room: Program, script: str, code: int, printed: str) -> None:
    done = run(room, "sh", "-c", script, stdin="typed\n")
    assert (done.returncode, done.stdout) == (code, printed)


def test_what_cannot_be_run_has_the_code_of_a_shell(room: Program, tmp_path: Path) -> None:
    done = run(room, "no-such-program")
    assert (done.returncode, done.stdout) == (127, "oneroom: no-such-program: No such file or directory\n")
    assert run(room, str(tmp_path)).returncode == 126


def test_a_reader_that_has_enough_ends_the_command(room: Program) -> None:
    done = run(room, "yes", before='"$@" | head -n 1')
    assert done.stdout == "y\n"


def test_signals_reach_the_command(room: Program) -> None:
    with subprocess.Popen(
        [
            sys.executable,
            *arguments(
                room, "sh", "-c", "trap 'echo caught; exit 5' TERM; echo on; while :; do sleep 0.05; done"
            ),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"on\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read().endswith(b"caught\n")
        assert process.wait(TIMEOUT) == 5


def test_the_command_dies_with_its_runner(room: Program) -> None:
    with subprocess.Popen(
        [sys.executable, *arguments(room, "sh", "-c", "echo $$; exec sleep 100")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        command = psutil.Process(int(process.stdout.readline()))
        process.kill()
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            command.wait(TIMEOUT)
        assert not command.is_running() or command.status() == psutil.STATUS_ZOMBIE


def test_on_a_terminal_it_is_as_without_it(room: Program) -> None:
    shell = on_terminal(room, "sh", "-c", "stty size; read x; echo got $x; read y; stty size; read z")
    shell.expect_exact("31 97\r\n")
    shell.sendline("слон")
    shell.expect_exact("слон\r\ngot слон\r\n")
    shell.setwinsize(20, 60)
    shell.sendline("")
    shell.expect_exact("20 60\r\n")
    shell.sendintr()
    shell.expect(pexpect.EOF)
    shell.wait()
    assert shell.exitstatus == 130


def test_job_control(room: Program) -> None:
    shell = pexpect.spawn(
        "bash",
        ["--norc", "-i"],
        cwd=str(ROOT),
        encoding="utf-8",
        timeout=TIMEOUT,
        env=os.environ | {"LC_ALL": "C.UTF-8", "PS1": "$ "},
    )
    shell.expect_exact("$ ")
    command = " ".join(f"'{word}'" for word in arguments(room, "sh", "-c", "echo on; read x; echo got $x"))
    shell.sendline(f"{sys.executable} {command}")
    shell.expect_exact("\ron\r\n")
    shell.sendcontrol("z")
    shell.expect_exact("Stopped")
    shell.sendline("echo still $((1 + 1))")
    shell.expect_exact("still 2\r\n")
    shell.sendline("fg")
    shell.sendline("again")
    shell.expect_exact("got again\r\n")
    shell.sendline("exit 0")
    shell.expect(pexpect.EOF)
    shell.close()


def get(room: Program, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "cli_client",
            "get",
            f"--server={room.address}",
            "--name=q",
            "--lang=en",
            *options,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def test_the_room_has_what_the_command_wrote(room: Program, person: JsonClient) -> None:
    written = "\x1b[31mкрасный\nстрока\x1b[0m\n 50 %\r100 %\nlast"
    assert run(room, "printf", "%s", written).returncode == 0
    message = ended(person)
    assert message["text"].startswith("printf %s")
    assert (message["live"]["state"], message["live"]["code"]) == ("done", 0)
    output = OutputFilter()
    lines = output.feed(written.encode()) + output.finish()
    number = str(message["id"])
    assert get(room, number, "--color=always").stdout == for_terminal(lines, colours=True)
    assert get(room, number).stdout == without_colours(lines)


def test_a_flood_has_its_first_and_its_last_lines(room: Program, person: JsonClient) -> None:
    whole = "".join(f"{number}\n" for number in range(1, 600_001))
    assert run(room, "seq", "600000").stdout == whole
    message = ended(person)
    assert message["live"]["state"] == "done"
    got = get(room, f"#{message['id']}").stdout
    head, _, last = got.partition("[… ")
    last = last.partition("]\n")[2]
    assert whole.startswith(head)
    assert whole.endswith(last)
    assert min(len(head), len(last)) > MAX_KEPT - 100


def test_who_follows_gets_it_to_its_end(room: Program, person: JsonClient) -> None:
    with subprocess.Popen(
        [sys.executable, *arguments(room, "sh", "-c", "echo one; read x; echo two")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        started = until(person, type="message", kind="live")
        with subprocess.Popen(
            [
                sys.executable,
                "-m",
                "cli_client",
                "get",
                f"--server={room.address}",
                "--name=q",
                "--follow",
                str(started["id"]),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        ) as follower:
            assert follower.stdout
            assert follower.stdout.readline() == b"one\n"
            assert process.stdin
            process.stdin.close()
            assert follower.stdout.read() == b"two\n"
            assert follower.wait(TIMEOUT) == 0


def test_a_pipe_is_a_live_message_without_a_code(room: Program, person: JsonClient) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli_client", str(room.address), "--name=ci", "--live", "build"],
        cwd=ROOT,
        input="one\ntwo\n",
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "one\ntwo\n", "")
    message = ended(person)
    assert (message["text"], message["live"]["state"], message["live"]["last"]) == (
        "build",
        "done",
        "one\ntwo\n",
    )
    assert "code" not in message["live"]


@pytest.mark.parametrize(("is_pipe", "code"), [(False, 0), (True, 1)])
def test_an_output_that_cannot_be_written_is_told(
    room: Program, person: JsonClient, *, is_pipe: bool, code: int
) -> None:
    """The exit code of `run` is that of the command all the same, and the room has the output."""
    build = ["-m", "cli_client", str(room.address), "--name=ci", "--lang=en", "--live", "build"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, *(build if is_pipe else arguments(room, "echo", "one"))],
            cwd=ROOT,
            input="one\n",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    told = "oneroom: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (code, told)
    assert ended(person)["live"]["last"] == "one\n"


def test_a_runner_that_is_killed_leaves_a_lost_message(room: Program, person: JsonClient) -> None:
    with subprocess.Popen(
        [sys.executable, *arguments(room, "sh", "-c", "echo on; sleep 100")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        until(person, type="preview")
        process.kill()
    assert ended(person)["live"]["state"] == "lost"


def test_without_a_room_the_command_runs_and_it_is_told() -> None:
    command = ("--", "sh", "-c", "echo works; exit 4")
    done = run_with(_IMPATIENT, "run", "127.0.0.1:1", "--name=ci", "--lang=en", *command)
    assert (done.returncode, done.stdout) == (4, "works\n")
    first, last = done.stderr.splitlines()
    assert first.startswith("oneroom: No room is running at 127.0.0.1:1")
    assert last.startswith("oneroom: the room has not got all of the output")


def test_what_is_no_live_message_cannot_be_got(room: Program) -> None:
    done = get(room, "999999")
    assert (done.returncode, done.stderr) == (3, "oneroom: #999999 is no live message\n")


def test_an_error_of_our_own_is_told_and_the_code_is_that_of_the_command(
    room: Program, person: JsonClient
) -> None:
    done = run_with(_BROKEN, *arguments(room, "sh", "-c", "echo works; exit 3")[2:])
    assert (done.returncode, done.stdout) == (3, "works\n")
    assert "not got all of the output: an error in this program (ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert ended(person)["live"]["state"] == "failed"
