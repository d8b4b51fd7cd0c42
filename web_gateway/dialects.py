"""How a browser's words cross into the room's stream, and back."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from chat_protocol.codec import encode
from chat_protocol.contract import MAX_REPLY_LINE
from chat_protocol.framing import LineBuffer
from chat_protocol.messages import Error

Answer = Callable[[], bytes]
"""Makes lines for the browser, with their LF, when the relay is about to send them."""


class Crossing(NamedTuple):
    """What becomes of a browser's words."""

    room: bytes = b""
    """What the room is sent."""
    answer: Answer | None = None
    """What the browser is answered by the gateway itself."""
    last: bool = False
    """Whether the browser will say nothing more."""


class Dialect(Protocol):
    """One session's way of speaking with its room."""

    may_ack_late: bool
    """Whether the room does not wait for the acknowledgement of what it sent before it sends more."""

    def to_room(self, messages: Sequence[bytes]) -> Iterator[Crossing]:
        """Take WebSocket messages that came together, valid UTF-8. The session's thread; may wait shortly."""

    def to_browser(self, chunk: bytes) -> bytes:
        """Take bytes as received and return the lines complete by now. The relay's thread.

        Raises `LineTooLong` when the room keeps no measure.
        """


class JsonDialect:
    """Both ends speak the same JSON: nothing is translated, only checked and cut."""

    __slots__ = ("_lines",)

    may_ack_late = True  # our server has TCP_NODELAY

    def __init__(self) -> None:
        self._lines = LineBuffer(MAX_REPLY_LINE)  # relay's thread

    def to_room(self, messages: Sequence[bytes]) -> Iterator[Crossing]:
        """Let JSON objects pass as lines, as one block; answer each thing else with an `error`."""
        lines = []
        for message in messages:
            # White space before the brace would make the room take the line for a name.
            line = message.strip(b" \t")
            if wrong := what_is_wrong(line):
                yield refused("bad_frame", wrong)
            else:
                lines.append(line + b"\n")
        if lines:
            yield Crossing(b"".join(lines))

    def to_browser(self, chunk: bytes) -> bytes:
        """Return the lines complete by now as they are."""
        return self._lines.feed(chunk)


_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])


def what_is_wrong(line: bytes) -> str | None:
    """Say why a browser's message is no line of ours, None if it is one."""
    if b"\n" in line or b"\r" in line:
        return "a frame is one line without LF and CR"
    try:
        _objects.decode(line)
    except (msgspec.DecodeError, RecursionError):  # the latter by a thousand brackets
        return "a frame is one JSON object"
    return None


def refused(code: str, text: str, ref: str | None = None) -> Crossing:
    """Answer with an `error` and tell the room nothing."""
    return Crossing(answer=lambda: encode(Error(code, text, ref)))
