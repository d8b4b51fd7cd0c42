"""Our programs started by forking a Python that has imported them, which is a tenth of the work of a start.

A run of the tests starts them six hundred times. `make long` starts each as its users do.
"""

import atexit
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from tests.support import surroundings
from tests.support.timing import IS_LONG

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAMS = ("tcp_server", "web_gateway", "cli_client")
# Nothing that Python itself or a library of C reads when it starts.
_OURS = re.compile(r"ONEROOM_\w+|XDG_\w+|PYTEST_CURRENT_TEST|TERM|NO_COLOR")
_MAY_FORK = not (
    IS_LONG
    or not hasattr(os, "pidfd_open")
    or any(name.startswith("COVERAGE_PROCESS_") for name in os.environ)  # it begins where Python starts
)
_LARGEST = 2**20  # bytes of a message


class Fork:
    """A process that was started by forking; it has what our tests use of a `subprocess.Popen`.

    Any thread may call its methods.
    """

    def __init__(self, pipe: int, stdout: BinaryIO | None = None, stderr: BinaryIO | None = None) -> None:
        """Own the pipe on which `forking_python.py` says the process id, then the exit code."""
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._pipe = pipe
        self._waiting = threading.Lock()  # guards the exit code and the pipe
        self.pid = self._read()

    def _read(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            read = os.read(self._pipe, 1)
            assert read, "the Python that forks has ended"
            line += read
        return int(line)

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Return the exit code once the process has ended. Raises `subprocess.TimeoutExpired`."""
        deadline = monotonic() + timeout
        late = subprocess.TimeoutExpired(str(self.pid), timeout)
        if not self._waiting.acquire(timeout=timeout):
            raise late
        try:
            if self.returncode is None:
                ended = select.poll()
                ended.register(self._pipe, select.POLLIN)
                if not ended.poll(max(0.0, deadline - monotonic()) * 1000):
                    raise late
                self.returncode = self._read()
                os.close(self._pipe)
            return self.returncode
        finally:
            self._waiting.release()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has, this moment
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


class _ForkingPython:
    """A process of `forking_python.py`. It lives as long as this process."""

    def __init__(self, module: str) -> None:
        # Not that of the test that is the first to start the program: it would be the only one that can.
        self._environment = surroundings.settled
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)
        self.socket = ours
        command = (sys.executable, "-m", "tests.support.forking_python", module)
        with theirs:
            # The new processes write into pipes, and Python notes at its start whether it can seek.
            self.process = subprocess.Popen(
                command, cwd=_ROOT, env=self._environment, stdin=theirs.fileno(), stdout=theirs.fileno()
            )

    def can_be(self, environment: Mapping[str, str]) -> bool:
        """Return whether only settings of our own differ between its environment and this one."""
        differing = dict(self._environment.items() ^ environment.items())
        return all(map(_OURS.fullmatch, differing))

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], terminal: int | None) -> Fork:
        """Start the program. Any thread may call this."""
        message = json.dumps((arguments, dict(environment))).encode()
        said, answer = os.pipe()
        if terminal is not None:
            socket.send_fds(self.socket, [message], (terminal, terminal, answer))
            os.close(answer)
            return Fork(said)
        stdout, its_stdout = os.pipe()
        stderr, its_stderr = os.pipe()
        theirs = (its_stdout, its_stderr, answer)
        socket.send_fds(self.socket, [message], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        return Fork(said, os.fdopen(stdout, "rb"), os.fdopen(stderr, "rb"))

    def close(self) -> None:
        """End it, and all that it has started."""
        self.socket.close()
        self.process.wait()


_forking: dict[str, _ForkingPython] = {}
_starting = threading.Lock()  # guards the above


def fork(
    command: tuple[str, ...], cwd: Path, environment: Mapping[str, str], terminal: int | None = None
) -> Fork | None:
    """Start one of our programs, or return None if this start has to be a real one.

    Its output goes to pipes, or to a terminal, which it then also reads from and is controlled by.
    """
    module = command[2] if command[:2] == (sys.executable, "-m") else ""
    if cwd != _ROOT or module not in _PROGRAMS or not _MAY_FORK:
        return None
    if "PYTEST_CURRENT_TEST" not in environment:  # a benchmark
        return None
    with _starting:
        if module not in _forking:
            _forking[module] = _ForkingPython(module)
            atexit.register(_forking[module].close)
    forking = _forking[module]
    if not forking.can_be(environment):
        return None
    return forking.start(command[3:], environment, terminal)


def kept() -> dict[int, int]:
    """Return what is kept for the next start: processes, and the descriptor to each."""
    return {python.process.pid: python.socket.fileno() for python in list(_forking.values())}
