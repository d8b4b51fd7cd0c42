"""The workloads that each server is measured with."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.load import LoadGenerator, Workload
from benchmarks.servers import ServerKind, serving

ROOMS = (10, 100, 1000, 5000)
"""Room sizes of the plot, with one talker each."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The figures of one server under one workload in one round."""

    server: str
    workload: str
    deliveries: int
    missing: int | None
    """Lost deliveries; None if deliveries still arrived when the time was over."""
    cut: int
    """Members that the server disconnected."""
    per_second: float
    """Deliveries a second, to all members together."""
    per_million: float
    """CPU seconds of the server per million deliveries."""
    server_share: float
    """CPU seconds of the server in a second; over 1 if it uses several processors."""
    generator_share: float
    """The same of the load generator: near 1 it is the bottleneck."""
    p50: int
    """Median microseconds from when a message was due until it was received; 0 without a rate."""
    p99: int
    p999: int


def room(size: int) -> str:
    """Return the name of the workload with one talker in a room of that size."""
    return f"room of {size:,}"


MANY = "100 of 100 talk"
SOME = "10 of 100 talk"
MANY_LARGE = "100 of 1,000 talk"
WINDOW = "64 in flight, room of 100"
PACED = "200 messages/s, room of 100"
ONCE = {room(5000), MANY_LARGE}
"""Workloads of the first round only: joining takes some servers longer than all the rest."""


def workloads(rooms: tuple[int, ...]) -> dict[str, Workload]:
    """Return all workloads by name, for rooms of these sizes."""
    found = {room(size): Workload(size) for size in rooms}
    # Windows of 64 for each talker: some servers read faster than they deliver, and would queue for minutes.
    found[SOME] = Workload(100, talkers=10, window=640)
    found[MANY] = Workload(100, talkers=100, window=6400)
    if 1000 in rooms:
        found[MANY_LARGE] = Workload(1000, talkers=100, window=6400)
    found[WINDOW] = Workload(100, block=1, window=64)
    found[PACED] = Workload(100, block=1, rate=200)
    return found


def measure(kind: ServerKind, name: str, workload: Workload, seconds: float) -> dict[str, Any]:
    """Run one workload on a newly started server. Return a `Measurement` as a dictionary.

    Raises `RuntimeError` if the server does not start or the load generator fails.
    """
    workload = replace(workload, connecting=kind.connecting)
    with serving(kind) as server, LoadGenerator(server, kind.protocol, workload, seconds) as load:
        load.join()
        before = server.cpu()
        counts = load.talk()
        used = server.cpu() - before
    deliveries = max(1, counts["received"])
    took = max(0.001, counts["seconds"])
    found = Measurement(
        server=kind.name,
        workload=name,
        deliveries=counts["received"],
        missing=None if counts["missing"] < 0 else counts["missing"],
        cut=counts["cut"],
        per_second=counts["received"] / took,
        per_million=1e6 * used / deliveries,
        server_share=used / took,
        generator_share=counts["generator_cpu"] / took,
        p50=counts["p50"],
        p99=counts["p99"],
        p999=counts["p999"],
    )
    return asdict(found)
