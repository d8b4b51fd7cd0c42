"""Compares two checkouts of our server: both are measured in turns, and each round gives one ratio.

On a shared machine absolute figures drift; a ratio of two measurements made one after the other
drifts less, and the median of many rounds has an interval that says how sure it is.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.native import ROOT
from benchmarks.servers import ours
from benchmarks.workloads import MANY, PACED, SOME, WINDOW, measure, room, workloads

_ROWS = (room(10), room(100), room(1000), SOME, MANY, WINDOW, PACED)
_DIALECTS = (("lines", "off"), ("json", "normal"))


class Ratio(NamedTuple):
    """The median of paired ratios and its 95 % confidence interval."""

    median: float
    low: float
    high: float

    @property
    def is_level(self) -> bool:
        """Whether there is no difference to be seen, or one of at most 5 %."""
        return self.low <= 1 <= self.high or self.median <= 1.05

    def __str__(self) -> str:
        mark = "" if self.is_level else " slower"
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f}){mark}"


def ratio(values: Sequence[float]) -> Ratio:
    """Return the median with an interval of order statistics, which assumes no distribution.

    With fewer than 6 values the interval spans all of them and is less sure than 95 %.
    """
    ordered, count = sorted(values), len(values)
    outside, tail = 0, 0.0
    while (tail := tail + math.comb(count, outside) / 2**count) <= 0.025:
        outside += 1
    last = max(outside - 1, 0)
    return Ratio(median(ordered), ordered[last], ordered[-1 - last])


def compare(base: Path, rounds: int, seconds: float) -> dict[tuple[str, str], list[float]]:
    """Return, by dialect and workload, what this checkout costs as multiples of `base`, once a round."""
    todo = workloads((10, 100, 1000))
    found: dict[tuple[str, str], list[float]] = {}
    for turn in range(rounds):
        for dialect, history in _DIALECTS:
            kinds = [ours(root.name, dialect, history, root=root) for root in (base, ROOT)]
            for row in _ROWS:
                # Each is the first of the two in every other round.
                order = kinds if turn % 2 else kinds[::-1]
                costs = {
                    kind.directory: measure(kind, row, todo[row], seconds)["per_million"] for kind in order
                }
                found.setdefault((dialect, row), []).append(costs[ROOT] / costs[base])
                print(f"round {turn + 1}: {dialect}, {row}: {found[dialect, row][-1]:.3f}", file=sys.stderr)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of ratios. Returns 1 if a row is slower than noise explains."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paired", description=__doc__)
    parser.add_argument("base", type=Path, metavar="CHECKOUT", help="the other checkout")
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement; %(default)s")
    options = parser.parse_args(arguments)
    rows = {
        key: ratio(values)
        for key, values in compare(options.base.resolve(), options.rounds, options.seconds).items()
    }
    print("CPU seconds per million deliveries, as multiples of the base: median (95 % interval)\n")
    print("| dialect | workload | ratio |\n| --- | --- | ---: |")
    for (dialect, row), each in rows.items():
        print(f"| {dialect} | {row} | {each} |")
    return 0 if all(each.is_level for each in rows.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
