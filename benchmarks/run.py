"""One run of everything: each round goes through all servers, so that noise meets all of them alike."""

import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.endurance import crowd_comes_and_goes, deaf_readers, idle_memory
from benchmarks.peers import peers
from benchmarks.servers import Kind, cores, limit, ours
from benchmarks.workloads import ONCE, ROOMS, measure, workloads

LINES = "Oneroom, lines"
JSON = "Oneroom, json + SQLite"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of talking, each time."""
    rooms: tuple[int, ...]
    idle: int
    """Silent members whose memory is looked at, of each server."""
    held: int
    """The same, of ours once more: a full house."""
    crowd: int
    """Members that come and run."""
    python: str = sys.executable
    """The interpreter that our server runs on."""


FULL = Plan(rounds=3, seconds=1.0, rooms=ROOMS, idle=1_000, held=10_000, crowd=5_000)
QUICK = Plan(rounds=1, seconds=0.5, rooms=(10, 100, 1000), idle=500, held=2_000, crowd=1_000)


def run(plan: Plan, only: Sequence[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Measure and return all results as JSON knows them.

    `only` names the parts to run: `fanout`, `idle`, `crowd`, `deaf`. `say` is told of progress.
    """
    others, absent = peers()
    for package in absent:
        say(f"{package} is not installed and left out")
    rooms = [ours(LINES, "lines", python=plan.python), ours(JSON, "json", "normal", python=plan.python)]
    kinds = [limit(), *rooms, *others]
    results: dict[str, Any] = {"machine": _machine(plan), "absent": absent}
    parts: dict[str, Iterator[Callable[[], dict[str, Any]]]] = {
        "fanout": _fanout(plan, kinds),
        "idle": _idle(plan, kinds[1:]),
        "crowd": iter([partial(crowd_comes_and_goes, rooms[0], plan.crowd)]),
        "deaf": (partial(deaf_readers, kind, 3 * plan.seconds) for _ in range(plan.rounds) for kind in rooms),
    }
    for part in only:
        results[part] = [found for step in parts[part] if (found := _attempt(step, say)) is not None]
    return results


def _fanout(plan: Plan, kinds: Sequence[Kind]) -> Iterator[Callable[[], dict[str, Any]]]:
    todo = workloads(plan.rooms)
    for turn in range(plan.rounds):
        for name, workload in todo.items():
            for kind in kinds:
                once = name in ONCE or workload.members == kind.largest
                if workload.members <= kind.largest and not (turn and once):
                    yield partial(measure, kind, name, workload, plan.seconds)


def _idle(plan: Plan, kinds: Sequence[Kind]) -> Iterator[Callable[[], dict[str, Any]]]:
    for kind in kinds:
        yield partial(idle_memory, kind, plan.idle)
    yield partial(idle_memory, kinds[0], plan.held)


def _attempt(step: Callable[[], dict[str, Any]], say: Callable[[str], None]) -> dict[str, Any] | None:
    """Do one step and say what it found; one that fails costs only itself."""
    try:
        found = step()
    except RuntimeError as error:
        say(f"left out: {error}")
        return None
    say("  ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in found.values()))
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
