"""A live message that is open, as this server is told of it: what is behind its body in the log. Pure."""

from chat_protocol.live import MAX_BODY, MAX_LAST, Preview
from chat_protocol.sgr import clean_output
from tcp_server.log.body import CONTINUATION, Body, last_lines, whole_lines

_PROPOSED_BYTES = 64 * 1024
_PROPOSED_SECONDS = 2.0
"""From how many bytes on, or after how many seconds at most, lines are proposed."""


class Growing:
    """The lines that are not in the log yet, and the tail."""

    __slots__ = (
        *("_at", "_lines", "_preview", "_proposed", "_waiting_since"),
        *("is_heard", "is_news", "previewed_at", "tail"),
    )

    def __init__(self) -> None:
        self._lines = bytearray()
        self._at = 0  # the offset of these
        self._proposed = 0  # the offset up to which they are proposed
        self._waiting_since = 0.0  # when the first one came that is not proposed
        self._preview: Preview | None = None  # the last one that was made or heard; None: it is outdated
        self.tail = ""
        """The lines that can still change. Only to be read from elsewhere."""
        self.is_news = False
        """Whether something has come since the last preview."""
        self.is_heard = False
        """Whether what came last was told by another server."""
        self.previewed_at = float("-inf")
        """When that was sent."""

    @property
    def end(self) -> int:
        """How many bytes of final lines there are."""
        return self._at + len(self._lines)

    @property
    def lines(self) -> int:
        """How many lines are not in the log."""
        return self._lines.count(b"\n")

    def follow(self, body: Body | None) -> None:
        """Drop what the log has."""
        if body is not None and body.end > self._at:
            # Another server may have had other lines: the rest must not begin within a character.
            self._lines = self._lines[body.end - self._at :].lstrip(CONTINUATION)
            self._at = body.end
            self._proposed = max(self._proposed, self._at)

    def add(self, offset: int, data: bytes, now: float) -> list[tuple[int, str]]:
        """Add lines, as `Body.add`; return what is to be proposed, if what is behind it is left out."""
        before = []
        if offset > self.end:
            before = self.take()
            self._lines.clear()
            self._at = self._proposed = offset
        if self._proposed == self.end:
            self._waiting_since = now
        if known := self.end - offset:
            data = data[known:].lstrip(CONTINUATION)
        self._lines += data
        self._renew(None, is_heard=False)
        return before

    def replace_tail(self, tail: str) -> None:
        """Take the lines that can still change."""
        self.tail = tail
        self._renew(None, is_heard=False)

    def hear(self, preview: Preview, tail: str) -> None:
        """Take what another server tells, which has lines that are not here yet."""
        self.tail = tail
        self._renew(preview, is_heard=True)

    def _renew(self, preview: Preview | None, *, is_heard: bool) -> None:
        self.is_news, self.is_heard, self._preview = True, is_heard, preview

    def is_due(self, now: float) -> bool:
        """Return whether lines are to be proposed."""
        waiting = self.end - self._proposed
        return waiting >= _PROPOSED_BYTES or (waiting > 0 and now >= self._waiting_since + _PROPOSED_SECONDS)

    def take(self) -> list[tuple[int, str]]:
        """Return offset and text of the lines that are not proposed yet, if there are any: they are then."""
        start, self._proposed = self._proposed, self.end
        return [(start, self._lines[start - self._at :].decode())] if start < self._proposed else []

    def read(self, offset: int) -> tuple[int, bytes]:
        """Return lines from an offset on, at most `MAX_BODY` bytes, and where they begin."""
        start = max(offset, self._at)
        return start, whole_lines(self._lines, start - self._at, MAX_BODY)

    def preview(self, message_id: int, body: Body | None) -> Preview:
        """Return the last lines of final ones and tail together, as all are sent them."""
        if self._preview is None or (body is not None and body.lines > self._preview.lines):
            tail = self.tail
            final = (body.lines if body else 0) + self.lines
            lines = final + tail.count("\n") + bool(tail.rpartition("\n")[2])
            self._preview = Preview(message_id, lines, self.last(body, tail))
        return self._preview

    def last(self, body: Body | None, tail: str) -> str:
        """Return the last lines of all, at most `MAX_LAST` bytes."""
        data = b"".join((body.last(MAX_LAST) if body else b"", self._lines[-MAX_LAST - 1 :], tail.encode()))
        return clean_output(last_lines(data, MAX_LAST).decode(errors="ignore"))
