"""Runs a command on a pseudo-terminal. POSIX only.

Two processes are made of us: the command, and before it one that has the new terminal as its own and tells
us when the command stops and ends. With the command alone a Ctrl-Z could not stop it (POSIX: an orphaned
process group is not stopped from a terminal).
"""

import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn

_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126
"""Exit codes as those of a shell."""

STARTED: Final = -2
STOPPED: Final = -1
"""What `report` returns when the command has begun, and when it was stopped, as by Ctrl-Z."""

_REPORT: Final = struct.Struct("ii")  # process group, and exit code, `STARTED` or `STOPPED`

_SIZE: Final = struct.Struct("HHHH")


class PseudoTerminal:
    """A command that waits for `begin` on its own terminal. Make it before there are threads: it forks.

    `terminal` reads what the command writes, and takes what is typed; `reports` is readable when `report` has
    something. With `shares_stdin`, the command reads our stdin instead.
    """

    def __init__(
        self, command: Sequence[str], settings: list[Any] | None, *, shares_stdin: bool, has_newlines: bool
    ) -> None:
        self.group = 0
        """The process group of the command; 0 before it has begun."""
        self.terminal, slave = pty.openpty()
        self.reports, reports = os.pipe()
        waiting, self._go = os.pipe()
        if settings:
            termios.tcsetattr(slave, termios.TCSANOW, settings)
        if has_newlines:  # a file wants no CR before each LF
            attributes = termios.tcgetattr(slave)
            attributes[1] &= ~termios.ONLCR
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self._monitor = os.fork()
        if self._monitor == 0:
            try:
                for fd in (self.terminal, self.reports, self._go):
                    os.close(fd)
                _own(slave)
                if os.read(waiting, 1):
                    _watch(command, slave, reports, shares_stdin=shares_stdin)
            finally:
                os._exit(0)
        for fd in (slave, reports, waiting):
            os.close(fd)

    def begin(self) -> None:
        """Let the command run."""
        os.write(self._go, b".")

    def report(self) -> int | None:
        """Wait for the command's exit code, `STARTED` or `STOPPED`; return None if its watcher was killed.

        A command that a signal has ended has 128 and its number, as in a shell.
        """
        data = os.read(self.reports, _REPORT.size)
        if len(data) < _REPORT.size:
            return None
        self.group, code = _REPORT.unpack(data)
        return int(code)

    def resize(self, rows: int, columns: int) -> None:
        """Take over the size of a window; the command gets SIGWINCH."""
        with suppress(OSError):
            fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, _SIZE.pack(rows, columns, 0, 0))

    def send(self, number: int) -> None:
        """Send a signal to the command, and to what it has started in the foreground."""
        with suppress(OSError):
            foreground = os.tcgetpgrp(self.terminal)
            if foreground > 0:
                os.killpg(foreground, number)
        if self.group > 0:
            with suppress(OSError):
                os.killpg(self.group, number)


def _own(slave: int) -> None:
    """Make a terminal that of a new session, which is ours."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def _watch(command: Sequence[str], slave: int, reports: int, *, shares_stdin: bool) -> None:
    """Run the command in the foreground of the terminal, and report until it has ended."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(slave, os.getpid())
        for fd in (1, 2) if shares_stdin else (0, 1, 2):
            os.dup2(slave, fd)
        os.closerange(3, max(slave, reports) + 1)
        _become(command)
    with suppress(OSError):  # it has done so itself, and is another program already
        os.setpgid(pid, pid)
    os.close(slave)
    os.write(reports, _REPORT.pack(pid, STARTED))
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            os.write(reports, _REPORT.pack(pid, code))
            return
        os.write(reports, _REPORT.pack(pid, STOPPED))


def _become(command: Sequence[str]) -> NoReturn:
    """Become the command, or end as a shell does if there is none."""
    for number in (signal.SIGTTOU, signal.SIGPIPE, signal.SIGINT):  # Python has changed the last two
        signal.signal(number, signal.SIG_DFL)
    code = _NOT_EXECUTABLE
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - it is what the user has typed
    except FileNotFoundError as error:
        code, reason = _NOT_FOUND, error.strerror
    except OSError as error:
        reason = error.strerror
    os.write(2, f"oneroom: {command[0]}: {reason}\n".encode("utf-8", "replace"))
    os._exit(code)
