"""Turns events into styled text for a terminal.

Text of others is cleaned here again, so that none of its control sequences reaches the
terminal, whatever the server sends.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Final

from chat_client import events
from chat_client.identity import NotKept
from chat_client.outbox import Outgoing
from chat_protocol import messages as m
from chat_protocol.address import Address
from chat_protocol.text import clean, is_blank, one_line
from cli_client.commands import format_command, format_outgoing
from cli_client.hyperlinks import linked
from cli_client.ignored import Ignored
from cli_client.layout import MAX_WIDTH, Fragments, Layout
from cli_client.message_lines import MessageLines
from cli_client.own_lines import OwnLines
from cli_client.presence import MOST
from cli_client.shown import Lines, Printed, again
from cli_client.translations import Translations
from cli_client.waiting_lines import Hidden, WaitingLines, folded

_KEPT: Final = 500  # of what was printed last: more than a screen has
_UNSENT_SHOWN: Final = 4
_NAMES: Final = "\0"  # stands in a text for a list of names


class Renderer:
    """Turns events of the room at `address` into lines of at most `width()` cells.

    Owned by the main thread. `zone` is the time zone shown (None: the local one). `options` are those that
    the address needs on a command line. With `as_typed`, texts are not formatted. Messages of who is
    `ignored` are only counted.
    """

    def __init__(  # noqa: PLR0913 - each is another setting
        self,
        texts: Translations,
        address: Address,
        width: Callable[[], int],
        zone: tzinfo | None = None,
        *,
        options: str = "",
        as_typed: bool = False,
        ignored: Ignored | None = None,
    ) -> None:
        self._texts = texts
        self._address = address
        self._options = options
        self._layout = Layout(texts, width, zone)
        self._lines = MessageLines(texts, self._layout, as_typed=as_typed)
        self.message = self._lines.message
        """Returns a message."""
        self.plain = self._lines.plain
        """Returns a message in one line, as its head and its text."""
        self.colours = self._lines.colours
        """Those of all names."""
        self._ignored = ignored or Ignored()
        self._waiting = WaitingLines(texts, self._layout, self.colours)
        self._shown: deque[Printed] = deque(maxlen=_KEPT)
        self.own_lines = OwnLines()
        """The answers and errors that were shown."""
        self.wrapped = self._layout.wrapped
        """Returns the lines of a text in one style."""
        self.title = self._layout.title
        """Returns a line that stands above others."""
        self.moment = self._layout.moment
        """Returns a time of the room as the local one."""
        self.line = self._layout.line
        """Returns a dim line with a text of the client."""
        self.text = self._layout.dim
        """Returns dim lines."""
        self.answer_lines = self._layout.answer_lines
        """Returns an answer of several lines."""
        self.typed = self._layout.typed
        """Returns the command that was typed."""
        self.output = self._lines.output
        """Returns a part of the output in a live message."""
        self._read: int | None = None  # the newest message read in an earlier run

    def render(self, event: events.ClientEvent) -> Fragments:
        """Return what the event adds to the transcript; may be empty.

        Who comes and goes is added with what is shown next: see `visits`.
        """
        match event:
            case events.NewMessage(message):  # first, as it comes most often
                if self._ignored.hides(message):
                    self._waiting.hide(message)
                    return []
                self.own_lines.after = message.id
            case events.MessageChanged(message, own=False) if self._ignored.hides(message):
                return []
            case m.Joined() | m.Left():
                return self._visit(event)
            case events.Entered(name):
                self.own_lines.enter(event)
                self.colours.me = name
                self.colours.meet(event.members)
                if not event.rejoined:
                    self._read = event.read
            case m.Crowd(members=members):
                self.colours.meet(members)
        return self._print(partial(self._render, event), of_event=True)

    def _visit(self, event: m.Joined | m.Left) -> Fragments:
        """Take note of who comes or goes; return the line about others if it is long enough."""
        long = self.end_waiting() if self._waiting.people >= MOST else []
        if isinstance(event, m.Joined):
            self.colours.joined(event.name)
        else:
            self.colours.left(event.name)
        self._waiting.note(event)
        return long

    def waiting(self) -> list[Fragments]:
        """Return the lines that grow until something else is shown; there may be none."""
        return [self._waiting.show(item, with_date=False) for item in self._waiting.items]

    def end_waiting(self) -> Fragments:
        """Return the lines that have grown until now; they grow no more."""
        return self._print(list)

    def printed(self, lines: Lines) -> Fragments:
        """Return lines that are no event's, behind who has come and gone until now."""
        return self._print(lines)

    def again(self, rows: int) -> Fragments:
        """Return the last lines, at most so many, for the width that the terminal has now."""
        return again(self._shown, rows, self._layout)

    def _print(self, lines: Lines, *, of_event: bool = False) -> Fragments:
        """Return lines behind those that have waited for them, and remember all of them.

        An event that has no lines ends none that wait.
        """
        before, out = self._layout.date, Fragments()
        waited: list[Printed] = []
        for item in self._waiting.items:
            show = partial(self._waiting.show, item)
            waited.append((self._layout.date, show))
            out += show()
        date = self._layout.date
        shown = lines()
        if of_event and not shown:
            self._layout.date = before
            return []
        if shown or out:
            self._waiting.end()
            self._shown += [*waited, (date, lines)]
            self.own_lines.note(shown)
        return [*out, *shown]

    def _render(self, event: events.ClientEvent) -> Fragments:  # noqa: C901, PLR0912 - one case per event
        match event:
            case events.Entered():
                return self._entered(event)
            case events.NewMessage(message):
                return self.message(message)
            case events.MessageChanged():
                return self._lines.change(event)
            case m.Crowd(is_on, count):
                return self._layout.dim(self._texts.plural("crowd" if is_on else "no_crowd", count))
            case m.About(title, welcome):
                return self._about(title, welcome)
            case events.PeoplePage():
                return self._people(event)
            case events.OlderMessages():
                return self.older_messages(event)
            case events.SearchResults():
                return self._search_results(event)
            case events.MessageRefused():
                return self._message_refused(event)
            case events.NameRefused(code, detail, suggestion):
                key = "name_suggested" if suggestion else "try_another_name"
                reason = self._texts.error(code, detail)
                return self._layout.error(self._texts(key, reason=reason, name=one_line(suggestion)))
            case NotKept(path, reason):
                return self._layout.dim(self._texts.not_kept(path, reason))
            case events.PasswordNeeded(code):
                return self.line(code)
            case events.RequestFailed():
                return self._request_failed(event)
            case events.ConnectionLost(reason):
                text = self._texts("connection_lost", reason=self._texts.lost(reason, self._address))
                return self._layout.error(text)
            case events.Ended(reason, seconds) if reason != "left":
                return self._layout.error(self._texts.ended(reason, seconds, self._address))
            case m.Body():
                return self._lines.output(event)
            case m.Role(moderator):
                return self.line("moderator" if moderator else "moderator_no_more")
            case m.Link():
                return self._link(event)
            case m.Whois():
                return self._whois(event)
            case m.Bans(bans, more):
                listed = [fragment for ban in bans for fragment in self._ban(ban)]
                return (
                    listed + self.line("more_bans") if more else listed or self.answer(self._texts("no_bans"))
                )
            case (
                m.Joined()
                | m.Left()
                | m.Typing()
                | m.Person()
                | m.Throttled()
                | events.StatusChanged()
                | events.Ended()
                | m.FollowedOutput()
            ):
                return []

    def older_messages(self, event: events.OlderMessages) -> Fragments:
        """Return older messages between two lines, the requested one highlighted."""
        messages, target = event.messages, event.target
        if not messages:
            empty = self._texts("history_empty")
            return self.answer(empty if target is None else self._texts("no_message", number=target))
        if target is not None:
            return self._section(self._texts("show_title", number=target), messages, "history_end", target)
        title = f"{self._texts('history_title')} · #{messages[0].id}–#{messages[-1].id}"
        return self._layout.title(title) + self._messages(messages) + self.line("history_end")

    def members(self, names: Sequence[str], marked: Sequence[m.Person] = ()) -> Fragments:
        """Return the line that lists all members, with what is known of those `marked`."""
        if len(names) <= 1:
            return self.answer(self._texts("alone"))
        text = self._texts.plural("here", len(names), names=_NAMES)
        return self._list(text, sorted(names, key=_sorted_by), marked)

    def _mark(self, person: m.Person) -> str:
        """Return what stands behind the name of somebody who is marked."""
        why = one_line(person.why)
        away = self._texts("person_away_why" if why else "person_away", why=why)
        return ", ".join([self._texts("person_moderator")] * person.moderator + [away] * person.away)

    def topic(self, topic: m.Topic | None) -> Fragments:
        """Return the answer that tells the topic."""
        return self.answer(self._topic(topic) if topic else self._texts("no_topic"))

    def _topic(self, topic: m.Topic) -> str:
        moment = self._layout.moment(topic.at)
        when = f"{moment:%d.%m. %H:%M}" if moment else "?"
        return self._texts("topic", text=one_line(topic.text), by=one_line(topic.by), when=when)

    def _people(self, page: events.PeoplePage) -> Fragments:
        """Return a page of the members; only the first one of all has their number."""
        if not page.members:
            return self.answer(self._texts("who_nobody", prefix=one_line(page.prefix)))
        is_first = not (page.prefix or page.after)
        text = self._texts.plural("here", page.count, names=_NAMES) if is_first else _NAMES
        return self._list(text, page.members, page.people) + (self.line("who_more") if page.more else [])

    def _list(self, text: str, names: Sequence[str], people: Sequence[m.Person]) -> Fragments:
        """Return an answer with a list of names in their colours, and what is known of some people."""
        before, _, after = text.partition(_NAMES)
        marks = {person.name: mark for person in people if (mark := self._mark(person))}
        return self._layout.answer([("", before), *self.colours.listed(names, marks), ("", after)])

    def ignored(self, names: Sequence[str]) -> Fragments:
        """Return the line that says whose messages are hidden here."""
        if not names:
            return self.answer(self._texts("ignored_nobody"))
        return self._list(self._texts("ignored", names=_NAMES), names, ())

    def answer(self, text: str) -> Fragments:
        """Return the answer to a command, in one line."""
        return self._layout.answer(linked("", text))

    def unsent(self, texts: Sequence[str]) -> list[Fragments]:
        """Return the lines of unsent messages above the input line, the newest last."""
        lines = [f"  … {one_line(text[:MAX_WIDTH])}" for text in texts[-_UNSENT_SHOWN:]]
        if len(texts) > _UNSENT_SHOWN:
            lines.insert(0, self._texts("more_unsent", count=len(texts) - _UNSENT_SHOWN))
        return [[("class:dim", line)] for line in lines]

    def left_over(self, unsent: Sequence[Outgoing], draft: str) -> Fragments:
        """Return what was not sent when the conversation ends; empty if there is nothing."""
        out: Fragments = []
        if unsent:
            out.append(("class:error", f"{self._texts.plural('left_unsent', len(unsent))}\n"))
            out += [("", f"{clean(format_outgoing(command))}\n") for command in unsent]
        if not is_blank(clean(draft)):
            out += [("class:error", f"{self._texts('left_draft')}\n"), ("", f"{clean(draft)}\n")]
        return out

    def _entered(self, event: events.Entered) -> Fragments:
        out: Fragments = []
        if event.new_log:
            out += self.line("new_log")
        elif event.rejoined:
            out += self.line("back")
        if event.stale:
            out += self.line("stale")
        if event.missed:
            out += self._layout.dim(self._texts.plural("missed", event.missed))
        out += self._messages(event.messages, at_start=not event.rejoined)
        if event.messages and not event.rejoined:
            out += self.line("history_end")
        if not event.rejoined:
            out += self._about(event.title, event.welcome)
            out += self.line("entered", name=one_line(event.name))
            crowd = self._layout.dim(self._texts.plural("here_in_crowd", event.count))
            out += crowd if event.count else self.members(event.members)
        if event.topic and (not event.rejoined or event.new_log or event.missed):
            out += self._layout.dim(self._topic(event.topic))
        return out

    def _about(self, title: str, welcome: str) -> Fragments:
        """Return the title of the room and its welcome."""
        out = self._layout.wrapped("bold", one_line(title)) if title else []
        return out + (self._layout.dim(one_line(welcome)) if welcome else [])

    def _messages(self, messages: Sequence[m.Message], *, at_start: bool = False) -> Fragments:
        """Return messages with a line before the first unread one; with `at_start` all of them may be."""
        out: Fragments = []
        read = self._read
        follows_read = at_start
        for item in folded(messages, self._ignored):
            if isinstance(item, Hidden):
                follows_read |= read is not None and item.last <= read
                out += self._waiting.show(item)
                continue
            if read is not None and follows_read and item.id > read:
                out += self._layout.title(self._texts("unread"))
            follows_read = read is not None and item.id <= read
            out += self.message(item)
        return out

    def _section(
        self, title: str, messages: Sequence[m.Message], end: str, target: int | None = None
    ) -> Fragments:
        out = self._layout.title(title)
        for message in messages:
            out += self.message(message, highlight=message.id == target)
        return out + self.line(end)

    def _search_results(self, event: events.SearchResults) -> Fragments:
        query = one_line(event.query)
        if not event.messages:
            return self.answer(self._texts("nothing_found", query=query))
        title = self._texts.plural("found", len(event.messages), query=query)
        return self._section(title, event.messages, "found_more" if event.more else "history_end")

    def _message_refused(self, event: events.MessageRefused) -> Fragments:
        reason = self._texts.error(event.code, event.detail, event.seconds)
        title = f"{self._texts('not_sent', reason=reason)} {self._texts('not_sent_hint')}"
        text = "\n".join(f"  {line}" for line in clean(event.text).split("\n"))
        return [*self._layout.error(title), ("class:dim", f"{text}\n")]

    def _request_failed(self, event: events.RequestFailed) -> Fragments:
        """Return the error with the command it is for, which may have scrolled away."""
        reason = self._texts.error(event.code, event.detail, event.seconds)
        if event.request is None or event.code == "not_found":
            return self._layout.error(reason)
        command = one_line(format_command(event.request))
        return self._layout.error(self._texts("request_failed", command=command, reason=reason))

    def _link(self, link: m.Link) -> Fragments:
        """Return a one-time code, and where to type it. The command is not wrapped: it is to be copied."""
        code, time = one_line(link.code), self._texts.duration(link.seconds)
        command = " ".join(filter(None, ("oneroom", str(self._address), self._options, "--code", code)))
        return [
            *self.answer_lines(self._texts("link", code=code, time=time)),
            ("", f"  {command}\n"),
            *self.line("link_on_page", code=code),
        ]

    def _whois(self, whois: m.Whois) -> Fragments:
        found = ", ".join(map(one_line, whois.addresses))
        text = self._texts("whois" if found else "whois_nowhere", name=one_line(whois.name), addresses=found)
        moment = self._layout.moment(whois.at) if whois.at else None
        since = self._texts("here_since", when=f"{moment:%d.%m. %H:%M}") if moment else ""
        return self.answer(text + since)

    def _ban(self, ban: m.BanEntry) -> Fragments:
        target, by, reason = one_line(ban.target), one_line(ban.by), one_line(ban.text)
        if ban.until:
            end = self._layout.moment(ban.until)
            until = f"{end:%d.%m.%Y %H:%M}" if end else "?"
            text = self._texts("ban_until", target=target, until=until, by=by)
        else:
            text = self._texts("ban_for_good", target=target, by=by)
        return self.answer(self._with_reason(text, reason))

    def _with_reason(self, text: str, reason: str) -> str:
        return self._texts("with_reason", text=text, reason=reason) if reason else text


def _sorted_by(name: str) -> str:
    return one_line(name).casefold()
