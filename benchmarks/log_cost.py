"""What the log on disk costs: `python -m benchmarks.log_cost`, or `make bench-log`.

A few clients talk as fast as the room acknowledges, one after the other to a room that
keeps its messages in memory, in a file (`normal`), and in a file that waits for the
disk (`full`), several times around. Prints a Markdown table of the medians.
"""

import argparse
import multiprocessing
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import NamedTuple

import psutil

from chat_protocol.address import Address, parse_address
from chat_protocol.codec import encode_all
from chat_protocol.connection import Connection
from chat_protocol.messages import Join, Say

_AT_ONCE = 16
"""Messages in one write."""

_UNDERWAY = 512
"""Messages of one talker that may be unacknowledged."""

_TEXT = "x" * 64
_WARM_UP = 0.5
_ACK = b'{"type":"ack"'
_START = 15.0
_END = 10.0

LOGS = ("memory", "normal", "full")


class Cost(NamedTuple):
    """What one run came to."""

    rate: float
    """Messages acknowledged a second."""
    cpu: float
    """Seconds of the server's CPU for a million of them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.log_cost", description="Cost of the log on disk."
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run (default: %(default)s)")
    parser.add_argument("--times", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument("--talkers", type=int, default=4, help="default: %(default)s")
    parser.add_argument("--listeners", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--folder", type=Path, help="where the log is kept (default: a temporary one)")
    wanted = parser.parse_args(arguments)
    runs: dict[str, list[Cost]] = {log: [] for log in LOGS}
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        syncs = _syncs_a_second(Path(folder))
        for turn in range(wanted.times):
            for log in LOGS:
                file = Path(folder) / f"{log}-{turn}.db"
                runs[log].append(_measure(log, file, wanted.seconds, wanted.talkers, wanted.listeners))
    print(
        f"{wanted.talkers} talkers, {wanted.listeners} listeners, {len(_TEXT)} characters a message; "
        f"median of {wanted.times} runs of {wanted.seconds:g} s each; "
        f"the disk can be waited for {syncs:,.0f} times a second.\n"
    )
    print(_table({log: _median(costs) for log, costs in runs.items()}))
    return 0


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


def _measure(log: str, file: Path, seconds: float, talkers: int, listeners: int) -> Cost:
    with _serving(log, file) as (process, address), _load(address, talkers, listeners) as acked:
        time.sleep(_WARM_UP)
        server = psutil.Process(process.pid)
        began, before, used = time.monotonic(), acked(), sum(server.cpu_times()[:2])
        time.sleep(seconds)
        lasted, count, used = time.monotonic() - began, acked() - before, sum(server.cpu_times()[:2]) - used
    return Cost(count / lasted, used / count * 1e6)


@contextmanager
def _serving(log: str, file: Path) -> Iterator[tuple[subprocess.Popen[str], Address]]:
    """Run a server with that log until the block ends."""
    kept = ["--history", "memory"] if log == "memory" else ["--history", str(file), "--durability", log]
    kept += ["--rate", "0"]
    command = [sys.executable, "-m", "tcp_server", "--host", "127.0.0.1", "--port", "0", *kept]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, parse_address(process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _load(address: Address, talkers: int, listeners: int) -> Iterator["_Count"]:
    """Let a process of its own talk and listen until the block ends; yield the count of acks so far."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_talk, args=(address, talkers, listeners, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(_START):
            raise TimeoutError("the talkers do not come in")
        ours.recv()
        yield _Count(ours)
    finally:
        process.terminate()
        process.join(_END)
        ours.close()
        theirs.close()


class _Count:
    """Asks the talkers how many acks they have."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def __call__(self) -> int:
        self._pipe.send(None)
        count: int = self._pipe.recv()
        return count


class _Talker:
    """One client that keeps so many messages underway. A listener is one that says nothing."""

    def __init__(self, address: Address, name: str, *, talks: bool) -> None:
        connection = Connection.open(address)
        connection.send(Join(name, history=0))
        connection.receive()
        self.socket = connection.socket
        self.socket.setblocking(False)
        self.acked = 0
        self._name = name
        self._talks = talks
        self._said = 0
        self._tail = b""  # where an ack may have begun
        self._unsent = b""

    def speak(self) -> None:
        """Say what may be said now, as far as the socket takes it."""
        while self._talks:
            if not self._unsent:
                if self._said - self.acked > _UNDERWAY - _AT_ONCE:
                    return
                numbers = range(self._said, self._said + _AT_ONCE)
                self._unsent = encode_all([Say(_TEXT, f"{number:012}") for number in numbers])
                self._said += _AT_ONCE
            try:
                sent = self.socket.send(self._unsent)
            except BlockingIOError:
                return
            self._unsent = self._unsent[sent:]

    def listen(self) -> None:
        """Count the acks in what has come."""
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise EOFError("the room has closed")
        self.acked += (self._tail + chunk).count(_ACK)
        self._tail = chunk[-len(_ACK) + 1 :]


def _talk(address: Address, talkers: int, listeners: int, pipe: Pipe) -> None:
    """Talk until killed; answer each question on the pipe by the number of acks."""
    with selectors.DefaultSelector() as selector, ExitStack() as held:
        people = [
            _Talker(address, f"{number}-", talks=number < talkers) for number in range(talkers + listeners)
        ]
        for person in people:
            held.enter_context(person.socket)
            selector.register(person.socket, selectors.EVENT_READ, person)
        selector.register(pipe, selectors.EVENT_READ)
        pipe.send(None)
        while True:
            for person in people:
                person.speak()
            for key, _ in selector.select(0.01):
                if key.fileobj is pipe:
                    pipe.recv()
                    pipe.send(sum([person.acked for person in people]))
                else:
                    key.data.listen()


def _syncs_a_second(folder: Path, seconds: float = 0.5) -> float:
    """Return how often the disk there can be waited for: what `full` is bound by."""
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
