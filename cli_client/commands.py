"""What a typed line means: something to say, or a command."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PAGE: Final = 20
"""Messages that `/history` asks for when it is given no number."""


class Verb(StrEnum):
    """The commands there are."""

    WHO = "who"
    HISTORY = "history"
    SHOW = "show"
    SEARCH = "search"
    HELP = "help"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Order:
    """A command and what it is about.

    `number` is how many messages for `history`, which one for `show`; `words` is what
    to `search` for.
    """

    verb: Verb
    number: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that begins like a command but is none; `hint` is the word that explains it."""

    hint: str
    typed: str


def read_line(line: str) -> str | Order | Mistake:
    """Tell a text to say from a command; `//x` says `/x`."""
    if not line.startswith("/"):
        return line
    if line.startswith("//"):
        return line[1:]
    word, _, argument = line[1:].strip().partition(" ")
    try:
        verb = Verb(word.lower())
    except ValueError:
        return Mistake("unknown_command", f"/{word}")
    argument = argument.strip()
    if verb is Verb.SEARCH:
        return Order(verb, words=argument) if argument else Mistake("words_wanted", "")
    return _with_number(verb, argument)


def _with_number(verb: Verb, argument: str) -> Order | Mistake:
    if verb not in (Verb.HISTORY, Verb.SHOW):
        return Order(verb)
    if verb is Verb.HISTORY and not argument:
        return Order(verb, PAGE)
    digits = argument.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) <= 15 and int(digits)):
        return Mistake("number_wanted" if verb is Verb.HISTORY else "message_number_wanted", argument)
    return Order(verb, int(digits))
