"""The report of a run: a table of all bridges, and whether the gateway meets its targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.bridge.bridges import ASYNCIO, LIMIT, OURS, WEBSOCKIFY
from benchmarks.bridge.scenarios import LISTENERS, RATE

Results = Mapping[str, Mapping[str, float]]
"""Figures by bridge and name. `NO_BRIDGE` stands for clients that connect to the room directly."""

NO_BRIDGE: Final = "no bridge"

_COLUMNS = (OURS.name, ASYNCIO.name, WEBSOCKIFY.name, LIMIT.name, NO_BRIDGE)

_HEAD = """# The gateway beside other bridges

Written by `make bench-bridge`; the figures behind it are in `benchmarks/bridge/results.json`.

Three bridges from WebSocket to TCP take turns in front of the same `tcp_server` (`--history memory`) on
one machine, which also runs the browsers: {machine}. Scenarios with messages run {rounds} times; the
table shows medians. *asyncio* is a typical proxy with asyncio and the library `websockets`
(`benchmarks/bridge/asyncio_proxy.py`), *websockify* the well-known program, *C limit* a program in C that
only receives and sends, without WebSocket (`benchmarks/bridge/limit.c`), and *no bridge* means clients
that connect to the room's TCP port. Memory is proportional (shared pages count once) and includes all
processes of a bridge; CPU is that of the bridge alone. Latency is from a member's send in the room to the
browser's `recv`. A writer has at most 16 unacknowledged messages. Only compare figures of one run.

At 200 messages a second every bridge has to receive and send once for each delivery. No bridge can avoid
these two calls, so the C limit bounds the ratios of CPU per delivery.
"""

_ROWS: Final = {
    "memory per session, 100 sessions, KiB": ("memory_100", "{:,.1f}"),
    "memory per session, 500 sessions, KiB": ("memory_500", "{:,.1f}"),
    "memory per session, 2,000 sessions, KiB": ("memory_2000", "{:,.1f}"),
    f"CPU per delivery, {LISTENERS} browsers, {RATE:.0f} messages/s, µs": ("cpu_per_delivery", "{:,.1f}"),
    "— of it in the kernel, µs": ("kernel_per_delivery", "{:,.1f}"),
    "— latency p50, ms": ("p50", "{:,.2f}"),
    "— latency p99, ms": ("p99", "{:,.2f}"),
    "— added to the room's own p50, ms": ("p50_added", "{:,.2f}"),
    "— added to the room's own p99, ms": ("p99_added", "{:,.2f}"),
    f"room to {LISTENERS} browsers, as fast as possible, deliveries/s": ("deliveries", "{:,.0f}"),
    "— CPU per delivery, µs": ("cpu_saturated", "{:,.3f}"),
    "browser to room, 1 writer, says/s": ("uploads_1", "{:,.0f}"),
    "— CPU per say, µs": ("cpu_per_upload_1", "{:,.1f}"),
    "browser to room, 100 writers, says/s": ("uploads_100", "{:,.0f}"),
    "— CPU per say, µs ": ("cpu_per_upload_100", "{:,.1f}"),
}


@dataclass(frozen=True)
class Target:
    """A target: a limit for a figure of the gateway, or for its ratio to another bridge's."""

    title: str
    value: Callable[[Results], float]
    limit: float
    form: str = "{:.2f}"
    at_most: bool = True

    def row(self, results: Results) -> str:
        """Return the row of the table."""
        value = self.value(results)
        met = value <= self.limit if self.at_most else value >= self.limit
        bound = ("at most " if self.at_most else "at least ") + self.form.format(self.limit)
        return f"| {self.title} | {bound} | {self.form.format(value)} | {'met' if met else '**missed**'} |"


def _ours(figure: str) -> Callable[[Results], float]:
    return lambda results: results[OURS.name][figure]


def _ratio(other: str, figure: str) -> Callable[[Results], float]:
    return lambda results: results[OURS.name][figure] / results[other][figure]


_TARGETS: Final = (
    Target("memory per session at 500, KiB", _ours("memory_500"), 48, "{:.1f}"),
    Target("— to websockify's", _ratio(WEBSOCKIFY.name, "memory_500"), 1 / 50, "{:.3f}"),
    Target("CPU per delivery, to the asyncio proxy's", _ratio(ASYNCIO.name, "cpu_per_delivery"), 1 / 2),
    Target("— to websockify's", _ratio(WEBSOCKIFY.name, "cpu_per_delivery"), 1 / 4),
    Target("latency p50, to the asyncio proxy's", _ratio(ASYNCIO.name, "p50"), 1),
    Target("— to websockify's", _ratio(WEBSOCKIFY.name, "p50"), 1),
    Target("latency p99, to the asyncio proxy's", _ratio(ASYNCIO.name, "p99"), 1),
    Target("— to websockify's", _ratio(WEBSOCKIFY.name, "p99"), 1),
    Target("deliveries/s, to the asyncio proxy's", _ratio(ASYNCIO.name, "deliveries"), 1, at_most=False),
    Target("— to websockify's", _ratio(WEBSOCKIFY.name, "deliveries"), 1, at_most=False),
    Target("CPU per say, 1 writer, to the asyncio proxy's", _ratio(ASYNCIO.name, "cpu_per_upload_1"), 1.5),
    Target("— to websockify's", _ratio(WEBSOCKIFY.name, "cpu_per_upload_1"), 1),
    Target(
        "CPU per say, 100 writers, to the asyncio proxy's", _ratio(ASYNCIO.name, "cpu_per_upload_100"), 1.5
    ),
    Target("— to websockify's", _ratio(WEBSOCKIFY.name, "cpu_per_upload_100"), 1),
    Target("2,000 sessions: the slowest of 20 pages, s", _ours("page"), 1),
    Target(
        "— growth of the others' p99 with 50 that never read, ms",
        lambda results: results[OURS.name]["p99_stuck"] - results[OURS.name]["p99_calm"],
        50,
        "{:.1f}",
    ),
    Target("— share of the others' deliveries that arrive", _ours("heard_stuck"), 1, at_most=False),
    Target("— growth of memory with those 50, MiB", _ours("memory_grown"), 50 * 1.1, "{:.1f}"),
)


def markdown(results: Results, machine: str, rounds: int) -> str:
    """Return the report."""
    added = {
        f"{quantile}_added": {
            name: results[name][quantile] - results[NO_BRIDGE][quantile] for name in results
        }
        for quantile in ("p50", "p99")
    }
    table = {
        name: {figure: values[name] for figure, values in added.items()} | dict(results[name])
        for name in results
    }
    lines = [_HEAD.format(machine=machine, rounds=rounds)]
    lines += [f"| | {' | '.join(_COLUMNS)} |", "|---" + "|--:" * len(_COLUMNS) + "|"]
    for title, (figure, form) in _ROWS.items():
        cells = [form.format(table[column][figure]) if figure in table[column] else "" for column in _COLUMNS]
        lines.append(f"| {title.rstrip()} | {' | '.join(cells)} |")
    lines += ["", "## Targets", "", "| | must be | is | |", "|---|--:|--:|---|"]
    lines += [target.row(results) for target in _TARGETS]
    cpu = {name: figures["cpu_per_delivery"] for name, figures in results.items()}
    bounds = [f"{cpu[LIMIT.name] / cpu[other.name]:.2f} of {other.name}'s" for other in (ASYNCIO, WEBSOCKIFY)]
    lines += ["", f"CPU per delivery of the C limit, in the same run: {' and '.join(bounds)}."]
    return "\n".join(lines) + "\n"
