"""Measures how soon our programs are ready after they were started: `make bench-start`.

A terminal is ready when its prompt is drawn, the filter when the first line of its input has come to the
room, a server when it has answered its first connection. They are started as the installed commands are,
with everything compiled. All take turns, also those of another checkout, and Python importing what a terminal
client cannot do without, which is ready when it ends. Prints medians: of the time, and of the CPU that all
threads of all processes have used by then, which depends less on what else the machine does.
"""

import argparse
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import psutil

from benchmarks.native import ROOT
from benchmarks.terminal.feeds import Room
from tests.support.processes import find_address

_IMPORTS: Final = "import prompt_toolkit.shortcuts, msgspec"
_LINE: Final = b"the first line of input"
_PROMPT: Final = "› ".encode()
_TIMEOUT: Final = 20.0  # seconds


class Start(NamedTuple):
    """Milliseconds from the start of a process until it is ready."""

    wall: float
    cpu: float


Measure = Callable[[Path], Start]
"""Starts a program of the checkout in a directory, waits until it is ready, and ends it."""


def _script(module: str) -> list[str]:
    """Return a command that does what the installed one does."""
    return [sys.executable, "-c", f"import sys; from {module}.__main__ import main; sys.exit(main())"]


@contextmanager
def _running(
    command: Sequence[str], directory: Path, stdin: int, stdout: int
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], Start]]]:
    """Run a program during the block; the function that comes with it says that it is ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=directory,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,  # the log of a server
        start_new_session=True,
    )

    def ready() -> Start:
        wall = time.perf_counter() - began
        family = (process.pid, *(child.pid for child in psutil.Process(process.pid).children()))
        # The kernel's number for the CPU clock of another process: `man 2 clock_getres`.
        return Start(1000 * wall, 1000 * sum(time.clock_gettime((~pid << 3) | 2) for pid in family))

    try:
        yield process, ready
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _to_end(code: str) -> Start:
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code])
    used = os.wait4(process.pid, 0)[2]
    process.returncode = 0
    return Start(1000 * (time.perf_counter() - began), 1000 * (used.ru_utime + used.ru_stime))


def _terminal(directory: Path) -> Start:
    room = Room()
    ours, theirs = pty.openpty()
    command = [*_script("cli_client"), f"127.0.0.1:{room.port}", "--name", "bench"]
    try:
        with _running(command, directory, theirs, theirs) as (_, ready):
            shown = b""
            while _PROMPT not in shown:
                shown += os.read(ours, 65536)
            took = ready()
            room.accept()
            return took
    finally:
        os.close(ours)
        os.close(theirs)
        room.close()


def _filter(directory: Path) -> Start:
    room = Room()
    command = [*_script("cli_client"), f"127.0.0.1:{room.port}", "--name", "bench"]
    try:
        with _running(command, directory, subprocess.PIPE, subprocess.DEVNULL) as (process, ready):
            assert process.stdin
            process.stdin.write(_LINE + b"\n")
            process.stdin.close()
            process.stdin = None
            room.enter()
            received = b""
            while _LINE not in received:
                received += room.socket.recv(65536)
            return ready()
    finally:
        room.close()


def _server(module: str, directory: Path) -> Start:
    command = [*_script(module), "--port", "0"]
    with _running(command, directory, subprocess.DEVNULL, subprocess.PIPE) as (process, ready):
        assert process.stdout
        address = find_address(process.stdout.readline().decode())
        with socket.create_connection(address, _TIMEOUT) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
            return ready()


_PROGRAMS: Final[dict[str, Measure]] = {
    "terminal": _terminal,
    "filter": _filter,
    "server": partial(_server, "tcp_server"),
    "gateway": partial(_server, "web_gateway"),
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--base", type=Path, metavar="CHECKOUT", help="another checkout, measured too")
    parser.add_argument("--times", type=int, default=30, help="starts of each (default: %(default)s)")
    options = parser.parse_args()
    starts: dict[str, Callable[[], Start]] = {
        "`python -c pass`": partial(_to_end, "pass"),
        f"`python -c '{_IMPORTS}'`": partial(_to_end, _IMPORTS),
    }
    for name, measure in _PROGRAMS.items():
        starts[name] = partial(measure, ROOT)
        if options.base:
            starts[f"{name}, {options.base.name}"] = partial(measure, options.base)
    measured: dict[str, list[Start]] = {name: [] for name in starts}
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(
            HOME=home, XDG_STATE_HOME=home, XDG_DATA_HOME=home, TERM="xterm-256color", LANG="C.UTF-8"
        )
        os.environ["ONEROOM_SERVER_HISTORY"] = "memory"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(-1, options.times):  # the first turn compiles
            for name, start in starts.items():
                measured[name] += [start()][turn < 0 :]
    print("| | ms | CPU, ms |\n|---|--:|--:|")
    for name, took in measured.items():
        wall, cpu = median(each.wall for each in took), median(each.cpu for each in took)
        print(f"| {name} | {wall:.0f} | {cpu:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
