"""Programs that one program runs until it is asked to stop, and that end with it.

They run in sessions of their own, so that Ctrl-C and the end of the terminal reach only their parent, which
then stops them in order. For a parent with one thread.
"""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

_GRACE: Final = 10.0
"""Seconds a program has to end before it is killed."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PARENT: Final = os.getpid()
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class StopRequested(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""


def _request_stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise StopRequested


def stop_on_signals() -> None:
    """Make the signals that stop a program raise `StopRequested`, once."""
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # under nohup
            signal.signal(number, _request_stop)


def _end_with_parent() -> None:
    """Have the new process get SIGTERM when this one ends, even by `kill -9`. Linux only."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != _PARENT:  # it ended before that
            os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


class Child:
    """One program, which runs or not."""

    def __init__(self, *command: str | Path, log: Path | None = None, **env: str) -> None:
        """Run `command`, with `env` added to the environment; `log` is a file for all that it prints."""
        self.process: subprocess.Popen[str] | None = None
        self._command = command
        self._log = log
        self._env = env

    def start(self, *arguments: str) -> None:
        """Start it, with more arguments. What it prints can be read, unless it has a log."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # until `stop` knows the process
        try:
            with self._log.open("ab") if self._log else nullcontext() as log:
                self.process = subprocess.Popen(
                    [*self._command, *arguments],
                    env=os.environ | self._env,
                    stdout=log or subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                    preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
                )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def read_line(self) -> str:
        """Return the next line that it prints; empty at its end."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self) -> None:
        """Stop it if it runs, and wait for its end."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
