"""What `Chat` reports to its frontend.

`About`, `Joined`, `Left`, `Crowd`, `Typing`, `Person`, `Role`, `Throttled`, `Link`, `Whois`, `Bans`, `Body`
and `FollowedOutput` are passed on as the room sent them, `NotKept` is in `identity`; the others are below.
All are immutable and may be passed between threads.
"""

from collections.abc import Sequence
from enum import Enum, auto

from msgspec import Struct

from chat_client.identity import NotKept
from chat_client.outbox import MessageAct, Outgoing
from chat_protocol import messages as m
from chat_protocol.command_arguments import Show

Request = m.HistoryRequest | Show | m.Search | m.People | m.Moderate | m.Link | m.Whois | m.Bans | MessageAct
"""A command that the room answers."""


class Phase(Enum):
    """The state of a conversation."""

    NAME_NEEDED = auto()
    """Waits for `Chat.set_name`."""
    PASSWORD_NEEDED = auto()
    """Waits for `Chat.set_password`."""
    CONNECTING = auto()
    ONLINE = auto()
    WAITING = auto()
    """Disconnected until the next attempt."""
    ENDED = auto()
    """Ended for good."""


class Status(Struct, frozen=True):
    """A consistent snapshot of the conversation.

    `count` is how many members there are: in a `crowd`, `members` are only some of them. `unsent` is what the
    room has not acknowledged. `can` is which acts on messages it knows, as in its last welcome;
    `topic` the one that is set, `marked` those who are away or moderators (in a crowd, `PeoplePage` tells).
    `joins` is how many times we have joined: over so many connections.
    `retry_in` and `throttled` (until the room has processed all that was sent) are in
    seconds. `moderated` says whether the room can have moderators. `reason` is why the last
    connection was lost: a bye reason, an error code, a code of `TlsFailed`, or one of
    `refused`, `unknown_host`, `timeout`, `no_prompt` (a timeout before anything was
    received without TLS), `not_a_room`, `address_banned` (our address is banned), `lost`; empty
    if none was.
    """

    phase: Phase
    name: str
    members: tuple[str, ...]
    count: int
    crowd: bool
    unsent: tuple[Outgoing, ...]
    limits: m.Limits
    retry_in: float
    reason: str
    moderated: bool
    moderator: bool
    throttled: float
    can: frozenset[str]
    topic: m.Topic | None = None
    marked: tuple[m.Person, ...] = ()
    joins: int = 0


class Entered(Struct, frozen=True):
    """We have joined the room, or rejoined it (`rejoined`), which may have another log since (`new_log`).

    `messages` are those not reported before. `read` is the newest message that was read in an earlier run,
    None if that is not known. `count` is how many members there are if `members` are not all, else 0.
    `stale`: so many older messages have changed meanwhile that the room does not say which. `title` and
    `welcome` are those of the room.
    """

    name: str
    rejoined: bool
    new_log: bool
    messages: Sequence[m.Message]
    missed: int
    members: Sequence[str]
    read: int | None = None
    count: int = 0
    stale: bool = False
    title: str = ""
    welcome: str = ""
    topic: m.Topic | None = None


class NewMessage(Struct, frozen=True):
    """A message to show; an `own` one is reported once the room has stored it."""

    message: m.Message
    own: bool


class MessageChanged(Struct, frozen=True):
    """A message is `message` now and was `before`, None if we do not have it.

    `act` is `edit`, `delete`, `react`, `end` (of a live message), or an unknown one of a newer server, `by`
    the name of who did it, `at` when; `own`: it was us, on any connection; `id` is the number of the act.
    All are empty for what happened while we were offline.
    """

    message: m.Message
    before: m.Message | None
    act: str = ""
    by: str = ""
    at: str = ""
    own: bool = False
    id: int = 0


class OlderMessages(Struct, frozen=True):
    """The answer to a request for older messages; `target` is the number to show, if one was given."""

    messages: Sequence[m.Message]
    target: int | None = None


class SearchResults(Struct, frozen=True):
    """The newest messages found by a search for `query`; `more` says whether there are others."""

    messages: Sequence[m.Message]
    more: bool
    query: str = ""


class PeoplePage(Struct, frozen=True):
    """Names of members in their order, as asked for with `prefix` and `after`.

    `more` says whether others follow, `count` how many members there are in all. `people` are the same with
    what else is known of them; empty from an older server.
    """

    members: Sequence[str]
    count: int
    more: bool
    prefix: str = ""
    after: str = ""
    people: Sequence[m.Person] = ()


class MessageRefused(Struct, frozen=True):
    """The room has refused our message. `seconds`: for how long it will, None if not known."""

    text: str
    code: str
    detail: str
    seconds: float | None = None


class NameRefused(Struct, frozen=True):
    """The room has refused the name and awaits another. `suggestion` is a free name, if not empty."""

    code: str
    detail: str
    suggestion: str = ""


class PasswordNeeded(Struct, frozen=True):
    """The room's password is awaited. `code`: `password_required`, or `password_wrong` after a wrong one."""

    code: str


class ConnectionLost(Struct, frozen=True):
    """The connection is lost, or the first attempt failed; attempts go on. `reason` as in `Status`."""

    reason: str


class Ended(Struct, frozen=True):
    """The conversation has ended for good. `reason` as in `Status`, `left` after `Chat.leave`.

    `seconds` is for how long we are banned, 0 if not known.
    """

    reason: str
    seconds: float = 0.0


class RequestFailed(Struct, frozen=True):
    """The room has refused something other than a message.

    `seconds`: for how long it will, None if not known. `request`: what was refused, None if
    that is not known.
    """

    code: str
    detail: str
    seconds: float | None = None
    request: Request | None = None


class StatusChanged(Struct, frozen=True):
    """Only the status has changed."""


ClientEvent = (
    Entered
    | NotKept
    | NewMessage
    | MessageChanged
    | OlderMessages
    | SearchResults
    | PeoplePage
    | MessageRefused
    | NameRefused
    | PasswordNeeded
    | ConnectionLost
    | Ended
    | RequestFailed
    | StatusChanged
    | m.About
    | m.Joined
    | m.Left
    | m.Crowd
    | m.Typing
    | m.Person
    | m.Role
    | m.Throttled
    | m.Link
    | m.Whois
    | m.Bans
    | m.FollowedOutput
    | m.Body
)
