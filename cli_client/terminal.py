"""The frontend in a terminal: a transcript that scrolls above the input line.

Everything here is owned by the main thread and its event loop.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Final

from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.output.vt100 import Vt100_Output

from chat_client import events
from chat_client.chat import Chat
from chat_client.identity import IdentityStore
from chat_protocol.address import Address
from chat_protocol.commands import Show
from chat_protocol.messages import Authenticate, Body, HistoryRequest, Left, Role, Typing
from chat_protocol.text import clean, is_blank, one_line
from chat_protocol.tls import Tls
from cli_client.actions import Bound, bind, bound, describe, shown
from cli_client.application import ResizedApplication
from cli_client.arguments import When
from cli_client.bottom import Bottom
from cli_client.colours import colour_depth, style_for
from cli_client.command_runner import CommandRunner
from cli_client.commands import format_command, parse_line
from cli_client.config_file import Config
from cli_client.event_queue import EventQueue
from cli_client.find_line import FindLine
from cli_client.finding import Match
from cli_client.idle import Idle
from cli_client.ignored import Ignored
from cli_client.input_line import InputLine, Question
from cli_client.keyboard import Keyboard
from cli_client.layout import Fragments
from cli_client.notifier import Notifier
from cli_client.pager import Pager
from cli_client.questions import Questions
from cli_client.render import Renderer
from cli_client.rows import Picture
from cli_client.screen import Screen
from cli_client.shown import Lines
from cli_client.tab_key import TabKey
from cli_client.toolbar import Toolbar
from cli_client.translations import Translations
from cli_client.wrapping import clip

_NAME_WIDTH: Final = 64  # cells of a name that the room suggests
_TYPING_INTERVAL: Final = 3.0  # seconds between two `typing` commands
_PAGE: Final = 20  # older messages for a key


class Terminal:
    """The frontend of one conversation in a terminal. `run` returns the exit code."""

    def __init__(  # noqa: PLR0913 - what the command line gives
        self,
        address: Address,
        name: str,
        texts: Translations,
        *,
        code: str = "",
        password: str = "",
        tls: Tls | None = None,
        family: int = socket.AF_UNSPEC,
        identities: IdentityStore | None = None,
        as_typed: bool = False,
        notify: When = "mentions",
        links: bool = False,
        keys: Bound | None = None,
    ) -> None:
        self._texts = texts
        ignored = Ignored(identities.folder if identities else None)
        self._events = EventQueue(self._show)
        self._chat = Chat(
            address,
            self._events.put,
            code=code,
            password=password,
            tls=tls,
            family=family,
            identities=identities,
        )
        if name or code:
            self._chat.set_name(name)
        output = Vt100_Output.from_pty(sys.stdout, os.environ.get("TERM"), colour_depth(os.environ))
        self._renderer = Renderer(
            texts,
            address,
            lambda: output.get_size().columns,
            options=_options(tls),
            as_typed=as_typed,
            ignored=ignored,
        )
        self._toolbar = Toolbar(texts, address, self._renderer.colours)
        self._idle = Idle(self._chat)
        self._keys = keys or bound(Config())
        keys_text = partial(describe, self._keys, texts.lang)
        self._commands = CommandRunner(
            self._chat, self._idle, ignored, texts, self._renderer, self._print, self._quit, keys_text
        )
        self._find = FindLine(texts, self._commands.finder, self._renderer, self._toolbar, self._show_found)
        self._input = InputLine(None if name or code else Question.NAME, self._on_edit, self._find.control)
        self._buffer = self._input.buffer
        self._app = ResizedApplication(
            self._input.layout,
            input=Keyboard(sys.stdin, self._on_focus),
            output=output,
            erase_when_done=True,
            max_render_postpone_time=None,
            terminal_size_polling_interval=None,
        )
        style = style_for(output.get_default_color_depth())
        self._app.renderer = self._screen = Screen(
            style, output, self._draw, self._renderer.again, takes_links=links
        )
        self._bottom = Bottom(
            texts, self._renderer, self._input, self._find, self._toolbar, self._app.invalidate
        )
        self._questions = Questions(
            self._chat,
            self._input,
            self._commands,
            self._toolbar,
            texts,
            on_cancel=lambda: self._print(partial(self._renderer.line, "cancelled")),
        )
        self._tab = TabKey(self._chat, ignored, self._buffer, self._toolbar)
        self._app.key_bindings = merge_key_bindings(
            [self._input.key_bindings(), self._find.key_bindings(), self._key_bindings()]
        )
        self._notifier = Notifier(texts, address, output, notify, os.environ, ignored)
        self._toolbar.news = self._notifier.news
        self._app.key_processor.before_key_press += lambda _: self._notifier.read()
        self._app.key_processor.before_key_press += lambda _: self._idle.on_key()
        self._pager = Pager(os.environ, self._screen, self._renderer, self._events, self._toolbar)
        self._notified_at = 0.0  # monotonic; when the last `typing` was sent
        self._exit_code = 0

    def run(self) -> int:
        """Run until the person leaves or the room ends the conversation; then restore the terminal."""
        sys.setswitchinterval(0.001)  # five times as often as by default: a key must not wait for the room
        asyncio.run(self._run())
        goodbye = self._goodbye()
        self._print(lambda: goodbye)
        return self._exit_code

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # not on every system
                loop.add_signal_handler(getattr(signal, name), self._quit)
        self._events.start()
        self._notifier.start()
        self._watch_idle()
        self._screen.go_to_bottom()
        self._print(partial(self._renderer.line, "greeting", address=self._chat.address))
        try:
            with suppress(EOFError):  # the terminal was closed
                await self._app.run_async(pre_run=self._chat.start)
        finally:
            await asyncio.to_thread(self._chat.leave)
            self._events.finish()
            self._notifier.stop()

    def _watch_idle(self) -> None:
        asyncio.get_running_loop().call_later(self._idle.look(), self._watch_idle)

    def _quit(self) -> None:
        self._pager.stop()
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def _print(self, lines: Lines) -> None:
        """Print lines, behind who has come and gone until now."""
        self._screen.print(self._renderer.printed(lines))

    def _draw(self, columns: int, rows: int) -> Picture:
        return self._bottom.draw(self._chat.status(), columns, rows)

    def _goodbye(self) -> Fragments:
        unsent = self._chat.status().unsent
        if unsent:
            self._exit_code = 1
        out = self._renderer.left_over(unsent, self._input.draft)
        return out or (self._renderer.line("goodbye") if self._exit_code == 0 else [])

    # --- events of the room ------------------------------------------------------------

    def _show(self, room_events: Iterable[events.ClientEvent]) -> None:
        """Show events of the room; what they print is one write."""
        out: Fragments = []
        for event in room_events:
            self._update_state(event)
            self._notifier.note(event)
            out += self._pager.take(event)
            if not (isinstance(event, Body) or self._questions.asks_again(event)):
                out += self._renderer.render(event)
        if out:
            self._screen.print(out)
        else:
            self._app.invalidate()
        self._notifier.tell(has_focus=self._screen.has_focus)
        if self._exit_code:
            self._quit()

    def _update_state(self, event: events.ClientEvent) -> None:  # noqa: C901 - one case per event
        """Apply what an event changes apart from the transcript."""
        if isinstance(event, events.NameRefused | events.PasswordNeeded):
            self._find.close()
        match event:
            case Typing(name):
                self._toolbar.set_typing(name)
            case events.NewMessage(message):
                self._toolbar.clear_typing(message.name)
            case Left(name):
                self._toolbar.clear_typing(name)
            case events.PeoplePage():
                self._commands.people = event
            case events.OlderMessages() | events.SearchResults():
                self._commands.take(event)
            case events.NameRefused(suggestion=suggestion):
                self._input.ask(Question.NAME, clip(one_line(suggestion), _NAME_WIDTH))
            case events.PasswordNeeded():
                self._input.ask(Question.PASSWORD)
            case events.Entered() | Role() if self._input.is_answered(self._chat.status()):
                # A half-typed password stays hidden until Enter drops it.
                if not (self._input.question and self._buffer.text):
                    self._input.end_question()
            case events.Ended(reason) if reason != "left":
                self._exit_code = 2 if reason == "bad_code" else 1

    # --- the keyboard ------------------------------------------------------------------

    def _key_bindings(self) -> KeyBindings:
        is_editing = ~is_searching & ~Condition(lambda: self._find.is_open)
        bindings = bind(
            self._keys,
            {
                "send": self._enter,
                "new_line": self._new_line,
                "complete": self._tab.press,
                "complete_back": self._tab.press_with_shift,
                "search": self._input.search,
                "search_forward": self._input.search_forward,
                "find": self._find.press,
                "editor": self._edit,
                "older": self._show_older,
                "cancel": self._interrupt,
                "leave": self._end_of_input,
                "suspend": self._suspend,
            },
            is_message=lambda: self._input.question is None,
            is_empty=lambda: not self._buffer.text,
            is_editing=is_editing,
        )

        @bindings.add("<sigint>")
        def _(_: KeyPressEvent) -> None:
            if not self._events.is_paused:  # else it is for the program that has the terminal
                self._quit()

        @bindings.add(Keys.BracketedPaste, filter=is_editing)
        def _(event: KeyPressEvent) -> None:
            limit = self._chat.status().limits.text
            if not self._input.paste(event.data, limit):
                self._toolbar.notice = self._texts("too_long_here", length=len(event.data), limit=limit)

        return bindings

    def _on_focus(self, has_focus: bool) -> None:  # noqa: FBT001 - one value
        self._screen.has_focus = has_focus
        self._notifier.read()
        self._app.invalidate()

    def _new_line(self) -> None:
        if self._input.question:
            self._enter()
        else:
            self._buffer.insert_text("\n")

    def _suspend(self) -> None:
        self._screen.erase()
        self._screen.reset()
        self._app.suspend_to_background()

    def _edit(self) -> None:
        """Edit the text in the program that `VISUAL` or `EDITOR` names; Enter sends it then."""
        self._events.pause()
        self._buffer.open_in_editor().add_done_callback(lambda _: self._events.go_on())

    def _show_older(self) -> None:
        self._toolbar.notice = self._commands.run(HistoryRequest(limit=_PAGE))

    def _show_found(self, match: Match) -> None:
        """Show a message that was found among its neighbours, or a line of the client."""
        if match.message:
            show = Show(match.message.id)
            self._toolbar.notice = self._commands.run(show, format_command(show))
        else:
            self._print(partial(self._renderer.wrapped, "", match.text))

    def _end_of_input(self) -> None:
        """Handle Ctrl-D: leave; if not all is sent, only if asked to twice."""
        if self._chat.status().unsent:
            self._ask_to_leave("leave")
        else:
            self._quit()

    def _interrupt(self) -> None:
        """Handle Ctrl-C: put the text aside, end a question, or leave if asked to twice."""
        if self._buffer.text:
            self._toolbar.notice = ""
            self._input.clear(keep=not self._input.question)
        elif self._input.asks_moderator:
            self._questions.cancel()
        else:
            self._ask_to_leave("cancel")

    def _ask_to_leave(self, action: str) -> None:
        """Say that the keys of an action leave if they are pressed again; leave if that was just said."""
        unsent = len(self._chat.status().unsent)
        notice = self._texts("leave_again", keys=shown(self._keys[action][0]))
        if unsent:
            notice = f"{self._texts('bar_unsent', count=unsent)} · {notice}"
        if self._toolbar.notice == notice:
            self._quit()
        self._toolbar.notice = notice

    def _on_edit(self) -> None:
        """Tell the room that a message is being typed, at most once in `_TYPING_INTERVAL`."""
        self._toolbar.notice = ""
        text, now = self._buffer.text, monotonic()
        if not text or text.startswith("/") or self._input.question or self._chat.status().crowd:
            return
        if now - self._notified_at >= _TYPING_INTERVAL and self._chat.request(Typing()):
            self._notified_at = now

    def _enter(self) -> None:
        self._toolbar.notice = ""
        if self._input.question:
            self._questions.answer(self._input.question, self._buffer.text)
            return
        status = self._chat.status()
        text = clean(self._buffer.text).rstrip("\n")
        if is_blank(text):
            self._input.clear(keep=False)
            if status.phase is events.Phase.WAITING:
                self._chat.retry_now()
            return
        line = parse_line(text, status.can)
        if isinstance(line, Authenticate):
            self._input.clear(keep=False)  # a password may stand in it
            self._toolbar.notice = self._questions.ask_moderator(status)
            return
        self._toolbar.notice = self._commands.run(line, text)
        if not self._toolbar.notice:
            self._input.clear(keep=True)
            self._notified_at = 0.0


def _options(tls: Tls | None) -> str:
    """Return how a command line asks for TLS as here; of a file with certificates another device has none."""
    return "" if tls is None else f"--tls-pin {tls.pin}" if tls.pin else "--tls"
