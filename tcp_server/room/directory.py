"""The names of the members in the order in which people look for one: by the alphabet.

Not thread-safe: the caller holds the sequencer's room lock.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from tcp_server.room.names import plain

_LAST = "\U0010ffff"
"""Is in no name, and behind all that are."""


class Directory:
    """Names in order, without regard to case and width, and to ё and е. Each is there once."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._keys = sorted(map(_key, names))

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, name: str) -> None:
        """Add a name that is not there."""
        insort(self._keys, _key(name))

    def remove(self, name: str) -> None:
        """Remove a name that is there."""
        del self._keys[bisect_left(self._keys, _key(name))]

    def page(self, limit: int, prefix: str = "", after: str = "") -> tuple[Sequence[str], int]:
        """Return the first names that begin with `prefix`, at most `limit`, and how many follow.

        `after` is the name behind which to begin; it need not be there.
        """
        keys, beginning = self._keys, _fold(prefix)
        first = bisect_left(keys, beginning)
        if after:
            behind = _key(after)
            first = max(first, bisect_left(keys, behind))
            first += keys[first : first + 1] == [behind]
        end = max(first, bisect_left(keys, beginning + _LAST)) if beginning else len(keys)
        found = keys[first : min(first + limit, end)]
        return [key.partition("\0")[2] for key in found], end - first - len(found)


def _key(name: str) -> str:
    """Return what names are sorted by; the name stands at its end."""
    return f"{_fold(name)}\0{name}"


def _fold(name: str) -> str:
    return plain(name).replace("ё", "е")
