"""The three dialects of the wire: received bytes to requests. Pure.

A dialect object parses for one connection and keeps what is incomplete.
"""

import codecs
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from chat_protocol import codec
from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput, UsageError, parse_command
from chat_protocol.contract import MAX_LINE, MAX_TARGET
from chat_protocol.errors import BadMessage
from chat_protocol.framing import LineBuffer
from chat_protocol.text import clean
from tcp_server.dialects.output import JSON, LINES, PLAIN, Output
from tcp_server.dialects.telnet import IAC, Telnet, unify_line_ends
from tcp_server.room.commands import Request, TextJoin, TimingMarks


class Dialect(ABC):
    """Decodes the bytes of one client."""

    __slots__ = ()

    first_read: ClassVar[int] = 512
    """Bytes of the first read; a busy connection reads more at a time, up to `max_read`."""
    max_read: ClassVar[int] = 64 * 1024
    pings: ClassVar[bool] = False
    """Whether clients of this dialect ping, so that the idle timeout applies to them."""
    output: ClassVar[Output]
    """The output that the client is sent at first."""

    @abstractmethod
    def decode(self, chunk: bytes) -> Sequence[Request]:
        """Return the requests that received bytes complete.

        Raises `LineTooLong`; the object cannot be used after that.
        """

    @abstractmethod
    def parse(self, data: bytes) -> Sequence[Request]:
        """Like `decode`, for bytes that have no commands of Telnet."""

    @abstractmethod
    def finish(self) -> Sequence[Request]:
        """Return the request of a line without LF, if there is one: the client's input has ended."""

    def forget(self) -> bool:
        """Forget what is incomplete; return whether it is the beginning of a line."""
        return False

    @abstractmethod
    def parse_join(self, request: Request) -> m.Join | TextJoin | BadMessage:
        """Return the join that a request of a client that has not joined stands for, or its error."""


_utf8 = codecs.lookup("utf-8").incrementaldecoder
_CONTINUATION = bytes(range(0x80, 0xC0))  # the bytes behind the first of a character


class Json(Dialect):
    """JSON Lines both ways: for our own clients and bots."""

    __slots__ = ("_lines",)

    pings = True
    output = JSON

    def __init__(self) -> None:
        self._lines = LineBuffer(MAX_LINE)

    def decode(self, chunk: bytes) -> Sequence[Request]:
        return codec.decode_commands(self._lines.feed(chunk))

    def parse(self, data: bytes) -> Sequence[Request]:
        return self.decode(data)

    def finish(self) -> Sequence[Request]:
        return self.decode(b"\n") if self._lines else []

    def parse_join(self, request: Request) -> m.Join | TextJoin | BadMessage:
        if isinstance(request, m.Join | BadMessage):
            return request
        return BadMessage("join_first", "join before anything else", getattr(request, "ref", None))


class _Text(Dialect):
    """What `Plain` and `Lines` have in common: Telnet clients may send both."""

    __slots__ = ("_telnet",)

    def __init__(self, telnet: Telnet | None = None) -> None:
        """`telnet` is there if the client has already sent 0xFF."""
        self._telnet = telnet

    def decode(self, chunk: bytes) -> Sequence[Request]:
        if self._telnet is None and IAC not in chunk:
            return self.parse(chunk)
        telnet = self._telnet = self._telnet or Telnet()
        all_bytes = telnet.held + chunk
        text = telnet.take_out(chunk)
        if not telnet.negotiated and not self._is_utf8(text):  # its 0xFF are letters
            telnet.held, text = b"", all_bytes
        requests = self.parse(text)
        if marks := telnet.take_marks():  # first: the client discards what comes before the answer
            requests = [TimingMarks(marks), *requests]
        return [*requests, *self.finish(), m.Leave()] if telnet.ended else requests

    @abstractmethod
    def _is_utf8(self, data: bytes) -> bool:
        """Return whether received bytes are read as UTF-8."""

    def parse_join(self, request: Request) -> m.Join | TextJoin | BadMessage:
        return TextJoin(request.text.strip()) if isinstance(request, m.Say) else BadMessage("join_first", "")


