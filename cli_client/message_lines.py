"""Turns messages, and what has become of them, into lines of the transcript.

A terminal cannot redraw what has scrolled up, so a change is one more line below.
"""

import re
from collections.abc import Sequence
from typing import Final

from chat_client.events import MessageChanged
from chat_protocol import messages as m
from chat_protocol.text import clean, one_line
from cli_client.formatting import Line, lay_out
from cli_client.layout import Fragments, Layout, name_style
from cli_client.translations import Translations
from cli_client.wrapping import cell_width, clip, wrap

_NAME_WIDTH: Final = 24  # cells of a name in a quote or beside a reaction
_EMOJI_WIDTH: Final = 8  # cells of an emoji, whatever the room sends
_EVERYBODY: Final = ("@all", "@все")


def is_for(message: m.Message, me: str) -> bool:
    """Return whether a message calls the member `me` or answers them."""
    is_answer = message.reply is not None and message.reply.name == me
    return not message.mine and (is_answer or me in message.mentions or "all" in message.mentions)


class MessageLines:
    """Turns messages into lines. With `as_typed`, texts are not formatted. Owned by the main thread.

    `me` is our name, for what calls us.
    """

    def __init__(self, texts: Translations, layout: Layout, *, as_typed: bool) -> None:
        self.me = ""
        self._texts = texts
        self._layout = layout
        self._as_typed = as_typed

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
        if act == "edit" if before is None else before.text != now.text:
            head = [("class:dim", f"✎ #{now.id} ")]
            out += self._when(event) + self._body(now, head, "", "")
        if act == "react" if before is None else _shown(before.reactions) != _shown(now.reactions):
            number = f"#{now.id} "
            out += [*self._when(event), ("class:dim", number)]
            out += self._reactions(now.reactions, len(number))
        return out

    def _when(self, event: MessageChanged) -> Fragments:
        return self._layout.time(event.at) if event.at else [("", " " * 6)]

    # --- the parts of a message --------------------------------------------------------

    def _body(self, message: m.Message, head: Fragments, style: str, number: str) -> Fragments:
        """Return what stands behind the time: `head`, name, text, number."""
        width, indent = self._layout.text_width()
        out, text, name_end = [*head], clean(message.text), ""
        if message.notice:
            text = self._notice(message.notice, message.text)
            if message.notice.act != "announce":
                style = "class:dim"
        else:
            name, is_action = one_line(message.name), message.kind == "action" and not message.deleted
            name_end = "" if is_action else ":"
            out += [("class:dim", "* ")] if is_action else []
            out += [(name_style(name), name), ("class:dim", name_end)]
        if message.deleted:
            text, style = self._texts("deleted"), "class:dim"
        used = sum(cell_width(part) for _, part in out) + (1 if out else 0)
        own_line = used > width // 2  # a long name in a narrow terminal
        first = 0 if own_line else used
        if message.notice or message.deleted or self._as_typed:
            lines: list[Line] = [[(style, line)] for line in wrap(text, width, first)]
        else:
            lines = lay_out(text, width, first, style)
        if is_for(message, self.me):
            lines = [self._mark_calls(line) for line in lines]
        if out:
            out.append(("", f"\n{indent}" if own_line else " " if lines[0] else ""))
        out += lines[0]
        for line in lines[1:]:
            out += [("", f"\n{indent}"), *line]
        used = sum(cell_width(part) for _, part in lines[-1]) + (first if len(lines) == 1 else 0)
        gap = "" if not number else "  " if used + 2 + len(number) <= width else f"\n{indent}"
        return [*out, ("class:dim", f"{gap}{number}\n")]

    def _mark_calls(self, line: Line) -> Line:
        """Mark our name where it is called."""
        names = "|".join(map(re.escape, (f"@{self.me}", *_EVERYBODY)))
        marked: Line = []
        for style, text in line:
            for number, piece in enumerate(re.split(f"({names})", text, flags=re.IGNORECASE)):
                if piece:
                    marked.append((f"{style} class:mention" if number % 2 else style, piece))
        return marked

    def _quote(self, quote: m.Quote) -> Fragments:
        """Return the line above an answer."""
        width, indent = self._layout.text_width()
        name, excerpt = clip(one_line(quote.name), _NAME_WIDTH), one_line(quote.excerpt)
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
