"""The frontend in a terminal: a transcript that scrolls above the input line.

Everything here is owned by the main thread and its event loop, except `_on_event`: the room
thread puts events into a queue there, and the loop prints them.
"""

import asyncio
import os
import queue
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text

from chat_protocol.address import Address
from chat_protocol.commands import Help, ParsedCommand, Show, Who
from chat_protocol.contract import MAX_PASSWORD
from chat_protocol.messages import Authenticate, HistoryRequest, Leave, Left, Role, Typing
from chat_protocol.text import clean, is_blank, one_line
from chat_protocol.tls import Tls
from cli_client import events
from cli_client.chat import Chat
from cli_client.commands import Forget, InvalidCommand, parse_line
from cli_client.identity import IdentityStore
from cli_client.input_line import InputLine, Question
from cli_client.render import STYLE, Fragments, Renderer
from cli_client.toolbar import Toolbar
from cli_client.translations import Translations
from cli_client.wrapping import clip

_NAME_WIDTH: Final = 64  # cells of a name that the room suggests
_TYPING_INTERVAL: Final = 3.0  # seconds between two `typing` commands


class _Output(Vt100_Output):
    """A terminal that is never asked for its cursor position.

    Before its answer arrives, more may be printed; prompt_toolkit would then overwrite
    used lines and scroll the transcript away.
    """

    def get_rows_below_cursor_position(self) -> int:
        return 1


