"""The performance targets, and whether a run meets them."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.results import Results
from benchmarks.run import JSON, LINES
from benchmarks.workloads import MANY, PACED, WINDOW, room


@dataclass(frozen=True, slots=True)
class TargetResult:
    """One target, and what was measured for it."""

    workload: str
    target: str
    measured: str
    met: bool


@dataclass(frozen=True, slots=True)
class _AtMost:
    """A target: our cost is at most `times` that of another server."""

    ours: str
    workload: str
    other: str
    times: float


_COSTS = (
    _AtMost(LINES, room(1000), "C limit", 1.5),
    _AtMost(LINES, room(1000), "Redis pub/sub", 1 / 8),
    _AtMost(LINES, room(1000), "NATS", 1 / 20),
    _AtMost(LINES, room(100), "C limit", 3),
    _AtMost(LINES, room(100), "Redis pub/sub", 1 / 3),
    _AtMost(LINES, room(100), "NATS", 1 / 8),
    _AtMost(JSON, room(100), "Redis pub/sub", 1),
    _AtMost(JSON, room(100), "NATS", 1 / 3),
    _AtMost(JSON, room(100), "ngIRCd", 1 / 10),
    _AtMost(JSON, room(1000), "Redis pub/sub", 1),
    _AtMost(JSON, room(1000), "NATS", 1 / 3),
    _AtMost(JSON, room(1000), "ngIRCd", 1 / 10),
    _AtMost(LINES, MANY, "ngIRCd", 1 / 2),
    _AtMost(LINES, MANY, "Redis pub/sub", 1 / 1.5),
    _AtMost(LINES, MANY, "NATS", 1),
    _AtMost(LINES, MANY, "InspIRCd", 1),
    _AtMost(LINES, WINDOW, "Redis pub/sub", 1 / 1.5),
    _AtMost(LINES, WINDOW, "NATS", 1 / 4),
)


def check_targets(results: Results) -> Iterator[TargetResult]:
    """Yield the result of each target that this run has measured."""
    yield from _costs(results)
    yield from _growth(results)
    yield from _latencies(results)
    yield from _endurance(results)


def _costs(results: Results) -> Iterator[TargetResult]:
    for target in _COSTS:
        mine = results.median(target.ours, target.workload, "per_million")
        theirs = results.median(target.other, target.workload, "per_million")
        if not mine or not theirs:
            continue
        if target.times > 1:
            wanted, ratio = f"at most {target.times:g}× {target.other}", f"{mine / theirs:.2f}×"
        else:
            times = "" if target.times == 1 else f"{1 / target.times:g}× "
            wanted, ratio = f"{times}cheaper than {target.other}", f"{theirs / mine:.1f}×"
        yield TargetResult(f"{target.ours}: {target.workload}", wanted, ratio, mine <= target.times * theirs)


def _growth(results: Results) -> Iterator[TargetResult]:
    small = results.median(LINES, room(10), "per_million")
    large = results.median(LINES, room(1000), "per_million")
    if small and large:
        yield TargetResult(
            f"{LINES}: room of 10 → 1,000",
            "cost of a delivery does not grow",
            f"{small:.3f} → {large:.3f}",
            large <= small,
        )


def _latencies(results: Results) -> Iterator[TargetResult]:
    for mine, other in ((LINES, "ngIRCd"), (JSON, "NATS")):
        ours, theirs = results.median(mine, PACED, "p99"), results.median(other, PACED, "p99")
        if ours and theirs:
            yield TargetResult(
                f"{mine}: {PACED}",
                f"p99 not above {other}'s",
                f"{ours / 1000:.2f} ms, {other} {theirs / 1000:.2f} ms",
                ours <= theirs,
            )


def _endurance(results: Results) -> Iterator[TargetResult]:
    for idle in results.idle:
        if idle["server"] in (LINES, JSON):
            each = idle["kib_each"]
            yield TargetResult(
                f"{idle['server']}: {idle['members']:,} idle",
                "at most 20 KiB each",
                f"{each:.1f} KiB",
                each <= 20,
            )
    for crowd in results.crowd:
        who = f"{crowd['server']}: crowd of {crowd['members']:,}"
        yield TargetResult(who, "in within 8 s", f"{crowd['in']:.1f} s", crowd["in"] <= 8)
        yield TargetResult(who, "gone within 2 s", f"{crowd['gone']:.1f} s", crowd["gone"] <= 2)
        waited = max(crowd["waited_in"], crowd["waited_out"])
        yield TargetResult(who, "others answered within 1 s", f"{waited:.2f} s", waited <= 1)
        yield TargetResult(
            who, "SIGTERM obeyed while it leaves", f"ended in {crowd['sigterm']:.1f} s", crowd["sigterm"] <= 5
        )
    for server in (LINES, JSON):
        if stalled := [each for each in results.stalled if each["server"] == server]:
            who = f"{server}: 20 of 100 never read"
            kept = median(each["kept"] for each in stalled)
            grown = max(each["grown_mib"] for each in stalled)
            yield TargetResult(who, "others keep 80 % of their rate", f"{kept:.0%}", kept >= 0.8)
            yield TargetResult(who, "memory grows less than 64 MiB", f"{grown:.0f} MiB", grown < 64)
