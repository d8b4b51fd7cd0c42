"""The session that tools/recording.py records: three people of one room, two of whom are seen."""

import os
import shlex
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from threading import Thread
from typing import Final, Literal

from playwright.sync_api import Browser, Page

from chat_protocol.address import Address
from tests.cli_client.terminal_session import ENTER
from tests.cli_client.tmux_session import TmuxSession
from tests.end_to_end.services import Services, say
from tests.support.processes import start_in_terminal
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT
from tools import recording_project
from tools.recording_frames import PAGE, PAGE_SHOWN, SCALE, Shot

COLUMNS, ROWS = 56, 28
SECONDS: Final = 15.0
"""How long it is."""

OTHER_PANE: Final = "\x02o"
"""What one types in tmux to go into the next pane."""

Act = tuple[float, Callable[[], object]]
"""When, in seconds since the beginning, and what."""

_RUN: Final = 3  # the number of the live message
_ROOM_ROWS: Final = 12  # of the lower pane

_OPTIONS: Final = {
    "status": "off",
    "escape-time": "0",
    "default-terminal": "tmux-256color",
    "pane-border-style": "fg=#4b5753",
    "pane-active-border-style": "fg=#4b5753",
}
_PROMPT: Final = r"\[\e[36m\]~/shop\[\e[m\] \[\e[32m\]❯\[\e[m\] "


class Recorder:
    """All that a program in a terminal of its own writes, and when. A daemon thread reads it."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._terminal, inside = os.openpty()
        termios.tcsetwinsize(inside, (ROWS, COLUMNS))
        self._process = start_in_terminal(command, inside, os.environ | {"TERM": "xterm-256color"})
        os.close(inside)
        self._began = time.monotonic()
        self._chunks: list[tuple[float, bytes]] = []  # appended to by the reading thread
        self._reader = Thread(target=self._read, name="recorder", daemon=True)
        self._reader.start()

    def begin(self, shown: str) -> None:
        """Wait until this is drawn: the recording begins with all that has been drawn until then."""
        while shown.encode() not in b"".join(chunk for _, chunk in self._chunks):
            time.sleep(0.05)
        self._began = time.monotonic()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def output(self) -> list[tuple[float, bytes]]:
        """What was written, and when."""
        return [(max(0.0, at - self._began), chunk) for at, chunk in self._chunks]

    def type(self, keys: str) -> None:
        """Type keys."""
        os.write(self._terminal, keys.encode())

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._terminal, 65536)
            except OSError:  # the other side is closed
                return
            self._chunks.append((time.monotonic(), chunk))

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        os.close(self._terminal)


def _environment(home: Path) -> Mapping[str, str]:
    return {
        "COLORTERM": "truecolor",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ONEROOM_NAME": "Boris",
        "PATH": f"{home / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PS1": _PROMPT,
        "XDG_STATE_HOME": str(home / "state"),
    }


def _write_programs(home: Path, room: Address) -> None:
    """Make an `oneroom` that knows where the room is: its port is one that was free."""
    program = home / "bin" / "oneroom"
    program.parent.mkdir()
    start = f"exec {shlex.quote(sys.executable)} -m cli_client"
    lines = ("#!/bin/sh", f'[ "$1" = run ] || {start} {room} "$@"', "shift", f'{start} run {room} "$@"')
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o755)


class Session:
    """The people, and what they do."""

    def __init__(self, terminal: Recorder, page: Page, vera: JsonClient) -> None:
        self.terminal = terminal
        self._page = page
        self._vera = vera

    def acts(self) -> list[Act]:
        """Return who does what and when, the first one first."""
        page, keyboard = self._page, self._page.keyboard
        return sorted(
            [
                (1.0, lambda: self.terminal.type(ENTER)),
                (3.6, self._fold),
                (5.4, lambda: self._vera.say_json(type="react", ref="eyes", id=_RUN, emoji="👀")),
                (8.2, lambda: self._vera.say_json(type="typing")),
                (8.8, self._fold),
                (9.3, self._answer),
                (10.0, lambda: page.focus("#composer-text")),
                *_typed(10.1, "Shipping it 🚀", keyboard.insert_text),
                (11.5, lambda: keyboard.press("Enter")),
                (11.6, lambda: self.terminal.type(OTHER_PANE)),
                *_typed(12.2, "/react :tada:", self.terminal.type),
                (13.4, lambda: self.terminal.type(ENTER)),
            ],
            key=itemgetter(0),
        )

    def _fold(self) -> None:
        self._page.locator(".live-show:visible").evaluate("each => each.click()")

    def _answer(self) -> None:
        self._vera.say_json(type="say", ref="answer", text="All green. Go!", reply=_RUN)

    def shoot(self) -> Shot:
        """Photograph the page."""
        at = self.terminal.now
        return Shot(at, self._photograph("light"), self._photograph("dark"))

    def _photograph(self, theme: Literal["light", "dark"]) -> bytes:
        self._page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        return self._page.screenshot()


def _typed(at: float, text: str, write: Callable[[str], None]) -> list[Act]:
    return [(at + number * 0.08, partial(write, char)) for number, char in enumerate(text)]


@contextmanager
def session(services: Services, chromium: Browser, home: Path) -> Iterator[Session]:
    """Bring everybody in and begin to record; Boris is about to run his tests."""
    project = home / "shop"
    project.mkdir()
    recording_project.write_into(project)
    with JsonClient(services.room) as vera, _tmux(services.room, home, project) as tmux:
        vera.join("Vera", history=0)
        tmux.wait_for(lambda lines: any("2 here" in line for line in lines))
        page = _enter(chromium, services.url)
        tmux.wait_for(lambda lines: any("Anna has joined" in line for line in lines))
        tmux.type("C-l")  # the room's greeting goes
        while "people here" in tmux.run("capture-pane", "-p"):
            time.sleep(0.05)
        say(vera, "Is main ready to ship?")
        tmux.write("One moment, running the tests")
        tmux.type("Enter")
        page.wait_for_selector(".message[data-name=Boris]")
        tmux.run("select-pane", "-t", "0")
        tmux.write("oneroom run -- make test")
        tmux.wait_for(lambda lines: any("make test" in line for line in lines))
        terminal = Recorder(("tmux", "-L", tmux.name, "attach"))
        try:
            terminal.begin("3 here")
            yield Session(terminal, page, vera)
        finally:
            terminal.close()


@contextmanager
def _tmux(room: Address, home: Path, project: Path) -> Iterator[TmuxSession]:
    """Run a window with two panes: a shell above, the room below, in which the keyboard is."""
    _write_programs(home, room)
    tmux = TmuxSession(f"oneroom-recording-{os.getpid()}")
    environment = ["env", *(f"{key}={value}" for key, value in _environment(home).items())]
    shell = [*environment, "bash", "--norc", "--noprofile"]
    tmux.run("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(project), *shell)
    try:
        for option, value in _OPTIONS.items():
            tmux.run("set-option", "-g", option, value)
        tmux.run("set-option", "-as", "terminal-features", ",xterm-256color:RGB")
        tmux.run("split-window", "-v", "-l", str(_ROOM_ROWS), *environment, "oneroom", "--lang", "en")
        yield tmux
    finally:
        tmux.run("kill-server")


def _enter(chromium: Browser, url: str) -> Page:
    """Come in as Anna."""
    width, height = PAGE
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=SCALE * PAGE_SHOWN[0] / width,
        locale="en-GB",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    page.fill("#join-name", "Anna")
    page.click("#join-button")
    page.mouse.move(0, 0)  # what the pointer is over looks different
    page.wait_for_selector("#connection[data-state=online]", state="attached")
    return page
