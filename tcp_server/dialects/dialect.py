"""The three ways to speak with the room: received bytes to requests, events to bytes. Pure.

A dialect object reads for one connection and remembers what is incomplete; writing
needs no memory, so that one block of bytes serves everybody of the same dialect.
"""

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, cast

from chat_protocol import codec
from chat_protocol.commands import Show, UsageError, parse_command
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage
from chat_protocol.framing import LineBuffer
from chat_protocol.messages import (
    Bans,
    Bye,
    Error,
    Event,
    Found,
    HistoryPage,
    Join,
    Message,
    Role,
    Say,
    Throttled,
    Whois,
)
from chat_protocol.text import clean
from tcp_server.dialects import phrases
from tcp_server.room.commands import HelpText, LocalEvent, MemberList, Request, TextJoin

# What a browser can be made to send to any TCP port; TLS; and proxies that are not trusted.
_NOT_CHAT = re.compile(
    rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PRI) +[/*\w]"
    rb"|[^\r\n]*\bHTTP/\d"
    rb"|\x16\x03"
    rb"|PROXY (?:TCP[46]|UNKNOWN)|\r\n\r\n\0"
)

_HEAD = 1024
"""So many first bytes show what is no chat; so many without LF are no line."""

_HALF = 3
"""Bytes, at most, of a character that lacks its last."""


class NotChat(Exception):
    """The client speaks HTTP, TLS or for others: it is to be closed unheard."""


class Dialect(ABC):
    """One client's way of speaking."""

    __slots__ = ()

    first_read: ClassVar[int] = 512
    """Bytes to ask of the socket at first; a busy reader asks for more."""
    max_read: ClassVar[int] = 64 * 1024
    pings: ClassVar[bool] = False
    """Whether clients of this dialect ping: their silence then means that they are gone."""
    gap: ClassVar[bytes] = b""
    """What stands between two blocks of bytes when the first could not be sent at once."""

    @abstractmethod
    def read(self, chunk: bytes) -> Sequence[Request]:
        """Return what the client is known to want by now.

        Raises `LineTooLong`; the dialect is then of no further use.
        """

    @abstractmethod
    def parse_join(self, request: Request) -> Join | TextJoin | BadMessage:
        """Understand what a client says before it has joined."""

    @classmethod
    @abstractmethod
    def write(cls, events: Sequence[Event | LocalEvent]) -> bytes:
        """Return the events as bytes: none for those that the dialect does not show."""

    @classmethod
    def join(cls, pieces: Iterable[bytes]) -> bytes:
        """Put written pieces together into what one client is sent at once."""
        return b"".join(pieces)


def detect(opening: bytes | bytearray, searched: int = 0) -> Dialect | None:
    """Choose the dialect by the first bytes a client sent; None while that needs more of them.

    So many of them as were `searched` before are known to have no LF. More than `MAX_LINE`
    are never needed. Raises `NotChat`.
    """
    end = opening.find(b"\n", searched)
    if opening.startswith(b"{"):
        if end < 0:  # one without end is for the dialect to refuse
            return Json() if len(opening) > MAX_LINE else None
        return Json() if _is_json(bytes(opening[:end])) else Lines()
    if _NOT_CHAT.match(opening, 0, _HEAD):
        raise NotChat
    if end >= 0:
        return Lines()
    decoder = _utf8("replace")
    decoder.decode(opening[-_HALF:])
    half_a_character, _ = decoder.getstate()
    return None if half_a_character and len(opening) < _HEAD else Plain()


def _is_json(line: bytes) -> bool:
    found, *_ = codec.decode_commands(line)
    return not (isinstance(found, BadMessage) and found.code in {"bad_json", "bad_utf8"})


_utf8 = codecs.lookup("utf-8").incrementaldecoder


class Json(Dialect):
    """JSON Lines both ways: our own clients, and bots."""

    __slots__ = ("_lines",)

    pings = True

    def __init__(self) -> None:
        self._lines = LineBuffer(MAX_LINE)

    def read(self, chunk: bytes) -> Sequence[Request]:
        return codec.decode_commands(self._lines.feed(chunk))

    def parse_join(self, request: Request) -> Join | TextJoin | BadMessage:
        if isinstance(request, Join | BadMessage):
            return request
        return BadMessage("join_first", "join before anything else", getattr(request, "ref", None))

    @classmethod
    def write(cls, events: Sequence[Event | LocalEvent]) -> bytes:
        # Local events answer local requests, which nobody can utter in JSON.
        return codec.encode_all(cast("Sequence[Event]", events))


class _Text(Dialect):
    """What plain and lines share."""

    __slots__ = ()

    def parse_join(self, request: Request) -> Join | TextJoin | BadMessage:
        return TextJoin(request.text.strip()) if isinstance(request, Say) else BadMessage("join_first", "")


class Plain(_Text):
    """The original: each received chunk is one message, and events have no terminator."""

    __slots__ = ("_decoder",)

    first_read = 4096
    max_read = 4096
    gap = b"\n"

    def __init__(self) -> None:
        self._decoder = _utf8("replace")  # keeps a character whose bytes come in two chunks

    def read(self, chunk: bytes) -> Sequence[Request]:
        text = self._decoder.decode(chunk).strip("\r\n")
        return [Say(text)] if text else []

    @classmethod
    def write(cls, events: Sequence[Event | LocalEvent]) -> bytes:
        return "".join([f"{notice}\n" for event in events if (notice := phrases.notice(event))]).encode()

    @classmethod
    def join(cls, pieces: Iterable[bytes]) -> bytes:
        return b"".join(pieces)[:-1]


class Lines(_Text):
    """Text lines: people with `nc`, and shell scripts."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines = LineBuffer(MAX_LINE)

    def read(self, chunk: bytes) -> Sequence[Request]:
        text = self._lines.feed(chunk).decode(errors="replace").replace("\r\n", "\n")
        return [_command(line) if line.startswith("/") else Say(line) for line in text.split("\n")[:-1]]

    @classmethod
    def write(cls, events: Sequence[Event | LocalEvent]) -> bytes:
        return "".join([_line(event) for event in events]).encode()


def _command(line: str) -> Request:
    """Parse a line that begins with a slash; `//x` says `/x`."""
    if line.startswith("//"):
        return Say(line[1:])
    try:
        command = parse_command(line, lines=True)
    except UsageError as error:
        text = clean(error.text)[:32] if error.code == "unknown_command" else error.text
        return BadMessage(error.code, text)
    assert not isinstance(command, Show)  # not in lines
    return command


def _line(event: Event | LocalEvent) -> str:
    """Write one event as whole lines; empty if there is nothing to show."""
    if type(event) is Message:
        if "\n" not in event.text:
            return f"{event.name}: {event.text}\n"
        return "".join([f"{event.name}: {line}\n" for line in event.text.split("\n")])
    match event:
        case Error(code=code) if code in phrases.PROMPTS_AFTER:
            return phrases.join_refusal(event)
        case Error():
            return phrases.error(event) + "\n"
        case Throttled(seconds=seconds):
            return phrases.throttled(seconds) + "\n"
        case Bye(reason=reason):
            return phrases.BYE_REASONS.get(reason, reason) + "\n"
        case MemberList() | Whois() | Bans() | Role():
            return phrases.answer(event) + "\n"
        case HelpText(moderator=moderator):
            return phrases.HELP + (phrases.MODERATORS_HELP if moderator else "")
        case HistoryPage(messages=kept) | Found(messages=kept):
            nothing = phrases.NO_HISTORY if isinstance(event, HistoryPage) else phrases.NOTHING_FOUND
            return "\n".join(map(phrases.history_line, kept) if kept else [nothing]) + "\n"
    notice = phrases.notice(event)
    return f"{notice}\n" if notice else ""
