"""Telnet within a stream of text: takes its commands out. Pure.

RFC 854 (commands, CR NUL), RFC 855 (options), RFC 860 (timing mark), RFC 1184 (EOF). No option
is ever agreed on.
"""

import re
from typing import Final

IAC: Final = b"\xff"
"""Begins each Telnet command. Never part of UTF-8; in cp1251 it is a letter, я."""

WILL_TIMING_MARK: Final = b"\xff\xfb\x06"
"""The answer to `DO TIMING-MARK`. After Ctrl-C a client shows nothing before it has come."""

_DO_TIMING_MARK = b"\xff\xfd\x06"
_EOF = b"\xff\xec"  # RFC 1184: what plink sends at the end of its input, instead of FIN

_SUBNEGOTIATION = rb"\xfa(?:[^\xff]|\xff\xff){0,256}"
_CUT = rb"(?P<cut>(?:[\xfb-\xfe]|" + _SUBNEGOTIATION + rb"\xff?)?\Z)"
_OTHERS = rb"|[\xf0-\xf9]|" + _SUBNEGOTIATION + rb"\xff\xf0|" + _CUT

# "гуляю" and a space are, in cp1251, DONT and an option; no client begins with DONT and such an option.
_NEGOTIATION = rb"(?:[\xfb-\xfd][\0-\x7f]|\xfe[\0-\x08\x0e-\x1f])"
_SHOWS_TELNET = re.compile(rb"\xff" + _NEGOTIATION)

_COMMAND_AT_FIRST = re.compile(rb"\xff(?=[\xf0-\xfe]|\Z)(?:" + _NEGOTIATION + _OTHERS + rb")", re.DOTALL)
_COMMAND = re.compile(rb"\xff(?:\xff|[\xfb-\xfe].|[\xec-\xee]" + _OTHERS + rb")", re.DOTALL)


class Telnet:
    """A filter for what one client sends, from its first 0xFF on."""

    __slots__ = ("_marks", "ended", "held", "negotiated")

    def __init__(self) -> None:
        self.negotiated = False
        """Whether the client has shown that it speaks Telnet: before, 0xFF may be a letter."""
        self.held = b""
        """An incomplete command, at most 260 bytes."""
        self.ended = False
        """Whether the client has sent `EOF`: no more text will come."""
        self._marks = 0

    def take_out(self, chunk: bytes) -> bytes:
        """Return a chunk, and what was held before it, without commands."""
        data = self.held + chunk
        self.held = b""
        if not self.negotiated:
            self.negotiated = _SHOWS_TELNET.search(data) is not None
        return (_COMMAND if self.negotiated else _COMMAND_AT_FIRST).sub(self._take_out, data)

    def take_marks(self) -> int:
        """Return how many timing marks have been asked for since the last call."""
        marks, self._marks = self._marks, 0
        return marks

    def _take_out(self, command: re.Match[bytes]) -> bytes:
        found = command[0]
        if command["cut"] is not None:
            self.held = found
        elif found == _DO_TIMING_MARK:
            self._marks += 1
        elif found == _EOF:
            self.ended = True
        return IAC if found == IAC + IAC else b""


def unify_line_ends(chunk: bytes, *, after_cr: bool = False) -> bytes:
    """Return a chunk with CR NUL, which is Telnet's Enter key, as CR LF.

    `after_cr` says whether the byte before the chunk was CR.
    """
    if after_cr and chunk.startswith(b"\0"):
        chunk = b"\n" + chunk[1:]
    return chunk.replace(b"\r\0", b"\r\n")
