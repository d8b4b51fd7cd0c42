"""Measures what joins cost in a crowd: `python -m benchmarks.crowd`, or `make bench-crowd`.

Json clients join a server one after the other, as many as descriptors allow, and stay; its CPU time for a
join is read at several sizes of the room, and how large the welcome is. The same without sockets, for
more members than one machine can connect, and with `--crowd 0` for fewer, to compare.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Final, NamedTuple

import psutil

from benchmarks.servers import running
from chat_protocol.connection import Connection
from chat_protocol.messages import Join, Search
from tcp_server.config import Config
from tcp_server.dialects.output import JSON, LINES, PLAIN
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.outcome import Outcome
from tcp_server.room.room import Room

_SIZES: Final = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
"""Numbers of members at which there is a sample."""

_CROWD: Final = 100
"""The `--crowd` of a crowd: so all samples are of one."""

_SPARE: Final = 300
"""Descriptors that are left to each process for everything else."""

_COUNTED: Final = 6.0
"""Seconds after which all have been told once how many they are."""

_STOP_TIMEOUT = 20.0  # seconds

_HEAD: Final = "| members | CPU µs a join | welcome, bytes |\n|--:|--:|--:|"

_NAMES = ("Анна", "Борис", "Вера", "Maximilian", "Зоя", "Иван Петров", "Katya", "Лев")


class Sample(NamedTuple):
    """What joins have cost since the sample before."""

    members: int
    seconds: float
    """CPU time of the server for one join."""
    welcome: int
    """Bytes of the answer without messages."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables. Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.crowd", description="Cost of joins in a crowd."
    )
    parser.add_argument("--connected", type=int, help="most clients that connect (default: as many as can)")
    parser.add_argument(
        "--seated", type=int, default=100_000, help="most without sockets (default: %(default)s)"
    )
    parser.add_argument(
        "--all-told", type=int, default=1_500, help="most with --crowd 0 (default: %(default)s)"
    )
    parser.add_argument("--times", type=int, default=3, help="runs with sockets (default: %(default)s)")
    options = parser.parse_args(arguments)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        connected = options.connected or hard - _SPARE
        runs = [_connect(connected, _CROWD) for _ in range(options.times)]
        print(
            _table("over sockets, a crowd", map(_median, zip(*[samples for samples, _ in runs], strict=True)))
        )
        count = median([count for _, count in runs])
        print(f"A count costs {count * 1e6:.1f} µs of CPU for each member, at most every 5 s.\n")
        print(_table("over sockets, all told (--crowd 0)", _connect(options.all_told, 0)[0]))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(_table("without sockets, a crowd", _seat(options.seated, _CROWD)))
    return 0


def _table(title: str, samples: Iterable[Sample]) -> str:
    rows = [f"| {one.members:,} | {one.seconds * 1e6:,.0f} | {one.welcome:,} |" for one in samples]
    return "\n".join([f"{title}:\n", _HEAD, *rows, ""])


def _median(samples: Sequence[Sample]) -> Sample:
    return Sample(samples[0].members, median([one.seconds for one in samples]), samples[0].welcome)


def _samples(count: int, join: Callable[[str], int], cpu: Callable[[], float]) -> Iterator[Sample]:
    """Let so many join; yield a sample at each of `_SIZES`. `join` returns the size of a welcome."""
    done, before = 0, cpu()
    for size in sorted({*(size for size in _SIZES if size < count), count}):
        for number in range(done + 1, size + 1):
            welcome = join(f"{_NAMES[number % len(_NAMES)]} {number}")
        now = cpu()
        yield Sample(size, (now - before) / (size - done), welcome)
        done, before = size, now


def _connect(count: int, crowd: int) -> tuple[list[Sample], float]:
    """Let clients join over sockets; return also the CPU time in which one of them is told a count."""
    flags = ["--history=memory", f"--crowd={crowd}", "--max-connections=0", "--rate=0", "--idle-timeout=0"]
    with running(flags, stop_within=_STOP_TIMEOUT) as (process, address), ExitStack() as clients:
        server = psutil.Process(process.pid)

        def join(name: str) -> int:
            client = clients.enter_context(Connection.open(address))
            client.send(Join(name, history=0))
            return len(client.receive().partition(b"\n")[0])

        def cpu() -> float:
            return sum(server.cpu_times()[:2])

        samples = [*_samples(count, join, cpu)]
        before = cpu()
        join("one more")
        time.sleep(_COUNTED)
        return samples, max(0.0, cpu() - before - samples[-1].seconds) / count


def _seat(count: int, crowd: int) -> Iterator[Sample]:
    """Let members join a room in this process, and encode what all are sent."""

    def search(connection: str, request: Search, person: bytes) -> list[Outcome[str]]:
        raise NotImplementedError

    room = Room[str](Config(crowd=crowd), MemoryHistory(0), AuditLog(None), search, lambda _: "")

    def join(name: str) -> int:
        outcomes = room.commit(room.join(name, Join(name, history=0)))
        for outcome in outcomes:
            for output in (JSON, LINES, PLAIN):
                output.encode(outcome.shared)
        return sum([len(JSON.encode(outcome.answer)) for outcome in outcomes])

    yield from _samples(count, join, time.process_time)


if __name__ == "__main__":
    sys.exit(main())
