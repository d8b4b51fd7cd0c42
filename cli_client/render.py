"""News as styled text for a terminal.

Whatever others wrote is cleaned here once more: no control sequence of theirs
reaches the terminal, whichever server it came through. Colours are names of the
sixteen ANSI colours, so that they are legible wherever the user's own theme is.
"""

import zlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from typing import Final

from prompt_toolkit.styles import Style

from chat_protocol.address import Address
from chat_protocol.messages import (
    BanEntry,
    Bans,
    Joined,
    Left,
    Message,
    Notice,
    Role,
    Throttled,
    Typing,
    Whois,
)
from chat_protocol.text import clean, one_line
from cli_client.commands import write_command
from cli_client.news import (
    Changed,
    Ended,
    Entered,
    Hits,
    Lost,
    NameRefused,
    News,
    Page,
    PasswordWanted,
    Said,
    Trouble,
    Unsent,
)
from cli_client.words import Words
from cli_client.wrapping import brief, cells_in, wrap

Fragments = list[tuple[str, str]]
"""Text in pieces, each with its prompt_toolkit style; lines end with LF."""

STYLE: Final = Style.from_dict(
    {
        "aside": "dim",
        "alarm": "ansired",
        "marked": "bold",
        "lead": "ansicyan bold",
        "good": "ansigreen",
        "wait": "ansiyellow",
        "bottom-toolbar": "noreverse",
    }
)

_NAME_COLOURS: Final = ("ansigreen", "ansicyan", "ansimagenta", "ansibrightblue", "ansiyellow", "ansired")
_WIDEST: Final = 100  # cells; longer lines tire the eye
_CLOCK: Final = 6  # cells of the time and the blank after it
_PENDING_SHOWN: Final = 4
_TOLD_BEFORE: Final = frozenset({"kicked", "banned"})  # why people leave: by a notice


def name_style(name: str) -> str:
    """Return the style of a name: the same everywhere and every time."""
    return f"bold {_NAME_COLOURS[zlib.crc32(name.casefold().encode()) % len(_NAME_COLOURS)]}"


