"""What moderators ask of the room, and what they are answered."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from chat_protocol.contract import MAX_PASSWORD, MAX_SANCTION_SECONDS, MAX_TARGET
from chat_protocol.message import Message, MessageId, Wire, WithRef

Password = Annotated[str, Meta(max_length=MAX_PASSWORD)]
Target = Annotated[str, Meta(max_length=MAX_TARGET)]
Seconds = Annotated[int, Meta(ge=1, le=MAX_SANCTION_SECONDS)]
Act = Literal["kick", "ban", "unban", "mute", "unmute", "delete", "announce", "topic"]


class Authenticate(WithRef, frozen=True, tag="authenticate"):
    """Become a moderator. Answered by `role`."""

    password: Password


class Moderate(WithRef, frozen=True, tag="moderate"):
    """Act as a moderator. All members receive a `message` with a `notice`.

    `target` is a name; for `ban` and `unban` also an address or a network (CIDR). `id` is
    for `delete`. `seconds` is for `ban` (None: for good) and `mute`. `text` is the reason,
    the text to announce, or the topic, which is cleared without it.
    """

    act: Act
    target: Target = ""
    id: MessageId | None = None
    seconds: Seconds | None = None
    text: Annotated[str, Meta(max_length=4096)] = ""


class Topic(Wire, frozen=True):
    """The topic of the room: who has set it, when, and the id of the notice that has told of it."""

    id: int
    at: str
    by: str
    text: str


def topic_of(notice: Message) -> Topic | None:
    """Return the topic that a notice with the act `topic` tells; None if it was cleared."""
    told = notice.notice
    return Topic(notice.id, notice.at, told.by, told.text) if told and told.text else None


class Whois(WithRef, frozen=True, tag="whois"):
    """The addresses of a member. A moderator sends it with `name`; the server answers with `addresses`.

    `at` is since when the member is here, if that is known.
    """

    name: Target
    addresses: Sequence[str] = ()
    at: str | None = None


class BanEntry(Wire, frozen=True):
    """A ban of a name, an address or a network: since when, until when (None: for good), by whom, why."""

    target: str
    at: str
    until: str | None
    by: str
    text: str = ""


class Bans(WithRef, frozen=True, tag="bans"):
    """The list of bans. A moderator sends it empty; the server answers with `bans`.

    `more` says that older bans are left out.
    """

    bans: Sequence[BanEntry] = ()
    more: bool = False


class Mute(Wire, frozen=True):
    """A mute in force: of whom, and for how many more seconds (None: for good)."""

    name: str
    seconds: float | None = None


class Role(WithRef, frozen=True, tag="role"):
    """Whether the client is a moderator from now on; then `muted` is who is muted."""

    moderator: bool
    muted: Sequence[Mute] = ()
