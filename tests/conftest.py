"""For every test: nothing may be left over, and with ONEROOM_NO_SKIP=1 nothing may be skipped."""

import gc
import os
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.requirements import CHROMIUM

_DESCRIPTORS = Path("/proc/self/fd")
# Two servers cannot share the default file, and no test may write into anybody's own.
os.environ.setdefault("ONEROOM_SERVER_HISTORY", "memory")
# Most tests talk faster than people; those of the rates set their own.
os.environ.setdefault("ONEROOM_SERVER_RATE", "0")

_PATIENCE = 5.0  # seconds a test's threads and processes have to finish what they are ending


def _left_over() -> set[str]:
    """Name all that a test might leave behind and that would then disturb the next."""
    found = {f"thread {thread.name} ({thread.ident})" for thread in threading.enumerate()}
    found |= {f"process {child.pid} {_command(child)}" for child in psutil.Process().children()}
    if _DESCRIPTORS.is_dir():
        found |= {
            f"descriptor {link.name} -> {target}"
            for link in _DESCRIPTORS.iterdir()
            if (target := _target(link))
        }
    return found


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return "(ended)"


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # the descriptor of the listing itself, closed by now
        return ""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of all tests: a thread can have a single Playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def nothing_left_over() -> Iterator[None]:
    """Fail a test that leaves a thread, a child process or an open descriptor behind.

    What fixtures of a wider scope hold is there before the test and so no leak.
    """
    before = _left_over()
    yield
    deadline = monotonic() + _PATIENCE
    while left := _left_over() - before:
        gc.collect()  # an unclosed socket is then a ResourceWarning, which is an error
        if monotonic() > deadline:
            pytest.fail("left over: " + ", ".join(sorted(left)))
        sleep(0.01)


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("ONEROOM_NO_SKIP") and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"ONEROOM_NO_SKIP is set, but: {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report
