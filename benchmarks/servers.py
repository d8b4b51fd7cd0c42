"""Starts, observes and stops the servers that are measured."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.native import ROOT, build
from chat_protocol.address import Address, parse_address

_START_TIMEOUT = 15.0  # seconds
_STOP_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class ServerKind:
    """A server to compare: how it is started and spoken to."""

    name: str
    protocol: str
    """The protocol that `load` speaks with it."""
    command: Callable[[Path, int], Sequence[str]]
    """Makes the command that starts it, from a directory of its own and a port of 127.0.0.1."""
    connecting: int = 64
    """Members that join at a time, chosen for each server so that joining is fast."""
    largest: int = 10_000
    """Members that can join within a minute. Rooms of this size are measured only once."""
    directory: Path = ROOT
    """The checkout in which it is started."""


class Server:
    """A running server. Use `serving` to start one."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        # The kernel's number for the CPU clock of another process: `man 2 clock_getres`.
        self._cpu_clock = (~process.pid << 3) | 2

    def cpu(self) -> float:
        """Return the CPU seconds that all its threads have used, with a resolution of nanoseconds."""
        return time.clock_gettime(self._cpu_clock)

    def resident(self) -> int:
        """Return its resident memory in bytes."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """Return its peak resident memory in bytes."""
        return self._status("VmHWM")

    def stop(self) -> float:
        """Send SIGTERM. Return how many seconds the server took to end, 10 if it did not."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_STOP_TIMEOUT)
        return time.monotonic() - asked

    def _status(self, field: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return 1024 * int(found[1])


@contextmanager
def serving(kind: ServerKind) -> Iterator[Server]:
    """Run a server during the block. Raises `RuntimeError` if it does not start."""
    with tempfile.TemporaryDirectory(prefix="oneroom-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # some servers drop root's rights before they read their settings
        port = _free_port()
        log = directory / "output"
        with log.open("wb") as output:
            process = subprocess.Popen(
                kind.command(directory, port),
                cwd=kind.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            if not _listens(process, port):
                text = log.read_text(errors="replace")
                raise RuntimeError(f"{kind.name} does not start:\n{text}")
            yield Server(process, port)
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def running(
    flags: Sequence[str], root: Path = ROOT, stop_within: float = _STOP_TIMEOUT
) -> Iterator[tuple[subprocess.Popen[str], Address]]:
    """Run the server of a checkout with these flags during the block; yield it and where it listens."""
    command = [sys.executable, "-m", "tcp_server", "--host", "127.0.0.1", "--port", "0", *flags]
    with subprocess.Popen(
        command,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it logs who comes and goes
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, parse_address(process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            try:
                process.wait(stop_within)
            except subprocess.TimeoutExpired:
                process.kill()


def limit() -> ServerKind:
    """Return the smallest server in C, which shows what is possible."""
    program = build("limit")
    return ServerKind("C limit", "lines", lambda _, port: [str(program), str(port)])


def ours(
    name: str, protocol: str, history: str = "off", python: str = sys.executable, root: Path = ROOT
) -> ServerKind:
    """Return our server; `history` is `off`, `memory`, or a durability on disk: `normal`, `full`."""

    def command(directory: Path, port: int) -> Sequence[str]:
        log = (
            ["--history", str(directory / "history.db"), "--durability", history]
            if history in ("normal", "full")
            else ["--history", history]
        )
        flags = ["--host", "127.0.0.1", "--port", str(port), "--max-connections", "0", "--rate", "0"]
        return [python, "-m", "tcp_server", *flags, *log]

    return ServerKind(name, protocol, command, directory=root)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))
