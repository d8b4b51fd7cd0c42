"""The final lines of one live message: the first and the last of them are kept. Pure."""

from chat_protocol.live import MAX_KEPT

CONTINUATION = bytes(range(0x80, 0xC0))
"""The bytes of a character behind the first one, in UTF-8."""


class Body:
    """Whole lines of UTF-8, at most `MAX_KEPT` bytes at the beginning and as many at the end.

    What is kept depends only on the lines and on what is left out, not on the pieces they come in.
    """

    __slots__ = ("_first", "_last", "_last_at", "lines")

    def __init__(self, lines: int = 0) -> None:
        """`lines` is how many there have been before."""
        self._first = bytearray()
        self._last: bytearray | None = None  # None while all of it is in `_first`
        self._last_at = 0  # where that begins
        self.lines = lines
        """How many lines there are, with those that are no longer kept."""

    @property
    def end(self) -> int:
        """How many bytes there are, with those that are left out."""
        return len(self._first) if self._last is None else self._last_at + len(self._last)

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return len(self._first) + len(self._last or b"")

    @property
    def left_out(self) -> tuple[int, int] | None:
        """From where to where lines are left out."""
        first = len(self._first)
        return None if self._last is None or self._last_at == first else (first, self._last_at)

    def add(self, offset: int, data: bytes) -> None:
        """Add lines that begin at an offset; what is there already is dropped.

        Behind the end, what is between is left out, and all that is not among the first lines.
        """
        if offset < self.end:
            data = data[self.end - offset :].lstrip(CONTINUATION)
        if not data:
            return
        self.lines += data.count(b"\n")
        if offset > self.end:
            self._last, self._last_at = bytearray(), offset
        if self._last is None:
            cut = len(data)
            if len(self._first) + cut > MAX_KEPT:
                cut = data.rfind(b"\n", 0, MAX_KEPT - len(self._first)) + 1
                self._last, self._last_at = bytearray(), len(self._first) + cut
            self._first += data[:cut]
            data = data[cut:]
        if self._last is not None:
            self._last += data
            if (surplus := len(self._last) - MAX_KEPT) > 0:
                cut = self._last.find(b"\n", surplus - 1) + 1
                del self._last[:cut]
                self._last_at += cut

    def read(self, offset: int, limit: int) -> tuple[int, bytes]:
        """Return lines from an offset on, of at most so many bytes but at least one, and where they begin.

        That is behind the offset if it is in what is left out.
        """
        first = len(self._first)
        if offset < first:
            return offset, whole_lines(self._first, offset, limit)
        if self._last is None:
            return offset, b""
        offset = max(offset, self._last_at)
        return offset, whole_lines(self._last, offset - self._last_at, limit)

    def last(self, limit: int) -> bytes:
        """Return the last lines, of at most so many bytes, and without any the end of the last one."""
        return last_lines(bytes((self._last or self._first)[-limit - 1 :]), limit)


def last_lines(data: bytes, limit: int) -> bytes:
    """Return the last whole lines of at most so many bytes; if the last one has more, its end."""
    if len(data) <= limit:
        return data
    start = data.find(b"\n", len(data) - limit - 1) + 1
    return data[start:] if 0 < start < len(data) else data[-limit:].lstrip(CONTINUATION)


def whole_lines(data: bytes | bytearray, start: int, limit: int) -> bytes:
    """Return whole lines from `start` on, of at most so many bytes but at least one."""
    if len(data) - start <= limit:
        return bytes(data[start:])
    end = data.rfind(b"\n", start, start + limit) + 1
    return bytes(data[start : end or data.find(b"\n", start) + 1 or len(data)])
