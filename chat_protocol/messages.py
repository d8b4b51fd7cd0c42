"""The messages of the JSON dialect, one class each.

A client sends a `Command`, the server an `Event`; `codec` encodes and decodes them. A field
with its default value is left out of the JSON.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from chat_protocol.contract import MAX_EMOJI, MAX_QUERY, RESTART, RETURN_WITHIN
from chat_protocol.live import Body, BodyRequest, End, FollowedOutput, Output, Preview, Received, Start
from chat_protocol.message import (
    Count,
    Kind,
    Live,
    Message,
    MessageId,
    Notice,
    Quote,
    Reaction,
    Ref,
    Wire,
    WithRef,
    timestamp,
)
from chat_protocol.moderation import (
    Act,
    Authenticate,
    BanEntry,
    Bans,
    Moderate,
    Mute,
    Password,
    Role,
    Topic,
    Whois,
    topic_of,
)
from chat_protocol.presence import About, Away, Crowd, Joined, Left, MemberCount, People, Person, Typing

__all__ = [
    "About",
    "Act",
    "Authenticate",
    "Away",
    "BanEntry",
    "Bans",
    "Body",
    "BodyRequest",
    "Crowd",
    "End",
    "FollowedOutput",
    "Joined",
    "Kind",
    "Left",
    "Live",
    "MemberCount",
    "Message",
    "Moderate",
    "Mute",
    "Notice",
    "Output",
    "People",
    "Person",
    "Preview",
    "Quote",
    "Reaction",
    "Received",
    "Role",
    "Start",
    "Topic",
    "Typing",
    "Whois",
    "WithRef",
    "timestamp",
    "topic_of",
]

Secret = Annotated[str, Meta(min_length=1, max_length=128)]


class Link(WithRef, frozen=True, tag="link"):
    """A one-time code, with which one more device becomes the same person within `seconds`.

    A client sends it with the newest id that it has `read`; the server answers with the rest.
    """

    read: MessageId = 0
    code: str = ""
    seconds: float = 0


# --- client to server ---------------------------------------------------------------


class Position(Wire, frozen=True):
    """The newest message that a client has seen, and the log it is in."""

    epoch: str
    id: MessageId


class Join(WithRef, frozen=True, tag="join"):
    """Enter the room; with `session` and `since`, resume after a lost connection.

    With `quiet`, say a few lines without becoming a member. With a one-time `code` instead of a session, be
    the person who has asked for it; without a `name` then, under theirs. A name that is reserved for a
    program needs its `token`, and no password.
    """

    name: Annotated[str, Meta(max_length=1024)]
    session: Secret | None = None
    since: Position | None = None
    history: Count | None = None
    password: Password | None = None
    quiet: bool = False
    code: Annotated[str, Meta(max_length=32)] | None = None
    token: Secret | None = None


class Say(Wire, frozen=True, tag="say"):
    """Send a message. `ref` is a key that the client has not used before in its session.

    It is None only inside the server, for text dialects. `reply` is the id of the message that this one
    answers. An `action` tells what its sender does: `/me waves`.
    """

    text: str
    ref: Ref | None = None
    reply: MessageId | None = None
    kind: Kind | None = None


class Edit(WithRef, frozen=True, kw_only=True, tag="edit"):
    """Replace the text of one's own message."""

    id: MessageId
    text: str


class Delete(WithRef, frozen=True, kw_only=True, tag="delete"):
    """Remove one's own message; a moderator may remove any, as with `Moderate`."""

    id: MessageId


class React(WithRef, frozen=True, kw_only=True, tag="react"):
    """Add one's reaction to a message, or take it back."""

    id: MessageId
    emoji: Annotated[str, Meta(max_length=MAX_EMOJI)]
    on: bool = True


class HistoryRequest(WithRef, frozen=True, tag="history"):
    """Request at most `limit` messages with ids below `before` (None: the newest)."""

    before: MessageId | None = None
    limit: Count = 50


class Search(WithRef, frozen=True, tag="search"):
    """Request at most `limit` messages below id `before`, each word of `query` beginning a word in them.

    With `to` only those of others that call this name or everybody, or answer it; all of them without words.
    """

    query: Annotated[str, Meta(max_length=MAX_QUERY)]
    before: MessageId | None = None
    limit: Count = 20
    to: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None


class Ping(WithRef, frozen=True, tag="ping"):
    """Request a `pong`, which is sent once everything received before has been processed."""


class Leave(WithRef, frozen=True, tag="leave"):
    """Leave: the others see it at once, and the name becomes free.

    With `forget`, for good: a name that is held becomes free too, and codes and secrets by `Link` are void.
    """

    forget: bool = False