class Terminal:
    """The frontend of one conversation in a terminal. `run` returns the exit code."""

    def __init__(  # noqa: PLR0913 - what the command line gives
        self,
        address: Address,
        name: str,
        texts: Translations,
        *,
        password: str = "",
        tls: Tls | None = None,
        family: int = socket.AF_UNSPEC,
        identities: IdentityStore | None = None,
    ) -> None:
        self._texts = texts
        self._chat = Chat(
            address, self._on_event, password=password, tls=tls, family=family, identities=identities
        )
        if name:
            self._chat.set_name(name)
        self._events: queue.SimpleQueue[events.ClientEvent] = queue.SimpleQueue()  # from the room thread
        self._session: PromptSession[None] = PromptSession(
            self._prompt,
            output=_Output.from_pty(sys.stdout, os.environ.get("TERM"), ColorDepth.from_env()),
            multiline=True,
            bottom_toolbar=lambda: self._toolbar.line(self._chat.status()),
            is_password=Condition(lambda: self._input.question not in (None, Question.NAME)),
            key_bindings=self._key_bindings(),
            style=STYLE,
            prompt_continuation="  ",
            include_default_pygments_style=False,
            enable_suspend=True,
            reserve_space_for_menu=0,
            refresh_interval=0.5,
            erase_when_done=True,
        )
        self._buffer = self._session.default_buffer
        self._buffer.on_text_changed += lambda _: self._notify_typing()
        self._input = InputLine(self._buffer, None if name else Question.NAME)
        self._renderer = Renderer(texts, address, lambda: self._session.output.get_size().columns)
        self._loop: asyncio.AbstractEventLoop | None = None  # set before the room thread starts
        self._toolbar = Toolbar(texts, address)
        self._notified_at = 0.0  # monotonic; when the last `typing` was sent
        self._exit_code = 0

    def run(self) -> int:
        """Run until the person leaves or the room ends the conversation; then restore the terminal."""
        asyncio.run(self._run())
        self._print(self._goodbye())
        return self._exit_code

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # not on every system
                self._loop.add_signal_handler(getattr(signal, name), self._quit)
        self._print(self._renderer.line("greeting", address=self._chat.address))
        try:
            with suppress(EOFError):  # the terminal was closed
                await self._session.prompt_async(pre_run=self._chat.start)
        finally:
            await asyncio.to_thread(self._chat.leave)
            self._print_events()

    def _quit(self) -> None:
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.exit()

    def _goodbye(self) -> Fragments:
        unsent = self._chat.status().unsent
        if not unsent:
            return self._renderer.line("goodbye") if self._exit_code == 0 else []
        self._exit_code = 1
        title = self._texts.plural("left_unsent", len(unsent))
        return [("class:error", f"{title}\n"), *(("", f"{clean(text)}\n") for text in unsent)]

    # --- events of the room ------------------------------------------------------------

    def _on_event(self, event: events.ClientEvent) -> None:
        """Queue an event. Called by the room thread."""
        self._events.put(event)
        if self._loop:
            with suppress(RuntimeError):  # the loop has ended; the rest is printed after it
                self._loop.call_soon_threadsafe(self._print_events)

    def _print_events(self) -> None:
        out: Fragments = []
        while True:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                break
            self._update_state(event)
            if not self._asks_again(event):
                out += self._renderer.render(event)
        self._print(out)
        if self._exit_code:  # only now: after this, the output would be below the input line
            self._quit()

    def _print(self, fragments: Fragments) -> None:
        app = self._session.app
        # Not run_in_terminal: it restores the terminal's mode for a moment, and keys typed
        # then would be echoed into the transcript.
        if app.is_running and not app.is_done and fragments:
            app.renderer.erase()
        if fragments:
            print_formatted_text(app.output, FormattedText(fragments), STYLE, color_depth=app.color_depth)
            app.output.flush()
        if app.is_running and not app.is_done:
            if fragments:
                app.renderer.request_absolute_cursor_position()
            app.invalidate()

    def _update_state(self, event: events.ClientEvent) -> None:
        """Apply what an event changes apart from the transcript."""
        match event:
            case Typing(name):
                self._toolbar.set_typing(name)
            case events.NewMessage(message):
                self._toolbar.clear_typing(message.name)
            case Left(name):
                self._toolbar.clear_typing(name)
            case events.NameRefused(suggestion=suggestion):
                self._input.ask(Question.NAME, clip(one_line(suggestion), _NAME_WIDTH))
            case events.PasswordNeeded():
                self._input.ask(Question.PASSWORD)
            case events.Entered() | Role() if self._input.is_answered(self._chat.status()):
                # A half-typed password stays hidden until Enter drops it.
                if not (self._input.question and self._buffer.text):
                    self._input.end_question()
            case events.Ended(reason) if reason != "left":
                self._exit_code = 1

    # --- questions ---------------------------------------------------------------------

    def _asks_again(self, event: events.ClientEvent) -> bool:
        """If the moderator's password was wrong, let the question say so; return whether it was."""
        is_wrong = isinstance(event, events.RequestFailed) and event.code == "password_wrong"
        if is_wrong and self._input.asks_moderator:
            self._input.question = Question.MODERATOR_AGAIN
            return True
        return False

    def _answer(self, question: Question, answer: str) -> None:
        """Handle Enter on a question.

        A password is asked for until it is accepted: one typed too early is neither shown nor sent
        as a message.
        """
        status = self._chat.status()
        if self._input.is_answered(status):
            self._input.end_question()
            return
        if question is Question.PASSWORD and status.phase not in (
            events.Phase.PASSWORD_NEEDED,
            events.Phase.WAITING,
        ):
            return  # the last one is still being checked
        self._buffer.reset()
        match question:
            case Question.NAME if not is_blank(clean(answer)):
                self._input.question = None
                self._chat.set_name(one_line(answer))
            case Question.PASSWORD:
                if answer:
                    self._chat.set_password(answer)
                if status.phase is events.Phase.WAITING:
                    self._chat.retry_now()
            case Question.MODERATOR | Question.MODERATOR_AGAIN if answer:
                if not self._chat.request(Authenticate(answer[:MAX_PASSWORD])):
                    self._print(self._not_online())
            case Question.MODERATOR | Question.MODERATOR_AGAIN:
                self._cancel()

    def _cancel(self) -> None:
        self._input.end_question()
        self._print(self._renderer.line("cancelled"))

    # --- the keyboard ------------------------------------------------------------------

    def _key_bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        is_empty = Condition(lambda: not self._buffer.text)

        @bindings.add("enter")
        def _(_: KeyPressEvent) -> None:
            self._enter()

        @bindings.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @bindings.add("c-d", filter=is_empty)
        def _(_: KeyPressEvent) -> None:
            self._quit()

        @bindings.add("c-c")
        @bindings.add("<sigint>")
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
            elif self._input.asks_moderator:
                self._cancel()
            else:
                self._quit()

        return bindings

    def _enter(self) -> None:
        status = self._chat.status()
        if self._input.question:
            self._answer(self._input.question, self._buffer.text)
            return
        text = clean(self._buffer.text)
        if is_blank(text):
            self._buffer.reset()
            if status.phase is events.Phase.WAITING:
                self._chat.retry_now()
            return
        parsed = parse_line(text)
        limit = status.limits.text
        if isinstance(parsed, str) and len(parsed) > limit:  # it stays in the input line
            self._print(self._renderer.line("too_long_here", length=len(parsed), limit=limit))
            return
        self._buffer.reset(append_to_history=not isinstance(parsed, Authenticate))
        match parsed:
            case str():
                self._chat.say(parsed)
                self._notified_at = 0.0
            case InvalidCommand(hint, typed):
                self._print(self._renderer.line(hint, typed=one_line(typed)))
            case _:
                self._print(self._run_command(parsed, status))

    def _run_command(self, command: ParsedCommand | Forget, status: events.Status) -> Fragments:
        """Run a command; return what to print now."""
        match command:
            case Who():
                is_online = status.phase is events.Phase.ONLINE
                return self._renderer.members(status.members) if is_online else self._not_online()
            case HistoryRequest(limit=limit):
                return [] if self._chat.load_older(limit) else self._not_online()
            case Show(number):
                older = self._chat.show(number)
                if older and not older.messages and status.phase is not events.Phase.ONLINE:
                    return self._not_online()
                return self._renderer.older_messages(older) if older else []
            case Authenticate():
                return self._ask_moderator(status)
            case Forget():
                self._chat.forget()
                return self._renderer.line("forgotten")
            case Help():
                return self._help(status)
            case Leave():
                self._quit()
                return []
        return [] if self._chat.request(command) else self._not_online()

    def _not_online(self) -> Fragments:
        return self._renderer.line("not_online")

    def _ask_moderator(self, status: events.Status) -> Fragments:
        if status.phase is not events.Phase.ONLINE:
            return self._not_online()
        if status.moderator:
            return self._renderer.line("already_moderator")
        if not status.moderated:
            return self._renderer.line("no_moderators")
        self._input.ask(Question.MODERATOR)
        return []

    def _help(self, status: events.Status) -> Fragments:
        out = self._renderer.line("help")
        if status.moderator:
            return out + self._renderer.line("help_moderation")
        return out + self._renderer.line("help_moderator") if status.moderated else out

    def _notify_typing(self) -> None:
        """Tell the room that a message is being typed, at most once in `_TYPING_INTERVAL`."""
        text, now = self._buffer.text, time.monotonic()
        if not text or text.startswith("/") or self._input.question:
            return
        if now - self._notified_at >= _TYPING_INTERVAL and self._chat.request(Typing()):
            self._notified_at = now

    def _prompt(self) -> FormattedText:
        if self._input.question:
            return FormattedText([("class:prompt", self._texts(self._input.question.value))])
        unsent = self._renderer.unsent(self._chat.status().unsent)
        return FormattedText([*unsent, ("class:prompt", "› ")])
