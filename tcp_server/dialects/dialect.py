"""The three dialects of the wire: received bytes to requests, events to bytes. Pure.

A dialect object parses for one connection and keeps what is incomplete. Encoding has no
state, so that one block of bytes serves all connections of a dialect.
"""

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, cast

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.commands import Show, UsageError, parse_command
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage
from chat_protocol.framing import LineBuffer
from chat_protocol.text import clean
from tcp_server.dialects import phrases
from tcp_server.room.commands import HelpText, LocalEvent, MemberList, Request, TextJoin

# HTTP, which a web page can send to any TCP port; TLS; PROXY headers of untrusted peers.
_NOT_CHAT = re.compile(
    rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PRI) +[/*\w]"
    rb"|[^\r\n]*\bHTTP/\d"
    rb"|\x16\x03"
    rb"|PROXY (?:TCP[46]|UNKNOWN)|\r\n\r\n\0"
)

_HEAD = 1024
"""Bytes searched for another protocol; after as many, an incomplete character is not waited for."""

_MAX_INCOMPLETE = 3
"""Longest incomplete UTF-8 sequence, in bytes."""


class NotChat(Exception):
    """The client speaks HTTP, TLS or an untrusted PROXY header: close without a reply."""


class Dialect(ABC):
    """Decodes the bytes of one client, and encodes events for it."""

    __slots__ = ()

    first_read: ClassVar[int] = 512
    """Bytes of the first read; a busy connection reads more at a time, up to `max_read`."""
    max_read: ClassVar[int] = 64 * 1024
    pings: ClassVar[bool] = False
    """Whether clients of this dialect ping, so that the idle timeout applies to them."""
    separator: ClassVar[bytes] = b""
    """Separator between two blocks of bytes when the first could not be sent at once."""

    @abstractmethod
    def decode(self, chunk: bytes) -> Sequence[Request]:
        """Return the requests that a chunk completes.

        Raises `LineTooLong`; the object cannot be used after that.
        """

    @abstractmethod
    def parse_join(self, request: Request) -> m.Join | TextJoin | BadMessage:
        """Return the join that a request of a client that has not joined stands for, or its error."""

    @classmethod
    @abstractmethod
    def encode(cls, events: Sequence[m.Event | LocalEvent]) -> bytes:
        """Return the events as bytes; events that the dialect does not show have none."""

    @classmethod
    def concat(cls, pieces: Iterable[bytes]) -> bytes:
        """Concatenate encoded pieces into the bytes of one send."""
        return b"".join(pieces)


def detect(opening: bytes | bytearray, searched: int = 0) -> Dialect | None:
    """Choose the dialect by a client's first bytes; None if more of them are needed.

    The first `searched` bytes have no LF. Never needs more than `MAX_LINE` bytes. Raises `NotChat`.
    """
    end = opening.find(b"\n", searched)
    if opening.startswith(b"{"):
        if end < 0:  # which then refuses the long line
            return Json() if len(opening) > MAX_LINE else None
        return Json() if _is_json(bytes(opening[:end])) else Lines()
    if _NOT_CHAT.match(opening, 0, _HEAD):
        raise NotChat
    if end >= 0:
        return Lines()
    decoder = _utf8("replace")
    decoder.decode(opening[-_MAX_INCOMPLETE:])
    incomplete, _ = decoder.getstate()
    return None if incomplete and len(opening) < _HEAD else Plain()


def _is_json(line: bytes) -> bool:
    command, *_ = codec.decode_commands(line)
    return not (isinstance(command, BadMessage) and command.code in {"bad_json", "bad_utf8"})


_utf8 = codecs.lookup("utf-8").incrementaldecoder


class Json(Dialect):
    """JSON Lines both ways: for our own clients and bots."""

    __slots__ = ("_lines",)

    pings = True

    def __init__(self) -> None:
        self._lines = LineBuffer(MAX_LINE)

    def decode(self, chunk: bytes) -> Sequence[Request]:
        return codec.decode_commands(self._lines.feed(chunk))

    def parse_join(self, request: Request) -> m.Join | TextJoin | BadMessage:
        if isinstance(request, m.Join | BadMessage):
            return request
        return BadMessage("join_first", "join before anything else", getattr(request, "ref", None))

    @classmethod
    def encode(cls, events: Sequence[m.Event | LocalEvent]) -> bytes:
        # Local events answer local requests, which do not exist in JSON.
        return codec.encode_all(cast("Sequence[m.Event]", events))


class _Text(Dialect):
    """What `Plain` and `Lines` have in common."""

    __slots__ = ()

    def parse_join(self, request: Request) -> m.Join | TextJoin | BadMessage:
        return TextJoin(request.text.strip()) if isinstance(request, m.Say) else BadMessage("join_first", "")


class Plain(_Text):
    """The original protocol: each received chunk is one message, and events have no terminator."""

    __slots__ = ("_decoder",)

    first_read = 4096
    max_read = 4096
    separator = b"\n"

    def __init__(self) -> None:
        self._decoder = _utf8("replace")  # keeps a character that is split between two chunks

    def decode(self, chunk: bytes) -> Sequence[Request]:
        text = self._decoder.decode(chunk).strip("\r\n")
        return [m.Say(text)] if text else []

    @classmethod
    def encode(cls, events: Sequence[m.Event | LocalEvent]) -> bytes:
        return "".join([f"{text}\n" for event in events if (text := phrases.plain_text(event))]).encode()

    @classmethod
    def concat(cls, pieces: Iterable[bytes]) -> bytes:
        return b"".join(pieces)[:-1]


class Lines(_Text):
    """Lines of text: for `nc`, telnet and shell scripts."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines = LineBuffer(MAX_LINE)

    def decode(self, chunk: bytes) -> Sequence[Request]:
        text = self._lines.feed(chunk).decode(errors="replace").replace("\r\n", "\n")
        return [_command(line) if line.startswith("/") else m.Say(line) for line in text.split("\n")[:-1]]

    @classmethod
    def encode(cls, events: Sequence[m.Event | LocalEvent]) -> bytes:
        return "".join([_line(event) for event in events]).encode()


def _command(line: str) -> Request:
    """Parse a line that begins with a slash; `//x` says `/x`."""
    if line.startswith("//"):
        return m.Say(line[1:])
    try:
        command = parse_command(line, lines=True)
    except UsageError as error:
        text = clean(error.text)[:32] if error.code == "unknown_command" else error.text
        return BadMessage(error.code, text)
    assert not isinstance(command, Show)  # not in lines
    return command


def _line(event: m.Event | LocalEvent) -> str:
    """Return one event as whole lines; empty if it is not shown."""
    if type(event) is m.Message:
        if "\n" not in event.text:
            return f"{event.name}: {event.text}\n"
        return "".join([f"{event.name}: {line}\n" for line in event.text.split("\n")])
    match event:
        case m.Error(code=code) if code in phrases.PROMPTS_AFTER:
            return phrases.join_refusal(event)
        case m.Error():
            return phrases.error(event) + "\n"
        case m.Throttled(seconds=seconds):
            return phrases.throttled(seconds) + "\n"
        case m.Bye(reason=reason):
            return phrases.BYE_REASONS.get(reason, reason) + "\n"
        case MemberList() | m.Whois() | m.Bans() | m.Role():
            return phrases.answer(event) + "\n"
        case HelpText(moderator=moderator):
            return phrases.HELP + (phrases.MODERATORS_HELP if moderator else "")
        case m.HistoryPage(messages=kept) | m.Found(messages=kept):
            nothing = phrases.NO_HISTORY if isinstance(event, m.HistoryPage) else phrases.NOTHING_FOUND
            return "\n".join(map(phrases.history_line, kept) if kept else [nothing]) + "\n"
    text = phrases.plain_text(event)
    return f"{text}\n" if text else ""
