"""Runs a server and a gateway under a load for an hour: `make soak`, or `MINUTES=5 make soak`.

Writes docs/performance-soak.md and its pictures: memory, descriptors and threads of both programs, and the
time to an ack, beside the round trip of a plain echo server in the same seconds, which shows how busy the
machine was.
"""

import argparse
import asyncio
import os
import platform
import re
import socket
import socketserver
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import psutil

from benchmarks import soak_load
from benchmarks.curves import Curve, curves
from benchmarks.native import ROOT
from benchmarks.servers import cores
from chat_protocol.address import Address
from tests.support.processes import running

_SAMPLE_SECONDS: Final = 5.0

_WARM_UP: Final = 20 * 60.0
"""Memory may grow for so many seconds: caches fill, the log reaches its size."""

_KEEP: Final = 20_000
"""Messages that the room keeps: reached after seven minutes, so that what grows then is a leak."""

_MOST_GROWTH: Final = 1.0
"""MiB in ten minutes."""

_FOLDER: Final = ROOT / "docs"
_MIB: Final = 1024 * 1024


_REPORT: Final = """# A long run

`make soak`: {terminals} clients over TCP and {browsers} over the gateway, {messages:g} messages a second,
{churn:g} people a second who go and others who come, and every {fault:g} seconds a fault: connections that
are cut, readers that stop, bytes that are no protocol, clients that never say who they are.
{minutes:g} minutes, {machine}; the room keeps {keep:,} messages.

| from minute 20 on | memory, MiB in ten minutes | memory, MiB | descriptors | threads |
|---|--:|--:|--:|--:|
{rows}

- At most {most:g} MiB in ten minutes is allowed.
- {load.acked:,} messages were acknowledged; {load.out_of_order} came out of order or twice.
  {load.failed:,} connections were ended by a fault and opened anew.
- An ack took {p50:.1f} ms, 99 % of them at most {p99:.1f} ms (each the median over all {sample:g} seconds);
  meanwhile 99 % of the round trips to an echo server took at most {noise:.1f} ms.

{pictures}
"""


@dataclass
class _Record:
    """What was measured of one program; the seconds are those since the start."""

    process: psutil.Process
    memory: list[tuple[float, float]] = field(default_factory=list)
    descriptors: list[tuple[float, float]] = field(default_factory=list)
    threads: list[tuple[float, float]] = field(default_factory=list)

    def sample(self, at: float) -> None:
        """Measure it now."""
        self.memory.append((at, self.process.memory_info().rss / _MIB))
        self.descriptors.append((at, self.process.num_fds()))
        self.threads.append((at, self.process.num_threads()))


class _Echo(socketserver.BaseRequestHandler):
    """Sends back what comes: the noise of the machine, without a chat."""

    def handle(self) -> None:
        """Serve one connection, in a thread of its own."""
        connection: socket.socket = self.request
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(100):
            connection.sendall(data)


class _Noise:
    """Asks an echo server twenty times a second, in a thread."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self.round_trips: list[float] = []
        """Seconds; appended by the thread, taken away by the caller."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            began = monotonic()
            self._socket.sendall(b"x")
            self._socket.recv(100)
            self.round_trips.append(monotonic() - began)


def main(arguments: Sequence[str]) -> int:
    """Run it; return 1 if memory has grown by more than it may, or something was out of order."""
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="oneroom-soak-") as folder:
        flags = ("--host", "127.0.0.1", "--port", "0", "--max-per-address", "0", "--joins", "0")
        history = ("--history", f"{folder}/history.db", "--keep", str(_KEEP))
        with (
            running("tcp_server", *flags, *history, "--rate", "0") as server,
            running(
                *("web_gateway", *flags, "--requests", "0", "--server", str(server.address)),
            ) as gateway,
        ):
            soak = _Soak(server.process.pid, gateway.process.pid, server.address, gateway.address)
            return soak.run(options.minutes * 60)


