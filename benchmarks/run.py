"""Runs all measurements. Each round goes through all servers, so that noise affects all alike."""

import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.endurance import idle_memory, mass_join_and_leave, stalled_readers
from benchmarks.peers import peers
from benchmarks.servers import ServerKind, cores, limit, ours
from benchmarks.workloads import ONCE, ROOMS, measure, workloads

LINES = "Oneroom, lines"
JSON = "Oneroom, json + SQLite"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    """Seconds of talking in each measurement."""
    rooms: tuple[int, ...]
    idle: int
    """Idle members of each server whose memory is measured."""
    idle_ours: int
    """The same for our server once more, at its limit."""
    crowd: int
    """Members that join and then leave all at once."""
    python: str = sys.executable
    """The Python interpreter for our server."""


FULL = Plan(rounds=3, seconds=1.0, rooms=ROOMS, idle=1_000, idle_ours=10_000, crowd=5_000)
QUICK = Plan(rounds=1, seconds=0.5, rooms=(10, 100, 1000), idle=500, idle_ours=2_000, crowd=1_000)


def run(plan: Plan, only: Sequence[str], report: Callable[[str], None]) -> dict[str, Any]:
    """Measure and return all results as a dictionary for JSON.

    `only` names the parts to run: `fanout`, `idle`, `crowd`, `stalled`. `report` gets lines of progress.
    """
    others, absent = peers()
    for package in absent:
        report(f"{package} is not installed and left out")
    rooms = [ours(LINES, "lines", python=plan.python), ours(JSON, "json", "normal", python=plan.python)]
    kinds = [limit(), *rooms, *others]
    results: dict[str, Any] = {"machine": _machine(plan), "absent": absent}
    parts: dict[str, Iterator[Callable[[], dict[str, Any]]]] = {
        "fanout": _fanout(plan, kinds),
        "idle": _idle(plan, kinds[1:]),
        "crowd": iter([partial(mass_join_and_leave, rooms[0], plan.crowd)]),
        "stalled": (partial(stalled_readers, kind, 3 * plan.seconds) for kind in rooms * plan.rounds),
    }
    for part in only:
        results[part] = [found for step in parts[part] if (found := _attempt(step, report)) is not None]
    return results


def _fanout(plan: Plan, kinds: Sequence[ServerKind]) -> Iterator[Callable[[], dict[str, Any]]]:
    todo = workloads(plan.rooms)
    for turn in range(plan.rounds):
        for name, workload in todo.items():
            for kind in kinds:
                once = name in ONCE or workload.members == kind.largest
                if workload.members <= kind.largest and not (turn and once):
                    yield partial(measure, kind, name, workload, plan.seconds)


def _idle(plan: Plan, kinds: Sequence[ServerKind]) -> Iterator[Callable[[], dict[str, Any]]]:
    for kind in kinds:
        yield partial(idle_memory, kind, plan.idle)
    yield partial(idle_memory, kinds[0], plan.idle_ours)


def _attempt(step: Callable[[], dict[str, Any]], report: Callable[[str], None]) -> dict[str, Any] | None:
    """Run one measurement and report its figures. Return None if it fails."""
    try:
        found = step()
    except RuntimeError as error:
        report(f"left out: {error}")
        return None
    report("  ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in found.values()))
    return found


def _machine(plan: Plan) -> dict[str, Any]:
    version = subprocess.run([plan.python, "-V"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "processor": _processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.release()}",
        "python": version,
        "rounds": plan.rounds,
        "seconds": plan.seconds,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
