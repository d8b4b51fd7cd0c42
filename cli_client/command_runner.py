"""Does what a typed line asks for: says a text, acts on a message, or shows something."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, ParamSpec

from chat_client.chat import Chat
from chat_client.events import OlderMessages, PeoplePage, Phase, SearchResults, Status
from chat_client.identity import key_of_name
from chat_client.outbox import MessageAct, needs
from chat_protocol.commands import Help, OnLast, ParsedCommand, Show, ShowTopic, Who
from chat_protocol.contract import MAX_TOPIC
from chat_protocol.messages import (
    Away,
    Bans,
    BodyRequest,
    Delete,
    Edit,
    HistoryRequest,
    Leave,
    Link,
    Message,
    Moderate,
    People,
    React,
    Say,
    Search,
    Whois,
)
from chat_protocol.short_forms import Substitution
from chat_protocol.text import one_line
from cli_client.command_help import describe_commands
from cli_client.commands import InvalidCommand, TypedLine
from cli_client.finding import Finder
from cli_client.folding import fold
from cli_client.idle import Idle
from cli_client.ignored import Ignored
from cli_client.layout import Fragments
from cli_client.links import links_of, open_in_browser
from cli_client.own_commands import Find, Forget, Ignore, Open, OwnAct, ShowKeys, Unignore
from cli_client.render import Renderer
from cli_client.shown import Lines
from cli_client.translations import Translations

_Answered = Who | Show | ShowTopic | Help | Whois | Bans | HistoryRequest | Search | Link | Away | OwnAct
"""What is answered in the transcript; a password or a code is in none of them."""

_P = ParamSpec("_P")

_LOOKED_THROUGH: Final = 500  # messages, to find the last one of oneself or of others


class CommandRunner:
    """Runs typed lines. Owned by the main thread.

    `show` prints lines, `leave` ends the program, `keys` describes the keys.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the terminal
        self,
        chat: Chat,
        idle: Idle,
        ignored: Ignored,
        texts: Translations,
        renderer: Renderer,
        show: Callable[[Lines], object],
        leave: Callable[[], None],
        keys: Callable[[], str],
    ) -> None:
        self._chat = chat
        self._idle = idle
        self._ignored = ignored
        self._texts = texts
        self._renderer = renderer
        self._show = show
        self._leave = leave
        self._keys = keys
        self._answers: list[Lines] = []  # of the command that runs
        self._listed: Sequence[Message] = ()  # the messages that were shown last because they were asked for
        self.finder = Finder(chat, ignored, renderer, texts)
        """Finds what was shown."""
        self.people: PeoplePage | None = None
        """The page that was shown last; None once anything else was typed: then `/who` begins anew."""

    def run(self, line: TypedLine, typed: str = "") -> str:
        """Say a text or run a command, but to authenticate; return why it is refused, empty if it is not.

        `typed` is shown above the answer to a command: how it was typed, empty where that is seen.
        """
        self._answers = []
        if typed and isinstance(line, _Answered):
            self._answer(self._renderer.typed, typed)
        refused, answers = self._run(line), self._answers
        if answers and not refused:
            self._show(lambda: [fragment for lines in answers for fragment in lines()])
        return refused

    def _answer(self, lines: Callable[_P, Fragments], *given: _P.args, **options: _P.kwargs) -> None:
        """Add lines to the answer: what `lines` returns for what is given."""
        self._answers.append(partial(lines, *given, **options))

    def _run(self, line: TypedLine) -> str:  # noqa: C901 - one case per kind of line
        status = self._chat.status()
        if not isinstance(line, Who):
            self.people = None
        match line:
            case str(said):
                return self._send(Say(said), status)
            case InvalidCommand(hint, typed):
                return self._texts(hint, typed=one_line(typed))
            case Ignore() | Unignore():
                return self._ignore(line, status)
            case Open():
                return self._open(line)
            case Find(text):
                return self._find(text)
            case OnLast() | Substitution():
                return self._act_on_last(line, status)
            case Delete(id=number) if "delete" not in status.can:  # an older room: only moderators may
                is_done = self._chat.request(Moderate("delete", id=number))
            case Say() | Edit() | Delete() | React() as act:
                return self._send(act, status)
            case Link() | Away() if ("link" if isinstance(line, Link) else "away") not in status.can:
                return self._not_possible(status)
            case Moderate() if refused := self._too_long(line, status):
                return refused
            case command:
                is_done = self._run_command(command, status)
        return "" if is_done else self._texts("not_online")

    def _ignore(self, command: Ignore | Unignore, status: Status) -> str:
        """Hide somebody's messages here, or show them again, or tell whose are hidden; return why not."""
        name = command.name
        if isinstance(command, Unignore):
            if not self._ignored.remove(name):
                return self._texts("not_ignored" if name else "usage_unignore", name=name)
            self._answer(self._renderer.answer, self._texts("ignored_no_more", name=name))
        elif not name:
            self._answer(self._renderer.ignored, self._ignored.names)
        elif key_of_name(name) == key_of_name(status.name):
            return self._texts("ignored_oneself")
        else:
            self._ignored.add(name)
            self._answer(self._renderer.answer, self._texts("now_ignored", name=name))
        return ""

    def _open(self, command: Open) -> str:
        """Open a link of a message that we have, or list its links if none is chosen; return why not."""
        number, which = command
        if not number:
            return self._texts("usage_open")
        known = [*self._chat.newest(_LOOKED_THROUGH), *self._listed]
        message = next((message for message in known if message.id == number), None)
        if message is None:
            return self._texts("open_unknown", number=number)
        links = () if message.deleted else links_of(message.text)
        if not links or which > len(links):
            return self._texts("no_such_link" if links else "no_links", number=number, count=len(links))
        if not which and len(links) > 1:
            listed = [f"{place}  {url}" for place, url in enumerate(links, 1)]
            text = "\n".join([self._texts("links", number=number), *listed])
            self._answer(self._renderer.answer_lines, text)
            return ""
        url = links[max(0, which - 1)]
        if not open_in_browser(url):
            return self._texts("no_browser")
        self._answer(self._renderer.answer, self._texts("opening", url=url))
        return ""

    def _find(self, text: str) -> str:
        """Show what has a text in it, of all that was shown; return why not."""
        matches = self.finder.find(fold(text))
        if not matches:
            return self._texts("find_none" if text else "usage_find", text=text)
        self._answer(self.finder.lines, text, matches)
        return ""

    def why_no_moderator(self, status: Status) -> str:
        """Explain why we cannot ask to become a moderator; empty if we can."""
        if status.phase is not Phase.ONLINE:
            return self._texts("not_online")
        if status.moderator:
            return self._texts("already_moderator")
        return "" if status.moderated else self._texts("no_moderators")

    def _send(self, command: Say | MessageAct, status: Status) -> str:
        """Send a message or an act on one, now or once online; return why not, empty if it is sent."""
        if refused := self._too_long(command, status):
            return refused
        if not needs(command) <= status.can:
            return self._not_possible(status)
        if isinstance(command, Say):
            self._chat.say(command.text, reply=command.reply, kind=command.kind)
        else:
            self._chat.act(command)
        return ""

    def _too_long(self, command: Moderate | Say | MessageAct, status: Status) -> str:
        """Explain that a text is longer than the room takes; empty if it is not."""
        text = command.text if isinstance(command, Moderate | Say | Edit) else ""
        is_topic = isinstance(command, Moderate) and command.act == "topic"
        limit = MAX_TOPIC if is_topic else status.limits.text
        return self._texts("too_long_here", length=len(text), limit=limit) if len(text) > limit else ""

    def _not_possible(self, status: Status) -> str:
        """Explain that this room cannot do that, or that it is not known yet whether it can."""
        is_known = status.can or status.phase is Phase.ONLINE
        return self._texts("error_unknown_type" if is_known else "not_online")

    def _act_on_last(self, act: OnLast | Substitution, status: Status) -> str:
        """Act on the last message, our own one or one of somebody else; return why not."""
        is_own = isinstance(act, Substitution) or act.is_own
        if is_own and any(isinstance(command, Say) for command in status.unsent):
            return self._texts("last_unsent")
        newest = reversed(self._chat.newest(_LOOKED_THROUGH))
        last = next((message for message in newest if _is_said(message) and message.mine == is_own), None)
        if last is None:
            return self._texts("no_own_message" if is_own else "no_other_message")
        if isinstance(act, OnLast):
            return self._send(act.on(last.id), status)
        edit = act.edit(last.id, last.text)
        return self._send(edit, status) if edit else self._texts("not_in_last", text=one_line(act.old))

    def take(self, older: OlderMessages | SearchResults) -> None:
        """Take note of messages that were asked for.

        If one was to be shown and is a live one, request its output; events bring it.
        """
        self._listed = older.messages
        if not isinstance(older, OlderMessages):
            return
        for message in older.messages:
            if message.id == older.target and message.live and not message.live.gone:
                self._chat.request(BodyRequest(id=message.id))

    def _run_command(  # noqa: C901, PLR0912 - one case per command
        self, command: ParsedCommand | Forget | ShowKeys, status: Status
    ) -> bool:
        """Run a command; return False if it needs to be online and we are not."""
        is_online = status.phase is Phase.ONLINE
        match command:
            case Who(prefix) if is_online and (prefix or status.crowd):
                shown = self.people
                goes_on = shown is not None and shown.more and shown.prefix == prefix
                return self._chat.request(People(prefix, shown.members[-1] if shown and goes_on else ""))
            case Who():
                if is_online:
                    self._answer(self._renderer.members, status.members, status.marked)
                return is_online
            case HistoryRequest(limit=limit):
                return self._chat.load_older(limit)
            case Show(number):
                older = self._chat.show(number)
                if older and not older.messages and not is_online:
                    return False
                if older:
                    self._answer(self._renderer.older_messages, older)
                    self.take(older)
            case Away(on):
                self._idle.tell(command)
                self._answer(self._renderer.answer, self._texts("now_away" if on else "now_back"))
            case ShowTopic():
                if is_online:
                    self._answer(self._renderer.topic, status.topic)
                return is_online
            case Link():
                newest = self._chat.newest(1)
                return self._chat.request(Link(read=newest[0].id if newest else 0))
            case Forget():
                self._chat.forget()
                self._answer(self._renderer.answer, self._texts("forgotten"))
            case Help():
                self._answer(self._renderer.answer_lines, describe_commands(self._texts, status))
            case ShowKeys():
                self._answer(self._renderer.answer_lines, self._keys())
            case Leave():
                self._leave()
            case _:
                assert not isinstance(command, OnLast)
                return self._chat.request(command)
        return True


def _is_said(message: Message) -> bool:
    return not (message.notice or message.deleted)
