"""Turns messages, and what has become of them, into lines of the transcript.

A terminal cannot redraw what has scrolled up, so a change is one more line below.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from chat_client.events import MessageChanged
from chat_protocol import messages as m
from chat_protocol.text import clean, one_line
from cli_client.formatting import Line, lay_out, lay_out_plain, split_line
from cli_client.layout import WIDE, Fragments, Layout
from cli_client.live_lines import coloured, last_lines, standing
from cli_client.name_colours import NameColours
from cli_client.plain_text import quoted_text
from cli_client.text_parts import may_be_formatted
from cli_client.translations import Translations
from cli_client.wrapping import cell_width, clip

_NAME_WIDTH: Final = 24  # cells of a name in a quote or beside a reaction
_EMOJI_WIDTH: Final = 8  # cells of an emoji, whatever the room sends
_EVERYBODY: Final = ("all", "все")  # as it is typed
_TIME_WIDTH: Final = 6  # cells
_NO_END: Final = 1_000_000  # cells: no line of a text breaks
_HANGING: Final = 26  # cells of a name beside which there is room for all lines of a text
_MARKS: Final = "\u0300-\u036f"  # are part of a word too


def is_for(message: m.Message, me: str) -> bool:
    """Return whether a message calls the member `me` or answers them."""
    is_answer = message.reply is not None and message.reply.name == me
    return not message.mine and (is_answer or me in message.mentions or "all" in message.mentions)


@lru_cache(maxsize=64)
def _calls(mentions: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what matches a call of these names, and the names by what is typed."""
    called = {
        _key_of(typed): name for name in mentions for typed in (_EVERYBODY if name == "all" else (name,))
    }
    # The longest one counts: `@Anna Maria` does not call Anna.
    words = "|".join(re.escape(key) for key in sorted(called, key=len, reverse=True))
    pattern = rf"(?<![\w{_MARKS}])(@(?:{words}))(?![\w{_MARKS}])"
    return re.compile(pattern, re.IGNORECASE), called


def _key_of(name: str) -> str:
    return one_line(name).lower()


