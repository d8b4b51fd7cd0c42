"""`oneroom run` as a process: on a terminal, and between pipes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pexpect
import psutil
import pytest

from cli_client.run import title_of
from tests.support.processes import ROOT, Program, running
from tests.support.timing import TIMEOUT


@pytest.fixture(scope="module")
def room() -> Iterator[Program]:
    with running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory") as program:
        yield program


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
        [sys.executable, *arguments(room, "sh", "-c", "trap 'echo caught; exit 5' TERM; echo on; sleep 100")],
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
