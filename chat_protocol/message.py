"""A message as all clients are sent it, its parts, and the bases of everything on the wire."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

_MAX_EXCERPT = 100
"""Most code points of the beginning of a text in a quote."""

_FENCE = re.compile(r"^ {0,3}```[^`\n]*$", re.MULTILINE)
"""A line above or below lines of code, with the name of their language."""

Ref = Annotated[str, Meta(min_length=1, max_length=64)]
MessageId = Annotated[int, Meta(ge=0, le=2**53)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Kind = Literal["action"]
Change = Literal["edit", "delete", "react", "end"]


class Wire(Struct, frozen=True, omit_defaults=True, gc=False):
    """Base of all messages: immutable, no default values in JSON, not tracked by the garbage collector."""


class WithRef(Wire, frozen=True, kw_only=True):
    """Base of the commands, and of the events that answer them.

    `ref` is the client's key for a command; its answer, or its `Error`, carries it back.
    """

    ref: Ref | None = None


class Notice(Wire, frozen=True):
    """An act of the moderator `by`, with the fields of `Moderate`; an address or network is left out.

    `act` is one of `Act`, or an unknown one of a newer server.
    """

    act: str
    by: str
    target: str = ""
    id: int | None = None
    seconds: int | None = None
    text: str = ""


class Quote(Wire, frozen=True):
    """The message that another one answers, as it is now.

    `excerpt` is the beginning of its text in one line, or of the moderator's in a notice; marks of lines of
    code are left out. It is empty if the message is deleted or no longer kept; in the latter case `name` too.
    """

    id: int
    name: str = ""
    excerpt: str = ""


class Reaction(Wire, frozen=True):
    """All reactions to a message with one emoji: how many, and the first 3 names.

    `mine`: the reader's is one of them. It is only in answers to one reader, never in what all are sent.
    """

    emoji: str
    count: int
    names: Sequence[str] = ()
    mine: bool = False


class Live(Wire, frozen=True):
    """How a live message stands, whose text is its title.

    `state` is `open`, `done`, `failed` (the `code` is not 0) or `lost` (nobody has ended it), or an unknown
    one of a newer server. `seconds` is how long it was open. `bytes` and `lines` are of its final lines,
    `last` are the last ones. `gone`: they are no longer kept.
    """

    state: str
    seconds: float | None = None
    code: int | None = None
    bytes: int = 0
    lines: int = 0
    last: str = ""
    gone: bool = False


class Message(Wire, frozen=True, tag="message"):
    """A message as it is now, of a member, or of the room if it has a `notice`.

    `at` is UTC, RFC 3339 with milliseconds; so is `edited`, the time of the last edit. With a `notice`,
    `text` is the same in Russian, for clients that do not know the field. The text of a `deleted` message
    is empty. `mentions` are names of people called in the text, "all" stands for everybody. `mine`: the
    reader has said it; it is only in answers to one reader.
    """

    id: int
    at: str
    name: str
    text: str
    notice: Notice | None = None
    deleted: bool = False
    kind: str | None = None
    reply: Quote | None = None
    mentions: Sequence[str] = ()
    edited: str | None = None
    reactions: Sequence[Reaction] = ()
    mine: bool = False
    live: Live | None = None


def quote_of(message: Message) -> Quote:
    """Return the quote of a message that another one answers."""
    text = (message.notice and message.notice.text) or message.text  # without the room's words around it
    beginning = text[: 4 * _MAX_EXCERPT]
    excerpt = " ".join(_FENCE.sub("", beginning).split()) or " ".join(beginning.split())
    if len(excerpt) > _MAX_EXCERPT or len(text) > 4 * _MAX_EXCERPT:
        excerpt = excerpt[: _MAX_EXCERPT - 1] + "…"
    return Quote(message.id, message.name, excerpt)


def redacted(message: Message) -> Message:
    """Return a message as it is after its deletion."""
    return Message(message.id, message.at, message.name, "", deleted=True)


def timestamp(moment: float | None = None) -> str:
    """Return a time (Unix time in seconds, None: now) in the format of `at`."""
    at = datetime.now(UTC) if moment is None else datetime.fromtimestamp(moment, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
