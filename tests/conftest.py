"""For every test: nothing may be left over, and with ONEROOM_NO_SKIP=1 nothing may be skipped."""

import gc
import os
import random
from collections.abc import Generator, Iterator
from time import monotonic, sleep

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser

from tests.support import surroundings
from tests.support.browser import running_chromium
from tests.support.leaks import describe, left_over
from tests.support.requirements import CHROMIUM_SHELL, how_to_install

surroundings.settle()
gc.disable()  # until all tests are collected, which makes no garbage: looking for it is a quarter of the work
# On a busy machine one example may take long. `make test` has the same examples each time, so that what fails
# has failed by the change; the long runs draw new ones.
settings.register_profile(
    "busy",
    deadline=None,
    derandomize=not os.environ.get("ONEROOM_QUIET"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("busy")

_TIMEOUT = 30.0  # seconds a test's threads and processes have to finish what they are ending
_LONG = ("end_to_end", "faults", "hostile")  # folders of tests that take seconds each


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of all tests of a worker: a thread can have a single Playwright."""
    with running_chromium(CHROMIUM_SHELL) as browser:
        yield browser


@pytest.fixture(autouse=True)
def nothing_left_over() -> Iterator[None]:
    """Fail a test that leaves a thread, a child process or an open descriptor behind.

    What fixtures of a wider scope hold is there before the test and so no leak.
    """
    surroundings.forget_identities()
    before = left_over()
    yield
    deadline = monotonic() + _TIMEOUT
    pause = 0.01
    while left := left_over() - before:
        gc.collect()  # an unclosed socket is then a ResourceWarning, which is an error
        if monotonic() > deadline:
            pytest.fail("left over: " + ", ".join(sorted(map(describe, left))))
        sleep(pause)
        pause = min(2 * pause, 0.2)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test was skipped."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("ONEROOM_NO_SKIP") and not hasattr(report, "wasxfail"):
        report.longrepr = f"ONEROOM_NO_SKIP is set, but: {_reason(report)}"
        report.outcome = "failed"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    process = os.environ.get("PYTEST_XDIST_WORKER")  # one of several of a run
    if process and isinstance(collector, pytest.Directory) and report.result:
        # Each reads the files in another order: what one has compiled the others need not, which in a
        # fresh checkout is most of the work. The tests are sorted again below.
        random.Random(process).shuffle(report.result)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Say last how to install what tests were skipped for, or have failed for with ONEROOM_NO_SKIP=1."""
    yield
    stats = terminalreporter.stats
    reasons = map(_reason, [*stats.get("skipped", []), *stats.get("error", []), *stats.get("failed", [])])
    if line := how_to_install(reasons):
        terminalreporter.write_line(line, yellow=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first, so that no process is left alone with some at the end."""
    items.sort(key=lambda item: (item.path.parent.name not in _LONG, item.path))
    gc.freeze()  # or each collection of garbage would look through all the tests
    gc.enable()
