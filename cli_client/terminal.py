"""The room in a terminal: a transcript that scrolls above the line being typed.

Everything here belongs to the main thread and its event loop, except `_hear`: the
room thread hands news over there, and the loop prints them when it comes around.
"""

import asyncio
import os
import queue
import signal
import sys
import time
from contextlib import suppress
from enum import Enum
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text

from chat_protocol.address import Address
from chat_protocol.commands import Help, ParsedCommand, Show, Who
from chat_protocol.contract import MAX_PASSWORD
from chat_protocol.messages import (
    Authenticate,
    Bans,
    HistoryRequest,
    Leave,
    Left,
    Moderate,
    Role,
    Search,
    Typing,
    Whois,
)
from chat_protocol.text import clean, is_blank, one_line
from chat_protocol.tls import Tls
from cli_client.chat import Chat
from cli_client.commands import InvalidCommand, parse_line
from cli_client.news import Ended, Entered, NameRefused, News, PasswordWanted, Phase, Said, Status, Trouble
from cli_client.render import STYLE, Fragments, Renderer
from cli_client.toolbar import Toolbar
from cli_client.words import Words
from cli_client.wrapping import brief

_NAME_CELLS: Final = 64  # of a name that a room suggests
_TYPING_EVERY: Final = 3.0  # seconds between telling the others that one writes


class Question(Enum):
    """What the next line typed is, if it is nothing to say. The value is what is asked."""

    NAME = "ask_name"
    PASSWORD = "ask_password"  # noqa: S105 - a question, not an answer
    MODERATOR = "ask_moderator"
    MODERATOR_AGAIN = "ask_moderator_again"


_OF_MODERATORS: Final = (Question.MODERATOR, Question.MODERATOR_AGAIN)


class _Screen(Vt100_Output):
    """A terminal that is never asked where its cursor is.

    The answer would come when more has been printed since, and prompt_toolkit would
    then take lines that are in use for free ones and push the transcript out of sight.
    """

    def get_rows_below_cursor_position(self) -> int:
        return 1