Command = (
    Join
    | Say
    | Edit
    | Delete
    | React
    | Typing
    | Away
    | HistoryRequest
    | Search
    | Ping
    | Leave
    | Authenticate
    | Moderate
    | Link
    | Whois
    | Bans
    | People
    | About
    | Start
    | Output
    | End
    | BodyRequest
)

# --- server to client ---------------------------------------------------------------


class Limits(Wire, frozen=True):
    """The limits of this server: code points of a name and a text, bytes of a line, messages of a page.

    `edit`: for how many seconds a message can be edited.
    """

    name: int
    text: int
    line: int
    history: int
    edit: int = 0


class Welcome(WithRef, frozen=True, tag="welcome"):
    """The answer to `join`.

    `messages` are the newest ones that the client has not seen, `missed` is the number of unseen
    ones left out before them. `more`: older messages are stored. `moderated`: the room can have
    moderators. `moderator`: the client is one, and `muted` is who is muted.
    `count`: of the members, if `members` are not all, as in a crowd. `can` are the acts that the server
    knows, absent from an older one. `changed` are older messages that acts have changed since, in the order
    of these acts; if they are too many, `stale` says so instead: nothing that is shown can be relied upon.
    `read`: the newest id that was read where the `code` of the join was asked for. `resumed`: the member was
    here already, so nobody was told of a join. `title` and `welcome` are those of the room, as in `About`.
    `reserved`: the name is kept for who shows its `token`, as the join has.
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
    muted: Sequence[Mute] = ()
    count: int | None = None
    can: Sequence[str] = ()
    changed: Sequence[Message] = ()
    stale: bool = False
    read: int | None = None
    resumed: bool = False
    topic: Topic | None = None
    marked: Sequence[Person] = ()
    title: str = ""
    welcome: str = ""
    reserved: bool = False


class Ack(Wire, frozen=True, tag="ack"):
    """The message or the act sent with this `ref` is stored, with this id.

    `mentions` are those of a new message, as in `Message`.
    """

    ref: str
    id: int
    at: str
    mentions: Sequence[str] = ()


class Changed(Wire, frozen=True, tag="changed"):
    """The act with this id, by the member `by`, has changed `message`, which is as it is now.

    `act` is one of `Change`, or an unknown one of a newer server. `mine` is sent to the member's own
    connections: the emojis of their reactions to this message. With `react`, `emoji` is the reaction that was
    added, or without `on` taken back. `notice` is the id of the notice that has told of it.
    """

    id: int
    at: str
    by: str
    act: str
    message: Message
    mine: Sequence[str] | None = None
    emoji: str = ""
    on: bool = True
    notice: int | None = None


class HistoryPage(WithRef, frozen=True, tag="history"):
    """The answer to a history request: oldest first; `more` if older ones are stored.

    `first`: no other message is stored with an id from this one on and below the `before` of the
    request; None from an older server.
    """

    messages: Sequence[Message]
    more: bool
    first: int | None = None


class Found(WithRef, frozen=True, tag="found"):
    """The answer to a search: the newest matches, oldest first; `more` if there may be older ones."""

    messages: Sequence[Message]
    more: bool


class Throttled(Wire, frozen=True, tag="throttled"):
    """The client sends too fast: what it has sent will be processed within `seconds`."""

    seconds: float


class Pong(WithRef, frozen=True, tag="pong"):
    """The answer to `ping`."""


class Error(Wire, frozen=True, tag="error"):
    """A command was refused. `code` is for programs, `text` for developers.

    With `not_found`, `text` is what was not found. `suggestion` is a free name if the name was
    refused. `retry_after` is in seconds.
    """

    code: str
    text: str
    ref: str | None = None
    retry_after: float | None = None
    suggestion: str | None = None


class Bye(WithRef, frozen=True, tag="bye"):
    """The last event of a connection that the server ends.

    `retry_within`: the client is to come back at a random moment within so many seconds.
    """

    reason: str
    retry_within: float | None = None


def farewell(reason: str) -> Bye:
    """Return the `bye` for a reason, with when to come back if the server restarts."""
    return Bye(reason, RETURN_WITHIN if reason == RESTART else None)


Event = (
    Welcome
    | Message
    | Ack
    | Changed
    | Joined
    | Left
    | Crowd
    | MemberCount
    | Typing
    | Person
    | HistoryPage
    | Found
    | People
    | About
    | Role
    | Throttled
    | Link
    | Whois
    | Bans
    | Received
    | FollowedOutput
    | Preview
    | Body
    | Pong
    | Error
    | Bye
)
