"""Bytes that wait for a slow reader."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

_MAX_BLOCKS: Final = 64
"""Maximum number of blocks in one system call."""


class Backlog:
    """A queue of blocks of bytes, the first of them perhaps partly sent.

    Keeps views, so many backlogs may share a block. Not thread-safe. Its owner makes one when a
    reader takes less than it is sent, and drops it when it is empty: a reader that is fast enough
    has none, and so costs no memory and no time.
    """

    __slots__ = ("_blocks", "has_begun", "size")

    def __init__(self, data: bytes, sent: int = 0) -> None:
        """Begin with `data`, of which `sent` bytes have been sent."""
        self._blocks = deque([memoryview(data)[sent:]])
        self.size = len(data) - sent
        """Bytes in all."""
        self.has_begun = sent > 0
        """Whether part of the first block has been sent."""

    def append(self, data: bytes) -> None:
        """Add a block at the end."""
        self._blocks.append(memoryview(data))
        self.size += len(data)

    def next_blocks(self) -> Sequence[memoryview]:
        """Return what to send next, for `sendmsg` or `writev`."""
        return list(islice(self._blocks, _MAX_BLOCKS))

    @property
    def first(self) -> memoryview:
        """What is left of the first block."""
        return self._blocks[0]

    def consume(self, sent: int) -> int:
        """Remove bytes that have been sent, at least one. Return how many are left."""
        self.size -= sent
        while self._blocks and sent >= len(self._blocks[0]):
            sent -= len(self._blocks.popleft())
        self.has_begun = sent > 0
        if self.has_begun:
            self._blocks[0] = self._blocks[0][sent:]
        return self.size

    def truncate(self, size: int) -> int:
        """Keep only the next `size` bytes, at most those of the first block. Return how many are left."""
        rest = self._blocks[0][:size]
        self._blocks = deque([rest])
        self.size = len(rest)
        return self.size

    def exceeds(self, limit: int, overhead: int = 0) -> bool:
        """Return whether more than `limit` bytes wait behind the first block, which may be of any size.

        Each of the blocks there counts `overhead` bytes more.
        """
        return self.size - len(self._blocks[0]) + overhead * (len(self._blocks) - 1) > limit
