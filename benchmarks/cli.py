"""The command line: measures, writes the results, prints the report."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.native import BUILD, NoCompiler
from benchmarks.plot import plot
from benchmarks.report import markdown
from benchmarks.results import Results
from benchmarks.run import FULL, QUICK, run

_PARTS = ("fanout", "idle", "crowd", "stalled")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen measurements. Return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(_PARTS):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; choose from {', '.join(_PARTS)}")
    if options.from_results:
        found = json.loads(Path(options.from_results).read_text(encoding="utf-8"))
    else:
        plan = dataclasses.replace(QUICK if options.quick else FULL, python=options.python)
        if sys.platform != "linux":
            print("benchmarks: the load generator needs Linux", file=sys.stderr)
            return 1
        try:
            found = run(plan, options.parts or _PARTS, lambda line: print(line, file=sys.stderr, flush=True))
        except NoCompiler as error:
            print(f"benchmarks: {error}", file=sys.stderr)
            return 1
    results = Results(found)
    report = markdown(results)
    directory = Path(options.out)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (directory / "report.md").write_text(report, encoding="utf-8")
    if results.workloads:
        (directory / "cost.svg").write_text(plot(results), encoding="utf-8")
    print(report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the room server beside other servers that are installed.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="take a few minutes; the figures are less exact")
    parser.add_argument("--python", default=sys.executable, help="the Python interpreter for our server")
    parser.add_argument("--out", default=str(BUILD), help="directory for results (default: %(default)s)")
    parser.add_argument("--from-results", metavar="FILE", help="only write the report of an earlier run")
    return parser
