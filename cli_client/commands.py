"""What a typed line means: something to say, or a command."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chat_protocol import moderation
from chat_protocol.messages import Authenticate, Bans, Moderate, Search, Whois
from cli_client.wishes import Wish

PAGE: Final = 20
"""Messages that `/history` asks for when it is given no number."""


class Verb(StrEnum):
    """The commands there are."""

    WHO = "who"
    HISTORY = "history"
    SHOW = "show"
    SEARCH = "search"
    MODERATOR = "moderator"
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


def read_line(line: str) -> str | Order | Moderate | Whois | Bans | Mistake:
    """Tell a text to say from a command, a moderator's as it goes to the room; `//x` says `/x`.

    Whatever stands behind `/moderator` is dropped: a password is not typed where it shows.
    """
    if not line.startswith("/"):
        return line
    if line.startswith("//"):
        return line[1:]
    word, _, argument = line[1:].strip().partition(" ")
    try:
        verb = Verb(word.lower())
    except ValueError:
        return _moderating(line, word)
    argument = argument.strip()
    if verb is Verb.SEARCH:
        return Order(verb, words=argument) if argument else Mistake("words_wanted", "")
    return _with_number(verb, argument)


def write_order(order: Wish) -> str:
    """Return a command as it is typed, to remind of it: without what was searched for, announced or why."""
    match order:
        case Moderate(act, target, number):
            return " ".join(filter(None, (f"/{act}", target, f"#{number}" if number else "")))
        case Whois(name):
            return f"/whois {name}"
        case Bans():
            return "/bans"
        case Search(query):
            return f"/search {query}"


def _moderating(line: str, word: str) -> Moderate | Whois | Bans | Mistake:
    try:
        order = moderation.parse_command(line)
    except moderation.UsageError as misuse:
        return Mistake("bad_time", misuse.time) if misuse.time else Mistake(f"misuse_{misuse.verb}", "")
    assert not isinstance(order, Authenticate)  # `/moderator` is a verb of ours
    return order or Mistake("unknown_command", f"/{word}")


def _with_number(verb: Verb, argument: str) -> Order | Mistake:
    if verb not in (Verb.HISTORY, Verb.SHOW):
        return Order(verb)
    if verb is Verb.HISTORY and not argument:
        return Order(verb, PAGE)
    digits = argument.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) <= 15 and int(digits)):
        return Mistake("number_wanted" if verb is Verb.HISTORY else "message_number_wanted", argument)
    return Order(verb, int(digits))
