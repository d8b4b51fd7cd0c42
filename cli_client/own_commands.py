"""The commands that the terminal client alone has: they change nothing in the room."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from chat_protocol.commands import Language, usage
from chat_protocol.text import one_line


class Forget(NamedTuple):
    """`/forget`: do not keep who we are. The terminal client alone keeps it in a file."""


class Ignore(NamedTuple):
    """`/ignore`: hide somebody's messages here; without a name, tell whose are hidden."""

    name: str


class Unignore(NamedTuple):
    """`/unignore`: show somebody's messages again; the name may be missing."""

    name: str


class ShowKeys(NamedTuple):
    """`/keys`: tell what the keys do."""


class Open(NamedTuple):
    """`/open`: open link `which` of a message, counted from 1, 0: the only one. Of message 0: a mistake."""

    id: int
    which: int = 0


class Find(NamedTuple):
    """`/find`: find a text in what was shown here; empty: a mistake."""

    text: str


class OwnCommand(NamedTuple):
    """How a command is written, as in `SlashCommand`, and the key of the text that says what it does."""

    name: str
    argument: str
    purpose: str

    def usage(self, language: Language) -> str:
        """Return how it is written, in the words of a language."""
        return usage(self.name, self.argument, language)


OwnAct = Forget | Ignore | Unignore | ShowKeys | Open | Find
"""What one of these commands asks for."""

OWN_COMMANDS: Final[Mapping[str, OwnCommand]] = {
    command.name: command
    for command in (
        OwnCommand("find", "text", "help_find"),
        OwnCommand("open", "#id", "help_open"),
        OwnCommand("ignore", "[NAME]", "help_ignore"),
        OwnCommand("unignore", "NAME", "help_unignore"),
        OwnCommand("keys", "", "help_keys"),
        OwnCommand("forget", "", "help_forget"),
    )
}
"""The commands by name."""


_OPEN: Final = re.compile(r"#?([0-9]{1,15})(?:\s+([0-9]{1,4}))?")


def parse_own(line: str) -> OwnAct | None:
    """Parse a line that begins with a slash; return None if it is none of these commands."""
    word, _, argument = line[1:].strip().partition(" ")
    name = one_line(argument).removeprefix("@")
    match word.lower():
        case "open":
            found = _OPEN.fullmatch(name)
            return Open(int(found[1]), int(found[2] or 0)) if found else Open(0)
        case "find":
            return Find(one_line(argument))
        case "ignore":
            return Ignore(name)
        case "unignore":
            return Unignore(name)
        case "keys" if not name:
            return ShowKeys()
        case "forget" if not name:
            return Forget()
    return None
