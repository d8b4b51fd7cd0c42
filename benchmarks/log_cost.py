"""Measures the cost of the log on disk: `python -m benchmarks.log_cost`, or `make bench-log`.

A few clients send as fast as the room acknowledges, in turn to a room with its log in memory, on
disk (`normal`), and on disk with fsync (`full`), several times. Prints a table of the medians; with
`--base`, another checkout takes turns, and the table has the medians of the ratios of each two runs.
"""

import argparse
import multiprocessing
import os
import selectors
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.native import ROOT
from benchmarks.paired import ratio
from benchmarks.servers import running
from chat_protocol.address import Address
from chat_protocol.codec import encode_all
from chat_protocol.connection import Connection
from chat_protocol.messages import Join, Say

_BATCH = 16
"""Messages in one write."""

_MAX_UNACKNOWLEDGED = 512
"""Messages of one talker."""

_TEXT = "x" * 64
_WARM_UP = 0.5  # seconds
_ACK = b'{"type":"ack"'
_START_TIMEOUT = 15.0  # seconds
_STOP_TIMEOUT = 10.0  # seconds

LOGS = ("memory", "normal", "full")


class Cost(NamedTuple):
    """The figures of one run."""

    rate: float
    """Acknowledged messages a second."""
    cpu: float
    """CPU seconds of the server per million of them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table. Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.log_cost", description="Cost of the log on disk."
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run (default: %(default)s)")
    parser.add_argument("--times", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument("--talkers", type=int, default=4, help="default: %(default)s")
    parser.add_argument("--listeners", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--folder", type=Path, help="folder for the log (default: a temporary one)")
    parser.add_argument("--base", type=Path, metavar="CHECKOUT", help="another checkout, to compare with")
    options = parser.parse_args(arguments)
    if options.base:
        return _compare(options.base.resolve(), options)
    runs: dict[str, list[Cost]] = {log: [] for log in LOGS}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        syncs = _fsync_rate(Path(folder))
        for turn in range(options.times):
            for log in LOGS:
                file = Path(folder) / f"{log}-{turn}.db"
                runs[log].append(_measure(ROOT, log, file, options))
    print(f"{_conditions(options)}; the disk does {syncs:,.0f} fsyncs a second.\n")
    print(_table({log: _median(costs) for log, costs in runs.items()}))
    return 0


def _compare(base: Path, options: argparse.Namespace) -> int:
    """Print what this checkout takes as multiples of `base`. Return 1 if that is more than noise explains."""
    times: dict[str, list[float]] = {log: [] for log in LOGS}
    cpus: dict[str, list[float]] = {log: [] for log in LOGS}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for turn in range(options.times):
            for log in LOGS:
                order = (base, ROOT) if turn % 2 else (ROOT, base)  # each is the first in every other turn
                costs = {
                    root: _measure(root, log, Path(folder) / f"{log}-{turn}-{root.name}.db", options)
                    for root in order
                }
                times[log].append(costs[base].rate / costs[ROOT].rate)
                cpus[log].append(costs[ROOT].cpu / costs[base].cpu)
    print(f"{_conditions(options)}; multiples of {base.name}: median (95 % interval).\n")
    print("| log | time a message | CPU time a message |\n|---|--:|--:|")
    rows = {log: (ratio(times[log]), ratio(cpus[log])) for log in LOGS}
    for log, (wall, cpu) in rows.items():
        print(f"| {log} | {wall} | {cpu} |")
    return int(not all(each.is_level for pair in rows.values() for each in pair))


def _conditions(options: argparse.Namespace) -> str:
    return (
        f"{options.talkers} talkers, {options.listeners} listeners, {len(_TEXT)} characters a message; "
        f"median of {options.times} runs of {options.seconds:g} s each"
    )


def _table(costs: dict[str, Cost]) -> str:
    base = costs["memory"]
    rows = ["| log | messages/s | to memory | CPU s a million | to memory |", "|---|--:|--:|--:|--:|"]
    for log, cost in costs.items():
        rate, cpu = cost.rate / base.rate, cost.cpu / base.cpu
        rows.append(f"| {log} | {cost.rate:,.0f} | {rate:.2f} | {cost.cpu:.1f} | {cpu:.2f} |")
    return "\n".join(rows)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median([cost.rate for cost in costs]), statistics.median([cost.cpu for cost in costs])
    )


def _measure(root: Path, log: str, file: Path, options: argparse.Namespace) -> Cost:
    """Measure the server of a checkout with a log of this kind."""
    with (
        running(_flags(log, file), root) as (process, address),
        _load(address, options.talkers, options.listeners) as acked,
    ):
        time.sleep(_WARM_UP)
        server = psutil.Process(process.pid)
        began, before, used = time.monotonic(), acked(), sum(server.cpu_times()[:2])
        time.sleep(options.seconds)
        lasted, count, used = time.monotonic() - began, acked() - before, sum(server.cpu_times()[:2]) - used
    return Cost(count / lasted, used / count * 1e6)


def _flags(log: str, file: Path) -> Sequence[str]:
    """Return the flags of a server with a log of this kind."""
    kept = ["--history", "memory"] if log == "memory" else ["--history", str(file), "--durability", log]
    return [*kept, "--rate", "0"]


@contextmanager
def _load(address: Address, talkers: int, listeners: int) -> Iterator["_AckCounter"]:
    """Run the clients in a process of their own during the block. Yield the counter of their acks."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run_clients, args=(address, talkers, listeners, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(_START_TIMEOUT):
            raise TimeoutError("the clients do not join")
        ours.recv()
        yield _AckCounter(ours)
    finally:
        process.terminate()
        process.join(_STOP_TIMEOUT)
        ours.close()
        theirs.close()


