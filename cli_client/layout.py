"""What all lines of the transcript have in common: styles, the time before them, their width."""

import zlib
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import Final

from prompt_toolkit.styles import Style

from cli_client.translations import Translations
from cli_client.wrapping import wrap

Fragments = list[tuple[str, str]]
"""Pieces of text, each with its prompt_toolkit style; lines end with LF."""

STYLE: Final = Style.from_dict(
    {
        "dim": "dim",
        "error": "ansired",
        "highlight": "bold",
        "mention": "bold reverse",
        "code": "ansicyan",
        "prompt": "ansicyan bold",
        "ok": "ansigreen",
        "warning": "ansiyellow",
        "bottom-toolbar": "noreverse",
    }
)

MAX_WIDTH: Final = 100
"""Cells of a line, for legibility."""

_NAME_COLOURS: Final = ("ansigreen", "ansicyan", "ansimagenta", "ansibrightblue", "ansiyellow", "ansired")
_TIME_WIDTH: Final = 6  # cells of the time and the space after it


def name_style(name: str) -> str:
    """Return the style of a name: always the same for the same name."""
    return f"bold {_NAME_COLOURS[zlib.crc32(name.casefold().encode()) % len(_NAME_COLOURS)]}"


class Layout:
    """Lays out lines of at most `width()` cells. Owned by the main thread.

    It remembers the date of the last line, to print each new date. `zone` is the time zone shown (None: the
    local one).
    """

    def __init__(self, texts: Translations, width: Callable[[], int], zone: tzinfo | None = None) -> None:
        self._texts = texts
        self._width = width
        self._zone = zone
        self._day: date | None = None

    def line(self, key: str, **values: object) -> Fragments:
        """Return a dim line with a text of the client."""
        return self.dim(self._texts(key, **values))

    def timed(self, at: str, key: str, **values: object) -> Fragments:
        """Return the same behind its time, if there is one."""
        time = self.time(at) if at else [("", " " * _TIME_WIDTH)]
        return [*time, ("class:dim", self.wrapped(self._texts(key, **values), _TIME_WIDTH))]

    def dim(self, text: str) -> Fragments:
        """Return dim lines."""
        return [("class:dim", self.wrapped(text))]

    def title(self, text: str) -> Fragments:
        """Return a line that stands above others."""
        return [("class:dim", f"── {text} ──\n")]

    def wrapped(self, text: str, first: int = 0) -> str:
        """Wrap lines, the first one shorter by `first`.

        Continuations are indented: they must not look like another person's message.
        """
        width = self.text_width()[0] + _TIME_WIDTH - 2
        return "".join("\n  ".join(wrap(line, width, first)) + "\n" for line in text.split("\n"))

    def text_width(self) -> tuple[int, str]:
        """Return the width of text beside the time, in cells, and the indent of its further lines."""
        width = self._width()
        return max(8, min(width, MAX_WIDTH) - 1 - _TIME_WIDTH), " " * (_TIME_WIDTH if width >= 40 else 2)

    def moment(self, at: str) -> datetime | None:
        """Return a time of the room as that of the zone; None if it is none."""
        try:
            return datetime.fromisoformat(at).astimezone(self._zone)
        except (ValueError, OverflowError):
            return None

    def day(self, at: str) -> Fragments:
        """Return a line with the date if that is a new one."""
        return self._day_of(self.moment(at))

    def _day_of(self, moment: datetime | None) -> Fragments:
        if moment is None or moment.date() == self._day:
            return []
        self._day = moment.date()
        month = self._texts("months").split()[moment.month - 1]
        return self.title(self._texts("date", day=moment.day, month=month, year=moment.year))

    def time(self, at: str) -> Fragments:
        """Return the time of day, after a line with the date if that is a new one."""
        moment = self.moment(at)
        if moment is None:
            return [("class:dim", "--:-- ")]
        return [*self._day_of(moment), ("class:dim", f"{moment:%H:%M} ")]