class Renderer:
    """Turns news of the room at `address` into lines of at most `width()` cells.

    Remembers the day of the last line, to set a new day off. Not thread-safe:
    the terminal's thread owns it. `zone` is where the clock hangs (None: here).
    """

    def __init__(
        self, words: Words, address: Address, width: Callable[[], int], zone: tzinfo | None = None
    ) -> None:
        self._words = words
        self._address = address
        self._width = width
        self._zone = zone
        self._day: date | None = None

    def news(self, news: News) -> Fragments:  # noqa: C901, PLR0912 - one case a kind of news
        """Return what `news` adds to the transcript, perhaps nothing."""
        match news:
            case Entered():
                return self._entered(news)
            case Said(message):
                return self.message(message)
            case Joined():
                return self._clock(news.at) + self.notice("joined", name=one_line(news.name))
            case Left(reason=reason) if reason in _TOLD_BEFORE:
                return []
            case Left():
                key = "left_because_slow" if news.reason == "slow" else "left"
                return self._clock(news.at) + self.notice(key, name=one_line(news.name))
            case Page():
                return self.page(news)
            case Hits():
                return self._hits(news)
            case Unsent():
                return self._unsent(news)
            case NameRefused(code, detail, suggestion):
                key = "name_suggested" if suggestion else "try_another_name"
                return self.notice(key, reason=self._words.error(code, detail), name=one_line(suggestion))
            case PasswordWanted(code):
                return self.notice(code)
            case Trouble():
                return self._trouble(news)
            case Lost(why):
                return self.notice("lost", reason=self._words.why(why, self._address))
            case Ended(why, seconds) if why != "left":
                return [("class:alarm", self._indented(self._words.ended(why, seconds, self._address)))]
            case Role() | Whois() | Bans():
                return self._moderation(news)
            case Typing() | Throttled() | Changed() | Ended():
                return []

    def message(self, message: Message, *, marked: bool = False) -> Fragments:
        """Return a message: time, name, text wrapped and indented, number. The room's own has no name."""
        room, indent = self._measures()
        out = self._clock(message.at)
        style = "class:marked" if marked else ""
        if message.notice:
            loud = message.notice.act == "announce"
            text, style, head = self._told(message.notice, message.text), style if loud else "class:aside", 0
        else:
            name = one_line(message.name)
            out += [(name_style(name), name), ("class:aside", ":")]
            text, head = clean(message.text), cells_in(name) + 2
        if message.deleted:
            text, style = self._words("deleted"), "class:aside"
        own_line = head > room // 2  # a long name in a narrow terminal
        lines = wrap(text, room, 0 if own_line else head)
        if head:
            out.append(("", f"\n{indent}" if own_line else " "))
        out.append((style, f"\n{indent}".join(lines)))
        number = f"#{message.id}"
        used = cells_in(lines[-1]) + (head if len(lines) == 1 and not own_line else 0)
        gap = "  " if used + 2 + len(number) <= room else f"\n{indent}"
        return [*out, ("class:aside", f"{gap}{number}\n")]

    def _moderation(self, news: Role | Whois | Bans) -> Fragments:
        """Return what only a moderator is told."""
        match news:
            case Role(moderator):
                return self.notice("moderator" if moderator else "moderator_no_more")
            case Whois(name, addresses):
                found = ", ".join(map(one_line, addresses))
                key = "whois" if found else "whois_nowhere"
                return self.notice(key, name=one_line(name), addresses=found)
            case Bans(bans):
                return [piece for ban in bans for piece in self._ban(ban)] or self.notice("no_bans")

    def _told(self, notice: Notice, otherwise: str) -> str:
        """Return what a moderator did in our own words, where we have any."""
        by, target, reason = one_line(notice.by), one_line(notice.target), one_line(notice.text)
        if notice.act == "announce":
            return self._words("notice_announce", by=by, text=clean(notice.text))
        key = f"notice_{notice.act}"
        if not target and f"{key}_address" in self._words:
            key += "_address"
        if notice.seconds and f"{key}_for" in self._words:
            key += "_for"
        if key not in self._words:
            return clean(otherwise)
        time = self._words.duration(notice.seconds or 0)
        return self._because(self._words(key, by=by, target=target, number=notice.id, time=time), reason)

    def page(self, page: Page) -> Fragments:
        """Return older messages set off from the present, the one looked for in bold."""
        if not page.messages:
            if page.target is None:
                return self._aside(self._words("history_empty"))
            return self._aside(self._words("no_message", number=page.target))
        if page.target is None:
            title = f"{self._words('history_title')} · #{page.messages[0].id}–#{page.messages[-1].id}"
        else:
            title = self._words("show_title", number=page.target)
        out = self._aside(f"── {title} ──")
        for message in page.messages:
            out += self.message(message, marked=message.id == page.target)
        return out + self._aside(self._words("history_end"))

    def _hits(self, news: Hits) -> Fragments:
        """Return what was found, set off from the present as older messages are."""
        if not news.messages:
            return self.notice("nothing_found", words=one_line(news.words))
        title = self._words.count("found", len(news.messages), words=one_line(news.words))
        out = self._quiet(f"── {title} ──")
        for message in news.messages:
            out += self.message(message)
        return out + self._aside(self._words("found_more" if news.more else "history_end"))

    def who(self, members: Sequence[str]) -> Fragments:
        """Return the line that says who is here."""
        if len(members) <= 1:
            return self.notice("alone")
        names = ", ".join(sorted(map(one_line, members), key=str.casefold))
        return self._quiet(self._words.count("here", len(members), names=names))

    def notice(self, key: str, **values: object) -> Fragments:
        """Return a quiet line of the program's own words."""
        return self._quiet(self._words(key, **values))

    def pending(self, texts: Sequence[str]) -> Fragments:
        """Return what waits above the input line to be sent, the newest last."""
        out: Fragments = []
        if len(texts) > _PENDING_SHOWN:
            out += self._aside(self._words("more_pending", count=len(texts) - _PENDING_SHOWN))
        for text in texts[-_PENDING_SHOWN:]:
            out += self._aside(f"  … {brief(one_line(text), self._measures()[0])}")
        return out

    def _entered(self, news: Entered) -> Fragments:
        out: Fragments = []
        if news.new_log:
            out += self.notice("new_log")
        elif news.back:
            out += self.notice("back")
        if news.missed:
            out += self._quiet(self._words.count("missed", news.missed))
        for message in news.messages:
            out += self.message(message)
        if not news.back:
            out += self.notice("entered", name=one_line(news.name)) + self.who(news.members)
        return out

    def _unsent(self, news: Unsent) -> Fragments:
        reason = self._words.error(news.code, news.detail, news.seconds)
        title = f"{self._words('unsent_text', reason=reason)} {self._words('unsent_hint')}"
        text = "\n".join(f"  {line}" for line in clean(news.text).split("\n"))
        return [("class:alarm", self._indented(title)), ("class:aside", f"{text}\n")]

    def _ban(self, ban: BanEntry) -> Fragments:
        who, by, reason = one_line(ban.target), one_line(ban.by), one_line(ban.text)
        if ban.until:
            moment = self._here(ban.until)
            until = f"{moment:%d.%m.%Y %H:%M}" if moment else "?"
            told = self._words("ban_until", target=who, until=until, by=by)
        else:
            told = self._words("ban_for_good", target=who, by=by)
        return self._quiet(self._because(told, reason))

    def _because(self, told: str, reason: str) -> str:
        return self._words("reason", told=told, reason=reason) if reason else told

    def _trouble(self, news: Trouble) -> Fragments:
        """Say what could not be done: what was typed for it is seen no more."""
        reason = self._words.error(news.code, news.detail, news.seconds)
        if news.about is None or news.code == "not_found":
            return self._quiet(reason)
        return self.notice("refused_order", order=one_line(write_command(news.about)), reason=reason)

    def _quiet(self, text: str) -> Fragments:
        return [("class:aside", self._indented(text))]

    def _indented(self, text: str) -> str:
        """Wrap lines; further ones are indented: none that begins with a name is to look like a message."""
        room = self._measures()[0] + _CLOCK - 2
        return "".join("\n  ".join(wrap(line, room, 0)) + "\n" for line in text.split("\n"))

    def _aside(self, text: str) -> Fragments:
        return [("class:aside", f"{text}\n")]

    def _measures(self) -> tuple[int, str]:
        """Return the cells for text beside the clock, and the indent of its further lines."""
        width = self._width()
        return max(8, min(width, _WIDEST) - 1 - _CLOCK), " " * (_CLOCK if width >= 40 else 2)

    def _here(self, at: str) -> datetime | None:
        """Return a moment by the clock that hangs here; None if it is none."""
        try:
            return datetime.fromisoformat(at).astimezone(self._zone)
        except (ValueError, OverflowError):
            return None

    def _clock(self, at: str) -> Fragments:
        """Return the time of day, after a line for the day where it is another one."""
        moment = self._here(at)
        if moment is None:
            return [("class:aside", "--:-- ")]
        out: Fragments = []
        if moment.date() != self._day:
            self._day = moment.date()
            month = self._words("months").split()[moment.month - 1]
            day = self._words("date", day=moment.day, month=month, year=moment.year)
            out += self._aside(f"── {day} ──")
        return [*out, ("class:aside", f"{moment:%H:%M} ")]
