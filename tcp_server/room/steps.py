"""Entries of a shared journal as they were read, and the pieces in which they are applied."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tcp_server.room import proposals as p

_OVERHEAD: Final = 100
"""Estimated bytes of a message in JSON beside what its entry has of it."""


class Step(NamedTuple):
    """An entry: its position, its time in milliseconds since 1970, its bytes, and what they say."""

    position: int
    at: int
    data: bytes
    entry: p.Entry

    @classmethod
    def read(cls, position: int, at: int, data: bytes) -> "Step":
        """Return an entry that was read. Raises `UnknownEntry` if a newer version has made it."""
        return cls(position, at, data, p.decode(data))

    @property
    def size(self) -> int:
        """Estimate, from above, of the bytes that each client is sent because of it."""
        texts = sum([len(one.texts) if type(one) is p.Say else 1 for one in self.entry.proposals])
        return len(self.data) + _OVERHEAD * texts


def pieces(steps: Sequence[Step], limit: int) -> Iterator[Sequence[Step]]:
    """Yield the steps in pieces of which each client is sent at most `limit` bytes, or of one step."""
    piece: list[Step] = []
    size = 0
    for step in steps:
        more = step.size
        if piece and size + more > limit:
            yield piece
            piece, size = [], 0
        piece.append(step)
        size += more
    if piece:
        yield piece
