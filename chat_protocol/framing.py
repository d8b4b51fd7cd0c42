"""Bytes in, whole lines out.

A reader hands in whatever the socket gave and gets back the lines that are
complete, still as one block of bytes: who only passes them on (the gateway)
never takes them apart, who reads them splits at C speed.
"""

from chat_protocol.errors import LineTooLong

_PIECES = 64
"""Of how many pieces a line that is not complete may lie in memory."""


class LineBuffer:
    """Collects received bytes until their LF comes.

    Not thread-safe: one connection, one reader.

    `maximum` is the longest line allowed, in bytes, its LF not counted. It is a
    security limit: without it a peer that never sends LF would own our memory.
    """

    __slots__ = ("_maximum", "_pending", "_pending_size")

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._pending: list[bytes] = []
        self._pending_size = 0

    def __len__(self) -> int:
        """Bytes held back because their LF has not come yet."""
        return self._pending_size

    def feed(self, chunk: bytes) -> bytes:
        """Take what was received and return all lines complete by now, each with its LF.

        The block is empty while no line is complete. Raises `LineTooLong` when a
        line, complete or not, is longer than the maximum; the buffer is then of
        no further use.
        """
        if not self._pending_size and chunk.endswith(b"\n") and len(chunk) <= self._maximum:
            return chunk  # nearly always
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._hold(chunk)
            return b""
        block = b"".join((*self._pending, memoryview(chunk)[:end])) if self._pending else chunk[:end]
        self._pending.clear()
        self._pending_size = 0
        if len(block) > self._maximum:
            self._check_each(block)
        if end < len(chunk):
            self._hold(chunk[end:])
        return block

    def _hold(self, part: bytes) -> None:
        self._pending.append(part)
        if len(self._pending) > _PIECES:  # small ones take twenty times their size
            self._pending = [b"".join(self._pending)]
        self._pending_size += len(part)
        if self._pending_size > self._maximum:
            raise LineTooLong(f"a line is longer than {self._maximum} bytes")

    def _check_each(self, block: bytes) -> None:
        if max(map(len, block.split(b"\n"))) > self._maximum:
            raise LineTooLong(f"a line is longer than {self._maximum} bytes")
