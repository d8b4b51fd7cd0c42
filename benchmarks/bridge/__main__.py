"""Measures all bridges and writes the report. Argument: the folder in which websockify is installed."""

import json
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.bridge import scenarios
from benchmarks.bridge.bridges import ASYNCIO, LIMIT, OURS, WEBSOCKIFY, Bridge, room, running
from benchmarks.bridge.report import NO_BRIDGE, markdown
from benchmarks.bridge.scenarios import Figures, Stage

_HERE = Path(__file__).resolve().parent
_REPORT = _HERE.parents[1] / "docs" / "performance-bridge.md"
_RESULTS = _HERE / "results.json"

_ROUNDS: Final = 3
_BRIDGES: Final = (OURS, ASYNCIO, WEBSOCKIFY)

Scenario = Callable[[Stage], Figures]


class _Run:
    """The figures of one run, by bridge and name."""

    def __init__(self, websockify: str) -> None:
        self._websockify = str(Path(websockify).resolve())
        self.figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def measure(self, scenario: Scenario, bridges: Iterable[Bridge | None]) -> None:
        """Run a scenario with each bridge in turn (None: without one), each time with new processes."""
        for bridge in bridges:
            with ExitStack() as stack:
                behind = stack.enter_context(room())
                program = stack.enter_context(running(bridge, behind, self._websockify)) if bridge else None
                figures = scenario(Stage(behind, bridge, program))
            name = bridge.name if bridge else NO_BRIDGE
            print(name, {figure: round(value, 4) for figure, value in figures.items()}, flush=True)
            for figure, value in figures.items():
                self.figures[name][figure].append(value)

    def medians(self) -> dict[str, dict[str, float]]:
        """Return the median of each figure."""
        return {
            name: {figure: median(values) for figure, values in figures.items()}
            for name, figures in self.figures.items()
        }


def main(websockify: str) -> None:
    """Run all scenarios; write the figures and the report."""
    run = _Run(websockify)
    for _ in range(_ROUNDS):
        run.measure(scenarios.pace, (*_BRIDGES, LIMIT, None))
        run.measure(scenarios.saturation, (*_BRIDGES, LIMIT, None))
        for writers in (1, 100):
            run.measure(partial(scenarios.uploads, writers=writers), _BRIDGES)
    for sessions in (100, 500, 2000):
        bridges = [bridge for bridge in _BRIDGES if sessions <= bridge.max_sessions]
        run.measure(partial(scenarios.memory, sessions=sessions), bridges)
    run.measure(scenarios.many_sessions, [OURS])

    system = f"{platform.system()} {platform.machine()}"
    machine = f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"
    results = run.medians()
    _RESULTS.write_text(
        json.dumps({"machine": machine, "rounds": _ROUNDS, "medians": results, "all": run.figures}, indent=1)
        + "\n"
    )
    report = markdown(results, machine, _ROUNDS)
    _REPORT.write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main(*sys.argv[1:])
