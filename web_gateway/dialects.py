"""Translates between a browser's WebSocket messages and the byte stream of its room."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from chat_protocol.codec import decode_commands, encode
from chat_protocol.contract import MAX_REPLY_LINE
from chat_protocol.framing import LineBuffer
from chat_protocol.messages import Error, Event

Answer = Callable[[], bytes]
"""Returns lines for the browser, with their LF. Called in the relay's thread, just before they are sent."""


class Translation(NamedTuple):
    """What a browser's messages result in."""

    to_room: bytes = b""
    """Bytes to send to the room."""
    answer: Answer | None = None
    """The gateway's own answer to the browser."""
    end: bool = False
    """Whether the browser has left, so nothing more is sent to the room."""


class Dialect(Protocol):
    """The translation of one session. Each method says which thread may call it."""

    allows_delayed_acks: bool
    """Whether TCP ACKs to the room may be delayed: with TCP_NODELAY it does not wait for them."""

    def to_room(self, messages: Sequence[bytes]) -> Iterator[Translation]:
        """Translate WebSocket messages that arrived together. Session's thread; may sleep shortly."""

    def to_browser(self, chunk: bytes) -> bytes:
        """Return the lines that this chunk of the room's bytes completes. Relay's thread.

        Raises `LineTooLong`.
        """


class JsonDialect:
    """For a room that speaks JSON Lines: lines and frames carry the same JSON."""

    __slots__ = ("_lines", "_on_return")

    allows_delayed_acks = True

    def __init__(self, on_return: Callable[[str], None]) -> None:
        """`on_return` is told the session's secret if the room welcomes a member back. Relay's thread."""
        self._lines = LineBuffer(MAX_REPLY_LINE)  # relay's thread
        self._on_return: Callable[[str], None] | None = on_return  # relay's thread; None after the welcome

    def to_room(self, messages: Sequence[bytes]) -> Iterator[Translation]:
        """Yield an error for each invalid message, then all valid ones as one block of lines."""
        lines = []
        for message in messages:
            line = message.strip(b" \t")  # the room would take a line with a leading space for a name
            if error := frame_error(line):
                yield reply(error)
            else:
                lines.append(line + b"\n")
        if lines:
            yield Translation(b"".join(lines))

    def to_browser(self, chunk: bytes) -> bytes:
        """Return the lines that this chunk completes, unchanged."""
        lines = self._lines.feed(chunk)
        if self._on_return is not None:
            self._look_for_welcome(lines)
        return lines

    def _look_for_welcome(self, lines: bytes) -> None:
        for line in lines.splitlines():
            with suppress(msgspec.DecodeError):
                welcome = _welcomes.decode(line)
                if welcome.resumed and self._on_return is not None:
                    self._on_return(welcome.session)
                self._on_return = None
                return


class _Welcome(msgspec.Struct, tag="welcome"):
    """What the gateway has to know of a `welcome`."""

    session: str
    resumed: bool = False


_welcomes = msgspec.json.Decoder(_Welcome)

_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])


def frame_error(message: bytes) -> Error | None:
    """Return what is wrong with a browser's message as a line of JSON, None if it is valid."""
    try:
        _objects.decode(message)
    except (msgspec.DecodeError, RecursionError):  # RecursionError: thousands of nested brackets
        return Error("bad_frame", "a frame is one JSON object")
    if b"\n" in message or b"\r" in message:
        [command] = decode_commands(message.translate(None, b"\r\n"))
        return Error("bad_frame", "a frame is one line without LF and CR", command.ref)
    return None


def reply(event: Event, *, end: bool = False) -> Translation:
    """Return a translation that sends an event to the browser and nothing to the room."""
    return Translation(answer=partial(encode, event), end=end)
