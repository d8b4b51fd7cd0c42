"""The bridges that are compared, and the room behind them, as running processes."""

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

_PATIENCE = 30.0  # seconds a program has to start, or to end

TEXT, BINARY = 1, 2


@dataclass(frozen=True)
class Bridge:
    """How a bridge is started, and how a browser speaks with it."""

    name: str
    command: Callable[[int, int], Sequence[str]]
    """Makes the command from the port to listen on and the room's port."""
    opcode: int | None = TEXT
    """None: it is spoken to as the room itself is, without WebSocket."""
    ending: bytes = b""
    """What a browser must add to a line for the room to see its end."""
    most_sessions: int = 2000


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
    ending=b"\n",
    most_sessions=500,  # a process each
)


LIMIT = Bridge("C limit", lambda port, room: [str(build("bridge/limit")), str(port), str(room)], opcode=None)


class Program:
    """A running program, its children included."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    def _all(self) -> list[psutil.Process]:
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu(self) -> tuple[float, float]:
        """Return the seconds of CPU used so far, in the program and in the kernel for it."""
        times = [each.cpu_times() for each in self._all()]
        return sum(each.user for each in times), sum(each.system for each in times)

    def memory(self) -> int:
        """Return the resident memory in KiB; what processes share counts once."""
        return sum(_proportional(each.pid) for each in self._all())


def _proportional(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise LookupError(f"process {pid} has no memory")


@contextmanager
def room() -> Iterator[Program]:
    """Run the room, with no limit on how fast anyone may talk."""
    port = _free_port()
    command = [sys.executable, "-m", "tcp_server", "--host", "127.0.0.1", "--port", str(port)]
    with _running([*command, "--history", "memory"], port, {"ONEROOM_SERVER_RATE": "0"}) as program:
        yield program


@contextmanager
def running(bridge: Bridge, to: Program, websockify: str) -> Iterator[Program]:
    """Run a bridge to a room. `websockify` is the folder that program is installed in."""
    port = _free_port()
    with _running(bridge.command(port, to.port), port, {"PYTHONPATH": websockify}) as program:
        yield program


@contextmanager
def _running(command: Sequence[str], port: int, environment: dict[str, str]) -> Iterator[Program]:
    # In a session of its own, so that its children can be ended with it.
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
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = monotonic() + _PATIENCE
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
