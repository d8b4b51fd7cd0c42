"""What all lines of the transcript have in common: the time before them, their width."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import Final

from chat_protocol.text import one_line
from cli_client.formatting import wrap_runs
from cli_client.hyperlinks import linked
from cli_client.translations import Translations
from cli_client.wrapping import wrap

Fragments = list[tuple[str, str]]
"""Pieces of text, each with its prompt_toolkit style; lines end with LF."""

MAX_WIDTH: Final = 100
"""Cells of a line, for legibility."""

_TIME_WIDTH: Final = 6  # cells of the time and the space after it
WIDE: Final = MAX_WIDTH - 1 - _TIME_WIDTH
"""Cells of text, as `Layout.text_width` returns, from which on further lines stand below the first one."""


class Layout:
    """Lays out lines of at most `width()` cells. Owned by the main thread.

    Each new date is printed. `zone` is the time zone shown (None: the
    local one).
    """

    def __init__(self, texts: Translations, width: Callable[[], int], zone: tzinfo | None = None) -> None:
        self._texts = texts
        self._width = width
        self._zone = zone
        self.date: date | None = None
        """That of the last line."""

    def line(self, key: str, **values: object) -> Fragments:
        """Return a dim line with a text of the client."""
        return self.dim(self._texts(key, **values))

    def timed(self, at: str, key: str, **values: object) -> Fragments:
        """Return the same behind its time, if there is one."""
        time = self.time(at) if at else [("", " " * _TIME_WIDTH)]
        return time + self.wrapped("class:dim", self._texts(key, **values), _TIME_WIDTH)

    def dim(self, text: str) -> Fragments:
        """Return dim lines."""
        return self.wrapped("class:dim", text)

    def error(self, text: str) -> Fragments:
        """Return lines that tell of something that did not work."""
        return self.wrapped("class:error", text if text.startswith("✗") else f"✗ {text}")

    def answer(self, runs: Fragments) -> Fragments:
        """Return the answer to a command: one line of text in several styles, which is wrapped."""
        return [("class:answer", "» "), *self._flow(runs, self.text_width()[0] + 2, "  ")]

    def answer_lines(self, text: str) -> Fragments:
        """Return an answer of several lines, which break where they would without its sign."""
        width, out = self.text_width()[0] + _TIME_WIDTH - 2, Fragments()
        for line in text.split("\n"):
            out += [("", "  ")] if out else [("class:answer", "» ")]
            out += self._flow(linked("", line), width - 2, "    ", -2)
        return out

    def typed(self, text: str) -> Fragments:
        """Return the command that was typed, to stand above its answer."""
        return self.dim(f"› {one_line(text)}")

    def presence(self, at: str, runs: Fragments) -> Fragments:
        """Return who comes and goes, which is wrapped, behind the time, without the date."""
        width, indent = self.text_width()
        return [_clock(self.moment(at)), *self._flow(runs, width, indent)]

    def _flow(self, runs: Fragments, width: int, indent: str, first: int = 0) -> Fragments:
        begin, *others = wrap_runs(runs, width, first)
        return [*begin, *(piece for line in others for piece in [("", f"\n{indent}"), *line]), ("", "\n")]

    def title(self, text: str) -> Fragments:
        """Return a line that stands above others, which is wrapped: what was looked for may be in it."""
        return self._flow([("class:dim", f"── {text} ──")], self.text_width()[0] + _TIME_WIDTH - 3, "   ", -3)

    def wrapped(self, style: str, text: str, first: int = 0) -> Fragments:
        """Wrap lines, each of them shorter by `first` at its beginning.

        Continuations are indented: they must not look like another person's message.
        """
        width = self.text_width()[0] + _TIME_WIDTH - 2
        if "://" in text:
            lines = [linked(style, line) for line in text.split("\n")]
            return [piece for line in lines for piece in self._flow(line, width, "  ", first)]
        return [(style, "".join("\n  ".join(wrap(line, width, first)) + "\n" for line in text.split("\n")))]

    def text_width(self) -> tuple[int, str]:
        """Return the width of text beside the time, in cells, and the indent of its further lines."""
        width = self._width()
        return max(8, min(width, MAX_WIDTH) - 1 - _TIME_WIDTH), " " * (_TIME_WIDTH if width >= 40 else 2)

    def rest_of_row(self, cells: int) -> int:
        """Return how many cells the terminal has behind so many beside the time, which it wraps itself."""
        columns = self._width()
        return columns - 1 - (_TIME_WIDTH + cells) % columns

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
        if moment is None or moment.date() == self.date:
            return []
        self.date = moment.date()
        month = self._texts("months").split()[moment.month - 1]
        date = self._texts("date", day=moment.day, month=month, year=moment.year)
        return [("class:dim", f"── {date} ──\n")]

    def time(self, at: str) -> Fragments:
        """Return the time of day, after a line with the date if that is a new one."""
        moment = self.moment(at)
        return [*self._day_of(moment), _clock(moment)]


def _clock(moment: datetime | None) -> tuple[str, str]:
    return ("class:dim", "--:-- " if moment is None else f"{moment:%H:%M} ")
