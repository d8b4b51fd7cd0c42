"""Our programs, run the way their users run them: a real process, found by its one address line."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import IO

from chat_protocol.address import Address, parse_address
from tests.support.forks import Fork, fork
from tests.support.timing import TIMEOUT

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / os.environ.get("ONEROOM_PROGRAMS", "")
"""The folder that the programs are started from: the checkout, or an unpacked wheel (`make long`)."""

_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.%]+\]|[\w.-]+):\d+")
_CRASH = re.compile(r"^Traceback|^Exception ignored|^Fatal Python error", re.MULTILINE)


def find_address(line: str) -> Address:
    """Return the first HOST:PORT in what a program says of itself, "any address" read as this machine."""
    found = _ADDRESS.search(line)
    assert found is not None, f"no address in {line!r}"
    host, port = parse_address(found.group())
    return Address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)


class Output:
    """What a process writes to one of its pipes, collected so that it never fills up.

    A daemon thread reads; `text` and `wait_for` may be called from any thread.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._changed = threading.Condition()  # guards the two below
        self._received = b""
        self._ended = False
        self._reader = threading.Thread(target=self._collect, name="output", daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), 65536):
                with self._changed:
                    self._received += chunk
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        """All that was written so far."""
        with self._changed:
            return self._received.decode(errors="replace")

    def wait_for(self, found: Callable[[str], bool] | str, within: float = TIMEOUT) -> str:
        """Wait until the text so far satisfies `found` (or contains it) and return that text.

        Raises `AssertionError` at the deadline, or when the pipe ends before.
        """
        satisfied = found if callable(found) else lambda text: found in text
        deadline = monotonic() + within
        with self._changed:
            while True:
                text = self._received.decode(errors="replace")
                if satisfied(text):
                    return text
                assert not self._ended, f"ended without what was waited for:\n{text}"
                left = deadline - monotonic()
                assert left > 0, f"not written within {within} s; so far:\n{text}"
                self._changed.wait(left)

    def join(self, within: float = TIMEOUT) -> None:
        """Wait until the pipe has ended; a grandchild that keeps it open is an error."""
        self._reader.join(within)
        assert not self._reader.is_alive(), "someone still holds the output of an ended process"


Process = subprocess.Popen[bytes] | Fork


class Program:
    """A running program of ours. Use `running` to start one."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.stdout = Output(process.stdout)
        self.stderr = Output(process.stderr)

    @property
    def line(self) -> str:
        """The one line that says where the program serves."""
        return self.stdout.text.partition("\n")[0]

    @property
    def address(self) -> Address:
        """Where to reach it."""
        return find_address(self.line)

    @property
    def port(self) -> int:
        """The port it serves on."""
        return self.address.port

    def wait(self, within: float = TIMEOUT) -> int:
        """Wait for the program to end by itself; return its exit code, output collected."""
        code = self.process.wait(within)
        self.stdout.join()
        self.stderr.join()
        return code

    def stop(self, with_signal: signal.Signals = signal.SIGTERM, within: float = TIMEOUT) -> int:
        """Ask it to end, as Ctrl-C (SIGINT) or an init system (SIGTERM) would; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.wait(within)

    def kill(self) -> None:
        """End it at once, as power loss would (`kill -9`)."""
        self.process.kill()
        self.wait()

    def assert_no_crash(self) -> None:
        """Fail if anything was printed that only a programmer could want to read."""
        assert not _CRASH.search(self.stderr.text), self.stderr.text
        assert not _CRASH.search(self.stdout.text), self.stdout.text


def start(
    *arguments: str | os.PathLike[str], cwd: Path = PROGRAMS, env: Mapping[str, str] | None = None
) -> Program:
    """Start a command; who calls this ends it. `env` is added to the environment."""
    environment = os.environ | (env or {})
    process = fork(tuple(map(str, arguments)), cwd, environment) or subprocess.Popen(
        arguments,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return Program(process)


def run(
    *arguments: str | os.PathLike[str], cwd: Path = PROGRAMS, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    program = start(*arguments, cwd=cwd, env=env)
    try:
        code = program.wait()
    finally:
        program.kill()
    return subprocess.CompletedProcess(arguments, code, program.stdout.text, program.stderr.text)


def start_in_terminal(command: tuple[str, ...], terminal: int, env: Mapping[str, str]) -> Process:
    """Start a command in a session of its own that this terminal controls, with this environment."""
    return fork(command, PROGRAMS, env, terminal) or subprocess.Popen(
        command,
        cwd=PROGRAMS,
        env=env,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - takes no lock
    )


@contextmanager
def running(
    module: str,
    *arguments: str,
    python: str | os.PathLike[str] = sys.executable,
    cwd: Path = PROGRAMS,
    env: Mapping[str, str] | None = None,
    ready_within: float = TIMEOUT,
) -> Iterator[Program]:
    """Run `python -m module arguments…` until the block ends, then SIGTERM it.

    Enters the block once the address line is there. Leaving it fails if the program
    does not end in time or has printed a traceback; that it ended with another exit
    code than 0 fails too, unless the block ended it itself.
    """
    program = start(python, "-m", module, *arguments, cwd=cwd, env=env)
    try:
        try:
            program.stdout.wait_for("\n", ready_within)
        except AssertionError as error:
            program.kill()
            raise AssertionError(f"{module} did not start: {error}\n{program.stderr.text}") from None
        yield program
        if program.process.returncode is None:
            code = program.stop()
            assert code == 0, f"{module} ended with {code}:\n{program.stderr.text}"
    finally:
        if program.process.poll() is None:
            program.kill()
    program.assert_no_crash()
