"""Log lines for a stream that does not take them, or is not there."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import pytest

from chat_protocol import log_output
from chat_protocol.log_event import LOGGER, WARNING, log_often
from chat_protocol.log_format import formatter
from chat_protocol.log_output import LogOutput
from chat_protocol.stacks import log_stacks
from tests.support.timing import TIMEOUT

WAITING = 3
LOST = "lines of this log that could not be written: {}"


class Log:
    """A log that goes into a pipe, and what this test read from that."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.output = LogOutput(self.writing)
        self.output.setFormatter(logging.Formatter("%(message)s"))
        self._read = b""

    def fill(self, *, blocking: bool = True) -> None:
        """Fill the pipe, as a reader does that is paused."""
        os.set_blocking(self.writing, False)
        with suppress(BlockingIOError):
            while True:
                os.write(self.writing, bytes(4096))
        os.set_blocking(self.writing, blocking)

    def write(self, *lines: str) -> None:
        for line in lines:
            self.output.handle(logging.makeLogRecord({"msg": line}))

    def read(self, count: int) -> list[str]:
        """Read so many lines, and what `fill` wrote."""
        while self._read.count(b"\n") < count:
            self._read += os.read(self.reading, 65536).replace(b"\0", b"")
        *lines, self._read = self._read.split(b"\n", count)
        return [line.decode() for line in lines]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    monkeypatch.setattr(log_output, "_MAX_WAITING", WAITING)
    log = Log()
    yield log
    log.output.close()
    assert not log.output._thread.is_alive()
    os.close(log.reading)
    os.close(log.writing)


def test_lines_are_written_in_order_and_all_before_the_end(log: Log) -> None:
    log.write("раз", "два\nтри")
    log.output.close()
    assert log.read(3) == ["раз", "два", "три"]


@pytest.mark.parametrize("blocking", [True, False])
def test_who_logs_does_not_wait_and_what_is_lost_is_counted(log: Log, blocking: bool) -> None:
    log.fill(blocking=blocking)
    log.write("first")
    deadline = monotonic() + TIMEOUT
    while log.output._waiting:  # it is being written
        assert monotonic() < deadline
    log.write(*map(str, range(WAITING + 5)))
    assert log.read(2 + WAITING) == ["first", "0", "1", "2", LOST.format(5)]
    log.write("last")
    assert log.read(1) == ["last"]


def test_what_is_lost_is_told_before_what_comes_next(log: Log) -> None:
    log.fill()
    log.write("first")
    deadline = monotonic() + TIMEOUT
    while log.output._waiting:
        assert monotonic() < deadline
    log.write("0", "1", "2", "lost")
    with log.output._changed:
        assert log.output._waiting.popleft().getMessage() == "0"  # as if it was written
    log.write("next")
    assert log.read(5) == ["first", "1", "2", LOST.format(1), "next"]


def test_a_stream_that_fails_costs_its_lines_alone() -> None:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    output = LogOutput(descriptor)
    for _ in range(3):
        output.handle(logging.makeLogRecord({"msg": "lost"}))
    output.close()
    assert output._dropped == 3
    os.close(descriptor)


def test_the_end_of_a_program_waits_only_so_long(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_output, "_CLOSE_TIMEOUT", 0.01)
    log.fill()
    log.write("x")
    log.output.close()
    assert log.output._thread.is_alive()
    monkeypatch.undo()
    assert log.read(1) == ["x"]


def test_events_of_one_kind_are_counted(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.output.setFormatter(formatter("text"))
    logger = logging.getLogger(LOGGER)
    monkeypatch.setattr(logger, "handlers", [log.output])
    for number in range(4):
        log_often(WARNING, "refused", reason="full", id=number, address=None)
    log_often(WARNING, "refused", reason="banned")
    first, other = log.read(2)
    assert first.endswith(" WARNING refused reason=full id=0")
    assert other.endswith(" WARNING refused reason=banned")
    with log.output._changed:
        for counted in log.output._counted.values():
            counted.due_at = monotonic()  # as if ten seconds were over
        log.output._changed.notify()
    assert log.read(1)[0].endswith(" WARNING refused reason=full id=3 times=3")
    log_often(WARNING, "refused", reason="full", id=4)
    log.output.close()  # what was counted is told at the end at the latest
    assert log.read(1)[0].endswith(" WARNING refused reason=full id=4 times=1")


def test_lines_wait_until_their_form_is_known(log: Log) -> None:
    log.output.setFormatter(None)
    log.write("early")
    log.output.setFormatter(logging.Formatter("-> %(message)s"))
    assert log.read(1) == ["-> early"]


def test_a_child_has_a_thread_of_its_own_and_nothing_of_its_parent(log: Log) -> None:
    log.output.setFormatter(None)
    log.write("of the parent")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of threads and fork
        child = os.fork()
    if not child:
        log.output.setFormatter(logging.Formatter("child: %(message)s"))
        log.write("hello")
        log.output.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    log.output.setFormatter(logging.Formatter("parent: %(message)s"))
    assert log.read(2) == ["child: hello", "parent: of the parent"]


def test_stacks_are_logged_even_if_only_errors_are(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_output, "_MAX_WAITING", 1000)
    logger = logging.getLogger(LOGGER)
    monkeypatch.setattr(logger, "handlers", [log.output])
    monkeypatch.setattr(logger, "level", logging.ERROR)
    log.output.setFormatter(formatter("text"))
    log_stacks()
    log.output.close()
    said = os.read(log.reading, 65536).decode()
    assert "in test_stacks_are_logged_even_if_only_errors_are" in said
    assert "INFO stack threads=1 names=MainThread\n" in said
