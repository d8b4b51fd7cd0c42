"""Output that waits to be sent, within bounds: what comes too fast loses its middle, not its ends."""

from collections import deque
from threading import Lock
from typing import Final

_BEGINNING: Final = 2 * 1024 * 1024
"""First bytes, of which none is left out: more than is kept of the first lines."""

_REST: Final = 1024 * 1024
"""Most bytes behind them that wait, but for the size of one `write`: more than is kept of the last lines."""


class OutputBuffer:
    """Bytes of output, oldest first. Any thread; no method waits."""

    def __init__(self) -> None:
        self._lock = Lock()  # guards the rest
        self._beginning: deque[bytes] = deque()
        self._rest: deque[bytes] = deque()
        self._room = _BEGINNING  # bytes that may still be added to the beginning
        self._size = 0  # of the rest
        self._left_out = 0  # bytes before the rest, since it was taken from

    def __bool__(self) -> bool:
        return bool(self._beginning or self._rest)

    def has(self, count: int) -> bool:
        """Return whether so many bytes wait. Takes long for many parts, so `count` must be small."""
        with self._lock:
            if self._size >= count:
                return True
            size = self._size
            for part in self._beginning:
                size += len(part)
                if size >= count:
                    return True
        return False

    def write(self, data: bytes) -> None:
        """Add output; if too much waits, the oldest behind the beginning is left out."""
        with self._lock:
            if self._room > 0:
                self._beginning.append(data)
                self._room -= len(data)
                return
            self._rest.append(data)
            self._size += len(data)
            while self._size > _REST and len(self._rest) > 1:
                left_out = len(self._rest.popleft())
                self._size -= left_out
                self._left_out += left_out

    def take(self, limit: int) -> tuple[int, bytes]:
        """Remove about `limit` bytes; return how many before them were left out."""
        taken, size, left_out = [], 0, 0
        with self._lock:
            is_beginning = bool(self._beginning)
            parts = self._beginning if is_beginning else self._rest
            while parts and size < limit:
                taken.append(parts.popleft())
                size += len(taken[-1])
            if not is_beginning:
                self._size -= size
                left_out, self._left_out = self._left_out, 0
        return left_out, b"".join(taken)
