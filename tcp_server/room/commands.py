"""Commands and events of the text dialects that have no JSON form."""

from collections.abc import Sequence
from typing import NamedTuple

from chat_protocol.commands import Help, Who
from chat_protocol.errors import BadMessage
from chat_protocol.messages import Command


class TextJoin(NamedTuple):
    """Join the room as `name`, without a session."""

    name: str
    password: str | None = None


class MemberList(NamedTuple):
    """The answer to `/who`."""

    names: Sequence[str]


class HelpText(NamedTuple):
    """The answer to `/help`."""

    moderator: bool = False


LocalCommand = TextJoin | Who | Help
LocalEvent = MemberList | HelpText

Request = Command | LocalCommand | BadMessage
"""A parsed command of a client, or the error for one that could not be parsed."""