class Plain(_Text):
    """The original protocol: each received chunk is one message.

    A chunk that is not UTF-8, but for a character that is cut by its ends, is in cp1251.
    """

    __slots__ = ("_decoder",)

    first_read = 4096
    max_read = 4096
    output = PLAIN

    def __init__(self, telnet: Telnet | None = None) -> None:
        super().__init__(telnet)
        self._decoder = _utf8()  # keeps a character that is split between two chunks

    def parse(self, data: bytes) -> Sequence[Request]:
        if b"\0" in data:
            data = unify_line_ends(data)
        try:
            text = self._decoder.decode(data)
        except UnicodeDecodeError:
            cut, _ = self._decoder.getstate()
            self._decoder.reset()
            if cut and data[0] not in _CONTINUATION:  # then it was a letter by itself
                return [*self._say(cut.decode("cp1251", "ignore")), *self.parse(data)]
            text = (cut + data).decode("cp1251", "ignore")
        return self._say(text)

    def _say(self, text: str) -> Sequence[Request]:
        text = text.strip("\r\n")
        return [m.Say(text)] if text else []

    def finish(self) -> Sequence[Request]:
        return []

    def _is_utf8(self, data: bytes) -> bool:
        state = self._decoder.getstate()
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError:
            return False
        finally:
            self._decoder.setstate(state)
        return True

    def forget(self) -> bool:
        self._decoder.reset()
        return False


class Lines(_Text):
    """Lines of text: for `nc`, telnet and shell scripts."""

    __slots__ = ("_charset", "_lines")

    output = LINES

    def __init__(self, telnet: Telnet | None = None) -> None:
        super().__init__(telnet)
        self._lines = LineBuffer(MAX_LINE)
        self._charset = "utf-8"

    def parse(self, data: bytes) -> Sequence[Request]:
        if b"\0" in data:
            data = unify_line_ends(data, after_cr=self._lines.ends_with(b"\r"))
        block = self._lines.feed(data)
        if self._charset != "utf-8":
            return self._parse_each(block)
        try:
            text = block.decode().replace("\r\n", "\n")
        except UnicodeDecodeError:
            return self._parse_each(block)
        lines = text.split("\n")
        lines.pop()
        if not text.startswith("/") and "\n/" not in text:  # nearly always
            return list(map(m.Say, lines))
        return [self._command(line) if line.startswith("/") else m.Say(line) for line in lines]

    def _parse_each(self, block: bytes) -> Sequence[Request]:
        """Parse lines that are not all UTF-8; the encoding may change from one to the next."""
        requests: list[Request] = []
        for line in block.split(b"\n")[:-1]:
            try:
                text = line.decode(self._charset, "strict" if self._charset == "utf-8" else "ignore")
            except UnicodeDecodeError:
                if not (requests and getattr(requests[-1], "code", "") == "not_utf8"):  # once for many
                    requests.append(BadMessage("not_utf8", "the line is not UTF-8"))
                continue
            text = text.removesuffix("\r")
            requests.append(self._command(text) if text.startswith("/") else m.Say(text))
        return requests

    def _is_utf8(self, data: bytes) -> bool:
        return self._charset == "utf-8" and is_utf8(data.lstrip(_CONTINUATION), cut=True)

    def finish(self) -> Sequence[Request]:
        return self.parse(b"\n") if self._lines else []

    def forget(self) -> bool:
        is_within_line = bool(self._lines)
        self._lines = LineBuffer(MAX_LINE)
        return is_within_line

    def _command(self, line: str) -> Request:
        """Parse a line that begins with a slash; `//x` says `/x`."""
        if line.startswith("//"):
            return m.Say(line[1:])
        try:
            command = parse_command(line, lines=True)
        except UsageError as error:
            text = clean(error.text)[:32] if error.code == "unknown_command" else error.text
            return BadMessage(error.code, text)
        if isinstance(command, m.Moderate) and len(command.target) > MAX_TARGET:
            return BadMessage("bad_target", "the target is too long")
        if isinstance(command, ChangeOutput):
            self._charset = command.charset or self._charset
            is_telnet = self._telnet is not None and self._telnet.negotiated
            return replace(command, doubles_iac=is_telnet)
        return command


def is_utf8(data: bytes | bytearray, *, cut: bool = False) -> bool:
    """Return whether bytes are UTF-8; with `cut`, but for an incomplete character at their end."""
    try:
        _utf8().decode(data, not cut)
    except UnicodeDecodeError:
        return False
    return True
