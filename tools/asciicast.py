"""Recordings of terminals in the format asciicast v2: https://docs.asciinema.org/manual/asciicast/v2/."""

import json
from codecs import getincrementaldecoder
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

_MOST_DIGITS: Final = 3  # of a time: milliseconds


class Cast(NamedTuple):
    """What a terminal of this size was given to show."""

    columns: int
    rows: int
    began: int
    """Seconds since 1970."""

    title: str
    output: list[tuple[float, str]]
    """When (seconds since the beginning), and what."""

    def write(self, path: Path) -> None:
        """Write it to a file."""
        header = {
            "version": 2,
            "width": self.columns,
            "height": self.rows,
            "timestamp": self.began,
            "title": self.title,
            "env": {"TERM": "xterm-256color"},
        }
        events = [[round(at, _MOST_DIGITS), "o", text] for at, text in self.output]
        lines = [json.dumps(each, ensure_ascii=False) for each in (header, *events)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def decoded(chunks: Iterable[tuple[float, bytes]]) -> list[tuple[float, str]]:
    """Return chunks as texts; a character that two of them share is in the second, as the format says."""
    decoder = getincrementaldecoder("utf-8")(errors="replace")
    texts = [(at, decoder.decode(chunk)) for at, chunk in chunks]
    return [(at, text) for at, text in texts if text]
