"""Runs the bridges that are compared, and the room behind them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from benchmarks.native import build

_TIMEOUT = 30.0  # seconds for a program to start, or to end

TEXT, BINARY = 1, 2


@dataclass(frozen=True)
class Bridge:
    """How a bridge is started, and how a browser speaks to it."""

    name: str
    command: Callable[[int, int], Sequence[str]]
    """Makes the command that starts it, from the port to listen on and the room's port."""
    opcode: int | None = TEXT
    """The type of its WebSocket messages; None: it is spoken to like the room, without WebSocket."""
    terminator: bytes = b""
    """What a browser must add to each line, if the bridge does not."""
    max_sessions: int = 2000


OURS = Bridge(
    "Oneroom",
    lambda port, room: [
        *(sys.executable, "-m", "web_gateway", "--port", str(port)),
        *("--server", f"127.0.0.1:{room}", "--max-sessions", "2100"),
    ],
)
ASYNCIO = Bridge(
    "asyncio",
    lambda port, room: [sys.executable, "-m", "benchmarks.bridge.asyncio_proxy", str(port), str(room)],
)
WEBSOCKIFY = Bridge(
    "websockify",
    lambda port, room: [sys.executable, "-m", "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{room}"],
    opcode=BINARY,
    terminator=b"\n",
    max_sessions=500,  # it starts a process for each
)


LIMIT = Bridge("C limit", lambda port, room: [str(build("bridge/limit")), str(port), str(room)], opcode=None)


class Program:
    """A running program and its child processes."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    def _all(self) -> list[psutil.Process]:
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu(self) -> tuple[float, float]:
        """Return the CPU seconds used so far, in user mode and in the kernel."""
        times = [each.cpu_times() for each in self._all()]
        return sum(each.user for each in times), sum(each.system for each in times)

    def memory(self) -> int:
        """Return the proportional resident memory in KiB: shared pages count once."""
        return sum(_proportional(each.pid) for each in self._all())


def _proportional(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise LookupError(f"process {pid} has no memory")


@contextmanager
def room() -> Iterator[Program]:
    """Run the room without rate limits."""
    port = _free_port()
    command = [sys.executable, "-m", "tcp_server", "--host", "127.0.0.1", "--port", str(port)]
    with _running([*command, "--history", "memory"], port, {"ONEROOM_SERVER_RATE": "0"}) as program:
        yield program


@contextmanager
def running(bridge: Bridge, to: Program, websockify: str) -> Iterator[Program]:
    """Run a bridge to a room. `websockify` is the folder in which that program is installed."""
    port = _free_port()
    with _running(bridge.command(port, to.port), port, {"PYTHONPATH": websockify}) as program:
        yield program


@contextmanager
def _running(command: Sequence[str], port: int, environment: dict[str, str]) -> Iterator[Program]:
    # In a process group of its own, so that its children can be ended with it.
    process = subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_open(process, port)
        yield Program(process, port)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = monotonic() + _TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            if process.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"did not start: {process.args!r}") from None
            sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
