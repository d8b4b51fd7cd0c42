"""Who may be called what.

Names are PRECIS nicknames (RFC 8266): shown as their owner wrote them, compared
with case, width and spacing folded, so that "Анна", "анна" and " АННА " are one.
"""

from typing import NamedTuple

from precis_i18n import get_profile

_shown = get_profile("NicknameCasePreserved")
_folded = get_profile("NicknameCaseMapped")

# ":" ends the name in a text line; "{" would make a line look like JSON; "/" begins a command.
_NOWHERE = ":"
_NOT_FIRST = ("{", "/")


class BadName(ValueError):
    """A name nobody may have; `code` is the protocol's word for why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Name(NamedTuple):
    """A name as shown, and the key under which it is unique."""

    shown: str
    key: str


def prepare(name: str, limit: int) -> Name:
    """Normalise a name, of at most `limit` code points afterwards. Raises `BadName`."""
    if not name or name.isspace():
        raise BadName("name_empty", "the name is empty")
    if len(name) > 4 * limit:
        raise BadName("name_too_long", f"the name is longer than {limit} characters")
    try:
        shown, key = _shown.enforce(name), _folded.enforce(name)
    except UnicodeEncodeError as error:
        raise BadName(
            "name_invalid", f"the name has a character that is not allowed: {error.reason}"
        ) from error
    if len(shown) > limit:
        raise BadName("name_too_long", f"the name is longer than {limit} characters")
    if _NOWHERE in shown or shown.startswith(_NOT_FIRST):
        raise BadName("name_invalid", "a name has no ':' and does not begin with '{' or '/'")
    return Name(shown, key)
