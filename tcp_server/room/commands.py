"""Commands and events of the text dialects that have no JSON form."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chat_protocol.commands import ChangeOutput, Help, OnLast, Show, ShowTopic, UseCode, Who
from chat_protocol.errors import BadMessage
from chat_protocol.messages import Command, Event, Message, Person, Topic


class TextJoin(NamedTuple):
    """Join the room as `name`, without a session; with a one-time `code`, as who has asked for it."""

    name: str
    password: str | None = None
    code: str = ""


class Greeting(NamedTuple):
    """The answer to a `TextJoin`: some names of the other members, and how many there are.

    `own` is one's name, which was not asked for where a code was given; `room` the title and the welcome.
    """

    names: Sequence[str]
    total: int
    own: str = ""
    room: str = ""
    topic: Topic | None = None


class MemberList(NamedTuple):
    """The answer to `/who`: the first names, and how many there are of those asked for.

    `marked` are those of them of whom there is more to say, by name.
    """

    names: Sequence[str]
    total: int
    marked: Mapping[str, Person] = {}


class AwayNoted(NamedTuple):
    """The answer to `/away` and `/back`."""

    on: bool


class TopicShown(NamedTuple):
    """The answer to `/topic`."""

    topic: Topic | None


class LiveShown(NamedTuple):
    """The answer to `/show` of a live message: it, and its output without colours."""

    message: Message
    output: str


class HelpText(NamedTuple):
    """The answer to `/help`."""

    moderator: bool = False


class TimingMarks(NamedTuple):
    """Answer so many `DO TIMING-MARK` of a Telnet client. Not for the room."""

    number: int


class OutputChanged(NamedTuple):
    """The answer to `ChangeOutput`, in what was chosen: the encoding, or without one the language."""

    charset: str = ""


class NamePrompt(NamedTuple):
    """Asks a client that has not joined for its name once more."""


class OnlyInText(NamedTuple):
    """Somebody has come to a crowd or left it: text dialects show it as always, json clients are not told."""

    event: Event


LocalCommand = TextJoin | UseCode | Who | Help | Show | ShowTopic | OnLast | ChangeOutput | TimingMarks
LocalEvent = (
    Greeting
    | MemberList
    | AwayNoted
    | LiveShown
    | TopicShown
    | HelpText
    | OutputChanged
    | NamePrompt
    | OnlyInText
)

Request = Command | LocalCommand | BadMessage
"""A parsed command of a client, or the error for one that could not be parsed."""
