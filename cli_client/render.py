"""Turns events into styled text for a terminal.

Text of others is cleaned here again, so that none of its control sequences reaches the
terminal, whatever the server sends. Colours are ANSI names: each is legible in the
user's own theme.
"""

import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from typing import Final

from prompt_toolkit.styles import Style

from chat_client import events
from chat_client.identity import NotKept
from chat_protocol import messages as m
from chat_protocol.address import Address
from chat_protocol.text import clean, one_line
from cli_client.commands import format_command
from cli_client.formatting import lay_out
from cli_client.translations import Translations
from cli_client.wrapping import cell_width, wrap

Fragments = list[tuple[str, str]]
"""Pieces of text, each with its prompt_toolkit style; lines end with LF."""

STYLE: Final = Style.from_dict(
    {
        "dim": "dim",
        "error": "ansired",
        "highlight": "bold",
        "code": "ansicyan",
        "prompt": "ansicyan bold",
        "ok": "ansigreen",
        "warning": "ansiyellow",
        "bottom-toolbar": "noreverse",
    }
)

_NAME_COLOURS: Final = ("ansigreen", "ansicyan", "ansimagenta", "ansibrightblue", "ansiyellow", "ansired")
_MAX_WIDTH: Final = 100  # cells of a line, for legibility
_TIME_WIDTH: Final = 6  # cells of the time and the space after it
_UNSENT_SHOWN: Final = 4
_HAS_NOTICE: Final = frozenset({"kicked", "banned"})  # reasons for leaving that a notice has announced


def name_style(name: str) -> str:
    """Return the style of a name: always the same for the same name."""
    return f"bold {_NAME_COLOURS[zlib.crc32(name.casefold().encode()) % len(_NAME_COLOURS)]}"


