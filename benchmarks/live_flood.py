"""Measures how much a flood of output delays what people say: `python -m benchmarks.live_flood`.

Somebody says something every 20 ms and somebody else waits for it, in a room with others; at first alone,
then while five runners send the output of `yes` as fast as the server takes it, each followed by one client.
The server is in a process of its own, and so are the runners.
"""

import argparse
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median, quantiles
from typing import Final, NamedTuple

from benchmarks.servers import running
from chat_protocol.address import Address
from chat_protocol.codec import decode_events
from chat_protocol.connection import Connection
from chat_protocol.live import MAX_OUTPUT, MAX_UNRECEIVED
from chat_protocol.messages import (
    Ack,
    BodyRequest,
    Event,
    Join,
    Message,
    Output,
    Received,
    Say,
    Start,
    Welcome,
)

_RUNNERS: Final = 5
_OTHERS: Final = 50
_INTERVAL: Final = 0.02
"""Seconds between two messages."""

_BURST: Final = 100_000
"""Messages that one member may send at once: the measured ones are not delayed."""

_TEXT: Final = "y\n" * (MAX_OUTPUT // 2)

_START_TIMEOUT: Final = 20.0


class Sample(NamedTuple):
    """How long messages took from one client to another, in seconds."""

    p50: float
    p99: float
    longest: float


class Client:
    """A connection that has joined."""

    def __init__(self, address: Address, name: str) -> None:
        self.connection = Connection.open(address)
        self._rest = b""
        self.connection.send(Join(name, history=0))
        if type(next(self.events())) is not Welcome:
            raise ValueError(f"{name} cannot join")

    def events(self) -> Iterator[Event]:
        """Yield what comes."""
        while True:
            if not (received := self.connection.receive()):
                raise ConnectionResetError
            block, _, self._rest = (self._rest + received).rpartition(b"\n")
            yield from decode_events(block + b"\n" if block else b"")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table. Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.live_flood", description="How much a flood of output delays others."
    )
    parser.add_argument(
        "--seconds", type=float, default=15, help="of each measurement (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    with running(["--history=memory", f"--burst={_BURST}"]) as (_, address), ExitStack() as stack:
        for number in range(_OTHERS):
            _drain(stack.enter_context(Client(address, f"Other {number}").connection))
        alone = measure(address, options.seconds, "alone")
        with flood(address, _RUNNERS):
            flooded = measure(address, options.seconds, "flooded")
    print("| ms | p50 | p99 | longest |\n|--|--:|--:|--:|")
    for what, sample in (("alone", alone), (f"{_RUNNERS} runners of `yes`", flooded)):
        print(f"| {what} | " + " | ".join(f"{1000 * one:.2f}" for one in sample) + " |")
    return 0


def measure(address: Address, seconds: float, name: str) -> Sample:
    """Say something again and again; return how long it takes until somebody else has it."""
    speaker, hearer = Client(address, name), Client(address, f"hearer {name}")
    taken = []
    heard = (event for event in hearer.events() if isinstance(event, Message) and event.name == name)
    acks = (event for event in speaker.events() if isinstance(event, Ack))
    until = time.monotonic() + seconds
    with speaker.connection, hearer.connection:
        while (began := time.monotonic()) < until:
            speaker.connection.send(Say("hello", f"{began}"))
            next(heard)
            taken.append(time.monotonic() - began)
            next(acks)
            time.sleep(max(0.0, began + _INTERVAL - time.monotonic()))
    return Sample(median(taken), quantiles(taken, n=100)[98], max(taken))


@contextmanager
def flood(address: Address, runners: int) -> Iterator[None]:
    """Have runners send as much as they can during the block, each in a process of its own."""
    ready = multiprocessing.Semaphore(0)
    processes = [
        multiprocessing.Process(target=_flood, args=(address, number, ready), daemon=True)
        for number in range(runners)
    ]
    for process in processes:
        process.start()
    try:
        for _ in processes:
            if not ready.acquire(timeout=_START_TIMEOUT):
                raise TimeoutError
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _flood(address: Address, number: int, ready: "multiprocessing.synchronize.Semaphore") -> None:
    """Send output as a runner does: at most so much that is not received yet; another client follows it."""
    runner = Client(address, f"Runner {number}")
    runner.connection.send(Start("start", "yes"))
    events = runner.events()
    message = next(event.id for event in events if isinstance(event, Ack))
    follower = Client(address, f"Follower {number}").connection
    follower.send(BodyRequest(id=message, follow=True))
    _drain(follower)
    sent = received = 0
    while True:
        while sent + len(_TEXT) - received <= MAX_UNRECEIVED:
            runner.connection.send(Output(id=message, offset=sent, text=_TEXT))
            sent += len(_TEXT)
        received = next(event.end for event in events if isinstance(event, Received))
        if received > 2 * MAX_UNRECEIVED:
            ready.release()


def _drain(connection: Connection) -> None:
    """Read and drop, in a thread, until the connection ends."""

    def read() -> None:
        while connection.receive():
            pass

    threading.Thread(target=read, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