class _Soak:
    """One run, and its report."""

    def __init__(self, server: int, gateway: int, server_at: Address, gateway_at: Address) -> None:
        self._records = {
            "server": _Record(psutil.Process(server)),
            "gateway": _Record(psutil.Process(gateway).children()[0]),  # the worker, which has the sessions
        }
        self._load = soak_load.Load(server_at, gateway_at)
        self._acks: dict[str, list[tuple[float, float]]] = {"p50": [], "p99": []}
        self._noise: list[tuple[float, float]] = []

    def run(self, seconds: float) -> int:
        """Run it, and write the report."""
        echo = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
        echo.daemon_threads = True
        threading.Thread(target=echo.serve_forever, daemon=True).start()
        noise = _Noise(("127.0.0.1", echo.server_address[1]))
        asyncio.run(self._measure(seconds, noise))
        noise.close()
        echo.shutdown()
        report = self._report(seconds)
        (_FOLDER / "performance-soak.md").write_text(report, encoding="utf-8")
        for name, picture in self._pictures().items():
            (_FOLDER / "images" / f"soak-{name}.svg").write_text(picture, encoding="utf-8")
        print(report)
        return int(
            self._load.out_of_order > 0 or any(self._growth(name) > _MOST_GROWTH for name in self._records)
        )

    async def _measure(self, seconds: float, noise: _Noise) -> None:
        began = monotonic()
        load = asyncio.create_task(self._load.run(seconds))
        while not (await asyncio.wait([load], timeout=_SAMPLE_SECONDS))[0]:
            at = monotonic() - began
            for record in self._records.values():
                record.sample(at)
            acks, self._load.latencies = self._load.latencies, []
            trips, noise.round_trips = noise.round_trips, []
            if len(acks) > 1 and len(trips) > 1:
                self._acks["p50"].append((at, 1000 * statistics.median(acks)))
                self._acks["p99"].append((at, 1000 * statistics.quantiles(acks, n=100)[98]))
                self._noise.append((at, 1000 * statistics.quantiles(trips, n=100)[98]))
        load.result()

    def _growth(self, name: str) -> float:
        """Return MiB in ten minutes after the warm-up, by least squares; 0 of a shorter run."""
        points = [point for point in self._records[name].memory if point[0] >= _WARM_UP]
        if len(points) < 10:
            return 0.0
        slope, _ = statistics.linear_regression(*zip(*points, strict=True))
        return slope * 600

    def _pictures(self) -> dict[str, str]:
        def of(read: Callable[[_Record], Curve]) -> dict[str, Curve]:
            return {name: read(record) for name, record in self._records.items()}

        return {
            "memory": curves("Memory, MiB", of(lambda record: record.memory)),
            "descriptors": curves("Open descriptors", of(lambda record: record.descriptors)),
            "threads": curves("Threads", of(lambda record: record.threads)),
            "latency": curves(
                "Time to an ack, ms",
                {"ack, p99": self._acks["p99"], "ack, half": self._acks["p50"], "echo, p99": self._noise},
            ),
        }

    def _report(self, seconds: float) -> str:
        load = self._load
        rows = [
            f"| {name} | {self._growth(name):+.2f} | {_range(record.memory)} | {_range(record.descriptors)} "
            f"| {_range(record.threads)} |"
            for name, record in self._records.items()
        ]
        p50, p99, noise = (
            statistics.median(value for _, value in points)
            for points in (self._acks["p50"], self._acks["p99"], self._noise)
        )
        return _REPORT.format(
            terminals=soak_load.TERMINALS,
            browsers=soak_load.BROWSERS,
            messages=soak_load.MESSAGES,
            churn=soak_load.CHURN,
            fault=soak_load.FAULT_SECONDS,
            minutes=seconds / 60,
            machine=f"{cores()} cores, {platform.system()} {_kernel()}, Python {platform.python_version()}",
            keep=_KEEP,
            rows="\n".join(rows),
            most=_MOST_GROWTH,
            load=load,
            sample=_SAMPLE_SECONDS,
            p50=p50,
            p99=p99,
            noise=noise,
            pictures="\n".join(f"![{name}](images/soak-{name}.svg)" for name in self._pictures()),
        )


def _range(points: Curve) -> str:
    """Return the least and the most after the warm-up, or of all if the run has ended before."""
    values = [value for at, value in points if at >= _WARM_UP] or [value for _, value in points]
    return f"{min(values):.0f}–{max(values):.0f}"


def _kernel() -> str:
    found = re.match(r"\d+\.\d+", os.uname().release)
    return found[0] if found else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