class Renderer:
    """Turns events of the room at `address` into lines of at most `width()` cells.

    It remembers the date of the last line, to print each new date. Owned by the main thread.
    `zone` is the time zone shown (None: the local one). With `as_typed`, texts are not formatted.
    """

    def __init__(
        self,
        texts: Translations,
        address: Address,
        width: Callable[[], int],
        zone: tzinfo | None = None,
        *,
        as_typed: bool = False,
    ) -> None:
        self._texts = texts
        self._address = address
        self._width = width
        self._zone = zone
        self._as_typed = as_typed
        self._day: date | None = None
        self._read: int | None = None  # the newest message read in an earlier run

    def render(self, event: events.ClientEvent) -> Fragments:  # noqa: C901, PLR0912 - one case per event
        """Return what the event adds to the transcript; may be empty."""
        match event:
            case events.Entered():
                return self._entered(event)
            case events.NewMessage(message):
                return self.message(message)
            case m.Joined():
                return self._time(event.at) + self.line("joined", name=one_line(event.name))
            case m.Left(reason=reason) if reason in _HAS_NOTICE:
                return []
            case m.Left():
                key = "left_because_slow" if event.reason == "slow" else "left"
                return self._time(event.at) + self.line(key, name=one_line(event.name))
            case events.OlderMessages():
                return self.older_messages(event)
            case events.SearchResults():
                return self._search_results(event)
            case events.MessageRefused():
                return self._message_refused(event)
            case events.NameRefused(code, detail, suggestion):
                key = "name_suggested" if suggestion else "try_another_name"
                return self.line(key, reason=self._texts.error(code, detail), name=one_line(suggestion))
            case NotKept(path, reason):
                return self._dim(self._texts.not_kept(path, reason))
            case events.PasswordNeeded(code):
                return self.line(code)
            case events.RequestFailed():
                return self._request_failed(event)
            case events.ConnectionLost(reason):
                return self.line("connection_lost", reason=self._texts.lost(reason, self._address))
            case events.Ended(reason, seconds) if reason != "left":
                return [("class:error", self._wrapped(self._texts.ended(reason, seconds, self._address)))]
            case m.Role(moderator):
                return self.line("moderator" if moderator else "moderator_no_more")
            case m.Whois(name, addresses):
                found = ", ".join(map(one_line, addresses))
                return self.line("whois" if found else "whois_nowhere", name=one_line(name), addresses=found)
            case m.Bans(bans, more):
                listed = [fragment for ban in bans for fragment in self._ban(ban)]
                return listed + self.line("more_bans") if more else listed or self.line("no_bans")
            case (
                m.Typing() | m.Throttled() | events.StatusChanged() | events.Ended() | events.MessageChanged()
            ):
                return []

    def message(self, message: m.Message, *, highlight: bool = False) -> Fragments:
        """Return a message: time, name, wrapped text, number. The room's notices have no name."""
        width, indent = self._text_width()
        out = self._time(message.at)
        style = "class:highlight" if highlight else ""
        if message.notice:
            text, head = self._notice(message.notice, message.text), 0
            if message.notice.act != "announce":
                style = "class:dim"
        else:
            name = one_line(message.name)
            out += [(name_style(name), name), ("class:dim", ":")]
            text, head = clean(message.text), cell_width(name) + 2
        if message.deleted:
            text, style = self._texts("deleted"), "class:dim"
        own_line = head > width // 2  # a long name in a narrow terminal
        first = 0 if own_line else head
        if message.notice or message.deleted or self._as_typed:
            lines = [[(style, line)] for line in wrap(text, width, first)]
        else:
            lines = lay_out(text, width, first, style)
        if head:
            out.append(("", f"\n{indent}" if own_line else " " if lines[0] else ""))
        out += lines[0]
        for line in lines[1:]:
            out += [("", f"\n{indent}"), *line]
        number = f"#{message.id}"
        used = sum(cell_width(part) for _, part in lines[-1]) + (first if len(lines) == 1 else 0)
        gap = "  " if used + 2 + len(number) <= width else f"\n{indent}"
        return [*out, ("class:dim", f"{gap}{number}\n")]

    def older_messages(self, event: events.OlderMessages) -> Fragments:
        """Return older messages between two lines, the requested one highlighted."""
        messages, target = event.messages, event.target
        if not messages:
            return self.line("history_empty") if target is None else self.line("no_message", number=target)
        if target is not None:
            return self._section(self._texts("show_title", number=target), messages, "history_end", target)
        title = f"{self._texts('history_title')} · #{messages[0].id}–#{messages[-1].id}"
        return self._title(title) + self._messages(messages) + self.line("history_end")

    def members(self, names: Sequence[str]) -> Fragments:
        """Return the line that lists the members."""
        if len(names) <= 1:
            return self.line("alone")
        listed = ", ".join(sorted(map(one_line, names), key=str.casefold))
        return self._dim(self._texts.plural("here", len(names), names=listed))

    def line(self, key: str, **values: object) -> Fragments:
        """Return a dim line with a text of the client."""
        return self._dim(self._texts(key, **values))

    def text(self, text: str) -> Fragments:
        """Return dim lines."""
        return self._dim(text)

    def unsent(self, texts: Sequence[str]) -> list[Fragments]:
        """Return the lines of unsent messages above the input line, the newest last."""
        lines = [f"  … {one_line(text[:_MAX_WIDTH])}" for text in texts[-_UNSENT_SHOWN:]]
        if len(texts) > _UNSENT_SHOWN:
            lines.insert(0, self._texts("more_unsent", count=len(texts) - _UNSENT_SHOWN))
        return [[("class:dim", line)] for line in lines]

    def _entered(self, event: events.Entered) -> Fragments:
        out: Fragments = []
        if event.new_log:
            out += self.line("new_log")
        elif event.rejoined:
            out += self.line("back")
        if event.missed:
            out += self._dim(self._texts.plural("missed", event.missed))
        if not event.rejoined:
            self._read = event.read
        out += self._messages(event.messages, at_start=not event.rejoined)
        if not event.rejoined:
            out += self.line("entered", name=one_line(event.name)) + self.members(event.members)
        return out

    def _messages(self, messages: Sequence[m.Message], *, at_start: bool = False) -> Fragments:
        """Return messages with a line before the first unread one; with `at_start` all of them may be."""
        out: Fragments = []
        read = self._read
        follows_read = at_start
        for message in messages:
            if read is not None and follows_read and message.id > read:
                out += self._title(self._texts("unread"))
            follows_read = read is not None and message.id <= read
            out += self.message(message)
        return out

    def _section(
        self, title: str, messages: Sequence[m.Message], end: str, target: int | None = None
    ) -> Fragments:
        out = self._title(title)
        for message in messages:
            out += self.message(message, highlight=message.id == target)
        return out + self.line(end)

    def _search_results(self, event: events.SearchResults) -> Fragments:
        query = one_line(event.query)
        if not event.messages:
            return self.line("nothing_found", query=query)
        title = self._texts.plural("found", len(event.messages), query=query)
        return self._section(title, event.messages, "found_more" if event.more else "history_end")

    def _message_refused(self, event: events.MessageRefused) -> Fragments:
        reason = self._texts.error(event.code, event.detail, event.seconds)
        title = f"{self._texts('not_sent', reason=reason)} {self._texts('not_sent_hint')}"
        text = "\n".join(f"  {line}" for line in clean(event.text).split("\n"))
        return [("class:error", self._wrapped(title)), ("class:dim", f"{text}\n")]

    def _request_failed(self, event: events.RequestFailed) -> Fragments:
        """Return the error with the command it is for, which may have scrolled away."""
        reason = self._texts.error(event.code, event.detail, event.seconds)
        if event.request is None or event.code == "not_found":
            return self._dim(reason)
        return self.line("request_failed", command=one_line(format_command(event.request)), reason=reason)

    def _notice(self, notice: m.Notice, server_text: str) -> str:
        """Return a notice in the user's language, or in the server's words if its act is unknown."""
        by, target, reason = one_line(notice.by), one_line(notice.target), one_line(notice.text)
        if notice.act == "announce":
            return self._texts("notice_announce", by=by, text=clean(notice.text))
        key = f"notice_{notice.act}"
        if not target and f"{key}_address" in self._texts:
            key += "_address"
        if notice.seconds and f"{key}_for" in self._texts:
            key += "_for"
        if key not in self._texts:
            return clean(server_text)
        time = self._texts.duration(notice.seconds or 0)
        return self._with_reason(self._texts(key, by=by, target=target, number=notice.id, time=time), reason)

    def _ban(self, ban: m.BanEntry) -> Fragments:
        target, by, reason = one_line(ban.target), one_line(ban.by), one_line(ban.text)
        if ban.until:
            end = self._local_time(ban.until)
            until = f"{end:%d.%m.%Y %H:%M}" if end else "?"
            text = self._texts("ban_until", target=target, until=until, by=by)
        else:
            text = self._texts("ban_for_good", target=target, by=by)
        return self._dim(self._with_reason(text, reason))

    def _with_reason(self, text: str, reason: str) -> str:
        return self._texts("with_reason", text=text, reason=reason) if reason else text

    def _title(self, text: str) -> Fragments:
        return [("class:dim", f"── {text} ──\n")]

    def _dim(self, text: str) -> Fragments:
        return [("class:dim", self._wrapped(text))]

    def _wrapped(self, text: str) -> str:
        """Wrap lines. Continuations are indented: they must not look like another person's message."""
        width = self._text_width()[0] + _TIME_WIDTH - 2
        return "".join("\n  ".join(wrap(line, width)) + "\n" for line in text.split("\n"))

    def _text_width(self) -> tuple[int, str]:
        """Return the width of text beside the time, in cells, and the indent of its further lines."""
        width = self._width()
        return max(8, min(width, _MAX_WIDTH) - 1 - _TIME_WIDTH), " " * (_TIME_WIDTH if width >= 40 else 2)

    def _local_time(self, at: str) -> datetime | None:
        try:
            return datetime.fromisoformat(at).astimezone(self._zone)
        except (ValueError, OverflowError):
            return None

    def _time(self, at: str) -> Fragments:
        """Return the time of day, after a line with the date if that is a new one."""
        moment = self._local_time(at)
        if moment is None:
            return [("class:dim", "--:-- ")]
        out: Fragments = []
        if moment.date() != self._day:
            self._day = moment.date()
            month = self._texts("months").split()[moment.month - 1]
            day = self._texts("date", day=moment.day, month=month, year=moment.year)
            out += self._title(day)
        return [*out, ("class:dim", f"{moment:%H:%M} ")]
