"""Runs the Autobahn test suite against `echo.py` and prints a summary; see `make conformance`.

The suite runs under CPython 2.7 only. Arguments: that interpreter, the folder the suite is
installed in, and a folder for its detailed reports.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.support.processes import find_address, running

SECTIONS = {
    1: "Framing",
    2: "Pings and pongs",
    3: "Reserved bits",
    4: "Opcodes",
    5: "Fragmentation",
    6: "UTF-8",
    7: "Closing",
    9: "Limits and performance",
    10: "Automatic fragmentation",
}
"""The sections to run. 12 and 13 are about compression, which the gateway never negotiates."""

_PASSED = ("OK", "NON-STRICT", "INFORMATIONAL")
_WSTEST = (
    "import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()"
)
_TIME_LIMIT = 900.0  # seconds; a slow machine needs about 60


def _fuzz(python: str, suite: Path, reports: Path) -> dict[str, str]:
    """Run the suite. Return the result of each case, the worse of its exchange and its close."""
    reports.mkdir(parents=True, exist_ok=True)
    specification = reports / "fuzzingclient.json"
    with running("tests.web_gateway.conformance.echo", "--port", "0") as program:
        url = f"ws://{find_address(program.line.replace('http://', ''))}/ws"
        specification.write_text(
            json.dumps(
                {
                    "servers": [{"agent": "Oneroom", "url": url}],
                    "outdir": str(reports),
                    "cases": [f"{section}.*" for section in SECTIONS],
                    "exclude-cases": [],
                }
            )
        )
        subprocess.run(
            [python, "-W", "ignore", "-c", _WSTEST, suite, "-m", "fuzzingclient", "-s", specification],
            check=True,
            timeout=_TIME_LIMIT,
            stdout=subprocess.DEVNULL,
        )
    cases = json.loads((reports / "index.json").read_text())["Oneroom"]
    return {case: _worse(end["behavior"], end["behaviorClose"]) for case, end in cases.items()}


def _worse(*behaviours: str) -> str:
    return max(behaviours, key=lambda behaviour: (behaviour not in _PASSED, behaviour != "OK"))


def _table(cases: dict[str, str]) -> str:
    """Return the summary as Markdown."""
    rows = ["| section | cases | OK | non-strict | informational | failed |", "|---|--:|--:|--:|--:|--:|"]
    for number, title in SECTIONS.items():
        ends = Counter(end for case, end in cases.items() if case.startswith(f"{number}."))
        columns = [ends.total(), *(ends.pop(end, 0) for end in _PASSED), ends.total()]
        rows.append(f"| {number} {title} | {' | '.join(map(str, columns))} |")
    return "\n".join(rows)


def main(python: str, suite: str, reports: str) -> int:
    """Print the summary and return the exit status: 1 if a case failed."""
    cases = _fuzz(python, Path(suite), Path(reports).resolve())
    print(_table(cases))
    failed = {case: end for case, end in cases.items() if end not in _PASSED}
    for case, end in failed.items():
        print(f"{case}: {end}", file=sys.stderr)
    print(f"{len(cases)} cases; details in {reports}/index.html")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
