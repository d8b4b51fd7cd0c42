"""What a person may type instead of a command: `+👍`, `#1043 +👍`, `s/old/new/`. Pure.

Only where a person types, in the terminal client and on the page; never in lines, pipes and pastes, whose
text must not change its meaning. The page has a parser of its own.
"""

import re
from typing import Final

from msgspec import Struct

from chat_protocol.commands import OnLast
from chat_protocol.emoji import find_emoji
from chat_protocol.messages import Edit, React

_REACTION: Final = re.compile(r"(?:#([0-9]{1,15}) ?)?([+-]) ?(\S+)")
_PART: Final = r"((?:[^/\\\n]|\\[/\\])%s)"  # of a substitution: `\/` is a slash in it
_SUBSTITUTION: Final = re.compile(f"s/{_PART % '+'}/{_PART % '*'}/")
_ESCAPED: Final = re.compile(r"\\([/\\])")


class Substitution(Struct, frozen=True):
    """`s/old/new/`: an edit of one's own last message, which puts `new` where `old` is first found."""

    old: str
    new: str

    def edit(self, id_: int, text: str) -> Edit | None:
        """Return the edit of the message with this text; None if that does not have `old`."""
        return Edit(id=id_, text=text.replace(self.old, self.new, 1)) if self.old in text else None


ShortForm = React | OnLast | Substitution


def parse_short_form(typed: str) -> ShortForm | str:
    """Parse what may be a short form; return the text to say if it is none, or has a backslash before it."""
    found = _parse(typed.strip())
    if found is not None:
        return found
    return typed[1:] if typed.startswith("\\") and _parse(typed[1:].strip()) is not None else typed


def _parse(typed: str) -> ShortForm | None:
    if typed.startswith("s/"):
        found = _SUBSTITUTION.fullmatch(typed)
        return found and Substitution(*(_ESCAPED.sub(r"\1", part) for part in found.groups()))
    found = _REACTION.fullmatch(typed)
    emoji = found and find_emoji(found[3])
    if not found or not emoji:
        return None
    id_, on = int(found[1] or 0), found[2] == "+"
    react = React(id=id_, emoji=emoji, on=on)
    if found[1] is None:
        return OnLast(react)
    return react if id_ else None
