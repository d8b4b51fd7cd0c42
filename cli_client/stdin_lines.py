"""Standard input as lines of text. Owned by the thread that reads it."""

import codecs
import os
import select
import time
from collections.abc import Iterator

from chat_protocol.contract import MAX_LINE

_STDIN = 0


class StdinLines:
    """Yields the lines of stdin, without their LF; its end ends the last one.

    A byte order mark is dropped; bytes that are not UTF-8 are kept as surrogates (PEP 383). A line without
    end is cut, so that it does not use up memory; of one that overwrites itself, such as a progress bar, the
    last state is kept.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape").decode
        self._incomplete = ""
        self.ended = False

    def collect(self, count: int, seconds: float) -> list[str]:
        """Return the lines that come within so many seconds; stop when there are more than `count`."""
        lines: list[str] = []
        end = time.monotonic() + seconds
        while not self.ended and len(lines) <= count:
            if not select.select([_STDIN], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            lines += self._read()
        return lines

    def __iter__(self) -> Iterator[str]:
        while not self.ended:
            yield from self._read()

    def _read(self) -> list[str]:
        chunk = read()
        self.ended = not chunk
        *lines, self._incomplete = (self._incomplete + self._decode(chunk, self.ended)).split("\n")
        self._incomplete = self._incomplete[self._incomplete.rstrip("\r").rfind("\r") + 1 :]
        if self._incomplete and (self.ended or len(self._incomplete) > MAX_LINE):
            lines.append(self._incomplete)
            self._incomplete = ""
        return lines


def read() -> bytes:
    """Wait for input; return it, and nothing at its end."""
    # Not sys.stdin.buffer: a thread that waits in a buffered reader makes the interpreter abort when
    # the program ends.
    try:
        return os.read(_STDIN, 65536)
    except OSError:  # a terminal that is gone, a directory
        return b""
