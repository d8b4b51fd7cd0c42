"""Measures the stream of a cluster: `python -m benchmarks.stream_cost`, or `make bench-stream`.

Entries of 1, 16, 64 and 256 messages are added to a Redis of its own and read by one or several servers, one
entry at a time (each is added when the one before was read) or as many as Redis takes. Prints the CPU
microseconds for each message: of the thread that adds, of a thread that reads, and of Redis.
"""

import argparse
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.servers import Server, ServerKind, serving
from tcp_server.cluster.redis_stream import RedisStream
from tcp_server.redis_url import parse
from tcp_server.room import proposals as p

_TEXT = "x" * 64
_BATCHES = (1, 16, 64, 256)
_IN_FLIGHT = 4
"""Entries in one round trip, where they are not added one at a time."""


class Cost(NamedTuple):
    """CPU microseconds for each message, and the milliseconds from adding an entry to reading it."""

    adding: float
    reading: float
    redis: float
    milliseconds: float
    rate: float
    """Messages a second."""


class _Reader(threading.Thread):
    """A tail, which decodes what it reads."""

    def __init__(self, stream: RedisStream, entries: int) -> None:
        super().__init__(name="reader")
        self._stream = stream
        self._entries = entries
        self.was_read = threading.Semaphore(0)
        self.cpu = 0.0  # written at the end

    def run(self) -> None:
        position, count, began = 0, 0, time.thread_time()
        while count < self._entries:
            found = self._stream.read(position, 1.0)
            for _, _, data in found:
                p.decode(data)
                self.was_read.release()
            if found:
                position, count = found[-1][0], count + len(found)
        self.cpu = time.thread_time() - began


def _measure(server: Server, batch: int, entries: int, readers: int, *, one_at_a_time: bool) -> Cost:
    """Add and read as many entries in a room of their own."""
    room = f"{batch}-{readers}-{one_at_a_time}"
    url = parse(f"redis://127.0.0.1:{server.port}?room={room}")
    assert url is not None
    stream = RedisStream(url)
    tails = [RedisStream(url) for _ in range(readers)]
    threads = [_Reader(tail, entries) for tail in tails]
    try:
        for one in (stream, *tails):
            one.start()
            one.read(0, 0)
        run_id = stream.run_id()
        says = [p.Say(1, [(f"{number:08}", _TEXT)]) for number in range(batch)]
        waits, step = [], 1 if one_at_a_time else _IN_FLIGHT
        for thread in threads:
            thread.start()
        cpu, redis, began = time.thread_time(), server.cpu(), time.monotonic()
        for seq in range(0, entries, step):
            packed = [p.encode(p.Entry(p.FORMAT, b"12345678", seq + more, says)) for more in range(step)]
            added_at = time.monotonic()
            stream.append(packed, run_id)
            if one_at_a_time:
                for thread in threads:
                    thread.was_read.acquire()
                waits.append(time.monotonic() - added_at)
        cpu = time.thread_time() - cpu
        for thread in threads:
            thread.join()
        seconds, redis = time.monotonic() - began, server.cpu() - redis
    finally:
        for one in (stream, *tails):
            one.close()
    messages = entries * batch
    micro = 1e6 / messages
    reading = statistics.mean(thread.cpu for thread in threads)
    wait = statistics.median(waits) * 1000 if waits else 0.0
    return Cost(cpu * micro, reading * micro, redis * micro, wait, messages / seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table. Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stream_cost", description="Cost of the stream of a cluster."
    )
    parser.add_argument("--entries", type=int, default=2000, help="of each run (default: %(default)s)")
    parser.add_argument("--readers", type=int, default=1, help="servers that read (default: %(default)s)")
    parser.add_argument("--fsync", choices=("everysec", "always"), default="everysec")
    options = parser.parse_args(arguments)
    program = shutil.which("redis-server")
    if program is None:
        print("stream_cost: redis-server is not installed", file=sys.stderr)
        return 1

    def command(directory: Path, port: int) -> Sequence[str]:
        flags = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", ""]
        return [program, *flags, "--appendonly", "yes", "--appendfsync", options.fsync]

    entries = options.entries // _IN_FLIGHT * _IN_FLIGHT
    print(
        f"appendfsync {options.fsync}, {options.readers} reading, {entries:,} entries; µs of CPU a message\n"
    )
    print("| entries | messages in each | adding | reading | Redis | read after, ms | messages a second |")
    print("|---|---|---|---|---|---|---|")
    with serving(ServerKind("Redis", "redis", command)) as server:
        for one_at_a_time in (True, False):
            for batch in _BATCHES:
                cost = _measure(server, batch, entries, options.readers, one_at_a_time=one_at_a_time)
                how = "one at a time" if one_at_a_time else "as many as go"
                wait = f"{cost.milliseconds:.2f}" if one_at_a_time else ""
                figures = f"{cost.adding:.1f} | {cost.reading:.1f} | {cost.redis:.1f}"
                print(f"| {how} | {batch} | {figures} | {wait} | {cost.rate:,.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
