"""The JSON dialect as types: one class per message.

`Command` is what a client may say, `Event` what the server may; `codec` turns them
into lines and back. Where a field is not required it is left out of the JSON when it
has its default.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from chat_protocol.contract import MAX_PASSWORD, MAX_QUERY, MAX_SANCTION_SECONDS

Ref = Annotated[str, Meta(min_length=1, max_length=64)]
Secret = Annotated[str, Meta(min_length=1, max_length=128)]
MessageId = Annotated[int, Meta(ge=0, le=2**53)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Password = Annotated[str, Meta(max_length=MAX_PASSWORD)]
Target = Annotated[str, Meta(max_length=1024)]
Seconds = Annotated[int, Meta(ge=1, le=MAX_SANCTION_SECONDS)]
Act = Literal["kick", "ban", "unban", "mute", "unmute", "delete", "announce"]


class _Wire(Struct, frozen=True, omit_defaults=True, gc=False):
    """Common to all: immutable, compact, and of no interest to the cycle collector."""


class Labelled(_Wire, frozen=True, kw_only=True):
    """Base of commands, and of the events that answer them.

    `ref` is the client's own key for a command; the answer to it, and an `Error`, carry it back.
    """

    ref: Ref | None = None


class Typing(Labelled, frozen=True, tag="typing"):
    """Someone is writing. A client sends it bare; the server adds who it is."""

    name: str = ""


class Whois(Labelled, frozen=True, tag="whois"):
    """From where someone is here. A moderator asks with `name` alone; the server adds the addresses."""

    name: Target
    addresses: Sequence[str] = ()


class BanEntry(_Wire, frozen=True):
    """Who is kept out (a name, an address or a network), since when, until when (None: for good), by whom."""

    target: str
    at: str
    until: str | None
    by: str
    text: str = ""


class Bans(Labelled, frozen=True, tag="bans"):
    """Who is kept out. A moderator asks with it bare; the server adds the list."""

    bans: Sequence[BanEntry] = ()


# --- client to server ---------------------------------------------------------------


class Mark(_Wire, frozen=True):
    """The newest message a client has seen, and in which log."""

    epoch: str
    id: MessageId


class Join(Labelled, frozen=True, tag="join"):
    """Enter the room, or come back to it."""

    name: Annotated[str, Meta(max_length=1024)]
    session: Secret | None = None
    since: Mark | None = None
    history: Count | None = None
    password: Password | None = None


class Say(_Wire, frozen=True, tag="say"):
    """Say `text`; `ref` is the client's own key for it, unique in its session.

    A `ref` of None exists only inside the server: text dialects have no keys.
    """

    text: str
    ref: Ref | None = None


class HistoryRequest(Labelled, frozen=True, tag="history"):
    """Ask for at most `limit` messages with ids below `before` (None: the newest)."""

    before: MessageId | None = None
    limit: Count = 50


class Search(Labelled, frozen=True, tag="search"):
    """Ask for at most `limit` messages, below id `before` if given, in which all words of `query` begin."""

    query: Annotated[str, Meta(max_length=MAX_QUERY)]
    before: MessageId | None = None
    limit: Count = 20


class Ping(Labelled, frozen=True, tag="ping"):
    """Ask for a `pong`: all that was said before it has been dealt with by then."""


class Leave(Labelled, frozen=True, tag="leave"):
    """Leave for good: the room is told at once, and no name is kept."""


class Authenticate(Labelled, frozen=True, tag="authenticate"):
    """Become a moderator. Answered by `role`."""

    password: Password


class Moderate(Labelled, frozen=True, tag="moderate"):
    """Do what only a moderator may; the room is told by a `message` that carries a `notice`.

    `target` is a name; for `ban` and `unban` also an address or a network (CIDR). `id` is
    for `delete`. `seconds` is for `ban` (None: for good) and `mute`. `text` is the reason,
    or what is announced.
    """

    act: Act
    target: Target = ""
    id: MessageId | None = None
    seconds: Seconds | None = None
    text: Annotated[str, Meta(max_length=4096)] = ""


Command = (
    Join | Say | Typing | HistoryRequest | Search | Ping | Leave | Authenticate | Moderate | Whois | Bans
)

# --- server to client ---------------------------------------------------------------


class Notice(_Wire, frozen=True):
    """What a moderator (`by`) did: the fields of `Moderate`. A network or an address is not told.

    `act` is one of `Act`, or one that only a newer server knows.
    """

    act: str
    by: str
    target: str = ""
    id: int | None = None
    seconds: int | None = None
    text: str = ""


class Message(_Wire, frozen=True, tag="message"):
    """What someone said. `at` is UTC, RFC 3339 with milliseconds.

    A `notice` is said by the room itself; `text` tells it in words to whoever does not know
    the field. The text of what was `deleted` is empty.
    """

    id: int
    at: str
    name: str
    text: str
    notice: Notice | None = None
    deleted: bool = False


class Limits(_Wire, frozen=True):
    """What this server accepts: code points for name and text, bytes for a line."""

    name: int
    text: int
    line: int
    history: int


class Welcome(Labelled, frozen=True, tag="welcome"):
    """The answer to `join`.

    `messages` are the newest ones the client has not seen; `missed` says how many
    more it has not seen that were left out before them; `more` whether anything
    older than `messages` is kept; `moderated` whether there can be moderators here.
    """

    name: str
    session: str
    epoch: str
    last: int
    members: Sequence[str]
    messages: Sequence[Message]
    missed: int
    more: bool
    limits: Limits
    moderated: bool = False
    moderator: bool = False


class Ack(_Wire, frozen=True, tag="ack"):
    """Stored and ordered: the say with this `ref` is message `id`."""

    ref: str
    id: int
    at: str


class Joined(_Wire, frozen=True, tag="joined"):
    """`name` is in the room from now on."""

    name: str
    at: str


class Left(_Wire, frozen=True, tag="left"):
    """`name` is no longer in the room; `reason` where it was not their own wish."""

    name: str
    at: str
    reason: str | None = None


class HistoryPage(Labelled, frozen=True, tag="history"):
    """The answer to a history request: oldest first; `more` if older ones are kept."""

    messages: Sequence[Message]
    more: bool


class Found(Labelled, frozen=True, tag="found"):
    """The answer to a search: the newest messages that match, oldest first; `more` if older ones do."""

    messages: Sequence[Message]
    more: bool


class Role(Labelled, frozen=True, tag="role"):
    """What the client may do from now on."""

    moderator: bool


class Throttled(_Wire, frozen=True, tag="throttled"):
    """The client is faster than it may be: all it has sent so far will be dealt with in `seconds`."""

    seconds: float


class Pong(Labelled, frozen=True, tag="pong"):
    """The answer to `ping`."""


class Error(_Wire, frozen=True, tag="error"):
    """What could not be done. `code` is for programs, `text` for whoever debugs them.

    With `not_found` the text is what was not found. `suggestion` is a name that is free,
    where one was refused.
    """

    code: str
    text: str
    ref: str | None = None
    retry_after: float | None = None
    suggestion: str | None = None


class Bye(Labelled, frozen=True, tag="bye"):
    """The last line of a connection that the server ends."""

    reason: str


Event = (
    Welcome
    | Message
    | Ack
    | Joined
    | Left
    | Typing
    | HistoryPage
    | Found
    | Role
    | Throttled
    | Whois
    | Bans
    | Pong
    | Error
    | Bye
)


def timestamp(moment: float | None = None) -> str:
    """Return a moment, in seconds since 1970, or the present one, as messages carry it in `at`."""
    at = datetime.now(UTC) if moment is None else datetime.fromtimestamp(moment, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
