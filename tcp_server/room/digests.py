"""Digests of what a journal has told the room, by which servers find out that their states differ."""

from collections.abc import Iterable
from typing import Final
from zlib import crc32

import msgspec

from tcp_server.room.effects import Effect

_MAX_KEPT: Final = 1024
"""Entries whose digests are kept: a beat is never compared with one that is much older."""

_encode = msgspec.msgpack.Encoder().encode


class Digests:
    """The digests at the newest positions; each is over all events that everybody was sent before.

    Not thread-safe: the caller holds the sequencer's room lock.
    """

    def __init__(self, newest: int) -> None:
        """Go on from the digest of the last entry."""
        self.newest = newest
        """The digest at the last entry; 32 bits."""
        self.disagreeing: set[bytes] = set()
        """The incarnations whose last beat had another digest. Only to be read from elsewhere."""
        self._at: dict[int, int] = {}  # by position

    def add(self, effects: Iterable[Effect]) -> None:
        """Add what a proposal has led to."""
        for effect in effects:
            if effect.shared:
                self.newest = crc32(_encode(effect.shared), self.newest)

    def end_entry(self, position: int) -> None:
        """Keep the digest at an entry that was applied whole."""
        self._at[position] = self.newest
        if len(self._at) > _MAX_KEPT:
            del self._at[next(iter(self._at))]

    def compare(self, incarnation: bytes, position: int, digest: int) -> None:
        """Compare the digest of another server with the one here at the same position, if that is known."""
        self.disagreeing.discard(incarnation)
        if self._at.get(position, digest) != digest:
            self.disagreeing.add(incarnation)
