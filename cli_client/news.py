"""What the conversation tells the face that shows it.

`Joined`, `Left`, `Typing`, `Role`, `Throttled`, `Whois` and `Bans` come through just as the
room said them; the rest is below. All of it is immutable and may be handed from thread to thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from chat_protocol.messages import Bans, Joined, Left, Limits, Message, Role, Throttled, Typing, Whois
from cli_client.wishes import Wish


class Phase(Enum):
    """How the conversation stands."""

    NAMELESS = auto()
    """A name is needed before anything else can happen."""
    LOCKED = auto()
    """The room's password is."""
    CONNECTING = auto()
    ONLINE = auto()
    WAITING = auto()
    """The next try to reach the room is set for a later moment."""
    ENDED = auto()
    """Over for good."""


@dataclass(frozen=True, slots=True)
class Status:
    """One consistent look at the conversation.

    `retry_in` and `throttled` (until all that was sent is dealt with) are in seconds. `moderated`
    says whether there can be moderators in the room, as far as it has told. `why`
    is a word for the last loss of the connection: a bye reason, an error code, a code of
    `TlsFailed`, or one of `refused`, `unknown_host`, `timeout`, `no_greeting` (the
    same, where nothing was ever heard without TLS), `not_a_room`, `shut_out` (our address is
    kept out), `lost`; empty while there was none.
    """

    phase: Phase
    name: str
    members: tuple[str, ...]
    unsent: tuple[str, ...]
    limits: Limits
    retry_in: float
    why: str
    moderated: bool
    moderator: bool
    throttled: float


@dataclass(frozen=True, slots=True)
class Entered:
    """The room let us in, or back in (`back`), perhaps with another log than before (`new_log`)."""

    name: str
    back: bool
    new_log: bool
    messages: Sequence[Message]
    missed: int
    members: Sequence[str]


@dataclass(frozen=True, slots=True)
class Said:
    """A message to show; one's `own` comes when the room has stored it."""

    message: Message
    own: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Older messages that were asked for; `target` is the number looked for, if it was one."""

    messages: Sequence[Message]
    target: int | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search for `words` found, the newest of it; `more` if there is more."""

    messages: Sequence[Message]
    more: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class Unsent:
    """The room refused one's own message: it will not be said. `seconds`: for how long it refuses."""

    text: str
    code: str
    detail: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class NameRefused:
    """The room does not take this name; another is awaited. `suggestion` is free, if not empty."""

    code: str
    detail: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class PasswordWanted:
    """The room's password is awaited: `password_required`, or `password_wrong` was the last one."""

    code: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The room cannot be reached any more, or at first; tries go on. `why` as in `Status`."""

    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over: one's own wish (`left`), or a bye reason or word of `Status.why` that is for good.

    `seconds` is how long the room does not want to see us, 0 where it has not said.
    """

    why: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """The room could not do something else than say a text. `seconds`: when it might; `about`: what."""

    code: str
    detail: str
    seconds: float | None = None
    about: Wish | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """Nothing to add to the transcript, but the status is another."""


News = (
    Entered
    | Said
    | Page
    | Hits
    | Unsent
    | NameRefused
    | PasswordWanted
    | Lost
    | Ended
    | Trouble
    | Changed
    | Joined
    | Left
    | Typing
    | Role
    | Throttled
    | Whois
    | Bans
)
