"""What a search means: which messages it finds, wherever they are kept."""

import re
from collections.abc import Callable, Iterable, Sequence

from chat_protocol.messages import Found, Message, Search

_MOST_FOUND = 100
"""Messages found at once, at most."""

_MOST_WORDS = 8
"""Words of a query that count; further ones are not looked for."""


def words(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared."""
    return re.findall(r"[^\W_]+", _folded(text))


class Query:
    """Words that are to begin words of a message, without regard to case or to ё and е."""

    def __init__(self, text: str) -> None:
        wanted = list(dict.fromkeys(words(text)))[:_MOST_WORDS]
        self.starts = [word for word in wanted if not any(_goes_on(other, word) for other in wanted)]
        """What is looked for: none of them twice, and none that another one begins with."""
        self._patterns = [re.compile(rf"(?<![^\W_]){start}") for start in self.starts]

    def fits(self, text: str) -> bool:
        """Say whether this is meant, if any words are."""
        folded = _folded(text)
        # To look for the letters alone is much faster, and mostly says no.
        return all(start in folded for start in self.starts) and all(
            pattern.search(folded) for pattern in self._patterns
        )


def find(
    wish: Search, query: Query, pieces: Iterable[Sequence[Message]], is_over: Callable[[], bool]
) -> Found | None:
    """Search pieces of the log, the newest piece first, each of them oldest first.

    Between two pieces it may be over: then what was found by then is all, with `more`
    to be asked for, and None if it is nothing.
    """
    limit = min(wish.limit, _MOST_FOUND)
    if not query.starts or not limit:
        return Found([], False)
    found: list[Message] = []
    for piece in pieces:
        if is_over():
            return Found(found[::-1], True) if found else None
        for message in reversed(piece):
            if query.fits(message.text):
                if len(found) == limit:
                    return Found(found[::-1], True)
                found.append(message)
    return Found(found[::-1], False)


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


def _goes_on(longer: str, word: str) -> bool:
    return longer != word and longer.startswith(word)
