"""The terminal client in tmux, a terminal of its own that wraps rows anew when it is resized."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from chat_protocol.address import Address
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT

_NUMBERS = itertools.count()


class TmuxSession:
    """A tmux server with one window. Every wait has a deadline, and fails with what was seen."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: str) -> str:
        """Run a command of tmux, and return what it prints."""
        arguments = ["tmux", "-L", self.name, "-f", os.devnull, *command]
        return subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=TIMEOUT).stdout

    def type(self, *keys: str) -> None:
        """Press keys by their names in tmux."""
        self.run("send-keys", *keys)

    def write(self, text: str) -> None:
        """Type a text."""
        self.run("send-keys", "-l", text)

    def resize(self, columns: int) -> None:
        """Make the window as wide."""
        self.run("resize-window", "-x", str(columns))

    def enter_line(self, text: str) -> None:
        """Type a line, and Enter once it is seen; several that come at once would be a paste."""
        self.write(text)
        self.wait_for(lambda lines: any(line.endswith(f"› {text}") for line in lines[-3:]))
        self.type("Enter")

    @property
    def title(self) -> str:
        """The title that the client has given its window."""
        return self.run("display-message", "-p", "#{pane_title}").strip()

    @property
    def lines(self) -> list[str]:
        """The lines that are not blank, from the beginning of the scrollback."""
        return [line for line in self.run("capture-pane", "-p", "-S", "-").splitlines() if line]

    def wait_for(self, seen: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the lines satisfy `seen`, and return them; it may look at some that are not there."""
        deadline = monotonic() + TIMEOUT
        while True:
            lines = self.lines
            with suppress(IndexError):
                if seen(lines):
                    return lines
            assert monotonic() < deadline, "\n".join(lines)


@contextmanager
def tmux_client(
    address: Address, *arguments: str, columns: int = 80, rows: int = 24
) -> Iterator[TmuxSession]:
    """Start the client as Анна in tmux; both have ended afterwards."""
    session = TmuxSession(f"oneroom-{os.getpid()}-{next(_NUMBERS)}")
    environment = [
        f"{key}={value}" for key, value in (("LANG", "C.UTF-8"), ("ONEROOM_NAME", ""), ("NO_COLOR", ""))
    ]
    client = [sys.executable, "-m", "cli_client", str(address), "--lang", "en", "--name", "Анна", *arguments]
    size = ["-x", str(columns), "-y", str(rows)]
    session.run("new-session", "-d", *size, "-c", str(ROOT), "env", *environment, *client)
    try:
        yield session
    finally:
        session.run("kill-server")