class Terminal:
    """The terminal face of one conversation. `run` returns the exit code."""

    def __init__(
        self, address: Address, name: str, words: Words, *, password: str = "", tls: Tls | None = None
    ) -> None:
        self._words = words
        self._chat = Chat(address, self._hear, password=password, tls=tls)
        self._question: Question | None = Question.NAME
        if name:
            self._chat.enter(name)
            self._question = None
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()  # from the room thread to the loop
        self._session: PromptSession[None] = PromptSession(
            self._prompt,
            output=_Screen.from_pty(sys.stdout, os.environ.get("TERM"), ColorDepth.from_env()),
            multiline=True,
            bottom_toolbar=lambda: self._toolbar.line(self._chat.status()),
            is_password=Condition(lambda: self._question not in (None, Question.NAME)),
            key_bindings=self._keys(),
            style=STYLE,
            prompt_continuation="  ",
            include_default_pygments_style=False,
            enable_suspend=True,
            reserve_space_for_menu=0,
            refresh_interval=0.5,
            erase_when_done=True,
        )
        self._session.default_buffer.on_text_changed += lambda _: self._composing()
        self._renderer = Renderer(words, address, lambda: self._session.output.get_size().columns)
        self._loop: asyncio.AbstractEventLoop | None = None  # set once, before the room thread starts
        self._toolbar = Toolbar(words, address)
        self._told_typing = 0.0
        self._draft = ""  # what was being written when a question came up
        self._code = 0

    def run(self) -> int:
        """Talk until the person leaves; the terminal is as before when this returns."""
        asyncio.run(self._talk())
        self._print(self._goodbye())
        return self._code

    async def _talk(self) -> None:
        self._loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # not every system has them
                self._loop.add_signal_handler(getattr(signal, name), self._quit)
        self._print(self._renderer.notice("greeting", address=self._chat.address))
        try:
            with suppress(EOFError):  # the terminal itself is gone
                await self._session.prompt_async(pre_run=self._chat.start)
        finally:
            await asyncio.to_thread(self._chat.leave)
            self._print_news()

    def _quit(self) -> None:
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.exit()

    def _goodbye(self) -> Fragments:
        unsent = self._chat.status().unsent
        if not unsent:
            return self._renderer.notice("goodbye") if self._code == 0 else []
        self._code = 1
        title = self._words.count("left_unsent", len(unsent))
        return [("class:alarm", f"{title}\n"), *(("", f"{clean(text)}\n") for text in unsent)]

    # --- from the room -----------------------------------------------------------

    def _hear(self, news: News) -> None:
        """Take news from the room thread."""
        self._news.put(news)
        if self._loop:
            with suppress(RuntimeError):  # the loop has ended; what is left is printed after it
                self._loop.call_soon_threadsafe(self._print_news)

    def _print_news(self) -> None:
        """Print all the news there are in one go, above the line being typed."""
        out: Fragments = []
        while True:
            try:
                news = self._news.get_nowait()
            except queue.Empty:
                break
            self._note(news)
            if not self._asks_again(news):
                out += self._renderer.news(news)
        self._print(out)
        if self._code:  # only now: what is printed while the line being typed goes away stands behind it
            self._quit()

    def _print(self, fragments: Fragments) -> None:
        app = self._session.app
        # Not run_in_terminal: that gives the terminal back for the moment, and keys
        # struck just then would be echoed into the transcript.
        if app.is_running and not app.is_done and fragments:
            app.renderer.erase()
        if fragments:
            print_formatted_text(app.output, FormattedText(fragments), STYLE, color_depth=app.color_depth)
            app.output.flush()
        if app.is_running and not app.is_done:
            if fragments:
                app.renderer.request_absolute_cursor_position()
            app.invalidate()

    def _note(self, news: News) -> None:
        """Follow `news` where it is about more than the transcript."""
        match news:
            case Typing(name):
                self._toolbar.writes(name)
            case Said(message):
                self._toolbar.writes_no_more(message.name)
            case Left(name):
                self._toolbar.writes_no_more(name)
            case NameRefused(suggestion=suggestion):
                self._ask(Question.NAME, brief(one_line(suggestion), _NAME_CELLS))
            case PasswordWanted():
                self._ask(Question.PASSWORD)
            case Entered() | Role() if self._is_answered():
                # What is begun unseen must end unseen: half of it stays until Enter drops it.
                if not (self._question and self._session.default_buffer.text):
                    self._go_on()
            case Ended(why) if why != "left":
                self._code = 1

    def _is_answered(self) -> bool:
        """Say whether there is no need of an answer any more."""
        status = self._chat.status()
        if self._question in _OF_MODERATORS:
            return status.moderator
        return self._question is None or (
            self._question is Question.PASSWORD and status.phase is Phase.ONLINE
        )

    def _asks_again(self, news: News) -> bool:
        """Say in the question itself that the moderator's password was wrong, while that is asked for."""
        wrong = isinstance(news, Trouble) and news.code == "password_wrong"
        if wrong and self._question in _OF_MODERATORS:
            self._question = Question.MODERATOR_AGAIN
            return True
        return False

    def _ask(self, question: Question, default: str = "") -> None:
        """Ask for something on the input line; what was being written there comes back later."""
        buffer = self._session.default_buffer
        if question is self._question:  # the next answer may be half typed
            return
        if self._question is None and buffer.text:
            self._draft = buffer.text
        self._question = question
        buffer.reset(Document(default))

    def _go_on(self) -> None:
        """Give the input line back to what was being written, after a question."""
        if self._question:
            self._session.default_buffer.reset()
        self._question = None
        if self._draft:
            self._session.default_buffer.insert_text(self._draft)
            self._draft = ""

    # --- from the keyboard -------------------------------------------------------

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        empty = Condition(lambda: not self._session.default_buffer.text)
        bind = keys.add

        @bind("enter")
        def _(_: KeyPressEvent) -> None:
            self._enter()

        @bind("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @bind("c-d", filter=empty)
        def _(_: KeyPressEvent) -> None:
            self._quit()

        @bind("c-c")
        @bind("<sigint>")
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
            elif self._question in _OF_MODERATORS:
                self._cancel()
            else:
                self._quit()

        return keys

    def _enter(self) -> None:
        """Deal with Enter: an answer, a command, something to say, or impatience."""
        buffer, status = self._session.default_buffer, self._chat.status()
        if self._question:
            self._answer(self._question, buffer.text)
            return
        text = clean(buffer.text)
        if is_blank(text):
            buffer.reset()
            if status.phase is Phase.WAITING:
                self._chat.retry_now()
            return
        meant = parse_line(text)
        if isinstance(meant, str) and len(meant) > status.limits.text:
            # The text stays where it is, to be shortened.
            limit = status.limits.text
            self._print(self._renderer.notice("too_long_here", length=len(meant), limit=limit))
            return
        buffer.reset(append_to_history=not isinstance(meant, Authenticate))
        match meant:
            case str():
                self._chat.say(meant)
                self._told_typing = 0.0
            case InvalidCommand(hint, typed):
                self._print(self._renderer.notice(hint, typed=one_line(typed)))
            case _:
                self._print(self._run_command(meant))

    def _answer(self, question: Question, answer: str) -> None:
        """Take the answer to a question; an empty one is none.

        Passwords are asked for until one is right: what is typed before that is known is not to be seen,
        let alone said.
        """
        phase = self._chat.status().phase
        if self._is_answered():
            self._go_on()
            return
        if question is Question.PASSWORD and phase not in (Phase.LOCKED, Phase.WAITING):
            return  # the last one is still being tried
        self._session.default_buffer.reset()
        match question:
            case Question.NAME if not is_blank(clean(answer)):
                self._question = None
                self._chat.enter(one_line(answer))
            case Question.PASSWORD:
                if answer:
                    self._chat.unlock(answer)
                if phase is Phase.WAITING:
                    self._chat.retry_now()
            case Question.MODERATOR | Question.MODERATOR_AGAIN if answer:
                self._print(self._tell_room(Authenticate(answer[:MAX_PASSWORD])))
            case Question.MODERATOR | Question.MODERATOR_AGAIN:
                self._cancel()

    def _cancel(self) -> None:
        """Ask no more for the moderators' password."""
        self._go_on()
        self._print(self._renderer.notice("cancelled"))

    def _ask_moderator(self, status: Status) -> Fragments:
        if status.phase is not Phase.ONLINE:
            return self._renderer.notice("not_online")
        if status.moderator:
            return self._renderer.notice("already_moderator")
        if not status.moderated:
            return self._renderer.notice("no_moderators")
        self._ask(Question.MODERATOR)
        return []

    def _tell_room(self, order: Authenticate | Search | Moderate | Whois | Bans) -> Fragments:
        return [] if self._chat.ask(order) else self._renderer.notice("not_online")

    def _run_command(self, command: ParsedCommand) -> Fragments:
        """Do what a command says; return what to print now."""
        status = self._chat.status()
        match command:
            case Who():
                online = status.phase is Phase.ONLINE
                return self._renderer.who(status.members) if online else self._renderer.notice("not_online")
            case HistoryRequest(limit=limit):
                return [] if self._chat.page(limit) else self._renderer.notice("not_online")
            case Show(number):
                page = self._chat.show(number)
                if page and not page.messages and status.phase is not Phase.ONLINE:
                    return self._renderer.notice("not_online")
                return self._renderer.page(page) if page else []
            case Search() | Moderate() | Whois() | Bans():
                return self._tell_room(command)
            case Authenticate():
                return self._ask_moderator(status)
            case Help():
                return self._help(status)
            case Leave():
                self._quit()
        return []

    def _help(self, status: Status) -> Fragments:
        out = self._renderer.notice("help")
        if status.moderator:
            return out + self._renderer.notice("help_moderation")
        return out + self._renderer.notice("help_moderator") if status.moderated else out

    def _composing(self) -> None:
        """Let the others know, now and then, that a message is being written."""
        text, now = self._session.default_buffer.text, time.monotonic()
        if (
            not text
            or text.startswith("/")
            or self._question
            or self._chat.status().phase is not Phase.ONLINE
        ):
            return
        if now - self._told_typing >= _TYPING_EVERY:
            self._told_typing = now
            self._chat.typing()

    # --- what is always on the screen --------------------------------------------

    def _prompt(self) -> FormattedText:
        if self._question:
            return FormattedText([("class:lead", self._words(self._question.value))])
        status = self._chat.status()
        return FormattedText([*self._renderer.pending(status.unsent), ("class:lead", "› ")])
