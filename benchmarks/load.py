"""Runs the load generator, `load.c`."""

import json
import select
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from benchmarks.native import build
from benchmarks.servers import Server

_JOIN_TIMEOUT = 330.0  # seconds until all have joined
_DRAIN_TIMEOUT = 60.0  # seconds after the talking until all messages are received


@dataclass(frozen=True, slots=True)
class Workload:
    """How many members a room has, and how they send."""

    members: int
    talkers: int = 1
    stalled: int = 0
    """Members that never read."""
    block: int = 16
    """Messages in one write."""
    window: int = 0
    """Most undelivered messages; 0 for as many as the server reads."""
    rate: int = 0
    """Messages a second; 0 for as many as the server reads."""
    connecting: int = 64
    """Members that join at a time."""

    def flags(self) -> list[str]:
        """Return the flags of `load` for this workload."""
        values = {
            "-t": self.talkers,
            "-n": self.stalled,
            "-b": self.block,
            "-w": self.window,
            "-r": self.rate,
            "-c": self.connecting,
        }
        return [str(word) for pair in values.items() for word in pair]


class LoadGenerator:
    """Many clients of a server, in a process of their own. All disconnect at the end of the `with` block."""

    def __init__(
        self, servers: Server | Sequence[Server], protocol: str, workload: Workload, seconds: float = 0
    ) -> None:
        """The clients connect to the servers in turns."""
        servers = [servers] if isinstance(servers, Server) else servers
        self._seconds = seconds
        self._process = subprocess.Popen(
            [
                build("load"),
                protocol,
                ",".join(str(server.port) for server in servers),
                str(workload.members),
                *workload.flags(),
                "-s",
                str(seconds),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def join(self) -> dict[str, Any]:
        """Wait until all members have joined. Return how long that took."""
        return self._result(_JOIN_TIMEOUT)

    def talk(self) -> dict[str, Any]:
        """Run the talkers, wait until all messages are received, and return what `load` counted."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"talk\n")
        self._process.stdin.flush()
        return self._result(self._seconds + _DRAIN_TIMEOUT)

    def disconnect(self) -> None:
        """Close all connections at once, as after a crash."""
        self._process.kill()
        self._process.wait()

    def _result(self, within: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        deadline = time.monotonic() + within
        ready, _, _ = select.select([self._process.stdout], [], [], deadline - time.monotonic())
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise RuntimeError("the load generator failed, or did not finish in time")
        result: dict[str, Any] = json.loads(line)
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
