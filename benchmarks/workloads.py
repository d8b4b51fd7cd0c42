"""What is measured of every server: the rooms, and what one measurement says."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.load import Crowd, Workload
from benchmarks.servers import Kind, serving

ROOMS = (10, 100, 1000, 5000)
"""Room sizes of the plot, one of the members talking."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One server under one workload, once."""

    server: str
    workload: str
    deliveries: int
    missing: int | None
    """Deliveries that did not come; None if they were still coming when time was over."""
    cut: int
    """Members the server disconnected."""
    per_second: float
    """Deliveries a second, to all together."""
    per_million: float
    """CPU seconds of the server per million deliveries."""
    server_share: float
    """CPU seconds of the server a second; a second processor counts."""
    generator_share: float
    """The same of the load generator: near 1 it would be the bottleneck, not the server."""
    p50: int
    """Median time in microseconds from when a message was due until it was heard; 0 unless at a rate."""
    p99: int
    p999: int


def room(size: int) -> str:
    """Name the workload of the plot for a room of that size."""
    return f"room of {size:,}"


MANY = "100 of 100 talk"
SOME = "10 of 100 talk"
MANY_LARGE = "100 of 1,000 talk"
WINDOW = "64 in flight, room of 100"
PACED = "200 messages/s, room of 100"
ONCE = {room(5000), MANY_LARGE}
"""What is measured in the first round only: to enter takes some servers longer than all the rest."""


def workloads(rooms: tuple[int, ...]) -> dict[str, Workload]:
    """Return all of them by name, for rooms of these sizes."""
    found = {room(size): Workload(size) for size in rooms}
    # Each with 64 on their way: a server that takes in more than it can give out would queue for minutes.
    found[SOME] = Workload(100, talkers=10, window=640)
    found[MANY] = Workload(100, talkers=100, window=6400)
    if 1000 in rooms:
        found[MANY_LARGE] = Workload(1000, talkers=100, window=6400)
    found[WINDOW] = Workload(100, block=1, window=64)
    found[PACED] = Workload(100, block=1, rate=200)
    return found


def measure(kind: Kind, name: str, workload: Workload, seconds: float) -> dict[str, Any]:
    """Run one workload on a server of its own; return a `Measurement` as JSON knows it.

    Raises `RuntimeError` where that cannot be.
    """
    workload = replace(workload, connecting=kind.connecting)
    with serving(kind) as server, Crowd(server, kind.protocol, workload, seconds) as crowd:
        crowd.enter()
        before = server.cpu()
        heard = crowd.talk()
        used = server.cpu() - before
    deliveries = max(1, heard["heard"])
    took = max(0.001, heard["seconds"])
    found = Measurement(
        server=kind.name,
        workload=name,
        deliveries=heard["heard"],
        missing=None if heard["missing"] < 0 else heard["missing"],
        cut=heard["cut"],
        per_second=heard["heard"] / took,
        per_million=1e6 * used / deliveries,
        server_share=used / took,
        generator_share=heard["generator_cpu"] / took,
        p50=heard["p50"],
        p99=heard["p99"],
        p999=heard["p999"],
    )
    return asdict(found)
