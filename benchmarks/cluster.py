"""Compares rooms on one server and on several: `python -m benchmarks.cluster`, or `make bench-cluster`.

In each round every number of servers runs each workload once: the members are spread over the servers, and
the CPU time is that of all servers and their Redis together. All run on this machine, so latencies are those
of a machine that all of them share.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.load import LoadGenerator, Workload
from benchmarks.native import ROOT
from benchmarks.servers import Server, ServerKind, serving

_PACED: Final = "200 messages/s, room of 100"
_SATURATED: Final = "room of 1,000, saturated"
_MANY: Final = "100 of 100 talk"

_WORKLOADS: Final = {
    _PACED: Workload(100, block=1, rate=200),
    _SATURATED: Workload(1000),
    _MANY: Workload(100, talkers=100, window=6400),
}

_PEOPLE_SECONDS: Final = 1.5
"""Seconds to wait after the start of a cluster: until then it has shown nobody that it is alive."""


class Figures(NamedTuple):
    """What one run has cost."""

    per_million: float
    """CPU seconds of all servers and Redis per million deliveries."""
    redis: float
    """CPU microseconds of Redis for one message."""
    round_trips: float
    """How often Redis was asked for something, for 1,000 messages."""
    rate: float
    """Messages a second."""
    p50: float
    p99: float
    """Milliseconds from when a message was due until it was received."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables. Return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--servers", type=int, nargs="+", default=[0, 1, 2, 3])
    options = parser.parse_args(arguments)
    if shutil.which("redis-server") is None:
        print("redis-server is not installed", file=sys.stderr)
        return 1
    found: dict[tuple[str, int], list[Figures]] = {}
    for turn in range(options.rounds):
        for name, workload in _WORKLOADS.items():
            for count in options.servers:
                figures = _measure(count, workload, options.seconds)
                found.setdefault((name, count), []).append(figures)
                print(f"{turn + 1}: {name}, {_label(count)}: {figures}", file=sys.stderr)
    for name in _WORKLOADS:
        print(f"\n{name}\n")
        print(
            "| servers | CPU s per 1M deliveries | to one | Redis, µs a message | round trips per 1,000 |"
            " messages/s | p50 ms | p99 ms |\n|--|--:|--:|--:|--:|--:|--:|--:|"
        )
        for count in options.servers:
            print(_row(found[name, count], found[name, options.servers[0]], count))
    return 0


def _label(count: int) -> str:
    return "one alone" if count == 0 else f"{count} in a cluster"


def _row(rounds: Sequence[Figures], alone: Sequence[Figures], count: int) -> str:
    ratio = median(one.per_million / other.per_million for one, other in zip(rounds, alone, strict=True))
    middle = Figures(*(median(values) for values in zip(*rounds, strict=True)))
    return (
        f"| {_label(count)} | {middle.per_million:.2f} | {ratio:.2f} | {middle.redis:.2f} |"
        f" {middle.round_trips:.1f} | {middle.rate:,.0f} | {middle.p50:.2f} | {middle.p99:.2f} |"
    )


def _measure(count: int, workload: Workload, seconds: float) -> Figures:
    with _serving(count) as (servers, redis), LoadGenerator(servers, "json", workload, seconds) as load:
        load.join()
        programs = [*servers, *([redis] if redis else [])]
        before, redis_before = sum(map(Server.cpu, programs)), redis.cpu() if redis else 0.0
        asked = _calls(redis)
        counts = load.talk()
        used = sum(map(Server.cpu, programs)) - before
        redis_used = redis.cpu() - redis_before if redis else 0.0
        asked = _calls(redis) - asked
    deliveries, sent = max(1, counts["received"]), max(1, counts["sent"])
    return Figures(
        1e6 * used / deliveries,
        1e6 * redis_used / sent,
        1e3 * asked / sent,
        sent / max(0.001, counts["seconds"]),
        counts["p50"] / 1000,
        counts["p99"] / 1000,
    )


def _calls(redis: Server | None) -> int:
    """Return how many entries were added to the stream in one round trip each."""
    if redis is None:
        return 0
    from redis import Redis  # noqa: PLC0415 - of an extra

    with Redis(port=redis.port) as client:
        statistics: dict[str, dict[str, int]] = client.info("commandstats")
    return statistics.get("cmdstat_xadd", {}).get("calls", 0)


@contextmanager
def _serving(count: int) -> Iterator[tuple[list[Server], Server | None]]:
    """Run one server alone, for 0, or so many in a cluster, and their Redis."""
    with ExitStack() as stack:
        redis = None
        cluster: list[str] = []
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="oneroom-bench-")))
        if count:
            redis = stack.enter_context(serving(_redis(folder)))
            cluster = ["--cluster", f"redis://127.0.0.1:{redis.port}"]
        servers = [
            stack.enter_context(serving(_server(folder, number, cluster))) for number in range(max(1, count))
        ]
        time.sleep(_PEOPLE_SECONDS if count else 0)
        yield servers, redis


def _redis(folder: Path) -> ServerKind:
    settings = ("--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
    return ServerKind("redis", "lines", lambda _, port: ["redis-server", "--port", str(port), *settings])


def _server(folder: Path, number: int, cluster: Sequence[str]) -> ServerKind:
    def command(_: Path, port: int) -> Sequence[str]:
        flags = ["--host", "127.0.0.1", "--port", str(port), "--max-connections", "0", "--rate", "0"]
        node = ["--node", f"server {number}"] if cluster else []
        log = ["--history", str(folder / f"{number}.db")]
        return [sys.executable, "-m", "tcp_server", *flags, *log, *cluster, *node]

    return ServerKind(f"server {number}", "json", command, directory=ROOT)


if __name__ == "__main__":
    sys.exit(main())
