"""How events become bytes, in each dialect. Pure.

An output has no state: one block of bytes serves all connections that have the same output.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cache
from typing import ClassVar, Final, cast

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput
from tcp_server import texts
from tcp_server.dialects import phrases
from tcp_server.dialects.telnet import IAC
from tcp_server.room.commands import HelpText, LocalEvent, MemberList, NamePrompt, OutputChanged


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
        # Local events answer local requests, which do not exist in JSON.
        return codec.encode_all(cast("Sequence[m.Event]", events))


class _Plain(Output):
    separator = b"\n"

    def encode(self, events: Sequence[m.Event | LocalEvent]) -> bytes:
        return "".join([f"{text}\n" for event in events if (text := phrases.plain_text(event))]).encode()

    def concat(self, pieces: Iterable[bytes]) -> bytes:
        return b"".join(pieces)[:-1]


class _Lines(Output):
    def encode(self, events: Sequence[m.Event | LocalEvent]) -> bytes:
        return "".join([_line(event) for event in events]).encode()

    def changed(self, change: ChangeOutput) -> Output:
        return (
            LINES if change.charset == "utf-8" else _lines_in(change.charset, doubles_iac=change.doubles_iac)
        )


class _LinesIn(_Lines):
    """Lines for terminals with another encoding than UTF-8, in which 0xFF is a letter."""

    def __init__(self, charset: str, *, doubles_iac: bool) -> None:
        self._charset = charset
        self._doubles_iac = doubles_iac

    def encode(self, events: Sequence[m.Event | LocalEvent]) -> bytes:
        data = "".join([_line(event) for event in events]).encode(self._charset, "replace")
        return data.replace(IAC, IAC + IAC) if self._doubles_iac else data


_lines_in = cache(_LinesIn)  # one object of each kind


def _line(event: m.Event | LocalEvent) -> str:
    """Return one event as whole lines; empty if it is not shown."""
    if type(event) is m.Message:
        if "\n" not in event.text:
            return f"{event.name}: {event.text}\n"
        return "".join([f"{event.name}: {line}\n" for line in event.text.split("\n")])
    match event:
        case m.Error():
            is_refusal = event.code in texts.PROMPTS_AFTER
            return phrases.join_refusal(event) if is_refusal else phrases.error(event) + "\n"
        case m.Throttled(seconds=seconds):
            return phrases.throttled(seconds) + "\n"
        case m.Bye(reason=reason):
            return phrases.bye(reason) + "\n"
        case MemberList() | m.Whois() | m.Bans() | m.Role() | OutputChanged():
            return phrases.answer(event) + "\n"
        case NamePrompt():
            return texts.PROMPTS_AFTER["name_empty"]
        case HelpText(moderator=moderator):
            return texts.HELP + (texts.MODERATORS_HELP if moderator else "")
        case m.HistoryPage(messages=kept) | m.Found(messages=kept):
            nothing = texts.NO_HISTORY if isinstance(event, m.HistoryPage) else texts.NOTHING_FOUND
            return "\n".join(map(phrases.history_line, kept) if kept else [nothing]) + "\n"
    text = phrases.plain_text(event)
    return f"{text}\n" if text else ""


JSON: Final = _Json()
"""JSON Lines."""

PLAIN: Final = _Plain()
"""The original protocol: no terminators, and LF between several events."""

LINES: Final = _Lines()
"""One line or more for each event."""
