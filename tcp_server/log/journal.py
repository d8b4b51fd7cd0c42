"""The journal: the one order of all entries, as the room is folded over it."""

from collections.abc import Iterator
from typing import Protocol


class Journal(Protocol):
    """Entries in their order. `position` increases.

    `at` is in milliseconds since 1970, and never decreases while any server is up.
    """

    def append(self, position: int, at: int, entry: bytes) -> None:
        """Add an entry."""

    def read(self, after: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield position, time and entry of those behind the position `after`."""
