"""The frontend in a terminal that cannot move its cursor (`TERM=dumb`): it prints lines and reads lines."""

import os
import select
import shutil
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from chat_client import events
from chat_client.chat import Chat
from chat_protocol.address import Address
from chat_protocol.contract import MAX_PASSWORD
from chat_protocol.messages import Authenticate
from chat_protocol.standard_streams import encodable
from chat_protocol.text import clean, is_blank, one_line
from cli_client.command_runner import CommandRunner
from cli_client.commands import parse_line
from cli_client.idle import Idle
from cli_client.ignored import Ignored
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.shown import Lines
from cli_client.translations import Translations

Listener = Callable[[events.ClientEvent], None]
"""Is told of what happens in the room, by its thread."""

_PROMPT: Final = "> "
_PIECE: Final = 65_536  # bytes
_TICK: Final = 0.5  # seconds after which waiting lines are printed, if nothing else was


class PlainTerminal:
    """The frontend of one conversation. `run` returns the exit code. Without a name it asks for one.

    The terminal itself edits the line, and what comes meanwhile is printed above a new prompt; what was half
    typed is not lost, only not seen any more.
    """

    def __init__(  # noqa: PLR0913 - what the command line gives
        self,
        address: Address,
        name: str | None,
        texts: Translations,
        connect: Callable[[Listener], Chat],
        *,
        as_typed: bool,
        ignored: Ignored,
    ) -> None:
        self._texts = texts
        self._lock = threading.Lock()  # guards what follows, and the terminal; before the lock of `Chat`
        self._renderer = Renderer(
            texts, address, lambda: shutil.get_terminal_size().columns, as_typed=as_typed, ignored=ignored
        )
        self._question = "ask_name" if name is None else ""
        self._suggestion = ""  # a free name that the room has suggested
        self._is_asked = False  # whether a prompt stands at the cursor
        self._exit_code = 0
        self._chat = connect(self._on_event)
        if name is not None:
            self._chat.set_name(name)
        self._ended, self._end = os.pipe()  # readable at the end; written to by the room thread and signals
        self._idle = Idle(self._chat)
        keys_text = partial(texts, "keys_of_terminal")
        self._commands = CommandRunner(
            self._chat, self._idle, ignored, texts, self._renderer, self._print, self._leave, keys_text
        )

    def run(self) -> int:
        """Run until the person leaves or the room ends the conversation. Main thread."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: self._leave())
        with _terminal_kept(sys.stdin.fileno()):
            with self._lock:
                self._print(partial(self._renderer.line, "greeting", address=self._chat.address))
                self._ask()
            self._chat.start()
            for line in self._lines():
                with self._lock:
                    self._idle.on_key()
                    self._is_asked = False
                    self._take(line)
                    self._ask()
        self._chat.leave()
        unsent = self._chat.status().unsent
        if unsent:
            self._exit_code = 1
        with self._lock:
            self._write("\n")
            goodbye = [] if self._exit_code else self._renderer.line("goodbye")
            last = self._renderer.left_over(unsent, "") or goodbye
            self._print(lambda: last)
        os.close(self._ended)
        os.close(self._end)
        return self._exit_code

    def _leave(self) -> None:
        os.write(self._end, b".")

    def _lines(self) -> Iterator[str]:
        """Yield what is typed, line by line, until the end of the input or of the conversation."""
        rest = b""
        while True:
            ready, _, _ = select.select([sys.stdin, self._ended], [], [], _TICK)
            if self._ended in ready:
                return
            if not ready:
                self._tell_waiting()
                self._idle.look()
                continue
            data = os.read(sys.stdin.fileno(), _PIECE)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)

    # --- what is typed -------------------------------------------------------------------

    def _take(self, line: str) -> None:
        """Handle a line: the answer to a question, a text or a command."""
        question, self._question = self._question, ""
        refused = self._answer(question, line) if question else self._run(clean(line))
        if refused:
            self._print(partial(self._renderer.text, f"✗ {refused}"))

    def _answer(self, question: str, line: str) -> str:
        """Handle an answer; return why it is refused, empty if it is not."""
        if question == "ask_name":
            name = one_line(line) or self._suggestion
            if name:
                self._chat.set_name(name)
            else:
                self._question = question
        elif question == "ask_password":
            self._chat.set_password(line)
        elif line and not self._chat.request(Authenticate(line[:MAX_PASSWORD])):
            return self._texts("not_online")
        return ""

    def _run(self, text: str) -> str:
        """Say a text or run a command; return why it is refused, empty if it is not."""
        status = self._chat.status()
        if is_blank(text):
            if status.phase is events.Phase.WAITING:
                self._chat.retry_now()
            return ""
        typed = parse_line(text, status.can)
        if not isinstance(typed, Authenticate):
            return self._commands.run(typed)
        refused = self._commands.why_no_moderator(status)
        if not refused:
            self._question = "ask_moderator"
        return refused

    def _ask(self) -> None:
        """Print the prompt, or a question; the answer to one for a password is not seen."""
        _set_echo(sys.stdin.fileno(), on=self._question in ("", "ask_name"))
        self._write(self._texts(self._question) if self._question else _PROMPT)
        self._is_asked = True

    # --- what is shown -------------------------------------------------------------------

    def _on_event(self, event: events.ClientEvent) -> None:
        """Show an event. The room's thread."""
        with self._lock:
            match event:
                case events.NameRefused(suggestion=suggestion):
                    self._question, self._suggestion = "ask_name", one_line(suggestion)
                case events.PasswordNeeded():
                    self._question = "ask_password"
                case events.PeoplePage():
                    self._commands.people = event
                case events.OlderMessages() | events.SearchResults():
                    self._commands.take(event)
                case events.Ended(reason) if reason != "left":
                    self._exit_code = 2 if reason == "bad_code" else 1
            shown = self._renderer.render(event)
            if shown:
                self._write_above(shown)
        if isinstance(event, events.Ended) and event.reason != "left":
            self._leave()

    def _tell_waiting(self) -> None:
        with self._lock:
            if self._renderer.waiting():
                self._write_above(self._renderer.end_waiting())

    def _write_above(self, fragments: Fragments) -> None:
        """Write lines where a prompt may stand, and a new prompt."""
        text = "".join(text for _, text in fragments)
        self._write(f"\r{text}" if self._is_asked else text)
        if self._is_asked:
            self._ask()

    def _print(self, lines: Lines) -> None:
        self._write("".join(text for _, text in self._renderer.printed(lines)))

    def _write(self, text: str) -> None:
        with suppress(OSError):  # the terminal was closed
            sys.stdout.write(encodable(text, sys.stdout))
            sys.stdout.flush()


@contextmanager
def _terminal_kept(descriptor: int) -> Iterator[None]:
    """Leave the terminal as it was."""
    before = termios.tcgetattr(descriptor)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _set_echo(descriptor: int, *, on: bool) -> None:
    with suppress(termios.error):
        settings = termios.tcgetattr(descriptor)
        flags = settings[3] | termios.ECHO if on else settings[3] & ~termios.ECHO
        if flags != settings[3]:
            settings[3] = flags
            termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)