class MessageLines:
    """Turns messages into lines. With `as_typed`, texts are not formatted. Owned by the main thread.

    `me` is our name, for what calls us; `colours` are those of all names.
    """

    def __init__(self, texts: Translations, layout: Layout, *, as_typed: bool) -> None:
        self.colours = NameColours()
        self._texts = texts
        self._layout = layout
        self._as_typed = as_typed

    @property
    def me(self) -> str:
        """Our name."""
        return self.colours.me

    def message(self, message: m.Message, *, highlight: bool = False) -> Fragments:
        """Return a message: time, name, wrapped text, number; above it what it answers, below its reactions.

        The room's notices have no name.
        """
        number = f"#{message.id}"
        if message.edited and not message.deleted:
            number += f" · {self._texts('edited')}"
        out: Fragments = []
        if message.reply and not message.deleted:
            out = self._layout.day(message.at) + self._quote(message.reply)
        out += self._layout.time(message.at)
        out += self._body(message, [], "class:highlight" if highlight else "", number)
        if message.reactions:
            _, indent = self._layout.text_width()
            out += [("class:dim", indent), *self._reactions(message.reactions, 0)]
        return out

    def change(self, event: MessageChanged) -> Fragments:
        """Return what has become of a message, in one line for each kind of change.

        Of a message that was never shown it is told only to who has changed it.
        """
        now, before, act = event.message, event.before, event.act
        if before is None and not event.own:
            return []
        out: Fragments = []
        if now.deleted:
            if before is None or not before.deleted:
                name = one_line(now.name)
                out += self._layout.timed(event.at, "told_deleted", number=now.id, name=name)
            return out
        if now.live and now.live.state != "open" and (before is None or before.live != now.live):
            head = [("class:dim", f"#{now.id} ")]
            return self._when(event) + self._body(now, head, "", "") + self._last_lines(now.live)
        if act == "edit" if before is None else before.text != now.text:
            head = [("class:dim", f"✎ #{now.id} ")]
            out += self._when(event) + self._body(now, head, "", "")
        if act == "react" if before is None else _shown(before.reactions) != _shown(now.reactions):
            number = f"#{now.id} "
            out += [*self._when(event), ("class:dim", number)]
            out += self._reactions(now.reactions, len(number))
        return out

    def output(self, body: m.Body) -> Fragments:
        """Return a part of the output in a live message, the lines as they are."""
        lines = [coloured(line) for line in body.text.split("\n")[:-1]]
        if body.left_out and body.start == body.left_out[1]:
            count = body.left_out[1] - body.left_out[0]
            lines.insert(0, coloured(self._texts("left_out", count=count)))
        if not body.more:
            tail = (body.tail or "").rstrip("\n")
            lines += [coloured(line, is_cut=True) for line in tail.split("\n") if tail]
            lines.append(coloured(self._texts("history_end")))
        return [fragment for line in lines for fragment in line]

    def _last_lines(self, live: m.Live) -> Fragments:
        """Return the last lines of a command that has failed."""
        if live.state != "failed":
            return []
        width, indent = self._layout.text_width()
        return [part for line in last_lines(live.last, width) for part in (("", indent), *line)]

    def _when(self, event: MessageChanged) -> Fragments:
        return self._layout.time(event.at) if event.at else [("", " " * 6)]

    # --- the parts of a message --------------------------------------------------------

    def _body(self, message: m.Message, head: Fragments, style: str, number: str) -> Fragments:
        """Return what stands behind the time: `head`, name, text, number."""
        width, indent = self._layout.text_width()
        out, text, name_end = [*head], self._text(message), ""
        if message.notice:
            if message.notice.act != "announce":
                style = "class:dim"
        else:
            name, is_action = one_line(message.name), message.kind == "action" and not message.deleted
            name_end = "" if is_action or (message.live and not message.deleted) else ":"
            out += [("class:dim", "* ")] if is_action else []
            out += [(self.colours.style(message.name), name), ("class:dim", name_end)]
        if message.deleted:
            style = "class:dim"
        used = sum(cell_width(part) for _, part in out) + (1 if out else 0)
        own_line = used > width // 2  # a long name in a narrow terminal
        first = 0 if own_line else used
        if width >= WIDE and used <= _HANGING:
            indent, width, first = indent + " " * used, width - used, 0
        if self._is_plain(message):
            lines = lay_out_plain(text, width, first, style)
        else:
            lines = lay_out(text, width, first, style)
        if message.mentions:
            lines = [self._mark_calls(line, message.mentions) for line in lines]
        if out:
            out.append(("", f"\n{indent}" if own_line else " " if lines[0] else ""))
        if number:
            self._add_number(lines, number, width, first, len(indent) - _TIME_WIDTH)
        out += lines[0]
        for line in lines[1:]:
            out += [("", f"\n{indent}"), *line]
        return [*out, ("", "\n")]

    def plain(self, message: m.Message) -> tuple[str, str]:
        """Return what stands before the text of a message, and that as it is read, in one line."""
        text, head = self._text(message), ""
        if not message.notice:
            name, is_action = one_line(message.name), message.kind == "action"
            head = f"* {name} " if is_action else f"{name} " if message.live else f"{name}: "
        if not self._is_plain(message) and may_be_formatted(text):
            text = " ".join("".join(part for _, part in line) for line in lay_out(text, _NO_END, 0, ""))
        return head, one_line(text)

    def _is_plain(self, message: m.Message) -> bool:
        """Return whether the text of a message is not formatted."""
        return bool(message.notice or message.deleted or message.live or self._as_typed)

    def _text(self, message: m.Message) -> str:
        if message.deleted:
            return self._texts("deleted")
        if message.notice:
            return self._notice(message.notice, message.text)
        return (
            standing(one_line(message.text), message.live, self._texts)
            if message.live
            else clean(message.text)
        )

    def _add_number(self, lines: list[Line], number: str, width: int, first: int, indent: int) -> None:
        """Add the number behind the text; if it has no room there, in one more line with the end of the text.

        The first line is shorter by `first`, and all begin `indent` cells right of the time.
        """
        last, shown = lines[-1], ("class:dim", f"  {number}")
        before = first if len(lines) == 1 else 0
        used = sum(cell_width(part) for _, part in last) + before
        room = width - len(number) - 2
        if used <= room:
            last.append(shown)
            return
        text = "".join(part for _, part in last)
        is_framed = last[0][0].endswith("class:dim")
        word = text.rfind(" ") + 1
        if used > width:  # an address that is kept whole
            if self._layout.rest_of_row((0 if before else indent) + used) >= len(number) + 2:
                last.append(shown)
                return
        elif not is_framed:
            if not word > 0 or cell_width(text[word:]) > room:
                word = len(clip(text, room - before)) if room - before > 0 else 0
            if word:
                lines[-1], rest = split_line(last, word)
                lines.append([*rest, shown])
                return
        lines.append([("class:dim", number)])

    def _mark_calls(self, line: Line, mentions: Sequence[str]) -> Line:
        """Mark the names that are called: our own, and the others in their colours."""
        pattern, called = _calls(tuple(mentions))
        marked: Line = []
        for style, text in line:
            if "@" not in text:
                marked.append((style, text))
                continue
            for number, piece in enumerate(pattern.split(text)):
                look = ""
                if number % 2:
                    name = called.get(_key_of(piece[1:]), piece[1:])
                    look = "class:mention" if name in (self.me, "all") else self.colours.style(name)
                if piece:
                    marked.append((f"{style} {look}".strip(), piece))
        return marked

    def _quote(self, quote: m.Quote) -> Fragments:
        """Return the line above an answer."""
        width, indent = self._layout.text_width()
        name, excerpt = clip(one_line(quote.name), _NAME_WIDTH), one_line(quote.excerpt)
        excerpt = excerpt if self._as_typed else quoted_text(excerpt)
        key = "quote" if excerpt else "quote_deleted" if name else "quote_lost"
        room = width - cell_width(self._texts(key, number=quote.id, name=name, excerpt=""))
        if cell_width(excerpt) > room:
            excerpt = f"{clip(excerpt, max(0, room - 1)).rstrip()}…"
        line = clip(self._texts(key, number=quote.id, name=name, excerpt=excerpt), width)
        return [("class:dim", f"{indent}{line}\n")]

    def _reactions(self, reactions: Sequence[m.Reaction], used: int) -> Fragments:
        """Return the rest of a line with `used` cells: with names, or without if they have no room."""
        if not reactions:
            return [("class:dim", f"{self._texts('no_reactions')}\n")]
        width = self._layout.text_width()[0] - used
        marks = [f"{clip(one_line(reaction.emoji), _EMOJI_WIDTH)} {reaction.count}" for reaction in reactions]
        names = [f": {self._names(reaction)}" if reaction.names else "" for reaction in reactions]
        if cell_width(" · ".join(map("".join, zip(marks, names, strict=True)))) > width:
            names = [""] * len(marks)
        out: Fragments = []
        for mark, who, reaction in zip(marks, names, reactions, strict=True):
            gap = " · " if out else ""
            width -= cell_width(gap + mark + who)
            if width < 2:
                out.append(("class:dim", " …"))
                break
            out += [("class:dim", gap), ("bold" if reaction.mine else "class:dim", mark), ("class:dim", who)]
        return [*out, ("", "\n")]

    def _names(self, reaction: m.Reaction) -> str:
        names = ", ".join(clip(one_line(name), _NAME_WIDTH) for name in reaction.names)
        more = reaction.count - len(reaction.names)
        return self._texts("names_and_more", names=names, count=more) if more > 0 else names

    def _notice(self, notice: m.Notice, server_text: str) -> str:
        """Return a notice in the user's language, or in the server's words if its act is unknown."""
        by, target, reason = one_line(notice.by), one_line(notice.target), one_line(notice.text)
        if notice.act == "announce" or (notice.act == "topic" and reason):
            return self._texts(f"notice_{notice.act}", by=by, text=clean(notice.text))
        key = f"notice_{notice.act}"
        if notice.act == "topic":
            key += "_cleared"
        if not target and f"{key}_address" in self._texts:
            key += "_address"
        if notice.seconds and f"{key}_for" in self._texts:
            key += "_for"
        if key not in self._texts:
            return clean(server_text)
        time = self._texts.duration(notice.seconds or 0)
        text = self._texts(key, by=by, target=target, number=notice.id, time=time)
        return self._texts("with_reason", text=text, reason=reason) if reason else text


def _shown(reactions: Sequence[m.Reaction]) -> list[tuple[str, int]]:
    return [(reaction.emoji, reaction.count) for reaction in reactions]
