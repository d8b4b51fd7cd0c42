"""Who may be called what.

Names are PRECIS nicknames (RFC 8266): shown as their owner wrote them, compared
with case, width and spacing folded, so that "Анна", "анна" and " АННА " are one.
One, too, are names that look alike (UTS 39): Latin "alice" and Cyrillic "аlісе",
but also "Ian" and "Lan", "Clara" and "Dara", "Bob0" and "Bobo". That is hard on
honest people only while one of them is present, and then the other is offered a
name beside it; a name as such, in whatever script or mixture, is never refused
for what it might resemble.
"""

import re
import unicodedata
from collections.abc import Container
from typing import NamedTuple

from precis_i18n import get_profile

from chat_protocol.contract import HAS_JOINED, HAS_LEFT, SYSTEM_NAME
from chat_protocol.ip import read_network
from tcp_server.room.confusables import look_alikes, skeleton, unmask

_shown = get_profile("NicknameCasePreserved")
_folded = get_profile("NicknameCaseMapped")

# ":" ends the name in a text line; "{" would make a line look like JSON; "/" begins a command.
_COLONS = frozenset(char for char in look_alikes(":") if unicodedata.category(char) != "Mc")
_NOT_FIRST = ("{", "/")

# Symbols in name only: fonts show nothing for them, or what stands for something missing.
_BLANKS = frozenset("\u2800\ufffc\ufffd\U0001d159\U00013441\U00013442")

_MOST_MARKS = 4
"""Marks on one letter: Burmese and Tibetan need as many."""

_MOST_DIACRITICS = 2
"""Those among them that belong to no script, and make a pile of any letter."""

_DIACRITICS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILE = re.compile(rf"[{_DIACRITICS}]{{{_MOST_DIACRITICS + 1}}}|([{_DIACRITICS}])\1")

_SUGGESTIONS = range(2, 12)  # each costs about as much as a name


class BadName(ValueError):
    """A name nobody may have; `code` is the protocol's word for why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Name(NamedTuple):
    """A name as shown, and the looks under which it is unique: two names are one if they share one.

    `look` is another than `key` only where a capital looks unlike its own small letter.
    """

    shown: str
    key: str
    look: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The key, and the look if that is another."""
        return (self.key,) if self.key == self.look else (self.key, self.look)


def parse_name(name: str, limit: int) -> Name:
    """Normalise a name, of at most `limit` code points afterwards. Raises `BadName`."""
    if not name or name.isspace():
        raise BadName("name_empty", "the name is empty")
    if len(name) > 4 * limit:
        raise BadName("name_too_long", f"the name is longer than {limit} characters")
    try:
        shown, folded = _shown.enforce(name), _folded.enforce(name)
        seen = shown if (unmasked := unmask(name)) == name else _shown.enforce(unmasked)
    except UnicodeEncodeError as error:
        raise BadName(
            "name_invalid", f"the name has a character that is not allowed: {error.reason}"
        ) from error
    if len(shown) > limit:
        raise BadName("name_too_long", f"the name is longer than {limit} characters")
    if objection := _objection(shown):
        raise BadName("name_invalid", objection)
    prepared = Name(shown, skeleton(folded), skeleton(seen))
    if _is_the_rooms(prepared):
        raise BadName("name_reserved", "the name is the room's own")
    return prepared


def is_same(one: str, other: str) -> bool:
    """Say whether two names as shown are one to PRECIS already, and not only by their looks."""
    return bool(_folded.enforce(one) == _folded.enforce(other))


def suggest(name: Name, taken: Container[str], limit: int) -> str | None:
    """Return a name like `name` of which no key is `taken`, or None if none is found soon.

    At most `limit` code points, as for `parse_name`; the end makes room for a number.
    """
    for number in _SUGGESTIONS:
        ending = f" {number}"
        beginning = name.shown[: max(0, limit - len(ending))].rstrip()
        if not beginning:
            return None
        try:
            other = parse_name(beginning + ending, limit)
        except BadName:  # cut where it must not be
            continue
        if not any(key in taken for key in other.keys):
            return other.shown
    return None


def _objection(shown: str) -> str | None:
    """Say why a nickname that PRECIS allows is none here."""
    if not _COLONS.isdisjoint(shown) or shown.startswith(_NOT_FIRST):
        return "a name has no ':' and does not begin with '{' or '/'"
    if not _BLANKS.isdisjoint(shown):
        return "a name has no blanks but spaces"
    if "#" in shown and shown.replace("#", "").replace(" ", "").isdecimal():
        return "a name does not look like the number of a message"
    if read_network(shown.partition("/")[0]) is not None:  # or who bans the name would ban the address
        return "a name does not look like an address"
    return _objection_to_marks(shown)


def _objection_to_marks(shown: str) -> str | None:
    marks, before = 0, " "
    for char in shown:
        category = unicodedata.category(char)
        marks = marks + 1 if category == "Mn" else 0
        if category == "Me" or marks > _MOST_MARKS or (category[0] == "M" and before == " "):
            return "a name does not begin a word with a mark, enclose letters, or pile marks up"
        if category == "Mc" and _script(char) != _script(before):  # the visarga looks like ":"
            return "a mark stands on a letter of its own script"
        before = char
    if _PILE.search(unicodedata.normalize("NFD", shown)):
        return "a name does not pile marks up"
    return None


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


# --- names of the room itself -------------------------------------------------------------


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


_RESERVED = frozenset(
    skeleton(word)
    for word in (
        *(SYSTEM_NAME, "server", "система", "system", "oneroom"),
        *("администратор", "админ", "administrator", "admin", "модератор", "moderator"),
    )
)
_PHRASES = tuple(
    skeleton(phrase)
    for phrase in (HAS_JOINED.strip(" !"), HAS_LEFT.strip(" ."), "joined the chat", "left the chat")
)


def _is_the_rooms(name: Name) -> bool:
    """Say whether a name is a word for the room or its staff, however adorned, or tells what notices do."""
    bare = skeleton(_letters(name.shown))
    solid = skeleton("".join(filter(str.isalnum, name.shown)))
    if not _RESERVED.isdisjoint((bare, solid, skeleton(unmask(_letters(name.shown))))):
        return True
    return any(phrase in key for phrase in _PHRASES for key in name.keys)
