"""Live messages: what a sender and the server tell each other of the output of a command."""

from typing import Annotated, Final

from msgspec import Meta, field

from chat_protocol.message import MessageId, Ref, Wire, WithRef

MAX_OUTPUT: Final = 16 * 1024
"""Most bytes of UTF-8 of the text of one `output`, and of a tail."""

MAX_UNRECEIVED: Final = 64 * 1024
"""Most bytes of final lines that a sender has on their way."""

MAX_BODY: Final = 64 * 1024
"""Most bytes of final lines in one answer to `body`, but for a line that has more."""

MAX_TAIL_LINES: Final = 50

MAX_KEPT: Final = 512 * 1024
"""Bytes of the first lines of a body that are kept, and of its last ones."""

MAX_LAST: Final = 1024
"""Most bytes of the last lines in a preview, and at the end."""

MAX_LIVE_TITLE: Final = 200
"""Longest title of a live message, in code points."""

Offset = Annotated[int, Meta(ge=0, le=2**53)]
_Text = Annotated[str, Meta(max_length=MAX_OUTPUT)]


class Start(Wire, frozen=True, tag="start"):
    """Begin a live message. `title` is one line; `ref` as in `Say`."""

    ref: Ref
    title: Annotated[str, Meta(max_length=4 * MAX_LIVE_TITLE)]


class End(WithRef, frozen=True, kw_only=True, tag="end"):
    """End one's own live message; `code` is the exit code of the command, a pipe has none."""

    id: MessageId
    code: Annotated[int, Meta(ge=-(2**31), le=2**31)] | None = None


class Output(WithRef, frozen=True, kw_only=True, tag="output"):
    """Final lines from `offset` on, in bytes of UTF-8, and the tail behind them if that has changed.

    From the sender of the message, and to those who follow it. `text` ends with LF. Without a text and a
    tail, the sender asks how much the server has. Answered by `received`.
    """

    id: MessageId
    offset: Offset
    text: _Text = ""
    tail: _Text | None = None


class FollowedOutput(Wire, frozen=True, tag="output"):
    """As `Output`, for those who follow; `text` has at most `MAX_BODY` bytes, or one line."""

    id: int
    offset: int
    text: str = ""
    tail: str | None = None


class Received(WithRef, frozen=True, kw_only=True, tag="received"):
    """How many bytes of final lines the server has, and what was left out of them: the answer to `output`."""

    id: int
    end: int


class Preview(Wire, frozen=True, tag="preview"):
    """The last lines of text and tail together, and how many lines there are; for everybody."""

    id: int
    lines: int
    text: str


class BodyRequest(WithRef, frozen=True, kw_only=True, tag="body"):
    """Request the final lines from an offset on; with `follow`, then also what comes behind them.

    `follow` False ends that; None leaves it as it is.
    """

    id: MessageId
    start: Offset = field(name="from", default=0)
    follow: bool | None = None


class Body(WithRef, frozen=True, kw_only=True, tag="body"):
    """The answer to `body`: final lines from an offset on, which is behind what is `left_out`.

    `end` is that of all final lines. `more`: they go on behind these.
    """

    id: int
    start: int = field(name="from")
    text: str
    end: int
    left_out: tuple[int, int] | None = None
    tail: str | None = None
    more: bool = False
