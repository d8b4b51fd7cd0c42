"""A small project whose `make test` looks like that of a real one, for the recording of the README.

Run as a program this file is its tests.
"""

import sys
import time
from pathlib import Path
from typing import Final

_FILES: Final = (
    ("accounts", 34, 0.3),
    ("basket", 21, 0.3),
    ("billing", 48, 0.5),
    ("currency", 16, 0.3),
    ("delivery", 27, 0.6),
    ("invoices", 31, 0.9),
    ("orders", 58, 1.4),
    ("search", 22, 1.2),
    ("vouchers", 39, 0.9),
)
"""Of the tests: what they are about, how many there are, and how many seconds they take."""

_WIDTH: Final = 22
_STEP: Final = 0.1  # seconds between two states of the bar
_BOLD_GREEN, _GREEN, _DIM, _CYAN, _PLAIN = "\x1b[1;32m", "\x1b[32m", "\x1b[90m", "\x1b[36m", "\x1b[m"
_HIDE, _SHOW, _CLEAR = "\x1b[?25l", "\x1b[?25h", "\r\x1b[K"


def write_into(folder: Path) -> None:
    """Write the project into a folder."""
    (folder / "Makefile").write_text("test:\n\t@python3 tests.py\n", encoding="utf-8")
    (folder / "tests.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")


def _bar(done: float, name: str) -> str:
    full = int(done * _WIDTH)
    rest = f"{_DIM}{'━' * (_WIDTH - full)}"
    return f" {_CYAN}{'━' * full}{rest}{_PLAIN} {done:4.0%} {_DIM}{name}{_PLAIN}"


def _test() -> None:
    began = time.monotonic()
    whole, passed = sum(seconds for *_, seconds in _FILES), 0.0
    total = sum(count for _, count, _ in _FILES)
    sys.stdout.write(f"{_HIDE}{_DIM} {total} tests in {len(_FILES)} files{_PLAIN}\n\n")
    for name, count, seconds in _FILES:
        for step in range(round(seconds / _STEP)):
            sys.stdout.write(_CLEAR + _bar((passed + step * _STEP) / whole, name))
            sys.stdout.flush()
            time.sleep(_STEP)
        passed += seconds
        result = f"{name:<11}{_DIM}{count:>3} tests  {seconds:.1f} s"
        sys.stdout.write(f"{_CLEAR} {_GREEN}✓{_PLAIN} {result}{_PLAIN}\n")
    sys.stdout.write(f"\n {_BOLD_GREEN}{total} passed{_PLAIN} in {time.monotonic() - began:.1f} s\n{_SHOW}")


if __name__ == "__main__":
    _test()
