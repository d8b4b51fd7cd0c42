"""`oneroom run`: a command on a terminal of its own, whose output is a live message too."""

import os
import select
import shutil
import signal
import termios
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import Any, Final

from cli_client.live_output import LiveOutput
from cli_client.pseudo_terminal import STARTED, STOPPED, PseudoTerminal

_STDIN, _STDOUT = 0, 1
_READ_SIZE: Final = 65536
_LATE_OUTPUT: Final = 100  # milliseconds without output after the end of the command
_KILLED: Final = 128 + signal.SIGKILL
_FORWARDED: Final = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)


def title_of(command: Sequence[str]) -> str:
    """Return the program and its words before the first option: a password may stand behind one."""
    program, *words = command
    end = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join([PurePath(program).name, *words[:end]])


class Run:
    """A command that runs until its end whatever becomes of the room. Make it before there are threads.

    `run` returns its exit code: 128 and the number of the signal that has ended it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        has_stdin = os.isatty(_STDIN)
        self._settings: list[Any] | None = None  # of our terminal; None if we do not read it
        if has_stdin and os.tcgetpgrp(_STDIN) == os.getpgrp():
            self._settings = termios.tcgetattr(_STDIN)
        self._command = PseudoTerminal(
            command, self._settings, shares_stdin=not has_stdin, has_newlines=not os.isatty(_STDOUT)
        )
        size = shutil.get_terminal_size()
        self.size = (size.columns, size.lines)
        self._has_keyboard = self._settings is not None
        self._typed = b""  # what the command has not read yet
        self._can_write = True  # to stdout
        self.unwritable = ""
        """Why stdout could not be written; empty if it could, or if its reader has gone (`| head`)."""
        self._signals, self._wake = os.pipe()

    def run(self, connect: Callable[[], LiveOutput]) -> int:
        """Join the room with `connect`, run the command, and return its exit code."""
        live: LiveOutput | None = None
        try:
            live = connect()
            self._take_signals()
            self._command.begin()
            self._take_size(live)
            self._set_raw()
            code = self._relay(live)
        finally:
            self._restore()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        live.end(code)
        return code

    def _take_signals(self) -> None:
        for fd in (self._signals, self._wake, self._command.terminal):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in (*_FORWARDED, signal.SIGWINCH):
            signal.signal(number, lambda *_: None)

    # --- the relay ---------------------------------------------------------------------

    def _relay(self, live: LiveOutput) -> int:
        """Pass on what the command writes and what is typed; return the exit code."""
        terminal, reports = self._command.terminal, self._command.reports
        code: int | None = None
        is_open = True
        while is_open or code is None:
            ready = self._wait(is_open=is_open, has_ended=code is not None)
            if code is not None and not ready:
                break  # what still has the terminal open writes nothing
            if self._signals in ready:
                self._on_signals(live)
            if _STDIN in ready:
                self._typed = _read(_STDIN)
                self._has_keyboard = bool(self._typed)
            if ready.get(terminal, 0) & select.POLLOUT:
                with suppress(OSError):
                    self._typed = self._typed[os.write(terminal, self._typed) :]
            if ready.get(terminal, 0) & ~select.POLLOUT:
                is_open = self._pass_on(live)
            if reports in ready:
                code = self._on_report(live)
        return code

    def _wait(self, *, is_open: bool, has_ended: bool) -> dict[int, int]:
        """Wait for something to do; what was typed waits until the command reads it."""
        poll = select.poll()
        if is_open:
            poll.register(self._command.terminal, select.POLLIN | (select.POLLOUT if self._typed else 0))
        if has_ended:
            return dict(poll.poll(_LATE_OUTPUT))
        for fd in (self._command.reports, self._signals):
            poll.register(fd, select.POLLIN)
        if self._has_keyboard and not self._typed:
            poll.register(_STDIN, select.POLLIN)
        return dict(poll.poll())

    def _pass_on(self, live: LiveOutput) -> bool:
        """Pass output on; return False at its end."""
        try:
            data = os.read(self._command.terminal, _READ_SIZE)
        except BlockingIOError:
            return True
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        live.write(data)
        while data and self._can_write:
            try:
                data = data[os.write(_STDOUT, data) :]
            except BlockingIOError:
                select.select([], [_STDOUT], [])
            except BrokenPipeError:  # the reader has what it wanted (`| head`)
                self._can_write = False
                self._command.send(signal.SIGPIPE)
            except OSError as error:
                self._can_write, self.unwritable = False, str(error.strerror)
        return True

    def _on_report(self, live: LiveOutput) -> int | None:
        code = self._command.report()
        if code is None:
            return _KILLED
        if code == STARTED:
            return None
        if code != STOPPED:
            return code
        self._restore()
        os.kill(0, signal.SIGTSTP)  # returns when we are continued
        self._set_raw()
        self._take_size(live)
        self._command.send(signal.SIGCONT)
        return None

    def _on_signals(self, live: LiveOutput) -> None:
        with suppress(BlockingIOError):
            for number in os.read(self._signals, 64):
                if number == signal.SIGWINCH:
                    self._take_size(live)
                elif number in _FORWARDED:
                    self._command.send(number)

    # --- our terminal ------------------------------------------------------------------

    def _take_size(self, live: LiveOutput) -> None:
        columns, rows = shutil.get_terminal_size()
        for fd in (_STDOUT, _STDIN):  # not the environment, which stays as it was
            with suppress(OSError):
                columns, rows = os.get_terminal_size(fd)
                break
        self._command.resize(rows, columns)
        live.resize(columns, rows)

    def _set_raw(self) -> None:
        if self._settings:
            tty.setraw(_STDIN)

    def _restore(self) -> None:
        if self._settings:
            with suppress(termios.error):
                termios.tcsetattr(_STDIN, termios.TCSADRAIN, self._settings)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _READ_SIZE)
    except OSError:
        return b""
