"""What people on a text line can ask for and be told beyond the JSON vocabulary.

These never travel as JSON: the text dialects read and write them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chat_protocol.commands import Help, Who
from chat_protocol.errors import BadMessage
from chat_protocol.messages import Command


class TextJoin(NamedTuple):
    """Enter the room under `name`, without a session."""

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
"""What a client may want, or what is wrong with the way it said so."""
