"""How events become bytes, in each dialect. Pure.

An output has no state: one block of bytes serves all connections that have the same output.
"""

import codecs
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cache
from typing import ClassVar, Final, cast

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput, Language
from chat_protocol.contract import PROMPT
from chat_protocol.messages import Message
from tcp_server.dialects import phrases
from tcp_server.dialects.telnet import IAC
from tcp_server.room.commands import (
    AwayNoted,
    Greeting,
    HelpText,
    LiveShown,
    LocalEvent,
    MemberList,
    NamePrompt,
    OnlyInText,
    OutputChanged,
    TopicShown,
)
from tcp_server.texts.languages import LANGUAGES
from tcp_server.texts.texts import Texts

_SUBSTITUTED: Final = "oneroom-substituted"
"""How characters that an encoding does not have are written, for `str.encode`."""

_SUBSTITUTES: Final = {
    "↪": "->",
    "✎": "~",
    "«": '"',
    "»": '"',
    "…": "...",
    "—": "-",
    "▸": ">",
    "✔": "+",
    "✘": "x",
}


def _substitute(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join([_SUBSTITUTES.get(char, "?") for char in missing]), error.end


codecs.register_error(_SUBSTITUTED, _substitute)


class Output(ABC):
    """Encodes what a connection is sent."""

    separator: ClassVar[bytes] = b""
    """Separator between two blocks of bytes when the first could not be sent at once."""

    @abstractmethod
    def encode(self, events: Sequence[m.Event | LocalEvent]) -> bytes:
        """Return the events as bytes; events that the dialect does not show have none."""

    def changed(self, change: ChangeOutput) -> "Output":  # noqa: ARG002 - only lines can be changed
        """Return the output with the changes that a client asks for."""
        return self

    def concat(self, pieces: Iterable[bytes]) -> bytes:
        """Concatenate encoded pieces into the bytes of one send."""
        return b"".join(pieces)


class _Json(Output):
    def encode(self, events: Sequence[m.Event | LocalEvent]) -> bytes:
        if events and type(events[0]) is OnlyInText:
            events = [event for event in events if type(event) is not OnlyInText]
        # Other local events answer local requests, which do not exist in JSON.
        return codec.encode_all(cast("Sequence[m.Event]", events))


class _Plain(Output):
    separator = b"\n"

    def encode(self, events: Sequence[m.Event | LocalEvent]) -> bytes:
        texts = []
        for event in events:
            # Nearly always; a call of a function takes as long again.
            if type(event) is Message and event.reply is None and event.kind is None:
                texts.append(f"{event.name}: {event.text}\n")
            elif text := phrases.plain_text(event):
                texts.append(f"{text}\n")
        return "".join(texts).encode()

    def concat(self, pieces: Iterable[bytes]) -> bytes:
        return b"".join(pieces)[:-1]


class _Lines(Output):
    """Lines in a language, for terminals of an encoding; in other ones than UTF-8, 0xFF is a letter."""

    def __init__(self, language: Language, charset: str, doubles_iac: bool) -> None:  # noqa: FBT001 - for `cache`
        self._language = language
        self._texts = LANGUAGES[language]
        self._charset = charset
        self._doubles_iac = doubles_iac

    def encode(self, events: Sequence[m.Event | LocalEvent]) -> bytes:
        texts = self._texts
        lines = []
        for event in events:
            if (
                type(event) is Message  # nearly always; a call of a function takes as long again
                and event.notice is None
                and event.reply is None
                and event.kind is None
                and "\n" not in (text := event.text)
            ):
                lines.append(f"{event.name}: {text}\n")
            else:
                lines.append(_line(event, texts))
        block = "".join(lines)
        if self._charset == "utf-8":
            return block.encode()
        data = block.encode(self._charset, _SUBSTITUTED)
        return data.replace(IAC, IAC + IAC) if self._doubles_iac else data

    def changed(self, change: ChangeOutput) -> Output:
        charset = change.charset or self._charset
        return _lines(change.language or self._language, charset, change.doubles_iac and charset != "utf-8")


_lines = cache(_Lines)  # one object of each kind


def _line(event: m.Event | LocalEvent, texts: Texts) -> str:  # noqa: C901 - one case per event
    """Return one event as whole lines; empty if it is not shown."""
    match event:
        case m.Message(live=m.Live() as live):
            return phrases.live_line(event, live, texts)
        case LiveShown():
            return phrases.live_output(event, texts)
        case m.Message():
            return phrases.says(*phrases.name_and_text(event, texts))
        case m.Changed():
            return phrases.change(event, texts)
        case m.Error(code=code):
            is_refusal = texts.prompt_after(code)
            return phrases.join_refusal(event, texts) if is_refusal else phrases.error(event, texts) + "\n"
        case m.Throttled(seconds=seconds):
            return phrases.throttled(seconds, texts) + "\n"
        case m.Bye(reason=reason):
            return phrases.bye(reason, texts) + "\n"
        case m.Link() | m.Whois() | m.Bans() | m.Role():
            return phrases.answer(event, texts) + "\n"
        case Greeting() | MemberList() | AwayNoted() | TopicShown() | OutputChanged():
            return phrases.answer(event, texts) + "\n"
        case NamePrompt():
            return PROMPT.decode()
        case HelpText(moderator=moderator):
            return texts.help + (texts.moderators_help if moderator else "")
        case m.HistoryPage(messages=kept) | m.Found(messages=kept):
            nothing = texts.no_history if isinstance(event, m.HistoryPage) else texts.nothing_found
            lines = [phrases.history_line(message, texts) for message in kept] or [nothing]
            return "\n".join(lines) + "\n"
    text = phrases.plain_text(event)
    return f"{text}\n" if text else ""


JSON: Final = _Json()
"""JSON Lines."""

PLAIN: Final = _Plain()
"""The original protocol: no terminators, and LF between several events."""

LINES: Final = _lines("ru", "utf-8", False)
"""One line or more for each event; in Russian and UTF-8 at first."""
