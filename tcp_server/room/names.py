"""Which names are valid, and which are the same.

Names are PRECIS nicknames (RFC 8266): shown as their owners write them, and compared
without regard to case, width and spacing, so that "Анна", "анна" and " АННА " are the
same. Names that look alike (UTS 39) are the same too: Latin "alice" and Cyrillic "аlісе",
but also "Ian" and "Lan", "Clara" and "Dara", "Bob0" and "Bobo". So a name is refused while
another one that looks like it is present. No name is refused for its script, or for a mixture
of scripts.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from precis_i18n import get_profile

from chat_protocol.contract import HAS_JOINED, HAS_LEFT, SYSTEM_NAME
from chat_protocol.ip import parse_network
from tcp_server.room.confusables import look_alikes, replace_capitals, skeleton
from tcp_server.texts.languages import beginnings

_case_preserved = get_profile("NicknameCasePreserved")
_case_mapped = get_profile("NicknameCaseMapped")

# ":" ends the name in a text line; "{" would make a line look like JSON; "/" begins a
# command, "#" a line of the history.
_COLONS = frozenset(char for char in look_alikes(":") if unicodedata.category(char) != "Mc")
_NOT_FIRST = ("{", "/", "#")

# Unicode calls these symbols, but fonts show nothing or a placeholder for them.
_BLANKS = frozenset("\u2800\ufffc\ufffd\U0001d159\U00013441\U00013442")

_MAX_MARKS = 4
"""Maximum number of marks on one letter: Burmese and Tibetan need as many."""

_MAX_DIACRITICS = 2
"""Maximum number of marks that belong to no script: these can be stacked on any letter."""

_DIACRITICS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_STACKED = re.compile(rf"[{_DIACRITICS}]{{{_MAX_DIACRITICS + 1}}}|([{_DIACRITICS}])\1")

_SUGGESTED_NUMBERS = range(2, 12)  # each try costs about as much as parsing a name


class BadName(ValueError):
    """A name that is not allowed; `code` is the protocol's error code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Name(NamedTuple):
    """A name as it is shown, with its skeletons: names that share one are the same.

    `look` differs from `key` only if a capital in the name does not look like its small form.
    """

    shown: str
    key: str
    look: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The skeletons, each once."""
        return (self.key,) if self.key == self.look else (self.key, self.look)


def parse_name(name: str, limit: int) -> Name:
    """Normalise a name, of at most `limit` code points afterwards. Raises `BadName`."""
    if not name or name.isspace():
        raise BadName("name_empty", "the name is empty")
    # Before anything expensive: one character may become 18.
    if len(name) > 4 * limit or len("".join(unicodedata.normalize("NFKC", name).split())) > limit:
        raise BadName("name_too_long", f"the name is longer than {limit} characters")
    try:
        shown, folded = _case_preserved.enforce(name), _case_mapped.enforce(name)
        replaced = replace_capitals(name)
        look = shown if replaced == name else _case_preserved.enforce(replaced)
    except UnicodeEncodeError as error:
        raise BadName(
            "name_invalid", f"the name has a character that is not allowed: {error.reason}"
        ) from error
    if len(shown) > limit:
        raise BadName("name_too_long", f"the name is longer than {limit} characters")
    if error_text := _check(shown) or _check_marks(shown):
        raise BadName("name_invalid", error_text)
    parsed = Name(shown, skeleton(folded), skeleton(look))
    if _is_reserved(parsed):
        raise BadName("name_reserved", "the name is the room's own")
    return parsed


def is_same(one: str, other: str) -> bool:
    """Return whether two names are the same to PRECIS, and do not only look alike."""
    return bool(_case_mapped.enforce(one) == _case_mapped.enforce(other))


@lru_cache(4096)
def plain(name: str) -> str:
    """Return a name without regard to case, width and spacing, as texts call it; cheaper than its keys."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def suggest(name: Name, limit: int, is_free: Callable[[Name], bool]) -> str | None:
    """Return `name` with a number added so that it is free, or None after ten attempts.

    `name` is shortened if the result would be longer than `limit` code points.
    """
    for number in _SUGGESTED_NUMBERS:
        suffix = f" {number}"
        prefix = name.shown[: max(0, limit - len(suffix))].rstrip()
        if not prefix:
            return None
        try:
            suggestion = parse_name(prefix + suffix, limit)
        except BadName:  # the shortened name is invalid
            continue
        if is_free(suggestion):
            return suggestion.shown
    return None


def _check(shown: str) -> str | None:
    """Return what is wrong with a name that PRECIS allows, if anything."""
    if not _COLONS.isdisjoint(shown) or shown.startswith(_NOT_FIRST):
        return "a name must not contain ':' or begin with '{', '/' or '#'"
    if not _BLANKS.isdisjoint(shown):
        return "a name must not contain blank characters other than spaces"
    if "#" in shown and shown.replace("#", "").replace(" ", "").isdecimal():
        return "a name must not look like the number of a message"
    if parse_network(shown.partition("/")[0]) is not None:  # a ban of the name would ban the address
        return "a name must not look like an address"
    return None


def _check_marks(shown: str) -> str | None:
    marks, previous = 0, " "
    for char in shown:
        category = unicodedata.category(char)
        marks = marks + 1 if category == "Mn" else 0
        if category == "Me" or marks > _MAX_MARKS or (category[0] == "M" and previous == " "):
            return "a word must not begin with a mark, and marks must not enclose letters or be stacked"
        if category == "Mc" and _script(char) != _script(previous):  # the visarga looks like ":"
            return "a mark must follow a letter of its own script"
        previous = char
    if _STACKED.search(unicodedata.normalize("NFD", shown)):
        return "marks must not be stacked"
    return None


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


# --- reserved names ------------------------------------------------------------------


_STAFF = ("администратор", "админ", "administrator", "admin", "модератор", "moderator")
_EVERYBODY = ("all", "все")  # as in `@all`
_RESERVED = frozenset(
    map(skeleton, (SYSTEM_NAME, "server", "система", "system", "oneroom", *_EVERYBODY, *_STAFF))
)
_NOTICES = (HAS_JOINED.strip(" !"), HAS_LEFT.strip(" ."), "joined the chat", "left the chat")
_RESERVED_PARTS = tuple(map(skeleton, _NOTICES))
_STAFF_SKELETONS = frozenset(map(skeleton, _STAFF))
# "{name}: {text}" must not begin like a line of the server.
_RESERVED_BEGINNINGS = tuple(
    {skeleton(words) for line in beginnings() if (words := line.partition(":")[0].strip())}
)


def _is_reserved(name: Name) -> bool:
    """Return whether a name could be taken for the room, its staff, or a line that the server writes."""
    letters = "".join(filter(str.isalpha, name.shown))
    letters_and_digits = "".join(filter(str.isalnum, name.shown))
    if not _RESERVED.isdisjoint(map(skeleton, (letters, letters_and_digits, replace_capitals(letters)))):
        return True
    if any(key.startswith(_RESERVED_BEGINNINGS) for key in name.keys):
        return True
    words = _words(name.shown)
    if not _STAFF_SKELETONS.isdisjoint(map(skeleton, [*words, *map(replace_capitals, words)])):
        return True
    return any(part in key for part in _RESERVED_PARTS for key in name.keys)


def _words(name: str) -> list[str]:
    """Return the words of a name, without marks."""
    kept = (char if char.isalnum() else " " for char in name if unicodedata.category(char)[0] != "M")
    return "".join(kept).split()
