"""The terminal client in a pseudo-terminal: a test types and sees the screen."""

import os
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import pexpect
import pyte
from pexpect.fdpexpect import fdspawn

from chat_protocol.address import Address
from chat_protocol.messages import Bye, Leave
from tests.chat_client.fake_room import FakeConnection, FakeRoom
from tests.support.processes import Process, start_in_terminal
from tests.support.timing import TIMEOUT

ENTER, ALT_ENTER, CTRL_C, CTRL_D, UP = "\r", "\x1b\r", "\x03", "\x04", "\x1b[A"


class _Emulator(pyte.Screen):
    """A screen that reports its cursor position when asked, as terminals do."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], object]) -> None:
        super().__init__(columns, rows)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)


class TerminalSession:
    """A client in a terminal. Every wait has a deadline, and fails with the contents of the screen."""

    def __init__(
        self, process: Process, terminal: int, columns: int, rows: int, before: Sequence[object]
    ) -> None:
        self.process = process
        self.before = before
        """The settings of the terminal before the client was started."""
        self.child: fdspawn[bytes] = fdspawn(terminal)
        self.received = b""
        self._screen = _Emulator(columns, rows, self.child.send)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """The lines of the screen that are not blank."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def cursor(self) -> tuple[int, str]:
        """The column of the cursor, and the text of its line."""
        return self._screen.cursor.x, self._screen.display[self._screen.cursor.y].rstrip()

    def type(self, *keys: str) -> None:
        """Type keys."""
        for key in keys:
            self.child.send(key)

    def enter_line(self, text: str) -> None:
        """Type a line, and Enter once it is seen; several lines that come at once would be a paste."""
        self.type(text)
        self.wait_for(lambda _: self.cursor[1].endswith(text))
        self.type(ENTER)
        self.wait_for(lambda _: not self.cursor[1].endswith(text))

    def enter_secret(self, text: str) -> None:
        """Type a password, and Enter once its asterisks are seen."""
        self.type(text)
        self.wait_for(f": {'*' * len(text)}")
        self.type(ENTER)

    def paste(self, text: str) -> None:
        """Paste text, as a terminal with bracketed paste does."""
        self.child.send(f"\x1b[200~{text}\x1b[201~")

    def wait_for_newcomer(self, name: str) -> list[str]:
        """Wait until it is said that somebody has come, perhaps with others in one line; return all lines."""
        return self.wait_for(lambda lines: any("→" in line and name in line for line in lines))

    def wait_for(self, seen: Callable[[list[str]], bool] | str) -> list[str]:
        """Wait until the lines satisfy `seen`, or one of them contains that text; return all lines."""
        satisfied = seen if callable(seen) else lambda lines: any(seen in line for line in lines)
        deadline = monotonic() + TIMEOUT
        while not satisfied(self.lines):
            shown = "\n".join(self.lines)
            assert monotonic() < deadline, f"not seen: {seen}; on the screen:\n{shown}"
            try:
                self._feed()
            except pexpect.EOF:
                assert satisfied(self.lines), f"ended without {seen}; on the screen:\n{shown}"
        return self.lines

    def wait_until_idle(self) -> None:
        """Wait until nothing is drawn for over a second, which never comes where a clock is drawn."""
        deadline = monotonic() + TIMEOUT
        drawn, since = len(self.received), monotonic()
        while monotonic() < since + 1.2:
            assert monotonic() < deadline, "something is drawn again and again"
            self._feed()
            if len(self.received) > drawn:
                drawn, since = len(self.received), monotonic()

    def end(self) -> int:
        """Wait until the client ends, and return its exit code."""
        deadline = monotonic() + TIMEOUT
        try:
            while monotonic() < deadline:
                self._feed()
        except pexpect.EOF:
            pass
        code = self.process.wait(TIMEOUT)
        assert b"Traceback" not in self.received
        return code

    def _feed(self) -> None:
        try:
            block = self.child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        self.received += block
        self._stream.feed(block)


@contextmanager
def client_at(
    address: Address, *arguments: str, columns: int = 80, rows: int = 24, lang: str = "en", **environment: str
) -> Iterator[TerminalSession]:
    """Start the client in a terminal; it has ended afterwards."""
    command = (sys.executable, "-m", "cli_client", str(address), "--lang", lang, *arguments)
    given = os.environ | {"TERM": "xterm-256color", "ONEROOM_NAME": "", "NO_COLOR": ""} | environment
    screen, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (rows, columns))
    before = termios.tcgetattr(terminal)
    process = start_in_terminal(command, terminal, given)
    os.close(terminal)
    try:
        yield TerminalSession(process, screen, columns, rows, before)
    finally:
        process.kill()
        process.wait(TIMEOUT)
        os.close(screen)


def enter(room: FakeRoom, terminal: TerminalSession, *, moderator: bool = False) -> FakeConnection:
    """Let the client in as Анна, with Боря as the other member; return the room's end of the connection."""
    client = room.accept()
    client.welcome(members=["Анна", "Боря"], moderator=moderator)
    terminal.wait_for("2 here")
    return client


def leave(terminal: TerminalSession, client: FakeConnection, *, forget: bool = False) -> None:
    """Leave with Ctrl-D and answer with a `bye`; the exit code must be 0."""
    terminal.type(CTRL_D)
    client.expect(Leave(forget=forget))
    client.send(Bye("left"))
    assert terminal.end() == 0
