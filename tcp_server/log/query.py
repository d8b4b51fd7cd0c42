"""Finds the messages that match a query, in memory and on disk."""

import re
from collections.abc import Callable, Iterable, Sequence

from chat_protocol.contract import EVERYBODY
from chat_protocol.messages import Found, Message, Search
from tcp_server.log.history import MAX_PAGE_BYTES, size_of

_MAX_FOUND = 100
"""Maximum number of messages in one answer."""

_MAX_WORDS = 8
"""Words of a query that are searched for; further ones are ignored."""

_SEPARATED = bytes(byte if byte >= 0x80 or chr(byte).isalnum() else 0x20 for byte in range(256))
"""For bytes of UTF-8: a space instead of each character of ASCII that is not in words."""


def words(text: str) -> list[str]:
    """Return the words of a text, folded for comparison."""
    return re.findall(r"\w+", _folded(text).replace("_", " "))  # `[^\W_]+` would take twice as long


def distinct_words(text: str) -> set[str]:
    """Return the words of a text, each once: the same as `words` finds, in half the time."""
    data = _folded(text).encode().translate(_SEPARATED)
    parts = set(data.decode().split())
    if data.isascii():
        return parts
    if odd := [part for part in parts if not (part.isascii() or part.isalnum())]:  # with other separators
        parts.difference_update(odd)
        parts.update(words(" ".join(odd)))
    return parts


class Query:
    """A prefix search for all words of a text, ignoring case and the difference of ё and е."""

    def __init__(self, text: str) -> None:
        wanted = list(dict.fromkeys(words(text)))[:_MAX_WORDS]
        # Each word begins itself; one that begins another is not needed.
        self.prefixes = [word for word in wanted if sum(other.startswith(word) for other in wanted) == 1]
        """The words, each once, without those that are prefixes of another one."""
        self._patterns = [re.compile(rf"(?<![^\W_]){prefix}") for prefix in self.prefixes]

    def matches(self, text: str) -> bool:
        """Return whether the text has, for each prefix, a word that begins with it."""
        folded = _folded(text)
        # A search for a substring is much faster than a pattern, and excludes most texts.
        return all(prefix in folded for prefix in self.prefixes) and all(
            pattern.search(folded) for pattern in self._patterns
        )


def find(
    request: Search,
    query: Query,
    chunks: Iterable[Sequence[Message]],
    is_over: Callable[[], bool],
    name_of: Callable[[int], str | None] = lambda _: None,
) -> Found | None:
    """Search chunks of the log, given newest first; the messages in each are oldest first.

    `name_of` returns who has said the message with an id, None if it is no longer kept.
    Stops before a chunk when `is_over()`, and returns what was found so far with `more`
    set, or None if that is nothing.
    """
    limit = min(request.limit, _MAX_FOUND)
    if not (query.prefixes or request.to) or not limit:
        return Found([], False)
    found: list[Message] = []
    size = 0
    for chunk in chunks:
        if is_over():
            return Found(found[::-1], True) if found else None
        for message in reversed(chunk):
            is_wanted = request.to is None or _is_to(message, request.to, name_of)
            if is_wanted and query.matches(message.text):
                size += size_of(message)
                if len(found) == limit or (found and size > MAX_PAGE_BYTES):
                    return Found(found[::-1], True)
                found.append(message)
    return Found(found[::-1], False)


def _is_to(message: Message, name: str, name_of: Callable[[int], str | None]) -> bool:
    """Return whether a message of somebody else calls a name or everybody, or answers it."""
    if message.name == name or message.deleted:
        return False
    if name in message.mentions or EVERYBODY in message.mentions:
        return True
    return message.reply is not None and name_of(message.reply.id) == name


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")
