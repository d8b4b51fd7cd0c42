"""The first bytes of a connection, until they show which dialect the client speaks. Pure."""

import re
from codecs import BOM_UTF8

from chat_protocol import codec
from chat_protocol.contract import MAX_LINE
from chat_protocol.errors import BadMessage
from tcp_server.dialects.dialect import Dialect, Json, Lines, Plain, is_utf8
from tcp_server.dialects.telnet import IAC, Telnet, unify_line_ends

# HTTP, which a web page can send to any TCP port; TLS; PROXY headers of untrusted peers.
_NOT_CHAT = re.compile(
    rb"(?P<http>(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT|PRI) +[/*\w]"
    rb"|[^\r\n]*\bHTTP/\d)"
    rb"|(?P<tls>\x16\x03)"
    rb"|(?P<proxy_header>PROXY (?:TCP[46]|UNKNOWN)|\r\n\r\n\0)"
)

_HEAD = 1024
"""Bytes in which another protocol is recognised; a first chunk of so many without LF is no line."""


class NotChat(Exception):
    """The client speaks another protocol: close without a reply.

    The text is which: `http`, `tls`, `proxy_header` (from a peer that is not trusted), or
    `bad_proxy_header`.
    """


class Opening:
    """Collects the first bytes, without what only says how they are sent."""

    __slots__ = ("_all", "_data", "_searched", "_telnet", "ended")

    def __init__(self) -> None:
        self._data = bytearray()
        self._all = bytearray()  # with what may be Telnet's commands, if there is `_telnet`
        self._telnet: Telnet | None = None
        self._searched = 0
        self.ended = False
        """Whether no more bytes will come."""

    @property
    def data(self) -> bytes:
        """What a dialect is to parse: no commands of Telnet, no byte order mark."""
        return bytes(self._data)

    @property
    def is_telnet(self) -> bool:
        """Whether the client has shown that it speaks Telnet."""
        return self._telnet is not None and self._telnet.negotiated

    def feed(self, chunk: bytes) -> None:
        """Add received bytes."""
        if self._telnet is None and IAC in chunk:
            self._telnet = Telnet()
            self._all[:] = self._data
        if telnet := self._telnet:
            self._all += chunk
            chunk = telnet.take_out(chunk)
            self.ended = telnet.ended
        self._data += unify_line_ends(chunk, after_cr=self._data.endswith(b"\r"))
        if telnet and not telnet.negotiated and not is_utf8(self._data, cut=not telnet.held):
            self._telnet = None  # the 0xFF are letters
            self._data[:] = unify_line_ends(bytes(self._all))
        if self._data.startswith(BOM_UTF8):
            del self._data[: len(BOM_UTF8)]
            self._searched = 0

    def take_marks(self) -> int:
        """Return how many timing marks have been asked for since the last call."""
        return 0 if self._telnet is None else self._telnet.take_marks()

    def dialect(self) -> Dialect | None:
        """Return a new object of the dialect; None if more bytes are needed. Raises `NotChat`."""
        if not self._data:
            return None
        kind = detect(self._data, self._searched, ended=self.ended)
        self._searched = len(self._data)
        if kind is None:
            return None
        return kind() if issubclass(kind, Json) else kind(self._telnet)


def detect(
    opening: bytes | bytearray, searched: int = 0, *, ended: bool = False
) -> type[Json | Lines | Plain] | None:
    """Choose the dialect by a client's first bytes; None if more of them are needed.

    The first `searched` bytes are known to have no LF. `ended` says that no more will come: then
    the result is never None. Never needs more than `MAX_LINE` bytes. Raises `NotChat`.
    """
    end = opening.find(b"\n", searched)
    if opening.startswith(b"{"):
        if end < 0 and not ended:  # the dialect refuses a line without end
            return Json if len(opening) > MAX_LINE else None
        return Json if _is_json(bytes(opening[: end if end >= 0 else None])) else Lines
    if other := _NOT_CHAT.match(opening, 0, _HEAD):
        raise NotChat(other.lastgroup)
    if end >= 0:
        return Lines
    is_cut = is_utf8(opening, cut=True) and not is_utf8(opening)
    return None if is_cut and len(opening) < _HEAD and not ended else Plain


def _is_json(line: bytes) -> bool:
    found, *_ = codec.decode_commands(line)
    return not (isinstance(found, BadMessage) and found.code in {"bad_json", "bad_utf8"})
