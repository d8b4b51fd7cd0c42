"""The crowd, from Python's side: `load.c` told when to do what."""

import json
import select
import subprocess
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from benchmarks.native import build
from benchmarks.servers import Server

_ENTRANCE = 330.0  # seconds until all are in
_DRAIN = 60.0  # seconds beyond the talking until all is heard


@dataclass(frozen=True, slots=True)
class Workload:
    """Who is in the room and how they talk."""

    members: int
    talkers: int = 1
    deaf: int = 0
    """Members that never read."""
    block: int = 16
    """Messages a write."""
    window: int = 0
    """Messages on their way at most; 0 for as many as the server takes."""
    rate: int = 0
    """Messages a second; 0 for as many as the server takes."""
    connecting: int = 64
    """How many enter at a time."""

    def flags(self) -> list[str]:
        """Return this as `load` takes it."""
        values = {
            "-t": self.talkers,
            "-d": self.deaf,
            "-b": self.block,
            "-w": self.window,
            "-r": self.rate,
            "-c": self.connecting,
        }
        return [str(word) for pair in values.items() for word in pair]


class Crowd:
    """A room full of clients on a server, in a process of its own; `with` lets all of them leave at once."""

    def __init__(self, server: Server, protocol: str, workload: Workload, seconds: float = 0) -> None:
        self._seconds = seconds
        self._process = subprocess.Popen(
            [
                build("load"),
                protocol,
                str(server.port),
                str(workload.members),
                *workload.flags(),
                "-s",
                str(seconds),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def enter(self) -> dict[str, Any]:
        """Wait until all are in and have heard of each other; return how long that took."""
        return self._result(_ENTRANCE)

    def talk(self) -> dict[str, Any]:
        """Have them talk, wait until all is heard, and return what `load` counted."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"talk\n")
        self._process.stdin.flush()
        return self._result(self._seconds + _DRAIN)

    def vanish(self) -> None:
        """Close all connections at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def _result(self, within: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        deadline = time.monotonic() + within
        ready, _, _ = select.select([self._process.stdout], [], [], deadline - time.monotonic())
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise RuntimeError("the crowd got no further")
        result: dict[str, Any] = json.loads(line)
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.vanish()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
