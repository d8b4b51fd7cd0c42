"""Which room this is and who is in it: what clients are told of that, and what they ask."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from chat_protocol.contract import MAX_PART_OF_NAME, MAX_WHY
from chat_protocol.message import Count, Wire, WithRef

PartOfName = Annotated[str, Meta(max_length=MAX_PART_OF_NAME)]


class Joined(Wire, frozen=True, tag="joined"):
    """A member has entered."""

    name: str
    at: str


class Left(Wire, frozen=True, tag="left"):
    """A member has left; `reason` if not by their own decision."""

    name: str
    at: str
    reason: str | None = None


class Typing(WithRef, frozen=True, tag="typing"):
    """A member is typing. A client sends it without `name`; the server adds it."""

    name: str = ""


class Away(WithRef, frozen=True, tag="away"):
    """Nobody is at this client, and perhaps why; without `on`, somebody is there again. Sent by clients."""

    on: bool = True
    why: Annotated[str, Meta(max_length=4 * MAX_WHY)] = ""


class Person(Wire, frozen=True, tag="person"):
    """A member as it is shown in a list: whether a moderator, whether away from all devices, and why.

    `at` is since when the member is here, if that was asked for and is known.
    """

    name: str
    at: str | None = None
    moderator: bool = False
    away: bool = False
    why: str = ""


class Crowd(Wire, frozen=True, tag="crowd"):
    """From now on the room is a crowd, in which nobody is told who comes and goes; or, without `on`, no more.

    `members` are some of `count`, and all of them without `on`.
    """

    on: bool
    count: int
    members: Sequence[str]


class MemberCount(Wire, frozen=True, tag="count"):
    """How many members a crowd has now."""

    count: int


class People(WithRef, frozen=True, tag="people"):
    """Some of the members, in the order of their names.

    A client sends it with a `limit`, with the `prefix` of the names it looks for, and with the name `after`
    which to go on. The server answers with `members`, whether `more` follow, and the `count` of all; `people`
    are the same members with all that is shown of them.
    """

    prefix: PartOfName = ""
    after: PartOfName = ""
    limit: Count | None = None
    members: Sequence[str] = ()
    count: int = 0
    more: bool = False
    people: Sequence[Person] = ()


class About(WithRef, frozen=True, tag="about"):
    """What everybody may know of the room: its title, its welcome, and how many members there are.

    A client sends it empty, before its join too; the server answers with the rest. `names` are some of the
    members, none if the room has a `password`. Members are sent it too when the title or the welcome changes.
    """

    title: str = ""
    welcome: str = ""
    count: int = 0
    names: Sequence[str] = ()
    password: bool = False
