"""Splits a byte stream into whole lines.

The lines come as one block of bytes: the gateway passes blocks on without
splitting them, and other readers split them at C speed.
"""

from chat_protocol.errors import LineTooLong

_MAX_FRAGMENTS = 64
"""Maximum number of fragments kept of an incomplete line before they are joined."""


class LineBuffer:
    """Buffers received bytes until a line is complete. Not thread-safe.

    `maximum` is the longest line allowed, in bytes without its LF. It is a security
    limit: without it a peer that never sends LF could exhaust memory.
    """

    __slots__ = ("_maximum", "_pending", "_pending_size")

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._pending: list[bytes] = []
        self._pending_size = 0

    def __len__(self) -> int:
        """Return the size of the incomplete line, in bytes."""
        return self._pending_size

    def ends_with(self, suffix: bytes) -> bool:
        """Return whether the incomplete line was received up to a byte or more that are `suffix`."""
        return bool(self._pending) and self._pending[-1].endswith(suffix)

    def feed(self, chunk: bytes) -> bytes:
        """Add received bytes; return all lines that are now complete, each with its LF.

        The block is empty if none is. Raises `LineTooLong` when a line, complete or
        not, is longer than the maximum; the buffer must not be used after that.
        """
        if not self._pending_size and chunk.endswith(b"\n") and len(chunk) <= self._maximum:
            return chunk  # the usual case
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._hold(chunk)
            return b""
        block = b"".join((*self._pending, memoryview(chunk)[:end])) if self._pending else chunk[:end]
        self._pending.clear()
        self._pending_size = 0
        if len(block) > self._maximum and max(map(len, block.split(b"\n"))) > self._maximum:
            raise LineTooLong(f"a line is longer than {self._maximum} bytes")
        if end < len(chunk):
            self._hold(chunk[end:])
        return block

    def _hold(self, part: bytes) -> None:
        self._pending.append(part)
        if len(self._pending) > _MAX_FRAGMENTS:  # a small bytes object takes twenty times its size
            self._pending = [b"".join(self._pending)]
        self._pending_size += len(part)
        if self._pending_size > self._maximum:
            raise LineTooLong(f"a line is longer than {self._maximum} bytes")
