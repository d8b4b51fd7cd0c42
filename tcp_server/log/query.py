"""What a search means: which messages it finds, wherever they are kept."""

import re
from collections.abc import Callable, Iterable, Sequence

from chat_protocol.messages import Found, Message, Search

_MAX_FOUND = 100
"""Messages found at once, at most."""

_MAX_WORDS = 8
"""Words of a query that count; further ones are not looked for."""


def words(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared."""
    return re.findall(r"[^\W_]+", _folded(text))


class Query:
    """Words that are to begin words of a message, without regard to case or to ё and е."""

    def __init__(self, text: str) -> None:
        wanted = list(dict.fromkeys(words(text)))[:_MAX_WORDS]
        self.prefixes = [word for word in wanted if not any(_extends(other, word) for other in wanted)]
        """What is looked for: none of them twice, and none that another one begins with."""
        self._patterns = [re.compile(rf"(?<![^\W_]){prefix}") for prefix in self.prefixes]

    def matches(self, text: str) -> bool:
        """Say whether this is meant, if any words are."""
        folded = _folded(text)
        # To look for the letters alone is much faster, and mostly says no.
        return all(prefix in folded for prefix in self.prefixes) and all(
            pattern.search(folded) for pattern in self._patterns
        )


def find(
    request: Search, query: Query, chunks: Iterable[Sequence[Message]], is_over: Callable[[], bool]
) -> Found | None:
    """Search chunks of the log, the newest chunk first, each of them oldest first.

    Between two chunks it may be over: then what was found by then is all, with `more`
    to be asked for, and None if it is nothing.
    """
    limit = min(request.limit, _MAX_FOUND)
    if not query.prefixes or not limit:
        return Found([], False)
    found: list[Message] = []
    for chunk in chunks:
        if is_over():
            return Found(found[::-1], True) if found else None
        for message in reversed(chunk):
            if query.matches(message.text):
                if len(found) == limit:
                    return Found(found[::-1], True)
                found.append(message)
    return Found(found[::-1], False)


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


def _extends(longer: str, word: str) -> bool:
    return longer != word and longer.startswith(word)
