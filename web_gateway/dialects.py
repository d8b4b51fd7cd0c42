"""How a browser's words cross into the room's stream, and back."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from chat_protocol.contract import MAX_REPLY_LINE
from chat_protocol.framing import LineBuffer
from chat_protocol.messages import Error, encode

Answer = Callable[[], bytes]
"""Makes lines for the browser, with their LF, when the relay is about to send them."""


class Crossing(NamedTuple):
    """What becomes of one message of a browser."""

    room: bytes = b""
    """What the room is sent."""
    answer: Answer | None = None
    """What the browser is answered by the gateway itself."""
    last: bool = False
    """Whether the browser will say nothing more."""


class Dialect(Protocol):
    """One session's way of speaking with its room."""

    def to_room(self, message: bytes) -> Crossing:
        """Take one WebSocket message, valid UTF-8. The session's thread; may wait shortly."""

    def to_browser(self, chunk: bytes) -> bytes:
        """Take bytes as received and return the lines complete by now. The relay's thread.

        Raises `LineTooLong` when the room keeps no measure.
        """


class JsonDialect:
    """Both ends speak the same JSON: nothing is translated, only checked and cut."""

    def __init__(self) -> None:
        self._lines = LineBuffer(MAX_REPLY_LINE)  # relay's thread

    def to_room(self, message: bytes) -> Crossing:
        """Let one JSON object pass as a line; answer anything else with an `error`."""
        # White space before the brace would make the room take the line for a name.
        line = message.strip(b" \t")
        if b"\n" in line or b"\r" in line:
            return refused("bad_frame", "a frame is one line without LF and CR")
        try:
            _objects.decode(line)
        except msgspec.DecodeError:
            return refused("bad_frame", "a frame is one JSON object")
        return Crossing(line + b"\n")

    def to_browser(self, chunk: bytes) -> bytes:
        """Return the lines complete by now as they are."""
        return self._lines.feed(chunk)


_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])


def refused(code: str, text: str, ref: str | None = None) -> Crossing:
    """Answer with an `error` and tell the room nothing."""
    return Crossing(answer=lambda: encode(Error(code, text, ref)))
