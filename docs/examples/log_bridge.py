"""Says what is appended to a log file: `python log_bridge.py HOST:PORT FILE`.

While the room is away it waits, and the rest stays in the file. Lines that come at once are one message.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from chat_client import connect, run
from chat_protocol.text import split


class Log:
    """A file that grows, and is replaced by a new one now and then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open(errors="replace")
        self._file.seek(0, os.SEEK_END)

    def appended(self) -> Iterator[str]:
        """Yield whole lines as they are appended, several at a time."""
        rest = ""
        while True:
            if text := self._file.read(2000):
                lines, newline, rest = (rest + text).rpartition("\n")
                if newline:
                    yield lines
            elif self._is_replaced():
                self._file.close()
                self._file = self._path.open(errors="replace")
            else:
                time.sleep(0.2)

    def _is_replaced(self) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:  # the new one is not there yet
            return False


def main(address: str, path: str) -> None:
    log = Log(Path(path))
    with connect(address, "log") as chat:
        for lines in log.appended():
            for text in split(lines, chat.max_text):
                chat.say(text)


if __name__ == "__main__":
    run(main, "HOST:PORT", "FILE")