class _AckCounter:
    """Returns the acks received so far, by asking the clients' process."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def __call__(self) -> int:
        self._pipe.send(None)
        count: int = self._pipe.recv()
        return count


class _Client:
    """A client. If it talks, it keeps up to `_MAX_UNACKNOWLEDGED` messages under way."""

    def __init__(self, address: Address, name: str, *, talks: bool) -> None:
        connection = Connection.open(address)
        connection.send(Join(name, history=0))
        connection.receive()
        self.socket = connection.socket
        self.socket.setblocking(False)
        self.acked = 0
        self._name = name
        self._talks = talks
        self._sent = 0
        self._tail = b""  # the last bytes received: an ack may have begun there
        self._unsent = b""

    def send(self) -> None:
        """Send as many messages as are allowed now and the kernel takes."""
        while self._talks:
            if not self._unsent:
                if self._sent - self.acked > _MAX_UNACKNOWLEDGED - _BATCH:
                    return
                numbers = range(self._sent, self._sent + _BATCH)
                self._unsent = encode_all([Say(_TEXT, f"{number:012}") for number in numbers])
                self._sent += _BATCH
            try:
                sent = self.socket.send(self._unsent)
            except BlockingIOError:
                return
            self._unsent = self._unsent[sent:]

    def receive(self) -> None:
        """Receive a chunk and count its acks."""
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise EOFError("the room has closed the connection")
        self.acked += (self._tail + chunk).count(_ACK)
        self._tail = chunk[-len(_ACK) + 1 :]


def _run_clients(address: Address, talkers: int, listeners: int, pipe: Pipe) -> None:
    """Run the clients until killed. Answer each message on the pipe by the number of acks."""
    with selectors.DefaultSelector() as selector, ExitStack() as stack:
        clients = [
            _Client(address, f"{number}-", talks=number < talkers) for number in range(talkers + listeners)
        ]
        for client in clients:
            stack.enter_context(client.socket)
            selector.register(client.socket, selectors.EVENT_READ, client)
        selector.register(pipe, selectors.EVENT_READ)
        pipe.send(None)
        while True:
            for client in clients:
                client.send()
            for key, _ in selector.select(0.01):
                if key.fileobj is pipe:
                    pipe.recv()
                    pipe.send(sum([client.acked for client in clients]))
                else:
                    key.data.receive()


def _fsync_rate(folder: Path, seconds: float = 0.5) -> float:
    """Return how many fsyncs a second the disk of a folder does, which bounds `full`."""
    file = os.open(folder / "sync", os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        began, count = time.monotonic(), 0
        while (lasted := time.monotonic() - began) < seconds:
            os.write(file, bytes(4096))
            os.fsync(file)
            count += 1
    finally:
        os.close(file)
    return count / lasted


if __name__ == "__main__":
    sys.exit(main())
