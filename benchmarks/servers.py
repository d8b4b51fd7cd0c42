"""A server under measurement: ours, the limit, or a peer; started, looked at, ended."""

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

_START = 15.0  # seconds a server has to listen
_END = 10.0  # seconds it has to end


@dataclass(frozen=True, slots=True)
class Kind:
    """One of those that are compared."""

    name: str
    protocol: str
    """What `load` speaks with it."""
    command: Callable[[Path, int], Sequence[str]]
    """How it is started, given a directory of its own and a port of 127.0.0.1."""
    connecting: int = 64
    """How many enter at a time: as suits it, so that nobody waits for seconds."""
    largest: int = 10_000
    """Members it lets in within a minute; that many are measured once only."""
    directory: Path = ROOT
    """Where it is started: the checkout that is measured."""


class Server:
    """A running server. Use `serving` to start one."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        # The kernel's number for the CPU clock of another process: `man 2 clock_getres`.
        self._cpu_clock = (~process.pid << 3) | 2

    def cpu(self) -> float:
        """CPU seconds that all its threads have used, to the nanosecond."""
        return time.clock_gettime(self._cpu_clock)

    def resident(self) -> int:
        """Bytes of memory it holds."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """Bytes of memory it held at most."""
        return self._status("VmHWM")

    def stop(self) -> float:
        """Send SIGTERM and return how many seconds it took to end, 10 if it did not."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_END)
        return time.monotonic() - asked

    def _status(self, field: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return 1024 * int(found[1])


@contextmanager
def serving(kind: Kind) -> Iterator[Server]:
    """Run a server of that kind until the block ends. Raises `RuntimeError` if it does not start."""
    with tempfile.TemporaryDirectory(prefix="oneroom-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # some give up root's rights before they read their settings
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
                said = log.read_text(errors="replace")
                raise RuntimeError(f"{kind.name} does not start:\n{said}")
            yield Server(process, port)
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def limit() -> Kind:
    """The C server that shows what is possible."""
    program = build("limit")
    return Kind("C limit", "lines", lambda _, port: [str(program), str(port)])


def ours(
    name: str, protocol: str, history: str = "off", python: str = sys.executable, root: Path = ROOT
) -> Kind:
    """Our server, `history` being `off`, `memory`, `normal` or `full`: the last two are on disk."""

    def command(directory: Path, port: int) -> Sequence[str]:
        kept = (
            ["--history", str(directory / "history.db"), "--durability", history]
            if history in ("normal", "full")
            else ["--history", history]
        )
        flags = ["--host", "127.0.0.1", "--port", str(port), "--max-connections", "0", "--rate", "0"]
        return [python, "-m", "tcp_server", *flags, *kept]

    return Kind(name, protocol, command, directory=root)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def cores() -> int:
    """How many processors we may use."""
    return len(os.sched_getaffinity(0))
